"""Documents are read through what they belong to: every store lists what a scan by `matches` gives (OPP-13)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesflow.model import Document, DocumentKind, Money
from salesflow.ports import Query
from salesflow.stores import MemoryStore
from salesflow.stores.sql import lists
from salesflow.testing.records import AT, change, deletion, make_opportunity, new, unit
from salesflow.visibility import BelongsTo, FieldCompare, Names, Sight, VisibilityPolicy, negation, scenes
from salesflow.visibility.filters import AllOf, AnyOf, Negation, OwnerIn, TeamIn, Voided
from salesflow.visibility.organization_index import OrganizationIndex
from salesflow.visibility.vocabulary import owner, record
from tests.stores.databases import fresh_store
from tests.stores.test_read_through import a_customer, paged
from tests.visibility.parties import Company, companies
from tests.visibility.worlds import organization

QUICK = settings().max_examples
BEARERS = ("opportunity", "lead", "customer")


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Any:
    """One database of each sort for every example: each has a tenant of its own."""
    return request.getfixturevalue("memory_engine" if request.param == "sqlite" else "postgresql_engine")


def document(number: int | str, **belongs: Any) -> Document:
    number = str(number)
    kind = list(DocumentKind)[len(number) % 4]
    return Document(
        id=f"{kind}:{number}", version=1, kind=kind, number=number, total=Money(0, "CNY"), created_at=AT, updated_at=AT,
        **belongs,
    )  # fmt: skip


def papers(company: Company) -> list[Document]:
    """Two documents of each record of the company, and some of what is not there."""
    made = []
    for number, bearer in enumerate(company.records):
        if bearer.KIND in BEARERS:
            beside = {"customer": "acme"} if bearer.KIND != "customer" else {}
            made += [document(f"{number}{n}", **{**beside, bearer.KIND: bearer.id}) for n in ("", "x")]
    return [*made, document("a", customer="gone"), document("b"), document("c", opportunity="gone", customer="acme")]


def filled(store: Any, company: Company, made: list[Document]) -> Any:
    """Return the store with the company's records and their documents in it."""
    store.save(unit(*(new(evolve(each, updated_at=AT)) for each in (*company.records, *made))))
    return store


def sight_of(store: Any, company: Company, policy: VisibilityPolicy | None = None) -> Sight:
    """Return the sight that asks *store*."""

    def find(kind: str, filter: Any, limit: int | None) -> Any:
        return store.query(Query(kind, filter, limit=limit))

    index = OrganizationIndex(organization(company.world))
    return Sight(index, company.world.shares, policy, company.world.pools, find=find, get=store.get)


