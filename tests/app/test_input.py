"""Malformed arguments: always InvalidInput, never an error from inside, and nothing is done (REL-8, first slice)."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import salesflow as sf
from salesflow.visibility import VisibilityPolicy
from tests.app.world import LATER, World

BAD: dict[str, list[Any]] = {
    "name": [None, 5, "", "  ", "x" * 301, "a\nb", "a\x00b", "a\x7fb", b"name", ["name"], {"name": "x"}],
    "optional name": [5, "", "x" * 301, "a\tb", b"name", ["name"]],
    "words": [5, b"words", "x" * 20_001, "a\x00b", "a\ud800b", ["words"]],
    "saying": [None, 5, "", " \n ", "x" * 20_001, "a\x00b", ["words"]],
    "money": [5, 1.5, "100", Decimal(5), sf.Money(-1, "CNY"), ["CNY", 5], True],
    "day": ["2026-03-01", datetime(2026, 3, 1, tzinfo=UTC), 20260301, ["x"], True],
    "moment": ["2026-01-05T09:00", datetime(2026, 1, 5, 9), date(2026, 1, 5), 0],
    "flag": ["yes", 1, 0, [], "False"],
    "level": ["write", "", None, 5, ["read"]],
    "led_by": ["them", "", 5, ["us"], None],
    "grade": ["Z", "", 5, None, ["A"]],
    "percent": [-1, 101, 50.0, "50", True, None, Decimal(50)],
    "process": ["none", "x" * 301, 5, ["crm2000"]],
    "mapping": ["a", 5, [("a", 1)], None, {5: "a"}, {"a": 1.5}, {"a": ["b"]}, {"": 1}, {"a\n": 1}, {"a": "\x00"}],
    "lines": [5, "a", [5], None, [sf.ProductLine("a", "A", Decimal(1), sf.Money(1, "CNY"))] * 2,
              [sf.ProductLine("a", "A", Decimal(0), sf.Money(1, "CNY"))],
              [sf.ProductLine("a", "A", Decimal("NaN"), sf.Money(1, "CNY"))],
              [sf.ProductLine("a", "A", 1, sf.Money(1, "CNY"))],  # type: ignore[arg-type]  # on purpose
              [sf.ProductLine("a", "A", Decimal(1), sf.Money(-1, "CNY"))]],
    "team": [5, "li", ["li"], [None], sf.TeamMember("zhao"), [sf.TeamMember("")], [sf.TeamMember("zhao", "")],
             [sf.TeamMember("zhao", "sales", "write")],  # type: ignore[arg-type]  # on purpose
             [sf.TeamMember(5)]],  # type: ignore[arg-type]  # on purpose
    "part": [5, ["id"], sf.Employee("li"), sf.NewOpportunity, b"id"],
}  # fmt: skip
"""Values that do not fit, by what they are given for."""

Call = Callable[[Any, Any, Any], Any]


def _deal(method: str, *before: Any, name: str | None = None, **others: Any) -> Call:
    """An operation on a deal, whose next argument, or the one of this name, is the bad value."""

    def call(acting: Any, deal: Any, bad: Any) -> Any:
        named = {**others, **({name: bad} if name else {})}
        return getattr(acting.opportunities, method)(deal, *before, *(() if name else (bad,)), **named)

    return call


def _lead(method: str, *before: Any, name: str | None = None, **others: Any) -> Call:
    def call(acting: Any, deal: Any, bad: Any) -> Any:
        named = {**others, **({name: bad} if name else {})}
        return getattr(acting.leads, method)("lead-1", *before, *(() if name else (bad,)), **named)

    return call


def _new(group: str, argument: str, /, **others: Any) -> Call:
    def call(acting: Any, deal: Any, bad: Any) -> Any:
        return getattr(acting, group).create(**{**others, argument: bad})

    return call


A_LEAD = {"title": "A", "phone": "1"}
A_DEAL = {"name": "A", "customer": "customer-1", "process": "crm2000", "close_date": LATER}
A_RULE = {"from_person": "li", "to_person": "qian"}

ARGUMENTS: list[tuple[str, str, Call]] = [
    ("leads.create title", "name", _new("leads", "title", phone="1")),
    *((f"leads.create {n}", "optional name", _new("leads", n, **A_LEAD))
      for n in ("contact", "phone", "email", "channel", "company", "source", "branch", "owner")),
    ("leads.create description", "words", _new("leads", "description", **A_LEAD)),
    ("leads.assign to", "name", _lead("assign")),
    ("leads.assign branch", "optional name", _lead("assign", "chen", name="branch")),
    ("leads.follow_up text", "words", _lead("follow_up")),
    ("leads.follow_up kind", "name", _lead("follow_up", "x", name="kind")),
    ("leads.follow_up at", "moment", _lead("follow_up", "x", name="at")),
    ("leads.edit title", "name", _lead("edit", name="title")),
    ("leads.edit description", "words", _lead("edit", name="description")),
    ("leads.edit phone", "optional name", _lead("edit", name="phone")),
    ("leads.edit custom", "mapping", _lead("edit", name="custom")),
    *((f"leads.{m} reason", "words", _lead(m, name="reason")) for m in ("recycle", "disqualify", "void")),
    *((f"leads.convert {n}", "part", _lead("convert", name=n)) for n in ("customer", "contact", "opportunity")),
    ("opportunities.create name", "name", _new("opportunities", "name", customer="customer-1", process="crm2000")),
    *((f"opportunities.create {n}", "optional name", _new("opportunities", n, **A_DEAL))
      for n in ("customer", "contact", "stage", "owner", "source")),
    ("opportunities.create amount", "money", _new("opportunities", "amount", **A_DEAL)),
    ("opportunities.create close_date", "day", _new("opportunities", "close_date", **A_DEAL)),
    ("opportunities.create process", "process", _new("opportunities", "process", **A_DEAL)),
    ("opportunities.create no process", "led_by", lambda acting, deal, bad: acting.opportunities.create("A")),
    ("opportunities.create reason", "words", _new("opportunities", "reason", **A_DEAL)),
    ("opportunities.create led_by", "led_by", _new("opportunities", "led_by", **A_DEAL)),
    ("opportunities.create team", "team", _new("opportunities", "team", **A_DEAL)),
    ("opportunities.edit name", "name", _deal("edit", name="name")),
    *((f"opportunities.edit {n}", "optional name", _deal("edit", name=n)) for n in ("customer", "contact", "source")),
    ("opportunities.edit amount", "money", _deal("edit", name="amount")),
    ("opportunities.edit close_date", "day", _deal("edit", name="close_date")),
    ("opportunities.edit probability", "percent", _deal("edit", name="probability")),
    ("opportunities.edit led_by", "led_by", _deal("edit", name="led_by")),
    ("opportunities.edit products", "lines", _deal("edit", name="products")),
    ("opportunities.edit custom", "mapping", _deal("edit", name="custom")),
    ("opportunities.edit stage", "name", _deal("edit", name="stage")),
    ("opportunities.edit id", "name", _deal("edit", name="id")),
    ("opportunities.add_activity kind", "name", _deal("add_activity", name="kind", text="x")),
    ("opportunities.add_activity text", "words", _deal("add_activity", "call")),
    ("opportunities.add_activity at", "moment", _deal("add_activity", "call", "x", name="at")),
    *((f"opportunities.{m} task", "name", _deal(m)) for m in ("finish_task", "reopen_task", "unassign_task")),
    ("opportunities.add_task name", "name", _deal("add_task")),
    ("opportunities.add_task code", "optional name", _deal("add_task", "A", name="code")),
    ("opportunities.add_task assignee", "optional name", _deal("add_task", "A", name="assignee")),
    ("opportunities.add_task due", "day", _deal("add_task", "A", name="due")),
    ("opportunities.assign_task task", "name", _deal("assign_task", name="task", assignee="li")),
    ("opportunities.assign_task assignee", "name", _deal("assign_task", "confirm_tender")),
    ("opportunities.assign_task only due", "day", _deal("assign_task", "confirm_tender", name="due")),
    ("opportunities.add_task after_sales", "flag", _deal("add_task", "A", name="after_sales")),
    ("opportunities.assign_task due", "day", _deal("assign_task", "confirm_tender", "li", name="due")),
    ("opportunities.fill_feedback text", "saying", _deal("fill_feedback")),
    ("opportunities.change_stage stage", "name", _deal("change_stage")),
    ("opportunities.change_stage reason", "words", _deal("change_stage", "bidding", name="reason")),
    ("opportunities.win amount", "money", _deal("win", name="amount")),
    ("opportunities.win comment", "words", _deal("win", name="comment")),
    ("opportunities.lose competitor", "optional name", _deal("lose", reason="price", name="competitor")),
    *((f"opportunities.{m} close_date", "day", _deal(m, name="close_date", **words))
      for m, words in (("win", {}), ("lose", {"reason": "price"}), ("invalidate", {"reason": "other"}))),
    *((f"opportunities.{m} comment", "words", _deal(m, name="comment", reason="other"))
      for m in ("lose", "invalidate")),
    *((f"opportunities.{m} reason", "words", _deal(m, name="reason")) for m in ("lose", "invalidate", "void")),
    ("opportunities.change_owner to", "name", _deal("change_owner")),
    ("opportunities.change_owner old_owner_role", "optional name",
     _deal("change_owner", "chen", name="old_owner_role")),
    ("opportunities.change_owner hand_over_tasks", "flag", _deal("change_owner", "chen", name="hand_over_tasks")),
    *((f"opportunities.{m} person", "name", _deal(m, name="person", role="joint", **level))
      for m, level in (("add_member", {}), ("change_member", {"access": "read"}), ("remove_member", {}))),
    *((f"opportunities.{m} role", "name", _deal(m, "zhao", name="role", **level))
      for m, level in (("add_member", {}), ("change_member", {"access": "read"}), ("remove_member", {}))),
    *((f"opportunities.{m} access", "level", _deal(m, "zhao", role="joint", name="access"))
      for m in ("add_member", "change_member")),
    ("opportunities.set_contact_role contact", "name", _deal("set_contact_role", role="user", name="contact")),
    ("opportunities.set_contact_role role", "name", _deal("set_contact_role", "contact-1", name="role")),
    ("opportunities.set_contact_role is_primary", "flag",
     _deal("set_contact_role", "contact-1", role="user", name="is_primary")),
    ("opportunities.set_contact_role related_to", "optional name",
     _deal("set_contact_role", "contact-1", role="user", name="related_to")),
    *((f"opportunities.{m} competitor", "name", _deal(m)) for m in ("add_competitor", "remove_competitor")),
    ("opportunities.set_grade grade", "grade", _deal("set_grade", reason="x", name="grade")),
    ("opportunities.set_grade reason", "words", _deal("set_grade", "A", name="reason")),
    ("opportunities.waive_stage stage", "name", _deal("waive_stage", reason="x", name="stage")),
    ("opportunities.waive_stage reason", "words", _deal("waive_stage", "bidding", name="reason")),
    ("opportunities.request_approval operation", "grade", _deal("request_approval")),
    ("opportunities.request_approval stage", "name", _deal("request_approval", "change_stage", name="stage")),
    ("opportunities.request_approval reason", "words",
     _deal("request_approval", "change_stage", stage="bidding", name="reason")),
    ("opportunities.request_approval comment", "words", _deal("request_approval", "win", name="comment")),
    ("opportunities.request_approval amount", "money", _deal("request_approval", "win", name="amount")),
    ("opportunities.request_approval close_date", "day", _deal("request_approval", "win", name="close_date")),
    ("opportunities.request_approval no stage", "name", _deal("request_approval", "change_stage", name="comment")),
    ("opportunities.request_approval none", "name", _deal("request_approval", "advance", name="reason")),
    *((f"opportunities.{m} approval", "optional name", _deal(m, **words, name="approval"))
      for m, words in (("approve", {}), ("refuse", {"comment": "x"}), ("withdraw_approval", {}))),
    ("opportunities.start_after_sales process", "process", _deal("start_after_sales")),
    ("opportunities.after_sales_feedback text", "saying", _deal("after_sales_feedback")),
    ("customers.create name", "name", _new("customers", "name")),
    *((f"customers.create {n}", "optional name", _new("customers", n, name="A"))
      for n in ("phone", "email", "industry", "owner")),
    ("customers.edit name", "name", lambda acting, deal, bad: acting.customers.edit(deal.customer, name=bad)),
    ("customers.edit owner", "name", lambda acting, deal, bad: acting.customers.edit(deal.customer, owner=bad)),
    ("customers.edit version", "name", lambda acting, deal, bad: acting.customers.edit(deal.customer, version=bad)),
    ("contacts.create name", "name", _new("contacts", "name")),
    *((f"contacts.create {n}", "optional name", _new("contacts", n, name="A"))
      for n in ("customer", "phone", "email", "title")),
    ("contacts.edit customer", "optional name",
     lambda acting, deal, bad: acting.contacts.edit("contact-1", customer=bad)),
    *((f"sharing.create {n}", "flag", _new("sharing", n, **A_RULE))
      for n in ("from_subdepartments", "to_subdepartments")),
    ("sharing.create access", "level", _new("sharing", "access", **A_RULE)),
    ("sharing.create from_person", "name", _new("sharing", "from_person", to_person="qian")),
    ("sharing.create to_group", "name", _new("sharing", "to_group", from_person="li")),
    ("sharing.create two sources", "optional name", _new("sharing", "from_department", **A_RULE)),
    ("sharing.create two targets", "optional name", _new("sharing", "to_department", **A_RULE)),
    ("sharing.edit access", "level", lambda acting, deal, bad: acting.sharing.edit("sharing_rule-1", access=bad)),
    ("files.import_opportunities", "flag", lambda acting, deal, bad: acting.files.import_opportunities(
        bad if not isinstance(bad, str | list) else None)),
]  # fmt: skip

CASES = [(name, call, bad) for name, values, call in ARGUMENTS for bad in BAD[values]]


@pytest.fixture(scope="module")
def world() -> World:
    """One world for all: nothing that is tried here may change it."""
    world = World()
    world.share("feng")
    world.lead()
    world.contact(world.team_deal().customer)
    return world


@pytest.mark.parametrize(("name", "call", "bad"), CASES, ids=[f"{n}-{str(b)[:20]!r}" for n, _, b in CASES])
def test_a_malformed_argument_is_invalid(world: World, name: str, call: Call, bad: Any):
    """REL-8: whoever asks, in whatever state: the wrong type, range or form is the calling code's mistake."""
    before = world.everything()
    deal = world.store.get("opportunity", "opportunity-1")
    with pytest.raises(sf.InvalidInput) as invalid:
        call(world.acting("root"), deal, bad)
    assert world.everything() == before
    assert len(str(invalid.value)) < 1500
    assert pickle.loads(pickle.dumps(invalid.value)).args == invalid.value.args


