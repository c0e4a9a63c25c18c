"""Which known record a lead is about, of several, and the event that says so (LEAD-12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.model import Conversion, Customer, Duplicate, EventKind, ImportedLead, Lead, LeadStatus, apply, replay
from salesflow.model.duplicates import known_by, unique_keys
from salesflow.process import PlainKeys, create_lead, edit_lead, edit_party, find_duplicate, import_lead, match_keys

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
KEYS = ("phone:1", "email:1", "company:1")
LEAD = Lead(id="new", version=1, title="A", owner="li", status=LeadStatus.ASSIGNED, phone="13912345678", created_at=AT)


def customer(id: str, *keys: str, days: int = 0, **values: Any) -> Customer:
    """A customer that is known by *keys*."""
    made = AT + timedelta(days=days)
    return Customer(id=id, version=1, name=id, owner="wang", match_keys=keys, created_at=made, **values)


def lead(id: str, *keys: str, days: int = 0, **values: Any) -> Lead:
    """A lead with these keys."""
    return evolve(LEAD, **{"id": id, "match_keys": keys, "created_at": AT + timedelta(days=days), **values})


def keyed(record: Any) -> Any:
    """The lead with its keys; each of them is a customer's of the same id."""
    keys = match_keys(record, ("phone", "email", "company"), PlainKeys())
    return evolve(record, match_keys=keys, duplicate_of=Duplicate("customer", keys[0]) if keys else None)


DOCUMENTS: tuple[dict[str, Any], ...] = ({}, {"quote_number": "Q1"}, {"contract_number": "C1"})


@pytest.mark.parametrize(("numbers", "voided"), list(product(DOCUMENTS, (False, True))))
def test_a_lead_is_known_by_its_keys_once_it_has_a_document(numbers: dict[str, Any], voided: bool):
    """LEAD-12, LEAD-7: a quote or an order makes it known; voided it is not; and its keys are never its own alone."""
    one = lead("a", *KEYS, voided=voided, **numbers)
    assert known_by(one) == (KEYS if numbers and not voided else ())
    assert unique_keys(one) == ()


def test_a_customer_is_known_by_keys_of_its_own():
    """LEAD-12, I-38: its keys are found, and no other customer's; other records, and none at all, have none."""
    assert known_by(customer("a", *KEYS)) == unique_keys(customer("a", *KEYS)) == KEYS
    assert known_by(None) == unique_keys(None) == known_by(LEAD) == ()


RECORDS = st.lists(
    st.builds(
        lambda is_lead, number, keys, days, numbers: (
            lead(f"l{number}", *keys, days=days, **numbers) if is_lead else customer(f"c{number}", *keys, days=days)
        ),
        st.booleans(), st.integers(0, 9), st.lists(st.sampled_from(KEYS), unique=True), st.integers(0, 2),
        st.sampled_from(DOCUMENTS),
    ),
    unique_by=lambda record: record.id,
)  # fmt: skip


@given(RECORDS, st.permutations(KEYS), st.integers(0, 3))
def test_the_link_is_that_of_a_search_by_hand(records: list[Any], keys: list[str], size: int):
    """LEAD-12: a customer before a lead with documents, by the first key that tells, the oldest first, then by id."""
    one = lead("new", *keys[:size])
    expected = None
    for kind, key in product(("customer", "lead"), one.match_keys):
        holding = [record for record in records if kind == record.KIND and key in known_by(record)]
        if holding and expected is None:
            found = min(holding, key=lambda record: (record.created_at, record.id))
            expected = Duplicate(kind, found.id)
    assert (
        find_duplicate(one, one.match_keys, records) == find_duplicate(one, one.match_keys, records[::-1]) == expected
    )


