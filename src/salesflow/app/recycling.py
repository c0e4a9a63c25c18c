"""Leads that nobody follows up: their owner is reminded, then the superior, then they are recycled (LEAD-13)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from salesflow import process
from salesflow.app import intents
from salesflow.app.business_rules import against_rules
from salesflow.app.case import Case
from salesflow.app.execution import TRIES, Execution, callback, combined
from salesflow.app.history import Readable
from salesflow.app.port import AUDIT_PORT, CLOCK_PORT, NOTIFIER_PORT, ORGANIZATION_PORT, STORE_PORT, Port
from salesflow.errors import Conflict, InvalidInput, NotFound, PortError, Refused
from salesflow.model import Decision, Label, Lead, LeadStatus, Reason, utc
from salesflow.model.requests import flag
from salesflow.ports import Notification
from salesflow.process import RecyclingRule, RecyclingStep
from salesflow.process.recycling import OVERDUE, worked_since
from salesflow.visibility import FieldCompare, all_of

CONDITION_PORT = Port("recycling")

MESSAGE = Label(
    {
        "en": "Lead {title} of {owner} has had no follow-up for {days} days; after {limit} days it is recycled",
        "zh": "销售线索 {title}(负责人 {owner})已 {days} 天未跟进,满 {limit} 天将被回收",
    }
)
"""What a reminder says."""


class RecyclingResult(StrEnum):
    """What came of one overdue lead in a run."""

    OWNER_REMINDED = "owner_reminded"
    SUPERIOR_REMINDED = "superior_reminded"
    RECYCLED = "recycled"
    REFUSED = "refused"
    CONFLICT = "conflict"
    FAILED = "failed"


_DONE = {
    RecyclingStep.REMIND_OWNER: RecyclingResult.OWNER_REMINDED,
    RecyclingStep.REMIND_SUPERIOR: RecyclingResult.SUPERIOR_REMINDED,
    RecyclingStep.RECYCLE: RecyclingResult.RECYCLED,
}


@frozen
class RecyclingOutcome:
    """
    What a run did about one lead, or in a dry run would do, and why.

    Args:
        lead: Its id.
        result: How it ended.
        rule: The rule that is for it; None where its condition failed.
        days: For how many days nobody followed it up; None likewise.
        person: Who was reminded; None where nobody was.
        reasons: Why it was refused.
        problem: What failed, in words: a condition, the notifier, the pool selector. The next run takes it up again.

    Source: LEAD-13.
    """

    lead: str
    result: RecyclingResult
    rule: RecyclingRule | None
    days: int | None
    person: str | None = None
    reasons: tuple[Reason, ...] = ()
    problem: str | None = None


@frozen
class RecyclingReport:
    """
    What a run did, or in a dry run would do.

    Args:
        outcomes: Each lead for which something was due, by id.
        counts: How many there are of each result.

    Source: LEAD-13.
    """

    outcomes: tuple[RecyclingOutcome, ...] = ()
    counts: dict[RecyclingResult, int] = field(factory=dict)


class Recycling(Readable[Lead]):
    """What is done about leads that nobody follows up."""

    def recycle_overdue(
        self, now: datetime | None = None, *, dry_run: bool = False,
        progress: Callable[[RecyclingOutcome], None] | None = None,
    ) -> RecyclingReport:  # fmt: skip
        """
        Take the next step about every lead that is left alone too long, by the rules of the flow; for administrators.

        The application calls this as often as it likes, such as once a day; without rules it does nothing. Each lead
        is saved by itself, and none stops the rest. A reminder that was given is not given again before the lead is
        followed up, but may be where the run was interrupted just then. An idempotency key adds nothing.

        Args:
            now: As of which moment (aware); None means now. Only a dry run looks ahead.
            dry_run: Whether to write nothing and tell nobody, and return what would be.
            progress: Called with each outcome once its lead is saved.

        Raises:
            InvalidInput: *now* is naive, or lies ahead of the clock though this is no dry run.
            Refused: `not_permitted`.
            PortError: The store, the organisation, the clock or the audit sink failed; the leads before are done.

        Source: LEAD-13, LEAD-8, ACC-23.
        """
        acting = Execution(self._execution.kernel, self._execution.person)
        flag(dry_run, "dry_run")
        callback(progress, "progress")
        case = acting.blank()
        acting.admit(case, _RUN, ())
        moment = case.now if now is None else utc(now, "now")
        if moment > case.now and not dry_run:
            raise InvalidInput("now", now, "must not lie ahead of the clock, unless in a dry run")
        run = _Run(acting, moment, dry_run)
        outcomes = []
        for lead in acting.kernel.walk("lead", all_of((acting.visible("lead", "all"), _ASSIGNED))):
            outcome = run.take(lead)
            if outcome is not None:
                outcomes.append(outcome)
                if progress is not None:
                    progress(outcome)
        return RecyclingReport(tuple(outcomes), dict(Counter(outcome.result for outcome in outcomes)))


def recycling_rules(rules: Any) -> tuple[RecyclingRule, ...]:
    """Return the rules in their order; what is none is `InvalidInput`."""
    found = tuple(rules) if isinstance(rules, Iterable) else None
    if found is None or not all(isinstance(rule, RecyclingRule) for rule in found):
        raise InvalidInput("recycling", rules, "must be RecyclingRule objects, such as a list of them")
    return found


_ASSIGNED = FieldCompare("status", "==", LeadStatus.ASSIGNED)


@frozen
class _Due:
    """What is to be done about a lead, by which rule, and who is to be told."""

    step: RecyclingStep
    rule: RecyclingRule
    days: int
    person: str | None


class _Run:
    """One look at all leads, as of one moment."""

    def __init__(self, acting: Execution, moment: datetime, dry_run: bool) -> None:
        self._acting, self._kernel = acting, acting.kernel
        self._moment, self._dry_run = moment, dry_run

    def take(self, lead: Lead) -> RecyclingOutcome | None:
        """Take the step that is due for *lead*; None where none is, or where it is gone meanwhile."""
        due: _Due | None = None
        told: _Due | None = None
        for _ in range(TRIES):
            try:
                due = self._due(lead)
                if due is None:
                    return None
                if due.person is not None and due != told and not self._dry_run:
                    self._tell(lead, due)
                    told = due
                self._do(lead, due)
            except NotFound:
                return None
            except (Conflict, Refused) as no:
                now = self._kernel.get("lead", lead.id) or lead
                if isinstance(no, Refused) and now.version == lead.version:
                    return self._outcome(lead, due, RecyclingResult.REFUSED, reasons=no.reasons)
                lead = now  # it is another one by now, merged perhaps: that is asked anew
            except PortError as error:
                if error.port in _OF_EVERY_LEAD:
                    raise
                return self._outcome(lead, due, RecyclingResult.FAILED, problem=str(error))
            else:
                return self._outcome(lead, due, _DONE[due.step], person=due.person)
        return self._outcome(lead, due, RecyclingResult.CONFLICT)

    def _due(self, lead: Lead) -> _Due | None:
        with CONDITION_PORT:
            rule = next((rule for rule in self._kernel.recycling if rule.is_for(lead)), None)
        since = worked_since(lead)
        if rule is None or since is None or lead.owner is None:
            return None
        sight, day_of = self._kernel.sight(), self._kernel.today
        asked = {
            RecyclingStep.REMIND_OWNER: lead.owner if sight.is_employee(lead.owner) else None,
            RecyclingStep.REMIND_SUPERIOR: next(iter(sight.superiors(lead.owner)), None),
        }
        people = {step: person for step, person in asked.items() if person is not None and sight.can_see(person, lead)}
        step = process.next_step(lead, rule, now=self._moment, day_of=day_of, recipients=people)
        if step is None:
            return None
        return _Due(step, rule, (day_of(self._moment) - day_of(since)).days, people.get(step))

    def _tell(self, lead: Lead, due: _Due) -> None:
        notifier = self._kernel.notifier
        if notifier is None or due.person is None:
            return
        words = {"title": lead.title, "owner": lead.owner, "days": due.days, "limit": due.rule.after_days}
        message = Label({language: text.format(**words) for language, text in MESSAGE.texts})
        notification = Notification(
            f"{lead.id}:{lead.version}:{due.step}", due.person, "lead", lead.id, OVERDUE, message, self._moment
        )
        with NOTIFIER_PORT:
            notifier.notify(notification)

    def _do(self, lead: Lead, due: _Due) -> None:
        """Carry the step out, or in a dry run only decide; what is in the way is raised."""
        if not self._dry_run:
            self._acting.change(_operation(due.step), "lead", lead, _decide, due.step, access=_of_the_run)
            return
        case = self._acting.case("lead", lead)
        decision = _decide(case, due.step)
        own = (*decision.reasons, *against_rules(case, _operation(due.step), decision))
        reasons = combined(case.sight.refusals(case.person, _RUN, case.record), own)
        if reasons:
            raise Refused(_operation(due.step), reasons)

    def _outcome(self, lead: Lead, due: _Due | None, result: RecyclingResult, **more: Any) -> RecyclingOutcome:
        rule, days = (None, None) if due is None else (due.rule, due.days)
        return RecyclingOutcome(lead.id, result, rule, days, **more)


_OF_EVERY_LEAD = {port.name for port in (AUDIT_PORT, CLOCK_PORT, ORGANIZATION_PORT, STORE_PORT)}
"""Where one of these fails the run ends; what else does, such as a condition, may do for the next lead."""

_RUN = "leads.recycle_overdue"


def _operation(step: RecyclingStep) -> str:
    """A lead that is recycled so is recycled as by hand; whoever may do the run, may do that too (ACC-23)."""
    return "leads.recycle" if step is RecyclingStep.RECYCLE else _RUN


def _of_the_run(_case: Case) -> tuple[str, tuple[str, ...]]:
    return _RUN, ()


def _decide(case: Case, step: RecyclingStep) -> Decision:
    """LEAD-13."""
    if step is RecyclingStep.RECYCLE:
        return intents.recycle_lead(case, OVERDUE)
    return process.remind_of_lead(case.record, step, **intents.actor(case))
