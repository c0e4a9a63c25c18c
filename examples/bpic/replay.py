"""
13,087 loan applications of the BPI Challenge 2012, replayed event by event through the facade as if it were then.

This is how an application moves in with its history: the clock port shows the time of the event, the person who did
it acts, and the stage view is read whenever a month is over. A_ events are stage moves, W_ events are tasks that no
move waits for, O_ events are noted as activities. The data stays where it is: in `bpic2012_loan_pipeline` below
$SALESFLOW_DATA. Invented here are the one department, its sharing rule, the one customer and the euro.

    python -m examples.bpic.replay [FOLDER] [--json]
"""

import argparse
import csv
import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import salesflow as sf

DATA = Path(os.environ.get("SALESFLOW_DATA", "../shared/data")) / "bpic2012_loan_pipeline"
TEMPLATE = Path(__file__).with_name("loan.toml")
STAGES = {
    "A_PARTLYSUBMITTED": "partly_submitted",
    "A_PREACCEPTED": "preaccepted",
    "A_ACCEPTED": "accepted",
    "A_FINALIZED": "finalized",
}
WINS = ("A_APPROVED", "A_REGISTERED", "A_ACTIVATED")
LOSSES = {"A_DECLINED": "declined", "A_CANCELLED": "cancelled"}
UNKNOWN = "not recorded"  # who did it, where the log does not say
IMPORTER = "importer"

Table = dict[str, tuple[int, int]]
"""Per stage and outcome: how many cases, and what they are worth in euros (a lost one: nothing)."""


class LogEvent(NamedTuple):
    """One line of the log; `month` is the one that the log writes, in local time."""

    at: datetime
    month: str
    case: str
    activity: str
    step: str
    person: str


class Now:
    """The ports `Clock` and `Ids`: the moment and the case of the event that is replayed."""

    moment = datetime(2011, 10, 1, tzinfo=UTC)
    case = "applicants"

    def now(self) -> datetime:
        """Return the moment."""
        return self.moment

    def new(self, _kind: str) -> str:
        """Return the case's own id."""
        return self.case


class Replayed(NamedTuple):
    """
    What came of it.

    Args:
        flow: As the log leaves it.
        events: How many there were.
        refused: How often which event was refused, by (event, code of the reason).
        months: The stage view when each month was over.
        outcomes: How many cases ended how: won, declined, cancelled or open.
        tasks: How many work items ended how: done, left behind with a stage (skipped) or at the close (cancelled).
    """

    flow: sf.SalesFlow
    events: int
    refused: Counter[tuple[str, str]]
    months: dict[str, Table]
    outcomes: Counter[str]
    tasks: Counter[str]


