"""What a person asks to be made; each request checks what it is given, since it comes from outside."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum
from typing import Any

from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.model.enums import LedBy, OpportunityStatus
from salesflow.model.moments import plain_day, utc
from salesflow.model.money import Money
from salesflow.model.opportunity import TeamMember

LONGEST_NAME = 300
"""Names and titles longer than this are refused."""

LONGEST_TEXT = 20_000
"""Free text longer than this is refused."""


class Unset(Enum):
    """Tells an argument that was left out from one that is None."""

    UNSET = "unset"


UNSET = Unset.UNSET

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # Persian, the Indic scripts and many emoji cannot be written without them


def first_hidden(text: str) -> str:
    """
    Return the first control or invisible character of *text*, or nothing.

    Those are line breaks of every kind, marks of direction, lone surrogates and whatever else nobody sees.
    The two zero-width joiners are none, since some scripts need them.
    """
    if text.isprintable():
        return ""
    return next((c for c in text if c not in _JOINERS and unicodedata.category(c) in _HIDDEN), "")


def can_be_stored(text: str) -> bool:
    """Return whether a store can hold *text*: neither a NUL nor half a character is in it; no record's text has one."""
    if text.isprintable():
        return True
    return "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def is_blank(text: str) -> bool:
    """Return whether *text* shows nothing: it is empty, or only spaces and characters that nobody sees."""
    return all(c.isspace() or unicodedata.category(c) in _HIDDEN for c in text)


def named(value: object, what: str, *, longest: int = LONGEST_NAME) -> str:
    """
    Return *value* if it is a name: text with something in it, on one line, without hidden characters.

    Raises:
        InvalidInput: It is not; the caller must ask for another.
    """
    if not isinstance(value, str):
        raise InvalidInput(what, value, "must be text")
    if value and value.isprintable() and not value.isspace() and len(value) <= longest:
        return value  # nearly every name: nothing in it is hidden, so no character need be looked at
    if is_blank(value):
        raise InvalidInput(what, value, "must not be empty")
    if len(value) > longest:
        raise InvalidInput(what, value, f"must be at most {longest} characters long")
    hidden = first_hidden(value)
    if hidden:
        rule = f"must not hold U+{ord(hidden):04X}, a line break, control or invisible character"
        raise InvalidInput(what, value, rule)
    return value


def worded(value: object, what: str) -> str | None:
    """Return free text (line breaks allowed) or None as it is; anything else is `InvalidInput`."""
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or "\x00" in value:
        raise InvalidInput(what, value, f"must be text of at most {LONGEST_TEXT} characters")
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        # Half of a character: no file or database can hold it.
        raise InvalidInput(what, value, "must not hold half a character (a lone surrogate)")
    return value


def flag(value: object, what: str) -> bool:
    """Return *value* if it is True or False; else raise `InvalidInput`: any other value would be kept as it is."""
    if not isinstance(value, bool):
        raise InvalidInput(what, value, "must be True or False")
    return value


def _name(_instance: object, attribute: Any, value: Any) -> None:
    named(value, attribute.name)


def _optional_name(_instance: object, attribute: Any, value: Any) -> None:
    if value is not None:
        named(value, attribute.name)


def _optional_words(_instance: object, attribute: Any, value: Any) -> None:
    worded(value, attribute.name)


def _optional_money(_instance: object, attribute: Any, value: Any) -> None:
    if value is not None:
        not_negative(value, attribute.name)


def _optional_day(_instance: object, attribute: Any, value: Any) -> None:
    if value is not None:
        plain_day(value, attribute.name)


def _optional_moment(_instance: object, attribute: Any, value: Any) -> None:
    if value is not None:
        utc(value, attribute.name)


def _in_utc(moment: datetime | None) -> datetime | None:
    """Return a sound moment in UTC; anything else as it is, for the validator, which knows its name."""
    if moment is None:
        return None
    try:
        return utc(moment)
    except InvalidInput:
        return moment


def not_negative(value: object, what: str) -> Money:
    """Return *value* if it is `Money` of at least zero; else raise `InvalidInput` (OPP-2)."""
    if not isinstance(value, Money):
        raise InvalidInput(what, value, "must be Money, such as Money('1200000', 'CNY')")
    if value.amount < 0:
        raise InvalidInput(what, str(value), "must not be negative")
    return value


def _members(members: Iterable[TeamMember]) -> tuple[TeamMember, ...]:
    if not isinstance(members, Iterable):
        raise InvalidInput("team", members, "must be TeamMember objects, such as a list of them")
    return tuple(members)


def _led_by(value: LedBy | str) -> LedBy:
    if value in tuple(LedBy):
        return LedBy(value)
    raise InvalidInput("led_by", value, f"must be one of {', '.join(LedBy)}")


def _steps(steps: Iterable[tuple[str, datetime]]) -> tuple[tuple[str, datetime], ...]:
    try:
        pairs = [(stage, moment) for stage, moment in steps]
    except (TypeError, ValueError):
        raise InvalidInput("history", steps, "must be pairs of a stage, or an outcome, and its moment") from None
    return tuple((named(stage, "history"), utc(moment, "history")) for stage, moment in pairs)


