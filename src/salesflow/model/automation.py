"""
What shall happen by itself, as data: on an event, under conditions, one action (RULE-3).

An automation names things and runs nothing: an event of a closed list, a task, a message, a kind of document, or the
name of a handler that the application registered. Whether it is sound is the question of
`salesflow.process.automation_checks`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from attrs import frozen

from salesflow.model.conditions import Condition
from salesflow.model.label import Label, as_label


def _items(values: Any) -> tuple[Any, ...]:
    """Return the items; what is no list at all as the only one, for the checker to report with its place."""
    return tuple(values) if isinstance(values, Iterable) and not isinstance(values, str) else (values,)


@frozen
class AutomaticTask:
    """
    A task that an automation adds to the current stage; it is no must-do.

    Args:
        code: Unique within the stage; a task that is there already is not made again.
        name: For people; a task has one name, which is the English one if there is one.
        due_in_days: When it is due, in days from the day of the event; None means that it has no due date.
        assignee: Who shall do it: ``owner``, ``owner_superior``, ``causer`` (whoever set it off), ``role:ROLE``
            (the first of that team role) or ``person:ID``; None means nobody yet.

    Source: RULE-3, OPP-3.
    """

    code: str
    name: Label = attrs.field(converter=as_label, default=Label(""))
    due_in_days: int | None = attrs.field(default=None, kw_only=True)
    assignee: str | None = attrs.field(default=None, kw_only=True)


@frozen
class AutomaticNotice:
    """
    A notice that an automation gives through the application's `Notifier`.

    Args:
        to: Whom: as of `AutomaticTask.assignee`, where ``role:ROLE`` is everybody in that role, and ``team`` for the
            whole team. Who cannot see the record is left out.
        message: What to say, in any language; it may hold ``{customer}``, ``{title}``, ``{amount}``, ``{stage}``,
            ``{owner}``, ``{causer}`` and ``{close_date}``, and no other braces.

    Source: RULE-3.
    """

    to: tuple[str, ...] = attrs.field(converter=_items)
    message: Label = attrs.field(converter=as_label)


@frozen
class Automation:
    """
    Something that happens by itself after an event; exactly one of the four actions is given.

    Args:
        code: Unique within the template, for ever.
        on: The event, such as ``stage_entered``, ``won`` or ``lead_assigned``.
        stage: The stage that is entered or left, or of another event the one in which the record stands; None means
            any.
        when: Only where all of these hold of the record as it is then.
        create_task: Add this task.
        notify: Tell somebody; without a `Notifier` nothing happens.
        issue_document: Issue a document of this kind, such as ``quote``; without document numbers nothing happens.
        call: Call the handler that the application registered under this code.
        origin: Who added it, where the template's source does not have it; None where the source has it.

    Source: RULE-3.
    """

    code: str
    on: str
    stage: str | None = attrs.field(default=None, kw_only=True)
    when: tuple[Condition, ...] = attrs.field(default=(), converter=_items, kw_only=True)
    create_task: AutomaticTask | None = attrs.field(default=None, kw_only=True)
    notify: AutomaticNotice | None = attrs.field(default=None, kw_only=True)
    issue_document: str | None = attrs.field(default=None, kw_only=True)
    call: str | None = attrs.field(default=None, kw_only=True)
    origin: str | None = attrs.field(default=None, kw_only=True)
