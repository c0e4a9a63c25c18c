"""A new lead made of an upstream one (线索下推, LEAD-3)."""

from __future__ import annotations

from functools import partial

from salesflow import process
from salesflow.app import intents
from salesflow.app.case import Case, Made
from salesflow.app.claims import pool_for
from salesflow.app.duplicates import keyed
from salesflow.app.history import Readable
from salesflow.model import Decision, Lead, LeadCard
from salesflow.model.requests import UNSET, Unset, named


class PushDown(Readable[Lead]):
    """Making further leads of one."""

    def push_down(
        self, lead: Lead | LeadCard | str, *, title: str | None = None, owner: str | Unset | None = UNSET
    ) -> Lead:
        """
        Push the lead down (线索下推) and return the new lead: it carries over what describes the deal and the reach.

        The upstream lead stays as it is, and `upstream_lead` of the new one names it. Owner and branch, activities,
        former owners, numbers and conversion do not go with it.

        Args:
            title: The new lead's title; None means that of the upstream lead.
            owner: Who works it. Left out, the acting employee does; None leaves it unassigned, in a pool (公海).

        Raises:
            NotFound: The lead is not there, or may not be seen.
            Refused: `is_voided`, `is_disabled`, `wrong_status` for a disqualified lead, `person_unknown`,
                `not_permitted`.

        Source: LEAD-3, ACC-20.
        """
        run, operation = self._execution, "leads.push_down"
        given = (title, owner)
        if owner is not UNSET and owner is not None:
            named(owner, "owner")
        if title is not None:
            named(title, "title")

        def decide() -> Made[Lead]:
            case = run.case("lead", lead)
            run.shield(case, operation)
            works = owner
            if works is UNSET:
                works = run.person if case.sight.is_employee(run.person) else None
            made, decision = _pushed_down(case, case.kernel.new_id("lead"), title, works)
            reasons = (*decision.reasons, *intents.employee_reasons(case, works))
            return Made(case, made, decision.events, reasons)

        return run.make(operation, lead, given, decide)


def push_down_somewhere(case: Case) -> Decision:
    """LEAD-3, for `moves`: as if somebody were given the new lead."""
    return _pushed_down(case, "", None, "")[1]


def _pushed_down(case: Case, id: str, title: str | None, owner: str | None) -> tuple[Lead, Decision]:
    return process.push_down(
        case.record, id=id, title=title, owner=owner, by=case.person, at=case.now,
        pool_of=partial(pool_for, case.kernel, case.sight), keyed=partial(keyed, case.kernel),
    )  # fmt: skip
