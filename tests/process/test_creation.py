"""How an opportunity comes into being: by hand, from a lead, or from elsewhere with its past."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow import templates
from salesflow.errors import InvalidInput
from salesflow.model import (
    Access,
    ImportedOpportunity,
    LedBy,
    Money,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    Reason,
    Route,
    StageEntry,
    StageExit,
    TeamMember,
    TeamRole,
    business_day,
    check,
    replay,
)
from salesflow.process import compile, edit_opportunity, import_opportunity, start_after_sales
from salesflow.testing import strategies as some
from tests.process.samples import (
    AT,
    BY,
    DAY,
    DEMO,
    FAST,
    FREE,
    MINE,
    NAIVE,
    QUOTE,
    TALK,
    TODAY,
    WORTH,
    a_lead,
    codes,
    created,
    does,
    graded,
    history_holds,
    later,
    opened,
)

WANG = TeamMember("wang", TeamRole.JOINT)
FROM_LEAD = evolve(FAST, entry_from_lead="quote")
ARRIVAL: dict[str, Any] = {"id": "old-7", "name": "Old deal", "owner": "li", "process": "mine", "stage": "quote"}
HOME = ZoneInfo("Asia/Shanghai")


def day(moment: datetime) -> date:
    return business_day(moment, HOME)


def arrived(process: Any = MINE, route: Route = Route.FULL, **values: Any) -> Opportunity:
    """An imported opportunity, which is sound and exactly what its one event tells."""
    arrival = ImportedOpportunity(**{**ARRIVAL, **values})
    opportunity, decision = import_opportunity(process, arrival, grader=lambda _: graded(route), zone_day=day, **BY)
    assert check(opportunity) == []
    assert history_holds(opportunity, decision.events)
    assert [str(event.kind) for event in decision.events] == ["imported"]
    assert decision.events[0].operation == "files.import_opportunities"
    return opportunity


def stays(opportunity: Opportunity) -> list[Any]:
    return [(v.stage, str(v.entry), v.entered_at, v.exit and str(v.exit), v.left_at) for v in opportunity.visits]


class TestByHand:
    def test_a_plain_one(self):
        """OPP-1, OPP-2: the first stage, its tasks and probability; the creator's, graded, and told by one event."""
        graded_as: list[Opportunity] = []

        def grader(opportunity: Opportunity) -> Any:
            graded_as.append(opportunity)
            return graded(Route.PARTNER)

        close = TODAY + timedelta(days=30)
        opportunity, decision = created(
            amount=WORTH, close_date=close, team=(WANG,), led_by=LedBy.PARTNER, grader=grader, source="website"
        )
        assert decision.is_allowed
        assert check(opportunity) == []
        assert history_holds(opportunity, decision.events)
        (event,) = decision.events
        assert (event.kind, event.operation, event.by, event.at) == ("created", "opportunities.create", "li", AT)

        assert (opportunity.id, opportunity.version, opportunity.name) == ("deal", 1, "A deal")
        assert (opportunity.process, opportunity.process_version) == ("mine", 1)
        assert (opportunity.status, opportunity.stage) == (OpportunityStatus.IN_PROGRESS, "talk")
        assert stays(opportunity) == [("talk", "created", AT, None, None)]
        assert [t.id for t in opportunity.tasks] == ["1:call", "1:write"]
        assert opportunity.probability == Probability(10, ProbabilitySource.STAGE)
        assert opportunity.team == (TeamMember("li", TeamRole.OWNER, Access.READ_WRITE), WANG)
        assert (opportunity.amount, opportunity.close_date, opportunity.led_by) == (WORTH, close, LedBy.PARTNER)
        assert (opportunity.customer, opportunity.contact, opportunity.source) == ("acme", None, "website")
        assert (opportunity.source_lead, opportunity.is_imported) == (None, False)
        assert (opportunity.created_at, opportunity.created_by, opportunity.updated_at) == (AT, "li", AT)
        assert opportunity.grade == graded(Route.PARTNER)
        assert graded_as == [evolve(opportunity, grade=opened().grade)]

    def test_the_owner_need_not_be_the_creator(self):
        """OPP-1: owner is the creator unless given."""
        opportunity = opened(owner="wang")
        assert (opportunity.owner, opportunity.created_by) == ("wang", "li")
        assert opportunity.team[0].person == "wang"

    def test_it_belongs_to_somebody(self):
        """OPP-1, CUS-1: a customer or a contact; without both it is refused."""
        assert opened(customer=None, contact="qian").contact == "qian"
        assert codes(created(customer=None)[1]) == ["customer_missing"]
        assert created(customer=None)[0] is None

    @pytest.mark.parametrize(("days", "allowed"), [(-1, False), (0, True), (1, True)])
    def test_the_expected_close_date_is_not_past(self, days, allowed):
        """OPP-2: today or later; an error by default, and let through by policy."""
        close = TODAY + timedelta(days=days)
        decision = created(close_date=close)[1]
        past = Reason("close_date_past", close_date=str(close), today=str(TODAY))
        assert decision.reasons == (() if allowed else (past,))
        assert opened(close_date=close, past_close_date_allowed=True).close_date == close

    def test_the_initial_team_keeps_the_rules(self):
        """TEAM-2: no second owner, and nobody twice in one role; the owner may have another role too."""
        owner = TeamMember("wang", TeamRole.OWNER, Access.READ_WRITE)
        twice = (WANG, TeamMember("zhang"), evolve(WANG, access=Access.READ_WRITE))
        assert codes(created(team=(owner,))[1]) == ["owner_role"]
        assert created(team=twice)[1].reasons == (Reason("member_exists", person="wang", role="joint"),)
        assert opened(team=(TeamMember("li", TeamRole.SALES), WANG)).team[1:] == (TeamMember("li"), WANG)

    def test_every_reason_comes_together(self):
        """OPP-1: what is wrong with a request is told at once."""
        owner = TeamMember("wang", TeamRole.OWNER)
        nothing, decision = created(customer=None, close_date=date(2020, 1, 1), team=(owner, owner), stage="nowhere")
        assert nothing is None
        assert codes(decision) == [
            "customer_missing", "close_date_past", "owner_role", "member_exists", "stage_unknown",
        ]  # fmt: skip
        assert decision.reasons[-1] == Reason(
            "stage_unknown", stage="nowhere", stages=("talk", "demo", "quote", "sign")
        )

    def test_a_naive_moment_is_refused(self):
        """HIST-2: the caller must say which zone is meant."""
        with pytest.raises(InvalidInput, match="timezone-aware"):
            created(at=NAIVE)

    def test_moments_are_kept_in_utc(self):
        """HIST-2: an aware moment of another zone is the same moment in UTC."""
        opportunity = opened(at=AT.astimezone(HOME))
        assert opportunity.created_at == AT
        assert opportunity.created_at.tzinfo is UTC
        assert opportunity.visits[0].entered_at == AT


