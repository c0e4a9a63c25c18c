"""Odd text through every door of the facade: the same verdict on every store (I-48, REL-8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

import salesflow as sf
from salesflow.app.paging import cursor
from salesflow.errors import InvalidInput, PortError
from salesflow.model.requests import can_be_stored
from salesflow.testing import CountingIds, TickingClock
from salesflow.testing.records import make_opportunity, new, unit
from salesflow.visibility import record
from salesflow.visibility.filters import FieldCompare
from tests.stores.databases import fresh_store

ODD = {
    "a NUL": "a\x00b",
    "half a character": "a\ud800b",
    "the other half": "\udc00",
    "right to left": "a\u202eb",
    "an isolate": "\u2066a\u2069",
    "a line break": "a\nb",
    "a line separator": "a\u2028b",
    "an old control": "a\x9fb",
    "an escape": "\x1b[31m",
    "a zero-width space": "a\u200bb",
    "a joiner": "a\u200cb",
    "a noncharacter": "a\uffff",
    "a long one": "x" * 25_000,
    "nothing": "",
    "a space": " ",
    "a quote": "'; DROP TABLE x; --",
    "a pattern": "%_\\",
}
SELDOM = {
    "the other half", "an isolate", "a line separator", "an old control", "a zero-width space", "a space", "a pattern",
}  # fmt: skip
"""What goes through the doors in the long run only: it is like another one."""

KEPT_AS_NAMES = {"a joiner", "a noncharacter", "a quote", "a pattern"}
PROCESSES = list(sf.templates.builtin().values())
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def company(store: Any, **more: Any) -> sf.SalesFlow:
    """Return a company of one employee, whose clock and ids tell the same each time."""
    people = sf.Organization([sf.Employee("li")], administrators={"root"})
    return sf.SalesFlow(store=store, organization=people, processes=PROCESSES, clock=TickingClock(), **more)


def doors(store: Any, flow: sf.SalesFlow, text: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Give every way in which somebody hands the library a text, with what it is called."""
    li, root = flow.acting_as("li"), flow.acting_as("root")
    deal = li.opportunities.create("A", customer=li.customers.create("Acme").id, process="crm2000").id
    lead = li.leads.create(title="A", channel="fair").id
    desks: dict[str, Any] = {
        "opportunities": li.opportunities, "leads": li.leads, "customers": li.customers, "contacts": li.contacts,
    }  # fmt: skip
    yield "acting_as", lambda: flow.acting_as(text).leads.count()
    yield "once", lambda: li.once(text).leads.create(title="K", channel="fair").title
    for name, desk in desks.items():
        yield f"{name}.get", partial(desk.get, text)
        yield f"{name}.list scene", partial(desk.list, text)
        yield f"{name}.list order", partial(desk.list, order_by=text)
        yield f"{name}.list after", partial(desk.list, after=text)
        for order, value in (("id", text), ("-created_at", MOMENT), ("title" if name == "leads" else "name", text)):
            yield f"{name}.list by {order}", partial(listed, desk, order_by=order, after=cursor(order, value, text))
    yield "leads.create title", lambda: li.leads.create(title=text, channel="fair").title
    yield "leads.create description", lambda: li.leads.create(title="B", channel="c", description=text).description
    yield "leads.create phone", lambda: li.leads.create(title="B", phone=text).phone
    yield "leads.follow_up", lambda: li.leads.follow_up(lead, text).activities[-1].text
    yield "leads.convert", lambda: li.leads.convert(lead, customer=text)
    yield "customers.create", lambda: li.customers.create(text).name
    yield "customers.create owner", lambda: li.customers.create("B", owner=text)
    yield "opportunities.edit", lambda: li.opportunities.edit(deal, name=text).name
    yield "opportunities.edit custom", lambda: li.opportunities.edit(deal, custom={"k": text}).custom[-1].value
    yield "opportunities.edit custom key", lambda: li.opportunities.edit(deal, custom={text: 1}).custom[-1].key
    yield "opportunities.add_member", lambda: li.opportunities.add_member(deal, text, role="joint")
    yield "opportunities.add_member role", lambda: str(li.opportunities.add_member(deal, "li", role=text).team[-1].role)
    yield "sharing.create", lambda: root.sharing.create(from_person="li", to_person=text).to_person
    yield "pools.create", lambda: root.pools.create("B", id=text).id
    yield (
        "import",
        lambda: (
            li.files.import_opportunities(
                [sf.ImportedOpportunity(id=text, name="B", owner="li", process="crm2000", stage="bidding")]
            ).problems
        ),
    )
    rules: dict[str, Callable[[], Any]] = {
        "==": lambda: record.name == text, "<": lambda: record.name < text, "k": lambda: record.custom.k == text,
    }  # fmt: skip
    for name, make in rules.items():
        yield f"scene {name}", partial(seen, store, make)


def listed(desk: Any, **how: Any) -> list[str]:
    """Return the ids of a page."""
    return [each.id for each in desk.list(**how).items]


def seen(store: Any, make: Callable[[], Any]) -> list[str]:
    """Return the names of what li sees in a scene by the rule that *make* makes."""
    flow = company(store, scenes=sf.scenes.default() | {"own": make()})
    return [deal.name for deal in flow.acting_as("li").opportunities.list("own").items]


def verdicts(store: Any, text: str) -> dict[str, str]:
    """Return what each door gave or said."""
    found: dict[str, str] = {}
    for door, enter in doors(store, company(store, ids=CountingIds()), text):
        try:
            found[door] = repr(enter())
        except sf.SalesflowError as error:
            found[door] = f"{type(error).__name__}: {error}"
    return found


@pytest.fixture
def stores(file_engine, request):
    """A store of each kind; PostgreSQL where a server is installed."""
    found: list[Any] = [sf.MemoryStore(), fresh_store(file_engine)]
    return [*found, fresh_store(request.getfixturevalue("postgresql_engine"))]


@pytest.mark.parametrize("odd", [pytest.param(odd, marks=[pytest.mark.long] * (odd in SELDOM)) for odd in ODD])
def test_odd_text_has_one_verdict(stores, odd):
    """I-48: taken in, refused or not there: the same words on memory, SQLite and PostgreSQL; no store ever fails."""
    memory, *others = [verdicts(store, ODD[odd]) for store in stores]
    for other in others:
        assert other == memory
    assert not [door for door, said in memory.items() if said.startswith("PortError")]
    is_kept = memory["customers.create"] == repr(ODD[odd])
    assert is_kept is (odd in KEPT_AS_NAMES)
    assert is_kept or memory["customers.create"].startswith("InvalidInput")


@pytest.mark.parametrize("text", ["a\x00", "\ud800", "a\udfffb"])
def test_no_rule_asks_for_what_no_record_holds(text):
    """I-48: a comparison with a NUL or half a character is a mistake, told where the rule is written."""
    assert not can_be_stored(text)
    with pytest.raises(InvalidInput, match="NUL nor half a character"):
        FieldCompare("name", "==", text)
    assert can_be_stored("a\nb\u202e\U0001f44d")
    assert FieldCompare("name", "==", "a\nb").value == "a\nb"


def test_a_store_by_itself_is_typed_too(memory_engine):
    """I-48: what the library never hands over is a typed error of the store's own, and nothing of it is kept."""
    store = fresh_store(memory_engine)
    with pytest.raises(PortError, match="surrogates not allowed"):
        store.save(unit(new(make_opportunity("a", name="\ud800"))))
    assert store.get("opportunity", "a") is None
