"""
The log of the BPI Challenge 2012 (bpic), replayed through the facade: what came of it is what its description says.

The expected figures are worked out here from the files by the definitions of the data set's description, in plain
code that shares nothing with the replay. Every tenth case in the quick profile, all of them in the long one.
"""

import csv
import gzip
import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import salesflow as sf
from examples.bpic import replay
from examples.bpic.replay import DATA, TEMPLATE, UNKNOWN, Now
from salesflow.model import replay as replayed_record
from salesflow.testing import FixedClock

ABSENT = "the BPI Challenge 2012 data is not there: set SALESFLOW_DATA"
WON = ("A_APPROVED", "A_REGISTERED", "A_ACTIVATED")
LOST = ("A_DECLINED", "A_CANCELLED")
ZONE = ZoneInfo("Europe/Amsterdam")


class Expected:
    """What the files say of every n-th case, worked out case by case."""

    def __init__(self, every: int) -> None:
        with gzip.open(DATA / "cases.csv.gz", "rt") as file:
            self.cases = {row["case_id"]: row for n, row in enumerate(csv.DictReader(file)) if n % every == 0}
        self.events: dict[str, list[dict[str, str]]] = {case: [] for case in self.cases}
        with gzip.open(DATA / "events.csv.gz", "rt") as file:
            for row in csv.DictReader(file):
                if row["case_id"] in self.cases:
                    self.events[row["case_id"]].append(row)
        self.months = sorted({row["timestamp"][:7] for told in self.events.values() for row in told})

    def moves(self, case: str) -> list[dict[str, str]]:
        """Return the A_ events up to the first that closes the case."""
        moves = [row for row in self.events[case] if row["activity"].startswith("A_")]
        return moves[: 1 + next((n for n, row in enumerate(moves) if row["activity"] in WON + LOST), len(moves))]

    def place_of_closing(self, case: str) -> int:
        """Return the place of the event that closes the case, behind all events where none does."""
        last = self.moves(case)[-1]
        return int(last["seq"]) if last["activity"] in WON + LOST else len(self.events[case])

    def standing(self, case: str, month: str) -> str | None:
        """Return the stage or outcome when a month was over; None where the case was not there yet."""
        moves = [row["activity"] for row in self.moves(case) if row["timestamp"][:7] <= month]
        if not moves:
            return None
        if moves[-1] in WON + LOST:
            return "won" if moves[-1] in WON else "lost"
        return stage(moves[-1])

    def table(self, month: str) -> dict[str, tuple[int, int]]:
        """Return cases and value per stage and outcome when a month was over."""
        count: Counter[str] = Counter()
        value: Counter[str] = Counter()
        for case, row in self.cases.items():
            standing = self.standing(case, month)
            if standing is not None:
                count[standing] += 1
                value[standing] += 0 if standing == "lost" else int(row["amount_req"])
        return {code: (count[code], value[code]) for code in count}

    def work(self, case: str) -> tuple[dict[tuple[str, str], tuple[str, str | None]], Counter[tuple[str, str]]]:
        """Return the work items by stage and code, each with status and last starter; and what is refused."""
        items: dict[tuple[str, str], tuple[str, str | None]] = {}
        refused: Counter[tuple[str, str]] = Counter()
        here = ""
        closing = self.place_of_closing(case)
        for n, row in enumerate(self.events[case]):
            activity, step, who = row["activity"], row["lifecycle"], row["resource"] or UNKNOWN
            kind = f"W_ {step}" if activity.startswith("W_") else activity
            key = (here, activity)
            if n > closing:
                if not activity.startswith("O_"):
                    refused[kind, "wrong_status"] += 1
            elif activity.startswith("A_"):
                left = "cancelled" if n == closing else "skipped"
                items = {key: (left if status == "open" else status, by) for key, (status, by) in items.items()}
                here = here if n == closing else stage(activity)
            elif step == "SCHEDULE":
                refused[kind, "task_exists"] += key in items
                items.setdefault(key, ("open", None))
            elif step == "START":
                items[key] = ("open", who)
            elif step == "COMPLETE" and activity.startswith("W_"):
                status, by = items.get(key, ("open", None))
                refused[kind, "task_not_open"] += status != "open"
                items[key] = ("done", by)
        return items, +refused


def stage(activity: str) -> str:
    return {"A_PARTLYSUBMITTED": "partly_submitted"}.get(activity, activity.removeprefix("A_").lower())


def moment(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["timestamp"])


@cache
def worked_out(every: int) -> Expected:
    return Expected(every)