class TestEnteringLater:
    """OPP-1: a later stage than the first follows the template's jump rule."""

    def test_with_a_reason(self):
        """OPP-6: passed stages are recorded as skipped, with the reason."""
        assert codes(created(stage="sign")[1]) == ["reason_missing"]
        assert codes(created(stage="sign", reason="")[1]) == ["reason_missing"]
        opportunity = opened(stage="sign", reason="they know us")
        assert stays(opportunity) == [
            *((stage, "jumped", AT, "skipped", AT) for stage in ("talk", "demo", "quote")),
            ("sign", "created", AT, None, None),
        ]
        assert {v.reason for v in opportunity.visits[:-1]} == {"they know us"}
        assert [t.id for t in opportunity.tasks] == ["4:draw_up"]
        assert opportunity.probability.percent == 90

    def test_the_first_stage_by_name_needs_none(self):
        """OPP-1: naming the first stage is no jump."""
        for process in (MINE, FREE, FAST):
            assert opened(process, stage="talk") == opened(process)

    def test_past_optional_stages_without_one(self):
        """PROC-1: an optional stage may be passed without a reason."""
        optional = evolve(MINE, stages=[evolve(TALK, is_optional=True), DEMO, QUOTE])
        assert opened(optional, stage="quote").stage == "quote"
        assert codes(created(evolve(MINE, stages=[DEMO, TALK, QUOTE]), stage="quote")[1]) == ["reason_missing"]

    def test_freely(self):
        """OPP-6: where jumping is free, so is entering."""
        opportunity = opened(FREE, stage="sign")
        assert [v.reason for v in opportunity.visits] == [None] * 4

    def test_on_a_fast_track(self):
        """OPP-6a: FULL does not, FAST_TRACK enters the last stage, a partner's deal is not registered yet."""
        first = Reason("not_first_stage", first="talk", stage="sign")
        only = Reason("only_to_last_stage", last="sign")
        unregistered = Reason("registration_needed", registration="unregistered")
        full, fast, partner = Route.FULL, Route.FAST_TRACK, Route.PARTNER
        assert created(FAST, full, stage="sign")[1].reasons == (first, Reason("full_route"))
        assert created(FAST, fast, stage="quote")[1].reasons == (only,)
        assert created(FAST, partner, stage="quote")[1].reasons == (only, unregistered)
        assert created(FAST, partner, stage="sign")[1].reasons == (unregistered,)
        assert created(FAST, full, stage="sign")[0] is None
        assert opened(FAST, fast, stage="sign").visits[-1].stage == "sign"


