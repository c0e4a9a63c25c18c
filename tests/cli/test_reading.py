"""`salesflow list`, `board`, `pipeline` and `why` say what the facade says."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import salesflow as sf
from salesflow.cli.demo import DATABASE
from salesflow.cli.demo.company import NAMES
from salesflow.cli.figures import plain
from salesflow.cli.terminal import harmless
from salesflow.files.json_codec import read_plain
from salesflow.files.organization import load_organization
from salesflow.model import Activity, OpportunityStatus, Task, created, timeline_of
from salesflow.ports import UnitOfWork, Write
from salesflow.stores.sql import SqlStore
from salesflow.testing.records import make_opportunity
from tests.cli.calls import Demo, answered, done, refused


@pytest.fixture(scope="module")
def flow(demo: Demo) -> Iterator[sf.SalesFlow]:
    """The library's own view of the demo's database."""
    with SqlStore(f"sqlite:///{demo.folder / DATABASE}") as store:
        yield sf.SalesFlow(
            store=store, organization=load_organization(demo.folder / "company.toml"),
            processes=sf.templates.builtin(), time_zone="Asia/Shanghai",
        )  # fmt: skip


@pytest.mark.parametrize("person", ["li", "zhang", "wang", "gao", "root"])
@pytest.mark.parametrize("scene", ["all", "mine", "subordinates"])
def test_list_is_what_the_person_sees(demo: Demo, flow: sf.SalesFlow, person: str, scene: str) -> None:
    """VIS-1, VIS-16, IO-2: the listed records are those of the facade, in its order, and read back equal."""
    told = answered("list", *demo.where, "--as", person, "--scene", scene, "--order-by", "-amount")
    items = tuple(read_plain(sf.Opportunity, item) for item in told["items"])
    page = flow.acting_as(person).opportunities.list(scene, order_by="-amount")
    assert (items, told["has_more"], told["after"]) == (page.items, page.has_more, page.after)


def test_pages_follow_one_another(demo: Demo, flow: sf.SalesFlow) -> None:
    """PIPE-1: the place that one page ends at is where the next begins; together they are the list."""
    seen, after = [], None
    while True:
        told = answered("list", *demo.where, "--as", "chen", "--limit", 5, *(["--after", after] if after else []))
        seen += [item["id"] for item in told["items"]]
        after = told["after"]
        if not told["has_more"]:
            break
    assert seen == [deal.id for deal in flow.acting_as("chen").opportunities.list(limit=1000).items]


def test_the_list_says_what_was_done_and_what_is_due(demo: Demo, tmp_path: Path) -> None:
    """PIPE-1: the last activity, how many in 30 days, and the open task that is due first, marked where it is past."""
    url, today = f"sqlite:///{tmp_path / 'work.db'}", date(2026, 3, 31)
    now = datetime(2026, 3, 31, 1, tzinfo=UTC)
    tasks = (Task("1:call", "call", "a", due=date(2026, 3, 1)), Task("1:write", "write", "a", due=today))
    activities = tuple(Activity(f"{n}", "call", "", now - timedelta(days=20 * n), "li") for n in (2, 1, 0))
    with SqlStore(url) as store:
        store.create_schema()
        for deal in (
            make_opportunity("late", tasks=tasks, activities=activities, last_activity_at=now),
            make_opportunity("soon", tasks=tasks[1:]), make_opportunity("won", status=OpportunityStatus.WON),
        ):  # fmt: skip
            event = created(deal, at=now, by="li", operation="create")
            store.save(UnitOfWork((Write("opportunity", deal.id, 0, deal, (event,)),)))
    where = ["--db", url, *demo.where[2:], "--as", "li", "--as-of", "2026-03-31"]
    _, *lines = done("list", *where, "--work", "--order-by", "id").stdout.splitlines()
    assert [line.split("李娜")[1].split() for line in lines] == [
        ["qualification", "2026-03-31", "2", "2026-03-01", "call", "(overdue)"],
        ["qualification", "–", "0", "2026-03-31", "write"], ["won", "–", "0", "–"],
    ]  # fmt: skip


def test_the_list_is_a_table(demo: Demo) -> None:
    """PIPE-1: each record is one line with Chinese names aligned; how many there are stands on standard error."""
    result = done("list", *demo.where, "--as", "wang", "--limit", 1)
    title, line = result.stdout.splitlines()
    assert title.split() == ["id", "name", "owner", "grade", "process", "standing", "amount", "close", "date"]
    assert line.split()[:6] == ["deal-2", "智慧园区平台", "赵敏", "A", "tas_bidding", "analyse_needs"]
    assert result.stderr.startswith("1 of 2\nthe next page: --after ")


@pytest.mark.parametrize("person", ["li", "zhang", "wang"])
def test_board_is_what_the_facade_says(demo: Demo, flow: sf.SalesFlow, person: str) -> None:
    """PIPE-1, VIS-16: every column of every process that the person has records on."""
    told = answered("board", *demo.where, "--as", person)
    desk = flow.acting_as(person).opportunities
    processes = sorted({deal.process for deal in desk.list(limit=1000).items})
    assert told["boards"] == [plain(desk.board(process=process)) for process in processes]
    assert told["boards"][0]["columns"][0].keys() >= {"code", "count", "amount", "weighted", "cards"}


def test_board_of_one_process(demo: Demo) -> None:
    """PIPE-1: of one process by its id, as a table with the sums and which records are counted."""
    text = done("board", *demo.where, "--as", "zhang", "--process", "tas_bidding", "--scene", "subordinates").stdout
    assert "crm2000" not in text
    row = next(line for line in text.splitlines() if line.startswith("analyse_needs"))
    assert row.split() == ["analyse_needs", "1", "8,000,000", "CNY", "2,400,000", "CNY", "0"]
    assert "counted, " in text.splitlines()[-1]


@pytest.mark.parametrize("by", ["owner", "grade", "source", "department", "team", "competitor", "quarter_closed"])
def test_pipeline_is_what_the_facade_says(demo: Demo, flow: sf.SalesFlow, by: str) -> None:
    """PIPE-2, VIS-16: funnel, win rates and sales cycle; money stays exact text."""
    told = answered("pipeline", *demo.where, "--as", "liu", "--by", by)
    figures = flow.acting_as("liu").pipeline
    assert told["win_rates"] == plain(figures.win_rates(by=by))
    assert told["sales_cycle"] == plain(figures.sales_cycle())
    assert [funnel["process"] for funnel in told["funnels"]] == ["crm2000", "salesforce_standard", "tas_bidding"]
    assert told["funnels"] == [plain(figures.funnel(process=funnel["process"])) for funnel in told["funnels"]]
    assert told["win_rates"]["overall"]["won_value"] == {"CNY": "90000"}


def test_the_forecast_is_what_the_facade_says(demo: Demo, flow: sf.SalesFlow) -> None:
    """PIPE-4, VIS-16: of today's month, and of the periods that are asked for; as a table with every category."""
    figures = flow.acting_as("chen").pipeline
    assert answered("pipeline", *demo.where, "--as", "chen")["forecast"] == plain(figures.forecast())
    when = ["--since", "2026-01-31", "--until", "2026-06-01", "--period", "quarter"]
    asked = figures.forecast(since=date(2026, 1, 1), until=date(2026, 6, 30), period="quarter")
    assert answered("pipeline", *demo.where, "--as", "chen", *when)["forecast"] == plain(asked)
    text = done("pipeline", *demo.where, "--as", "chen", *when).stdout
    rows = [line.split() for line in text[text.index("Forecast") :].splitlines()]
    for label, category in (("2026Q1", "closed"), ("2026Q2", "commit"), ("2026Q2", "all"), ("–", "slipped")):
        assert [label, category] in [row[:2] for row in rows]
    assert str(asked.population) in text


