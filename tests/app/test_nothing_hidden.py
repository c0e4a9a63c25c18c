"""
Nothing that a person may not see reaches them (REL-11): worlds that differ in hidden things only answer byte-equal.

What is asked comes by introspection: each read of the public face has its calls here, and each operation that
changes something is done, and refused, beside what is hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from datetime import UTC, datetime
from functools import cache, partial
from io import StringIO
from typing import Any

import attrs
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import salesflow as sf
from salesflow.files.mapping import parse_mapping
from salesflow.grading import AmountPolicy
from salesflow.model import ORDER_KEYS, Activity, CustomField, FormerOwner, Merge, OverdueReminder, ReviewState, created
from salesflow.ports import DoneOnce, UnitOfWork, Write
from tests.app.calls import DONE, Done, No
from tests.app.refusals import NO
from tests.app.test_access_leads import CALLS, THERE
from tests.app.test_lists import KINDS as LISTED
from tests.app.test_operations import READS, SEEN, do, name_of, one_each
from tests.app.world import LATER, LINES, SMALL, TODAY, World

VIEWERS = ("li", "chen", "zhang", "zheng", "feng")
"""An owner, who works for him, his superior and head of department, whom he shares with, a member of his team."""

START = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = {**LISTED, "documents": "document"}

OTHERS = ("qian", "wu", "sun", "zhou")
"""Owners of what none of the viewers sees."""


def told(value: Any) -> str:
    """Write an answer out, to the last byte: what has no order in an order of its own, all else as it comes."""
    if isinstance(value, sf.SalesflowError):
        return f"{type(value).__name__}: {value} {told(value.args)} {told(getattr(value, 'reasons', ()))}"
    if isinstance(value, str | bytes) or value is None:
        return repr(value)
    if isinstance(value, Set):
        return f"{{{', '.join(sorted(map(told, value)))}}}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{told(key)}: {told(held)}' for key, held in value.items())}}}"
    if attrs.has(type(value)):
        held = (f"{part.name}={told(getattr(value, part.name))}" for part in attrs.fields(type(value)) if part.eq)
        return f"{type(value).__name__}({', '.join(held)})"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(told, value))}]"
    return repr(value)


def answer(ask: Callable[[], Any]) -> str:
    """Return what is told, be it a result or an error."""
    try:
        return told(ask())
    except sf.SalesflowError as no:
        return told(no)


def seen_world() -> World:
    """What the viewers see: records of li and chen in several states, shared with zheng, one with feng in the team."""
    world = World()
    world.share("zheng", sf.Access.READ_WRITE)
    for by in ("li", "chen"):
        customer = world.customer(by)
        world.contact(customer.id, by)
        lead = world.acting(by).leads.create(title="CRM2000", phone="1")
        world.acting(by).leads.follow_up(lead, "rang")
        deal = world.deal(by, amount=SMALL, process="gated")
        world.acting(by).opportunities.issue_quote(deal, LINES)
    world.converted_lead()
    world.won()
    world.lost()
    deal = world.team_deal(sf.TeamMember("feng", "presales"), sf.TeamMember("zhao", "joint", sf.Access.READ_WRITE))
    world.acting("li").opportunities.add_activity(deal, "call", "rang")
    return world


VOIDABLE = ("opportunity", "lead")


@cache
def models() -> Mapping[str, Any]:
    """One record of each kind and state that may be hidden, of a world of its own."""
    world = World()
    lead = world.lead()
    return {
        "deal": world.deal(), "gated": world.deal(process="gated"), "won": world.won(), "lost": world.lost(),
        "invalid": world.invalid(), "waiting": world.waiting(), "served": world.served(), "lead": lead,
        "assigned": world.acting("zhang").leads.assign(world.lead(), "chen"), "converted": world.converted_lead(),
        "pooled": world.lead(owner=None), "disqualified": world.disqualified_lead(),
        "customer": world.customer(), "contact": world.contact(), "quote": world.quote(), "invoice": world.invoice(),
    }  # fmt: skip


MODELS: Mapping[str, str] = {name: record.KIND for name, record in models().items()}
"""The kind of each."""


def hide(world: World, name: str, id: str, owner: str, **values: Any) -> Any:
    """Put a record into the store that only *owner* and whoever stands above them sees; voided, not even they."""
    record = models()[name]
    if isinstance(record, sf.Document):  # it is of a hidden deal, though it names a customer that may be seen
        deal = hide(world, "deal", f"deal of {id}", owner, **values)
        belongs = {"opportunity": deal.id, "customer": "customer-1"}
        return put(world, evolve(record, id=id, number=id, version=1, created_by=owner, **belongs))
    if isinstance(record, sf.Opportunity):
        values = {"team": (sf.TeamMember(owner, "owner", sf.Access.READ_WRITE),), "name": id, **values}
    if isinstance(record, sf.Lead):
        values = {"title": id, "phone": f"phone of {id}", **values}
    if name == "pooled":
        values = {**values, "owner": None, "pool": "dark"}
    placed = evolve(record, **{"id": id, "version": 1, "owner": owner, "created_by": owner, **values})
    return put(world, placed)


def put(world: World, record: Any) -> Any:
    """Put a record into the store as it is."""
    event = created(record, at=world.clock.now(), by="test", operation="test")
    world.store.save(UnitOfWork((Write(record.KIND, record.id, 0, record, (event,)),)))
    return record


def hide_all(world: World) -> World:
    """Hide one of everything, some of it beside what is seen; and people, departments and sharing rules."""
    for number, name in enumerate(MODELS):
        hide(world, name, f"0 {name}", OTHERS[number % 4])
        if MODELS[name] in VOIDABLE:
            hide(world, name, f"~ {name}", "li", voided=True)
    hide_people(world)
    return world


def hide_people(world: World) -> None:
    """Take somebody on elsewhere, who used the key that others use, too; and share what is hidden with others."""
    world.organization.put_department(sf.Department("dark", head="qian"))
    world.organization.put_employee(sf.Employee("ghost", manager="qian", department="dark"))
    world.flow.sharing.create(from_person="qian", to_department="dark", access=sf.Access.READ_WRITE)
    world.flow.sharing.create(from_department="dark", to_person="wu")
    put(world, sf.Pool(id="dark", version=1, name="dark", members=frozenset({"qian"})))
    world.store.save(UnitOfWork((), DoneOnce("ghost\nk", "leads.create secret", (("lead", "0 lead", 1),))))


Asked = Iterator[tuple[str, Callable[[], Any]]]
"""What is asked, in words, and how."""


def listed(desk: Any, **how: Any) -> list[Any]:
    """Return the pages of a list, with the places where each ended."""
    pages = [desk.list(limit=2, **how)]
    while pages[-1].after is not None:
        pages.append(desk.list(limit=2, after=pages[-1].after, **how))
    return pages


def exported(write: Callable[..., int], scene: str, kind: str) -> tuple[int, str]:
    """Return how many records were written, and the file."""
    file = StringIO()
    return write(scene, file, kind=kind), file.getvalue()


def one_by_one(world: World, person: str, group: str) -> Asked:
    """Everything that can be asked about one record, of each that is seen."""
    acting, now = world.acting(person), world.clock.now()
    desk = getattr(acting, group)
    for record in desk.list(limit=100).items:
        for method in ("get", "moves", "history", "card", "resources"):
            if hasattr(desk, method):
                yield f"{group}.{method} {record.id}", partial(getattr(desk, method), record)
        yield f"{group}.as_of {record.id}", partial(desk.as_of, record, now)
        yield f"flow.who_can_see {record.id}", partial(acting.who_can_see, record.id)
        for other in (person, "chen", "feng", "qian"):
            yield f"flow.why {other} {record.id}", partial(acting.why, other, record.id)


def by_scene(world: World, person: str) -> Asked:
    """Everything that is asked for a scene."""
    acting = world.acting(person)
    deals, figures, files = acting.opportunities, acting.pipeline, acting.files
    for scene in sf.scenes.default():
        for group, kind in KINDS.items():
            desk = getattr(acting, group)
            yield f"{group}.list {scene}", partial(listed, desk, scene=scene)
            for cap in (1, 1001, None):
                yield f"{group}.count {scene} {cap}", partial(desk.count, scene, cap)
            for write in (files.export_csv, files.export_json):
                yield f"files.{write.__name__} {kind} {scene}", partial(exported, write, scene, kind)
        for process in ("crm2000", "gated"):
            yield f"opportunities.board {scene} {process}", partial(deals.board, scene, process=process)
            for figure in (figures.funnel, figures.stage_times, figures.chances):
                yield f"pipeline.{figure.__name__} {scene} {process}", partial(figure, scene, process=process)
            flow = partial(figures.stage_flow, scene, process=process, since=TODAY, until=LATER)
            yield f"pipeline.stage_flow {scene} {process}", flow
        yield f"opportunities.stalled {scene}", partial(deals.stalled, scene)
        yield f"opportunities.overdue {scene}", partial(deals.overdue, scene)
        yield f"opportunities.silent {scene}", partial(deals.silent, 1, scene)
        for by in (None, "owner", "department", "team", "customer", "source"):
            yield f"pipeline.win_rates {scene} {by}", partial(figures.win_rates, scene, by=by)
            yield f"pipeline.velocity {scene} {by}", partial(figures.velocity, scene, by=by)
        yield f"pipeline.losses {scene}", partial(figures.losses, scene)
        yield f"pipeline.competitors {scene}", partial(figures.competitors, scene)
        yield f"pipeline.sources {scene}", partial(figures.sources, scene)
        yield f"pipeline.sales_cycle {scene}", partial(figures.sales_cycle, scene)
        yield f"pipeline.risks {scene}", partial(figures.risks, scene)
        yield f"pipeline.forecast {scene}", partial(figures.forecast, scene, since=TODAY, until=LATER)
        yield f"pipeline.changes {scene}", partial(figures.changes, scene, since=START)


PLANS: dict[str, Any] = {
    "a manager": sf.Employee("chen", manager="wu", department="west"),
    "a department": sf.Department("east", head="li"),
    "a group": sf.UserGroup("experts", members={"chen", "qian"}),
    "what others own": sf.SharingRule(id="new", version=1, from_person="qian", to_person="li"),
    "one's own": sf.SharingRule(id="new", version=1, from_person="li", to_person="chen"),
    "grades": AmountPolicy(sf.Money(300_000, "CNY")),
}


def asked(world: World, person: str) -> Asked:
    """Every question of the public face that *person* can ask without knowing of what is hidden."""
    acting = world.acting(person)
    for group in KINDS:
        yield from one_by_one(world, person, group)
        desk = getattr(acting, group)
        for order in ORDER_KEYS[KINDS[group]]:
            for minus in ("", "-"):
                how = minus + order
                yield f"{group}.list by {how}", partial(listed, desk, order_by=how)
    yield from by_scene(world, person)
    for name, plan in PLANS.items():
        yield f"flow.what_if {name}", partial(acting.what_if, plan)
    for group in READS.keys() - {*KINDS, "pipeline", "files"}:
        for method in READS[group].split():
            read = getattr(getattr(acting, group), method)
            yield f"{group}.{method}", read if method == "list" else partial(read, "1")


@cache
def plain_answers(person: str) -> Mapping[str, str]:
    """What is told where nothing is hidden."""
    return {words: answer(ask) for words, ask in asked(seen_world(), person)}


def test_everything_that_reads_is_asked():
    """REL-11: a read of the public face that is not asked here would be one that nobody knows to be tight."""
    reads = {f"{group}.{method}" for group, methods in READS.items() for method in methods.split()}
    on_acting = {f"flow.{name}" for name, held in vars(sf.Acting).items() if callable(held) and name[0] != "_"}
    others = {"flow.once", "flow.migrate", "flow.as_of", "flow.pipeline_over"}
    assert {words.split()[0] for words in plain_answers("li")} == reads | on_acting - others
    assert len(set(plain_answers("li").values())) > 100


HIDDEN = st.tuples(
    st.sampled_from(sorted(MODELS)),
    st.sampled_from(OTHERS),
    st.sampled_from("0~"),
    st.fixed_dictionaries(
        {},
        optional={
            "amount": st.sampled_from((None, sf.Money(1, "CNY"), sf.Money(10**9, "CNY"), sf.Money(5, "USD"))),
            "close_date": st.sampled_from((None, TODAY, LATER)),
            "customer": st.just("customer-1"),
        },
    ),
    st.booleans(),
)
"""What is hidden, whose, sorted before or behind what is seen, of other worth; or the viewer's own, but voided."""


