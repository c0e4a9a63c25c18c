"""
casbin: a policy line per rule and an ABAC matcher; the relations are functions over the cached sets.

That is faster for it than its own role links, and it has no loop for the members of a team.
"""

from __future__ import annotations

from collections.abc import Callable

import casbin

from benchmarks.visibility.facts import NOBODY, Facts, source, target
from benchmarks.visibility.world import Company
from salesflow.model import Opportunity

MODEL = """
[request_definition]
r = viewer, record

[policy_definition]
p = kind, source, target

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = !r.record.voided && (\
p.kind == "share" && is_one_of(p.source, r.record.owner) && is_one_of(p.target, r.viewer) \
|| p.kind == "administrator" && is_administrator(r.viewer) \
|| p.kind == "line" && answers_for(r.viewer, r.record) \
|| p.kind == "department" && heads_department(r.viewer, r.record))
"""


def asked_by_casbin(company: Company, facts: Facts) -> Callable[[str, Opportunity], bool]:
    """Return the question as casbin answers it."""
    lines = ["p, administrator, -, -", "p, line, -, -", "p, department, -, -"]
    lines += [f"p, share, {source(rule)}, {target(rule)}" for rule in company.sharing_rules]
    model = casbin.Enforcer.new_model(text=MODEL)
    enforcer = casbin.Enforcer(model, casbin.persist.adapters.StringAdapter("\n".join(lines)))

    def is_one_of(crowd: str, person: str) -> bool:
        return person in facts.crowds.get(crowd, NOBODY)

    def is_administrator(viewer: str) -> bool:
        return viewer in facts.administrators

    def answers_for(viewer: str, record: Opportunity) -> bool:
        return any(viewer in facts.upward[member.person] for member in record.team)

    def heads_department(viewer: str, record: Opportunity) -> bool:
        department = facts.headed.get(viewer)
        return department is not None and any(department in facts.main_upward[member.person] for member in record.team)

    for function in (is_one_of, is_administrator, answers_for, heads_department):
        enforcer.add_function(function.__name__, function)
    return lambda viewer, record: bool(enforcer.enforce(viewer, record))
