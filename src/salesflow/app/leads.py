"""What one person may do with leads (销售线索): `flow.acting_as(person).leads`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypedDict, Unpack

from attrs import evolve, frozen

from salesflow.app import intents
from salesflow.app.claims import ceiling_guard, claim_lead, pool_for
from salesflow.app.execution import TRIES, Case, Execution
from salesflow.app.history import Readable
from salesflow.app.moves import lead_moves
from salesflow.app.paging import Page
from salesflow.errors import Conflict, InvalidInput
from salesflow.model import (
    Contact,
    Customer,
    Decision,
    Lead,
    LeadCard,
    LeadStatus,
    NewContact,
    NewCustomer,
    NewOpportunity,
    Opportunity,
    ReviewState,
    apply,
)
from salesflow.model.requests import UNSET, Unset, named, worded
from salesflow.ports import Write
from salesflow.process import Move, convert_lead, create_lead, create_opportunity

LeadRef: TypeAlias = Lead | LeadCard | str
"""A lead, the card of one, or its id."""


class LeadChanges(TypedDict, total=False):
    """The fields that `LeadDesk.edit` takes; what is left out stays."""

    title: str
    contact: str | None
    company: str | None
    phone: str | None
    email: str | None
    channel: str | None
    source: str | None
    description: str | None
    custom: Mapping[str, Any]


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


class LeadDesk(Readable[Lead]):
    """Every operation on leads, each checked against what the person may see and do."""

    def __init__(self, execution: Execution) -> None:
        super().__init__(execution, "lead")

    def create(
        self, *, title: str, contact: str | None = None, phone: str | None = None, email: str | None = None,
        channel: str | None = None, company: str | None = None, source: str | None = None,
        description: str | None = None, branch: str | None = None, owner: str | Unset | None = UNSET,
    ) -> Lead:  # fmt: skip
        """
        Create a lead.

        Args:
            title: The possible deal, in a few words.
            contact: The name of the person to reach.
            phone, email, channel: Ways to reach someone; at least one is needed.
            owner: Who works it. Left out, the acting employee does; None leaves it unassigned, in a pool (公海).

        Raises:
            InvalidInput: A value is malformed.
            Refused: `reach_missing`, `person_unknown`.

        Source: LEAD-1, LEAD-14.
        """
        run = self._execution
        given = (contact, phone, email, channel, company, source, description, branch, owner)
        repeated = run.repeated("leads.create", title, given)
        if repeated is not None:
            return repeated[0]  # type: ignore[no-any-return]
        case = run.blank()
        if owner is UNSET:
            owner = run.person if case.sight.is_employee(run.person) else None
        elif owner is not None:
            named(owner, "owner")
        for name, text in {
            "contact": contact, "company": company, "phone": phone, "email": email, "channel": channel,
            "source": source, "branch": branch,
        }.items():  # fmt: skip
            if text is not None:
                named(text, name)
        lead = Lead(
            id=case.kernel.new_id("lead"), version=1, title=named(title, "title"), owner=owner,
            status=LeadStatus.UNASSIGNED if owner is None else LeadStatus.ASSIGNED,
            description=worded(description, "description"), created_at=case.now, created_by=run.person,
            updated_at=case.now, contact=contact, company=company, phone=phone,
            email=email, channel=channel, source=source, branch=branch,
        )  # fmt: skip
        if owner is None:
            lead = evolve(lead, pool=pool_for(case.kernel, case.sight, lead))
        decision = create_lead(lead, by=run.person, at=case.now)
        reasons = (*decision.reasons, *intents.employee_reasons(case, owner))
        run.admit(case, "leads.create", reasons)
        return run.make(lead, decision.events, "leads.create", title, given)

    def get(self, lead: LeadRef) -> Lead | LeadCard:
        """
        Return the lead as it is now; one that the person may only claim comes as a `LeadCard`.

        Raises:
            NotFound: It is not there, or may not be seen.

        Source: VIS-17, VIS-18, ACC-26.
        """
        return self._get(lead)

    def list(
        self, scene: str = "all", *, order_by: str | None = None, limit: int = 50, after: str | None = None
    ) -> Page[Lead | LeadCard]:
        """
        Return one page of the leads that the person sees in *scene*; those that they may only claim as a `LeadCard`.

        Args:
            order_by: ``created_at updated_at title last_follow_up_at id``; a leading minus means largest first.
                None means ``-created_at``.
            limit: 1 to 1000.
            after: The `after` of the page before.

        Source: VIS-1 … VIS-12, VIS-18, VIS-21.
        """
        return self._page(scene, order_by, limit, after)

    def moves(self, lead: LeadRef) -> Sequence[Move]:
        """
        Return what could be done with the lead now, each with every reason against it.

        Source: OPP-14.
        """
        return lead_moves(self._execution, lead)

    def assign(self, lead: LeadRef, to: str, *, branch: str | Unset | None = UNSET) -> Lead:
        """
        Assign (分配) the lead to *to*.

        Args:
            branch: The branch (门店) it is at from now on; None means none. Left out, it stays what it was.

        Raises:
            Refused: `wrong_status`, `is_voided`, `is_disabled`, `person_unknown`, `not_permitted`.

        Source: LEAD-4.
        """
        return self._change("assign", lead, intents.assign_lead, to, *(() if branch is UNSET else (branch,)))

    def claim(self, lead: LeadRef) -> Lead:
        """
        Claim a lead from its pool (公海): it is the person's own from then on. Of two claims at once one wins.

        Raises:
            NotFound: It is not there, is somebody else's by now, or lies in a pool that may not be seen.
            Refused: `wrong_status`, `is_disabled`, `pool_ceiling`, `pool_cool_down`, `person_unknown`, `not_permitted`.

        Source: LEAD-14, LEAD-8, ACC-21.
        """
        return self._change("claim", lead, claim_lead, beside=ceiling_guard)

    def follow_up(self, lead: LeadRef, text: str, *, kind: str = "call", at: datetime | None = None) -> Lead:
        """
        Follow up (跟进): add an activity.

        Args:
            kind: ``call letter fax appointment email visit note`` or any other word.
            at: When it happened; None means now.

        Raises:
            Refused: `wrong_status`, `is_voided`, `is_disabled`, `not_permitted`.

        Source: LEAD-5.
        """
        return self._change("follow_up", lead, intents.follow_up_lead, kind, text, at)

    def edit(self, lead: LeadRef, **changes: Unpack[LeadChanges]) -> Lead:
        """
        Change exactly the named fields.

        Raises:
            InvalidInput: A field is unknown or a value malformed.
            Refused: `wrong_status`, `is_voided`, `is_disabled`, `reach_missing`, `not_permitted`.

        Source: Domain §2.
        """
        return self._change("edit", lead, intents.edit_lead, changes)

    def recycle(self, lead: LeadRef, *, reason: str | None) -> Lead:
        """
        Recycle (回收) the lead: it has no owner and no branch any more; who had it and why is kept.

        Raises:
            Refused: `wrong_status`, `is_voided`, `is_disabled`, `reason_missing`, `not_permitted`.

        Source: LEAD-8.
        """
        return self._change("recycle", lead, intents.recycle_lead, reason)

    def disqualify(self, lead: LeadRef, *, reason: str | None) -> Lead:
        """
        Close the lead as no lead (无效关闭), for good.

        Raises:
            Refused: `wrong_status`, `is_voided`, `is_disabled`, `reason_missing`, `not_permitted`.

        Source: LEAD-9.
        """
        return self._change("disqualify", lead, intents.disqualify_lead, reason)

    def void(self, lead: LeadRef, *, reason: str | None = None) -> Lead:
        """
        Void (作废) the lead: only administrators see it then.

        Raises:
            Refused: `is_voided`, `wrong_review_state`, `not_permitted`.

        Source: LEAD-10.
        """
        return self._change("void", lead, intents.void, reason)

    def unvoid(self, lead: LeadRef) -> Lead:
        """
        Unvoid (反作废) the lead: exactly what was is back. For administrators.

        Raises:
            Refused: `is_not_voided`, `not_permitted`.

        Source: LEAD-10, ACC-15.
        """
        return self._change("unvoid", lead, intents.unvoid)

    def set_review_state(self, lead: LeadRef, state: ReviewState | str) -> Lead:
        """
        Set the review state: ``created submitted approved re_review``, and from there ``submitted`` again.

        Raises:
            InvalidInput: There is no such state.
            Refused: `wrong_review_state`, `is_voided`, `is_disabled`, `not_permitted`.

        Source: LEAD-17.
        """
        return self._change("set_review_state", lead, intents.set_review_state, state)

    def disable(self, lead: LeadRef) -> Lead:
        """
        Disable (禁用) the lead: everything but void, delete and enable is refused then.

        Raises:
            Refused: `is_disabled`, `is_voided`, `not_permitted`.

        Source: LEAD-17.
        """
        return self._change("disable", lead, intents.disable_lead)

    def enable(self, lead: LeadRef) -> Lead:
        """
        Enable the lead again.

        Raises:
            Refused: `is_not_disabled`, `is_voided`, `not_permitted`.

        Source: LEAD-17.
        """
        return self._change("enable", lead, intents.enable_lead)

    def convert(
        self, lead: LeadRef, *, customer: NewCustomer | str | None = None, contact: NewContact | str | None = None,
        opportunity: NewOpportunity | str | None = None,
    ) -> ConvertedLead:  # fmt: skip
        """
        Convert (转客户) the lead, all of it or nothing, and once only.

        Args:
            customer, contact, opportunity: Each a new one, the id of an existing one, or None; an opportunity
                needs one of the other two, and belongs to the lead's owner.

        Raises:
            Refused: `already_converted` names what it became; `wrong_status`, `convert_nothing`,
                `convert_needs_party`, `customer_unknown`, `close_date_past` and the rest of OPP-1.

        Source: LEAD-6.
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
            except Conflict:
                if tries == TRIES:
                    raise
                if not isinstance(lead, str):
                    # Whoever was overtaken by another conversion is told into what, not only that they were late.
                    if run.case("lead", lead.id).record.conversion is None:
                        raise
                    lead = lead.id

    def _convert_once(
        self, ref: LeadRef, customer: NewCustomer | str | None, contact: NewContact | str | None,
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
            run.case("opportunity", opportunity)
        converted = convert_lead(
            lead, customer=customer, customer_id=customer_id, contact=contact, contact_id=contact_id,
            opportunity=made or opportunity_id, by=run.person, at=case.now,
        )  # fmt: skip
        blocked = (*converted.decision.reasons, *reasons, *made_decision.reasons)
        run.admit(case, "leads.convert", blocked)
        after = apply(lead, converted.decision.events)
        writes = [Write("lead", lead.id, lead.version, after, converted.decision.events)]
        for new in (converted.customer, converted.contact, (made, made_decision) if made else None):
            if new is not None:
                record, decision = new
                writes.append(Write(record.KIND, record.id, 0, record, decision.events))
        records = {write.kind: write.record for write in writes}
        for kind, id in (("customer", customer_id), ("contact", contact_id), ("opportunity", opportunity_id)):
            if id is not None and kind not in records:
                records[kind] = case.kernel.get(kind, id)
        given = (customer, contact, opportunity)
        run.save(tuple(writes), "leads.convert", ref, list(records.values()), given, case.sight)
        return _converted(records)


def _converted(records: Mapping[str, Any]) -> ConvertedLead:
    return ConvertedLead(records["lead"], records.get("customer"), records.get("contact"), records.get("opportunity"))


def _id_for(case: Case, kind: str, asked: object, new: type) -> str | None:
    if asked is None or isinstance(asked, str):
        return asked
    if isinstance(asked, new):
        return case.kernel.new_id(kind)
    raise InvalidInput(kind, asked, f"must be a {new.__name__}, the id of an existing one, or None")
