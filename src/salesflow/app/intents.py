"""
Every operation on an opportunity or a lead, as a function of one case: which room is asked, with what.

The facade's methods and `moves` run these same functions, so what `moves` says is what will happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from attrs import evolve

from salesflow import process
from salesflow.app.case import Case
from salesflow.app.claims import pool_for
from salesflow.app.duplicates import keyed
from salesflow.errors import InvalidInput
from salesflow.model import (
    Access,
    ContactRole,
    Decision,
    EventBuilder,
    Money,
    Reason,
    ReviewState,
    TeamMember,
    utc,
)
from salesflow.model.moments import plain_day
from salesflow.model.requests import UNSET, Unset, flag, named, not_negative, worded
from salesflow.process import refused


def actor(case: Case) -> dict[str, Any]:
    """Return who decides and when, as every decision of the rooms wants it."""
    return {"by": case.person, "at": case.now}


def _moment(case: Case, at: datetime | None) -> datetime:
    return case.now if at is None else utc(at)


def advance(case: Case, approved: EventBuilder | None = None) -> Decision:
    """OPP-5."""
    keep = case.kernel.settings.keep_manual_probability
    return case.engine.advance(case.record, **actor(case), keep_manual=keep, approved=approved)


def change_stage(case: Case, stage: str, reason: str | None = None, approved: EventBuilder | None = None) -> Decision:
    """OPP-6."""
    keep = case.kernel.settings.keep_manual_probability
    named(stage, "stage")
    worded(reason, "reason")
    return case.engine.change_stage(
        case.record, stage, reason=reason, **actor(case), keep_manual=keep, approved=approved
    )


def change_process(case: Case, template: str, stage: str | None = None, reason: str | None = None) -> Decision:
    """OPP-9, RULE-1. The newest version of the other template is the one it is pinned to; the old one's rules bind."""
    engine = case.kernel.processes.latest(named(template, "process"))
    if stage is not None:
        named(stage, "stage")
    decision = process.change_process(
        case.record, engine, stage, reason=worded(reason, "reason"), **actor(case),
        keep_manual=case.kernel.settings.keep_manual_probability,
    )  # fmt: skip
    return _also_refused(decision, list(process.broken_rules(case.engine.process, "change_process", case.record)))


def win(
    case: Case, amount: Money | None = None, close_date: date | None = None, comment: str | None = None,
    approved: EventBuilder | None = None,
) -> Decision:  # fmt: skip
    """OPP-7."""
    if amount is not None:
        not_negative(amount, "amount")
    if close_date is not None:
        plain_day(close_date, "close_date")
    return case.engine.win(
        case.record, **actor(case), today=case.today, amount=amount, close_date=close_date,
        comment=worded(comment, "comment"), approved=approved,
    )  # fmt: skip


def lose(
    case: Case, reason: str | None = None, competitor: str | None = None, comment: str | None = None,
    close_date: date | None = None, approved: EventBuilder | None = None,
) -> Decision:  # fmt: skip
    """OPP-7."""
    if competitor is not None:
        named(competitor, "competitor")
    if close_date is not None:
        plain_day(close_date, "close_date")
    return case.engine.lose(
        case.record, **actor(case), today=case.today, reason=worded(reason, "reason"), competitor=competitor,
        comment=worded(comment, "comment"), close_date=close_date, approved=approved,
    )  # fmt: skip


def invalidate(
    case: Case, reason: str | None = None, comment: str | None = None, close_date: date | None = None,
    approved: EventBuilder | None = None,
) -> Decision:  # fmt: skip
    """OPP-7."""
    if close_date is not None:
        plain_day(close_date, "close_date")
    return case.engine.invalidate(
        case.record, **actor(case), today=case.today, reason=worded(reason, "reason"),
        comment=worded(comment, "comment"), close_date=close_date, approved=approved,
    )  # fmt: skip


def reopen(case: Case) -> Decision:
    """OPP-8."""
    return case.engine.reopen(case.record, **actor(case))


def void(case: Case, reason: str | None = None) -> Decision:
    """OPP-10, LEAD-10."""
    return process.void(case.record, reason=worded(reason, "reason"), **actor(case))


def unvoid(case: Case) -> Decision:
    """OPP-10, LEAD-10."""
    return process.unvoid(case.record, **actor(case))


def delete(case: Case) -> Decision:
    """OPP-10."""
    return process.delete(case.record, **actor(case))


def delete_lead(case: Case) -> Decision:
    """LEAD-11."""
    return process.delete_lead(case.record, **actor(case))


def edit_opportunity(case: Case, changes: Mapping[str, object]) -> Decision:
    """OPP-18. A customer or contact that is named must be there for the person who names it."""
    strangers = _strangers(case, changes.get("customer"))
    decision = process.edit_opportunity(case.record, changes, strangers=strangers, **actor(case))
    return _also_refused(decision, party_reasons(case, changes.get("customer"), changes.get("contact")))