@pytest.fixture(scope="module", params=[10, pytest.param(1, marks=pytest.mark.long)], ids=["every tenth", "all"])
def replayed(request):
    """What the replay gave, the records by case, and what the files say."""
    if not DATA.is_dir():
        pytest.skip(ABSENT)
    done = replay.replay(every=request.param)
    return done, {deal.id: deal for deal in replay.every_deal(done.flow)}, worked_out(request.param)


def test_bpic_every_case_ends_as_the_log_says(replayed):
    """OPP-5, OPP-7: the stages it went through, when, its outcome, who closed it and when; the first win wins."""
    _, deals, expected = replayed
    assert deals.keys() == expected.cases.keys()
    for case, deal in deals.items():
        moves = expected.moves(case)
        last = moves[-1]
        path = [(stage(row["activity"]), moment(row)) for row in moves if row["activity"] not in WON + LOST]
        assert [(visit.stage, visit.entered_at) for visit in deal.visits] == path, case
        assert deal.stage == path[-1][0], case
        if last["activity"] in WON + LOST:
            assert deal.status == ("won" if last["activity"] in WON else "lost"), case
            assert deal.closing is not None
            assert (deal.closing.at, deal.closing.by) == (moment(last), last["resource"] or UNKNOWN), case
            assert deal.closing.reason == (None if deal.status == "won" else stage(last["activity"])), case
            assert str(deal.actual_close_date) == last["timestamp"][:10], case
        else:
            assert (deal.status, deal.closing) == ("in_progress", None), case
        assert deal.amount == sf.Money(expected.cases[case]["amount_req"], "EUR"), case


def test_bpic_further_wins_and_offers_are_kept_as_activities(replayed):
    """OPP-7, OPP-19: what comes besides or after the close is noted, whatever the status, in the log's order."""
    _, deals, expected = replayed
    for case, deal in deals.items():
        closing = expected.place_of_closing(case)
        noted = [
            (row["activity"], moment(row))
            for n, row in enumerate(expected.events[case])
            if row["activity"].startswith("O_") or (n > closing and row["activity"] in WON)
        ]
        assert [(activity.text, activity.at) for activity in deal.activities] == noted, case
        further = [activity.text for activity in deal.activities if activity.kind == "decision"]
        assert len(further) == (2 if deal.status == "won" else 0), case


def test_bpic_refusals_are_counted_by_reason(replayed):
    """OPP-3, OPP-7: what comes after the close is refused, and work planned twice or completed twice; nothing else."""
    done, _, expected = replayed
    refused: Counter[tuple[str, str]] = Counter()
    for case in expected.cases:
        refused += expected.work(case)[1]
    assert done.refused == refused
    late = sum(not row["activity"].startswith("O_") for case in expected.cases for row in after_close(expected, case))
    assert sum(count for (_, code), count in done.refused.items() if code == "wrong_status") == late


def end_of(month: str) -> datetime:
    year, number = map(int, month.split("-"))
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=ZONE) - timedelta(microseconds=1)


def after_close(expected: Expected, case: str) -> list[dict[str, str]]:
    return expected.events[case][expected.place_of_closing(case) + 1 :]


def test_bpic_open_work_stops_no_move(replayed):
    """OPP-3, OPP-5: work items are no must-dos: left behind with the stage, cancelled at the close, else done."""
    done, deals, expected = replayed
    statuses: Counter[str] = Counter()
    for case, deal in deals.items():
        found = {(task.stage, task.code): (str(task.status), task.assignee) for task in deal.tasks}
        assert found == expected.work(case)[0], case
        assert len(found) == len(deal.tasks), case
        statuses.update(status for status, _ in found.values())
    assert done.tasks == statuses
    assert statuses["skipped"] > 0


def test_bpic_the_stage_view_at_the_end_of_each_month(replayed):
    """PIPE-1: cases and value per stage and outcome, as the board said when the month was over."""
    done, _, expected = replayed
    assert list(done.months) == expected.months
    for month, table in done.months.items():
        assert {code: cell for code, cell in table.items() if cell[0]} == expected.table(month), month


def test_bpic_the_funnel_and_the_win_rate(replayed):
    """PIPE-2: how many reached each stage, and the share and the value of those that were won."""
    done, _, expected = replayed
    pipeline = done.flow.acting_as(replay.IMPORTER).pipeline
    reached = Counter(stage(row["activity"]) for case in expected.cases for row in expected.moves(case))
    assert {step.code: step.reached for step in pipeline.funnel().stages} == {
        code: reached[code] for code in ("submitted", "partly_submitted", "preaccepted", "accepted", "finalized")
    }
    closers = Counter(expected.moves(case)[-1]["activity"] for case in expected.cases)
    won, lost = sum(closers[activity] for activity in WON), sum(closers[activity] for activity in LOST)
    rates = pipeline.win_rates().overall
    assert (rates.won, rates.lost, rates.rate) == (won, lost, won / (won + lost))
    assert rates.won_value.of("EUR") == expected.table(expected.months[-1])["won"][1]


