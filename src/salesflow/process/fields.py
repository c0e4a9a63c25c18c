"""
Editing fields: exactly the named ones change, absent is not empty (OPP-18, HIST-1).

Each field has one test of what it takes; a wrong type is the caller's mistake and raised, a business no is a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from attrs import evolve

from salesflow.errors import InvalidInput
from salesflow.model import (
    Activity,
    Contact,
    ContactRole,
    Customer,
    CustomField,
    Decision,
    EventBuilder,
    EventKind,
    Lead,
    LedBy,
    Money,
    Opportunity,
    Probability,
    ProbabilitySource,
    ProductLine,
    Reason,
)
from salesflow.model.moments import plain_day, utc
from salesflow.model.money import LARGEST_AMOUNT
from salesflow.model.requests import named, not_negative, worded
from salesflow.process.duplicates import link
from salesflow.process.standing import FOLLOWED_UP, OPEN, lead_stands, opportunity_stands, refused

Check = Callable[[Any, str], Any]

_SMALLEST_WHOLE, _LARGEST_WHOLE = -(2**63), 2**63 - 1  # what every store and file format can hold


def or_none(check: Check) -> Check:
    """Return the test that takes None too."""
    return lambda value, what: None if value is None else check(value, what)


def _percent(value: Any, what: str) -> Probability:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 100:
        raise InvalidInput(what, value, "must be a whole number of percent, 0 to 100")
    return Probability(value, ProbabilitySource.HAND)


def _led_by(value: Any, what: str) -> LedBy:
    try:
        return LedBy(value)
    except ValueError:
        raise InvalidInput(what, value, f"must be one of {', '.join(LedBy)}") from None


def _items(cls: type) -> Check:
    def check(value: Any, what: str) -> tuple[Any, ...]:
        items = tuple(value) if isinstance(value, list | tuple) else None
        if items is None or not all(isinstance(item, cls) for item in items):
            raise InvalidInput(what, value, f"must be a list of {cls.__name__}")
        if len({item.key for item in items}) < len(items):
            raise InvalidInput(what, value, "must not hold one key twice")
        return items

    return check


def product_lines(value: Any, what: str) -> tuple[ProductLine, ...]:
    """
    Return *value* as the lines of an opportunity or a document, each key once.

    Raises:
        InvalidInput: It is no list of `ProductLine`, or a line's value does not fit.
    """
    lines: tuple[ProductLine, ...] = _items(ProductLine)(value, what)
    for line in lines:
        named(line.key, f"{what}.key")
        named(line.name, f"{what}.name")
        not_negative(line.unit_price, f"{what}.unit_price")
        quantity: object = line.quantity
        if not isinstance(quantity, Decimal) or not quantity.is_finite() or not 0 < quantity < LARGEST_AMOUNT:
            raise InvalidInput(f"{what}.quantity", quantity, "must be a Decimal above zero")
    return lines


def _custom_value(value: Any, what: str) -> Any:
    if isinstance(value, str):
        return worded(value, what)
    if isinstance(value, int) and not _SMALLEST_WHOLE <= value <= _LARGEST_WHOLE:
        raise InvalidInput(what, value, "must fit into 64 bits")
    if value is None or isinstance(value, int | Money):
        return value
    raise InvalidInput(what, value, "must be text, a whole number, a truth value, Money or None")


def _custom(value: Any, what: str) -> tuple[CustomField, ...]:
    if not isinstance(value, Mapping):
        raise InvalidInput(what, value, "must be a mapping from name to value")
    return tuple(CustomField(named(key, what), _custom_value(held, f"{what}.{key}")) for key, held in value.items())


OPPORTUNITY_FIELDS: Mapping[str, Check] = MappingProxyType(
    {
        "name": named,
        "customer": or_none(named),
        "contact": or_none(named),
        "amount": or_none(not_negative),
        "close_date": or_none(plain_day),
        "probability": _percent,
        "led_by": _led_by,
        "source": or_none(named),
        "products": product_lines,
        "custom": _custom,
    }
)
"""The fields of an opportunity that `edit` takes."""

LEAD_FIELDS: Mapping[str, Check] = MappingProxyType(
    {
        "title": named,
        "contact": or_none(named),
        "company": or_none(named),
        "phone": or_none(named),
        "email": or_none(named),
        "channel": or_none(named),
        "source": or_none(named),
        "description": worded,
        "custom": _custom,
    }
)
"""The fields of a lead that `edit` takes."""

PARTY_FIELDS: Mapping[str, Mapping[str, Check]] = MappingProxyType(
    {
        "customer": {
            "name": named, "owner": named, "phone": or_none(named), "email": or_none(named),
            "industry": or_none(named), "custom": _custom,
        },
        "contact": {
            "name": named, "customer": or_none(named), "phone": or_none(named), "email": or_none(named),
            "title": or_none(named), "custom": _custom,
        },
    }
)  # fmt: skip
"""The fields of a customer and of a contact that `edit` takes."""


def checked(fields: Mapping[str, Check], changes: Mapping[str, object]) -> dict[str, Any]:
    """
    Return *changes* with every value tested and brought into its form.

    Raises:
        InvalidInput: A field is unknown or a value does not fit; the calling code must mend it.
    """
    values = {}
    for name, value in changes.items():
        check = fields.get(name)
        if check is None:
            raise InvalidInput("field", name, f"cannot be edited; these can: {', '.join(fields)}")
        values[name] = check(value, name)
    return values


def _merged(record: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Custom fields are named one by one: those that are not named stay."""
    if "custom" in values:
        values["custom"] = tuple({c.key: c for c in (*record.custom, *values["custom"])}.values())
    return values