def test_a_lead_is_no_duplicate_of_itself():
    """LEAD-12: nor of the customer that it became; a customer of its own id is another matter."""
    one = lead("a", "phone:1", quote_number="Q1", conversion=Conversion("mine", None, None))
    assert find_duplicate(one, one.match_keys, [one, customer("mine", "phone:1")]) is None
    assert find_duplicate(one, one.match_keys, [customer("a", "phone:1")]) == Duplicate("customer", "a")
    undated = evolve(customer("b", "phone:1"), created_at=None)
    assert find_duplicate(one, one.match_keys, [customer("c", "phone:1"), undated]) == Duplicate("customer", "b")


@pytest.mark.parametrize("link", [None, Duplicate("customer", "c")])
def test_an_event_of_its_own_links_a_new_lead(link: Duplicate | None):
    """LEAD-12, HIST-1: made by hand or taken in, the events give the record, and the last of them the link."""
    made = evolve(LEAD, duplicate_of=link, match_keys=("phone:1",))
    by_hand = create_lead(made, by="li", at=AT)
    arrival = ImportedLead(id="new", title="A", phone="1")
    taken_in, imported = import_lead(
        arrival, by="li", at=AT, keyed=lambda one: evolve(one, duplicate_of=link, match_keys=("phone:1",))
    )
    for record, decision, first in ((made, by_hand, "created"), (taken_in, imported, "imported")):
        assert [str(event.kind) for event in decision.events] == [first] + ["lead_linked"] * (link is not None)
        assert replay(decision.events).duplicate_of == record.duplicate_of == link
        assert replay(decision.events).match_keys == ("phone:1",)
        assert {event.version for event in decision.events} == {1}
        assert len({event.id for event in decision.events}) == len(decision.events)


def test_editing_a_key_field_links_anew():
    """LEAD-12: the link follows the keys: to another record, to none, and back; each has its event."""
    record = replay(create_lead(keyed(LEAD), by="li", at=AT).events)
    changes: list[tuple[dict[str, Any], list[EventKind]]] = [
        ({"title": "B"}, [EventKind.EDITED]),
        ({"phone": "+86 139 1234 5678"}, [EventKind.EDITED]),
        ({"phone": "13800000000"}, [EventKind.EDITED, EventKind.LEAD_LINKED]),
        ({"phone": "1"}, [EventKind.EDITED, EventKind.LEAD_UNLINKED]),
        ({"email": "li@example.com"}, [EventKind.EDITED, EventKind.LEAD_LINKED]),
        ({"company": "Acme"}, [EventKind.EDITED]),
    ]
    for change, kinds in changes:
        decision = edit_lead(record, change, by="li", at=AT, keyed=keyed)
        assert [event.kind for event in decision.events] == kinds
        record = apply(record, decision.events)
        assert record.match_keys == keyed(record).match_keys
        assert record.duplicate_of == keyed(record).duplicate_of
    assert edit_lead(record, {"company": "Acme"}, by="li", at=AT, keyed=keyed).events == ()
    without = apply(record, edit_lead(record, {"phone": "13800000000"}, by="li", at=AT).events)
    assert without.match_keys == record.match_keys


def test_editing_a_customer_gives_it_other_keys():
    """LEAD-12, CUS-1: phone, e-mail and name are what its keys are made of; nothing else changes them."""
    one = customer("Acme", "phone:+8613912345678", "company:acme", phone="13912345678")

    def keys_of(record: Any) -> tuple[str, ...]:
        return match_keys(record, ("phone", "company"), PlainKeys())

    expected = {
        "phone": ("company:acme",), "name": ("phone:+8613912345678", "company:b"), "industry": one.match_keys
    }  # fmt: skip
    values: dict[str, Any] = {"phone": None, "name": "B", "industry": "steel"}
    for field, keys in expected.items():
        decision = edit_party(one, {field: values[field]}, by="li", at=AT, keys_of=keys_of)
        assert apply(one, decision.events).match_keys == keys
    assert apply(one, edit_party(one, {"name": "B"}, by="li", at=AT).events).match_keys == one.match_keys