def rows(data: Path, name: str) -> Iterator[list[str]]:
    """Give the lines of one file, without its header."""
    with gzip.open(data / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        yield from lines


def log(data: Path, cases: dict[str, str]) -> list[LogEvent]:
    """Return the events of these cases in the order of time; those of one moment as the log has them."""
    events = [
        LogEvent(datetime.fromisoformat(at).astimezone(UTC), at[:7], case, activity, step, person or UNKNOWN)
        for case, _seq, at, activity, step, person in rows(data, "events")
        if case in cases
    ]
    return sorted(events, key=lambda event: event.at)


def replay(data: Path = DATA, every: int = 1) -> Replayed:
    """
    Replay the log.

    Args:
        data: The folder of the data set.
        every: 10 takes every tenth case only.
    """
    cases = {case: amount for n, (case, _, amount) in enumerate(rows(data, "cases")) if n % every == 0}
    events = log(data, cases)
    people = sorted({event.person for event in events})
    now = Now()
    flow = sf.SalesFlow(
        store=sf.MemoryStore(), processes=[sf.templates.load(TEMPLATE)], clock=now, ids=now,
        time_zone="Europe/Amsterdam", organization=sf.Organization(
            [sf.Employee(person, department="loans") for person in people], [sf.Department("loans")],
            administrators={IMPORTER},
        ),
    )  # fmt: skip
    # Whoever is free takes a case up: everybody may work on everybody's.
    flow.sharing.create(from_department="loans", to_department="loans", access=sf.Access.READ_WRITE)
    flow.acting_as(IMPORTER).customers.create("Applicants", owner=people[0])
    acting = {person: flow.acting_as(person) for person in people}
    refused: Counter[tuple[str, str]] = Counter()
    months: dict[str, Table] = {}
    month = events[0].month
    for event in events:
        if event.month != month:
            months[month], month = stage_view(flow), event.month
        now.moment, now.case = event.at, event.case
        who = acting[event.person]
        try:
            happen(who, event, cases[event.case])
        except sf.Refused as no:
            refused.update((kind_of(event), reason.code) for reason in no.reasons)
            if event.activity in WINS:  # the log tells one win in three events; the first has won
                who.opportunities.add_activity(event.case, "decision", event.activity)
    months[month] = stage_view(flow)
    outcomes = Counter(map(outcome, every_deal(flow)))
    tasks = Counter(str(task.status) for deal in every_deal(flow) for task in deal.tasks)
    return Replayed(flow, len(events), refused, months, outcomes, tasks)


def happen(who: sf.Acting, event: LogEvent, amount: str) -> None:
    """Do what one event of the log says."""
    desk, case, activity = who.opportunities, event.case, event.activity
    if activity == "A_SUBMITTED":
        desk.create(f"Loan {case}", customer="applicants", amount=sf.Money(amount, "EUR"))
    elif activity in STAGES:
        desk.change_stage(case, STAGES[activity])
    elif activity in WINS:
        desk.win(case)
    elif activity in LOSSES:
        desk.lose(case, reason=LOSSES[activity])
    elif activity.startswith("O_"):
        desk.add_activity(case, "offer", activity)
    else:
        work(desk.get(case), who, event)


def work(deal: sf.Opportunity, who: sf.Acting, event: LogEvent) -> None:
    """Schedule, start or complete a work item; one that was left behind with its stage is taken up in the new one."""
    desk, code, status = who.opportunities, event.activity, None
    for task in deal.tasks:
        if task.stage == deal.stage and task.code == code:
            status = task.status
    if event.step == "SCHEDULE" or status is None:
        deal = desk.add_task(deal, code.removeprefix("W_"), code=code)
    if event.step == "START":
        if status == "done":
            deal = desk.reopen_task(deal, code)
        desk.assign_task(deal, code, event.person)
    elif event.step == "COMPLETE":
        desk.finish_task(deal, code)


def kind_of(event: LogEvent) -> str:
    """Return what counts as one kind of event: each A_ and O_ activity, each step of the W_ ones."""
    return f"W_ {event.step}" if event.activity.startswith("W_") else event.activity


def stage_view(flow: sf.SalesFlow) -> Table:
    """Return the board as plain numbers."""
    columns = flow.acting_as(IMPORTER).opportunities.board().columns
    return {column.code: (column.count, int(column.amount.of("EUR"))) for column in columns}


def every_deal(flow: sf.SalesFlow) -> Iterator[sf.Opportunity]:
    """Give every opportunity, page by page."""
    desk, after = flow.acting_as(IMPORTER).opportunities, None
    while True:
        page = desk.list(order_by="id", limit=1000, after=after)
        yield from page.items
        if not page.has_more:
            return
        after = page.after


def outcome(deal: sf.Opportunity) -> str:
    """Return how a case ended: won, declined, cancelled or open."""
    if deal.closing is None:
        return "open"
    return deal.closing.reason or str(deal.status)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print how the cases ended, what was refused, and the stage view at the end of each month."""
    parser = argparse.ArgumentParser(description="Replay the loan applications of the BPI Challenge 2012.")
    parser.add_argument("data", nargs="?", type=Path, default=DATA, help="the folder of the data set")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take every N-th case only")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args(arguments)
    if not asked.data.is_dir():
        parser.error(f"there is no folder {asked.data}; name that of the data set, or set SALESFLOW_DATA")
    done = replay(asked.data, asked.every)
    if asked.json:
        refused = [[*key, count] for key, count in sorted(done.refused.items())]
        told = {"events": done.events, "outcomes": done.outcomes, "tasks": done.tasks, "refused": refused}
        print(json.dumps(told | {"months": done.months}))
        return
    print(f"{done.events:,} events of {sum(done.outcomes.values()):,} loan applications")
    print("  cases", ", ".join(f"{name}: {count:,}" for name, count in sorted(done.outcomes.items())))
    print("  tasks", ", ".join(f"{name}: {count:,}" for name, count in sorted(done.tasks.items())))
    print("\nrefused")
    for (kind, code), count in sorted(done.refused.items()):
        print(f"  {kind:<20}{code:<20}{count:>8,}")
    print(f"\n{'cases, euros':<14}", *(f"{code:>18}" for code in done.months[min(done.months)]))
    for month, table in done.months.items():
        print(f"{month:<14}", *(f"{count:>6,}{value:>12,}" for count, value in table.values()))


if __name__ == "__main__":
    main()