@pytest.mark.parametrize(
    "make",
    [
        lambda: sf.NewOpportunity("A", led_by="them"),
        lambda: sf.NewOpportunity("A", team=sf.TeamMember("li")),  # type: ignore[arg-type]  # on purpose
        lambda: sf.NewOpportunity("A", amount=5),  # type: ignore[arg-type]  # on purpose
        lambda: sf.NewCustomer(""),
        lambda: sf.NewContact("A", phone="1\n2"),
    ],
)
def test_requests_check_what_they_are_given(make: Callable[[], Any]):
    """REL-8: a request that does not fit cannot be made."""
    with pytest.raises(sf.InvalidInput):
        make()


@pytest.mark.parametrize(
    "team",
    [(5,), ("zhao",), (sf.TeamMember(""),), (sf.TeamMember("zhao", "sales", "write"),)],  # type: ignore[arg-type]
)
def test_the_team_of_a_conversion_is_checked(world: World, team: Any):
    """LEAD-6, REL-8: what a request carries along is checked before anything is decided."""
    before = world.everything()
    asked = sf.NewOpportunity("A", process="crm2000", team=team)
    with pytest.raises(sf.InvalidInput, match="member"):
        world.acting("li").leads.convert("lead-1", customer=sf.NewCustomer("A"), opportunity=asked)
    assert world.everything() == before


