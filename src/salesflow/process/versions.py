"""
What differs between two versions of a template, as values that read as text (PROC-6).

Stages and tasks are told apart by their codes, which are for ever; a name is only a name (PROC-9).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from attrs import fields, frozen

from salesflow.errors import InvalidInput
from salesflow.model import SalesProcess


class TemplateChangeKind(StrEnum):
    """How one place of a template differs between two versions (PROC-6)."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    MOVED = "moved"
    CHANGED = "changed"


ADDED, REMOVED, RENAMED, MOVED, CHANGED = TemplateChangeKind


@frozen
class TemplateChange:
    """
    One difference.

    Args:
        kind: What happened.
        place: Where, by codes, such as ``stages.bidding.tasks.build_demo``; of a moved one, its new place.
        before, after: What stands there; None where nothing does. Of a task that moved to another stage, the two
            stages; of what moved within its list, the code that it follows, None at the front.
    """

    kind: TemplateChangeKind
    place: str
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        if self.kind in (ADDED, REMOVED):
            return f"{self.kind} {self.place}"
        return f"{self.kind} {self.place}: {_shown(self.before)} -> {_shown(self.after)}"


@frozen
class TemplateDiff:
    """
    Everything that differs between two versions of one template; it prints a line for each.

    Args:
        process: The template's id.
        from_version, to_version: Which versions.
        changes: Those of the template itself first, then stage by stage, then its rules, approvals and automations.

    Source: PROC-6.
    """

    process: str
    from_version: int
    to_version: int
    changes: tuple[TemplateChange, ...]

    @property
    def removed_stages(self) -> tuple[str, ...]:
        """The codes of the stages that are gone: where they are occupied, a migration must be told where to."""
        return tuple(
            change.place.removeprefix("stages.")
            for change in self.changes
            if change.kind is REMOVED and change.place.startswith("stages.") and change.place.count(".") == 1
        )

    def __str__(self) -> str:
        head = f"{self.process}: version {self.from_version} -> {self.to_version}"
        return "\n".join([head, *(f"  {change}" for change in self.changes or ("no difference",))])


def diff(old: SalesProcess, new: SalesProcess) -> TemplateDiff:
    """
    Return what differs between two versions of a template.

    Args:
        old, new: Versions of one template; both must be sound (`check_template`).

    Raises:
        InvalidInput: They are not versions of one template; the caller must hand over two of one id.

    Source: PROC-6.
    """
    for name, process in (("old", old), ("new", new)):
        if not isinstance(process, SalesProcess):
            raise InvalidInput(name, process, "must be a SalesProcess")
    if old.id != new.id:
        raise InvalidInput("new", new.id, f"must be another version of {old.id!r}")
    found = (
        *_values("", old, new, ("id", "version", "stages", "rules", "approvals", "automation")),
        *_stages(old, new),
        *_parts("rules", old, new, "code"),
        *_parts("approvals", old, new, "before"),
        *_parts("automation", old, new, "code"),
    )
    return TemplateDiff(old.id, old.version, new.version, found)


def _stages(old: SalesProcess, new: SalesProcess) -> Iterator[TemplateChange]:
    before, after = ({stage.code: stage for stage in process.stages} for process in (old, new))
    homes, new_homes = _homes(old), _homes(new)
    moved = {task: home for task, home in homes.items() if new_homes.get(task, home) != home}
    yield from _listed("stages", before, after)
    for code, stage in after.items():
        place, was = f"stages.{code}", before.get(code)
        tasks = {task.code: task for task in stage.tasks}
        earlier = {task.code: task for task in was.tasks} if was is not None else {}
        for task in tasks:
            if task in moved:
                yield TemplateChange(MOVED, f"{place}.tasks.{task}", moved[task], code)
                earlier[task] = next(t for t in before[moved[task]].tasks if t.code == task)
        if was is not None:
            yield from _values(place, was, stage, ("code", "tasks", "required_fields"))
            required, needed = ({r.field: r for r in one.required_fields} for one in (was, stage))
            yield from _listed(f"{place}.required_fields", required, needed)
            yield from _insides(f"{place}.required_fields", required, needed, ("field",))
            yield from _listed(f"{place}.tasks", earlier, tasks, ignored=moved)
        yield from _insides(f"{place}.tasks", earlier, tasks, ("code",))


def _parts(name: str, old: SalesProcess, new: SalesProcess, key: str) -> Iterator[TemplateChange]:
    """Give what differs in a list of the template's whose items are told apart by *key*."""
    before, after = ({getattr(part, key): part for part in getattr(process, name)} for process in (old, new))
    yield from _listed(name, before, after)
    yield from _insides(name, before, after, (key,))


def _homes(process: SalesProcess) -> dict[str, str]:
    """Return, for each task code that stands in one stage only, which: only those can be seen to move."""
    found: dict[str, list[str]] = {}
    for stage in process.stages:
        for task in stage.tasks:
            found.setdefault(task.code, []).append(stage.code)
    return {task: homes[0] for task, homes in found.items() if len(homes) == 1}


def _listed(
    place: str, before: Mapping[str, Any], after: Mapping[str, Any], ignored: Collection[str] = ()
) -> Iterator[TemplateChange]:
    """Give what was removed, added or moved in one list; what is *ignored* is told elsewhere."""
    for code, value in before.items():
        if code not in after and code not in ignored:
            yield TemplateChange(REMOVED, f"{place}.{code}", before=value)
    for code, value in after.items():
        if code not in before and code not in ignored:
            yield TemplateChange(ADDED, f"{place}.{code}", after=value)
    stayed = [code for code in before if code in after and code not in ignored]
    order = [code for code in after if code in before and code not in ignored]
    in_order = _longest_rising([stayed.index(code) for code in order])
    for rank, code in enumerate(order):
        if stayed.index(code) not in in_order:
            yield TemplateChange(
                MOVED, f"{place}.{code}", _one_before(stayed, stayed.index(code)), _one_before(order, rank)
            )


def _one_before(codes: Sequence[str], place: int) -> str | None:
    return codes[place - 1] if place else None


def _longest_rising(ranks: Sequence[int]) -> set[int]:
    """Return a longest rising part of *ranks*: what is in it kept its place, what is not has moved."""
    best: list[list[int]] = []
    for n, rank in enumerate(ranks):
        lower = [best[m] for m in range(n) if ranks[m] < rank]
        longest: list[int] = max(lower, key=len) if lower else []
        best.append([*longest, rank])
    kept: list[int] = max(best, key=len) if best else []
    return set(kept)


def _insides(
    place: str, before: Mapping[str, Any], after: Mapping[str, Any], besides: Collection[str]
) -> Iterator[TemplateChange]:
    for code, value in after.items():
        if code in before:
            yield from _values(f"{place}.{code}", before[code], value, besides)


def _values(place: str, before: Any, after: Any, besides: Collection[str]) -> Iterator[TemplateChange]:
    """Give what differs between the plain fields of two things of one kind."""
    for declared in fields(type(after)):
        name = declared.name
        was, now = getattr(before, name), getattr(after, name)
        if name not in besides and was != now:
            if name == "name":
                yield TemplateChange(RENAMED, place or "name", was, now)
            else:
                yield TemplateChange(CHANGED, f"{place}.{name}" if place else name, was, now)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(map(str, value)) + ")"
    return repr(value) if isinstance(value, str) and not isinstance(value, StrEnum) else str(value)
