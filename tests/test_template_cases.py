"""Trying a stage template out with tables of given, when, then (PROC-3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesflow import templates
from salesflow.errors import InvalidInput
from salesflow.template_cases import LARGEST_TEXT, MOST_CASES, MOST_PHRASES, TemplateCase, check_cases, read_cases
from tests.cli.calls import done, refused, run

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to"
RESELLER_TEXT = (HOW_TO / "reseller.toml").read_text(encoding="utf-8")
RESELLER = templates.loads(RESELLER_TEXT)
BUILTIN = templates.builtin()


def said(process: str, given: str, when: str, then: str) -> list[str]:
    """What is wrong with one case of a built-in template, or of the resellers'."""
    template = RESELLER if process == "reseller" else BUILTIN[process]
    return [each.problem for each in check_cases(template, f"|given|when|then|\n|{given}|{when}|{then}|\n")]


@pytest.mark.parametrize(
    ("process", "given", "when", "then", "otherwise"),
    [
        ("reseller", "", "", "at inquiry; in_progress; probability 20%", "at offer"),
        ("reseller", "amount 5000000 CNY", "", "grade A", "grade B"),
        ("reseller", "led_by partner", "", "grade E", "grade A"),
        ("reseller", "at offer; led_by partner", "", "grade E; at offer", "grade A"),
        ("reseller", "", "finish_task check_stock", "done check_stock; open ask_price", "open check_stock"),
        ("reseller", "done check_stock", "reopen_task check_stock", "open check_stock", "done check_stock"),
        ("reseller", "", "change_stage offer no time", "at offer; skipped check_stock", "done check_stock"),
        ("reseller", "", "change_stage offer", "refused reason_missing", "at offer"),
        ("reseller", "at offer; done send_offer", "win", "won; probability 100", "lost"),
        ("reseller", "at offer", "lose price", "lost", "refused reason_unknown"),
        ("reseller", "at offer", "lose weather", "refused reason_unknown weather", "lost"),
        ("reseller", "at offer", "lose", "refused reason_missing", "refused reason_unknown"),
        ("reseller", "at offer", "invalidate other; reopen", "at offer; in_progress", "invalid"),
        ("reseller", "at offer", "invalidate other", "invalid", "in_progress"),
        ("reseller", "", "win", "refused not_last_stage offer", "refused not_last_stage; refused task_open ask_price"),
        ("reseller", "source fair", "edit amount 12 CNY; edit source none; edit close_date 3", "at inquiry", "waiting"),
        ("crm2000", "", "fill_feedback they are sure", "at qualification", "waiting"),
        ("tas_bidding", "at initiate; amount 10 CNY", "set_grade A for the name", "grade A", "grade D"),
        ("tas_bidding", "at sign_contract; amount 10 CNY; set_grade A for the name", "waive_stage validate tiny",
         "refused nothing_owed validate", "at sign_contract"),
        ("tas_bidding", "led_by partner", "register_with_partner", "waiting", "won"),
        ("tas_bidding", "led_by partner", "register_with_partner; approve", "at validate", "waiting"),
        ("tas_bidding", "led_by partner", "register_with_partner; refuse not ours", "at validate", "waiting"),
        ("tas_bidding", "led_by partner", "register_with_partner; withdraw_approval", "at validate", "waiting"),
    ],
)  # fmt: skip
def test_a_case_holds_and_another_does_not(process: str, given: str, when: str, then: str, otherwise: str):
    """PROC-3: every phrase is seen to hold, and the same opportunity with another claim is told."""
    assert said(process, given, when, then) == []
    assert said(process, given, when, otherwise) != []


def test_a_move_that_waits_for_an_approval():
    """RULE-2, PROC-3: asked for by the seller, granted by the superior; a jump names where it goes."""
    methods = "; ".join(f"done {task.code}" for task in BUILTIN["rfp_software"].stages[2].tasks)
    at = f"at {BUILTIN['rfp_software'].stages[2].code}; amount 10 CNY; {methods}"
    assert said("rfp_software", at, "advance", "refused approval_needed") == []
    assert said("rfp_software", at, "request_approval advance; approve", "at submitted") == []
    assert said("rfp_software", at, "request_approval change_stage submitted", "waiting") == []


def test_what_stands_in_the_way_is_all_named():
    """PROC-3: a reason that is not expected is told with its code, and an expected one that does not come too."""
    (problem,) = said("reseller", "at offer", "win", "refused field_empty amount; refused task_open send_offer")[:1]
    assert problem.startswith("'refused field_empty amount' is not so; task_open")
    assert said("reseller", "at offer", "win", "won")[0].startswith("refused: task_open (task 'send_offer'")
    assert said("reseller", "at offer", "lose price", "refused") == ["'refused ' is not so; nothing was refused"]
    too_late = said("reseller", "", "advance; win", "won")
    assert too_late[0].startswith("'win' comes too late: refused already: field_empty")