@pytest.mark.parametrize("process", ["none", None])
def test_the_process_of_a_conversion_is_known(world: World, process: Any):
    """LEAD-6: an unknown process is refused with those that there are; so is none where there are several."""
    asked = sf.NewOpportunity("A", process=process)
    with pytest.raises(sf.InvalidInput, match="crm2000"):
        world.acting("li").leads.convert("lead-1", customer=sf.NewCustomer("A"), opportunity=asked)


def test_access_levels_are_kept_as_such():
    """TEAM-1: plain words do as well, and are the same in the record."""
    world = World()
    deal = world.deal(team=[sf.TeamMember("zhao", "joint", "read_write")])  # type: ignore[arg-type]  # on purpose
    deal = world.acting("li").opportunities.add_member(deal, "wang", access="read")  # type: ignore[arg-type]
    assert all(isinstance(member.access, sf.Access) for member in deal.team)


class Reads:
    """A grading policy that says what it reads, wrongly."""

    def __init__(self, reads: object) -> None:
        self.reads = reads

    def __repr__(self) -> str:
        return f"Reads({self.reads!r})"  # two workers must name one test alike

    def grade(self, opportunity: sf.Opportunity, on: date | None = None) -> Any:
        """Grade nothing: it does not come that far."""


CONFIGURATION: list[dict[str, Any]] = [
    *({"time_zone": bad} for bad in ("Mars/Base", "", None, 5, "../etc/passwd", "Asia", "a\x00b", "x" * 5000, ["UTC"])),
    *({"processes": bad} for bad in (None, 5, [5], ["crm2000"], {"a": "b"}, sf.templates.builtin()["crm2000"])),
    {"scenes": {}},
    {"scenes": {**sf.scenes.default(), "mine": 5}},
    *({"scenes": bad} for bad in (5, ["all"], {5: 5}, "all")),
    *({what: bad} for what in ("settings", "visibility") for bad in (5, 0, "")),
    *({what: bad} for what in ("store", "organization", "clock", "ids", "grading", "audit") for bad in BAD["part"]),
    {"store": None},
    {"organization": None},
    {"grading": Reads("amount")},
    {"grading": Reads(5)},
    {"grading": Reads(("none",))},
]