def edit_opportunity(
    opportunity: Opportunity, changes: Mapping[str, object], *, by: str, at: datetime,
    strangers: Collection[str] = (),
) -> Decision:  # fmt: skip
    """
    Decide to edit fields.

    Args:
        changes: Field names of `OPPORTUNITY_FIELDS` and their new values; ``probability`` as whole percent,
            ``custom`` as a mapping of the custom fields to set.
        strangers: The contacts among its contact roles who do not belong to the customer that it gets: their
            roles leave with the old customer, which is an event of its own (CUS-3). Who asks must know.

    Source: OPP-18, OPP-2, CUS-3.
    """
    values = _merged(opportunity, checked(OPPORTUNITY_FIELDS, changes))
    reasons = list(opportunity_stands(opportunity, OPEN))
    held = (opportunity.customer, opportunity.contact)
    if any(held) and not (values.get("customer", held[0]) or values.get("contact", held[1])):
        reasons.append(Reason("customer_missing"))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.edit")
    builder.add(EventKind.EDITED, **values)
    if strangers:
        kept = tuple(role for role in opportunity.contact_roles if role.contact not in strangers)
        builder.add(EventKind.CONTACT_ROLES_LEFT, contact_roles=kept)
    return builder.decision() if builder.events[0].changes else Decision()


_KEYED = frozenset({"phone", "email", "company", "name"})
"""The fields that keys are made of (LEAD-12)."""


def edit_lead(
    lead: Lead, changes: Mapping[str, object], *, by: str, at: datetime,
    keyed: Callable[[Lead], Lead] | None = None,
) -> Decision:  # fmt: skip
    """
    Decide to edit a lead's fields; a disqualified lead takes none (LEAD-9).

    Args:
        keyed: Gives the lead, as it is to be, with its keys, linked to what is known by them. None leaves both as
            they are, as does a change of other fields than phone, e-mail and company.

    Source: LEAD-12, LEAD (domain §2).
    """
    values = _merged(lead, checked(LEAD_FIELDS, changes))
    reasons = list(lead_stands(lead, FOLLOWED_UP))
    if not any(values.get(name, getattr(lead, name)) for name in ("phone", "email", "channel")):
        reasons.append(Reason("reach_missing"))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(lead, at=at, by=by, operation="leads.edit")
    if keyed is None or _KEYED.isdisjoint(values):
        builder.add(EventKind.EDITED, **values)
    else:
        after = keyed(evolve(lead, **values))
        builder.add(EventKind.EDITED, **values, match_keys=after.match_keys)
        if after.match_keys != lead.match_keys:
            link(builder, after.duplicate_of)
    return builder.decision() if builder.events[0].changes else Decision()