@given(st.lists(HIDDEN, min_size=1, max_size=6), st.booleans(), st.sampled_from(VIEWERS))
@settings(max_examples=12)  # each asks some hundred questions
def test_what_is_hidden_changes_no_byte_of_what_one_is_told(hidden: list[Any], people: bool, person: str):
    """VIS-16, VIS-17, I-25: lists, pages, counts, figures, exports, histories, moves, explanations, what-if, errors."""
    world = seen_world()
    for number, (name, owner, place, values, is_own) in enumerate(hidden):
        held = values if MODELS[name] == "opportunity" else {}
        if is_own and MODELS[name] in VOIDABLE:
            owner, held = "li", {**held, "voided": True}
        hide(world, name, f"{place} {number}", owner, **held)
    if people:
        hide_people(world)
    told_now = {words: answer(ask) for words, ask in asked(world, person)}
    assert told_now == plain_answers(person)


def test_what_is_seen_does_change_it():
    """REL-11: the comparison above is able to fail: one more record of li's is told of nearly everywhere."""
    world = seen_world()
    hide(world, "won", "0", "li", customer="customer-1")
    changed = {words.split()[0] for words, ask in asked(world, "li") if answer(ask) != plain_answers("li").get(words)}
    assert changed >= {
        "opportunities.get", "opportunities.list", "opportunities.count", "opportunities.board", "files.export_csv",
        "files.export_json", "pipeline.funnel", "pipeline.win_rates", "pipeline.forecast", "pipeline.changes",
        "pipeline.sales_cycle", "pipeline.velocity", "flow.why", "flow.who_can_see", "flow.what_if",
    }  # fmt: skip


