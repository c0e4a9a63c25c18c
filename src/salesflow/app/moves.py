"""
What can I do now? (OPP-14): every operation on a record, tried without being done, through the same functions.

What an operation will ask for is filled with a stand-in; a reason that only says that it is missing is an input.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from attrs import frozen

from salesflow import process
from salesflow.app import intents, superior_intents
from salesflow.app.case import Case, Intent
from salesflow.app.claims import claim_lead
from salesflow.app.execution import Execution, combined
from salesflow.app.grades import graded
from salesflow.app.issuing import issue_something
from salesflow.app.lead_merging import latest_merge, merge_with_somebody, unmerge_leads
from salesflow.app.push_down import push_down_somewhere
from salesflow.app.task_access import AFTER_SALES_TASKS, task_access
from salesflow.model import (
    ContactRole,
    Decision,
    DocumentKind,
    EventBuilder,
    EventKind,
    Grade,
    Lead,
    LeadCard,
    NewCustomer,
    Opportunity,
    Reason,
    TaskStatus,
    TeamMember,
    TeamRole,
    WinFrom,
)
from salesflow.model.requests import UNSET
from salesflow.process import Engine, Move, owed_stages, running_after_sales, waiting_approvals
from salesflow.process.standing import FOLLOWED_UP, lead_stands


@frozen
class Candidate:
    """
    One operation that might be possible.

    Args:
        method: The facade's method.
        to: What it is about, or None.
        intent, args: What decides it, with stand-ins for what will be asked for.
        with_reason: The same with a reason, where one may turn out to be needed.
        inputs: What will be asked for.
        row: The row of the access table that counts, where it is not the method's own.
        also: Who is admitted beside the row.
    """

    method: str
    to: str | None
    intent: Intent
    args: tuple[Any, ...] = ()
    with_reason: tuple[Any, ...] | None = None
    inputs: tuple[str, ...] = ()
    row: str | None = None
    also: Collection[str] = ()


def opportunity_moves(execution: Execution, ref: Opportunity | str) -> tuple[Move, ...]:
    """Return every move of an opportunity, open ones and blocked ones."""
    case = execution.case("opportunity", ref)
    execution.admit(case, "opportunities.moves", (), is_told=False)
    return tuple(_tried(case, "opportunities", candidate) for candidate in _opportunity_candidates(case))


def lead_moves(execution: Execution, ref: Lead | LeadCard | str) -> tuple[Move, ...]:
    """Return every move of a lead, open ones and blocked ones; of a card's, no reason that would tell of the lead."""
    case = execution.case("lead", ref)
    execution.admit(case, "leads.moves", (), is_told=False)
    following = process.REVIEW_ORDER[case.record.review]
    candidates = (
        Candidate("assign", None, _to_somebody, inputs=("to",)),
        Candidate("claim", None, claim_lead),
        Candidate("follow_up", None, intents.follow_up_lead, ("call", "-"), inputs=("text",)),
        Candidate("edit", None, _some_lead_change, inputs=("changes",)),
        Candidate("convert", None, _into_some_customer, inputs=("customer", "contact", "opportunity")),
        Candidate("quote", None, issue_something, (DocumentKind.QUOTE,), inputs=("lines",)),
        Candidate("order", None, issue_something, (DocumentKind.CONTRACT,), inputs=("lines",)),
        Candidate("recycle", None, intents.recycle_lead, (None,), ("-",)),
        Candidate("disqualify", None, intents.disqualify_lead, (None,), ("-",)),
        Candidate("void", None, intents.void),
        Candidate("unvoid", None, intents.unvoid),
        # the card of a pool's lead does not tell its review state
        Candidate("set_review_state", str(following), intents.set_review_state, (following,))
        if case.is_whole
        else Candidate("set_review_state", None, intents.set_review_state, (following,), inputs=("state",)),
        Candidate("disable", None, intents.disable_lead),
        Candidate("enable", None, intents.enable_lead),
        Candidate("delete", None, intents.delete_lead),
        Candidate("push_down", None, push_down_somewhere, inputs=("owner",)),
        Candidate("merge", None, merge_with_somebody, inputs=("other",)),
        *_unmerge_moves(case),
        *(Candidate("start_dialog", each.code, _to_be_asked, inputs=("answers",)) for each in case.kernel.lead_dialogs),
    )
    if case.redirected_from is not None:  # commands on this id are refused, but for undoing the merge (LEAD-15)
        merged = (Reason("is_merged", into=case.record.id),)
        return tuple(
            _tried(case, "leads", each)
            if each.method == "unmerge"
            else Move(each.method, each.to, merged, each.inputs, (), frozenset())
            for each in candidates
        )
    return tuple(_tried(case, "leads", candidate) for candidate in candidates)