@pytest.mark.parametrize("ports", CONFIGURATION, ids=lambda ports: str(ports)[:60])
def test_a_flow_is_not_made_of_what_does_not_fit(ports: dict[str, Any]):
    """HIST-2, PROC-3, VIS-14: zones, processes, scenes and settings are checked when the flow is made."""
    with pytest.raises(sf.InvalidInput):
        World(**ports)


UNSOUND: list[tuple[Any, dict[str, Any]]] = [
    *((sf.Settings, {name: bad}) for name in ("keep_manual_probability", "past_close_date_allowed")
      for bad in BAD["flag"]),
    *((sf.Settings, {"after_sales_process": bad}) for bad in BAD["name"]),
    *((sf.Settings, {"resources": bad}) for bad in BAD["percent"]),
    *((sf.grading.AmountPolicy, {"rates": bad}) for bad in BAD["level"] if bad is not None),
    *((VisibilityPolicy, {"administrators_operate": bad}) for bad in BAD["flag"]),
    *((VisibilityPolicy, {"access": bad}) for bad in (5, None, ["x"], {"leads.create": 5})),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values"), UNSOUND)
def test_settings_and_policies_check_what_they_are_given(kind: Any, values: dict[str, Any]):
    """GRADE-5, GRADE-6, ACC-24, REL-8: what does not fit is refused when it is configured, not when it is needed."""
    with pytest.raises(sf.InvalidInput):
        kind(**values)


def test_a_port_whose_property_fails_is_a_failing_port():
    """REL-7: looking whether a port has what it takes may fail too, and is no mistake of the caller's then."""

    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise OSError(name)

    with pytest.raises(sf.PortError, match="clock"):
        World(clock=Broken())


def test_a_refusal_of_a_reference_reads_well():
    """REL-8: a message names what would do, in words that people use."""
    for kind, article in (("opportunity", "an"), ("lead", "a")):
        with pytest.raises(sf.InvalidInput, match=f"must be {article} {kind} or its id"):
            getattr(World().acting("li"), "opportunities" if article == "an" else "leads").get(5)


def test_a_flow_refuses_templates_with_errors_and_two_of_one_version():
    """PROC-3, PROC-6: a broken template lists its problems; one version cannot be two; the same one twice may be."""
    crm2000 = sf.templates.builtin()["crm2000"]
    with pytest.raises(sf.TemplateError) as broken:
        World(processes=[sf.SalesProcess("empty", 1, [])])
    assert broken.value.problems
    other = sf.SalesProcess("crm2000", 1, [sf.Stage("only")])
    with pytest.raises(sf.InvalidInput, match=r"crm2000 version 1.*twice"):
        World(processes=[crm2000, other])
    World(processes=[crm2000, crm2000])


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"version": [1]}, "version"),
        ({"id": ["p"]}, "id"),
        ({"stages": 5}, "stages[0]"),
        ({"stages": [[]]}, "stages[0]"),
        ({"stages": [5]}, "stages[0]"),
        ({"custom_fields": 5}, "custom_fields[0]"),
    ],
)
def test_a_template_of_wrong_types_says_where(parts: dict[str, Any], place: str):
    """PROC-3, REL-8: whatever stands in a template, even what cannot be hashed, is a problem with a place."""
    with pytest.raises(sf.TemplateError) as broken:
        World(processes=[sf.SalesProcess(**{"id": "p", "version": 1, "stages": [sf.Stage("a")], **parts})])
    assert any(str(problem).startswith(f"{place}: ") for problem in broken.value.problems)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**5000], ids=["above", "below", "far"])
