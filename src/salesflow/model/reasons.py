"""
Why something is not allowed: a stable code and its facts. This table is the whole vocabulary.

A code is for ever. A message names the thing, the rule, and what would do.
An application's own rules may use codes of their own; `Reason` prints those plainly.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from attrs import frozen

from salesflow.errors import one_line

REASONS = MappingProxyType(
    {
        # whoever asks
        "not_permitted": "{person} may not do {operation}; it takes {needs}",
        # status and flags
        "wrong_status": "the status is {status}; this needs {allowed}",
        "is_voided": "the record is voided; unvoid it first",
        "is_not_voided": "the record is not voided",
        "is_disabled": "the lead is disabled; enable it first",
        "is_not_disabled": "the lead is not disabled",
        "wrong_review_state": "the review state is {state}; this needs {allowed}",
        # moving through stages
        "task_open": "task {task!r} of stage {stage!r} is open; finish it first",
        "field_empty": "stage {stage!r} needs the field {field!r}; fill it in first",
        "opportunity_elsewhere": "the opportunity {opportunity!r} belongs to another customer; name that one",
        "dialog_unknown": "there is no dialog {dialog!r} here; known are {dialogs}",
        "dialog_elsewhere": "the dialog {dialog!r} is for the stage {stage!r}",
        "stage_unknown": "the process has no stage {stage!r}; it has {stages}",
        "already_there": "the record is in stage {stage!r} already",
        "no_next_stage": "{stage!r} is the last stage; win, lose or invalidate instead",
        "not_last_stage": "this is done from the last stage {last!r}; the record is in {stage!r}",
        "not_first_stage": "the process starts in {first!r}; entering {stage!r} is a jump",
        "full_route": "the full route runs every stage in order; only a fast track may jump",
        "only_to_last_stage": "a fast track jumps to the last stage {last!r} only",
        "registration_needed": "the partner's deal is {registration}; jumping needs an approved registration",
        "stage_owed": "stage {stage!r} was skipped on a fast track and is owed; run it, or have it waived",
        "nothing_owed": "stage {stage!r} is not owed; owed are {owed}",
        "arrival_incomplete": "the record was imported without {field!r}; fill it in first",
        "reason_missing": "a reason is needed",
        "reason_unknown": "{reason!r} is no reason of this process; known are {known}",
        # processes and their versions
        "same_process": "the record runs in {process!r} already; a newer version of it comes by a migration",
        "stage_unmapped": "version {version} of {process!r} has no stage {stage!r}; name one for it in the plan",
        "not_beside": "version {version} of {process!r} asks for approvals, so it cannot run as after-sales",
        # business rules
        "rule_broken": "{message} (rule {rule!r})",
        # approvals
        "approval_needed": "this needs an approval ({approver}); request it",
        "approval_passed": "{stage!r} lies behind an approval ({approver}); enter {first!r} and request it",
        "approval_pending": "approval {approval!r} is waiting for a decision",
        "approval_unknown": "there is no approval {approval!r}",
        "approvals_waiting": "several approvals wait for a decision: {approvals}; name one",
        "approval_decided": "approval {approval!r} is {status} already",
        "approval_expired": "approval {approval!r} expired at {expired_at}; request it anew",
        "approvals_apart": "this passes approvals by several approvers, {approvers}; go stage by stage",
        "approval_not_needed": "{operation} needs no approval here",
        "no_approver": "nobody can approve this: it takes {approver}, who sees the record (owner {owner!r}) and did "
        "not ask for it",
        # tasks
        "task_unknown": "there is no task {task!r} here; known are {known}",
        "task_exists": "there is a task {task!r} already",
        "task_not_open": "task {task!r} is {status}; only an open task can do this",
        "task_not_done": "task {task!r} is {status}; only a finished task is reopened",
        "task_unassigned": "task {task!r} has no assignee",
        "assignee_cannot_see": "{person!r} cannot see the record; add them to the team, or share it, first",
        # fields
        "customer_missing": "an opportunity belongs to a customer or a contact; name one",
        "close_date_past": "the expected close date {close_date} is before today, {today}",
        "customer_unknown": "there is no customer {customer!r}, or you may not see it",
        "contact_unknown": "there is no contact {contact!r}, or you may not see it",
        "person_unknown": "there is no employee {person!r}",
        "contact_elsewhere": "contact {contact!r} does not belong to customer {customer!r}; add it there first",
        "competitor_present": "competitor {competitor!r} is attached already",
        "competitor_missing": "competitor {competitor!r} is not attached",
        "competitor_exists": "there is a competitor named {name!r} already, {competitor!r}; edit that one",
        "competitor_in_use": "opportunities or sales literature name competitor {competitor!r} by its id; "
        "it stays, so that they can be read",
        # grades
        "amount_missing": "without an amount there is no grade",
        "rate_missing": "there is no rate from {currency} to {home}; the grade stays undecided",
        "at_least": "{amount} is at or above {boundary}",
        "below": "{amount} is below {boundary}",
        "led_by_partner": "the partner leads the deal",
        "score_at_least": "the score {score} is at or above {boundary} ({parts})",
        "score_below": "the score {score} is below {boundary} ({parts})",
        "value_not_rated": "the custom field {field!r} holds none of {known}",
        "criteria_not_rated": "nobody can rate this: {criteria}",
        "no_policy_decides": "no policy of the chain decides: {because}",
        "grade_by_hand": "grade {grade} is never set by hand; it follows from who leads the deal",
        "no_override": "no grade was set by hand",
        # team
        "member_unknown": "{person!r} is not in the team as {role}",
        "member_exists": "{person!r} is in the team as {role} already",
        "owner_role": "the owner's place in the team changes with change_owner only",
        "already_owner": "{person!r} is the owner already",
        # closing and deleting
        "has_history": "more than its creation has happened to the record; void it instead",
        # documents
        "documents_unavailable": "no document is issued here: the application gave SalesFlow no `documents` numbering",
        "lines_missing": "a document needs lines; name some, or a document to take them from",
        "several_currencies": "the lines are in {currencies}; a document has one currency",
        "wrong_source": "a {kind} is not made from a {source}; it is from: {allowed}",
        "source_elsewhere": "document {document!r} is about something else; take one of this opportunity, lead or "
        "customer",
        "quote_not_accepted": "quote {document!r} is not accepted yet; accept it first",
        "already_accepted": "quote {document!r} is accepted already",
        "not_a_quote": "document {document!r} is no quote but: {kind}; only a quote is accepted",
        "not_an_invoice": "document {document!r} is no invoice but: {kind}; only an invoice is paid",
        "payment_out_of_range": "{paid} of {total} is paid; with {amount} it would not be between nothing and all",
        "has_documents": "documents were issued for the record; void it instead",
        # partner registration
        "not_partner_led": "only a deal that a partner leads is registered",
        "registration_state": "the registration is {registration}; this needs {allowed}",
        # after-sales
        "after_sales_running": "after-sales process {number} is running; finish it first",
        "after_sales_not_running": "no after-sales process is running; start one first",
        # leads
        "reach_missing": "a lead needs a phone, an e-mail or another way to reach someone",
        "title_missing": "a lead needs a title or a short description",
        "already_converted": "the lead was converted already, into {into}",
        "convert_nothing": "name at least one of customer, contact, opportunity to convert into",
        "convert_needs_party": "an opportunity needs a customer or a contact beside it",
        "customer_exists": "customer {customer!r}, {name!r}, has this {field} already; name that customer instead",
        "customer_exists_named": "{name!r} has this {field} already, and is not yours to see; "
        "ask a CRM administrator to share that customer with you",
        "customer_exists_unseen": "a customer that is not yours to see has this {field} already; "
        "ask a CRM administrator to share that customer with you",
        "pool_ceiling": "{person!r} holds {held} open leads, and pool {pool!r} lets nobody claim beyond {ceiling}; "
        "convert, recycle or disqualify one first",
        "pool_cool_down": "{person!r} owned the lead before; pool {pool!r} lets them claim it back from {since} on",
        # two leads that are one
        "is_merged": "the lead was merged into lead {into!r}; do it there, or undo the merge",
        "other_lead": "the other lead, {lead!r}: {because}",
        "both_converted": "leads {survivor!r} and {other!r} are both converted, and a lead has one conversion; "
        "void one of them instead",
        "owner_stays": "lead {lead!r} is converted, so the owner is that lead's; choose it, or leave the owner out",
        "owner_missing": "lead {lead!r} has no owner; choose the survivor's, or assign it first",
        "not_merged": "no lead was merged into this one",
        "merged_later": "lead {lead!r} was merged into it later; undo that merge first",
        "has_redirects": "{leads} were merged into the lead and lead to it; undo those merges first",
        # automation
        "automation_failed": "it failed: {error}",
        "automation_lost": "automation {automation!r} was begun again and again, and nothing came back from it",
        "automation_unknown": "automation {automation!r} is not among those of this flow any more",
        "automation_chain_too_long": "more than {most} automations set each other off, one after the other; "
        "one of them leads back to itself",
        "causer_gone": "{person!r}, who caused it, does not work here any more or cannot see the record",
        "record_gone": "the {kind} is deleted",
        "nobody_to_tell": "none of {people} can see the record; add them to the team, or share it",
        "notifier_unavailable": "nobody can be told: the application gave SalesFlow no `notifier`",
        # pools
        "pool_not_empty": "leads lie in pool {pool!r}; assign, claim or delete them first",
    }
)
"""Every code that the library gives, with the message that its facts fill."""


@frozen(repr=False, init=False)
class Reason:
    """
    One reason why something is not so: a stable *code* and the facts that belong to it.

    Args:
        code: A key of `REASONS`, or an application's own.
        facts: Names and plain values, such as ``task="confirm_tender"``.

    >>> Reason("task_open", task="confirm_tender", stage="qualification")
    task_open(stage='qualification', task='confirm_tender')
    """

    code: str
    items: tuple[tuple[str, Any], ...]

    def __init__(self, code: str, **facts: object) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "items", tuple(sorted(facts.items())))

    @property
    def facts(self) -> dict[str, Any]:
        """The facts by name."""
        return dict(self.items)

    def __str__(self) -> str:
        template = REASONS.get(self.code)
        if template is None:
            return repr(self)
        shown = {k: ", ".join(map(str, v)) if isinstance(v, tuple) else v for k, v in self.items}
        return one_line(template.format(**shown))

    def __repr__(self) -> str:
        return f"{self.code}({', '.join(f'{k}={v!r}' for k, v in self.items)})"
