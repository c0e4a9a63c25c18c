"""A record of the library in the words of the reference, so that the two can be compared value by value."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import salesflow as sf
from salesflow.model import Customer

Plain = dict[str, Any]


def show(record: Any) -> Plain:
    """Return *record* as the reference keeps it."""
    shown = {"kind": record.KIND, "id": record.id, "version": record.version}
    if isinstance(record, sf.SharingRule):
        names = "from_person from_department from_subdepartments to_person to_department to_group to_subdepartments"
        return {**shown, "voided": False, **_same(record, f"{names} access")}
    if isinstance(record, sf.Document):
        return {**shown, "voided": False, **_document(record)}
    shown["voided"] = record.voided
    if isinstance(record, sf.Opportunity):
        return shown | _deal(record)
    if isinstance(record, sf.Lead):
        return shown | _lead(record)
    names = "name owner phone email source_lead"
    return shown | _same(record, f"{names} {'deals_won' if isinstance(record, Customer) else 'customer'}")


def _same(record: Any, names: str) -> Plain:
    return {name: getattr(record, name) for name in names.split()}


def money(amount: sf.Money | None) -> tuple[str, str] | None:
    return None if amount is None else (str(amount.amount), amount.currency)


def _lead(lead: sf.Lead) -> Plain:
    made = lead.conversion
    return {
        **_same(lead, "title owner status contact company phone email channel source description branch last_follower"),
        **_same(lead, "quote_number contract_number assigned_at merged_into"),
        "merges": [merge.lead for merge in lead.merges],
        "duplicate_of": lead.duplicate_of and (lead.duplicate_of.kind, lead.duplicate_of.id),
        "last_follow_up": lead.last_follow_up_at,
        "disabled": lead.disabled,
        "review": lead.review,
        "disqualified": lead.disqualified_reason,
        "conversion": made and (made.customer, made.contact, made.opportunity),
        "created": lead.created_at,
        "former": [(former.person, former.reason) for former in lead.former_owners],
        "activities": [(a.kind, a.text, a.at, a.by) for a in lead.activities],
    }


def _document(paper: sf.Document) -> Plain:
    return {
        **_same(paper, "number customer opportunity lead"),
        "paper": paper.kind,
        "source": paper.source_document,
        "accepted": paper.accepted_at,
        "total": (Fraction(paper.total.amount), paper.total.currency),
        "paid": None if paper.paid is None else Fraction(paper.paid.amount),
        "lines": [
            {**_same(line, "key name"), "quantity": str(line.quantity), "price": str(line.unit_price.amount),
             "currency": line.unit_price.currency}
            for line in paper.lines
        ],
    }  # fmt: skip


def _deal(deal: sf.Opportunity) -> Plain:
    grade = deal.grade
    return {
        **_same(deal, "name owner status process process_version stage customer contact close_date led_by source"),
        **_same(deal, "registration source_lead is_imported products"),
        **_same(deal, "quote_number contract_number order_number invoice_number"),
        **_progress(deal),
        "probability": (deal.probability.percent, deal.probability.source),
        "amount": money(deal.amount),
        "team": {(m.person, m.role): m.access for m in deal.team},
        "computed": grade.computed,
        "effective": grade.effective,
        "route": grade.route,
        "by_hand": grade.override
        and {
            "grade": grade.override,
            "led_by": grade.override_led_by,
            "by": grade.override_by,
            "reason": grade.override_reason,
        },
        "activities": [(a.kind, a.text, a.at, a.by) for a in deal.activities],
        "last_activity": deal.last_activity_at,
        "contact_roles": {
            r.contact: {"role": r.role, "is_primary": r.is_primary, "related_to": r.related_to}
            for r in deal.contact_roles
        },
        "competitors": list(deal.competitors),
        "approvals": [
            {
                "id": a.id, "operation": a.operation, "given": dict(a.arguments), "by": a.requested_by,
                "status": a.status, "decided_by": a.decided_by, "comment": a.comment, "approver": a.approver,
                "expires_at": a.expires_at,
            }
            for a in deal.approvals
        ],
        "waivers": {w.stage: {"reason": w.reason, "at": w.at, "by": w.by} for w in deal.waivers},
        "closings": [
            {
                "outcome": c.outcome, "stage": c.stage, "by": c.by, "day": c.actual_close_date,
                "amount": money(c.actual_amount), "reason": c.reason, "comment": c.comment, "competitor": c.competitor,
                "probability": (c.probability.percent, c.probability.source), "ended_by": c.ended_by,
            }
            for c in deal.closings
        ],
        "after_sales": [
            {
                **_same(side, "process process_version stage status"),
                **_progress(side),
                "prefix": f"after{side.number}:",
            }
            for side in deal.after_sales
        ],
        "custom": {held.key: held.value for held in deal.custom},
    }  # fmt: skip


def _progress(side: Any) -> Plain:
    return {
        "visits": [
            {"stage": v.stage, "entry": v.entry, "entered": v.entered_at, "left": v.left_at, "exit": v.exit,
             "reason": v.reason}
            for v in side.visits
        ],
        "tasks": [
            {**_same(t, "id code stage status is_required assignee due done_by"), "routes": set(t.routes),
             "is_ad_hoc": t.name is not None}
            for t in side.tasks
        ],
        "feedback": [(f.visit, f.text, f.by) for f in side.feedback],
    }  # fmt: skip
