"""Into a pool (公海) and out of it: which pool a lead goes to, and the claim that takes it out (LEAD-14)."""

from __future__ import annotations

from salesflow import process
from salesflow.app.case import Case
from salesflow.app.kernel import Kernel
from salesflow.app.port import Port
from salesflow.errors import PortError
from salesflow.model import Decision, EventBuilder, EventKind, Lead, LeadStatus, Pool, Reason, apply
from salesflow.ports import Write
from salesflow.visibility import NOT_VOIDED, FieldCompare, OwnerIn, Sight, all_of

SELECTOR_PORT = Port("pool_selector")


def pool_for(kernel: Kernel, sight: Sight, lead: Lead) -> str | None:
    """
    Return the pool that *lead* goes to when it has no owner; None is the common one.

    Raises:
        PortError: The selector failed, or named a pool that is not there.

    Source: LEAD-14.
    """
    if kernel.pool_selector is None:
        return None
    with SELECTOR_PORT:
        pool: object = kernel.pool_selector(lead)
    if pool is None or (isinstance(pool, str) and sight.has_pool(pool)):
        return pool
    raise PortError("pool_selector", f"gave {pool!r}, which is no pool; create it first, or give None")


def claim_lead(case: Case) -> Decision:
    """LEAD-14. Whoever claims works here, as every owner does; the pool is read as it is now."""
    pool = _pool(case)
    held = _open_leads(case) if pool is not None and pool.ceiling is not None else 0
    decision = process.claim_lead(case.record, pool, held=held, by=case.person, at=case.now)
    if case.sight.is_employee(case.person):
        return decision
    return process.refused(*decision.reasons, Reason("person_unknown", person=case.person))


def ceiling_guard(case: Case) -> tuple[Write, ...]:
    """
    Return what a claim writes beside the lead: from a pool with a ceiling, that there was one.

    Two claims from such a pool at once are then a conflict, of which one decides again and counts the other's lead;
    without it both would be the last one below the ceiling.
    """
    pool = _pool(case)
    if pool is None or pool.ceiling is None:
        return ()
    builder = EventBuilder(pool, at=case.now, by=case.person, operation="leads.claim")
    builder.add(EventKind.CLAIMED_FROM)
    events = tuple(builder.events)
    return (Write("pool", pool.id, pool.version, apply(pool, events), events),)


def _pool(case: Case) -> Pool | None:
    """The pool that the lead lies in; None for the common one, and for one that is not there."""
    id = case.record.pool
    return None if id is None else case.kernel.get("pool", id)


def _open_leads(case: Case) -> int:
    """How many leads the person has to work on."""
    assigned = FieldCompare("status", "==", LeadStatus.ASSIGNED)
    return case.kernel.count("lead", all_of((NOT_VOIDED, OwnerIn((case.person,)), assigned)))
