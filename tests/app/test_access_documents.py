"""The access table of documents through the facade: by what they belong to, ACC-11, ACC-19, ACC-22, ACC-26 (REL-4)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.visibility import ACCESS
from tests.app import test_access, test_access_leads
from tests.app.test_operations import OPERATIONS, READS
from tests.app.world import LINES, World, codes

ACC_11 = {"owner", "superior", "sales", "joint", "shared"}

CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "accept": lambda desk, _: desk.accept("quote:1"),
    "record_payment": lambda desk, _: desk.record_payment("invoice:1", sf.Money(1, "CNY")),
    "issue": lambda desk, id: desk.issue(id, "quote", LINES),
}
TABLE = {"accept": "ACC-11", "record_payment": "ACC-11", "issue": "ACC-22"}
ON_DOCUMENTS = ("accept", "record_payment")


def with_papers(world: World, **belongs: Any) -> World:
    """Put a quote and an invoice of what is named into the world; what a flow does there is not kept."""
    scratch = World()
    for paper in (scratch.quote(), scratch.invoice()):
        mine = {"opportunity": None, "customer": None, **belongs}
        test_access_leads.put(world, evolve(paper, id=f"{paper.kind}:1", number="1", **mine))
    return world


def refused_codes(world: World, person: str, method: str, id: str) -> set[str] | None:
    """Return what *person* is refused for, nothing where it is done; None where it is not there for them."""
    try:
        CALLS[method](world.acting(person).documents, id)
    except sf.Refused as refused:
        return codes(refused) if refused.operation == f"documents.{method}" else {refused.operation}
    except sf.NotFound:
        return None
    return set()


def test_the_table_here_has_every_operation_on_a_document():
    """ACC-24: a row that nobody retyped would be a row that nobody checked."""
    operations = {id.removeprefix("documents.") for id in OPERATIONS if id.startswith("documents.")}
    assert operations == {*TABLE, *READS["documents"].split()}
    assert {method: ACCESS[f"documents.{method}"].source for method in TABLE} == TABLE


@pytest.mark.parametrize("status", test_access.STATUSES)
def test_a_document_of_an_opportunity_is_worked_by_whoever_works_that(status: str):
    """ACC-11, REL-4: each cell; in progress and won; whoever sees the deal, and nobody else, finds its documents."""
    world, id = test_access.stage.__wrapped__(status)
    with_papers(world, opportunity=id)
    for method in ON_DOCUMENTS:
        for person, relations in test_access.RELATIONS.items():
            given = refused_codes(world, person, method, id)
            assert given is not None, person
            assert ("not_permitted" in given) == (not relations & ACC_11), person
            assert ("wrong_status" in given) == (status not in ("in_progress", "won")), person
        assert refused_codes(world, "root", method, id) in (set(), {"wrong_status"})
        for person in test_access.UNSEEING:
            assert refused_codes(world, person, method, id) is None, person


@pytest.mark.parametrize("owner", ["owner", None])
def test_a_document_of_a_lead_is_worked_by_whoever_quotes_it(owner: str | None):
    """ACC-19, VIS-18, REL-4: owner, superiors, in a pool its dispatchers; members know the card, and no document."""
    world, id = test_access_leads.make_stage("leads", "converted" if owner else "disqualified", owner)
    with_papers(world, lead=id)
    for method in ON_DOCUMENTS:
        for person, relations in {**test_access_leads.OWNED, **test_access_leads.POOLED}.items():
            given = refused_codes(world, person, method, id)
            sees = bool(relations & {"dispatcher"}) if owner is None else person in test_access_leads.OWNED
            assert (given is not None) == sees, person
            if given is not None:
                assert ("not_permitted" in given) == (not relations & {"owner", "superior", "dispatcher"}), person
                assert ("wrong_status" in given) == (owner is None), person
        for person in test_access_leads.OUTSIDE:
            assert refused_codes(world, person, method, id) is None, person


def test_a_document_of_a_customer_is_issued_and_worked_by_whoever_edits_that():
    """ACC-22, REL-4: owner, superiors, and whom it is shared with for writing; others who see it only read."""
    world, id = test_access_leads.make_stage("customers")
    with_papers(world, customer=id)
    for method in CALLS:
        for person, relations in test_access_leads.OWNED.items():
            given = refused_codes(world, person, method, id)
            expected = set() if relations & {"owner", "superior", "shared"} else {"not_permitted"}
            assert given == expected, (person, method)
        assert refused_codes(world, "root", method, id) == set()
        for person in (*test_access_leads.POOLED, *test_access_leads.OUTSIDE):
            assert refused_codes(world, person, method, id) is None, person


def test_reading_is_for_whoever_sees_what_it_belongs_to():
    """ACC-26, OPP-13, REL-4: each read of one document, and each list and count, for every relation to the deal."""
    world, id = test_access.stage.__wrapped__("in_progress")
    with_papers(world, opportunity=id)
    now = world.clock.now()
    for person in (*test_access.RELATIONS, *test_access.UNSEEING, "root"):
        desk = world.acting(person).documents
        is_seen = person not in test_access.UNSEEING
        assert [paper.id for paper in desk.list(order_by="id").items] == ["invoice:1", "quote:1"] * is_seen
        assert desk.count() == 2 * is_seen
        reads: dict[str, Callable[[], Any]] = {
            "get": partial(desk.get, "quote:1"),
            "history": partial(desk.history, "quote:1"),
            "as_of": partial(desk.as_of, "quote:1", now),
        }
        assert set(reads) == {*READS["documents"].split()} - {"list", "count"}
        for read in reads.values():
            if is_seen:
                assert read()
            else:
                with pytest.raises(sf.NotFound):
                    read()


def test_a_replaced_row_counts_for_its_own_operation():
    """ACC-24: an application that lets nobody record payments lets quotes be accepted all the same."""
    nobody = evolve(ACCESS["documents.record_payment"], owner=False, superiors=False, roles=frozenset(), shared=False)
    policy = sf.VisibilityPolicy(access={**ACCESS, "documents.record_payment": nobody})
    world = World(visibility=policy)
    quote, invoice = world.quote(), world.invoice()
    li = world.acting("li").documents
    assert li.accept(quote).accepted_at is not None
    with pytest.raises(sf.Refused) as refused:
        li.record_payment(invoice, sf.Money(1, "CNY"))
    assert codes(refused.value) == {"not_permitted"}
