"""`rules`: predicates that combine with ``&`` and ``|``, each a look into the cached sets; asked with `test`."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_

from rules import predicate

from benchmarks.visibility.facts import NOBODY, Facts
from salesflow.model import Opportunity


def asked_by_rules(facts: Facts) -> Callable[[str, Opportunity], bool]:
    """Return the question as `rules` answers it."""
    administrators, upward, main_upward = facts.administrators, facts.upward, facts.main_upward
    headed, shared_with = facts.headed, facts.shared_with

    def is_voided(_viewer: str, record: Opportunity) -> bool:
        return record.voided

    def is_administrator(viewer: str) -> bool:
        return viewer in administrators

    def answers_for_owner(viewer: str, record: Opportunity) -> bool:
        return viewer in upward[record.owner]

    def answers_for_member(viewer: str, record: Opportunity) -> bool:
        return any(viewer in upward[member.person] for member in record.team)

    def is_shared_with(viewer: str, record: Opportunity) -> bool:
        return viewer in shared_with.get(record.owner, NOBODY)

    def heads_department(viewer: str, record: Opportunity) -> bool:
        department = headed.get(viewer)
        return department is not None and (
            department in main_upward[record.owner]
            or any(department in main_upward[member.person] for member in record.team)
        )

    ways = (is_administrator, answers_for_owner, is_shared_with, answers_for_member, heads_department)
    sees = ~predicate(is_voided) & reduce(or_, map(predicate, ways))
    return lambda viewer, record: bool(sees.test(viewer, record))
