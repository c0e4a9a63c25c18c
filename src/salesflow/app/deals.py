"""A customer's deal status follows every win and what becomes of it, in the unit of work that saves it (CUS-2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import evolve

from salesflow.errors import Conflict
from salesflow.model import Customer, EventKind, Opportunity, apply, created
from salesflow.ports import Write
from salesflow.process import count_deals, customer_won

if TYPE_CHECKING:
    from salesflow.app.case import Case


def deal_writes(case: Case, after: Any | None, operation: str) -> tuple[Write, ...]:
    """
    Return what is written of customers when the case's record becomes *after*, or goes where that is None.

    Whoever wins a deal needs no right to its customer. The customer's version guards the count: of two wins at once one
    is a conflict, and is decided anew.

    Source: CUS-2.
    """
    before = case.record
    if not isinstance(before, Opportunity):
        return ()
    lost, won = customer_won(before), None if after is None else customer_won(after)
    if lost == won:
        return ()
    changes = [(case.get("customer", id), further) for id, further in ((lost, -1), (won, 1)) if id is not None]
    facts: dict[str, Any] = {"by": case.person, "at": case.now, "operation": operation}
    writes = [counting(customer, further, **facts) for customer, further in changes if customer is not None]
    return tuple([write for write in writes if write is not None])


def with_deals(
    case: Case, arriving: Mapping[tuple[str, str], Write], known: Mapping[tuple[str, str], Any], operation: str
) -> tuple[Write, ...]:
    """
    Return what is written of an import, by kind and id, and what is written of customers of whom deals arrive as won.

    A customer that is made on the way is made with its deals; one that is there is written once for all of them.

    Args:
        known: Records that were read already, by kind and id.

    Raises:
        Conflict: A customer was deleted since it was looked up; all of it must be decided anew.

    Source: CUS-2, IO-3.
    """
    deals = [customer_won(write.record) for write in arriving.values() if write.kind == "opportunity"]
    won = Counter(id for id in deals if id is not None)
    writes = dict(arriving)
    facts: dict[str, Any] = {"by": case.person, "at": case.now, "operation": operation}
    there: dict[str, Any] = {id: known.get(("customer", id)) for id in won if ("customer", id) not in arriving}
    there |= case.kernel.get_many("customer", [id for id, found in there.items() if found is None])
    for id, further in won.items():
        key = ("customer", id)
        made = arriving.get(key)
        if made is not None:
            customer = evolve(made.record, deals_won=further)
            event = created(customer, kind=EventKind.IMPORTED, **facts)
            writes[key] = Write("customer", id, 0, customer, (event,))
        else:
            customer = there.get(id)
            if customer is None:
                raise Conflict("customer", id, 1, None)
            counted = counting(customer, further, **facts)
            assert counted is not None  # a win more is always a change
            writes[key] = counted
    return tuple(writes.values())


def counting(customer: Customer, further: int, *, by: str, at: datetime, operation: str) -> Write | None:
    """Return what is written of a customer of whom *further* wins count, or fewer; None where nothing changes."""
    events = count_deals(customer, further, by=by, at=at, operation=operation).events
    return Write("customer", customer.id, customer.version, apply(customer, events), events) if events else None