def test_the_past_is_read_from_the_terminal_too(demo: Demo, flow: sf.SalesFlow) -> None:
    """HIST-1: list, board, forecast and why as they were, by a moment or at the end of a day in the business's zone."""
    moment = datetime.fromisoformat("2026-05-01T00:00:00+08:00") - timedelta(microseconds=1)
    past = flow.acting_as("chen").as_of(moment)
    chen = [*demo.where, "--as", "chen"]
    assert 0 < past.opportunities.count() < flow.acting_as("chen").opportunities.count()
    for when in ("2026-04-30", "2026-04-30T23:59:59.999999", "2026-04-30T15:59:59.999999+00:00"):
        told = answered("list", *chen, "--as-of", when)
        assert [item["id"] for item in told["items"]] == [deal.id for deal in past.opportunities.list().items]
    (board, *_) = answered("board", *chen, "--as-of", "2026-04-30")["boards"]
    assert board == plain(past.opportunities.board(process=board["process"]))
    figures = answered("pipeline", *chen, "--as-of", "2026-04-30")
    assert figures["forecast"] == plain(past.pipeline.forecast())
    assert [period["label"] for period in figures["forecast"]["periods"]] == ["2026-04"]
    deal = past.opportunities.list().items[0]
    ways = answered("why", *chen, deal.id, "--as-of", "2026-04-30")["ways"]
    assert ways == [str(way) for way in flow.as_of(moment).why("chen", deal.id).ways]
    assert "there is no record" in refused("why", *chen, deal.id, "--as-of", "2001-01-01")
    for wrong in ("soon", "2026-02-30", "9999-12-31"):
        assert "--as-of: " in refused("list", *chen, "--as-of", wrong)


