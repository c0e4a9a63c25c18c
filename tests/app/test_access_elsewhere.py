"""The rest of the access table through the facade: creating, importing, reading, administering (REL-4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.files.mapping import parse_mapping
from salesflow.grading import AmountPolicy
from salesflow.process import MigrationPlan
from salesflow.visibility import ACCESS, VisibilityPolicy
from tests.app import test_access, test_access_documents, test_access_leads
from tests.app.test_access import RELATIONS, UNSEEING, stage
from tests.app.test_operations import OPERATIONS, READS, REPEATING
from tests.app.world import LATER, TODAY, World, codes

EVERYBODY = (*RELATIONS, *UNSEEING)
"""Employees in every relation to the opportunity of `test_access.stage`, and without one."""

make_stage: Callable[..., tuple[World, str]] = stage.__wrapped__
"""One that nobody else uses, whose clock may be moved."""

CRM = sf.templates.builtin()["crm2000"]
LEADS = parse_mapping('kind = "lead"\nkey = ["phone"]\n[fields]\ntitle = "title"\nphone = "phone"\nowner = "owner"')

CREATING: dict[str, Callable[[sf.Acting, str], Any]] = {
    "leads.create": lambda a, owner: a.leads.create(title="A", phone="1", owner=owner),
    "customers.create": lambda a, owner: a.customers.create("A", owner=owner),
    "contacts.create": lambda a, _: a.contacts.create("A"),
    "opportunities.create": lambda a, owner: a.opportunities.create(
        "A", contact=a.contacts.create("A").id, process="one_stage", owner=owner
    ),
}
IMPORTING: dict[str, Callable[[sf.Acting, str], sf.ImportReport]] = {
    "files.import_opportunities": lambda a, owner: a.files.import_opportunities(
        [sf.ImportedOpportunity(id="x", name="X", owner=owner, process="one_stage", stage="only")]
    ),
    "files.import_csv": lambda a, owner: a.files.import_csv(StringIO(f"title,phone,owner\nA,1,{owner}\n"), LEADS),
    "files.import_json": lambda a, owner: a.files.import_json(
        StringIO(f'[{{"title": "A", "phone": "1", "owner": "{owner}"}}]'), LEADS
    ),
}
ADMINISTRATION: dict[str, Callable[[sf.Acting], Any]] = {
    "sharing.create": lambda a: a.sharing.create(from_person="owner", to_person="head"),
    "sharing.get": lambda a: a.sharing.get("sharing_rule-1"),
    "sharing.list": lambda a: a.sharing.list(),
    "sharing.edit": lambda a: a.sharing.edit("sharing_rule-1", access=sf.Access.READ_WRITE),
    "sharing.delete": lambda a: a.sharing.delete("sharing_rule-1"),
    "competitors.create": lambda a: a.competitors.create("Initech"),
    "competitors.edit": lambda a: a.competitors.edit("competitor-1", notes="A"),
    "competitors.delete": lambda a: a.competitors.delete("competitor-1"),
    "literature.create": lambda a: a.literature.create("B", kind="manual", document="https://b"),
    "literature.edit": lambda a: a.literature.edit("literature-1", title="B"),
    "literature.delete": lambda a: a.literature.delete("literature-1"),
    "sources.create": lambda a: a.sources.create("website"),
    "sources.edit": lambda a: a.sources.edit("fair", name="Trade show"),
    "sources.delete": lambda a: a.sources.delete("fair"),
    "pools.create": lambda a: a.pools.create("North"),
    "pools.get": lambda a: a.pools.get("p"),
    "pools.list": lambda a: a.pools.list(),
    "pools.edit": lambda a: a.pools.edit("p", name="South"),
    "pools.delete": lambda a: a.pools.delete("p"),
    "leads.recycle_overdue": lambda a: a.leads.recycle_overdue(),
    "flow.migrate": lambda a: a.migrate(MigrationPlan("crm2000", 1, 2)),
}
"""ACC-23, and the reads of ACC-26 that are for administrators only; each done on what is there, and refused."""

OF_EVERYBODY: dict[str, Callable[[sf.Acting], Any]] = {
    "competitors.get": lambda a: a.competitors.get("competitor-1"),
    "competitors.list": lambda a: a.competitors.list(),
    "literature.get": lambda a: a.literature.get("literature-1"),
    "literature.list": lambda a: a.literature.list(product="crm"),
    "sources.get": lambda a: a.sources.get("fair"),
    "sources.list": lambda a: a.sources.list(),
}
"""ACC-26: what any employee may read, and any administrator."""


def catalogued(world: World) -> None:
    """Put one of everything that administrators keep there."""
    world.flow.sharing.create(from_person="owner", to_person="head")
    world.flow.pools.create("North", id="p")
    world.flow.competitors.create("Globex")
    world.flow.literature.create("A", kind="brochure", document="https://a", products=["crm"])
    world.flow.sources.create("fair")


OF_ONE: dict[str, Callable[[World, sf.Acting, str], Any]] = {
    "opportunities.get": lambda _, a, id: a.opportunities.get(id),
    "opportunities.moves": lambda _, a, id: a.opportunities.moves(id),
    "opportunities.history": lambda _, a, id: a.opportunities.history(id),
    "opportunities.as_of": lambda w, a, id: a.opportunities.as_of(id, w.clock.now()),
    "opportunities.card": lambda _, a, id: a.opportunities.card(id),
    "opportunities.resources": lambda _, a, id: a.opportunities.resources(id),
    "flow.why": lambda _, a, id: a.why(a.person, id),
    "flow.who_can_see": lambda _, a, id: a.who_can_see(id),
}


def exported(write: Callable[[str, StringIO], int]) -> str:
    file = StringIO()
    write("all", file)
    return file.getvalue()


OF_SCENES: dict[str, Callable[[sf.Acting], Any]] = {
    "opportunities.list": lambda a: a.opportunities.list(),
    "opportunities.count": lambda a: a.opportunities.count(),
    "opportunities.board": lambda a: a.opportunities.board(process="gated"),
    "opportunities.stalled": lambda a: a.opportunities.stalled(),
    "opportunities.overdue": lambda a: a.opportunities.overdue(),
    "opportunities.silent": lambda a: a.opportunities.silent(1),
    "files.export_csv": lambda a: exported(a.files.export_csv),
    "files.export_json": lambda a: exported(a.files.export_json),
    "pipeline.funnel": lambda a: a.pipeline.funnel(process="gated"),
    "pipeline.win_rates": lambda a: a.pipeline.win_rates(),
    "pipeline.sales_cycle": lambda a: a.pipeline.sales_cycle(),
    "pipeline.stage_times": lambda a: a.pipeline.stage_times(process="gated"),
    "pipeline.stage_flow": lambda a: a.pipeline.stage_flow(process="gated", since=TODAY, until=LATER),
    "pipeline.velocity": lambda a: a.pipeline.velocity(),
    "pipeline.losses": lambda a: a.pipeline.losses(),
    "pipeline.changes": lambda a: a.pipeline.changes(since=datetime(2026, 1, 1, tzinfo=UTC)),
    "pipeline.forecast": lambda a: a.pipeline.forecast(since=TODAY, until=LATER),
    "pipeline.chances": lambda a: a.pipeline.chances(process="gated"),
    "pipeline.risks": lambda a: a.pipeline.risks(),
    "pipeline.competitors": lambda a: a.pipeline.competitors(),
    "pipeline.sources": lambda a: a.pipeline.sources(),
    "flow.what_if": lambda a: a.what_if(AmountPolicy(sf.Money(2_000_000, "CNY"))),
}
"""Each tells of the one opportunity (and of what it was made from), or of none at all."""

READING = {*OF_ONE, *OF_SCENES, *OF_EVERYBODY}
ELSEWHERE = {
    **dict.fromkeys((*CREATING, *IMPORTING), "ACC-16"),
    **dict.fromkeys(ADMINISTRATION, "ACC-23"),
    **dict.fromkeys((*READING, *(o for o in ADMINISTRATION if o.endswith((".get", ".list")))), "ACC-26"),
}
"""The row of each operation that is proved here."""

OF_RECORDS = ("leads", "customers", "contacts", "documents")
"""The groups whose reads are proved beside their tables."""


def test_every_operation_of_the_public_face_is_in_one_of_the_tables():
    """ACC-24, REL-4: by introspection; an operation that nobody retyped a row for fails here."""
    on_acting = {f"flow.{name}" for name, held in vars(sf.Acting).items() if callable(held) and name[0] != "_"}
    opportunities = {f"opportunities.{name}" for name in test_access.ROWS} - {"opportunities.after_sales_task"}
    leads = {f"leads.{name}" for name in test_access_leads.THERE}
    parties = {f"{group}.{name}" for group in ("customers", "contacts") for name in test_access_leads.PARTY_TABLE}
    documents = {f"documents.{name}" for name in test_access_documents.TABLE}
    read = {f"{group}.{name}" for group in OF_RECORDS for name in READS[group].split()}
    everything = OPERATIONS - REPEATING | on_acting - {"flow.once", "flow.as_of", "flow.pipeline_over"}
    assert everything == {*opportunities, *leads, *parties, *documents, *read, *ELSEWHERE}
    assert {operation: ACCESS[operation].source for operation in ELSEWHERE} == ELSEWHERE
    assert {ACCESS[operation].source for operation in read} == {"ACC-26"}
    assert everything <= set(ACCESS)


@pytest.mark.parametrize("operation", OF_ONE)
@pytest.mark.parametrize("status", test_access.STATUSES)
def test_one_record_is_read_by_whoever_sees_it(operation: str, status: str):
    """ACC-26, VIS-17, REL-4: in every status, for every relation; administrators also when it is voided."""
    world, id = stage(status)
    voided, other = stage(status, voided=True)
    for person in (*EVERYBODY, "root"):
        if person in UNSEEING:
            with pytest.raises(sf.NotFound):
                OF_ONE[operation](world, world.acting(person), id)
        else:
            assert OF_ONE[operation](world, world.acting(person), id) is not None
        if person != "root":
            with pytest.raises(sf.NotFound):
                OF_ONE[operation](voided, voided.acting(person), other)
    assert OF_ONE[operation](voided, voided.acting("root"), other) is not None


@pytest.mark.parametrize("operation", OF_SCENES)
def test_what_is_told_of_many_is_told_to_whoever_sees_them(operation: str):
    """ACC-26, VIS-16, I-25, REL-4: to all who see it the same, nothing of it to others, nor to anybody once voided."""
    differs = set()
    for status in test_access.STATUSES:
        world, _ = make_stage(status)
        world.clock.move(timedelta(days=100))
        whole, nothing = (OF_SCENES[operation](world.acting(person)) for person in ("root", "stranger"))
        differs |= {status} if whole != nothing else set()
        for person in EVERYBODY:
            told = OF_SCENES[operation](world.acting(person))
            assert told == (nothing if person in UNSEEING else whole), (person, status)
        really = sf.SalesFlow(**world.ports).acting_as("root").opportunities
        for deal in really.list().items:
            really.void(deal)
        assert all(OF_SCENES[operation](world.acting(person)) == nothing for person in (*EVERYBODY, "root"))
    assert differs or operation == "opportunities.stalled"  # its template has no limits


OF_A_PARTY: dict[str, Callable[[World, Any, str], Any]] = {
    "get": lambda _, desk, id: desk.get(id),
    "list": lambda _, desk, id: desk.list(),
    "count": lambda _, desk, id: desk.count(),
    "moves": lambda _, desk, id: desk.moves(id),
    "history": lambda _, desk, id: desk.history(id),
    "as_of": lambda w, desk, id: desk.as_of(id, w.clock.now()),
}
OF_PARTIES = [f"{group}.{method}" for group in OF_RECORDS for method in READS[group].split()]


@pytest.mark.parametrize("operation", [*OF_ONE, *OF_SCENES, *OF_PARTIES])
def test_a_read_that_no_row_allows_is_refused(operation: str):
    """ACC-24, ACC-25, ACC-26: a read has a row as all else has; the sink is told, but of `moves` and `why`."""
    allowed = World()
    world = World(through=lambda _: allowed.store, visibility=test_access.NO_ROWS)
    group, method = operation.split(".")
    makers: dict[str, Callable[[], Any]] = {
        "leads": allowed.lead, "customers": allowed.customer, "contacts": allowed.contact,
        "documents": allowed.quote,
    }  # fmt: skip
    id = makers.get(group, allowed.deal)().id

    def read(acting: sf.Acting) -> Any:
        if operation in OF_SCENES:
            return OF_SCENES[operation](acting)
        if operation in OF_ONE:
            return OF_ONE[operation](world, acting, id)
        return OF_A_PARTY[method](world, getattr(acting, group), id)

    for person in ("li", "root"):
        with pytest.raises(sf.Refused) as refused:
            read(world.acting(person))
        assert (refused.value.operation, codes(refused.value)) == (operation, {"not_permitted"})
    is_told = not operation.endswith((".moves", ".why"))
    assert [entry.operation for entry in world.audit.entries] == [operation, operation] * is_told


def test_who_could_do_it_instead_sees_the_record():
    """I-32, OPP-14, ORG-2: a superior too far above to see it is not named, and finds nothing when they try."""
    people = World().organization.employees
    organization = sf.Organization(people, administrators={"root"}, depth_subordinates="direct")
    world = World(organization=organization)
    deal = world.deal()
    (grade,) = (move for move in world.acting("li").opportunities.moves(deal) if move.operation == "set_grade")
    assert grade.instead == {"zhang"}
    assert world.acting("zhang").opportunities.set_grade(deal, sf.Grade.A, reason="key account").grade.effective == "A"
    with pytest.raises(sf.NotFound):
        world.acting("sun").opportunities.clear_grade(deal.id)


@pytest.mark.parametrize("operation", CREATING)
def test_creating_is_for_employees(operation: str):
    """ACC-16, ACC-24, REL-4: whoever works here, for themselves and others; administrators by their override."""
    for person in (*EVERYBODY, "root"):
        world = World(organization=test_access.company())
        owner = "owner" if person == "root" else person
        CREATING[operation](world.acting(person), owner)
        assert [entry.is_override for entry in world.audit.entries[-1:]] == ([True] if person == "root" else [])
    strict = World(organization=test_access.company(), visibility=test_access.STRICT)
    with pytest.raises(sf.Refused) as refused:
        CREATING[operation](strict.acting("root"), "owner")
    assert "not_permitted" in codes(refused.value)
    for nobody in ("gone", "unknown"):
        with pytest.raises(sf.NotFound, match=f"no person '{nobody}'"):
            strict.acting(nobody)


@pytest.mark.parametrize("operation", IMPORTING)
def test_importing_for_others_is_for_administrators(operation: str):
    """ACC-16, REL-4: everybody for themselves, nobody else for another, and not for whoever left."""
    for person in (*EVERYBODY, "root"):
        world = World(organization=test_access.company())
        others = "owner" if person != "owner" else "boss"
        own = IMPORTING[operation](world.acting(person), person)
        assert (own.imported, [problem.code for problem in own.problems]) == (
            (0, ["person_unknown"]) if person == "root" else (1, [])
        )
        report = IMPORTING[operation](World(organization=test_access.company()).acting(person), others)
        assert (report.imported, [problem.code for problem in report.problems]) == (
            (1, []) if person == "root" else (0, ["for_others"])
        )
        (problem,) = IMPORTING[operation](world.acting(person), "gone").problems
        assert problem.code == "person_unknown"


@pytest.mark.parametrize("operation", OF_EVERYBODY)
def test_competitors_literature_and_sources_are_read_by_everybody(operation: str):
    """ACC-26, REL-4: by whoever works here and by administrators, all the same, and by nobody who left."""
    world = World(organization=test_access.company())
    catalogued(world)
    read = OF_EVERYBODY[operation]
    told = [read(world.acting(person)) for person in (*EVERYBODY, "root")]
    assert told[0]
    assert all(each == told[0] for each in told)
    with pytest.raises(sf.NotFound):
        read(world.acting("gone"))
    closed = World(through=lambda _: world.store, organization=test_access.company(), visibility=test_access.NO_ROWS)
    for person in ("owner", "root"):
        with pytest.raises(sf.Refused) as refused:
            read(closed.acting(person))
        assert (refused.value.operation, codes(refused.value)) == (operation, {"not_permitted"})


@pytest.mark.parametrize("operation", ADMINISTRATION)
@pytest.mark.parametrize("administrators_operate", [True, False])
def test_administration_is_for_administrators(operation: str, administrators_operate: bool):
    """ACC-23, ACC-26, REL-4: named in the row, hence no override; refused to all others."""
    policy = VisibilityPolicy(administrators_operate=administrators_operate)
    world = World(organization=test_access.company(), visibility=policy, processes=[CRM, evolve(CRM, version=2)])
    catalogued(world)
    before = world.everything()
    for person in EVERYBODY:
        with pytest.raises(sf.Refused) as refused:
            ADMINISTRATION[operation](world.acting(person))
        assert (refused.value.operation, codes(refused.value)) == (operation, {"not_permitted"})
    assert world.everything() == before
    told = len(world.audit.entries)
    ADMINISTRATION[operation](world.acting("root"))
    assert len(world.audit.entries) == told