CASES: list[Done | No] = [*DONE, *NO]
BESIDE = [case for case in CASES if case.by != "root" and not getattr(case, "ports", None)]


@pytest.mark.parametrize("case", BESIDE, ids=name_of)
def test_what_is_hidden_changes_no_operation_and_no_refusal(case: Done | No):
    """VIS-17, REL-11, IO-1: result, report, reasons and messages are the same; a key's first result too."""

    def outcome(world: World) -> tuple[str, str]:
        about = case.given(world)
        keyed = world.acting(case.by).once("k")
        return (
            answer(lambda: case.do(getattr(keyed, case.group), about)),
            answer(lambda: case.do(getattr(keyed, case.group), about)),
        )

    assert outcome(hide_all(World())) == outcome(World())


class Traced:
    """A store that notes what it is asked, but for the ids."""

    def __init__(self, store: sf.MemoryStore) -> None:
        self._store = store
        self.trace: list[tuple[str, str]] = []

    def __getattr__(self, name: str) -> Any:
        held = getattr(self._store, name)

        def noted(*args: Any, **named: Any) -> Any:
            self.trace.append((name, getattr(args[0], "kind", args[0] if isinstance(args[0], str) else "")))
            return held(*args, **named)

        return noted


def probed(world: World, ask: Callable[[Any], Any], kind: str, id: str) -> tuple[str, list[tuple[str, str]]]:
    """
    Return what asking about *id* tells, with the id itself taken out of it, and what the store was asked.

    Customers and contacts may be read through other records, which are looked for where there is one (VIS-21).
    """
    store = world.ports["store"]
    store.trace.clear()
    words = answer(lambda: ask(id)).replace(repr(id), "ID")
    return words, list(store.trace) if kind in VOIDABLE else []