def spread(values: list[Any]) -> tuple[Any, Any, int]:
    """Median and 90th percentile, by the book, and how many there are."""
    ranked = sorted(values)
    middle = (ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) / 2
    before, tenths = divmod(9 * (len(ranked) - 1), 10)
    ninth = ranked[before] + (ranked[min(before + 1, len(ranked) - 1)] - ranked[before]) * tenths / 10
    return rounded(middle), rounded(ninth), len(ranked)


def rounded(value: Any) -> Any:
    """A duration to the millisecond, as it is told; days as they are."""
    if not isinstance(value, timedelta):
        return value
    return timedelta(milliseconds=round(value / timedelta(milliseconds=1)))


def test_bpic_the_time_in_each_stage(replayed):
    """PIPE-2: how long each stay took, to the millisecond, from one A_ event to the next; and those that last."""
    done, _, expected = replayed
    stays: dict[str, list[timedelta]] = defaultdict(list)
    lasting: Counter[str] = Counter()
    for case in expected.cases:
        moves = expected.moves(case)
        for row, following in pairwise(moves):
            stays[stage(row["activity"])].append(moment(following) - moment(row))
        if moves[-1]["activity"] not in WON + LOST:
            lasting[stage(moves[-1]["activity"])] += 1
    told = done.flow.acting_as(replay.IMPORTER).pipeline.stage_times().stages
    assert {each.code: (each.finished.median, each.finished.percentile_90, each.finished.count) for each in told} == {
        code: spread(stays[code]) for code in stays
    }
    assert {each.code: each.lasting.count for each in told if each.lasting.count} == lasting


def test_bpic_what_stood_in_each_stage_at_the_end_of_each_month(replayed):
    """PIPE-2: by the dated stays of the records, as they are known today."""
    done, _, expected = replayed
    first, last = (date.fromisoformat(f"{month}-01") for month in (expected.months[0], expected.months[-1]))
    flows = done.flow.acting_as(replay.IMPORTER).pipeline.stage_flow(since=first, until=last)
    assert [each.label for each in flows.stages[0].periods] == expected.months
    for place, month in enumerate(expected.months):
        standing = Counter(expected.standing(case, month) for case in expected.cases)
        assert {each.code: each.periods[place].standing for each in flows.stages} == {
            each.code: standing[each.code] for each in flows.stages
        }, month


def test_bpic_what_was_won_and_lost_in_each_month(replayed):
    """PIPE-2: number and value by the month of the closing, in the log's own time; and how many days it took."""
    done, _, expected = replayed
    pipeline = done.flow.acting_as(replay.IMPORTER).pipeline
    count: Counter[tuple[str, str]] = Counter()
    value: Counter[str] = Counter()
    days: dict[str, list[int]] = {"won": [], "lost": []}
    for case, row in expected.cases.items():
        moves = expected.moves(case)
        last = moves[-1]
        if last["activity"] in WON + LOST:
            ended, month = "won" if last["activity"] in WON else "lost", last["timestamp"][:7]
            count[month, ended] += 1
            value[month] += int(row["amount_req"]) if ended == "won" else 0
            days[ended].append((day_of(last) - day_of(moves[0])).days)
    groups = pipeline.win_rates(by="month_closed").groups
    assert {group.key for group in groups} == {month for month, _ in count}
    for group in groups:
        assert (group.won, group.lost) == (count[group.key, "won"], count[group.key, "lost"])
        assert group.won_value.of("EUR") == value[group.key]
    cycle = pipeline.sales_cycle()
    for told, ended in ((cycle.won, "won"), (cycle.lost, "lost")):
        assert (told.median, told.percentile_90, told.count) == spread(days[ended])


def day_of(row: dict[str, str]) -> date:
    return date.fromisoformat(row["timestamp"][:10])


