"""Opportunities that keep every invariant of `salesflow.model.check`, with visits, tasks and closings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from salesflow.model import (
    INVALID_REASONS,
    LOST_REASONS,
    Access,
    Closing,
    ContactRole,
    Grade,
    Grading,
    LedBy,
    Money,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    Reason,
    Registration,
    Route,
    StageEntry,
    StageExit,
    StageVisit,
    Task,
    TaskStatus,
    TeamMember,
    TeamRole,
)
from salesflow.testing.strategies.leads import activities, custom_fields
from salesflow.testing.strategies.values import PEOPLE, days, moments, money, names, record_ids

STAGES = ("qualification", "bidding", "negotiation", "agreement")
"""The stage codes of opportunities unless told otherwise."""


@st.composite
def teams(draw: st.DrawFn, owner: str, people: Sequence[str] = PEOPLE) -> tuple[TeamMember, ...]:
    """The owner with READ_WRITE, and up to three others, each once per role (TEAM-1, TEAM-2)."""
    roles = (TeamRole.SALES, TeamRole.JOINT, TeamRole.AFTER_SALES, TeamRole.PRESALES, "coach")
    others = st.builds(TeamMember, st.sampled_from(people), role=st.sampled_from(roles), access=st.sampled_from(Access))
    rest = draw(st.lists(others, max_size=3, unique_by=lambda member: member.key))
    return (TeamMember(owner, TeamRole.OWNER, Access.READ_WRITE), *rest)


@st.composite
def visits(draw: st.DrawFn, stages: Sequence[str] = STAGES, *, closed: bool = False) -> tuple[StageVisit, ...]:
    """
    One to five stays, one after the other in time.

    Args:
        stages: The codes to choose from.
        closed: Whether the last one ended by a closing; else it lasts.

    Source: OPP-5, OPP-6.
    """
    at = draw(moments(latest=datetime(2025, 1, 1, tzinfo=UTC)))
    steps = draw(st.lists(st.tuples(st.sampled_from(stages), st.integers(0, 10**7)), min_size=1, max_size=5))
    stays = []
    for number, (stage, seconds) in enumerate(steps, 1):
        is_last = number == len(steps)
        entry = StageEntry.CREATED if number == 1 else draw(st.sampled_from(StageEntry))
        exit = draw(st.sampled_from(StageExit)) if not is_last else StageExit.CLOSED if closed else None
        reason = None
        if exit is StageExit.SKIPPED:
            seconds, reason = 0, draw(names())
        left = None if exit is None else at + timedelta(seconds=seconds)
        stays.append(StageVisit(number, stage, at, entry, left, exit, reason))
        at = left or at
    return tuple(stays)


@st.composite
def closings(
    draw: st.DrawFn, outcome: OpportunityStatus, stage: str, amounts: st.SearchStrategy[Money]
) -> tuple[Closing, ...]:
    """
    Up to one that was ended by a reopening, then the standing one.

    Args:
        outcome: How the record stands; in progress has no standing closing.
        stage: The stage that was left.
        amounts: What was sold.

    Source: OPP-7, OPP-8.
    """
    found: list[Closing] = []
    ended: list[OpportunityStatus] = draw(st.lists(st.sampled_from(tuple(OpportunityStatus)[1:]), max_size=1))
    standing: list[OpportunityStatus] = [] if outcome is OpportunityStatus.IN_PROGRESS else [outcome]
    for number, result in enumerate(ended + standing, 1):
        reasons: tuple[str | None, ...] = {
            OpportunityStatus.LOST: LOST_REASONS,
            OpportunityStatus.INVALID: INVALID_REASONS,
        }.get(result, (None,))
        at = draw(st.none() | moments())
        is_ended = number <= len(ended)
        found.append(
            Closing(
                number,
                result,
                stage,
                at,
                draw(st.sampled_from(PEOPLE)),
                draw(st.none() | days()),
                Probability(draw(st.integers(0, 100)), draw(st.sampled_from(ProbabilitySource))),
                actual_amount=draw(st.none() | amounts) if result is OpportunityStatus.WON else None,
                reason=draw(st.sampled_from(reasons)),
                competitor=draw(st.none() | st.just("Globex")) if result is OpportunityStatus.LOST else None,
                ended_at=draw(moments()) if is_ended else None,
                ended_by=draw(st.sampled_from(PEOPLE)) if is_ended else None,
            )
        )
    return tuple(found)


@st.composite
def tasks(draw: st.DrawFn, stages: Sequence[str] = STAGES, *, closed: bool = False) -> tuple[Task, ...]:
    """Up to three tasks of any status; none is open where *closed* (OPP-3, OPP-7)."""
    statuses = [status for status in TaskStatus if not (closed and status is TaskStatus.OPEN)]
    found = []
    for number in range(1, draw(st.integers(0, 3)) + 1):
        status = draw(st.sampled_from(statuses))
        is_done = status is TaskStatus.DONE
        found.append(
            Task(
                f"{number}:call",
                "call",
                draw(st.sampled_from(stages)),
                status,
                is_required=draw(st.booleans()),
                assignee=draw(st.none() | st.sampled_from(PEOPLE)),
                due=draw(st.none() | days()),
                done_at=draw(moments()) if is_done else None,
                done_by=draw(st.sampled_from(PEOPLE)) if is_done else None,
            )
        )
    return tuple(found)


def gradings() -> st.SearchStrategy[Grading]:
    """Grades as a policy computes them, without an override (GRADE-1)."""
    graded = {
        None: Grading(None, Reason("amount_missing")),
        Grade.B: Grading(Grade.B, Reason("at_least", amount="1,200,000 CNY", boundary="1,000,000 CNY")),
        Grade.C: Grading(Grade.C, Reason("below", amount="1 CNY", boundary="1,000,000 CNY"), Route.FAST_TRACK),
        Grade.E: Grading(Grade.E, Reason("led_by_partner"), Route.PARTNER),
    }
    return st.sampled_from(tuple(graded.values()))


@st.composite
def opportunities(
    draw: st.DrawFn,
    *,
    id: st.SearchStrategy[str] | None = None,
    people: Sequence[str] = PEOPLE,
    stages: Sequence[str] = STAGES,
    process: str = "crm2000",
    amounts: st.SearchStrategy[Money] | None = None,
) -> Opportunity:
    """
    Opportunities at version 1, of any status.

    Args:
        id: Where ids come from; few that collide where left out.
        people: Whom owner and team are chosen from.
        stages: The stage codes of the process.
        process: Its id.
        amounts: Where amounts come from; any currency where left out.

    Source: OPP (domain §5).
    """
    worth = amounts if amounts is not None else money()
    status = draw(st.sampled_from(OpportunityStatus))
    is_closed = status is not OpportunityStatus.IN_PROGRESS
    owner = draw(st.sampled_from(people))
    stays = draw(visits(stages, closed=is_closed))
    contact_roles = draw(st.sampled_from(((), (ContactRole("c1", "user", True), ContactRole("c2", "user")))))
    return Opportunity(
        id=draw(id if id is not None else record_ids()),
        version=1,
        name=draw(names()),
        owner=owner,
        process=process,
        process_version=1,
        stage=stays[-1].stage,
        probability=Probability(draw(st.integers(0, 100)), draw(st.sampled_from(ProbabilitySource))),
        team=draw(teams(owner, people)),
        status=status,
        voided=draw(st.booleans()),
        customer=draw(st.none() | st.sampled_from(("acme", "globex"))),
        contact=draw(st.none() | st.just("c1")),
        amount=draw(st.none() | worth),
        close_date=draw(st.none() | days()),
        led_by=draw(st.sampled_from(LedBy)),
        registration=draw(st.sampled_from(Registration)),
        grade=draw(gradings()),
        source=draw(st.none() | st.sampled_from(("website", "referral"))),
        last_activity_at=draw(st.none() | moments()),
        competitors=draw(st.sampled_from(((), ("Globex",)))),
        visits=stays,
        tasks=draw(tasks(stages, closed=is_closed)),
        contact_roles=contact_roles,
        activities=draw(activities()),
        closings=draw(closings(status, stays[-1].stage, worth)),
        custom=draw(custom_fields()),
        created_at=draw(st.none() | moments()),
        created_by=draw(st.sampled_from(people)),
        updated_at=draw(moments()),
    )
