"""Which opportunities wait too long (OPP-15), of those that a person sees; the longest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from salesflow.app.execution import whole_number
from salesflow.app.history import Readable
from salesflow.model import Opportunity
from salesflow.model.attention import is_worked, overdue_for, silent_for, stalled_for


class Attention(Readable[Opportunity]):
    """Lists of what is in progress and should not be left alone."""

    def stalled(self, scene: str = "all") -> Sequence[Opportunity]:
        """
        Return those that are longer in their stage than the stage's own limit, the one longest beyond it first.

        Args:
            scene: As in `list`.

        Source: OPP-15.
        """
        kernel = self._execution.kernel
        now = kernel.now()
        return self._late(
            "stalled",
            scene,
            lambda opportunity: (
                None
                if not is_worked(opportunity)  # its version may be one that the flow does not have any more
                else stalled_for(
                    opportunity,
                    kernel.processes.engine(opportunity.process, opportunity.process_version).stage(opportunity.stage),
                    now,
                )
            ),
        )

    def overdue(self, scene: str = "all") -> Sequence[Opportunity]:
        """
        Return those whose expected close date has passed, the one longest past it first.

        Args:
            scene: As in `list`.

        Source: OPP-15.
        """
        kernel = self._execution.kernel
        today = kernel.today(kernel.now())
        return self._late("overdue", scene, lambda opportunity: overdue_for(opportunity, today))

    def silent(self, days: int, scene: str = "all") -> Sequence[Opportunity]:
        """
        Return those without an activity or note for longer than so many days, the most silent one first.

        Args:
            days: From 1 to 36,500; an opportunity without any activity is silent since its creation.
            scene: As in `list`.

        Source: OPP-15, OPP-19.
        """
        whole_number(days, "days", 36_500)
        now = self._execution.kernel.now()
        return self._late("silent", scene, lambda opportunity: silent_for(opportunity, days, now))

    def _late(
        self, method: str, scene: str, measure: Callable[[Opportunity], timedelta | None]
    ) -> tuple[Opportunity, ...]:
        run = self._execution
        run.admit(run.blank(), self._operation(method), ())
        found = []
        for opportunity in run.kernel.query(self._kind, run.visible(self._kind, scene)):
            excess = measure(opportunity)
            if excess is not None:
                found.append((excess, opportunity))
        found.sort(key=lambda late: (-late[0], late[1].id))
        return tuple(opportunity for _, opportunity in found)
