"""Customers and contacts read through deals and leads: every store lists what a scan by `matches` gives (VIS-21)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesflow.model import Conversion, Customer, Lead, LeadStatus, sort_value
from salesflow.ports import Query
from salesflow.stores import MemoryStore
from salesflow.stores.sql import lists
from salesflow.testing.records import AT, change, deletion, make_opportunity, new, unit
from salesflow.visibility import Behind, FieldCompare, Names, Sight, VisibilityPolicy, negation, scenes
from salesflow.visibility.filters import AllOf, AnyOf, Negation, OwnerIn, TeamIn, Voided
from salesflow.visibility.organization_index import OrganizationIndex
from salesflow.visibility.vocabulary import owner, record
from tests.stores.databases import fresh_store
from tests.visibility.parties import CONTACTS, CUSTOMERS, Company, companies
from tests.visibility.worlds import organization

QUICK = settings().max_examples


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Any:
    """One database of each sort for every example: each has a tenant of its own."""
    return request.getfixturevalue("memory_engine" if request.param == "sqlite" else "postgresql_engine")


def filled(store: Any, company: Company) -> Any:
    """Return the store with the company's records in it."""
    store.save(unit(*(new(evolve(each, updated_at=AT)) for each in company.records)))
    return store


def sight_of(store: Any, company: Company, policy: VisibilityPolicy | None = None) -> Sight:
    """Return the sight that asks *store*."""

    def find(kind: str, filter: Any, limit: int | None) -> Any:
        return store.query(Query(kind, filter, limit=limit))

    return Sight(OrganizationIndex(organization(company.world)), company.world.shares, policy, find=find)


def paged(store: Any, query: Query) -> list[str]:
    """Return the ids of the whole list, read by pages."""
    value = sort_value(query.kind, query.order_by)
    found: list[str] = []
    while page := store.query(query):
        found += [each.id for each in page]
        query = evolve(query, after=(value(page[-1]), page[-1].id))
    return found


