"""
Merging two leads that are one, and undoing it (LEAD-15).

The survivor takes over what was chosen, and whatever it has not itself; the other is voided, and its id leads to the
survivor. It keeps all that it held, so undoing gives it back as it was; the survivor gets back every field that
nobody changed since. Merges are undone in the reverse order, the latest first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from attrs import evolve, frozen

from salesflow.errors import InvalidInput
from salesflow.model import (
    Activity,
    CustomField,
    Decision,
    Document,
    EventBuilder,
    EventKind,
    Lead,
    LeadStatus,
    Merge,
    Reason,
    utc,
)
from salesflow.process.match_keys import field_of
from salesflow.process.standing import lead_stands, refused

SURVIVOR, OTHER = "survivor", "other"

CHOOSABLE = (
    "title", "contact", "company", "phone", "email", "channel", "source", "description", "quote_number",
    "contract_number", "owner",
)  # fmt: skip
"""The fields that `merge_leads` lets one choose, beside ``custom.`` and the key of a field of the application's own."""

_CUSTOM = "custom."
_REACH = ("phone", "email", "channel")
_PLACE = ("owner", "status", "branch", "pool", "assigned_at", "conversion")
"""What goes with the owner: whoever has a lead has it somewhere, since some day, and as something."""

_ALONE = (*(name for name in CHOOSABLE if name != "owner"), "duplicate_of")
_MAY_SURVIVE = (LeadStatus.UNASSIGNED, LeadStatus.ASSIGNED, LeadStatus.CONVERTED)


_NOTHING = Decision()


@frozen
class Together:
    """
    What is decided of two leads as one: both decisions happen, or neither.

    Args:
        survivor: The survivor's own events, or every reason why not, the other's among them.
        other: The events of the lead that is merged into it, or brought back; empty where it is refused.
    """

    survivor: Decision
    other: Decision = _NOTHING


def merge_leads(
    survivor: Lead, other: Lead, fields: Mapping[str, str] = MappingProxyType({}), *, documents: Collection[str] = (),
    redirects: Collection[str] = (), by: str, at: datetime,
) -> Together:  # fmt: skip
    """
    Decide to merge *other* into *survivor*.

    A converted lead brings its owner and its conversion with it, whichever of the two it is. Otherwise the owner is
    the survivor's, or where it has none that of the other; branch and status go with them. Activities are added to
    the survivor's own, and whoever followed up last did so for both.

    Args:
        fields: From names of `CHOOSABLE`, or ``custom.`` and a key, to ``"survivor"`` or ``"other"``. What is not
            named is the survivor's, or where that is empty the other's.
        documents: The ids of the documents of *other*, which move with it.
        redirects: The ids of the leads that were merged into either of them, through any number of merges; only those
            that one of the two is linked to count, since a lead is no duplicate of itself.

    Raises:
        InvalidInput: *fields* names what cannot be chosen, or both leads are one.

    Source: LEAD-15.
    """
    choices = _checked(fields)
    if survivor.id == other.id:
        raise InvalidInput("other", other.id, "must be another lead than the one that survives")
    values = _fields(survivor, other, choices, redirects)
    reasons = [*against_surviving(survivor), *of_other(other.id, lead_stands(other, None))]
    if survivor.conversion is not None and other.conversion is not None:
        reasons.append(Reason("both_converted", survivor=survivor.id, other=other.id))
    else:
        reasons += _against_owner(survivor, other, choices.get("owner"))
    if not any(values[name] for name in _REACH):
        reasons.append(Reason("reach_missing"))
    if reasons:
        return Together(refused(*reasons))
    if _takes_place(survivor, other, choices.get("owner")):
        values |= _place_of(other)
    builder = EventBuilder(survivor, at=at, by=by, operation="leads.merge")
    moved = tuple(evolve(activity, id=f"{other.id}:{activity.id}") for activity in other.activities)
    builder.add(
        EventKind.LEAD_MERGED,
        **values,
        match_keys=_keys(survivor, other, [name for name, value in values.items() if value != getattr(survivor, name)]),
        activities=(*survivor.activities, *moved),
        merges=(*survivor.merges, Merge(other.id, survivor.version + 1, tuple(sorted(documents)))),
    )
    away = EventBuilder(other, at=at, by=by, operation="leads.merge")
    away.add(EventKind.LEAD_MERGED_AWAY, voided=True, merged_into=survivor.id)
    return Together(builder.decision(), away.decision())


