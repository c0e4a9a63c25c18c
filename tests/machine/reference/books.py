"""What is so now, and what an operation answers: absent, outdated, refused for these reasons, or done."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Any, NamedTuple

from tests.machine.reference.access import refusals
from tests.machine.reference.people import People, Plain

No = tuple[str, str]
"""A reason: its code, and what it is about where several of one code can be given."""


class Absent(Exception):
    """Something that the operation names is not there for this person."""


class Answer(NamedTuple):
    """What comes of an operation: ``absent``, ``outdated``, ``refused``, ``same`` (nothing changed) or ``done``."""

    kind: str
    reasons: frozenset[No] = frozenset()


class Case:
    """One record (or none), one person, one moment."""

    def __init__(self, books: Books, person: str, record: Plain | None, asked: str | None = None) -> None:
        self.books, self.person = books, person
        self.record: Any = record
        self.asked = asked
        """The id of the lead that was asked for, where it was merged into the record (LEAD-15)."""
        self.people, self.now, self.today = books.people, books.now, books.today

    def sees(self, person: str) -> bool:
        """Whether *person* sees the record."""
        return self.people.sees(person, self.record)

    def unknown_parties(self, customer: Any, contact: Any) -> set[No]:
        """The customers and contacts that are named and are not there for this person."""
        found: set[No] = set()
        for kind, id in (("customer", customer), ("contact", contact)):
            if isinstance(id, str):
                party = self.books.records.get((kind, id))
                if party is None or not self.people.sees(self.person, party):
                    found.add((f"{kind}_unknown", id))
        return found

    def unknown_people(self, *people: str | None) -> set[No]:
        """Those who are named and do not work here."""
        return {("person_unknown", p) for p in people if p is not None and not self.people.is_employee(p)}


Effect = Callable[[], object]
Decide = Callable[..., tuple[set[No], Effect]]
"""From a case and arguments to every reason against it, and what it does; an effect that returns False did nothing."""


class Operation(NamedTuple):
    """An operation; *access* gives the row that counts for a case, and whom the row's words mean."""

    decide: Decide
    access: Callable[..., tuple[str, Collection[str]]]


OPERATIONS: dict[str, Operation] = {}


def operation(
    name: str, access: Callable[..., tuple[str, Collection[str]]] | None = None
) -> Callable[[Decide], Decide]:
    """Make a function what decides the operation *name*."""

    def register(decide: Decide) -> Decide:
        OPERATIONS[name] = Operation(decide, access or (lambda case, **_: (name, ())))
        return decide

    return register


class Books:
    """
    Everything that is so: who works here, the templates, the records by (kind, id), and what was deleted.

    Args:
        people: The organisation.
        templates: By id, the versions by number; new records take the last.
        next_id: The id that the next record of a kind will get.
    """

    def __init__(self, people: People, templates: dict[str, dict[int, Plain]], next_id: Callable[[str], str]) -> None:
        self.people, self.templates, self.next_id = people, templates, next_id
        self.records: dict[tuple[str, str], Plain] = {}
        people.records = self.records
        self.merges: dict[str, tuple[Plain, Plain, list[str]]] = {}
        """By the id of a lead that was merged: the survivor before and after, and the documents that moved."""
        self.deliveries: list[Plain] = []
        """What was set off and is not done (RULE-3)."""
        self.now: datetime = datetime.min
        self.today: date = date.min

    def latest(self, process: str) -> Plain:
        """The newest version of a template."""
        versions = self.templates[process]
        return versions[max(versions)]

    def survivor(self, record: Plain) -> Plain:
        """LEAD-15: what a record stands for: of a merged lead the one at the end of all merges."""
        while record.get("merged_into"):
            record = self.records["lead", record["merged_into"]]
        return record

    def template(self, side: Plain) -> Plain:
        """The template version that a process is pinned to."""
        return self.templates[side["process"]][side["process_version"]]

    def ask(
        self, person: str, name: str, kind: str | None, id: str, version: int | None, given: Plain
    ) -> tuple[Answer, Effect]:
        """
        Say what the operation answers, and what carries it out.

        Args:
            kind, id: The record; no kind where one is made.
            version: Of the snapshot that was handed in; None for an id.
            given: The other arguments by name.
        """
        if not self.people.knows(person):
            return Answer("absent"), _nothing
        record = asked = None
        if kind is not None:
            record = self.records.get((kind, id))
            if record is not None and record.get("merged_into"):
                record, asked, version = self.survivor(record), id, None
            if record is None or not self.people.sees(person, record):
                return Answer("absent"), _nothing
            if asked is not None and name != "leads.unmerge":
                return Answer("refused", frozenset({("is_merged", "")})), _nothing
            # LEAD-6: whoever was overtaken by another conversion is told into what, not only that they were late.
            is_told = name == "leads.convert" and record["conversion"] is not None
            if version is not None and version != record["version"] and not is_told:
                return Answer("outdated"), _nothing
        case = Case(self, person, record, asked)
        known = OPERATIONS[name]
        row, named = known.access(case, **given)
        if record is not None and not self.people.sees_whole(person, record):
            hidden = refusals(self.people, person, row, self.people.bearer(record), named)
            if hidden:  # what else stands in the way of a lead is not for those who see its card
                return Answer("refused", frozenset(hidden)), _nothing
        try:
            reasons, effect = known.decide(case, **given)
        except Absent:
            return Answer("absent"), _nothing
        judged = None if record is None else self.people.bearer(record)
        reasons = reasons | refusals(self.people, person, row, judged, named)
        if reasons:
            return Answer("refused", frozenset(reasons)), _nothing
        return Answer("done"), effect


def _nothing() -> None:
    """What an operation does that is not done."""
