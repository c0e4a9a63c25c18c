"""
What can be wrong with a stage template: a stable code, its place, and what would do (PROC-3).

The two tables are the whole vocabulary. An error stops the template from being used. A warning does not; it
can be made an error (``strict``), or waived in the template: ``waived = ["stage: warning"]``. Both are codes: a
stage's number changes when another is put before it, its code never does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from attrs import frozen

from salesflow.errors import TemplateError

ERRORS = MappingProxyType(
    {
        # the file
        "too_large": "the file is larger than {most} KiB",
        "not_utf8": "this is not UTF-8 text; save the file as UTF-8",
        "too_deep": "values are nested deeper than {most} levels",
        "key_too_deep": "a dotted key has more than {most} parts",
        "too_many_values": "the file holds more than {most} keys and values",
        "syntax": "this is no TOML: {problem}",
        "unknown_key": "there is no such key; known here are {known}",
        "missing_key": "this must be given",
        # any value
        "wrong_type": "must be {wanted}, not {found}",
        "empty": "must not be empty",
        "too_long": "has {length} characters; at most {most} are allowed",
        "hidden_character": "holds U+{point:04X}, a control or invisible character; leave it out",
        "out_of_range": "is {value}; it must be {least} to {most}",
        "too_many": "holds more than {most} items",
        "duplicate": "{value} stands here a second time",
        # codes and names
        "code_form": "{value} is no code: at most {most} of a-z, 0-9 and _, beginning with a letter",
        "outcome_code": "{value} is the code of an outcome; choose another",
        "language_form": "{value} is no language code, such as 'en', 'zh' or 'zh-TW'",
        # what must be known
        "no_stage": "a process has at least one stage",
        "unknown_choice": "{value} is none of {known}",
        "unknown_field": "{value} is no field; known are {known}",
        "unknown_role": "{value} is no team role; known are {known}; add it to custom_roles",
        "unknown_stage": "there is no stage {value}; the stages are {known}",
        "unknown_waiver": "{value} matches nothing: write 'stage: warning', a stage code and one of {known}",
        "unknown_approver": "{value} is no approver: write 'owner_superior', 'person:ID' or 'role:TEAM_ROLE'",
        "approvers_differ": "winning from the last stage asks for the approval of {other} as well; name one for both",
        "nothing_expires": "nothing is approved here; name an approval, or leave it out",
        "wrong_value": "{value} {rule}",
        "choices_misfit": "a question answered with {kind} offers these: a choice at least two, any other none",
        "fill_misfits": "{value} is no answer that this field holds; it takes {known}",
        "currency_misfit": "a currency goes with a number that fills an amount or a custom field; leave it out",
        "proposal_form": "{value} does not say which: behind the operation stands {known}",
        "not_reached": "no answer leads to the question {value}",
        "no_order": "{value} has no order; at_least and at_most take a whole number, money or a day",
        "approval_beside": "an after-sales process has no approvals; leave it out",
        "one_action": "an automation does exactly one of {known}; this one does {count}",
        "action_misfits": "after {value} the record does not take this; choose another event or action",
        "second_core_task": "the stage has a core task already, {other}; at most one is",
        "more": "and {count} more errors, not listed",
    }
)
"""Every error by its code, with the message that its facts fill."""

WARNINGS = MappingProxyType(
    {
        "no_start_mark": "nothing says when the stage starts",
        "no_end_mark": "nothing says when the stage ends",
        "core_task_repeated": "{other} has the same core task, {task}",
        "no_substance": "the stage asks for no task, field or procedure",
        "probability_falls": "the chance of winning falls from {before} to {after} percent",
    }
)
"""
Every warning about a stage by its code; each can be waived.

The first four are the three principles of TAS+: clear marks, unlike core tasks, a stage that matters.
"""

WAIVER_UNUSED = "nothing is waived by {value} any more; take it out"
"""The warning ``waiver_unused``: a stale waiver harms no record, so it is no error. It is never waived."""

HANDLER_NEEDED = "the application must register a handler {value}; without it, it cannot use this template"
"""The warning ``handler_needed``: whether one is registered the file cannot know. It is never waived."""

MOST_ERRORS = 200
"""At most so many errors are listed; the rest are counted."""


@frozen
class Finding:
    """
    One thing that is wrong with a template.

    Args:
        place: Where, such as ``stages[2].tasks[0].code`` or ``line 3, column 5``.
        code: A key of `ERRORS` or `WARNINGS`, or ``waiver_unused``.
        message: What is wrong, and what would do.
        is_error: Whether the template cannot be used.
        line: The line of the file, from 1; None where there is no file, or the place names its line itself.

    Source: PROC-3.
    """

    place: str
    code: str
    message: str
    is_error: bool = True
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@frozen
class Findings:
    """
    Everything that is wrong with one template; empty where nothing is.

    Args:
        template: The template's id, or the file's name.
        items: The findings, in the order of the template.

    Source: PROC-3.
    """

    template: str
    items: tuple[Finding, ...] = ()

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop the template from being used."""
        return tuple(found for found in self.items if found.is_error)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that do not."""
        return tuple(found for found in self.items if not found.is_error)

    def require(self) -> None:
        """
        Return if the template can be used.

        Raises:
            TemplateError: It has errors, all of which are named; its author must mend them.
        """
        if self.errors:
            raise TemplateError(self.template, [str(found) for found in self.errors])


class FindingCollector:
    """
    Collects findings and writes their messages.

    Args:
        strict: Whether a warning is an error.
    """

    __slots__ = ("_errors", "_items", "_strict")

    messages: Mapping[str, str] = ERRORS
    whole = "template"  # the place of what is said of all of it

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self._items: list[Finding] = []
        self._errors = 0

    @property
    def is_full(self) -> bool:
        """Whether further errors are only counted."""
        return self._errors > MOST_ERRORS

    def error(self, place: str, code: str, **facts: object) -> None:
        """Add the error *code* of `messages` at *place*; beyond `MOST_ERRORS` it is only counted."""
        self._errors += 1
        if not self.is_full:
            self._items.append(Finding(place, code, self.messages[code].format(**facts)))

    def warning(self, place: str, code: str, message: str) -> None:
        """Add a warning, which is an error under ``strict``."""
        self._items.append(Finding(place, code, message, self._strict))

    def findings(self) -> tuple[Finding, ...]:
        """Return what was collected, in order."""
        items = list(self._items)
        if self.is_full:
            items.append(Finding(self.whole, "more", ERRORS["more"].format(count=self._errors - MOST_ERRORS)))
        return tuple(items)


def picture(value: object, longest: int = 60) -> str:
    """
    Return a short picture of *value* for a message, with hidden characters escaped.

    Args:
        longest: The most characters of text that are shown.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = str(value)
        return repr(text if len(text) <= longest else text[: longest - 3] + "...")
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 64 else "a huge number"
    if isinstance(value, float):
        return repr(value)
    return _KINDS.get(type(value)) or f"a {type(value).__name__}"


_KINDS: dict[type, str] = {list: "a list", tuple: "a list", dict: "a table", type(None): "nothing"}