class TestFromALead:
    def test_it_enters_where_the_template_says(self):
        """PROC-4, LEAD-6: stages before are finished stays, from the lead's creation to its conversion."""
        lead = a_lead()
        opportunity, decision = created(FROM_LEAD, lead=lead, operation="leads.convert")
        assert stays(opportunity) == [
            ("talk", "created", lead.created_at, "advanced", AT),
            ("demo", "created", lead.created_at, "advanced", AT),
            ("quote", "created", AT, None, None),
        ]
        assert opportunity.source_lead == "lead"
        assert [t.id for t in opportunity.tasks] == ["3:price"]
        assert decision.events[0].operation == "leads.convert"
        assert check(opportunity) == []

    def test_the_built_in_bidding_process(self):
        """PROC-4: a converted lead enters `initiate`, and `validate` is a finished stay."""
        bidding = templates.builtin()["tas_bidding"]
        opportunity = opened(bidding, lead=a_lead())
        assert [(v.stage, v.exit) for v in opportunity.visits] == [
            ("validate", StageExit.ADVANCED), ("initiate", None),
        ]  # fmt: skip

    def test_without_a_lead_or_a_word_of_the_template_it_enters_the_first(self):
        """PROC-4: `entry_from_lead` is for converted leads."""
        assert opened(FROM_LEAD).stage == "talk"
        assert opened(MINE, lead=a_lead()).stage == "talk"
        assert opened(MINE, lead=a_lead()).source_lead == "lead"

    def test_a_named_stage_is_a_jump_like_any_other(self):
        """OPP-1: what the caller names goes before what the template says, by the jump rule."""
        assert codes(created(FROM_LEAD, lead=a_lead(), stage="sign")[1]) == ["not_first_stage", "full_route"]
        assert opened(FROM_LEAD, lead=a_lead(), stage="talk").stage == "talk"
        assert opened(FROM_LEAD, lead=a_lead(), stage="quote") == opened(FROM_LEAD, lead=a_lead())

    @pytest.mark.parametrize("begun", [None, AT + timedelta(hours=1)])
    def test_a_lead_of_unknown_or_later_creation(self, begun):
        """IO-3, HIST-2: the stay takes no time; none ends before it begins."""
        opportunity = opened(FROM_LEAD, lead=a_lead(created_at=begun))
        assert {(v.entered_at, v.left_at) for v in opportunity.visits[:2]} == {(begun or AT, begun or AT)}
        assert check(opportunity) == []


