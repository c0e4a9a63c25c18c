"""
What each manager of three real organisations sees, on memory, SQLite and PostgreSQL, as was worked out without us.

Every employee owns one opportunity; of the Maven CRM every agent owns those of the data set.
"""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest

import salesflow as sf
from salesflow.model import Opportunity
from salesflow.stores import MemoryStore
from salesflow.testing.records import make_opportunity, new, unit
from tests.files.test_organization_trees import ADVENTURE_WORKS, DATA, SALESFORCE, read
from tests.stores.databases import fresh_store

PAGE = 200


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request):
    """An empty store of each kind."""
    if request.param == "memory":
        return MemoryStore()
    engine = {"sqlite": "file_engine", "postgresql": "postgresql_engine"}[request.param]
    return fresh_store(request.getfixturevalue(engine))


def flow_over(store: Any, organization: sf.Organization, deals: list[Opportunity]) -> sf.SalesFlow:
    """Return the facade over *deals*."""
    for start in range(0, len(deals), 500):
        store.save(unit(*map(new, deals[start : start + 500])))
    return sf.SalesFlow(store=store, organization=organization, processes=sf.templates.builtin().values())


def seen_by(flow: sf.SalesFlow, person: str, scene: str = "all") -> list[str]:
    """Return the owners of what *person* reads page by page."""
    desk, after, owners = flow.acting_as(person).opportunities, None, list[str]()
    while True:
        page = desk.list(scene, order_by="id", limit=PAGE, after=after)
        owners += [each.owner for each in page.items]
        if not page.has_more:
            return owners
        after = page.after


def test_what_adventureworks_managers_see(store):
    """REL-3, VIS-1, VIS-8: each of 47 managers sees and counts the subtree that is theirs, to the person."""
    organization, expected = read("adventureworks_org", ADVENTURE_WORKS)
    people = [employee.id for employee in organization.employees]
    flow = flow_over(store, organization, [make_opportunity(f"of {id}", id) for id in people])

    for manager, wanted in expected["subtree"].items():
        desk = flow.acting_as(manager).opportunities
        assert desk.count("all") == wanted["size"]
        assert desk.count("subordinates") == wanted["size"] - 1
    for manager, owners in expected["visible_to"].items():
        assert sorted(seen_by(flow, manager)) == sorted(map(str, owners))
        assert sorted(seen_by(flow, manager, "subordinates")) == sorted(str(id) for id in owners if str(id) != manager)
    for person, superiors in expected["chain_of_command"].items():
        line = {person, *map(str, superiors)}
        assert {id for id in (*line, *expected["visible_to"]) if gets(flow, id, f"of {person}")} == line


def gets(flow: sf.SalesFlow, person: str, deal: str) -> bool:
    """Whether *person* gets the opportunity by its id."""
    try:
        flow.acting_as(person).opportunities.get(deal)
    except sf.NotFound:
        return False
    return True


def test_what_salesforce_roles_see(store):
    """REL-3, VIS-1, VIS-8: each of 18 roles sees its own subtree; lists hold the roles below by name."""
    organization, expected = read("salesforce_devorg", SALESFORCE)
    name = {employee.id: employee.name for employee in organization.employees}
    flow = flow_over(store, organization, [make_opportunity(f"of {id}", id) for id in name])

    for id, role in name.items():
        wanted = expected["role_tree"][role]
        owners = seen_by(flow, id)
        assert len(owners) == flow.acting_as(id).opportunities.count("all") == wanted["subtree_size"]
        assert {name[owner] for owner in owners} >= {role, *wanted["children"]}


def test_what_maven_managers_see(store):
    """REL-3, VIS-1: 8,800 opportunities: each manager, office and the head see and count what is their agents'."""
    folder = DATA / "maven_crm"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: set SALESFLOW_DATA")
    expected = json.loads((folder / "EXPECTED.json").read_text(encoding="utf-8"))
    with (folder / "sales_teams.csv").open(encoding="utf-8", newline="") as file:
        teams = list(csv.DictReader(file))
    with (folder / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        deals = [make_opportunity(row["opportunity_id"], row["sales_agent"]) for row in csv.DictReader(file)]
    offices = {team["manager"]: team["regional_office"] for team in teams}
    people = {
        "head": sf.Employee("head"),
        **{office: sf.Employee(office, manager="head") for office in offices.values()},
        **{manager: sf.Employee(manager, manager=office) for manager, office in offices.items()},
        **{team["sales_agent"]: sf.Employee(team["sales_agent"], manager=team["manager"]) for team in teams},
    }
    flow = flow_over(store, sf.Organization(people.values()), deals)

    wanted = expected["visible_opportunity_counts"]
    sizes = {**wanted["manager"], **wanted["regional_office"], "head": wanted["headquarters"]}
    sizes |= {agent: told["opportunities"] for agent, told in expected["per_agent"].items()}
    sizes |= dict.fromkeys(expected["agents_without_opportunities"], 0)
    assert {person: flow.acting_as(person).opportunities.count("all", cap=None) for person in people} == sizes
    manager = min(wanted["manager"], key=wanted["manager"].__getitem__)
    agents = {team["sales_agent"] for team in teams if team["manager"] == manager}
    owners = seen_by(flow, manager)
    assert len(owners) == sizes[manager]
    assert set(owners) <= agents