def _strangers(case: Case, customer: object) -> frozenset[str]:
    """CUS-3: the contacts with a role in the deal who do not belong to the *customer* that it gets, if it gets one."""
    if not isinstance(customer, str) or customer == case.record.customer:
        return frozenset()
    roles = case.record.contact_roles
    held = {role.contact: case.kernel.get("contact", role.contact) for role in roles}
    return frozenset(id for id, contact in held.items() if contact is None or contact.customer != customer)


def party_reasons(case: Case, customer: object, contact: object) -> list[Reason]:
    """Return a reason for each id that names no customer or contact that the person can see."""
    reasons = []
    for kind, id in (("customer", customer), ("contact", contact)):
        if isinstance(id, str):
            record = case.kernel.get(kind, id)
            if record is None or not case.sight.can_see(case.person, record):
                reasons.append(Reason(f"{kind}_unknown", **{kind: id}))
    return reasons


def employee_reasons(case: Case, *people: str | None) -> list[Reason]:
    """Return a reason for each id that is no active employee."""
    unknown = [p for p in people if p is not None and not case.sight.is_employee(p)]
    return [Reason("person_unknown", person=p) for p in unknown]


def _also_refused(decision: Decision, reasons: list[Reason]) -> Decision:
    return refused(*decision.reasons, *reasons) if reasons else decision


def add_activity(case: Case, kind: str, text: str, at: datetime | None = None) -> Decision:
    """OPP-19."""
    named(kind, "kind")
    return process.add_activity(
        case.record, kind, worded(text, "text") or "", happened_at=_moment(case, at), **actor(case)
    )


def finish_task(case: Case, task: str) -> Decision:
    """OPP-3."""
    return process.finish_task(case.record, named(task, "task"), **actor(case))


def reopen_task(case: Case, task: str) -> Decision:
    """OPP-3."""
    return process.reopen_task(case.record, named(task, "task"), **actor(case))


def add_task(
    case: Case, name: str, code: str | None = None, assignee: str | None = None, due: date | None = None,
    after_sales: bool = False,
) -> Decision:  # fmt: skip
    """OPP-3. Without a code it gets one of its own, made of the record's version."""
    named(name, "name")
    if due is not None:
        plain_day(due, "due")
    code = named(code, "code") if code is not None else f"added_{case.record.version + 1}"
    can_see = assignee is not None and case.sight.can_see(named(assignee, "assignee"), case.record)
    return process.add_task(
        case.record, code, name, assignee=assignee, due=due, can_see=can_see,
        after_sales=flag(after_sales, "after_sales"), **actor(case),
    )  # fmt: skip


def assign_task(case: Case, task: str, assignee: str | None, due: date | Unset | None) -> Decision:
    """OPP-3."""
    if due is UNSET and assignee is None:
        raise InvalidInput("assignee", assignee, "must be somebody's id, unless a due date is set or cleared")
    if due is not UNSET and due is not None:
        plain_day(due, "due")
    can_see = assignee is not None and case.sight.can_see(named(assignee, "assignee"), case.record)
    return process.assign_task(case.record, named(task, "task"), assignee, due=due, can_see=can_see, **actor(case))


def unassign_task(case: Case, task: str) -> Decision:
    """OPP-3."""
    return process.unassign_task(case.record, named(task, "task"), **actor(case))


def fill_feedback(case: Case, text: str) -> Decision:
    """OPP-4."""
    return process.fill_feedback(case.record, _words(text), **actor(case))


def _words(text: str) -> str:
    words = worded(text, "text")
    if not words or not words.strip():
        raise InvalidInput("text", text, "must say something")
    return words


def change_owner(case: Case, to: str, old_owner_role: str | None = None, hand_over_tasks: bool = True) -> Decision:
    """OPP-11. The new owner is somebody who works here."""
    if old_owner_role is not None:
        named(old_owner_role, "old_owner_role")
    decision = process.change_owner(
        case.record,
        named(to, "to"),
        old_owner_role=old_owner_role,
        hand_over_tasks=flag(hand_over_tasks, "hand_over_tasks"),
        **actor(case),
    )
    return _also_refused(decision, employee_reasons(case, to))


def add_member(case: Case, member: TeamMember) -> Decision:
    """OPP-11. A member is somebody who works here."""
    decision = process.add_member(case.record, team_member(member), **actor(case))
    return _also_refused(decision, employee_reasons(case, member.person))


def change_member(case: Case, member: TeamMember) -> Decision:
    """OPP-11."""
    return process.change_member(case.record, team_member(member), **actor(case))


def remove_member(case: Case, member: TeamMember) -> Decision:
    """OPP-11."""
    return process.remove_member(case.record, team_member(member), **actor(case))