@pytest.mark.parametrize(
    ("given", "when", "then", "problem"),
    [
        ("at nowhere", "", "at offer", "must be a stage of reseller"),
        ("done nothing", "", "at offer", "'finish_task nothing' is refused: task_unknown"),
        ("done send_offer", "", "at inquiry", "is refused: "),
        ("amount much", "", "at inquiry", "amount"),
        ("close_date soon", "", "at inquiry", "days from now"),
        ("led_by nobody", "", "at inquiry", "led_by"),
        ("", "fly", "at inquiry", "must begin with one of advance"),
        ("", "advance now", "at inquiry", "must be advance alone"),
        ("", "set_grade Z", "at inquiry", "must be A, B, C or D"),
        ("", "edit shape 3", "at inquiry", "shape"),
        ("", "edit opportunity x", "at inquiry", "must be one of name"),
        ("", "", "flies", "must begin with one of refused, at"),
    ],
)
def test_a_phrase_that_means_nothing_is_told(given: str, when: str, then: str, problem: str):
    """PROC-3: what is misspelt fails its own case, says what would do, and stops no other."""
    (told,) = said("reseller", given, when, then)
    assert problem in told


def test_custom_fields_have_values_of_every_kind():
    """PROC-3: numbers, money, yes and no, text and none."""
    template = templates.loads(
        'id = "wishes"\nversion = 1\ncustom_fields = ["wish"]\n[[stages]]\ncode = "only"\n'
        'required_fields = ["custom.wish"]\n'
    )
    for value in ("3", "3.50 CNY", "true", "false", "a pony"):
        assert check_cases(template, f"|given|when|then|\n||edit custom.wish {value}; win|won|") == ()
    (problem,) = check_cases(template, "|given|when|then|\n||edit custom.wish none; win|won|")
    assert str(problem).startswith("line 2: refused: field_empty")


def test_automations_make_their_tasks_and_call_nobody():
    """RULE-3, PROC-3: what follows by itself is tried out too, as far as it stays within the template."""
    template = templates.loads(
        RESELLER_TEXT + '[[automation]]\ncode = "greet"\non = "stage_entered"\nstage = "offer"\n'
        'create_task = { code = "call" }\n[[automation]]\ncode = "erp"\non = "won"\ncall = "book_order"\n'
    )
    table = "|given|when|then|\n|-|-|-|\n|at inquiry|change_stage offer no time|open call|\n|at offer|win|won|\n"
    assert [each.line for each in check_cases(template, table)] == [4]  # at offer the must-do is open


def test_cases_stand_in_tables_of_any_page():
    """PROC-3: other text and other tables are passed over; each case knows its line."""
    page = "# Title\n\n|a|b|\n|-|-|\n|1|2|\n\n| Given | when | then |\n|:--|--:|---|\n| `at x`; `y` | `z` | `won` |\n"
    assert read_cases(page) == (TemplateCase(9, ("at x", "y"), ("z",), ("won",)),)


@pytest.mark.parametrize(
    "text",
    [
        "", "|a|b|c|\n|1|2|3|", "|given|when|then|\n|1|2|", "x" * (LARGEST_TEXT + 1),
        "|given|when|then|\n" + "||||\n" * (MOST_CASES + 1), "|given|when|then|\n||" + "x;" * (MOST_PHRASES + 1) + "||",
    ],
)  # fmt: skip
def test_what_is_no_table_of_cases_is_refused(text: str):
    """PROC-3, REL-8: with the line, or the limit, and before anything is run."""
    with pytest.raises(InvalidInput):
        read_cases(text)


def test_the_cases_of_the_how_to_hold_and_the_command_says_so():
    """PROC-3: the page is run by the library and by `salesflow check --cases`."""
    page = HOW_TO / "reseller_cases.md"
    assert check_cases(RESELLER, page.read_text(encoding="utf-8")) == ()
    assert "reseller_cases.md: no errors" in done("check", HOW_TO / "reseller.toml", "--cases", page).stderr


def test_the_command_names_the_line_of_a_case_that_does_not_hold(tmp_path: Path):
    """PROC-3: as a finding of the cases' file; with errors in the template, those come first."""
    cases = tmp_path / "cases.md"
    cases.write_text("\n|given|when|then|\n|-|-|-|\n||advance|at offer|\n", encoding="utf-8")
    result = run("check", HOW_TO / "reseller.toml", "--cases", cases)
    assert result.exit_code == 1
    assert f"{cases}:4: error: case: refused: field_empty" in result.stdout
    broken = tmp_path / "broken.toml"
    broken.write_text('id = "a"\n', encoding="utf-8")
    result = run("check", broken, "--cases", cases)
    assert result.exit_code == 1
    assert "cases.md: no errors" in result.stderr
    refused("check", broken, broken, "--cases", cases, code=2)
