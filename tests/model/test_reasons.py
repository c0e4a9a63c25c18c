"""Reasons: a stable code, its facts, and a message for each (OPP-14, ACC-24)."""

import copy
import pickle
from string import Formatter

import pytest

from salesflow.model import REASONS, Reason


def facts_of(code: str) -> dict[str, object]:
    return {name: f"<{name}>" for _, name, _, _ in Formatter().parse(REASONS[code]) if name}


@pytest.mark.parametrize("code", REASONS)
def test_every_code_fills_its_message(code):
    """OPP-14: with the facts that its message names, each reason prints a whole sentence with all of them."""
    facts = facts_of(code)
    shown = str(Reason(code, **facts))

    assert all(str(value) in shown for value in facts.values())
    assert "{" not in shown


def test_a_reason_is_its_code_and_facts():
    """OPP-14: equal by code and facts in any order; copies are equal; facts come back by name."""
    reason = Reason("task_open", task="t", stage="s")

    assert reason == Reason("task_open", stage="s", task="t")
    assert reason != Reason("task_open", stage="s", task="u")
    assert len({reason, pickle.loads(pickle.dumps(reason)), copy.deepcopy(reason)}) == 1
    assert (reason.code, reason.facts) == ("task_open", {"task": "t", "stage": "s"})
    assert repr(reason) == "task_open(stage='s', task='t')"


def test_several_values_are_listed():
    """OPP-14: a fact of several values is printed as a list."""
    reason = Reason("reason_unknown", reason="weather", known=("price", "other"))

    assert str(reason) == "'weather' is no reason of this process; known are price, other"


def test_a_code_of_the_applications_own_prints_plainly():
    """RULE-1: an application's own code needs no message here."""
    assert str(Reason("budget_too_small", least=5)) == "budget_too_small(least=5)"
