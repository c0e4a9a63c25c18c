"""Going through a dialog, and whether one is sound (OPP-16)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import Dialog, DialogChoice, DialogQuestion, Money, SalesProcess, Stage, TaskTemplate
from salesflow.process import DialogRun, Proposal, offered_dialogs, sound_lead_dialogs
from salesflow.process.checks import check_template
from salesflow.process.dialogs import LEAD_FILLS

DISCOVERY = Dialog(
    "discovery",
    [
        DialogQuestion(
            "known", "Do we know them?", kind="choice", fills="custom.known", choices=[
                DialogChoice("yes", "Yes", next="budget", finishes="call"),
                DialogChoice("no", "No"),
                DialogChoice("never", "They never buy", next="end", proposes="lose:other"),
            ],
        ),
        DialogQuestion("who", "Who told them of us?", fills="source", is_required=False),
        DialogQuestion("budget", "What may it cost?", kind="number", fills="amount", currency="CNY"),
        DialogQuestion("when", "When?", kind="date", fills="close_date", is_required=False, finishes="ask"),
        DialogQuestion("seats", "How many?", kind="number", fills="custom.seats", proposes="advance"),
        DialogQuestion("deadline", "Fixed?", kind="date", fills="custom.deadline", next="end", is_required=False),
    ],
    stage="talk",
)  # fmt: skip
TALK = Stage("talk", tasks=[TaskTemplate("call"), TaskTemplate("ask")])
GUIDED = SalesProcess(
    "guided", 1, [TALK, Stage("sign")], custom_fields=["known", "seats", "deadline"], dialogs=[DISCOVERY]
)


def answered(*answers: Any) -> DialogRun:
    """The run after these answers."""
    run = DialogRun(DISCOVERY)
    for answer in answers:
        run = run.answer(answer)
    return run


def test_the_answers_lead_on_and_say_what_they_do():
    """OPP-16: the next question by the answer, what they fill, finish and propose, in the order of the answers."""
    assert not check_template(GUIDED).errors
    run = answered("no", "a friend", Decimal("1000.50"), date(2026, 5, 1), 3, date(2026, 6, 1))
    assert run.is_over
    assert run.fills == {
        "source": "a friend", "amount": Money("1000.50", "CNY"), "close_date": date(2026, 5, 1),
        "custom": {"known": "no", "seats": 3, "deadline": "2026-06-01"},
    }  # fmt: skip
    assert (run.finishes, run.proposals) == (("ask",), (Proposal("advance"),))
    assert run.told == "known=no; who=a friend; budget=1000.50; when=2026-05-01; seats=3; deadline=2026-06-01"
    short = answered("yes", 5, None, 1, None)
    assert short.is_over
    assert short.fills == {"amount": Money(5, "CNY"), "custom": {"known": "yes", "seats": 1}}
    assert (short.finishes, short.told) == (("call",), "known=yes; budget=5; seats=1")
    over = answered("never")
    assert over.is_over
    assert over.proposals == (Proposal("lose", "other"),)
    with pytest.raises(InvalidInput, match="too late"):
        over.answer("more")


def test_a_run_is_a_value_and_goes_back():
    """OPP-16: answering leaves the run as it was; going back takes the last answer away."""
    run = DialogRun(DISCOVERY)
    asked = run.question
    assert asked is not None
    assert asked.code == "known"
    after = run.answer("no")
    assert run.answers == ()
    assert after.back() == run == run.back()


@pytest.mark.parametrize(
    ("before", "wrong"),
    [
        ((), [None, "maybe", 3, "", ["yes"]]),
        (("no",), [3, "", "two\nlines", True, "x" * 301]),
        (("yes",), [None, 1.5, "3", True, Decimal("0.001"), Decimal("NaN"), Decimal("1e999999"), 10**15]),
        (("yes", 5), ["2026-01-01", datetime(2026, 1, 1), 20260101]),
        (("yes", 5, None), [None, Decimal("1.5"), False, "3"]),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(before: tuple[Any, ...], wrong: list[Any]):
    """OPP-16, I-45: of each kind of question, what is no such answer; nothing is guessed and nothing coerced."""
    run = answered(*before)
    for answer in wrong:
        with pytest.raises(InvalidInput):
            run.answer(answer)


def test_a_number_that_fills_nothing_may_be_a_fraction_and_must_be_finite():
    """OPP-16: it is only told in the history."""
    run = DialogRun(Dialog("rates", [DialogQuestion("rate", "Rate?", kind="number")]))
    assert run.answer(Decimal("1.5")).told == "rate=1.5"
    wrong: list[Any] = [Decimal("NaN"), Decimal("Infinity"), Decimal("1e999999"), 1.5, 10**15, 10**5000]
    for answer in wrong:
        with pytest.raises(InvalidInput):
            run.answer(answer)


def test_dialogs_are_offered_in_their_stage():
    """OPP-16: those of the stage, and those of every stage."""
    everywhere = Dialog("everywhere", [DialogQuestion("q", "Q")])
    assert offered_dialogs([DISCOVERY, everywhere], "talk") == (DISCOVERY, everywhere)
    assert offered_dialogs([DISCOVERY, everywhere], "sign") == (everywhere,)
    assert offered_dialogs([everywhere], None) == (everywhere,)


CODES = [f"q{n}" for n in range(6)]


@st.composite
def dialogs(draw: st.DrawFn) -> Dialog:
    """Dialogs whose questions lead somewhere further down, whether each is reached or not."""
    count = draw(st.integers(1, len(CODES)))
    questions = []
    for n in range(count):
        later = st.none() | st.sampled_from([*CODES[n + 1 : count], "end"])
        choices = [DialogChoice(code, next=draw(later)) for code in ("x", "y")]
        is_choice = draw(st.booleans())
        questions.append(
            DialogQuestion(
                CODES[n], "Q", kind="choice" if is_choice else "text", choices=choices if is_choice else (),
                next=draw(later), is_required=draw(st.booleans()),
            )
        )  # fmt: skip
    return Dialog("d", questions)


def reached(dialog: Dialog) -> set[str]:
    """The questions that some way through leads to: every way is gone."""
    found = set()
    ways = [DialogRun(dialog)]
    while ways:
        run = ways.pop()
        question = run.question
        if question is None:
            continue
        found.add(question.code)
        answers = [choice.code for choice in question.choices] or ["text"]
        ways += [run.answer(answer) for answer in (*answers, *([] if question.is_required else [None]))]
    return found


@given(dialogs())
def test_every_way_ends_and_a_sound_dialog_reaches_each_question(dialog: Dialog):
    """OPP-16: no dialog goes round in a circle; the checker reports exactly the questions that no way leads to."""
    process = SalesProcess("p", 1, [Stage("s")], dialogs=[dialog])
    missed = {question.code for question in dialog.questions} - reached(dialog)
    told = [finding for finding in check_template(process).errors if finding.code == "not_reached"]
    assert {dialog.questions[int(finding.place[-2])].code for finding in told} == missed


def test_python_values_of_a_wrong_type_are_reported():
    """PROC-3: what a file cannot hold is found in Python objects too, at its place."""
    choices: Any = [5, DialogChoice("x")]
    questions: Any = [4, DialogQuestion("q", "Q", kind="choice", choices=choices)]
    some: Any = [3, Dialog("d", questions)]
    odd = check_template(SalesProcess("p", 1, [Stage("s")], dialogs=some))
    found = {(each.place, each.code) for each in odd.errors}
    assert {("dialogs[0]", "wrong_type"), ("dialogs[1].questions[0]", "wrong_type"),
            ("dialogs[1].questions[1].choices[0]", "wrong_type")} <= found  # fmt: skip
    none: Any = [Dialog("d", some[:1])]
    bare = check_template(SalesProcess("p", 1, [Stage("s")], dialogs=none))
    assert [each.code for each in bare.errors] == ["wrong_type"]


@pytest.mark.parametrize("odd", [[1], {"a": 1}])
def test_a_list_or_table_where_a_code_stands_is_a_finding(odd: Any):
    """REL-8: whatever stands there, the checker answers, and raises nothing."""
    for dialog in (
        Dialog("d", [DialogQuestion(odd, "Q"), DialogQuestion("q", "Q")]),
        Dialog("d", [DialogQuestion("q", "Q", next=odd), DialogQuestion("r", "R")]),
        Dialog(
            "d", [DialogQuestion("q", "Q", kind="choice", choices=[DialogChoice("x", next=odd), DialogChoice("y")])]
        ),
        Dialog("d", [DialogQuestion("q", "Q", fills=odd)]),
        Dialog("d", [DialogQuestion("q", "Q", kind="number", fills="amount", currency=odd)]),
        Dialog("d", [DialogQuestion("q", "Q")], stage=odd),
    ):
        found = check_template(SalesProcess("p", 1, [Stage("s")], dialogs=[dialog])).errors
        assert found, dialog


def test_dialogs_for_leads_are_checked_by_what_a_lead_has():
    """OPP-16: fields and moves of a lead; no stage, no task; all problems at once."""
    qualify = Dialog(
        "qualify",
        [
            DialogQuestion("name", "Who?", fills="contact"),
            DialogQuestion("fit", "Fit?", kind="choice", choices=[
                DialogChoice("yes", proposes="convert"), DialogChoice("no", proposes="disqualify"),
            ]),
        ],
    )  # fmt: skip
    assert sound_lead_dialogs([qualify]) == (qualify,)
    assert set(LEAD_FILLS) >= {"title", "contact", "phone"}
    with pytest.raises(InvalidInput) as refused:
        sound_lead_dialogs([Dialog("bad", [
            DialogQuestion("a", "A", fills="amount", finishes="call", proposes="win"),
        ], stage="talk")])  # fmt: skip
    for place in ("stage", "questions[0].fills", "questions[0].finishes", "questions[0].proposes"):
        assert f"dialogs[0].{place}" in str(refused.value)
    for wrong in (3, "qualify"):
        with pytest.raises(InvalidInput, match="must be a list of Dialog"):
            sound_lead_dialogs(wrong)  # type: ignore[arg-type]