def _unmerge_moves(case: Case) -> Iterator[Candidate]:
    """LEAD-15: undoing takes the history; the card of a pool's lead does not tell what was merged into it."""
    if case.kernel.keeps_history:
        yield Candidate("unmerge", latest_merge(case) if case.is_whole else None, unmerge_leads)


# Whoever or whatever will be asked for later is nobody and nothing now: only the record itself stands in the way.


def _to_somebody(case: Case) -> Decision:
    return process.assign_lead(case.record, "", branch=None, by=case.person, at=case.now)


def _some_lead_change(case: Case) -> Decision:
    return intents.edit_lead(case, {"description": None if case.record.description else "-"})


def _into_some_customer(case: Case) -> Decision:
    return process.convert_lead(
        case.record, customer=NewCustomer("-"), customer_id="", contact=None, contact_id=None, opportunity=None,
        by=case.person, at=case.now,
    ).decision  # fmt: skip


def _some_change(case: Case) -> Decision:
    return intents.edit_opportunity(case, {"source": None if case.record.source else "-"})


def _task_to_somebody(case: Case, task: str) -> Decision:
    return process.assign_task(case.record, task, "", due=UNSET, can_see=True, by=case.person, at=case.now)


def _owned_by_somebody(case: Case) -> Decision:
    return process.change_owner(
        case.record, "", old_owner_role=None, hand_over_tasks=False, by=case.person, at=case.now
    )


def _with_somebody(case: Case) -> Decision:
    return process.add_member(case.record, TeamMember("", ""), by=case.person, at=case.now)


def _role_of_somebody(case: Case) -> Decision:
    return process.set_contact_role(
        case.record, ContactRole("", ""), contacts_customer=case.record.customer, by=case.person, at=case.now
    )


def _against_somebody(case: Case) -> Decision:
    return process.add_competitor(case.record, "", by=case.person, at=case.now)


def _some_after_sales(case: Case, engine: Engine) -> Decision:
    return process.start_after_sales(case.record, engine, by=case.person, at=case.now)


def _opportunity_candidates(case: Case) -> Iterator[Candidate]:
    yield from _stage_moves(case)
    yield from _task_moves(case.record)
    yield from _team_moves(case.record)
    yield from _other_moves(case)
    yield from _dialogs(case)
    yield from _waiting_moves(case)


def _stage_moves(case: Case) -> Iterator[Candidate]:
    opportunity: Opportunity = case.record
    template = case.engine.process
    yield Candidate("advance", _next_stage(case), intents.advance)
    for stage in template.stages:
        if stage.code != opportunity.stage:
            yield Candidate("change_stage", stage.code, intents.change_stage, (stage.code,), (stage.code, "-"))
    for process_id in case.kernel.processes.ids:
        if process_id != opportunity.process:
            yield Candidate("change_process", process_id, intents.change_process, (process_id,))
    yield Candidate("win", None, intents.win)
    yield Candidate("lose", None, intents.lose, (None,), template.lost_reasons[:1])
    yield Candidate("invalidate", None, intents.invalidate, (None,), template.invalid_reasons[:1])
    closing = opportunity.closing
    yield Candidate("reopen", closing.stage if closing else None, intents.reopen)
    for stage_code in owed_stages(opportunity, template):
        yield Candidate("waive_stage", stage_code, superior_intents.waive_stage, (stage_code, None), (stage_code, "-"))