def test_the_history_of_a_record_is_told(demo: Demo, flow: sf.SalesFlow) -> None:
    """HIST-1: as text with names and the business's hours, as HTML, as events that read back; up to a moment too."""
    chen = [*demo.where, "--as", "chen"]
    events = flow.acting_as("chen").opportunities.history("deal-2")
    told = timeline_of(events, names=NAMES, zone=ZoneInfo("Asia/Shanghai"))
    assert done("history", *chen, "deal-2").stdout.splitlines() == [harmless(line) for line in str(told).splitlines()]
    assert "赵敏" in str(told)
    assert done("history", *chen, "deal-2", "--html").stdout == f"{told.html()}\n"
    listed = answered("history", *chen, "deal-2")["events"]
    assert tuple(read_plain(sf.Event, item) for item in listed) == events
    first = f"{events[0].at.isoformat()}"
    assert 0 < len(answered("history", *chen, "deal-2", "--as-of", first)["events"]) < len(events)
    lead = flow.acting_as("root").leads.list().items[0].id
    assert done("history", *demo.where, "--as", "root", "--kind", "lead", lead).stdout.count("created") == 1
    assert "no opportunity 'deal-2'" in refused("history", *demo.where, "--as", "gao", "deal-2")


def test_pipeline_as_tables(demo: Demo) -> None:
    """PIPE-2, PIPE-8: each figure says which records it counts; owners are told by name."""
    text = done("pipeline", *demo.where, "--as", "chen").stdout
    assert next(line for line in text.splitlines() if line.startswith("all ")).split()[1:4] == ["4", "3", "57.1%"]
    assert "孙磊" in text
    assert text.count(" counted, ") == 6


def test_why_prints_the_proof(demo: Demo, flow: sf.SalesFlow) -> None:
    """VIS-15: both for a yes and for a no, with every way in that was tried."""
    assert done("why", *demo.where, "--as", "zhang", "deal-2").stdout == f"{flow.why('zhang', 'deal-2')}\n"
    assert done("why", *demo.where, "--as", "gao", "deal-2").stdout == f"{flow.why('gao', 'deal-2')}\n"
    for person, is_visible in (("zhang", True), ("gao", False)):
        told = answered("why", *demo.where, "--as", person, "deal-2")
        proof = flow.why(person, "deal-2")
        assert (told["person"], told["record"], told["is_visible"]) == (person, "deal-2", is_visible)
        assert told["ways"] == [str(way) for way in proof.ways]
        assert [part["lacks"] for part in told["parts"]] == [part.lacks for part in proof.parts]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "--as", "nobody"], "--as: 'nobody' must be the id of an employee"),
        (["list", "--as", "li", "--scene", "nowhere"], "nowhere"),
        (["list", "--as", "li", "--order-by", "colour"], "colour"),
        (["list", "--as", "li", "--after", "there"], "after"),
        (["board", "--as", "li", "--process", "unknown"], "must be one of"),
        (["pipeline", "--as", "li", "--by", "weather"], "must be one of owner"),
        (["why", "--as", "li", "deal-404"], "there is no record 'deal-404'"),
        (["why", "--as", "li", "\x1b[31mred"], "there is no record"),
        (["export", "--as", "li", "--scene", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(demo: Demo, arguments: list[str], said: str) -> None:
    """REL-8: exit code 1, nothing on standard output, and one line that says what would do."""
    command, *others = arguments
    line = refused(command, *demo.where, *others)
    assert said in line
    assert line.startswith("salesflow: ")
    assert line.count("\n") == 1
    assert "\x1b" not in line


def test_processes_are_found_over_several_pages(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """PIPE-1: which processes there are is asked page by page, and no page is forgotten."""
    monkeypatch.setattr("salesflow.cli.reading.LARGEST_PAGE", 2)
    boards = answered("board", *demo.where, "--as", "chen")["boards"]
    assert [board["process"] for board in boards] == ["crm2000", "salesforce_standard", "tas_bidding"]


def test_a_zone_that_is_none(demo: Demo) -> None:
    """HIST-2: the business's zone is checked like everything else."""
    assert "IANA" in refused("list", *demo.where, "--time-zone", "Mars/Base", "--as", "li")


def test_records_on_an_unknown_template_are_left_out_loudly(demo: Demo, tmp_path_factory) -> None:
    """PROC-6, RULE-3: where the template of some records was not given, the others are told and these are named."""
    folder = tmp_path_factory.mktemp("own")
    mine = folder / "mine.toml"
    calling = sf.Automation("erp", "won", call="book_order")  # a handler of the application's, which is not here
    template = sf.SalesProcess("mine", 1, [sf.Stage("only")], automation=[calling])
    mine.write_text(sf.templates.dump(template), encoding="utf-8")
    rows = folder / "deals.csv"
    rows.write_text("id,name,owner\n1,First,li\n", encoding="utf-8")
    mapping = folder / "map.toml"
    mapping.write_text(
        'kind = "opportunity"\n[fields]\nid = "id"\nname = "name"\nowner = "owner"\n'
        'process = { constant = "mine" }\nstage = { constant = "only" }\n',
        encoding="utf-8",
    )
    where = ["--db", f"sqlite:///{folder / 'own.db'}", *demo.where[2:], "--as", "root"]
    done("import", rows, "--map", mapping, *where, "--processes", mine)
    assert answered("board", *where, "--processes", mine)["boards"][0]["columns"][0]["count"] == 1
    result = done("board", *where, "--json")
    assert json.loads(result.stdout)["boards"] == []
    assert "--processes" in result.stderr
