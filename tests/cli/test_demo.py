"""`salesflow demo` tells the truth: what it prints is what the records say, the same at every run."""

import os
import subprocess
import sys
from typing import NamedTuple

import pytest

import salesflow as sf
from salesflow.cli.demo import DATABASE, REPORT, story
from salesflow.cli.demo.company import DEPARTMENTS, PEOPLE, Company
from salesflow.cli.demo.report import render
from salesflow.cli.terminal import WIDTH
from tests.cli.calls import Demo, done


class Told(NamedTuple):
    """A story that ran: its company, the ids of its deals, and every deal by id."""

    company: Company
    story: story.Story
    deals: dict[str, sf.Opportunity]


@pytest.fixture(scope="module")
def told() -> Told:
    """The same story, in memory: the store makes no difference."""
    company = Company(sf.MemoryStore())
    ids = story.run(company)
    seen = company.acting("chen").opportunities.list(limit=1000).items
    return Told(company, ids, {deal.id: deal for deal in seen})


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
    listed = told.company.acting("root").leads.list().items
    leads = [lead for lead in listed if isinstance(lead, sf.Lead)]
    assert leads == list(listed)
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
    (run,) = told.deals[told.story["tender"]].after_sales
    assert [visit.stage for visit in run.visits if visit.entry != "skipped"][-1] == run.stage == "training"


def test_who_sees_the_campus(told: Told) -> None:
    """VIS-11, VIS-15, VIS-17: its owner's line, its team and theirs; to the others it is not there."""
    campus = told.story["campus"]
    seers = {"chen", "zhang", "zhao", "xu", "wang", "wu", "liu", "root"}
    assert set(told.company.flow.who_can_see(campus)) == seers
    with pytest.raises(sf.NotFound):
        told.company.acting("gao").opportunities.get(campus)
    zhang = told.company.acting("zhang").opportunities
    assert (zhang.count("subordinates"), zhang.count("shared"), zhang.count()) == (9, 8, 17)


def test_the_everyday_deals_end_where_they_say(told: Told) -> None:
    """OPP-5, OPP-7: each came to its stage, and ended there as the table says."""
    for person, what, customer, _, process, stage, end in story.EVERY_DAY:
        (deal,) = [deal for deal in told.deals.values() if deal.name == f"{what} for {customer}"]
        assert (deal.owner, deal.process, deal.stage) == (person, process, stage)
        outcome = {None: "in_progress", "won": "won"}.get(end, "lost")
        assert str(deal.status) == outcome
        assert deal.closing is None or deal.closing.reason == (None if end == "won" else end)


def test_the_printed_text_is_what_the_records_say(demo: Demo, told: Told) -> None:
    """PIPE-1, PIPE-2, OPP-14, VIS-15: refusals with reasons, lists, proofs, funnel and rates are on the screen."""
    text = demo.result.stdout
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
        assert f"\n{deal.id:<7}  {deal.name}  " in text
    rates = told.company.acting("chen").pipeline.win_rates().overall
    row = next(line for line in text.splitlines() if line.startswith("all  "))
    assert row.split()[1:3] == [str(rates.won), str(rates.lost)]


def test_the_place_of_the_page_is_printed_last(demo: Demo) -> None:
    """Two commands: a person sees where to look; the story itself fits the terminal."""
    text = demo.result.stdout
    assert text.endswith(f"\nA page to look at: {demo.folder / REPORT}\n")
    story_lines = text.partition("As 李娜")[0].splitlines()
    assert max(map(len, story_lines)) <= WIDTH


def test_one_can_go_on_with_the_same_records(demo: Demo) -> None:
    """api.md §7: database and organisation stay, and the other commands read them."""
    assert "deal-2" in done("list", *demo.where, "--as", "wang").stdout


def test_memory_and_sqlite_tell_the_same(demo: Demo, told: Told) -> None:
    """REL-3, HIST-2: the page of the story in memory is that of the story on SQLite, letter by letter."""
    assert render(told.company, told.story) == demo.page


def test_a_second_run_replaces_the_first(demo: Demo) -> None:
    """HIST-2: time and ids come from ports, so another process says the very same, whatever its hash seed."""
    before = demo.page
    again = subprocess.run(
        [sys.executable, "-m", "salesflow", "demo", "--out", str(demo.folder)],
        env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONUTF8": "1"}, capture_output=True, check=True,
    )  # fmt: skip
    assert again.stdout.decode("utf-8") == demo.result.stdout
    assert demo.page == before
    assert (demo.folder / DATABASE).exists()


def test_the_story_stops_where_a_refusal_is_missing(told: Told) -> None:
    """REL-12: a refusal that the story shows is a real one; where nothing is refused the story fails."""
    with pytest.raises(AssertionError, match="expects that 'waits' is refused"):
        story.is_refused(told.company, "li", "waits", lambda: None)
