"""Letting an owed stage go, with a reason: the other way to pay what a fast track left open (GRADE-4)."""

from __future__ import annotations

from datetime import datetime

from salesflow.model import Decision, EventBuilder, EventKind, Opportunity, Reason, SalesProcess, Waiver
from salesflow.process.guards import owed_stages
from salesflow.process.standing import OPEN, opportunity_stands, refused


def waive_stage(
    opportunity: Opportunity, process: SalesProcess, stage: str, *, reason: str | None, by: str, at: datetime
) -> Decision:
    """
    Decide that *stage* need not be made up for.

    Source: GRADE-4.
    """
    reasons = list(opportunity_stands(opportunity, OPEN))
    owed = owed_stages(opportunity, process)
    if stage not in owed:
        reasons.append(Reason("nothing_owed", stage=stage, owed=owed))
    if not reason:
        reasons.append(Reason("reason_missing"))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.waive_stage")
    earlier = tuple(w for w in opportunity.waivers if w.stage != stage)
    waiver = Waiver(stage, reason or "", builder.at, by)
    builder.add(EventKind.STAGE_WAIVED, reason, waivers=(*earlier, waiver))
    return builder.decision()
