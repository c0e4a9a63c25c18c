"""The opportunities that PERF-7 writes and reads: everything that a real one carries, no two alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from salesflow.model import (
    Access,
    Activity,
    Closing,
    ContactRole,
    CustomField,
    Feedback,
    Grade,
    Grading,
    LedBy,
    Money,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    ProductLine,
    Reason,
    Route,
    StageEntry,
    StageExit,
    StageVisit,
    Task,
    TaskStatus,
    TeamMember,
    TeamRole,
)

STAGES = ("qualification", "bid_decision", "bidding", "demonstration", "negotiation", "agreement", "contract")
TASKS = ("confirm_tender",)
SOURCES = ("website", "referral", "trade fair", "partner")
PRODUCTS = ("CRM2000 名用户", "Service, per year", "培训 two days", "Data migration")
WORDS = ("打过电话", "sent the offer", "visited", "the buyer asks for “references”", "waits for the budget")
_BEGIN = datetime(2024, 1, 1, 8, tzinfo=UTC)


def opportunities(size: int) -> Iterator[Opportunity]:
    """Give so many opportunities, always the same: six in ten are under way, the others won or lost."""
    chance = Random(7)
    for number in range(size):
        yield _opportunity(number, chance)


def _opportunity(number: int, chance: Random) -> Opportunity:
    owner, helper = (f"employee-{chance.randrange(3000)}" for _ in range(2))
    at = _BEGIN + timedelta(seconds=chance.randrange(50_000_000), microseconds=chance.randrange(1_000_000))
    stages = STAGES[: chance.choice((1, 2, 2, 3, 3, 4, 5, 7))]
    outcome = chance.choice((None, None, None, OpportunityStatus.WON, OpportunityStatus.LOST))
    amount = Money(Decimal(chance.randrange(1_000_000, 900_000_000)).scaleb(-2), chance.choice(("CNY", "EUR")))
    made_at = at
    visits, tasks = [], []
    for place, stage in enumerate(stages, 1):
        entered, at = at, at + timedelta(seconds=chance.randrange(3_000_000))
        is_last = place == len(stages)
        exit = (StageExit.CLOSED if outcome else None) if is_last else StageExit.ADVANCED
        entry = StageEntry.CREATED if place == 1 else StageEntry.ADVANCED
        visits.append(StageVisit(place, stage, entered, entry, at if exit else None, exit))
        for code in TASKS:
            is_open = is_last and not outcome
            tasks.append(
                Task(
                    f"{place}:{code}", code, stage, TaskStatus.OPEN if is_open else TaskStatus.DONE,
                    assignee=owner, due=(at + timedelta(days=5)).date(),
                    done_at=None if is_open else at, done_by=None if is_open else owner,
                )
            )  # fmt: skip
    return Opportunity(
        id=f"opp-{number:07}",
        version=chance.randint(1, 60),
        name=f"CRM2000 for {chance.choice(('Acme', '智慧园区', 'Globex', '东方机械'))} {number}",
        owner=owner,
        process="crm2000",
        process_version=1,
        stage=stages[-1],
        probability=Probability(10 * len(stages), ProbabilitySource.STAGE),
        team=(
            TeamMember(owner, TeamRole.OWNER, Access.READ_WRITE),
            TeamMember(helper, TeamRole.JOINT, Access.READ_WRITE),
            TeamMember(f"employee-{chance.randrange(3000)}", TeamRole.PRESALES),
        ),
        status=outcome or OpportunityStatus.IN_PROGRESS,
        customer=f"customer-{chance.randrange(20_000)}",
        contact=f"contact-{chance.randrange(40_000)}",
        amount=amount,
        close_date=date(2026, 1, 1) + timedelta(days=chance.randrange(700)),
        led_by=LedBy.US,
        grade=Grading(
            Grade.B if amount.amount > 1_000_000 else Grade.C,
            Reason("at_least" if amount.amount > 1_000_000 else "below", amount=str(amount), boundary="1,000,000 CNY"),
            Route.FULL if amount.amount > 1_000_000 else Route.FAST_TRACK,
        ),
        source=chance.choice(SOURCES),
        source_lead=f"lead-{number}",
        last_activity_at=at,
        competitors=("Globex", "东软") if chance.random() < 0.5 else (),
        visits=tuple(visits),
        tasks=tuple(tasks),
        feedback=(Feedback("1", 1, stages[0], chance.choice(WORDS), made_at, owner),),
        products=tuple(
            ProductLine(
                f"p{n}",
                chance.choice(PRODUCTS),
                Decimal(chance.randint(1, 400)),
                Money(Decimal(chance.randrange(100, 900_000)).scaleb(-2), amount.currency),
            )
            for n in range(chance.randint(0, 3))
        ),
        contact_roles=(ContactRole(f"contact-{chance.randrange(40_000)}", "decision_maker", True),),
        activities=tuple(
            Activity(
                str(n),
                chance.choice(("call", "visit", "email")),
                f"{chance.choice(WORDS)}, {n}",
                made_at + timedelta(seconds=chance.randrange(3_000_000)),
                owner,
            )
            for n in range(1, chance.randint(1, 5))
        ),
        closings=(
            Closing(
                1,
                outcome,
                stages[-1],
                at,
                owner,
                at.date(),
                Probability(10 * len(stages), ProbabilitySource.STAGE),
                actual_amount=amount if outcome is OpportunityStatus.WON else None,
                reason="price" if outcome is OpportunityStatus.LOST else None,
                competitor="Globex" if outcome is OpportunityStatus.LOST else None,
            ),
        )
        if outcome
        else (),
        custom=(
            CustomField("region", chance.choice(("east", "west", "华东"))),
            CustomField("seats", chance.randint(5, 5000)),
            CustomField("is_renewal", chance.random() < 0.3),
            CustomField("budget", Money(chance.randrange(10_000, 900_000), amount.currency)),
        ),
        created_at=made_at,
        created_by=owner,
        updated_at=at,
    )