@settings(max_examples=max(5, QUICK // 2), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(companies(), st.data())
def test_every_store_shows_what_the_reference_shows(engine: Any, company: Company, data: st.DataObject) -> None:
    """VIS-15, VIS-21, REL-3: lists by pages of 1, 2 and 50, ids and counts, whichever way a database takes."""
    stores = [filled(MemoryStore(), company), filled(fresh_store(engine), company)]
    viewer = data.draw(st.sampled_from(company.world.everyone()))
    with pytest.MonkeyPatch.context() as patch:
        few = data.draw(st.none() | st.booleans())
        if few is not None:
            patch.setattr(lists.Reader, "_are_few", lambda *_: few)
        for store in stores:
            seen = sight_of(store, company)
            for kind in ("customer", "contact"):
                parties = [each for each in company.parties if kind == each.KIND]
                expected = sorted(each.id for each in parties if company.scene(viewer, each, "all"))
                filter = seen.filter(viewer, kind)
                for limit in (1, 2, 50):
                    assert paged(store, Query(kind, filter, "id", limit)) == expected
                assert store.ids(kind, filter) == set(expected)
                assert [store.count(kind, filter, cap) for cap in (None, 1)] == [len(expected), min(1, len(expected))]
                hidden = {each.id for each in parties} - set(expected)
                if filter != Voided(False):
                    assert store.ids(kind, Negation(filter)) <= hidden


@settings(max_examples=max(5, QUICK // 5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(companies(), st.data())
def test_what_sql_cannot_tell_is_asked_of_each_record(engine: Any, company: Company, data: st.DataObject) -> None:
    """VIS-14, VIS-21: with fields that have no column, in `all` or in a scene, every store still shows the same."""
    alone = (record.phone == "1") & owner.is_viewer
    policy = data.draw(
        st.sampled_from(
            [
                VisibilityPolicy(scenes=scenes.default() | {"all": scenes.default()["all"] | alone}),
                VisibilityPolicy(scenes=scenes.default() | {"own": record.email != "x"}),
            ]
        )
    )
    viewer = data.draw(st.sampled_from(company.world.everyone()))
    memory, store = filled(MemoryStore(), company), filled(fresh_store(engine), company)
    for kind in ("customer", "contact"):
        for scene in {"all", "own"} & set(policy.scenes):
            shown = [sight_of(each, company, policy).filter(viewer, kind, scene) for each in (memory, store)]
            query = Query(kind, shown[0], "-created_at", 1)
            assert paged(memory, query) == paged(store, evolve(query, filter=shown[1]))
            assert memory.ids(kind, shown[0]) == store.ids(kind, shown[1])


@settings(max_examples=max(5, QUICK // 2), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(companies(), st.data())
def test_names_and_behind_are_what_matches_says(engine: Any, company: Company, data: st.DataObject) -> None:
    """VIS-15: the nodes by themselves, within others, and negated, over records of any kind."""
    people = st.frozensets(st.sampled_from([employee.id for employee in company.world.employees]), max_size=2)
    memory, store = filled(MemoryStore(), company), filled(fresh_store(engine), company)

    def find(kind: str, filter: Any, limit: int | None) -> Any:
        return company.find(kind, filter, limit)

    inner = st.one_of(
        st.builds(OwnerIn, people),
        st.builds(TeamIn, people),
        st.just(Voided(False)),
        st.builds(lambda some: AllOf((Voided(False), AnyOf((OwnerIn(some), TeamIn(some))))), people),
        st.just(FieldCompare("source_lead", "==", "x")),
    )
    names = st.builds(Names, st.sampled_from(["customer", "contact"]), st.sampled_from([*CUSTOMERS, *CONTACTS]))
    behind = st.builds(lambda kind, filter: Behind(kind, filter, find), st.sampled_from(["opportunity", "lead"]), inner)
    node = data.draw(names | behind)
    other = data.draw(inner)
    for filter in (node, negation(node), AllOf((node, other)), AnyOf((node, OwnerIn({"li"}))), AnyOf((node, other))):
        for kind in ("customer", "contact", "opportunity", "lead"):
            if isinstance(node, Behind) and kind in ("opportunity", "lead"):
                continue
            expected = {each.id for each in company.records if kind == each.KIND and filter.matches(each)}
            assert memory.ids(kind, filter) == expected, (kind, filter)
            assert store.ids(kind, filter) == expected, (kind, filter)
            assert [each.id for each in store.query(Query(kind, filter))] == sorted(expected)
            assert memory.count(kind, filter) == store.count(kind, filter) == len(expected)


def a_customer(id: str = "acme", owner: str | None = None) -> Customer:
    return Customer(id=id, version=1, name=id, owner=owner, updated_at=AT)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Any:
    """An empty store of each sort."""
    if request.param == "memory":
        return MemoryStore()
    return fresh_store(request.getfixturevalue("memory_engine" if request.param == "sqlite" else "postgresql_engine"))


def behind(store: Any, kind: str = "opportunity", person: str = "li") -> Behind:
    """Return the node "named by what *person* owns"."""
    return Behind(kind, OwnerIn({person}), lambda kind, filter, limit: store.query(Query(kind, filter, limit=limit)))


def test_a_deal_that_changes_hands_or_customer_opens_elsewhere(store: Any) -> None:
    """VIS-20, VIS-21: a later version counts, not an earlier one; a deleted deal opens nothing."""
    deal = make_opportunity("deal", customer="acme")
    store.save(unit(new(a_customer()), new(a_customer("globex")), new(deal)))
    filter = behind(store)
    assert store.ids("customer", filter) == {"acme"}
    moved = change(deal, customer="globex")
    store.save(unit(moved))
    assert store.ids("customer", filter) == {"globex"}
    other = change(moved.record, minutes=2, owner="wang")
    store.save(unit(other))
    assert store.ids("customer", filter) == set()
    assert store.ids("customer", behind(store, person="wang")) == {"globex"}
    store.save(unit(deletion(other.record)))
    assert store.ids("customer", behind(store, person="wang")) == set()
    assert list(store.query(Query("opportunity", Names("customer", "globex")))) == []


def test_a_lead_opens_what_it_became(store: Any) -> None:
    """LEAD-6, VIS-21: before its conversion a lead names nobody."""
    lead = Lead(id="lead", version=1, title="A", owner="li", status=LeadStatus.ASSIGNED, phone="1", updated_at=AT)
    store.save(unit(new(a_customer()), new(lead)))
    assert store.ids("customer", behind(store, "lead")) == set()
    store.save(unit(change(lead, conversion=Conversion("acme", None, None))))
    assert store.ids("customer", behind(store, "lead")) == {"acme"}
    assert [each.id for each in store.query(Query("lead", Names("customer", "acme")))] == ["lead"]


def test_a_name_without_a_record_is_in_no_list(store: Any) -> None:
    """VIS-21: a deal may name a customer that is not there; nothing is listed for it, and nothing breaks."""
    store.save(unit(new(a_customer()), new(a_customer("globex")), new(make_opportunity("deal", customer="gone"))))
    assert store.ids("customer", behind(store)) == set()
    assert store.count("customer", AnyOf((behind(store), OwnerIn({"li"})))) == 0


def test_many_deals_of_few_customers_and_few_of_many(store: Any) -> None:
    """VIS-21, PERF-6: whether deals or customers are the fewer, the list is the same."""
    customers = [a_customer(f"c{number:02}") for number in range(12)]
    deals = [make_opportunity(f"d{n:02}", "li" if n % 3 else "wang", customer=f"c{n % 4:02}") for n in range(40)]
    store.save(unit(*map(new, (*customers, *deals, make_opportunity("one", "zhao", customer="c11")))))
    for person, expected in (("li", ["c00", "c01", "c02", "c03"]), ("zhao", ["c11"]), ("nobody", [])):
        filter = AllOf((Voided(False), AnyOf((OwnerIn({"zhao"}), behind(store, person=person)))))
        assert paged(store, Query("customer", filter, "id", 3)) == expected
        assert store.count("customer", filter) == len(expected)
