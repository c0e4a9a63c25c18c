"""The demo of the main job tells the truth: what it prints is what the records say, the same at every run."""

import os
import subprocess
import sys
from contextlib import redirect_stdout
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

import salesflow as sf
from examples.main_job import page, story
from examples.main_job.__main__ import main
from examples.main_job.company import DEPARTMENTS, PEOPLE, Company
from examples.main_job.terminal import WIDTH, padded, width, wrapped

REPOSITORY = Path(__file__).parents[2]


class Told(NamedTuple):
    """A story that ran: its company, the ids of its deals, and every deal by id."""

    company: Company
    story: story.Story
    deals: dict[str, sf.Opportunity]


@pytest.fixture(scope="module")
def told() -> Told:
    company = Company()
    with redirect_stdout(StringIO()):
        ids = story.run(company)
    seen = company.acting("chen").opportunities.list(limit=1000).items
    return Told(company, ids, {deal.id: deal for deal in seen})


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("report")
    text = StringIO()
    with redirect_stdout(text):
        main(folder)
    return text.getvalue(), folder


def test_the_company_is_what_it_says() -> None:
    """ORG-1, ORG-3: twelve people in three departments, each with a head, under one general manager."""
    assert len(PEOPLE) == 12
    assert len(DEPARTMENTS) == 3
    assert {person.department for person in PEOPLE} == {None, *(department.id for department in DEPARTMENTS)}
    assert [person.id for person in PEOPLE if person.manager is None] == ["chen"]


def test_all_five_grades_and_three_processes_occur(told: Told) -> None:
    """GRADE-1, GRADE-3, PROC-4: each grade A to E is computed for a deal, and one is raised by hand."""
    assert {deal.grade.computed for deal in told.deals.values()} == set(sf.Grade)
    assert {deal.process for deal in told.deals.values()} == {"crm2000", "tas_bidding", "salesforce_standard"}
    school = told.deals[told.story["school"]]
    assert (school.grade.computed, school.grade.effective) == (sf.Grade.D, sf.Grade.B)


def test_every_outcome_occurs(told: Told) -> None:
    """OPP-7, OPP-8: won, lost, invalid and in progress; the tender was lost, reopened and won."""
    assert {deal.status for deal in told.deals.values()} == set(sf.OpportunityStatus)
    first, second = told.deals[told.story["tender"]].closings
    assert (first.outcome, first.reason, first.competitor) == (sf.OpportunityStatus.LOST, "price", "Globex")
    assert first.ended_by == "li"
    assert (second.outcome, second.ended_by) == (sf.OpportunityStatus.WON, None)


def test_leads_end_in_every_way(told: Told) -> None:
    """LEAD-6, LEAD-8, LEAD-9: three are converted, one of them after it was recycled, and one is disqualified."""
    leads = told.company.acting("root").leads.list().items
    assert sorted((lead.id, str(lead.status)) for lead in leads) == [
        ("lead-1", "converted"), ("lead-2", "converted"), ("lead-3", "disqualified"), ("lead-4", "converted")
    ]  # fmt: skip
    reseller = next(lead for lead in leads if lead.id == "lead-2")
    assert [(former.person, former.reason) for former in reseller.former_owners] == [
        ("zhao", "three weeks without a call")
    ]


def test_the_campus_took_the_full_route(told: Told) -> None:
    """GRADE-2, RULE-2, PROC-4: entered from a lead, refused once, approved, and it may not jump."""
    campus = told.deals[told.story["campus"]]
    assert [(visit.stage, visit.exit) for visit in campus.visits] == [
        ("validate", "advanced"), ("initiate", "advanced"), ("analyse_needs", None)
    ]  # fmt: skip
    assert [(str(a.status), a.decided_by) for a in campus.approvals] == [("refused", "zhang"), ("approved", "zhang")]
    with pytest.raises(sf.Refused) as no:
        told.company.acting("zhao").opportunities.change_stage(campus, "sign_contract")
    assert sf.Reason("full_route") in no.value.reasons


def test_two_deals_took_the_fast_track(told: Told) -> None:
    """OPP-6a, OPP-20: a grade C jumps to the last stage, a partner's deal does once it is registered."""
    clinic, reseller = told.deals[told.story["clinic"]], told.deals[told.story["reseller"]]
    for deal in (clinic, reseller):
        entries = [(visit.stage, visit.entry) for visit in deal.visits if visit.exit != "skipped"]
        assert entries == [("validate", "created"), ("sign_contract", "jumped")]
    assert (clinic.grade.route, clinic.status) == (sf.Route.FAST_TRACK, sf.OpportunityStatus.WON)
    assert (reseller.grade.route, str(reseller.registration)) == (sf.Route.PARTNER, "approved")