def edit_party(
    record: Any, changes: Mapping[str, object], *, by: str, at: datetime,
    keys_of: Callable[[Any], tuple[str, ...]] | None = None,
) -> Decision:  # fmt: skip
    """
    Decide to edit a customer's or contact's fields.

    Args:
        keys_of: Gives the keys of a customer as it is to be; None leaves them, and a contact has none.

    Source: CUS-1, LEAD-12.
    """
    values = _merged(record, checked(PARTY_FIELDS[record.KIND], changes))
    if keys_of is not None and not _KEYED.isdisjoint(values):
        values["match_keys"] = keys_of(evolve(record, **values))
    builder = EventBuilder(record, at=at, by=by, operation=f"{record.KIND}s.edit")
    builder.add(EventKind.EDITED, **values)
    return builder.decision() if builder.events[0].changes else Decision()


def follow_customer(contact: Contact, customer: Customer, owner: str, *, by: str, at: datetime) -> Decision:
    """
    Decide what becomes of a contact when its customer goes to *owner*.

    One that the customer's keeper keeps goes with it; one that somebody else keeps stays theirs.

    Source: CUS-1.
    """
    if contact.owner != customer.owner or contact.owner == owner:
        return Decision()
    builder = EventBuilder(contact, at=at, by=by, operation="customers.edit")
    builder.add(EventKind.OWNER_CHANGED, owner=owner)
    return builder.decision()


def add_activity(
    opportunity: Opportunity, kind: str, text: str, *, happened_at: datetime, by: str, at: datetime
) -> Decision:
    """
    Decide to add an activity or a note; any status will do.

    Args:
        kind: ``call letter fax appointment email visit note`` or any other word.
        happened_at: When it happened, in UTC; the last activity is the latest of them.

    Source: OPP-19.
    """
    reasons = opportunity_stands(opportunity, None)
    if reasons:
        return refused(*reasons)
    happened_at = utc(happened_at, "happened_at")
    activity = Activity(str(opportunity.version + 1), kind, text, happened_at, by)
    # What is planned has not been heard yet: silence ends when something happens (OPP-15).
    latest = max(filter(None, (opportunity.last_activity_at, min(happened_at, utc(at)))))
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.add_activity")
    builder.add(EventKind.ACTIVITY_ADDED, activities=(*opportunity.activities, activity), last_activity_at=latest)
    return builder.decision()


def set_contact_role(
    opportunity: Opportunity, role: ContactRole, *, contacts_customer: str | None, by: str, at: datetime
) -> Decision:
    """
    Decide what a contact does in this deal; a new primary contact takes the place of the old one.

    Args:
        contacts_customer: The customer that the contact belongs to, or None.

    Source: CUS-3.
    """
    reasons = list(opportunity_stands(opportunity, OPEN))
    if opportunity.customer is not None and contacts_customer != opportunity.customer:
        reasons.append(Reason("contact_elsewhere", contact=role.contact, customer=opportunity.customer))
    if reasons:
        return refused(*reasons)
    others = [r for r in opportunity.contact_roles if r.contact != role.contact]
    if role.is_primary:
        others = [evolve(r, is_primary=False) for r in others]
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.set_contact_role")
    builder.add(EventKind.CONTACT_ROLE_SET, contact_roles=(*others, role))
    return builder.decision() if builder.events[0].changes else Decision()


def add_competitor(opportunity: Opportunity, competitor: str, *, by: str, at: datetime) -> Decision:
    """
    Decide to attach a competitor, by id or name.

    Source: CUS-4.
    """
    reasons = list(opportunity_stands(opportunity, OPEN))
    if competitor in opportunity.competitors:
        reasons.append(Reason("competitor_present", competitor=competitor))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.add_competitor")
    builder.add(EventKind.COMPETITOR_ADDED, competitors=(*opportunity.competitors, competitor))
    return builder.decision()


def remove_competitor(opportunity: Opportunity, competitor: str, *, by: str, at: datetime) -> Decision:
    """
    Decide to detach a competitor.

    Source: CUS-4.
    """
    reasons = list(opportunity_stands(opportunity, OPEN))
    if competitor not in opportunity.competitors:
        reasons.append(Reason("competitor_missing", competitor=competitor))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.remove_competitor")
    builder.add(EventKind.COMPETITOR_REMOVED, competitors=tuple(c for c in opportunity.competitors if c != competitor))
    return builder.decision()
