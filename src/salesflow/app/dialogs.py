"""
Guided dialogs (引导对话): a script asks, its answers fill fields, finish tasks and propose a move (OPP-16).

Nothing is saved before a dialog is finished; then all that it fills and finishes is one change, each part of it asked
for by its own row of the access table and its own rules. A move is proposed and never made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

from attrs import evolve, field, frozen

from salesflow.app import intents
from salesflow.app.business_rules import against_rules
from salesflow.app.case import Case
from salesflow.app.execution import Execution, reference
from salesflow.app.history import Readable
from salesflow.app.moves import lead_moves, opportunity_moves
from salesflow.app.task_access import task_access
from salesflow.errors import Conflict, InvalidInput, SalesflowError
from salesflow.model import Decision, Dialog, EventBuilder, EventKind, Lead, Opportunity, Reason, apply
from salesflow.model.requests import named
from salesflow.process import (
    Answer,
    DialogRun,
    Move,
    Proposal,
    offered_dialogs,
    opportunity_stands,
    refused,
)
from salesflow.process.standing import FOLLOWED_UP, OPEN, lead_stands

RecordT = TypeVar("RecordT")

Step = tuple[str, str, Collection[str], Callable[[Case], Decision]]
"""One part of what a dialog does: the operation, its row of the access table, who is admitted beside, what decides."""


@frozen
class FinishedDialog(Generic[RecordT]):
    """
    What a finished dialog came to.

    Args:
        record: The record as it is now.
        proposals: The moves that the answers suggest; none of them was made.
        moves: How each proposal stands: its blockers, what it will ask for, who could do it instead; left out where
            there is no such move any more.

    Source: OPP-16.
    """

    record: RecordT
    proposals: tuple[Proposal, ...]
    moves: tuple[Move, ...]


@frozen
class StartedDialog(Generic[RecordT]):
    """
    A dialog with one record; a value, which answering leaves as it is and gives another one.

    Args:
        record: The record as the person saw it when the dialog was started.
        run: The dialog itself, the answers given so far, what they fill, finish and propose.

    Source: OPP-16.
    """

    record: RecordT
    run: DialogRun
    _finish: Callable[[DialogRun], FinishedDialog[RecordT]] = field(repr=False, eq=False)

    def answer(self, answer: Answer | None) -> StartedDialog[RecordT]:
        """
        Return the dialog with the present question answered.

        Args:
            answer: Text, the code of a choice, an exact number or a plain day, as the question asks; None passes
                over a question that need not be answered.

        Raises:
            InvalidInput: The answer does not fit, or the dialog is over; ask again.

        Source: OPP-16.
        """
        return evolve(self, run=self.run.answer(answer))

    def back(self) -> StartedDialog[RecordT]:
        """Return the dialog without its last answer."""
        return evolve(self, run=self.run.back())

    def finish(self) -> FinishedDialog[RecordT]:
        """
        Save what the answers fill and finish, all of it or nothing, and tell the moves that they propose.

        Raises:
            InvalidInput: There is still a question to answer, or a field does not take its answer.
            Conflict: The dialog was started on a snapshot, and somebody changed the record since.
            Refused: With every reason: those of editing and of finishing a task, `dialog_elsewhere`.

        Source: OPP-16.
        """
        if not self.run.is_over:
            asked = self.run.question
            raise InvalidInput("dialog", self.run.dialog.code, f"is not over: {asked.code if asked else ''!r} is asked")
        return self._finish(self.run)


class GuidedOpportunities(Readable[Opportunity]):
    """Dialogs with an opportunity: those of its template."""

    def start_dialog(
        self, opportunity: Opportunity | str, dialog: str, *, answers: Mapping[str, Answer | None] | None = None
    ) -> StartedDialog[Opportunity]:
        """
        Start a guided dialog of the stage; nothing is saved before it is finished.

        Args:
            opportunity: A snapshot, on which it is then finished, or an id: then on whatever it is by that time.
            dialog: The dialog's code.
            answers: Answers by question, such as ``dict(started.run.answers)``, to go on where somebody left off;
                None begins with the first question.

        Raises:
            Refused: `dialog_unknown`, `dialog_elsewhere`, `wrong_status`, `is_voided`, `not_permitted`.
            InvalidInput: An answer does not fit, or is to a question that is not asked.

        Source: OPP-16.
        """
        case, stale = _case(self._execution, self._kind, opportunity)
        reasons = opportunity_stands(case.record, OPEN)
        run = _begun(self._execution.admit, case, "opportunities.start_dialog", dialog, case.engine.process.dialogs,
                     case.record.stage, reasons, answers, stale)  # fmt: skip

        def finish(done: DialogRun) -> FinishedDialog[Opportunity]:
            after = self._change("start_dialog", opportunity, _finish_opportunity, done)
            moves = _of(done.proposals, lambda: opportunity_moves(self._execution, after.id))
            return FinishedDialog(after, done.proposals, moves)

        return StartedDialog(case.record, run, finish)


class GuidedLeads(Readable[Lead]):
    """Dialogs with a lead: those that the application has for leads."""

    def start_dialog(
        self, lead: Lead | str, dialog: str, *, answers: Mapping[str, Answer | None] | None = None
    ) -> StartedDialog[Lead]:
        """
        Start a guided dialog with a lead, such as qualifying it; nothing is saved before it is finished.

        Args:
            lead: A snapshot, on which it is then finished, or an id: then on whatever it is by that time.
            dialog: The code of one of the flow's `lead_dialogs`.
            answers: Answers by question, to go on where somebody left off; None begins with the first question.

        Raises:
            Refused: `dialog_unknown`, `wrong_status`, `is_voided`, `is_disabled`, `not_permitted`.
            InvalidInput: An answer does not fit, or is to a question that is not asked.

        Source: OPP-16.
        """
        case, stale = _case(self._execution, self._kind, lead)
        if stale is not None and not case.is_whole:
            raise stale
        self._execution.shield(case, "leads.start_dialog")
        reasons = lead_stands(case.record, FOLLOWED_UP)
        known = case.kernel.lead_dialogs
        run = _begun(self._execution.admit, case, "leads.start_dialog", dialog, known, None, reasons, answers, stale)

        def finish(done: DialogRun) -> FinishedDialog[Lead]:
            after = self._change("start_dialog", lead, _finish_lead, done)
            moves = _of(done.proposals, lambda: lead_moves(self._execution, after.id))
            return FinishedDialog(after, done.proposals, moves)

        return StartedDialog(case.record, run, finish)


def _case(execution: Execution, kind: str, ref: Any) -> tuple[Case, Conflict | None]:
    """
    Return the case that a dialog begins with, and the conflict where *ref* is a snapshot that is stale by now.

    With an idempotency key the dialog may be finished already, on that very snapshot: then finishing it says so.
    """
    try:
        return execution.case(kind, ref), None
    except Conflict as stale:
        if execution.key is None:
            raise
        return execution.case(kind, reference(kind, ref)[0]), stale


def _begun(
    admit: Callable[..., None], case: Case, operation: str, code: str, dialogs: Sequence[Dialog], stage: str | None,
    reasons: Sequence[Reason], answers: Mapping[str, Answer | None] | None, stale: Conflict | None,
) -> DialogRun:  # fmt: skip
    found = next((dialog for dialog in dialogs if dialog.code == named(code, "dialog")), None)
    against = list(reasons)
    if found is None:
        against.append(Reason("dialog_unknown", dialog=code, dialogs=tuple(dialog.code for dialog in dialogs)))
    elif found not in offered_dialogs(dialogs, stage):
        against.append(Reason("dialog_elsewhere", dialog=code, stage=found.stage))
    if against or case.sight.refusals(case.person, operation, case.record):
        if stale is not None:
            raise stale
        admit(case, operation, against)  # an override is for the audit once it is used, which is when it is finished
    assert found is not None
    run = DialogRun(found)
    given: object = {} if answers is None else answers
    if not isinstance(given, Mapping):
        raise InvalidInput("answers", given, "must map questions to answers, or be None")
    left = dict(given)
    while run.question is not None and run.question.code in left:
        run = run.answer(left.pop(run.question.code))
    if left:
        raise InvalidInput("answers", ", ".join(map(str, left)), "must be to questions that are asked on this way")
    return run


def _finish_opportunity(case: Case, run: DialogRun) -> Decision:
    """OPP-16."""
    stage, known = run.dialog.stage, case.engine.process.dialogs
    if run.dialog not in known:  # it was started in another process, or in another version
        codes = tuple(dialog.code for dialog in known)
        return refused(Reason("dialog_unknown", dialog=run.dialog.code, dialogs=codes))
    if stage is not None and stage != case.record.stage:
        return refused(Reason("dialog_elsewhere", dialog=run.dialog.code, stage=stage))
    steps: list[Step] = []
    if run.fills:
        edit = "opportunities.edit"
        steps.append((edit, edit, (), lambda here: intents.edit_opportunity(here, run.fills)))
    for task in run.finishes:
        row, also = task_access("finish_task", case.record, task)
        steps.append(("opportunities.finish_task", row, also, partial(intents.finish_task, task=task)))
    return _together(case, "opportunities.start_dialog", run, steps)


def _finish_lead(case: Case, run: DialogRun) -> Decision:
    """OPP-16."""
    steps: list[Step] = []
    if run.fills:
        steps.append(("leads.edit", "leads.edit", (), lambda here: intents.edit_lead(here, run.fills)))
    return _together(case, "leads.start_dialog", run, steps)


def _together(case: Case, operation: str, run: DialogRun, steps: Sequence[Step]) -> Decision:
    """Decide the parts one after the other, each on what those before it made, as one change or none."""
    builder = EventBuilder(case.record, at=case.now, by=case.person, operation=operation)
    builder.add(EventKind.DIALOG_FINISHED, f"{run.dialog.code}: {run.told}")
    events = list(builder.events)
    reasons: list[Reason] = []
    record = case.record
    for part, row, also, intent in steps:
        here = Case(case.kernel, case.sight, case.person, case.now, record)
        decision = intent(here)
        reasons += case.sight.refusals(case.person, row, record, also=also)
        reasons += (*decision.reasons, *against_rules(here, part, decision))
        if decision.events and not reasons:
            record = evolve(apply(record, decision.events), version=case.record.version)
            first = len(events)
            events += [evolve(event, number=first + n, operation=operation) for n, event in enumerate(decision.events)]
    return refused(*dict.fromkeys(reasons)) if reasons else Decision(tuple(events))


def _of(proposals: Sequence[Proposal], look: Callable[[], Sequence[Move]]) -> tuple[Move, ...]:
    """
    Return the move that each proposal means, of those that are there.

    The dialog is saved by now: nothing is raised any more because a move cannot be told.
    """
    moves: Sequence[Move] = ()
    with suppress(SalesflowError):
        moves = look() if proposals else ()

    def is_meant(proposal: Proposal, move: Move) -> bool:
        is_there = proposal.operation != "change_stage" or move.to == proposal.about
        return move.operation == proposal.operation and is_there

    meant = (next((move for move in moves if is_meant(proposal, move)), None) for proposal in proposals)
    return tuple(move for move in meant if move is not None)