CARD_FIELDS = {"id", "title", "source", "created_at", "updated_at", "last_follow_up_at"}
"""What a card tells, its age by the first moment; and the two that leads are ordered by besides."""

BEHIND_THE_CARD: dict[str, Any] = {
    "contact": "Mr Wang", "phone": "007", "email": "w@b", "channel": "qq", "company": "Acme", "description": "secret",
    "branch": "north", "created_by": "wu", "last_follower": "wu", "review": ReviewState.SUBMITTED,
    "quote_number": "Q7", "contract_number": "C7", "disqualified_reason": "spam", "upstream_lead": "lead-9",
    "match_keys": ("phone:+8613912345678",), "duplicate_of": sf.Duplicate("customer", "customer-1"),
    "former_owners": (FormerOwner(1, "qian", START, "no time"),), "custom": (CustomField("vat", "5"),),
    "activities": (Activity("1", "call", "rang", START, "wu"),), "assigned_at": START,
    "merges": (Merge("lead-7", 2),), "reminders": (OverdueReminder("remind_owner", "wu", START),),
}  # fmt: skip
"""What it does not."""


@pytest.mark.parametrize("person", VIEWERS)
def test_what_stands_behind_a_card_changes_no_byte(person: str):
    """VIS-18, LEAD-14, REL-11: of a pool's lead its members are told title, source and age, and nothing else."""

    def tell(**behind: Any) -> tuple[dict[str, str], list[str]]:
        world = seen_world()
        put(world, evolve(models()["pooled"], id="card", **{"version": 1, "pool": None, **behind}))
        acting = world.acting(person)
        answers = {words: answer(ask) for words, ask in asked(world, person)}
        calls = [CALLS[name] for name in THERE if name != "claim"]
        return answers, [answer(partial(call, acting.leads, "card")) for call in calls]

    whole = {part.name for part in attrs.fields(sf.Lead)}
    decides = {"version", "owner", "pool", "status", "voided", "disabled", "conversion", "merged_into"}
    assert whole == {*CARD_FIELDS, *BEHIND_THE_CARD, *decides}
    assert tell(**BEHIND_THE_CARD) == tell()


