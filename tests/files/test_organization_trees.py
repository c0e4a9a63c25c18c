"""ORG-2 on real input: the trees of three organisations, read through organisation files, have their known sizes."""

import json
import os
from pathlib import Path

import pytest

from salesflow.files.organization import parse_organization
from salesflow.visibility import Organization, OrganizationIndex

DATA = Path(os.environ.get("SALESFLOW_DATA", "../shared/data"))

SALESFORCE = """
[[employees_from]]
file = "UserRole.csv"
empty = ["000000000000000AAA"]  # stands for no parent
id = "Id"
name = "Name"
manager = "ParentRoleId"
"""
ADVENTURE_WORKS = """
[[employees_from]]
file = "employees.csv"
id = "employee_id"
name = "job_title"
manager = "manager_id"
active = { column = "current", values = { 1 = "true", 0 = "false" } }
"""


def read(name: str, source: str) -> tuple[Organization, dict]:
    """The organisation of one data set, and what is known of it."""
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: set SALESFLOW_DATA")
    expected = json.loads((folder / "EXPECTED.json").read_text(encoding="utf-8"))
    return parse_organization(source, folder=folder), expected


def sizes(organization: Organization) -> dict[str, int]:
    """How many are below each, and themselves."""
    index = OrganizationIndex(organization)
    everybody = [employee.id for employee in organization.employees]
    below = dict.fromkeys(everybody, 1)
    for id in everybody:
        for above in index.above(id, index.depths["subordinates"]):
            below[above] += 1
    return below


def test_the_salesforce_role_tree_has_its_sizes():
    """ORG-2: 18 roles in 5 levels; the subtree of each has the size that was worked out without us."""
    organization, expected = read("salesforce_devorg", SALESFORCE)
    name = {employee.id: employee.name for employee in organization.employees}

    assert len(organization.employees) == expected["rows"]["roles"]
    assert organization.warnings == ()
    found = {name[id]: size for id, size in sizes(organization).items()}
    tree = expected["role_tree"]
    assert {role: found[role] for role in tree} == {role: wanted["subtree_size"] for role, wanted in tree.items()}


def test_the_adventure_works_tree_has_its_sizes():
    """ORG-2: 290 employees, 47 of them managers; each one's direct reports and everybody below."""
    organization, expected = read("adventureworks_org", ADVENTURE_WORKS)
    found = sizes(organization)

    assert len(organization.employees) == expected["rows"]["employees"]
    assert sum(size > 1 for size in found.values()) == expected["rows"]["managers"]
    assert {id: found[id] for id in expected["subtree"]} == {
        id: wanted["size"] for id, wanted in expected["subtree"].items()
    }
    for id, wanted in expected["subtree"].items():
        direct = sorted(int(one.id) for one in organization.employees if one.manager == id)
        assert direct == wanted["direct"]
    index = OrganizationIndex(organization)
    everybody = [employee.id for employee in organization.employees]
    for viewer, wanted in expected["visible_to"].items():
        seen = {id for id in everybody if id == viewer or viewer in index.above(id, index.depths["subordinates"])}
        assert seen == {str(id) for id in wanted}
