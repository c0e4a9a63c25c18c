"""Every type of the model as JSON and back: found by looking, so that a new one cannot be forgotten (IO-2)."""

import json
from importlib import import_module
from pkgutil import iter_modules
from typing import get_args, get_type_hints

import pytest
from attrs import has
from hypothesis import given, settings
from hypothesis import strategies as st

from salesflow import model
from salesflow.errors import InvalidInput
from salesflow.files.json_codec import FORMAT, RECORDS, TYPES, from_json, read_plain, to_json, write_plain
from salesflow.model import (
    Activity,
    Decision,
    Department,
    Employee,
    Event,
    ImportedLead,
    ImportedOpportunity,
    LeadCard,
    LedBy,
    NewContact,
    NewCustomer,
    NewOpportunity,
    OpportunityStatus,
    Reason,
    Ref,
    SalesProcess,
    UserGroup,
)
from salesflow.ports import AuditEntry, DoneOnce, Tombstone
from salesflow.testing.strategies import activities, days, money, names, record_ids, sales_processes, teams
from tests.files.test_json_codec import QUICK, exact, person

optional_names = st.none() | names()
ways = dict.fromkeys(("phone", "email"), optional_names)
ids = st.text("abc-_1", min_size=1, max_size=200)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
others: dict[type, st.SearchStrategy] = {
    Activity: activities().filter(bool).map(lambda told: told[0]),
    LeadCard: st.builds(
        LeadCard, id=record_ids(), title=names(), source=optional_names, age_days=st.integers(0, 10**6)),
    Ref: st.builds(Ref, names(), record_ids(), names()),
    Employee: st.builds(Employee, ids, name=texts, manager=st.none() | ids, department=st.none() | ids,
                        departments=st.lists(ids, max_size=2), groups=st.frozensets(ids, max_size=2),
                        active=st.booleans()),
    Department: st.builds(Department, ids, name=texts, head=st.none() | ids, parent=st.none() | ids),
    UserGroup: st.builds(UserGroup, ids, name=texts, members=st.frozensets(ids, max_size=3)),
    NewCustomer: st.builds(NewCustomer, names(), industry=optional_names, **ways),
    NewContact: st.builds(NewContact, names(), title=optional_names, **ways),
    NewOpportunity: st.builds(
        NewOpportunity, names(), amount=st.none() | money(), process=optional_names, close_date=st.none() | days(),
        stage=optional_names, reason=st.none() | st.text(st.characters(exclude_categories=["Cc", "Cs"])),
        led_by=st.sampled_from(LedBy), team=person.flatmap(teams)),
    ImportedOpportunity: st.builds(
        ImportedOpportunity, id=names(), name=names(), owner=names(), process=names(), stage=names(),
        entered_at=st.none() | exact, history=st.lists(st.tuples(names(), exact), max_size=2),
        customer=optional_names, contact=optional_names, amount=st.none() | money(), close_date=st.none() | days(),
        outcome=st.none() | st.sampled_from(OpportunityStatus), closed_at=st.none() | exact,
        actual_amount=st.none() | money(), reason=optional_names, source=optional_names, created_at=st.none() | exact),
    ImportedLead: st.builds(
        ImportedLead, id=names(), title=names(), owner=optional_names, contact=optional_names, company=optional_names,
        channel=optional_names, source=optional_names, branch=optional_names, created_at=st.none() | exact,
        description=st.none() | st.text(st.characters(exclude_categories=["Cc", "Cs"])), **ways),
    SalesProcess: sales_processes(),
}  # fmt: skip
"""A strategy of each type that is written by itself, and is no record of a store."""

ELSEWHERE = {Event, Decision, Reason, DoneOnce, Tombstone, AuditEntry}
"""Types whose round trip has a test of its own here."""

INTERNAL = {"Shape", "ConditionField"}
"""Classes of the model that hold no data."""


NO_DATA = ("salesflow.model.construction", "salesflow.model.timeline")
"""A way to make records, and events in words."""


def classes_of_the_model() -> set[type]:
    """Every class of data in `salesflow.model`."""
    modules = [import_module(f"salesflow.model.{each.name}") for each in iter_modules(model.__path__)]
    return {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and has(value) and value.__module__.startswith("salesflow.model")
        if value.__name__ not in INTERNAL and value.__module__ not in NO_DATA
    }


def parts_of(cls: type, found: set[type]) -> set[type]:
    """*cls*, and every class that one of its fields may hold."""
    if cls not in found:
        found.add(cls)
        for hint in get_type_hints(cls).values():
            waiting = [hint]
            while waiting:
                kind = waiting.pop()
                waiting += get_args(kind)
                if isinstance(kind, type) and has(kind):
                    parts_of(kind, found)
    return found


def test_every_type_of_the_model_comes_back_equal():
    """IO-2: a new class has a name in the file and a strategy here, or is a part of one that has, or this fails."""
    reached: set[type] = set()
    for cls in TYPES.values():
        parts_of(cls, reached)
    assert classes_of_the_model() <= reached
    assert set(TYPES.values()) == {*RECORDS.values(), *others, *ELSEWHERE}
    assert set(map(type, TYPES)) == {str}
    assert all(name == name.lower() for name in TYPES)


@pytest.mark.parametrize("cls", others, ids=lambda cls: cls.__name__)
def test_templates_requests_and_people_come_back_equal(cls):
    """IO-2, PROC-2, ORG-1: through an envelope, and as plain values."""

    @settings(max_examples=max(5, QUICK // 4))
    @given(others[cls])
    def comes_back(value):
        assert from_json(to_json(value)) == value
        assert read_plain(cls, write_plain(value)) == value

    comes_back()


@pytest.mark.parametrize(
    ("name", "plain", "place"),
    [
        ("new_customer", {"name": " "}, "new_customer.name"),
        ("new_contact", {"name": "x", "email": "a\u202eb"}, "new_contact.email"),
        ("new_opportunity", {"name": "x", "led_by": "them"}, "new_opportunity.led_by"),
        ("new_opportunity", {"name": "x", "amount": {"amount": "-1", "currency": "CNY"}}, "new_opportunity.amount"),
        ("imported_lead", {"id": "1", "title": "x" * 301}, "imported_lead.title"),
        ("imported_lead", {"id": "1"}, "imported_lead.title"),
        ("imported_opportunity", {"id": "1", "name": "x", "owner": "li", "process": "p", "stage": "s",
                                  "history": [["s"]]}, "imported_opportunity.history[0]"),
        ("employee", {"id": ""}, "employee.id"),
        ("employee", {"id": "x", "groups": "experts"}, "employee.groups"),
        ("department", {"id": "x" * 201}, "department.id"),
        ("user_group", {"id": "x", "members": [5]}, "user_group.members[0]"),
        ("user_group", {"id": "x", "colour": "red"}, "user_group.colour"),
    ],
)  # fmt: skip
def test_a_request_from_a_file_checks_itself(name, plain, place):
    """REL-8: what a request or an employee refuses is told with the place of its field."""
    with pytest.raises(InvalidInput) as caught:
        from_json(json.dumps({"salesflow": FORMAT, "type": name, "value": plain}))
    assert caught.value.what == place