class TestArrivals:
    """IO-3: the rules guard moves, not arrivals."""

    def test_at_any_stage(self):
        """IO-3: without having run what is before; marked as imported."""
        entered = AT - timedelta(days=9)
        opportunity = arrived(
            customer="acme", amount=WORTH, close_date=date(2020, 1, 1), entered_at=entered, source="s"
        )
        assert (opportunity.id, opportunity.name, opportunity.owner, opportunity.version) == (
            "old-7", "Old deal", "li", 1,
        )  # fmt: skip
        assert opportunity.is_imported
        assert stays(opportunity) == [("quote", "imported", entered, None, None)]
        assert [t.id for t in opportunity.tasks] == ["1:price"]
        assert opportunity.probability == Probability(50, ProbabilitySource.STAGE)
        assert (opportunity.customer, opportunity.amount, opportunity.source) == ("acme", WORTH, "s")
        assert opportunity.close_date == date(2020, 1, 1)
        assert (opportunity.created_at, opportunity.created_by, opportunity.updated_at) == (entered, "li", AT)
        assert opportunity.team == (TeamMember("li", TeamRole.OWNER, Access.READ_WRITE),)
        assert arrived(route=Route.PARTNER).grade == graded(Route.PARTNER)

    def test_with_its_dated_history(self):
        """IO-3: each earlier stay ends where the next begins, back and forth as it was."""
        first, second, third = (AT - timedelta(days=n) for n in (30, 20, 10))
        opportunity = arrived(history=[("sign", first), ("talk", second)], entered_at=third)
        assert stays(opportunity) == [
            ("sign", "imported", first, "advanced", second),
            ("talk", "imported", second, "advanced", third),
            ("quote", "imported", third, None, None),
        ]
        assert opportunity.tasks[0].id == "3:price"
        assert opportunity.created_at == first
        earlier = AT - timedelta(days=99)
        assert arrived(created_at=earlier, entered_at=third).created_at == earlier

    def test_what_is_not_known_stays_unknown(self):
        """IO-3: an unknown moment is none, and the stay before it ends where it began."""
        opportunity = arrived(history=[("talk", AT)])
        assert stays(opportunity) == [("talk", "imported", AT, "advanced", AT), ("quote", "imported", None, None, None)]
        assert arrived().created_at == AT
        assert arrived().visits[0].entered_at is None

    def test_what_is_missing_stands_in_the_way_of_its_next_move(self):
        """IO-3: until it is filled in; an import that brought it all moves at once."""
        opportunity = arrived(stage="demo")
        opportunity = evolve(opportunity, tasks=())
        blocked = compile(MINE).advance(opportunity, **BY)
        assert blocked.reasons == tuple(Reason("arrival_incomplete", field=f) for f in ("customer", "close_date"))
        changes = {"customer": "acme", "close_date": TODAY}
        opportunity = does(opportunity, edit_opportunity(opportunity, changes, **BY))
        assert compile(MINE).advance(opportunity, **BY).is_allowed

    @pytest.mark.parametrize(
        ("outcome", "reason", "percent"), [("won", None, 100), ("lost", "price", 0), ("invalid", "other", 0)]
    )
    def test_closed_as_it_was(self, outcome, reason, percent):
        """IO-3, OPP-7: with its closing; the day is the business's own, and the tasks are cancelled."""
        ended = datetime(2026, 2, 27, 20, 0, tzinfo=UTC)
        opportunity = arrived(
            outcome=OpportunityStatus(outcome), reason=reason, closed_at=ended, entered_at=ended, amount=WORTH
        )
        (closing,) = opportunity.closings
        assert opportunity.status == closing.outcome == outcome
        assert (closing.number, closing.stage, closing.at, closing.by, closing.reason) == (
            1, "quote", ended, "li", reason,
        )  # fmt: skip
        assert closing.actual_close_date == date(2026, 2, 28)
        assert closing.probability == Probability(50, ProbabilitySource.STAGE)
        assert opportunity.probability == Probability(percent, ProbabilitySource.OUTCOME)
        assert stays(opportunity) == [("quote", "imported", ended, "closed", ended)]
        assert [str(t.status) for t in opportunity.tasks] == ["cancelled"]
        assert opportunity.actual_amount == (WORTH if outcome == "won" else None)

        sold = Money("0", "CNY")
        again = arrived(outcome=OpportunityStatus(outcome), reason=reason, amount=WORTH, actual_amount=sold)
        assert again.actual_amount == sold
        assert (again.closings[0].at, again.actual_close_date) == (None, None)
        assert again.visits[-1].left_at == AT

    def test_closed_ones_take_part_in_everything(self):
        """IO-3, OPP-8, OPP-12: reopened in the stage it left, and after-sales of a won one."""
        won = arrived(outcome=OpportunityStatus.WON)
        reopened = does(won, compile(MINE).reopen(won, **BY))
        assert (reopened.stage, reopened.visits[-1].entry) == ("quote", StageEntry.REOPENED)
        assert [str(t.status) for t in reopened.tasks] == ["open"]
        assert does(won, start_after_sales(won, compile(MINE), **BY)).after_sales

    def test_in_progress_by_name_is_in_progress(self):
        """IO-3: naming the status that is the default changes nothing."""
        assert arrived(outcome=OpportunityStatus.IN_PROGRESS) == arrived()

    def test_entered_in_the_future_and_closed(self):
        """IO-3, HIST-2: whatever the other system's clock said, no stay ends before it begins."""
        there = AT + timedelta(days=1)
        opportunity = arrived(outcome=OpportunityStatus.WON, entered_at=there)
        assert opportunity.visits[-1].left_at == there

    def test_an_outcome_that_changed_is_a_reopening_and_a_closing_at_one_instant(self):
        """IO-3, OPP-8: won, then lost: both closings stand in the record, the first ended when the second began."""
        won, lost = AT, later(3)
        opportunity = arrived(
            history=[("talk", later(-2)), ("won", won)], outcome="lost", reason="price", closed_at=lost, stage="talk"
        )
        assert (opportunity.status, opportunity.stage) == (OpportunityStatus.LOST, "talk")
        assert stays(opportunity) == [
            ("talk", "imported", later(-2), "closed", won), ("talk", "reopened", lost, "closed", lost),
        ]  # fmt: skip
        first, second = opportunity.closings
        assert (str(first.outcome), first.at, first.ended_at, first.ended_by) == ("won", won, lost, "li")
        assert (first.actual_close_date, first.probability) == (day(won), Probability(10, ProbabilitySource.STAGE))
        assert (str(second.outcome), second.at, second.ended_at, second.reason) == ("lost", lost, None, "price")
        again = does(opportunity, compile(MINE).reopen(opportunity, **BY))
        assert (again.stage, len(again.closings)) == ("talk", 2)

    def test_a_past_may_close_and_reopen_as_often_as_it_did(self):
        """IO-3, OPP-8: from one outcome to another, into another stage, and open in the end, whoever knows when."""
        opportunity = arrived(
            history=[("won", AT), ("lost", later(1)), ("invalid", later(2)), ("demo", later(3)), ("lost", later(4))]
        )
        assert opportunity.status is OpportunityStatus.IN_PROGRESS
        assert [(str(c.outcome), c.stage, c.at, c.ended_at) for c in opportunity.closings] == [
            ("won", "demo", AT, later(1)), ("lost", "demo", later(1), later(2)),
            ("invalid", "demo", later(2), later(3)), ("lost", "demo", later(4), later(4)),
        ]  # fmt: skip
        assert [(v.stage, str(v.entry), v.entered_at, v.left_at) for v in opportunity.visits] == [
            ("demo", "imported", None, AT), ("demo", "reopened", later(1), later(1)),
            ("demo", "reopened", later(2), later(2)), ("demo", "reopened", later(3), later(4)),
            ("quote", "reopened", None, None),
        ]  # fmt: skip
        assert [(c.stage, c.ended_at) for c in arrived(history=[("won", AT)]).closings] == [("quote", AT)]
        twice: dict[str, Any] = {"history": [("lost", AT)], "outcome": "lost", "reason": "price"}
        assert len(arrived(**twice, entered_at=later(1), closed_at=later(2)).closings) == 2
        with pytest.raises(InvalidInput, match="end with the outcome itself"):
            arrived(**twice)

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"stage": "nowhere"}, "stage"),
            ({"stage": "won"}, "stage"),
            ({"history": [("in_progress", AT)]}, "stage"),
            ({"history": [("nowhere", AT)]}, "stage"),
            ({"history": [("talk", AT), ("demo", later(-1))]}, "history"),
            ({"history": [("talk", AT)], "entered_at": later(-1)}, "history"),
            ({"entered_at": AT, "closed_at": later(-1), "outcome": OpportunityStatus.WON}, "history"),
            ({"history": [("talk", AT)], "closed_at": later(-1), "outcome": OpportunityStatus.WON}, "history"),
            ({"outcome": OpportunityStatus.LOST}, "reason"),
            ({"outcome": OpportunityStatus.LOST, "reason": "wrong_information"}, "reason"),
            ({"outcome": OpportunityStatus.INVALID, "reason": "price"}, "reason"),
        ],
    )
    def test_what_no_system_can_have_known_is_the_callers_mistake(self, values, field):
        """IO-3: a stage that is not there, a past that runs backwards, an end without a known reason."""
        with pytest.raises(InvalidInput) as error:
            arrived(**values)
        assert field in str(error.value)

    def test_equal_moments_run_forward(self):
        """IO-3: a history dated by the day has stays that take no time."""
        opportunity = arrived(history=[("talk", AT), ("demo", AT)], entered_at=AT)
        assert len(opportunity.visits) == 3

    def test_a_naive_moment_is_refused(self):
        """HIST-2: of the import itself and of everything that it brings."""
        arrival = ImportedOpportunity(**ARRIVAL)
        with pytest.raises(InvalidInput, match=r"^at: .*timezone-aware"):
            import_opportunity(MINE, arrival, grader=lambda _: graded(), zone_day=day, by="li", at=NAIVE)
        for values in (
            {"entered_at": NAIVE}, {"closed_at": NAIVE}, {"created_at": NAIVE}, {"history": [("talk", NAIVE)]},
        ):  # fmt: skip
            (name,) = values
            with pytest.raises(InvalidInput, match=rf"^{name}: .*timezone-aware"):
                ImportedOpportunity(**{**ARRIVAL, **values})

    def test_moments_of_another_zone_are_kept_in_utc(self):
        """HIST-2: whatever zone the other system wrote."""
        there = AT.astimezone(HOME)
        opportunity = arrived(history=[("talk", there)], entered_at=there, created_at=there)
        kept = (opportunity.created_at, *(v.entered_at for v in opportunity.visits))
        assert all(moment is not None and moment.tzinfo is UTC and moment == AT for moment in kept)