def against_surviving(survivor: Lead) -> tuple[Reason, ...]:
    """
    Return why nothing can be merged into *survivor*, as far as it alone tells.

    Source: LEAD-15.
    """
    return tuple(lead_stands(survivor, _MAY_SURVIVE))


def against_unmerging(survivor: Lead, lead: str | None = None) -> tuple[Reason, ...]:
    """
    Return why the latest merge into *survivor* cannot be undone, as far as it alone tells.

    Args:
        lead: The lead that shall be brought back; None means the one that was merged last.

    Source: LEAD-15.
    """
    reasons = list(lead_stands(survivor, None))
    if not survivor.merges:
        reasons.append(Reason("not_merged"))
    elif lead not in (None, survivor.merges[-1].lead):
        reasons.append(Reason("merged_later", lead=survivor.merges[-1].lead))
    return tuple(reasons)


def unmerge_leads(survivor: Lead, before: Lead, after: Lead, other: Lead, *, by: str, at: datetime) -> Together:
    """
    Decide to undo the latest merge into *survivor*: *other* is again what it was, in every field.

    Each field of the survivor that still holds what the merge gave it gets back what it held before; one that was
    changed since stays as it is. What goes with the owner is one such field, as is the last follow-up. Activities
    that came with the other lead go with it, those that were added since stay.

    Args:
        before, after: The survivor just before and just after the merge.

    Source: LEAD-15.
    """
    reasons = list(against_unmerging(survivor, other.id))
    values = {
        name: getattr(before if getattr(survivor, name) == getattr(after, name) else survivor, name) for name in _ALONE
    }
    if not any(values[name] for name in _REACH):
        reasons.append(Reason("reach_missing"))
    if reasons:
        return Together(refused(*reasons))
    at = utc(at)
    if all(getattr(survivor, name) == getattr(after, name) for name in _PLACE):
        values |= _place_of(before)
    came = {activity.key for activity in after.activities} - {activity.key for activity in before.activities}
    kept = tuple(activity for activity in survivor.activities if activity.key not in came)
    values["last_follower"], values["last_follow_up_at"] = _last_follow_up(survivor, before, after, kept, at)
    changed = [name for name in values if values[name] != getattr(survivor, name)]
    builder = EventBuilder(survivor, at=at, by=by, operation="leads.unmerge")
    builder.add(
        EventKind.LEAD_UNMERGED,
        **values,
        custom=_custom_again(survivor, before, after),
        match_keys=_keys(survivor, before, changed),
        activities=kept,
        merges=survivor.merges[:-1],
    )
    back = EventBuilder(other, at=at, by=by, operation="leads.unmerge")
    back.add(EventKind.LEAD_BROUGHT_BACK, voided=False, merged_into=None)
    return Together(builder.decision(), back.decision())


def move_document(document: Document, to: str, *, by: str, at: datetime, operation: str) -> Decision:
    """
    Decide that a document goes with its lead to another one, or back.

    Args:
        to: The lead that it belongs to from now on.

    Source: LEAD-15.
    """
    builder = EventBuilder(document, at=at, by=by, operation=operation)
    builder.add(EventKind.DOCUMENT_MOVED, lead=to)
    return builder.decision()


def of_other(lead: str, reasons: Collection[Reason]) -> tuple[Reason, ...]:
    """Return *reasons* as being about the other of two leads."""
    return tuple(Reason("other_lead", lead=lead, reason=reason.code, because=str(reason)) for reason in reasons)


def _checked(fields: Any) -> Mapping[str, str]:
    if not isinstance(fields, Mapping):
        raise InvalidInput("fields", fields, f"must be a mapping from field to {SURVIVOR!r} or {OTHER!r}")
    for name, choice in fields.items():
        if name not in CHOOSABLE and not (isinstance(name, str) and name.startswith(_CUSTOM) and name != _CUSTOM):
            known = ", ".join(CHOOSABLE)
            raise InvalidInput("fields", name, f"cannot be chosen; these can: {known}, and {_CUSTOM}<key>")
        if choice not in (SURVIVOR, OTHER):
            raise InvalidInput(f"fields.{name}", choice, f"must be {SURVIVOR!r} or {OTHER!r}")
    return dict(fields)


def _is_empty(value: object) -> bool:
    return value is None or value == ""


