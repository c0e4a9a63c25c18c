"""
The engine of one template version: may this opportunity move, and what happens then? (OPP-5 … OPP-8)

Every move is an event of the compiled machine. A decision is pure: events, or every reason why not.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache

from attrs import evolve, frozen

from salesflow.errors import InvalidInput
from salesflow.model import (
    AfterSales,
    Closing,
    Decision,
    EventBuilder,
    EventKind,
    Money,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    Reason,
    Route,
    SalesProcess,
    Stage,
    StageEntry,
    StageExit,
    TaskStatus,
    WinFrom,
)
from salesflow.process import guards, stages
from salesflow.process.approvals import expire
from salesflow.process.asked_approvals import asked_approvals
from salesflow.process.beside import cancel_after_sales
from salesflow.process.checks import check_template
from salesflow.process.guards import Attempt, CompiledStage
from salesflow.process.machine import ProcessMachine, Rule, ask, build_machine, fire
from salesflow.process.rules import compile_rules

OUTCOMES = (OpportunityStatus.WON, OpportunityStatus.LOST, OpportunityStatus.INVALID)
_CLOSED_AS = {
    OpportunityStatus.WON: (EventKind.WON, 100),
    OpportunityStatus.LOST: (EventKind.LOST, 0),
    OpportunityStatus.INVALID: (EventKind.INVALIDATED, 0),
}
_CLOSED, _IN_PROGRESS = StageExit.CLOSED, OpportunityStatus.IN_PROGRESS
_CANCELLED, _SKIPPED = TaskStatus.CANCELLED, TaskStatus.SKIPPED
_LEFT, _ENTERED = EventKind.STAGE_LEFT, EventKind.STAGE_ENTERED
_ENTRIES = {
    StageExit.ADVANCED: StageEntry.ADVANCED,
    StageExit.RETURNED: StageEntry.RETURNED,
    StageExit.JUMPED: StageEntry.JUMPED,
}


@frozen
class Move:
    """
    One thing that could be done now, and what stands in its way (OPP-14).

    Args:
        operation: The operation's method name, such as ``"advance"``.
        to: The stage, task or template it is about, or None.
        blockers: Every reason why not; empty means that it would happen.
        inputs: Names of what will be asked for.
        effects: The kinds of events that it would cause; empty where it is blocked.
        instead: Ids of those who could do it, where this person is not permitted to.
    """

    operation: str
    to: str | None = None
    blockers: tuple[Reason, ...] = ()
    inputs: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    instead: frozenset[str] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether nothing stands in the way but its inputs."""
        return not self.blockers


