"""
Guided dialogs (引导对话) as data: questions for a stage or a lead, and what their answers do (OPP-16).

A dialog names fields, tasks and moves and runs nothing. Whether it is sound is the question of
`salesflow.process.dialog_checks`; going through one is `salesflow.process.dialogs`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import attrs
from attrs import frozen

from salesflow.model.label import Label, as_label

END = "end"
"""What `next` says where the dialog is over."""


class AnswerKind(StrEnum):
    """What a question is answered with."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    DATE = "date"


def _items(values: Any) -> tuple[Any, ...]:
    """Return the items; what is no list at all as the only one, for the checker to report with its place."""
    return tuple(values) if isinstance(values, Iterable) and not isinstance(values, str) else (values,)


def _kind(value: Any) -> Any:
    """Return the kind where there is one of this name; anything else stays, for the checker to report."""
    try:
        return AnswerKind(value)
    except ValueError:
        return value


@frozen
class DialogChoice:
    """
    One of the answers that a question offers.

    Args:
        code: Unique within the question, for ever; the answer that is kept.
        text: What people read.
        next: The question that follows this answer; None means that of the question itself.
        finishes: The code of a task of the stage that is done with this answer, or None.
        proposes: The move that this answer suggests, as in `DialogQuestion`, or None.

    Source: OPP-16.
    """

    code: str
    text: Label = attrs.field(converter=as_label, default=Label(""))
    next: str | None = attrs.field(default=None, kw_only=True)
    finishes: str | None = attrs.field(default=None, kw_only=True)
    proposes: str | None = attrs.field(default=None, kw_only=True)


@frozen
class DialogQuestion:
    """
    One question.

    Args:
        code: Unique within the dialog, for ever.
        text: What people read.
        kind: What it is answered with.
        choices: The answers that it offers; of a choice at least two, of others none.
        is_required: Whether it must be answered; else it may be passed over.
        next: The question that follows, further down, or ``end``; None means the next one.
        fills: The field that the answer fills, such as ``amount`` or ``custom.budget``, or None.
        currency: Of a number that is money: which, such as ``CNY``.
        finishes: The code of a task of the stage that is done with an answer, or None.
        proposes: The move that an answer suggests: an operation, behind a colon with its stage or reason where it has
            one, such as ``advance``, ``change_stage:negotiation`` or ``lose:price``. It is proposed, not made.

    Source: OPP-16.
    """

    code: str
    text: Label = attrs.field(converter=as_label)
    kind: AnswerKind = attrs.field(default=AnswerKind.TEXT, converter=_kind, kw_only=True)
    choices: tuple[DialogChoice, ...] = attrs.field(default=(), converter=_items, kw_only=True)
    is_required: bool = attrs.field(default=True, kw_only=True)
    next: str | None = attrs.field(default=None, kw_only=True)
    fills: str | None = attrs.field(default=None, kw_only=True)
    currency: str | None = attrs.field(default=None, kw_only=True)
    finishes: str | None = attrs.field(default=None, kw_only=True)
    proposes: str | None = attrs.field(default=None, kw_only=True)


@frozen
class Dialog:
    """
    A script of questions for a stage of a process, or for qualifying a lead.

    Args:
        code: Unique within the template, or among an application's dialogs for leads; for ever.
        questions: In order; the first one begins.
        name: For people.
        stage: The stage in which it is offered; None means every stage. Of a lead's dialog always None.

    Source: OPP-16.
    """

    code: str
    questions: tuple[DialogQuestion, ...] = attrs.field(converter=_items)
    name: Label = attrs.field(converter=as_label, default=Label(""), kw_only=True)
    stage: str | None = attrs.field(default=None, kw_only=True)
