"""What a lead becomes: a customer, a contact, an opportunity, all of it or nothing (转客户, LEAD-6)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from attrs import frozen

from salesflow.app import intents
from salesflow.app.case import Case
from salesflow.app.duplicates import against_keys, keys_of
from salesflow.app.execution import TRIES
from salesflow.app.history import Readable
from salesflow.errors import Conflict, InvalidInput
from salesflow.model import (
    Contact,
    Customer,
    Decision,
    Lead,
    LeadCard,
    NewContact,
    NewCustomer,
    NewOpportunity,
    Opportunity,
    Reason,
    apply,
)
from salesflow.model.duplicates import UNIQUE_KEY
from salesflow.ports import Write
from salesflow.process import convert_lead, create_opportunity


@frozen
class ConvertedLead:
    """
    What a conversion gave.

    Args:
        lead: The lead, converted.
        customer, contact, opportunity: The records it became, new or existing; None where not asked for.

    Source: LEAD-6.
    """

    lead: Lead
    customer: Customer | None
    contact: Contact | None
    opportunity: Opportunity | None


class Conversion(Readable[Lead]):
    """Making of a lead what it was found to be."""

    def convert(
        self, lead: Lead | LeadCard | str, *, customer: NewCustomer | str | None = None,
        contact: NewContact | str | None = None, opportunity: NewOpportunity | str | None = None,
    ) -> ConvertedLead:  # fmt: skip
        """
        Convert (转客户) the lead, all of it or nothing, and once only.

        Args:
            customer, contact, opportunity: Each a new one, the id of an existing one, or None; an opportunity
                needs one of the other two, and belongs to the lead's owner.

        Raises:
            Refused: `already_converted` names what it became; `opportunity_elsewhere`, `wrong_status`,
                `convert_nothing`, `convert_needs_party`, `customer_unknown`, `close_date_past` and the rest of OPP-1.
                A new customer whose key another one has: `customer_exists` names it, and converting into its id does;
                of one that the person may not see, `customer_exists_unseen` or `customer_exists_named` say whom to
                ask.

        Source: LEAD-6, LEAD-12.
        """
        run = self._execution
        tries = 0
        while True:
            tries += 1
            repeated = run.repeated("leads.convert", lead, (customer, contact, opportunity))
            if repeated is not None:
                return _converted({record.KIND: record for record in repeated})
            try:
                return self._convert_once(lead, customer, contact, opportunity)
            except Conflict as conflict:
                if tries == TRIES:
                    raise
                if not isinstance(lead, str) and conflict.kind != UNIQUE_KEY:
                    # Whoever was overtaken by another conversion is told into what, not only that they were late.
                    if run.case("lead", lead.id).record.conversion is None:
                        raise
                    lead = lead.id

    def _convert_once(
        self, ref: Lead | LeadCard | str, customer: NewCustomer | str | None, contact: NewContact | str | None,
        opportunity: NewOpportunity | str | None,
    ) -> ConvertedLead:  # fmt: skip
        run = self._execution
        case = run.case("lead", ref)
        run.shield(case, "leads.convert")
        lead: Lead = case.record
        customer_id = _id_for(case, "customer", customer, NewCustomer)
        contact_id = _id_for(case, "contact", contact, NewContact)
        opportunity_id = _id_for(case, "opportunity", opportunity, NewOpportunity)
        reasons = intents.party_reasons(
            case,
            customer if isinstance(customer, str) else None,
            contact if isinstance(contact, str) else None,
        )
        made: Opportunity | None = None
        made_decision = Decision()
        if isinstance(opportunity, NewOpportunity) and lead.owner is not None:
            members = [intents.team_member(m).person for m in opportunity.team]
            reasons += intents.employee_reasons(case, *members)
            made, made_decision = create_opportunity(
                case.kernel.processes.latest(opportunity.process).process, opportunity, id=opportunity_id or "",
                owner=lead.owner, customer=customer_id if customer or contact else "-", contact=contact_id,
                grader=case.grader(),
                by=run.person, at=case.now, today=case.today, lead=lead, source=lead.source,
                past_close_date_allowed=case.kernel.settings.past_close_date_allowed, operation="leads.convert",
            )  # fmt: skip
        elif isinstance(opportunity, str):
            own = customer if isinstance(customer, str) else None
            reasons += _against_joining(run.case("opportunity", opportunity), own)
        converted = convert_lead(
            lead, customer=customer, customer_id=customer_id, contact=contact, contact_id=contact_id,
            opportunity=made or opportunity_id, by=run.person, at=case.now, keys_of=partial(keys_of, case.kernel),
        )  # fmt: skip
        if converted.customer is not None:
            new_customer = converted.customer[0]
            reasons += against_keys(case.kernel, case.sight, run.person, new_customer, new_customer.match_keys)
        rules = case.kernel.rules
        news = [new[0] for new in (converted.customer, converted.contact) if new is not None]
        broken = [reason for new in (*news, *((made,) if made else ())) for reason in rules.against_new(new)]
        reasons += rules.broken("leads.convert", lead)
        blocked = (*converted.decision.reasons, *reasons, *made_decision.reasons, *broken)
        run.admit(case, "leads.convert", blocked)
        after = apply(lead, converted.decision.events)
        writes = [Write("lead", lead.id, lead.version, after, converted.decision.events)]
        for new in (converted.customer, converted.contact, (made, made_decision) if made else None):
            if new is not None:
                record, decision = new
                writes.append(Write(record.KIND, record.id, 0, record, decision.events))
        records = {write.kind: run.told(case.sight, write.record) for write in writes}
        for kind, id in (("customer", customer_id), ("contact", contact_id), ("opportunity", opportunity_id)):
            if id is not None and kind not in records:
                records[kind] = case.kernel.get(kind, id)
        given = (customer, contact, opportunity)
        if run.save(tuple(writes), "leads.convert", ref, list(records.values()), given, case.sight):
            records = {kind: run.renewed(record) for kind, record in records.items()}
        return _converted(records)


def _against_joining(case: Case, customer: str | None) -> list[Reason]:
    """LEAD-6: an existing opportunity takes a lead in by whoever may edit it, and for its own customer."""
    opportunity: Opportunity = case.record
    reasons = list(case.sight.refusals(case.person, "opportunities.edit", opportunity))
    if customer is not None and opportunity.customer not in (None, customer):
        reasons.append(Reason("opportunity_elsewhere", opportunity=opportunity.id))
    return reasons


def _converted(records: Mapping[str, Any]) -> ConvertedLead:
    return ConvertedLead(records["lead"], records.get("customer"), records.get("contact"), records.get("opportunity"))


def _id_for(case: Case, kind: str, asked: object, new: type) -> str | None:
    if asked is None or isinstance(asked, str):
        return asked
    if isinstance(asked, new):
        return case.kernel.new_id(kind)
    raise InvalidInput(kind, asked, f"must be a {new.__name__}, the id of an existing one, or None")