def _task_moves(opportunity: Opportunity) -> Iterator[Candidate]:
    running = running_after_sales(opportunity)
    current = [t for t in opportunity.tasks if t.stage == opportunity.stage]
    beside = [t for t in running.tasks if t.stage == running.stage] if running else []
    for task in (*current, *beside):
        id = task.id
        if task.status is TaskStatus.OPEN:
            yield _of_task("finish_task", opportunity, id, intents.finish_task, (id,))
            yield _of_task("assign_task", opportunity, id, _task_to_somebody, (id,), ("assignee",))
        elif task.status is TaskStatus.DONE:
            yield _of_task("reopen_task", opportunity, id, intents.reopen_task, (id,))
        if task.assignee is not None:
            yield _of_task("unassign_task", opportunity, id, intents.unassign_task, (id,))
    yield Candidate("add_task", None, intents.add_task, ("-",), inputs=("name",))
    if running is not None:
        args = ("-", None, None, None, True)
        yield Candidate("add_task", running.process, intents.add_task, args, None, ("name",), AFTER_SALES_TASKS)


def _dialogs(case: Case) -> Iterator[Candidate]:
    """A dialog changes nothing before it is finished; what its answers come to is asked for then (OPP-16)."""
    for dialog in process.offered_dialogs(case.engine.process.dialogs, case.record.stage):
        yield Candidate("start_dialog", dialog.code, _to_be_asked, inputs=("answers",))


def _to_be_asked(case: Case) -> Decision:
    is_lead = case.record.KIND == "lead"
    stands = lead_stands(case.record, FOLLOWED_UP) if is_lead else process.opportunity_stands(case.record, process.OPEN)
    if stands:
        return process.refused(*stands)
    builder = EventBuilder(case.record, **intents.actor(case), operation="start_dialog")
    builder.add(EventKind.DIALOG_FINISHED)
    return builder.decision()


def _of_task(
    method: str,
    opportunity: Opportunity,
    id: str,
    intent: Intent,
    args: tuple[Any, ...],
    inputs: tuple[str, ...] = (),
) -> Candidate:
    row, also = task_access(method, opportunity, id)
    return Candidate(method, id, intent, args, None, inputs, row, also)


def _team_moves(opportunity: Opportunity) -> Iterator[Candidate]:
    yield Candidate("change_owner", None, _owned_by_somebody, inputs=("to",))
    yield Candidate("add_member", None, _with_somebody, inputs=("person", "role", "access"))
    for member in opportunity.team:
        if member.role != TeamRole.OWNER:
            yield Candidate("change_member", member.key, intents.change_member, (member,), inputs=("access",))
            yield Candidate("remove_member", member.key, intents.remove_member, (member,))


def _other_moves(case: Case) -> Iterator[Candidate]:
    opportunity: Opportunity = case.record
    yield Candidate("edit", None, _some_change, inputs=("changes",))
    yield Candidate("add_activity", None, intents.add_activity, ("note", "-"), inputs=("kind", "text"))
    yield Candidate("fill_feedback", None, intents.fill_feedback, ("-",), inputs=("text",))
    yield Candidate("set_contact_role", None, _role_of_somebody, inputs=("contact", "role"))
    yield Candidate("add_competitor", None, _against_somebody, inputs=("competitor",))
    for competitor in opportunity.competitors:
        yield Candidate("remove_competitor", competitor, intents.remove_competitor, (competitor,))
    for kind in DocumentKind:
        yield Candidate(f"issue_{kind}", None, issue_something, (kind,), inputs=("lines",))
    yield Candidate("set_grade", None, superior_intents.set_grade, (Grade.A, None), (Grade.A, "-"), ("grade",))
    yield Candidate("clear_grade", None, superior_intents.clear_grade)
    yield from _after_sales_starts(case)
    yield Candidate("after_sales_feedback", None, intents.after_sales_feedback, ("-",), inputs=("text",))
    yield Candidate("after_sales_advance", None, intents.after_sales_advance)
    yield Candidate("finish_after_sales", None, intents.finish_after_sales)
    yield Candidate("void", None, intents.void)
    yield Candidate("unvoid", None, intents.unvoid)
    yield Candidate("delete", None, intents.delete)


def _after_sales_starts(case: Case) -> Iterator[Candidate]:
    """With the template of the flow's settings; without one that is there, it must be named."""
    processes = case.kernel.processes
    settled = processes.newest(case.kernel.settings.after_sales_process)
    if settled is not None and process.can_run_beside(settled):
        yield Candidate("start_after_sales", settled.process.id, _some_after_sales, (settled,))
        return
    other = next(filter(process.can_run_beside, processes.all_newest()), None)
    if other is not None:
        yield Candidate("start_after_sales", None, _some_after_sales, (other,), inputs=("process",))