PHONE = "139 1234 5678"


def beside_a_hidden_holder(holder: sf.Customer | sf.Lead) -> World:
    """What the viewers see, one lead more among it, whose number somebody has whom they do not see."""
    world = seen_world()
    put(world, evolve(holder, id="holder", version=1, match_keys=("phone:+8613912345678",)))
    for by in ("li", "chen"):
        world.acting(by).leads.create(title="Kitchen", phone=PHONE)
    return world


def over_duplicates(world: World, person: str) -> tuple[dict[str, str], dict[str, str]]:
    """Everything that one can ask about leads and customers; and what one can try to find out more."""
    acting = world.acting(person)
    about = ("leads.", "customers.", "files.export_csv lead", "files.export_json lead", "flow.w")
    answers = {words: answer(ask) for words, ask in asked(world, person) if words.startswith(about)}
    leads = [lead.id for lead in world.acting("root").leads.list().items if lead.title == "Kitchen"]
    rows = StringIO(f"id,customer,phone,owner\n1,B,{PHONE},{person}\n")
    tries: dict[str, Callable[[], Any]] = {
        "create": lambda: acting.leads.create(title="B", phone=PHONE),
        "claim": lambda: acting.leads.claim(leads[0]),
        "edit": lambda: acting.leads.edit(leads[0], company="B"),
        "follow up": lambda: acting.once("k").leads.follow_up(leads[0], "rang"),
        "follow up again": lambda: acting.once("k").leads.follow_up(leads[0], "rang"),
        "convert": lambda: acting.leads.convert(leads[0], customer=sf.NewCustomer("B")),
        "customer": lambda: acting.customers.create("B", phone=PHONE),
        "customer, edited": lambda: acting.customers.edit("customer-1", phone=PHONE),
        "imported": lambda: acting.files.import_csv(rows, CUSTOMERS),
    }
    return answers, {words: answer(ask) for words, ask in tries.items()}