class Engine:
    """
    Moves opportunities through one template version. Made by `compile`; holds no state of any record.

    Args:
        process: The template.
        machine_class: `StockMachine` runs the same definition without plans.

    Raises:
        TemplateError: The template has errors; its author must mend it.
    """

    def __init__(self, process: SalesProcess, machine_class: type[ProcessMachine] = ProcessMachine) -> None:
        check_template(process, roles=None, fields=None).require()
        self.process = process
        self.stages = tuple(guards.compile_stage(stage, n) for n, stage in enumerate(process.stages))
        self._by_code = {compiled.stage.code: compiled for compiled in self.stages}
        codes = list(self._by_code)
        states = dict.fromkeys(codes, (_enter_stage, _leave_stage)) | {str(o): (_complete, None) for o in OUTCOMES}
        self.machine = build_machine(states, tuple(self._rules(codes)), machine_class=machine_class)

    def _rules(self, codes: list[str]) -> Iterator[Rule]:
        jump = guards.JUMP_GUARDS[self.process.jump]
        for n, source in enumerate(codes):
            if n + 1 < len(codes):
                checks = (*guards.GUARDS_BEFORE_LEAVING, *self._bound("advance", source, codes[n + 1]))
                yield Rule("advance", source, codes[n + 1], checks)
            for target in codes[n + 1 :]:
                yield Rule(f"jump:{target}", source, target, (*jump, *self._bound("change_stage", source, target)))
            for target in codes[:n]:
                checks = (guards.has_reason, *self._bound("change_stage", source, target))
                yield Rule(f"back:{target}", source, target, checks)
            if self.process.win_from is WinFrom.ANY or n + 1 == len(codes):
                yield Rule("win", source, "won", (*guards.GUARDS_BEFORE_WIN, *self._bound("win", source)))
            yield Rule("lose", source, "lost", (guards.gives_lost_reason, *self._bound("lose", source)))
            checks = (guards.gives_invalid_reason, *self._bound("invalidate", source))
            yield Rule("invalidate", source, "invalid", checks)
            for outcome in OUTCOMES:
                yield Rule(f"reopen:{source}", str(outcome), source, self._bound("reopen", source), (_end_closing,))

    def _bound(self, operation: str, source: str, target: str | None = None) -> tuple[guards.Guard, ...]:
        """Return the guards that the template's own approvals and rules make; none where it has none for this move."""
        asked = asked_approvals(self.process, operation, source, target)
        rules = tuple(rule for rule in compile_rules(self.process) if rule.binds(operation, source))
        return (
            *((guards.approval_guard(asked),) if asked else ()),
            *((guards.rule_guard(rules),) if rules else ()),
        )

    def advance(
        self, opportunity: Opportunity, *, by: str, at: datetime, route: Route | None = None,
        today: date | None = None, keep_manual: bool = False, approved: EventBuilder | None = None,
    ) -> Decision:  # fmt: skip
        """
        Decide to enter the next stage (进入下一步).

        Args:
            opportunity: The record as it stands.
            by: The person's id.
            at: When, in UTC.
            route: The route that binds it; None means that of its grade.
            today: Not asked for here; taken so that every move has one shape.
            keep_manual: Whether a probability set by hand outlives entering a stage.
            approved: The events of the approval that lets this happen, or None.

        Source: OPP-5.
        """
        attempt = self._attempt("opportunities.advance", opportunity, by, at, today, route, approved)
        attempt.keep_manual, attempt.exit = keep_manual, StageExit.ADVANCED
        source = attempt.source
        if source.index + 1 == len(self.stages):
            return self._decide("advance", attempt, Reason("no_next_stage", stage=source.stage.code))
        attempt.target = self.stages[source.index + 1]
        return self._decide("advance", attempt)

    def change_stage(
        self, opportunity: Opportunity, stage: str, *, by: str, at: datetime, reason: str | None = None,
        route: Route | None = None, today: date | None = None, keep_manual: bool = False,
        approved: EventBuilder | None = None,
    ) -> Decision:  # fmt: skip
        """
        Decide to enter *stage* (阶段变更): forward over stages, or back.

        Going to the very next stage with nothing left open is the same as `advance`.

        Source: OPP-6, OPP-6a.
        """
        attempt = self._attempt("opportunities.change_stage", opportunity, by, at, today, route, approved)
        attempt.reason, attempt.keep_manual = reason, keep_manual
        target = self._by_code.get(stage)
        if target is None:
            return self._refuse(attempt, Reason("stage_unknown", stage=stage, stages=tuple(self._by_code)))
        source = attempt.source
        if target is source:
            return self._refuse(attempt, Reason("already_there", stage=stage))
        attempt.target = target
        if target.index < source.index:
            attempt.exit = StageExit.RETURNED
            return self._decide(f"back:{stage}", attempt)
        if target.index == source.index + 1 and guards.is_finished(attempt):
            attempt.exit = StageExit.ADVANCED
            return self._decide("advance", attempt)
        attempt.exit = StageExit.JUMPED
        attempt.skipped = self.process.stages[source.index + 1 : target.index]
        return self._decide(f"jump:{stage}", attempt)

    def win(
        self, opportunity: Opportunity, *, by: str, at: datetime, today: date, amount: Money | None = None,
        close_date: date | None = None, comment: str | None = None, route: Route | None = None,
        approved: EventBuilder | None = None,
    ) -> Decision:  # fmt: skip
        """
        Decide that it is won (赢单).

        Args:
            amount: What was really sold; None means the amount of the record.
            close_date: The actual close date; None means *today*.
            today: The business day.

        Source: OPP-7, GRADE-4.
        """
        attempt = self._attempt("opportunities.win", opportunity, by, at, today, route, approved)
        attempt.closing = self._closing(
            attempt, OpportunityStatus.WON, close_date or today,
            opportunity.amount if amount is None else amount, comment=comment,
        )  # fmt: skip
        last = self.process.stages[-1].code
        return self._decide("win", attempt, Reason("not_last_stage", stage=attempt.source.stage.code, last=last))

    def lose(
        self, opportunity: Opportunity, *, by: str, at: datetime, today: date, reason: str | None,
        competitor: str | None = None, comment: str | None = None, close_date: date | None = None,
        approved: EventBuilder | None = None,
    ) -> Decision:  # fmt: skip
        """
        Decide that it is lost (输单), from any stage; of its own only the reason is checked.

        Args:
            competitor: The competitor that won, by id or name, or None.

        Source: OPP-7.
        """
        attempt = self._attempt("opportunities.lose", opportunity, by, at, today, None, approved)
        attempt.reason = reason
        attempt.closing = self._closing(
            attempt, OpportunityStatus.LOST, close_date or today, None, reason, comment, competitor
        )
        return self._decide("lose", attempt)

    def invalidate(
        self, opportunity: Opportunity, *, by: str, at: datetime, today: date, reason: str | None,
        comment: str | None = None, close_date: date | None = None, approved: EventBuilder | None = None,
    ) -> Decision:  # fmt: skip
        """
        Decide that it never was a real opportunity (无效), from any stage; of its own only the reason is checked.

        Source: OPP-7.
        """
        attempt = self._attempt("opportunities.invalidate", opportunity, by, at, today, None, approved)
        attempt.reason = reason
        attempt.closing = self._closing(attempt, OpportunityStatus.INVALID, close_date or today, None, reason, comment)
        return self._decide("invalidate", attempt)

    def reopen(self, opportunity: Opportunity, *, by: str, at: datetime) -> Decision:
        """
        Decide to take it up again, in the stage that the closing left.

        Source: OPP-8.
        """
        attempt = self._attempt("opportunities.reopen", opportunity, by, at, None, None, None)
        closing = opportunity.closing
        if closing is None:
            return self._refuse(attempt, _wrong_status(opportunity, OUTCOMES))
        attempt.target = self._by_code[closing.stage]
        return self._decide(f"reopen:{closing.stage}", attempt)

    def stage(self, code: str) -> Stage:
        """Return the stage of this code; only a record of another template names one that is not here."""
        return self._by_code[code].stage

    def blockers(
        self, trigger: str, opportunity: Opportunity, beside: AfterSales, *, by: str, at: datetime
    ) -> tuple[Reason, ...]:
        """
        Return what stands in the way of *trigger* for *beside*, a process that runs beside the opportunity.

        A move that the machine does not know from there has no reasons: who asks must know it. A stage's approval
        and what an import did not bring bind the opportunity's own process only.

        Raises:
            InvalidInput: *beside* is not of this engine's template; the caller must take the right engine.

        Source: OPP-12.
        """
        source = self._compiled("after_sales", beside.process, beside.process_version, beside.stage)
        seen = evolve(
            opportunity, visits=beside.visits, tasks=beside.tasks, feedback=beside.feedback, is_imported=False
        )
        builder = EventBuilder(opportunity, at=at, by=by, operation="")
        attempt = Attempt(
            beside.stage, seen, self.process, source, beside.tasks,
            opportunity.grade.route, builder.at, by, None, builder,
        )  # fmt: skip
        attempt.is_approved = True
        ask(self.machine, trigger, attempt)
        return tuple(attempt.reasons)

    def _compiled(self, what: str, process: str, version: int, stage: str) -> CompiledStage:
        """Return the stage in which a record of this engine's template stands."""
        own = self.process
        if process != own.id or version != own.version:
            raise InvalidInput(
                what, f"{process} version {version}",
                f"is not of this engine's template, {own.id} version {own.version}",
            )  # fmt: skip
        source = self._by_code.get(stage)
        if source is None:
            raise InvalidInput(what, stage, f"is no stage of {own.id} version {own.version}")
        return source

    def _attempt(
        self, operation: str, opportunity: Opportunity, by: str, at: datetime, today: date | None,
        route: Route | None, approved: EventBuilder | None,
    ) -> Attempt:  # fmt: skip
        source = self._compiled("opportunity", opportunity.process, opportunity.process_version, opportunity.stage)
        builder = approved or EventBuilder(opportunity, at=at, by=by, operation=operation)
        status = opportunity.status
        attempt = Attempt(
            opportunity.stage if status is _IN_PROGRESS else str(status),
            opportunity, self.process, source, opportunity.tasks,
            opportunity.grade.route if route is None else _route(route), builder.at, by, today, builder,
        )  # fmt: skip
        attempt.is_approved = approved is not None
        return attempt

    def _decide(self, trigger: str, attempt: Attempt, otherwise: Reason | None = None) -> Decision:
        if attempt.opportunity.voided:
            return Decision(reasons=(Reason("is_voided"),))
        moved = fire(self.machine, trigger, attempt)
        if moved:
            return attempt.builder.decision()
        if moved is None:
            return self._refuse(attempt, otherwise)
        return Decision(reasons=tuple(attempt.reasons))

    def _refuse(self, attempt: Attempt, reason: Reason | None) -> Decision:
        opportunity = attempt.opportunity
        if opportunity.voided:
            return Decision(reasons=(Reason("is_voided"),))
        if reason is None or (opportunity.is_completed and reason.code != "wrong_status"):
            reason = _wrong_status(opportunity, (OpportunityStatus.IN_PROGRESS,))
        return Decision(reasons=(reason,))

    @staticmethod
    def _closing(
        attempt: Attempt, outcome: OpportunityStatus, day: date, amount: Money | None, reason: str | None = None,
        comment: str | None = None, competitor: str | None = None,
    ) -> Closing:  # fmt: skip
        opportunity = attempt.opportunity
        return Closing(
            len(opportunity.closings) + 1, outcome, opportunity.stage, attempt.at, attempt.by, day,
            opportunity.probability, amount, reason, comment, competitor,
        )  # fmt: skip