def _outcome(value: OpportunityStatus | str | None) -> OpportunityStatus | None:
    if value is None or isinstance(value, OpportunityStatus):
        return value
    if value in tuple(OpportunityStatus):
        return OpportunityStatus(value)
    raise InvalidInput("outcome", value, f"must be None or one of {', '.join(OpportunityStatus)}")


@frozen
class NewCustomer:
    """A customer to make on the way, as in converting a lead (LEAD-6)."""

    name: str = field(validator=_name)
    phone: str | None = field(default=None, kw_only=True, validator=_optional_name)
    email: str | None = field(default=None, kw_only=True, validator=_optional_name)
    industry: str | None = field(default=None, kw_only=True, validator=_optional_name)


@frozen
class NewContact:
    """A contact to make on the way (LEAD-6). What is left out is taken from the lead."""

    name: str = field(validator=_name)
    phone: str | None = field(default=None, kw_only=True, validator=_optional_name)
    email: str | None = field(default=None, kw_only=True, validator=_optional_name)
    title: str | None = field(default=None, kw_only=True, validator=_optional_name)


@frozen
class NewOpportunity:
    """
    An opportunity to make on the way (LEAD-6).

    Args:
        name: What it is called.
        amount: What it may be worth; None where unknown.
        process: The template's id; None lets the selector choose (PROC-7).
        close_date: The expected close date, a plain day.
        stage: The stage to enter; None means where the template says.
        reason: Why it enters a later stage than the first, where the template's jump rule asks for one.
        led_by: Who leads the deal.
        team: Members beside the owner.
    """

    name: str = field(validator=_name)
    amount: Money | None = field(default=None, kw_only=True, validator=_optional_money)
    process: str | None = field(default=None, kw_only=True, validator=_optional_name)
    close_date: date | None = field(default=None, kw_only=True, validator=_optional_day)
    stage: str | None = field(default=None, kw_only=True, validator=_optional_name)
    reason: str | None = field(default=None, kw_only=True, validator=_optional_words)
    led_by: LedBy = field(default=LedBy.US, kw_only=True, converter=_led_by)
    team: tuple[TeamMember, ...] = field(default=(), kw_only=True, converter=_members)


@frozen(kw_only=True)
class ImportedOpportunity:
    """
    An opportunity that arrives from another system, where it already has a past (IO-3).

    Args:
        id: Its id here; also what makes importing it twice change nothing.
        name: What it is called.
        owner: The employee who answers for it.
        process: The template's id.
        stage: The stage it stands in, or left when it was closed.
        entered_at: When it entered that stage (aware), by a reopening too; None where unknown.
        history: Earlier stages with the moment each was entered, in order. A step may also be ``won``, ``lost`` or
            ``invalid``, with the moment of a closing that did not last: what stands behind it is a reopening, and
            another outcome a reopening and a closing at one instant.
        customer, contact: Ids; both None where unknown, which then stands in the way of its next move.
        amount: What it may be worth.
        close_date: The expected close date; None where unknown, which stands in the way of its next move.
        outcome: How it ended, or None while it is open.
        closed_at: When it ended (aware); None where unknown.
        actual_amount: What was really sold.
        reason: The code of the process's list for a loss or an invalid one.
        created_at: When it was created there (aware); None where unknown.
    """

    id: str = field(validator=_name)
    name: str = field(validator=_name)
    owner: str = field(validator=_name)
    process: str = field(validator=_name)
    stage: str = field(validator=_name)
    entered_at: datetime | None = field(default=None, converter=_in_utc, validator=_optional_moment)
    history: tuple[tuple[str, datetime], ...] = field(default=(), converter=_steps)
    customer: str | None = field(default=None, validator=_optional_name)
    contact: str | None = field(default=None, validator=_optional_name)
    amount: Money | None = field(default=None, validator=_optional_money)
    close_date: date | None = field(default=None, validator=_optional_day)
    outcome: OpportunityStatus | None = field(default=None, converter=_outcome)
    closed_at: datetime | None = field(default=None, converter=_in_utc, validator=_optional_moment)
    actual_amount: Money | None = field(default=None, validator=_optional_money)
    reason: str | None = field(default=None, validator=_optional_name)
    source: str | None = field(default=None, validator=_optional_name)
    created_at: datetime | None = field(default=None, converter=_in_utc, validator=_optional_moment)


@frozen(kw_only=True)
class ImportedLead:
    """
    A lead that arrives from a file or another system (LEAD-2).

    Args:
        id: Its id here; also what makes importing it twice change nothing.
        title: The possible deal, in a few words.
        owner: The employee who works it; None leaves it unassigned.
        contact: The name of the person to reach.
        phone, email, channel: Ways to reach someone; at least one is needed.
        created_at: When it was created there (aware); None where unknown.
    """

    id: str = field(validator=_name)
    title: str = field(validator=_name)
    owner: str | None = field(default=None, validator=_optional_name)
    contact: str | None = field(default=None, validator=_optional_name)
    company: str | None = field(default=None, validator=_optional_name)
    phone: str | None = field(default=None, validator=_optional_name)
    email: str | None = field(default=None, validator=_optional_name)
    channel: str | None = field(default=None, validator=_optional_name)
    source: str | None = field(default=None, validator=_optional_name)
    branch: str | None = field(default=None, validator=_optional_name)
    description: str | None = field(default=None, validator=_optional_words)
    created_at: datetime | None = field(default=None, converter=_in_utc, validator=_optional_moment)