def _picked(own: Any, others: Any, choice: str | None) -> Any:
    """Return what stays of two values: the one chosen, else the survivor's *own* unless that is empty."""
    takes_other = choice == OTHER or (choice is None and _is_empty(own) and not _is_empty(others))
    return others if takes_other else own


def _fields(survivor: Lead, other: Lead, choices: Mapping[str, str], redirects: Collection[str]) -> dict[str, Any]:
    """Return every field that the survivor holds afterwards, but for what goes with the owner."""
    values = {
        name: _picked(getattr(survivor, name), getattr(other, name), choices.get(name))
        for name in CHOOSABLE
        if name != "owner"
    }
    own, others = _by_key(survivor.custom), _by_key(other.custom)
    keys = [*own, *(key for key in others if key not in own)]
    values["custom"] = tuple(
        CustomField(key, _picked(own.get(key), others.get(key), choices.get(_CUSTOM + key))) for key in keys
    )
    links = [link for link in (survivor.duplicate_of, other.duplicate_of) if link is not None]
    ones_own = {survivor.id, other.id, *redirects}
    of_both = [link for link in links if link.kind != "lead" or link.id not in ones_own]
    values["duplicate_of"] = of_both[0] if of_both else None
    if other.last_follow_up_at is not None and (
        survivor.last_follow_up_at is None or survivor.last_follow_up_at < other.last_follow_up_at
    ):
        values["last_follower"], values["last_follow_up_at"] = other.last_follower, other.last_follow_up_at
    return values


def _by_key(custom: Collection[CustomField]) -> dict[str, Any]:
    return {one.key: one.value for one in custom}


def _takes_place(survivor: Lead, other: Lead, choice: str | None) -> bool:
    """Whether the merged lead has the owner of the other one."""
    if survivor.conversion is not None or other.conversion is not None:
        return other.conversion is not None
    if choice is not None:
        return choice == OTHER
    return survivor.owner is None and other.status is LeadStatus.ASSIGNED


def _against_owner(survivor: Lead, other: Lead, choice: str | None) -> list[Reason]:
    converted = next((lead for lead in (survivor, other) if lead.conversion is not None), None)
    if converted is not None and choice == (SURVIVOR if converted is other else OTHER):
        return [Reason("owner_stays", lead=converted.id)]
    if converted is None and choice == OTHER and other.owner is None:
        return [Reason("owner_missing", lead=other.id)]
    return []


def _place_of(lead: Lead) -> dict[str, Any]:
    values = {name: getattr(lead, name) for name in _PLACE}
    if lead.status is LeadStatus.DISQUALIFIED:  # of such a lead only the owner is taken
        values["status"] = LeadStatus.ASSIGNED
    return values


def _keys(lead: Lead, source: Lead, taken: Collection[str]) -> tuple[str, ...]:
    """Return the keys of *lead* once the fields *taken* hold what *source* holds: a key goes with its field."""
    own, others = ({field_of(key): key for key in each.match_keys} for each in (lead, source))
    found = {name: others.get(name) if name in taken else own.get(name) for name in (*others, *own)}
    return tuple(key for key in found.values() if key is not None)


def _custom_again(survivor: Lead, before: Lead, after: Lead) -> tuple[CustomField, ...]:
    then, merged = _by_key(before.custom), _by_key(after.custom)
    kept = []
    for one in survivor.custom:
        is_untouched = one.key in merged and one == CustomField(one.key, merged[one.key])
        if not is_untouched:
            kept.append(one)
        elif one.key in then:
            kept.append(CustomField(one.key, then[one.key]))
    return tuple(kept)


def _last_follow_up(
    survivor: Lead, before: Lead, after: Lead, kept: Collection[Activity], at: datetime
) -> tuple[str | None, datetime | None]:
    """Return who worked it last, and when: of what it had before the merge, and of what was done since."""
    if (survivor.last_follower, survivor.last_follow_up_at) != (after.last_follower, after.last_follow_up_at):
        return survivor.last_follower, survivor.last_follow_up_at
    found = (before.last_follower, before.last_follow_up_at)
    earlier = {activity.key for activity in before.activities}
    for activity in kept:
        heard_at = min(activity.at, at)
        if activity.key not in earlier and (found[1] is None or found[1] <= heard_at):
            found = (activity.by, heard_at)
    return found
