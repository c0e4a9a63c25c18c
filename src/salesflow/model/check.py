"""What always holds of one record, for decoders and tests: the engine never makes a record that breaks one."""

from __future__ import annotations

from collections import Counter
from typing import Any

from salesflow.errors import InvalidInput
from salesflow.model.document import Document, document_id, total_of
from salesflow.model.enums import Access, DocumentKind, LeadStatus, StageExit, TaskStatus, TeamRole
from salesflow.model.events import shape
from salesflow.model.lead import Lead
from salesflow.model.opportunity import Opportunity
from salesflow.model.party import Customer


def check(record: Any) -> list[str]:
    """
    Return every invariant that *record* breaks, each as ``"field: rule"``; an empty list is a sound record.

    Source: OPP-2, OPP-13, TEAM-1, TEAM-2, CUS-2, LEAD (domain §2).
    """
    broken = []
    for name in shape(type(record)).collections:
        keys = [item.key for item in getattr(record, name)]
        if len(set(keys)) < len(keys):
            doubled = [key for key, n in Counter(keys).items() if n > 1]
            broken += [f"{name}: key {key!r} stands more than once" for key in doubled]
    if record.version < 1:
        broken.append("version: counts from 1")
    if isinstance(record, Opportunity):
        broken += _opportunity(record)
    if isinstance(record, Lead):
        broken += _lead(record)
    if isinstance(record, Document):
        broken += _document(record)
    if isinstance(record, Customer) and record.deals_won < 0:
        broken.append("deals_won: not negative")
    return broken


def _opportunity(opp: Opportunity) -> list[str]:
    visits, closings, is_completed = opp.visits, opp.closings, opp.is_completed
    owners = [m for m in opp.team if m.role == TeamRole.OWNER]
    last = visits[-1] if visits else None
    is_closed = bool(closings) and closings[-1].ended_at is None
    holds = {
        "team: exactly one owner, with READ_WRITE, and it is `owner`": len(owners) == 1
        and owners[0].person == opp.owner
        and owners[0].access is Access.READ_WRITE,
        "amount: not negative": opp.amount is None or opp.amount.amount >= 0,
        "probability: 0 to 100": 0 <= opp.probability.percent <= 100,
        "visits: numbered from 1": [v.number for v in visits] == list(range(1, len(visits) + 1)),
        "visits: the last one is of `stage`": last is not None and last.stage == opp.stage,
        "visits: all but the last have ended": not [v for v in visits[:-1] if v.exit is None],
        "visits: the last lasts while in progress": last is not None and (last.exit is not None) == is_completed,
        "closings: all but the last have ended": not [c for c in closings[:-1] if c.ended_at is None],
        "closings: the last stands while completed": is_completed == is_closed,
        "status: the standing closing's outcome": not (is_completed and closings) or closings[-1].outcome is opp.status,
        "tasks: a completed opportunity has none open": not is_completed
        or not [t for t in opp.tasks if t.status is TaskStatus.OPEN],
        "contact_roles: at most one primary": len([r for r in opp.contact_roles if r.is_primary]) <= 1,
        "visits: never end before they begin": not [
            v for v in visits if v.left_at is not None and v.entered_at is not None and v.entered_at > v.left_at
        ],
        "visits: a skipped stage took no time": not [
            v for v in visits if v.exit is StageExit.SKIPPED and v.entered_at != v.left_at
        ],
    }
    return [] if all(holds.values()) else [rule for rule, held in holds.items() if not held]


def _lead(lead: Lead) -> list[str]:
    rules = {
        "title: given": bool(lead.title.strip()),
        "phone, email, channel: at least one given": bool(lead.phone or lead.email or lead.channel),
        "owner: none while UNASSIGNED, one while ASSIGNED": lead.status
        not in (LeadStatus.UNASSIGNED, LeadStatus.ASSIGNED)
        or (lead.owner is not None) == (lead.status is LeadStatus.ASSIGNED),
        "conversion: exactly while CONVERTED": (lead.conversion is not None) == (lead.status is LeadStatus.CONVERTED),
        "disqualified_reason: exactly while DISQUALIFIED": (lead.disqualified_reason is not None)
        == (lead.status is LeadStatus.DISQUALIFIED),
        "merged_into: voided as long": lead.merged_into is None or lead.voided,
        "merged_into, merges: never the lead itself": lead.id not in (lead.merged_into, *[m.lead for m in lead.merges]),
        "assigned_at: none without an owner": lead.assigned_at is None or lead.owner is not None,
    }
    return [rule for rule, holds in rules.items() if not holds]


def _document(document: Document) -> list[str]:
    is_invoice = document.kind is DocumentKind.INVOICE
    paid, total = document.paid, document.total
    rules = {
        "id: the kind and the number": document.id == document_id(document.kind, document.number),
        "opportunity, lead, customer: at least one": document.belongs_to is not None,
        "lines: at least one, each key once": 0 < len(document.lines) == len({line.key for line in document.lines}),
        "total: the sum of the lines, in their currency": _comes_to(document),
        "accepted_at: of a quote": document.accepted_at is None or document.kind is DocumentKind.QUOTE,
        "paid: of every invoice, and of nothing else": (paid is not None) == is_invoice,
        "paid: from nothing to the total": paid is None
        or (paid.currency == total.currency and 0 <= paid.amount <= total.amount),
    }
    return [rule for rule, holds in rules.items() if not holds]


def _comes_to(document: Document) -> bool:
    try:
        return not document.lines or total_of(document.lines) == document.total
    except InvalidInput:
        return False