def test_a_custom_number_fits_into_64_bits(value: int):
    """OPP-2, OPP-18: what no store can hold is refused where it is given; the bounds themselves are kept."""
    world = World()
    deals = world.acting("li").opportunities
    deal = world.deal()
    with pytest.raises(sf.InvalidInput, match=r"custom\.x: .*64 bits"):
        deals.edit(deal, custom={"x": value})
    deal = deals.edit(deal, custom={"x": 2**63 - 1, "y": -(2**63), "z": True})
    assert [held.value for held in deal.custom] == [2**63 - 1, -(2**63), True]


def test_true_and_one_are_two_values():
    """OPP-18, HIST-1: a custom field that goes from True to 1 has changed; from 1 to 1 it has not."""
    world = World()
    deals = world.acting("li").opportunities
    before = deals.edit(world.deal(), custom={"x": True})
    after = deals.edit(before, custom={"x": 1})
    assert (after.version, after.custom[0].value is True) == (before.version + 1, False)
    assert sf.model.CustomField("x", 1) != sf.model.CustomField("x", True)
    assert deals.edit(after, custom={"x": 1}).version == after.version


FARTHEST = [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=ZoneInfo("America/New_York"))]


@pytest.mark.parametrize("moment", FARTHEST, ids=str)
def test_no_moment_is_beyond_what_a_zone_can_tell(moment: datetime):
    """HIST-2, REL-8: a moment at the end of the calendar is the caller's mistake, in a zone west or east."""
    world = World(time_zone="America/New_York")
    deals = world.acting("li").opportunities
    deal = world.deal()
    with pytest.raises(sf.InvalidInput, match="must lie between"):
        deals.add_activity(deal, "note", "x", at=moment)
    with pytest.raises(sf.InvalidInput, match="must lie between"):
        deals.as_of(deal.id, moment)


def test_a_record_stays_on_its_version_and_the_flow_must_know_it():
    """PROC-6: new ones start on the newest version; old ones stay, and a flow without their version says so."""
    first = sf.SalesProcess("p", 1, [sf.Stage("a"), sf.Stage("b")])
    second = sf.SalesProcess("p", 2, [sf.Stage("x"), sf.Stage("y")])
    world = World(processes=[first])
    deal = world.deal(process="p")
    newer = sf.SalesFlow(**{**world.ports, "processes": [second, first]})
    assert newer.acting_as("li").opportunities.advance(deal).stage == "b"
    assert newer.acting_as("li").opportunities.create("B", customer=deal.customer).stage == "x"
    without = sf.SalesFlow(**{**world.ports, "processes": [second]})
    with pytest.raises(sf.InvalidInput, match="p version 1"):
        without.acting_as("li").opportunities.lose(deal.id, reason="price")
