"""
The business rules of a template: what must hold of an opportunity before an operation (RULE-1).

A rule is data and names only what `salesflow.model.conditions` knows; it is made a test once per template version.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from attrs import frozen

from salesflow.model import Condition, Opportunity, ProcessRule, Reason, SalesProcess
from salesflow.model.conditions import Test, compile_condition

RULE_OPERATIONS = ("create", "advance", "change_stage", "change_process", "win", "lose", "invalidate", "reopen")
"""
The operations that a template's rule can bind.

They say what happens to the record, whichever method is called: ``advance`` is entering the next stage with nothing
left open, also by `change_stage` to it; ``change_stage`` is every jump and every going back; ``create`` is also the
making of an opportunity by a lead's conversion, and looks at the record as it would be made. The others look at it as
it stands. In a process that runs as after-sales, ``advance`` and ``win`` are its next and its finish.
"""


@frozen
class CompiledRule:
    """A rule with its conditions made tests."""

    rule: ProcessRule
    when: tuple[Test, ...]
    needs: tuple[tuple[Condition, Test], ...]

    def binds(self, operation: str, stage: str) -> bool:
        """Whether the rule guards *operation* in *stage* at all."""
        return operation in self.rule.before and (not self.rule.stages or stage in self.rule.stages)

    def broken(self, opportunity: Opportunity) -> Reason | None:
        """Return the reason that a broken rule gives: its code, its message, and the needs that are not met."""
        if not all(holds(opportunity) for holds in self.when):
            return None
        unmet = tuple(str(need) for need, holds in self.needs if not holds(opportunity))
        if not unmet:
            return None
        return Reason("rule_broken", rule=self.rule.code, message=self.rule.message, needs=unmet)


@lru_cache(maxsize=512)
def compile_rules(process: SalesProcess) -> tuple[CompiledRule, ...]:
    """
    Return the rules of a sound template, ready to be asked; the same template gives the same ones.

    Source: RULE-1.
    """
    return tuple(
        CompiledRule(
            rule,
            tuple(compile_condition(condition, "opportunity") for condition in rule.when),
            tuple((condition, compile_condition(condition, "opportunity")) for condition in rule.needs),
        )
        for rule in process.rules
    )


def broken_rules(process: SalesProcess, operation: str, opportunity: Opportunity) -> Iterator[Reason]:
    """
    Give a reason for each rule of *process* that stands in the way of *operation*, in the template's order.

    Args:
        operation: One of `RULE_OPERATIONS`.
        opportunity: The record as the operation finds it, or as it would be made.

    Source: RULE-1.
    """
    for rule in compile_rules(process):
        if rule.binds(operation, opportunity.stage):
            reason = rule.broken(opportunity)
            if reason is not None:
                yield reason
