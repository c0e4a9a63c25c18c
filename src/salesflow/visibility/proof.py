"""
Why somebody sees a record, or does not: every way in that held, and what each other one lacks (VIS-15).

A proof is built from the same terms as the check; a tree of it mirrors the rule. It prints for a terminal, and
`html` renders it for a page: whatever a record or a rule holds is escaped there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from types import MappingProxyType

from attrs import frozen

from salesflow.model.construction import quick
from salesflow.visibility.nearest import Grant, grant_text
from salesflow.visibility.terms import Step

_NO_NAMES: Mapping[str, str] = MappingProxyType({})


@frozen(repr=False)
class Cause:
    """
    One way in: from the record, link by link, to the person.

    Args:
        steps: The links; the first one stands on the record.
    """

    steps: tuple[Step, ...]

    def html(self, names: Mapping[str, str] = _NO_NAMES) -> str:
        """Return the way as HTML text; *names* are as in `Proof.html`."""
        return " → ".join(_step_html(step, names) for step in self.steps)

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
        would_open: Where the person does not see the record: the nearest grants, each of which alone would show it.

    Source: VIS-15.
    """

    rule: object
    is_visible: bool
    causes: tuple[Cause, ...] = ()
    lacks: str = ""
    parts: tuple[Proof, ...] = ()
    would_open: tuple[Grant, ...] = ()

    @property
    def ways(self) -> tuple[Cause, ...]:
        """Every way in that held, here and in the parts that held, each once."""
        return tuple(dict.fromkeys(self._ways()))

    def _ways(self) -> Iterator[Cause]:
        if self.is_visible:
            yield from self.causes
            for part in self.parts:
                yield from part._ways()

    def html(self, names: Mapping[str, str] = _NO_NAMES) -> str:
        """
        Return the tree as a fragment of HTML: nested lists, a mark at each part, its ways in or what it lacks.

        It loads nothing and needs no style sheet; its classes are ``why``, ``mark``, ``yes``, ``no`` and ``way``.

        Args:
            names: What to call people and records, by id; an id that is not among them is shown as it is.

        Source: VIS-15.
        """
        parts = self.parts or (self,)
        items = "".join(part._item(names) for part in parts)
        grants = "".join(f"<li>{escape(_named(grant_text(grant), names))}</li>" for grant in self.would_open)
        return f'<ul class="why">{items}</ul>' + (f"<p>would open it:</p><ul>{grants}</ul>" if grants else "")

    def _item(self, names: Mapping[str, str]) -> str:
        state, said, mark = ("yes", "found", "✓") if self.is_visible else ("no", "not found", "✗")
        ways = "".join(f'<span class="way">{cause.html(names)}</span>' for cause in self.causes)
        lacks = f"<small>{escape(_named(self.lacks, names))}</small>" if self.lacks else ""
        parts = f"<ul>{''.join(part._item(names) for part in self.parts)}</ul>" if self.parts else ""
        told = f"<code>{escape(str(self.rule))}</code>{ways}{lacks}{parts}"
        return f'<li><i class="mark {state}" role="img" aria-label="{said}">{mark}</i><div>{told}</div></li>'

    def __str__(self) -> str:
        if not self.is_visible:
            grants = [f"  would open it: {grant_text(grant)}" for grant in self.would_open]
            return "\n".join(["not visible", *self._lines("  "), *grants])
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


def _step_html(step: Step, names: Mapping[str, str]) -> str:
    note = f" <small>({escape(step.note)})</small>" if step.note else ""
    return f"<span>{escape(step.relation)} <b>{escape(names.get(step.id, step.id))}</b>{note}</span>"


def _named(text: str, names: Mapping[str, str]) -> str:
    """Return *text* with names in place of ids."""
    return " ".join(names.get(word.rstrip(","), word.rstrip(",")) + "," * word.endswith(",") for word in text.split())


new_cause, new_proof = quick(Cause), quick(Proof)