@lru_cache(maxsize=512)
def compile(process: SalesProcess, machine_class: type[ProcessMachine] = ProcessMachine) -> Engine:
    """
    Return the engine of a template version; the same template gives the same engine.

    Args:
        process: The template.
        machine_class: `StockMachine` runs the same definition without plans, for comparison.

    Raises:
        TemplateError: The template has errors; its author must mend it.

    Source: PROC-1, PROC-3.
    """
    return Engine(process, machine_class)


def _route(route: object) -> Route:
    try:
        return Route(str(route))
    except ValueError:
        raise InvalidInput("route", route, f"must be one of {', '.join(Route)}") from None


def _wrong_status(opportunity: Opportunity, allowed: tuple[OpportunityStatus, ...]) -> Reason:
    return Reason("wrong_status", status=str(opportunity.status), allowed=tuple(map(str, allowed)))


def _leave_stage(attempt: Attempt) -> None:
    """End the current visit; settle its tasks; an approval that waited for this stage waits no more."""
    builder, exit = attempt.builder, attempt.exit
    status = _CANCELLED if exit is _CLOSED else _SKIPPED
    at, reason = attempt.at, attempt.reason
    builder.add(
        _LEFT, reason,
        visits=stages.leave(builder.value("visits"), at=at, exit=exit, reason=reason),
        tasks=stages.settle(builder.value("tasks"), status),
        approvals=expire(builder.value("approvals"), at),
    )  # fmt: skip
    for stage in attempt.skipped:
        builder.add(
            EventKind.STAGE_SKIPPED, reason,
            visits=stages.skip(builder.value("visits"), stage.code, at=at, reason=reason),
        )  # fmt: skip


