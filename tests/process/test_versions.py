"""Two versions of a template, and every difference between them as a value that reads as text (PROC-6)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import Label, RequiredField, Route, SalesProcess, Stage, TaskTemplate
from salesflow.process import TemplateChange, TemplateChangeKind, diff
from salesflow.testing.strategies.templates import sales_processes
from tests.process.samples import DEMO, MINE, QUOTE, SIGN, TALK

ADDED, REMOVED, RENAMED, MOVED, CHANGED = TemplateChangeKind
AUDIT = Stage("audit", tasks=[TaskTemplate("look")])


def differences(*stages: Stage, **values: Any) -> list[TemplateChange]:
    """What differs between the sample template and one with these stages and values."""
    return list(diff(MINE, evolve(MINE, version=2, stages=stages or MINE.stages, **values)).changes)


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ([TALK, AUDIT, DEMO, QUOTE, SIGN], [TemplateChange(ADDED, "stages.audit", None, AUDIT)]),
        ([TALK, QUOTE, SIGN], [TemplateChange(REMOVED, "stages.demo", DEMO, None)]),
        ([TALK, QUOTE, DEMO, SIGN], [TemplateChange(MOVED, "stages.demo", "talk", "quote")]),
        ([SIGN, TALK, DEMO, QUOTE], [TemplateChange(MOVED, "stages.sign", "quote", None)]),
        (
            [TALK, evolve(DEMO, name="Show it"), QUOTE, SIGN],
            [TemplateChange(RENAMED, "stages.demo", Label(""), Label("Show it"))],
        ),
        (
            [TALK, evolve(DEMO, is_optional=False), QUOTE, SIGN],
            [TemplateChange(CHANGED, "stages.demo.is_optional", True, False)],
        ),
        (
            [evolve(TALK, required_fields=["close_date"]), DEMO, QUOTE, SIGN],
            [
                TemplateChange(REMOVED, "stages.talk.required_fields.amount", RequiredField("amount"), None),
                TemplateChange(ADDED, "stages.talk.required_fields.close_date", None, RequiredField("close_date")),
            ],
        ),
        (
            [evolve(TALK, required_fields=[RequiredField("amount", ["full"])]), DEMO, QUOTE, SIGN],
            [TemplateChange(CHANGED, "stages.talk.required_fields.amount.routes", (), (Route.FULL,))],
        ),
        (
            [evolve(TALK, tasks=[*TALK.tasks, TaskTemplate("visit")]), DEMO, QUOTE, SIGN],
            [TemplateChange(ADDED, "stages.talk.tasks.visit", None, TaskTemplate("visit"))],
        ),
        (
            [TALK, evolve(DEMO, tasks=[]), QUOTE, SIGN],
            [TemplateChange(REMOVED, "stages.demo.tasks.show", TaskTemplate("show"), None)],
        ),
        (
            [TALK, evolve(DEMO, tasks=[]), evolve(QUOTE, tasks=[*QUOTE.tasks, TaskTemplate("show", "Show")]), SIGN],
            [
                TemplateChange(MOVED, "stages.quote.tasks.show", "demo", "quote"),
                TemplateChange(RENAMED, "stages.quote.tasks.show", Label(""), Label("Show")),
            ],
        ),
        (
            [evolve(TALK, tasks=TALK.tasks[::-1]), DEMO, QUOTE, SIGN],
            [TemplateChange(MOVED, "stages.talk.tasks.call", None, "write")],
        ),
        (
            [TALK, evolve(DEMO, tasks=[TaskTemplate("show", is_core=True)]), QUOTE, SIGN],
            [TemplateChange(CHANGED, "stages.demo.tasks.show.is_core", False, True)],
        ),
    ],
)
def test_each_kind_of_difference_is_told_once(stages: list[Stage], expected: list[TemplateChange]):
    """PROC-6: stages, tasks and fields, added, removed, renamed, moved or changed."""
    assert differences(*stages) == expected


def test_the_template_itself_may_differ():
    """PROC-6: its name, its rules, its lists."""
    assert differences(name="Mine", jump="free") == [
        TemplateChange(RENAMED, "name", Label(""), Label("Mine")),
        TemplateChange(CHANGED, "jump", "reason", "free"),
    ]


def test_a_task_moves_out_of_a_stage_that_is_gone_and_into_one_that_is_new():
    """PROC-6: a task keeps its code wherever it goes; those that are in several stages are told stage by stage."""
    moved = evolve(AUDIT, tasks=[TaskTemplate("show")])
    assert [str(change) for change in differences(TALK, moved, QUOTE, SIGN)] == [
        "removed stages.demo", "added stages.audit", "moved stages.audit.tasks.show: 'demo' -> 'audit'",
    ]  # fmt: skip
    twice = evolve(QUOTE, tasks=[*QUOTE.tasks, TaskTemplate("show")])
    assert [str(change) for change in differences(TALK, DEMO, twice, SIGN)] == ["added stages.quote.tasks.show"]


def test_it_reads_as_text():
    """PROC-6: a person decides on it."""
    found = diff(MINE, evolve(MINE, version=2, stages=[evolve(TALK, probability=15, roles=["sales"]), QUOTE, SIGN]))
    assert str(found) == (
        "mine: version 1 -> 2\n"
        "  removed stages.demo\n"
        "  changed stages.talk.probability: 10 -> 15\n"
        "  changed stages.talk.roles: () -> (sales)"
    )
    assert found.removed_stages == ("demo",)
    assert str(diff(MINE, MINE)) == "mine: version 1 -> 1\n  no difference"


def test_only_versions_of_one_template_are_compared():
    """PROC-6: two templates have nothing in common that could be added or removed."""
    with pytest.raises(InvalidInput, match="another version of 'mine'"):
        diff(MINE, evolve(MINE, id="other"))
    with pytest.raises(InvalidInput, match="old"):
        diff("mine", MINE)  # type: ignore[arg-type]


@given(sales_processes(), sales_processes(), st.integers(1, 9))
def test_there_is_a_difference_exactly_where_there_is_one(one: SalesProcess, other: SalesProcess, version: int):
    """PROC-6: nothing that differs goes untold, and nothing is told where nothing does; places are unambiguous."""
    one = evolve(one, id="p")
    other = evolve(other, id="p", version=version)
    found = diff(one, other).changes
    assert (found == ()) == (evolve(other, version=one.version) == one)
    assert diff(one, evolve(one, version=version)).changes == ()
    assert len({(change.kind, change.place) for change in found}) == len(found)
    back = diff(other, one).changes
    for kind, opposite in ((ADDED, REMOVED), (REMOVED, ADDED)):
        assert {c.place for c in found if c.kind is kind} == {c.place for c in back if c.kind is opposite}