def _requests(case: Case) -> Iterator[Candidate]:
    """An approval to ask for, of each move that leads past one (RULE-2)."""
    template, stage = case.engine.process, case.record.stage
    following = [after.code for after in template.stages[_place(case) + 1 :]]
    wanted: list[tuple[str, str, dict[str, Any], dict[str, Any] | None]] = []
    if following:
        wanted.append(("advance", "advance", {}, None))
    for code in following:
        wanted.append(("change_stage", f"change_stage:{code}", {"stage": code}, {"stage": code, "reason": "-"}))
    if not following or template.win_from is WinFrom.ANY:
        wanted.append(("win", "win", {}, None))
    for method, known in (("lose", template.lost_reasons), ("invalidate", template.invalid_reasons)):
        wanted.append((method, method, {}, {"reason": known[0]}))
    for method, to, arguments, with_reason in wanted:
        if process.approvals_for(template, method, stage, arguments):
            yield Candidate(
                "request_approval", to, superior_intents.request_approval, (method, arguments),
                None if with_reason is None else (method, with_reason), row=f"opportunities.{method}",
            )  # fmt: skip


def _waiting_moves(case: Case) -> Iterator[Candidate]:
    opportunity: Opportunity = case.record
    yield Candidate("register_with_partner", None, superior_intents.register_with_partner)
    yield from _requests(case)
    for waiting in waiting_approvals(opportunity):
        id = waiting.id
        all_named = superior_intents.approvers(case, waiting.approver, None)
        others = superior_intents.approvers(case, waiting.approver, waiting.requested_by)
        yield Candidate("approve", id, superior_intents.approve, (id,), also=others)
        yield Candidate("refuse", id, superior_intents.refuse, (id, "-"), inputs=("comment",), also=all_named)
        yield Candidate("withdraw_approval", id, superior_intents.withdraw_approval, (id,), row=waiting.operation)


def _place(case: Case) -> int:
    return [stage.code for stage in case.engine.process.stages].index(case.record.stage)


def _next_stage(case: Case) -> str | None:
    following = case.engine.process.stages[_place(case) + 1 :]
    return following[0].code if following else None


def _tried(case: Case, group: str, candidate: Candidate) -> Move:
    row = candidate.row or f"{group}.{candidate.method}"
    refusals = case.sight.refusals(case.person, row, case.record, also=candidate.also)
    if refusals and not case.is_whole:
        # What else stands in the way is not theirs to know, nor so who would be let.
        may_ask = () if candidate.with_reason is None else ("reason",)
        return Move(candidate.method, candidate.to, refusals, (*candidate.inputs, *may_ask), (), frozenset())
    decision = candidate.intent(case, *candidate.args)
    inputs = candidate.inputs
    if candidate.with_reason is not None and any(r.code == "reason_missing" for r in decision.reasons):
        inputs = (*inputs, "reason")
        decision = candidate.intent(case, *candidate.with_reason)
    blockers = combined(refusals, (*decision.reasons, *_rules_broken(case, f"{group}.{candidate.method}")))
    instead: frozenset[str] = frozenset()
    if any(reason.code == "not_permitted" for reason in refusals):
        others = _known_to(case) & case.sight.who_may(row, case.record, also=candidate.also)
        instead = frozenset(other for other in others if case.sight.can_see(other, case.record))
    effects = () if blockers else tuple(str(event.kind) for event in graded(case, decision.events))
    return Move(candidate.method, candidate.to, blockers, inputs, effects, instead)


def _rules_broken(case: Case, operation: str) -> tuple[Reason, ...]:
    """RULE-1: what an edit would make of the record is not known yet, so its rules are asked when it is."""
    return () if operation.endswith(".edit") else case.kernel.rules.broken(operation, case.record)


def _known_to(case: Case) -> frozenset[str]:
    """Whom the person knows of: those whom the record or an approval of it names, and their own superiors (VIS-17)."""
    record = case.record
    team = (member.person for member in getattr(record, "team", ()))
    asked = (approval.approver.removeprefix(process.PERSON) for approval in getattr(record, "approvals", ()))
    return frozenset((record.owner, *team, *asked, *case.sight.superiors(case.person)))