def team_member(member: object) -> TeamMember:
    """Return *member*, its access level as an `Access`, if its values are sound; else raise `InvalidInput`."""
    if not isinstance(member, TeamMember):
        raise InvalidInput("member", member, "must be a TeamMember")
    named(member.person, "member.person")
    named(member.role, "member.role")
    return evolve(member, access=access_level(member.access, "member.access"))


def access_level(access: Any, what: str = "access") -> Access:
    """Return *access* as an `Access`; else raise `InvalidInput`."""
    try:
        return Access(access)
    except ValueError:
        raise InvalidInput(what, access, "must be Access.READ or Access.READ_WRITE") from None


def set_contact_role(case: Case, role: ContactRole) -> Decision:
    """CUS-3. The contact, and the one that it is related to, are there for the person who names them."""
    named(role.role, "role")
    flag(role.is_primary, "is_primary")
    if role.related_to is not None and named(role.related_to, "related_to") == role.contact:
        raise InvalidInput("related_to", role.related_to, "must be another contact than the one that has the role")
    strangers = party_reasons(case, None, role.related_to)
    unknown = party_reasons(case, None, role.contact)
    contact = None if unknown else case.kernel.get("contact", role.contact)
    decision = process.set_contact_role(
        case.record, role, contacts_customer=contact.customer if contact is not None else None, **actor(case)
    )
    return refused(*unknown, *strangers) if unknown else _also_refused(decision, strangers)


def add_competitor(case: Case, competitor: str) -> Decision:
    """CUS-4."""
    return process.add_competitor(case.record, named(competitor, "competitor"), **actor(case))


def remove_competitor(case: Case, competitor: str) -> Decision:
    """CUS-4."""
    return process.remove_competitor(case.record, named(competitor, "competitor"), **actor(case))


def start_after_sales(case: Case, template: str | None = None) -> Decision:
    """OPP-12."""
    engine = case.kernel.processes.latest(template or case.kernel.settings.after_sales_process)
    return process.start_after_sales(case.record, engine, **actor(case))


def _after_sales_engine(case: Case) -> process.Engine:
    running = process.running_after_sales(case.record)
    return case.kernel.processes.engine(running.process, running.process_version) if running else case.engine


def after_sales_feedback(case: Case, text: str) -> Decision:
    """OPP-12."""
    return process.fill_after_sales_feedback(case.record, _words(text), **actor(case))


def after_sales_advance(case: Case) -> Decision:
    """OPP-12."""
    return process.advance_after_sales(case.record, _after_sales_engine(case), **actor(case))


def finish_after_sales(case: Case) -> Decision:
    """OPP-12."""
    return process.finish_after_sales(case.record, _after_sales_engine(case), **actor(case))


def assign_lead(case: Case, to: str, *given: str | None) -> Decision:
    """LEAD-4. Without a branch given, the lead stays at its own."""
    branch = given[0] if given else case.record.branch
    if branch is not None:
        named(branch, "branch")
    decision = process.assign_lead(case.record, named(to, "to"), branch=branch, **actor(case))
    return _also_refused(decision, employee_reasons(case, to))


def follow_up_lead(case: Case, kind: str, text: str, at: datetime | None = None) -> Decision:
    """LEAD-5."""
    return process.follow_up_lead(
        case.record,
        named(kind, "kind"),
        worded(text, "text") or "",
        happened_at=_moment(case, at),
        **actor(case),
    )


def recycle_lead(case: Case, reason: str | None) -> Decision:
    """LEAD-8. The selector names the pool where it can come to that: the lead has an owner to lose."""
    is_owned = case.record.owner is not None
    pool = pool_for(case.kernel, case.sight, case.record) if is_owned else None
    return process.recycle_lead(case.record, reason=worded(reason, "reason"), pool=pool, **actor(case))


def set_review_state(case: Case, state: ReviewState | str) -> Decision:
    """LEAD-17."""
    try:
        wanted = ReviewState(state)
    except ValueError:
        raise InvalidInput("state", state, f"must be one of {', '.join(ReviewState)}") from None
    return process.set_review_state(case.record, wanted, **actor(case))


def disable_lead(case: Case) -> Decision:
    """LEAD-17."""
    return process.disable_lead(case.record, **actor(case))


def enable_lead(case: Case) -> Decision:
    """LEAD-17."""
    return process.enable_lead(case.record, **actor(case))


def disqualify_lead(case: Case, reason: str | None) -> Decision:
    """LEAD-9."""
    return process.disqualify_lead(case.record, reason=worded(reason, "reason"), **actor(case))


def edit_lead(case: Case, changes: Mapping[str, object]) -> Decision:
    """Domain §2, LEAD-12."""
    return process.edit_lead(case.record, changes, keyed=partial(keyed, case.kernel), **actor(case))
