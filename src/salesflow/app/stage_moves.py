"""Moving an opportunity through its stages and out of them: `flow.acting_as(person).opportunities` (OPP-5 … OPP-8)."""

from __future__ import annotations

from datetime import date

from salesflow.app import intents
from salesflow.app.history import Readable
from salesflow.model import Money, Opportunity


class StageMoves(Readable[Opportunity]):
    """Moves through the stages, completion, and what hides or removes the record."""

    def advance(self, opportunity: Opportunity | str) -> Opportunity:
        """
        Enter the next stage (进入下一步).

        Raises:
            Refused: `task_open`, `field_empty`, `approval_needed`, `approval_pending`, `no_next_stage`,
                `arrival_incomplete`.

        Source: OPP-5.
        """
        return self._change("advance", opportunity, intents.advance)

    def change_stage(self, opportunity: Opportunity | str, stage: str, *, reason: str | None = None) -> Opportunity:
        """
        Jump forward to *stage*, or go back to it (阶段变更), by the template's rule.

        Raises:
            Refused: `stage_unknown`, `already_there`, `reason_missing`, `full_route`, `only_to_last_stage`,
                `registration_needed`, `approval_needed`, `approval_pending`, `approvals_apart`, `arrival_incomplete`.

        Source: OPP-6.
        """
        return self._change("change_stage", opportunity, intents.change_stage, stage, reason)

    def change_process(
        self, opportunity: Opportunity | str, process: str, *, stage: str | None = None, reason: str | None = None
    ) -> Opportunity:
        """
        Go on in another process (更换销售流程), in the newest version of its template.

        Open tasks of the stage that is left are skipped, an approval that waits for leaving it expires, and all
        that happened stays in the history.

        Args:
            process: The other template's id.
            stage: The stage to go on in; None means that of equal code, else the first. One beyond that is a
                jump by the other template's rule, one before it is going back.
            reason: Why, where jumping or going back asks for it.

        Raises:
            Refused: `same_process`, `stage_unknown`, `reason_missing`, `full_route`, `only_to_last_stage`,
                `registration_needed`, `approval_needed`, `arrival_incomplete`.
            InvalidInput: There is no such process.

        Source: OPP-9, ACC-1.
        """
        return self._change("change_process", opportunity, intents.change_process, process, stage, reason)

    def win(
        self, opportunity: Opportunity | str, *, amount: Money | None = None, close_date: date | None = None,
        comment: str | None = None,
    ) -> Opportunity:  # fmt: skip
        """
        Complete it as won (赢单).

        Args:
            amount: What was really sold; None means the amount it has.
            close_date: The actual close date; None means today.

        Raises:
            Refused: `not_last_stage`, `task_open`, `field_empty`, `stage_owed`, `approval_needed`,
                `approval_pending`, `arrival_incomplete`.

        Source: OPP-7.
        """
        return self._change("win", opportunity, intents.win, amount, close_date, comment)

    def lose(
        self, opportunity: Opportunity | str, *, reason: str | None, competitor: str | None = None,
        comment: str | None = None, close_date: date | None = None,
    ) -> Opportunity:  # fmt: skip
        """
        Complete it as lost (输单).

        Args:
            reason: A code of the template's list, such as ``"price"``.
            competitor: Who won it, by id or name.

        Raises:
            Refused: `reason_missing`, `reason_unknown`, `approval_needed`, `approval_pending`.

        Source: OPP-7, RULE-2.
        """
        return self._change("lose", opportunity, intents.lose, reason, competitor, comment, close_date)

    def invalidate(
        self, opportunity: Opportunity | str, *, reason: str | None, comment: str | None = None,
        close_date: date | None = None,
    ) -> Opportunity:  # fmt: skip
        """
        Complete it as invalid (无效); a running after-sales process ends with it.

        Raises:
            Refused: `reason_missing`, `reason_unknown`.

        Source: OPP-7, OPP-12.
        """
        return self._change("invalidate", opportunity, intents.invalidate, reason, comment, close_date)

    def reopen(self, opportunity: Opportunity | str) -> Opportunity:
        """
        Take a completed one up again, in the stage that it left.

        Source: OPP-8.
        """
        return self._change("reopen", opportunity, intents.reopen)

    def fill_feedback(self, opportunity: Opportunity | str, text: str) -> Opportunity:
        """
        Fill in feedback (填写反馈) on the current stage, or the last one of a completed opportunity.

        Source: OPP-4.
        """
        return self._change("fill_feedback", opportunity, intents.fill_feedback, text)

    def void(self, opportunity: Opportunity | str, *, reason: str | None = None) -> Opportunity:
        """
        Void it (作废): only administrators see it then.

        Source: OPP-10.
        """
        return self._change("void", opportunity, intents.void, reason)

    def unvoid(self, opportunity: Opportunity | str) -> Opportunity:
        """
        Unvoid it (反作废): exactly what was is back. For administrators.

        Raises:
            Refused: `is_not_voided`.

        Source: OPP-10, ACC-15.
        """
        return self._change("unvoid", opportunity, intents.unvoid)

    def delete(self, opportunity: Opportunity | str) -> None:
        """
        Delete one to which nothing happened but its creation.

        Raises:
            Refused: `has_history`.

        Source: OPP-10.
        """
        self._change("delete", opportunity, intents.delete)
