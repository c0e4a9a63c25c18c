"""
Cedar by `cedarpy`: policies, people and records parsed once; asked with `is_authorized` for each pair.

The line of management and the departments are entity hierarchies of their own, so that nobody inherits their
manager's groups; a record stands in the lines and in the main departments of its owner and team, a sharing
rule is a policy of its own. Parsing records for each check, as an application with changing records must, is
far slower and not compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import cedarpy

from benchmarks.visibility.facts import Facts, source, target
from benchmarks.visibility.world import Company, Pair
from salesflow.model import Opportunity

POLICIES = """
forbid(principal, action, resource) when { resource.voided };
permit(principal, action, resource) when { principal.is_administrator };
permit(principal, action, resource) when { resource in principal.line };
permit(principal, action, resource) when { principal has headed && resource in principal.headed };
"""

TYPES = {"person": "Person", "in": "In", "within": "Within", "group": "Group"}
"""The entity type of each kind of source and target."""


def asked_by_cedar(company: Company, facts: Facts, pairs: Iterable[Pair]) -> list[Callable[[], bool]]:
    """Return, per pair, the question as Cedar answers it."""
    pairs = list(pairs)
    policies = cedarpy.PolicySet.from_str(POLICIES + "".join(map(_sharing_policy, company.sharing_rules)))
    records = {record.id: record for _, record in pairs}.values()
    entities = cedarpy.Entities.from_json_str(
        json.dumps([*_people(company, facts), *_departments(company), *(_record(company, r) for r in records)])
    )

    def question(viewer: str, record: Opportunity) -> Callable[[], bool]:
        request = {
            "principal": f'Person::"{viewer}"',
            "action": 'Action::"read"',
            "resource": f'Opportunity::"{record.id}"',
            "context": {},
        }
        return lambda: bool(cedarpy.is_authorized(request, policies, entities).allowed)

    return [question(*pair) for pair in pairs]


def _sharing_policy(rule: Any) -> str:
    owners, viewers = _entity(source(rule)), _entity(target(rule))
    return f"permit(principal in {viewers}, action, resource) when {{ resource.owner in {owners} }};\n"


def _entity(crowd: str) -> str:
    kind, id = crowd.split(":")
    return f'{TYPES[kind]}::"{id}"'


def _uid(type: str, id: str | None) -> dict[str, str]:
    return {"type": type, "id": str(id)}


def _reference(type: str, id: str) -> dict[str, Any]:
    return {"__entity": _uid(type, id)}


def _people(company: Company, facts: Facts) -> Iterable[dict[str, Any]]:
    for id, employee in company.employees.items():
        belongs = (str(employee.department), *employee.departments)
        parents = [_uid("In", d) for d in belongs] + [_uid("Within", d) for d in belongs]
        attributes: dict[str, Any] = {
            "is_administrator": id in facts.administrators,
            "line": _reference("Line", id),
        }
        if id in facts.headed:
            attributes["headed"] = _reference("Main", facts.headed[id])
        yield {
            "uid": _uid("Person", id),
            "attrs": attributes,
            "parents": parents + [_uid("Group", g) for g in sorted(employee.groups)],
        }
        above = [] if employee.manager is None else [_uid("Line", employee.manager)]
        yield {"uid": _uid("Line", id), "attrs": {}, "parents": above}


def _departments(company: Company) -> Iterable[dict[str, Any]]:
    for id, department in company.departments.items():
        for type in ("Within", "Main"):
            above = [] if department.parent is None else [_uid(type, department.parent)]
            yield {"uid": _uid(type, id), "attrs": {}, "parents": above}


def _record(company: Company, record: Opportunity) -> dict[str, Any]:
    people = [member.person for member in record.team]
    mains = {str(company.employees[person].department) for person in people}
    return {
        "uid": _uid("Opportunity", record.id),
        "attrs": {"voided": record.voided, "owner": _reference("Person", record.owner)},
        "parents": [_uid("Line", p) for p in people] + [_uid("Main", d) for d in sorted(mains)],
    }
