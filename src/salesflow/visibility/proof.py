"""
Why somebody sees a record, or does not: every way in that held, and what each other one lacks (VIS-15).

A proof is built from the same terms as the check; a tree of it mirrors the rule.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from salesflow.model.construction import quick
from salesflow.visibility.terms import Step


@frozen(repr=False)
class Cause:
    """
    One way in: from the record, link by link, to the person.

    Args:
        steps: The links; the first one stands on the record.
    """

    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return " -> ".join(map(str, self.steps))

    def __repr__(self) -> str:
        return f"<{self}>"


@frozen
class Proof:
    """
    Whether one part of a rule holds for one person and one record, and why.

    Args:
        rule: The part: a rule, or in words what it stands for.
        is_visible: Whether it holds; at the top: whether the person sees the record.
        causes: The ways in of this very part.
        lacks: What is missing where it does not hold; empty where it does, and where the parts say it.
        parts: The proofs of the rule's parts.

    Source: VIS-15.
    """

    rule: object
    is_visible: bool
    causes: tuple[Cause, ...] = ()
    lacks: str = ""
    parts: tuple[Proof, ...] = ()

    @property
    def ways(self) -> tuple[Cause, ...]:
        """Every way in that held, here and in the parts that held, each once."""
        return tuple(dict.fromkeys(self._ways()))

    def _ways(self) -> Iterator[Cause]:
        if self.is_visible:
            yield from self.causes
            for part in self.parts:
                yield from part._ways()

    def __str__(self) -> str:
        if not self.is_visible:
            return "\n".join(["not visible", *self._lines("  ")])
        # A rule such as `everybody` holds without any way that leads through a person.
        ways = self.ways or [part.rule for part in self.parts if part.is_visible]
        return "\n".join(f"visible: {way}" for way in ways)

    def _lines(self, indent: str) -> Iterator[str]:
        for part in self.parts:
            if part.is_visible:
                yield f"{indent}{part.rule}: holds"
            elif part.parts:
                yield f"{indent}{part.rule}: fails"
                yield from part._lines(indent + "  ")
            else:
                yield f"{indent}{part.rule}: {part.lacks}"


new_cause, new_proof = quick(Cause), quick(Proof)