def test_after_sales_runs_beside_the_won_tender(told: Told) -> None:
    """OPP-12, ACC-8: its after-sales member brought it to the second stage."""
    tender = told.deals[told.story["tender"]]
    (beside,) = tender.after_sales
    assert (tender.status, beside.stage, str(beside.status)) == (sf.OpportunityStatus.WON, "training", "running")


def test_each_person_sees_their_own_part(told: Told) -> None:
    """VIS-1, VIS-11, VIS-12, VIS-17: a colleague sees nothing, a head the department, a rule opens the rest."""
    campus, flow = told.story["campus"], told.company.flow
    assert set(flow.who_can_see(campus)) == {"chen", "liu", "root", "wang", "wu", "xu", "zhang", "zhao"}
    assert told.company.acting("gao").opportunities.count() == 0
    with pytest.raises(sf.NotFound):
        told.company.acting("gao").opportunities.get(campus)
    zhang = told.company.acting("zhang").opportunities
    assert (zhang.count("departments"), zhang.count("shared"), zhang.count()) == (5, 4, 9)


def test_the_printed_text_is_what_the_records_say(printed: tuple[str, Path], told: Told) -> None:
    """PIPE-1, PIPE-2, OPP-14, VIS-15: refusals with reasons, boards, proofs, funnel and rates are on the screen."""
    text, _ = printed
    for fact in (
        "✗ task 'confirm_tender' of stage 'qualification' is open; finish it first",
        "✗ the full route runs every stage in order; only a fast track may jump",
        "✗ the partner's deal is unregistered; jumping needs an approved registration",
        "✗ the lead was converted already",
        "visible: owner zhao -> manager zhang",
        "not visible\n",
        "As 李娜 (li) sees it", "As 张伟 (zhang) sees it", "As 王强 (wang) sees it",
    ):  # fmt: skip
        assert fact in text
    for deal in told.deals.values():
        assert f"  {deal.id}  {deal.name}  " in text
    rates = told.company.acting("chen").pipeline.win_rates().overall
    assert f"{rates.won}     {rates.lost}" in next(line for line in text.splitlines() if line.startswith("  all  "))


def test_it_fits_the_terminal(printed: tuple[str, Path]) -> None:
    """Friendliness: no line is wider than 100 columns, a Chinese character counted as two."""
    assert max(width(line) for line in printed[0].splitlines()) <= WIDTH


def test_the_page_is_there_and_whole(printed: tuple[str, Path], told: Told) -> None:
    """Two commands: the page holds stage chart, board, funnel and proofs, and each element is closed."""
    text, folder = printed
    report = folder / "main_job.html"
    assert text.endswith(f"A page to look at: {report}\n")
    html = report.read_text(encoding="utf-8")
    for part in ("Stage chart", "Board", "Funnel", "可见性说明", "not visible", "智慧园区平台"):
        assert part in html
    assert html == page.render(told.company, told.story)
    reader = Elements()
    reader.feed(html)
    assert reader.open == []


class Elements(HTMLParser):
    """Keeps the elements that are open; a wrong end raises."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()


def test_a_run_of_its_own_says_the_same(printed: tuple[str, Path]) -> None:
    """HIST-2: time and ids come from ports, so another process prints the very same, whatever its hash seed."""
    text, folder = printed
    before = (folder / "main_job.html").read_bytes()
    run = subprocess.run(
        [sys.executable, "-m", "examples.main_job", str(folder)],
        cwd=REPOSITORY, env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONUTF8": "1"}, capture_output=True, check=True,
    )  # fmt: skip
    assert run.stdout.decode("utf-8") == text
    assert (folder / "main_job.html").read_bytes() == before


def test_chinese_is_aligned() -> None:
    """Friendliness: two columns for a Chinese character, on both sides, and lines break between words."""
    assert padded("李娜", 6) == "李娜  "
    assert padded("李娜", 6, right=True) == "  李娜"
    assert wrapped("张伟 sees it", 7) == ["张伟", "sees it"]
    assert wrapped("unbreakable", 4) == ["unbreakable"]


def test_the_story_stops_where_a_refusal_is_missing(told: Told) -> None:
    """REL-12: a refusal that the story shows is a real one; where nothing is refused the story fails."""
    with redirect_stdout(StringIO()), pytest.raises(AssertionError, match="expects that 'waits' is refused"):
        story.is_refused(told.company, "li", "waits", lambda: None)