@st.composite
def arrivals(draw: st.DrawFn) -> ImportedOpportunity:
    """Sound arrivals of `MINE`: any stages, closings and reopenings, any moments in order, any outcome."""
    stage = st.sampled_from([s.code for s in MINE.stages])
    step = stage | st.sampled_from(["won", "lost", "invalid"])
    moments = sorted(draw(st.lists(some.moments(), max_size=4)))
    outcome = draw(st.none() | st.sampled_from(OpportunityStatus))
    closed_at = moments.pop() if draw(st.booleans()) and moments else None
    entered_at = moments.pop() if draw(st.booleans()) and moments else None
    reason = {OpportunityStatus.LOST: "price", OpportunityStatus.INVALID: "other"}
    history = [(draw(step), moment) for moment in moments]
    while history and history[-1][0] == outcome and entered_at is None:
        history.pop()
    return ImportedOpportunity(
        **{**ARRIVAL, "stage": draw(stage)},
        history=history,
        entered_at=entered_at,
        closed_at=closed_at,
        outcome=outcome,
        reason=reason.get(outcome) if outcome is not None else None,
        customer=draw(st.none() | st.just("acme")),
        amount=draw(st.none() | some.money()),
    )


@given(arrivals())
def test_every_arrival_is_sound_and_goes_on(arrival):
    """IO-3, HIST-1: any past gives a sound record, told by its event, that can be closed or reopened."""
    grader: Callable[[Opportunity], Any] = lambda _: graded()  # noqa: E731
    opportunity, decision = import_opportunity(MINE, arrival, grader=grader, zone_day=day, **BY)
    assert check(opportunity) == []
    assert replay(decision.events) == opportunity
    assert (opportunity, decision) == import_opportunity(MINE, arrival, grader=grader, zone_day=day, **BY)
    if opportunity.is_completed:
        does(opportunity, compile(MINE).reopen(opportunity, **BY))
    else:
        does(opportunity, compile(MINE).lose(opportunity, reason="price", **DAY))