def _enter_stage(attempt: Attempt) -> None:
    """Begin a visit of the target stage, with its tasks and its default probability."""
    builder, target = attempt.builder, attempt.target
    assert target is not None
    opportunity = attempt.opportunity
    probability: Probability = builder.value("probability")
    if opportunity.is_completed:
        entry = StageEntry.REOPENED
    else:
        entry = _ENTRIES[attempt.exit]
        if not (attempt.keep_manual and probability.source is ProbabilitySource.HAND):
            probability = target.probability
    code = target.stage.code
    visits = stages.enter(builder.value("visits"), code, at=attempt.at, entry=entry)
    builder.add(
        _ENTERED,
        visits=visits,
        tasks=stages.begin(builder.value("tasks"), target.stage, len(visits)),
        stage=code,
        probability=probability,
    )


def _complete(attempt: Attempt) -> None:
    """Write the closing: outcome, actual value and date; the probability is 100 or 0 (OPP-2, OPP-7)."""
    closing = attempt.closing
    assert closing is not None
    kind, percent = _CLOSED_AS[closing.outcome]
    builder = attempt.builder
    builder.add(
        kind, attempt.reason,
        status=closing.outcome,
        probability=Probability(percent, ProbabilitySource.OUTCOME),
        closings=(*builder.value("closings"), closing),
    )  # fmt: skip
    if closing.outcome is OpportunityStatus.INVALID:
        cancel_after_sales(attempt.opportunity, builder)


def _end_closing(attempt: Attempt) -> None:
    """End the closing that stands; it stays in the record, and the probability of before comes back (OPP-8)."""
    builder = attempt.builder
    *earlier, last = builder.value("closings")
    builder.add(
        EventKind.REOPENED,
        status=OpportunityStatus.IN_PROGRESS,
        closings=(*earlier, evolve(last, ended_at=attempt.at, ended_by=attempt.by)),
        probability=last.probability,
    )
