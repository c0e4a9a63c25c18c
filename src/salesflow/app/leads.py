"""What one person may do with leads (销售线索): `flow.acting_as(person).leads`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypedDict, Unpack

from attrs import evolve

from salesflow.app import intents
from salesflow.app.case import Made
from salesflow.app.claims import ceiling_guard, claim_lead, pool_for
from salesflow.app.conversion import Conversion
from salesflow.app.dialogs import GuidedLeads
from salesflow.app.duplicates import keyed
from salesflow.app.each import Repeated
from salesflow.app.execution import Execution
from salesflow.app.lead_documents import LeadDocuments
from salesflow.app.lead_merging import LeadMerging
from salesflow.app.moves import lead_moves
from salesflow.app.paging import Page
from salesflow.app.push_down import PushDown
from salesflow.app.recycling import Recycling
from salesflow.model import Lead, LeadCard, LeadStatus, ReviewState
from salesflow.model.requests import UNSET, Unset, named, worded
from salesflow.process import Move, create_lead

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


class LeadDesk(Conversion, LeadDocuments, PushDown, LeadMerging, Recycling, GuidedLeads, Repeated[Lead]):
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
        if owner is not UNSET and owner is not None:
            named(owner, "owner")
        for name, text in {
            "contact": contact, "company": company, "phone": phone, "email": email, "channel": channel,
            "source": source, "branch": branch,
        }.items():  # fmt: skip
            if text is not None:
                named(text, name)
        named(title, "title")
        worded(description, "description")

        def decide() -> Made[Lead]:
            case = run.blank()
            works = owner
            if works is UNSET:
                works = run.person if case.sight.is_employee(run.person) else None
            lead = Lead(
                id=case.kernel.new_id("lead"), version=1, title=title, owner=works,
                status=LeadStatus.UNASSIGNED if works is None else LeadStatus.ASSIGNED,
                assigned_at=None if works is None else case.now,
                description=description, created_at=case.now, created_by=run.person,
                updated_at=case.now, contact=contact, company=company, phone=phone,
                email=email, channel=channel, source=source, branch=branch,
            )  # fmt: skip
            if works is None:
                lead = evolve(lead, pool=pool_for(case.kernel, case.sight, lead))
            lead = keyed(case.kernel, lead)
            decision = create_lead(lead, by=run.person, at=case.now)
            return Made(case, lead, decision.events, (*decision.reasons, *intents.employee_reasons(case, works)))

        return run.make("leads.create", title, given, decide)

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

    def delete(self, lead: LeadRef) -> None:
        """
        Delete (删除) a lead that nobody works, for good: it is gone from every query, and what happened to it too.

        That it was deleted, by whom and when, stays for the audit; nothing of what it held does.

        Raises:
            Refused: `is_voided`, `wrong_status`, `wrong_review_state`, `has_redirects`, `has_documents`,
                `not_permitted`.

        Source: LEAD-11, ACC-20.
        """
        self._change("delete", lead, intents.delete_lead)

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
