"""Random edits of a template, and populations that walked through it: what a migration must carry over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve, frozen
from hypothesis import strategies as st

from salesflow.model import (
    Decision,
    Event,
    Label,
    Opportunity,
    RequiredField,
    Route,
    SalesProcess,
    Stage,
    TaskTemplate,
    apply,
)
from salesflow.process import (
    Engine,
    add_task,
    advance_after_sales,
    compile,
    fill_feedback,
    finish_task,
    running_after_sales,
    start_after_sales,
    void,
)
from salesflow.process.after_sales import can_run_beside
from tests.process.samples import DAY, WORTH, created

STAGES = ("a", "b", "c", "d", "e")
TASKS = ("t", "u", "v")
NEW = ("x", "y", "z")
ROUTES = st.sampled_from(((), (Route.FULL,), (Route.FAST_TRACK,)))


@st.composite
def templates(draw: st.DrawFn) -> SalesProcess:
    """Templates of one to five stages with up to two tasks each."""
    codes = draw(st.lists(st.sampled_from(STAGES), unique=True, min_size=1, max_size=5))
    return SalesProcess("p", 1, [draw(_stage(code)) for code in codes], jump=draw(st.sampled_from(("free", "reason"))))


@st.composite
def _stage(draw: st.DrawFn, code: str) -> Stage:
    return Stage(
        code,
        probability=draw(st.integers(0, 100)),
        tasks=[TaskTemplate(t, routes=draw(ROUTES)) for t in draw(st.lists(st.sampled_from(TASKS), unique=True))],
        required_fields=draw(st.sampled_from(((), ("amount",), ("feedback",)))),
        approval=draw(st.sampled_from((None, None, "owner_superior"))),
    )


@frozen
class Edited:
    """
    A template after some edits.

    Args:
        process: The new version.
        stages: Where a stage whose code was changed is found now.
    """

    process: SalesProcess
    stages: tuple[tuple[str, str], ...] = ()


@st.composite
def edits(draw: st.DrawFn, old: SalesProcess) -> Edited:
    """Version 2 of *old*: one to five edits of any kind."""
    edited = Edited(evolve(old, version=2))
    for edit in draw(st.lists(st.sampled_from(EDITS), min_size=1, max_size=5)):
        edited = edit(draw, edited)
    known = {stage.code for stage in old.stages}
    return evolve(edited, stages=tuple(pair for pair in edited.stages if pair[0] in known))


def _with(edited: Edited, stages: list[Stage]) -> Edited:
    return evolve(edited, process=evolve(edited.process, stages=stages))


def _add_stage(draw: st.DrawFn, edited: Edited) -> Edited:
    stages = list(edited.process.stages)
    free = [code for code in (*NEW, *STAGES) if code not in {stage.code for stage in stages}]
    if free:
        stages.insert(draw(st.integers(0, len(stages))), draw(_stage(draw(st.sampled_from(free)))))
    return _with(edited, stages)


def _remove_stage(draw: st.DrawFn, edited: Edited) -> Edited:
    stages = list(edited.process.stages)
    if len(stages) > 1:
        gone = stages.pop(draw(st.integers(0, len(stages) - 1)))
        target = draw(st.none() | st.sampled_from(stages))
        kept = tuple(pair for pair in edited.stages if pair[1] != gone.code)
        if target is not None:
            kept = (*(pair for pair in kept if pair[0] != gone.code), (gone.code, target.code))
        edited = evolve(edited, stages=kept)
    return _with(edited, stages)


def _recode_stage(draw: st.DrawFn, edited: Edited) -> Edited:
    stages = list(edited.process.stages)
    free = [code for code in NEW if code not in {stage.code for stage in stages}]
    if not free:
        return edited
    place, code = draw(st.integers(0, len(stages) - 1)), draw(st.sampled_from(free))
    before = stages[place].code
    stages[place] = evolve(stages[place], code=code)
    origins = [pair[0] for pair in edited.stages if pair[1] == before] or [before]
    others = tuple(pair for pair in edited.stages if pair[1] != before)
    return _with(evolve(edited, stages=(*others, *((origin, code) for origin in origins))), stages)


def _shuffle(draw: st.DrawFn, edited: Edited) -> Edited:
    return _with(edited, draw(st.permutations(edited.process.stages)))


def _in_one_stage(change: Callable[[st.DrawFn, Stage], Stage]) -> Callable[[st.DrawFn, Edited], Edited]:
    def edit(draw: st.DrawFn, edited: Edited) -> Edited:
        stages = list(edited.process.stages)
        place = draw(st.integers(0, len(stages) - 1))
        stages[place] = change(draw, stages[place])
        return _with(edited, stages)

    return edit


def _rename(draw: st.DrawFn, stage: Stage) -> Stage:
    return evolve(stage, name=Label("Another name"), limit_days=7)


def _other_tasks(draw: st.DrawFn, stage: Stage) -> Stage:
    return evolve(stage, tasks=draw(_stage(stage.code)).tasks)


def _other_demands(draw: st.DrawFn, stage: Stage) -> Stage:
    other = draw(_stage(stage.code))
    return evolve(
        stage, probability=other.probability, approval=other.approval, required_fields=[RequiredField("amount")]
    )


EDITS = (
    _add_stage, _remove_stage, _recode_stage, _shuffle,
    _in_one_stage(_rename), _in_one_stage(_other_tasks), _in_one_stage(_other_demands),
)  # fmt: skip


@frozen
class Story:
    """A record, and everything that happened to it."""

    record: Opportunity
    events: tuple[Event, ...]


@st.composite
def stories(draw: st.DrawFn, process: SalesProcess, id: str) -> Story:
    """What becomes of one opportunity of *process* that is worked for up to eight steps; it is its own after-sales."""
    engine = compile(process)
    record, made = created(process, id=id, amount=WORTH)
    told = list(made.events)
    for step in draw(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 7)), max_size=8)):
        does, choice = step
        decision = does(record, engine, choice)
        if decision is not None and decision.is_allowed and decision.events:
            record = apply(record, decision.events)
            told += decision.events
    return Story(record, tuple(told))


BY_LI: dict[str, Any] = {name: value for name, value in DAY.items() if name != "today"}


def _finish(record: Opportunity, engine: Engine, choice: int) -> Decision | None:
    running = running_after_sales(record)
    tasks = [t for t in record.tasks if t.stage == record.stage]
    tasks += [t for t in running.tasks if t.stage == running.stage] if running else []
    return finish_task(record, tasks[choice % len(tasks)].id, **BY_LI) if tasks else None


def _advance(record: Opportunity, engine: Engine, choice: int) -> Decision:
    return engine.advance(record, **BY_LI)


def _jump(record: Opportunity, engine: Engine, choice: int) -> Decision:
    stages = engine.process.stages
    return engine.change_stage(record, stages[choice % len(stages)].code, reason="because", **BY_LI)


def _close(record: Opportunity, engine: Engine, choice: int) -> Decision:
    return engine.lose(record, reason="price", **DAY) if choice % 4 else engine.win(record, **DAY)


def _add_task(record: Opportunity, engine: Engine, choice: int) -> Decision:
    code = (*TASKS, "ring")[choice % 4]
    return add_task(record, code, "By hand", assignee=None, due=None, can_see=True, **BY_LI)


def _feedback(record: Opportunity, engine: Engine, choice: int) -> Decision:
    return fill_feedback(record, f"feedback {choice}", **BY_LI)


def _serve(record: Opportunity, engine: Engine, choice: int) -> Decision | None:
    return start_after_sales(record, engine, **BY_LI) if can_run_beside(engine) else None


def _serve_on(record: Opportunity, engine: Engine, choice: int) -> Decision:
    return advance_after_sales(record, engine, **BY_LI)


def _void(record: Opportunity, engine: Engine, choice: int) -> Decision | None:
    return void(record, reason=None, **BY_LI) if choice == 0 else None


STEPS: tuple[Callable[[Opportunity, Engine, int], Decision | None], ...] = (
    _finish, _finish, _advance, _advance, _jump, _add_task, _feedback, _serve, _serve_on, _close, _void,
)  # fmt: skip