def test_bpic_history_tells_how_it_came(replayed):
    """HIST-1: events replayed give the record, in order of time; `as_of` the end of a month, what it was then."""
    done, deals, expected = replayed
    desk = done.flow.acting_as(replay.IMPORTER).opportunities
    for case in list(deals)[:: max(1, len(deals) // 100)]:
        events = desk.history(case)
        assert replayed_record(events) == deals[case]
        assert [event.at for event in events] == sorted(event.at for event in events)
        assert {event.by for event in events} <= {row["resource"] or UNKNOWN for row in expected.events[case]}
        for month in expected.months:
            standing = expected.standing(case, month)
            if standing is None:
                with pytest.raises(sf.NotFound):
                    desk.as_of(case, end_of(month))
            else:
                then = desk.as_of(case, end_of(month))
                assert standing == (str(then.status) if then.is_completed else then.stage), (case, month)


@pytest.mark.long
@pytest.mark.parametrize("replayed", [1], indirect=True, ids=["all"])
def test_bpic_all_of_it_adds_up_to_what_is_published(replayed):
    """OPP-7: the figures that the description of the data set gives for the whole log."""
    done, _, expected = replayed
    assert (done.events, len(expected.cases)) == (262_200, 13_087)
    assert done.outcomes == {"won": 2_246, "declined": 7_635, "cancelled": 2_807, "open": 399}
    closed_at = {case: moment(expected.moves(case)[-1]) for case in expected.cases if after_close(expected, case)}
    assert sum(moment(row) > at for case, at in closed_at.items() for row in after_close(expected, case)) == 9_906


@pytest.mark.skipif(not DATA.is_dir(), reason=ABSENT)
def test_bpic_the_program_prints_what_it_found(capsys, tmp_path):
    """IO-2: of the folder that it is given, as a table, and as JSON with the same figures."""
    every = worked_out(10)
    few = list(every.cases)[::20]
    written(tmp_path / "cases.csv.gz", [every.cases[case] for case in few])
    written(tmp_path / "events.csv.gz", [row for case in few for row in every.events[case]])
    replay.main([str(tmp_path), "--json"])
    told: Any = json.loads(capsys.readouterr().out)
    replay.main([str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    months = sorted({row["timestamp"][:7] for case in few for row in every.events[case]})
    assert told["events"] == sum(len(every.events[case]) for case in few)
    assert told["outcomes"] == Counter(outcome(every, case) for case in few)
    assert lines[0] == f"{told['events']:,} events of {len(few)} loan applications"
    assert list(told["months"]) == [line.split()[0] for line in lines[-len(months) :]] == months
    for kind, code, count in told["refused"]:
        assert any(line.split() == [*kind.split(), code, f"{count:,}"] for line in lines)


def test_bpic_the_program_says_that_the_data_is_not_there(capsys, tmp_path):
    """IO-1: which folder, and what would do; the exit code of wrong usage."""
    with pytest.raises(SystemExit) as ended:
        replay.main([str(tmp_path / "nowhere")])
    assert ended.value.code == 2
    assert "there is no folder" in capsys.readouterr().err


def written(path: Path, told: list[dict[str, str]]) -> None:
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.DictWriter(file, told[0])
        writer.writeheader()
        writer.writerows(told)


def outcome(expected: Expected, case: str) -> str:
    last = expected.moves(case)[-1]["activity"]
    return "won" if last in WON else stage(last) if last in LOST else "open"


@pytest.fixture
def desk() -> Any:
    """Applications beside the log, for what the log never tries."""
    now = Now()
    flow = sf.SalesFlow(
        store=sf.MemoryStore(), organization=sf.Organization([sf.Employee("112")]), ids=now,
        processes=[sf.templates.load(TEMPLATE)], clock=FixedClock(now.moment),
    )  # fmt: skip
    flow.acting_as("112").customers.create("Applicants")
    return flow.acting_as("112").opportunities


def test_the_loan_template_is_sound():
    """PROC-3: the checker has nothing to say about it."""
    assert list(sf.templates.check(sf.templates.load(TEMPLATE))) == []


def test_a_loan_takes_one_stage_after_the_other(desk):
    """OPP-5, OPP-6, OPP-7: an amount before the next stage, a reason for a jump, a win from the last stage only."""
    loan = desk.create("Loan", customer="applicants")
    for refused, code in (
        (lambda: desk.advance(loan), "field_empty"),
        (lambda: desk.change_stage(loan, "accepted"), "reason_missing"),
        (lambda: desk.win(loan), "not_last_stage"),
        (lambda: desk.lose(loan, reason="price"), "reason_unknown"),
    ):
        with pytest.raises(sf.Refused) as no:
            refused()
        assert code in {reason.code for reason in no.value.reasons}
    loan = desk.edit(loan, amount=sf.Money(0, "EUR"))
    for code in ("partly_submitted", "preaccepted", "accepted", "finalized"):
        loan = desk.change_stage(loan, code)
    assert desk.win(loan).status == "won"