@pytest.mark.parametrize("person", ["li", "zheng"])
def test_whose_a_number_is_changes_no_byte(person: str):
    """REL-11, LEAD-12: that a duplicate is known is told, and nothing of what it is: name, owner, age or kind."""
    customer, lead = models()["customer"], evolve(models()["lead"], quote_number="Q1")
    holders: list[Any] = [
        evolve(customer, owner="qian", name="Mr Wang", created_by="qian", industry="steel"),
        evolve(customer, owner="wu", name="B", created_by="sun", created_at=START, source_lead="lead-1"),
        evolve(lead, owner="zhou", title="Mr Wang", company="Acme"),
    ]
    told_of = [over_duplicates(beside_a_hidden_holder(one), person) for one in holders]
    assert told_of[0] == told_of[1]
    assert told_of[0][0] == told_of[2][0]
    tried, seen = told_of[0][1], over_duplicates(beside_a_hidden_holder(evolve(holders[0], owner=person)), person)[1]
    for words in ("create", "edit", "follow up", "follow up again"):
        assert "Duplicate(kind=None, id=None, name=None)" in tried[words]
        assert tried[words] == told_of[2][1][words]
        assert "Mr Wang" in seen[words]
    for words in ("convert", "customer", "imported"):
        assert "customer_exists_unseen" in tried[words]
        assert "holder" in seen[words] or words == "imported"


@one_each(SEEN)
def test_an_id_cannot_be_probed_by_any_operation(call: Done):
    """VIS-17, I-34: words and work for a hidden record are those for one that never was; no clock tells them apart."""
    world = World(through=Traced)
    about = call.given(world)
    hidden = probed(world, lambda id: do(world, call, id, "qian"), about.KIND, about.id)
    assert hidden == probed(world, lambda id: do(world, call, id, "qian"), about.KIND, "none")
    assert hidden[0].startswith("NotFound")


BY_ID = sorted(
    f"{group}.{method}"
    for group in KINDS
    for method in READS[group].split()
    if method in {"get", "moves", "history", "as_of", "card", "resources"}
)


PROBES = [
    (operation, name, voided)
    for operation in (*BY_ID, "flow.why", "flow.who_can_see")
    for name, kind in MODELS.items()
    for voided in (False, True)
    if KINDS.get(operation.split(".")[0], kind) == kind and (kind in VOIDABLE or not voided)
]


@pytest.mark.parametrize(("operation", "name", "voided"), PROBES)
def test_an_id_cannot_be_probed_by_any_read(operation: str, name: str, voided: bool):
    """VIS-17, I-25, I-34: whoever does not see a record, or whose own it was before it was voided, finds nothing."""
    group, method = operation.split(".")
    world = World(through=Traced)
    hide(world, name, "hidden", "li" if voided else "qian", **({"voided": True} if voided else {}))
    acting = world.acting("li")

    def ask(id: str) -> Any:
        if group == "flow":
            return acting.why("li", id) if method == "why" else acting.who_can_see(id)
        args = (world.clock.now(),) if method == "as_of" else ()
        return getattr(getattr(acting, group), method)(id, *args)

    hidden = probed(world, ask, MODELS[name], "hidden")
    assert hidden == probed(world, ask, MODELS[name], "none")
    assert hidden[0].startswith("NotFound")


