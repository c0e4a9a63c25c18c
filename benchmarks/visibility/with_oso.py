"""
oso: the rules in Polar, the viewer's relations as methods of the host, over the cached sets.

A manager chain walked by Polar itself is several times slower and not compared.
"""

from __future__ import annotations

from collections.abc import Callable

from oso import Oso

from benchmarks.visibility.facts import NOBODY, Facts
from salesflow.model import Opportunity

POLICY = """
allow(viewer: Viewer, "read", record: Opportunity) if not record.voided and sees(viewer, record);

sees(viewer: Viewer, _: Opportunity) if viewer.is_administrator;
sees(viewer: Viewer, record: Opportunity) if viewer.answers_for(record.owner);
sees(viewer: Viewer, record: Opportunity) if viewer.is_reached_from(record.owner);
sees(viewer: Viewer, record: Opportunity) if
    member in record.team and viewer.answers_for(member.person);
sees(viewer: Viewer, record: Opportunity) if
    viewer.is_head and member in record.team and viewer.heads_department_of(member.person);
"""


class Viewer:
    """
    Who looks.

    Args:
        id: The person's id.
        facts: What is known.
    """

    def __init__(self, id: str, facts: Facts) -> None:
        self.id = id
        self.facts = facts
        self.is_administrator = id in facts.administrators
        self.is_head = id in facts.headed

    def answers_for(self, person: str) -> bool:
        """Whether the viewer is *person* or stands above."""
        return self.id in self.facts.upward[person]

    def is_reached_from(self, owner: str) -> bool:
        """Whether a sharing rule shares the records of *owner* with the viewer."""
        return self.id in self.facts.shared_with.get(owner, NOBODY)

    def heads_department_of(self, person: str) -> bool:
        """Whether the viewer's department is, or is above, the main one of *person*."""
        return self.facts.headed[self.id] in self.facts.main_upward[person]


def asked_by_oso(facts: Facts) -> tuple[Callable[[str], Viewer], Callable[[Viewer, Opportunity], bool]]:
    """Return what makes a viewer, and the question as oso answers it."""
    oso = Oso()
    oso.register_class(Viewer)
    oso.register_class(Opportunity)
    oso.load_str(POLICY)

    def sees(viewer: Viewer, record: Opportunity) -> bool:
        return bool(oso.is_allowed(viewer, "read", record))

    return lambda id: Viewer(id, facts), sees