@settings(max_examples=max(5, QUICK // 4), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(companies(), st.data())
def test_every_store_shows_the_documents_of_what_is_seen(engine: Any, company: Company, data: st.DataObject) -> None:
    """OPP-13, VIS-15, REL-3: lists by pages of 1, 2 and 50, ids and counts, whichever way a database takes."""
    made = papers(company)
    stores = [filled(MemoryStore(), company, made), filled(fresh_store(engine), company, made)]
    viewer = data.draw(st.sampled_from(company.world.everyone()))
    scene = data.draw(st.sampled_from(["all", "mine", "voided"]))
    plain = sight_of(stores[0], company)
    expected = sorted(each.id for each in made if plain.filter(viewer, "document", scene).matches(each))
    with pytest.MonkeyPatch.context() as patch:
        few = data.draw(st.none() | st.booleans())
        if few is not None:
            patch.setattr(lists.Reader, "_are_few", lambda *_: few)
        for store in stores:
            filter = sight_of(store, company).filter(viewer, "document", scene)
            for limit in (1, 2, 50):
                assert paged(store, Query("document", filter, "id", limit)) == expected
            assert store.ids("document", filter) == set(expected)
            assert [store.count("document", filter, cap) for cap in (None, 1)] == [len(expected), min(1, len(expected))]
            one = AllOf((filter, Names("customer", "acme"), FieldCompare("kind", "==", "quote")))
            assert store.ids("document", one) == {
                each.id for each in made if each.id in expected and each.customer == "acme" and each.kind == "quote"
            }


@settings(max_examples=max(5, QUICK // 5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(companies(), st.data())
def test_what_sql_cannot_tell_is_asked_of_each_record(engine: Any, company: Company, data: st.DataObject) -> None:
    """VIS-14, OPP-13: with fields that have no column, in `all`, every store still shows the same."""
    alone = (record.phone == "1") & owner.is_viewer
    policy = VisibilityPolicy(scenes=scenes.default() | {"all": scenes.default()["all"] | alone})
    viewer, made = data.draw(st.sampled_from(company.world.everyone())), papers(company)
    memory, store = filled(MemoryStore(), company, made), filled(fresh_store(engine), company, made)
    shown = [sight_of(each, company, policy).filter(viewer, "document") for each in (memory, store)]
    query = Query("document", shown[0], "-created_at", 1)
    assert paged(memory, query) == paged(store, evolve(query, filter=shown[1]))
    assert memory.ids("document", shown[0]) == store.ids("document", shown[1])
    assert memory.ids("document", negation(shown[0])) == store.ids("document", negation(shown[1]))


@settings(max_examples=max(5, QUICK // 4), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(companies(), st.data())
def test_the_node_is_what_matches_says(engine: Any, company: Company, data: st.DataObject) -> None:
    """VIS-15: by itself, within others, and negated; of another kind of record nothing belongs to anything."""
    people = st.frozensets(st.sampled_from([employee.id for employee in company.world.employees]), max_size=2)
    made = papers(company)
    memory, store = filled(MemoryStore(), company, made), filled(fresh_store(engine), company, made)
    inner = st.one_of(
        st.builds(OwnerIn, people),
        st.builds(TeamIn, people),
        st.just(Voided(False)),
        st.builds(lambda some: AllOf((Voided(False), AnyOf((OwnerIn(some), TeamIn(some))))), people),
        st.just(FieldCompare("source_lead", "==", "x")),
        st.just(Negation(OwnerIn(()))),
    )
    node = BelongsTo(data.draw(st.sampled_from(BEARERS)), data.draw(inner), memory.get)
    quotes = FieldCompare("kind", "==", "quote")
    for filter in (node, negation(node), AllOf((node, quotes)), AnyOf((node, Names("lead", "lead 0"))),
                   AllOf((negation(node), quotes)), AnyOf((node, quotes))):  # fmt: skip
        expected = {each.id for each in made if filter.matches(each)}
        assert memory.ids("document", filter) == expected, filter
        assert store.ids("document", filter) == expected, filter
        assert [each.id for each in store.query(Query("document", filter))] == sorted(expected)
        assert memory.count("document", filter) == store.count("document", filter) == len(expected)
    for kind in ("customer", "opportunity"):
        assert memory.ids(kind, node) == store.ids(kind, node) == set()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Any:
    """An empty store of each sort."""
    if request.param == "memory":
        return MemoryStore()
    return fresh_store(request.getfixturevalue("memory_engine" if request.param == "sqlite" else "postgresql_engine"))


def test_a_deal_that_changes_hands_takes_its_documents_along(store: Any) -> None:
    """VIS-20, OPP-13: what the deal is now counts, not what it was; a document that moves belongs elsewhere then."""
    deal, paper = make_opportunity("deal"), document("1", opportunity="deal", customer="acme")
    store.save(unit(new(deal), new(a_customer(owner="wang")), new(paper)))

    def of(person: str, kind: str = "opportunity") -> Any:
        return store.ids("document", BelongsTo(kind, OwnerIn({person}), store.get))

    assert of("li") == {paper.id}
    assert of("wang", "customer") == set()
    store.save(unit(change(deal, owner="wang")))
    assert (of("li"), of("wang")) == (set(), {paper.id})
    store.save(unit(change(paper, opportunity=None)))
    assert (of("wang"), of("wang", "customer")) == (set(), {paper.id})
    store.save(unit(deletion(change(paper, opportunity=None).record)))
    assert of("wang", "customer") == set()