CUSTOMERS = parse_mapping(
    'kind = "opportunity"\nkey = ["id"]\n[fields]\nname = "id"\nowner = "owner"\n'
    'process = { constant = "crm2000" }\nstage = { constant = "bidding" }\n'
    '[customer]\nname = "customer"\nphone = "phone"\n'
)

DEALS = parse_mapping(
    'kind = "opportunity"\nkey = ["id"]\n[fields]\nname = "id"\ncustomer = "customer"\n'
    'process = { constant = "crm2000" }\nstage = { constant = "bidding" }\nowner = { constant = "li" }'
)

NAMED: list[tuple[str, str, Callable[[sf.Acting, str], Any]]] = [
    ("customer", "opportunities.create", lambda a, id: a.opportunities.create("A", customer=id, process="crm2000")),
    ("contact", "opportunities.create", lambda a, id: a.opportunities.create("A", contact=id, process="crm2000")),
    ("customer", "opportunities.edit", lambda a, id: a.opportunities.edit("opportunity-1", customer=id)),
    ("contact", "opportunities.edit", lambda a, id: a.opportunities.edit("opportunity-1", contact=id)),
    ("contact", "set_contact_role", lambda a, id: a.opportunities.set_contact_role("opportunity-1", id, role="user")),
    (
        "contact",
        "set_contact_role",
        lambda a, id: a.opportunities.set_contact_role("opportunity-1", "contact-1", role="user", related_to=id),
    ),
    ("customer", "contacts.create", lambda a, id: a.contacts.create("A", customer=id)),
    ("customer", "contacts.edit", lambda a, id: a.contacts.edit("contact-1", customer=id)),
    ("customer", "leads.convert", lambda a, id: a.leads.convert("lead-1", customer=id)),
    ("contact", "leads.convert", lambda a, id: a.leads.convert("lead-1", contact=id)),
    ("opportunity", "leads.convert", lambda a, id: a.leads.convert("lead-1", customer="customer-1", opportunity=id)),
    ("customer", "files.import_csv", lambda a, id: a.files.import_csv(StringIO(f"id,customer\n1,{id}\n"), DEALS)),
    ("document", "opportunities.issue_order", lambda a, id: a.opportunities.issue_order("opportunity-1", source=id)),
    ("opportunity", "documents.list", lambda a, id: (id, a.documents.list(opportunity=id))),
    ("sharing_rule", "flow.what_if", lambda a, id: a.what_if(sf.visibility.Removed("sharing_rule", id))),
    ("sharing_rule", "sharing.get", lambda a, id: a.sharing.get(id)),
    ("sharing_rule", "sharing.edit", lambda a, id: a.sharing.edit(id, access=sf.Access.READ)),
    ("sharing_rule", "sharing.delete", lambda a, id: a.sharing.delete(id)),
]


@pytest.mark.parametrize(("kind", "operation", "ask"), NAMED, ids=[f"{where} {kind}" for kind, where, _ in NAMED])
def test_a_hidden_record_that_is_named_beside_reads_as_absent(
    kind: str, operation: str, ask: Callable[[sf.Acting, str], Any]
):
    """VIS-17, REL-11: an id in an argument or a file cannot be probed either; refused or reported in the same words."""
    outcomes = []
    for id in ("hidden", "absent"):
        world = World()
        world.deal()
        world.contact("customer-1")
        world.lead()
        name = {"opportunity": "deal", "document": "quote"}.get(kind, kind)
        if kind == "sharing_rule":
            world.place(world.share("wang"), id="hidden")
        else:
            hide(world, name, "hidden", "qian")
        outcomes.append(answer(partial(ask, world.acting("li"), id)).replace(id, "ID"))
    assert outcomes[0] == outcomes[1]
    assert "ID" in outcomes[0] or "not_permitted" in outcomes[0]
