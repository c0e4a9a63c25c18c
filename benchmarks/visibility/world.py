"""
A company of 10,000 people, 200 sharing rules, and the pairs of viewer and record that every engine is asked.

Seven levels of management; the top 500 managers, level by level, stand for departments: most head their own, a
tenth have no head, a tenth a stranger. One in ten below the fourth level sits in somebody else's department.
All is drawn from one seed, so every run asks the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

from attrs import frozen

from salesflow.model import (
    Access,
    Department,
    Employee,
    Opportunity,
    Probability,
    ProbabilitySource,
    SharingRule,
    TeamMember,
    TeamRole,
)

LEVELS = (1, 5, 40, 200, 900, 3000, 5854)
DEPARTMENTS = 500
GROUPS = 100
SHARING_RULES = 200
RECORDS = 2000
PAIRS = 300

Pair = tuple[str, Opportunity]


@frozen
class Company:
    """
    Who works there.

    Args:
        levels: Ids, top level first.
        employees, departments: As salesflow takes them.
        administrators: Ids; employees too.
        sharing_rules: As salesflow takes them.
        records: Opportunities, the owner and about two more in each team; one in twenty is voided.
    """

    levels: tuple[tuple[str, ...], ...]
    employees: dict[str, Employee]
    departments: dict[str, Department]
    administrators: frozenset[str]
    sharing_rules: tuple[SharingRule, ...]
    records: tuple[Opportunity, ...]


def found_company(seed: int = 20261121) -> Company:
    """Return the company of *seed*."""
    chance = Random(seed)
    levels = _levels(chance)
    managers = _managers(chance, levels)
    anchors = [person for level in levels for person in level][:DEPARTMENTS]
    own = {person: f"d{n}" for n, person in enumerate(anchors)}
    main: dict[str, str] = {}
    for depth, level in enumerate(levels):
        for person in level:
            inherited = own[person] if person in own else main[str(managers[person])]
            main[person] = f"d{chance.randrange(DEPARTMENTS)}" if depth > 3 and chance.random() < 0.1 else inherited
    people = [person for level in levels for person in level]
    departments = {
        own[person]: Department(own[person], head=_head(chance, person, people), parent=own.get(str(managers[person])))
        for person in anchors
    }
    groups: dict[str, set[str]] = {person: set() for person in people}
    for n in range(GROUPS):
        for person in chance.sample(people, 20):
            groups[person].add(f"g{n}")
    employees = {
        person: Employee(
            person,
            manager=managers[person],
            department=main[person],
            departments=(f"d{chance.randrange(DEPARTMENTS)}",) if chance.random() < 0.1 else (),
            groups=frozenset(groups[person]),
        )
        for person in people
    }
    return Company(
        levels,
        employees,
        departments,
        frozenset(chance.sample(people, 3)),
        tuple(_sharing_rule(chance, n, levels, departments) for n in range(SHARING_RULES)),
        tuple(_record(chance, n, levels, managers) for n in range(RECORDS)),
    )


def mixed_pairs(company: Company, sees: Callable[[str, Opportunity], bool], seed: int = 300) -> list[Pair]:
    """
    Return pairs of viewer and record, half of them allowed.

    An allowed pair's viewer is any of those who see its record; a denied pair's is a leaf, a manager, a
    department's head or whom a sharing rule reaches by name, in turn.

    Args:
        company: Whose people and records.
        sees: Tells whether a pair is allowed.
    """
    chance = Random(seed)
    people = list(company.employees)
    kinds: Sequence[Sequence[str]] = (
        company.levels[-1],
        company.levels[3],
        [d.head for d in company.departments.values() if d.head is not None],
        [rule.to_person for rule in company.sharing_rules if rule.to_person is not None],
    )
    pairs: list[Pair] = []
    while len(pairs) < PAIRS // 2:
        record = chance.choice(company.records)
        viewers = [person for person in people if sees(person, record)]
        if viewers:
            pairs.append((chance.choice(viewers), record))
    while len(pairs) < PAIRS:
        pair = chance.choice(kinds[len(pairs) % len(kinds)]), chance.choice(company.records)
        if not sees(*pair):
            pairs.append(pair)
    chance.shuffle(pairs)
    return pairs


def _levels(chance: Random) -> tuple[tuple[str, ...], ...]:
    ids = [f"p{n:04}" for n in range(sum(LEVELS))]
    chance.shuffle(ids)
    levels = []
    for size in LEVELS:
        levels.append(tuple(ids[:size]))
        del ids[:size]
    return tuple(levels)


def _managers(chance: Random, levels: Sequence[Sequence[str]]) -> dict[str, str | None]:
    """Everybody's manager; some manage far more than others."""
    managers: dict[str, str | None] = dict.fromkeys(levels[0])
    for above, below in pairwise(levels):
        weights = [chance.gammavariate(3, 1) for _ in above]
        managers.update(zip(below, chance.choices(above, weights, k=len(below)), strict=True))
    return managers


def _head(chance: Random, anchor: str, people: Sequence[str]) -> str | None:
    draw = chance.random()
    return anchor if draw < 0.8 else None if draw < 0.9 else chance.choice(people)


def _sharing_rule(
    chance: Random, number: int, levels: Sequence[Sequence[str]], departments: dict[str, Department]
) -> SharingRule:
    leaves = sorted(departments.keys() - {d.parent for d in departments.values()})
    access = Access.READ_WRITE if chance.random() < 0.4 else Access.READ
    from_person = chance.choice(levels[chance.randrange(4, 7)]) if chance.random() < 0.4 else None
    target = chance.random()
    return SharingRule(
        id=f"s{number}",
        version=1,
        from_person=from_person,
        from_department=chance.choice(leaves) if from_person is None else None,
        from_subdepartments=from_person is None and chance.random() < 0.3,
        to_person=chance.choice(chance.choice(levels)) if target < 0.3 else None,
        to_department=chance.choice(leaves) if 0.3 <= target < 0.8 else None,
        to_subdepartments=0.3 <= target < 0.8 and chance.random() < 0.5,
        to_group=f"g{chance.randrange(GROUPS)}" if target >= 0.8 else None,
        access=access,
    )


def _record(
    chance: Random, number: int, levels: Sequence[Sequence[str]], managers: dict[str, str | None]
) -> Opportunity:
    owner = chance.choice(levels[chance.choices((4, 5, 6), (1, 3, 6))[0]])
    near = [person for person in levels[-1] if managers[person] == managers[owner]] or levels[-1]
    team = {owner: TeamMember(owner, TeamRole.OWNER, Access.READ_WRITE)}
    roles = (TeamRole.SALES, TeamRole.JOINT, TeamRole.PRESALES, TeamRole.AFTER_SALES)
    for _ in range(chance.randint(1, 3)):
        person = chance.choice(near) if chance.random() < 0.6 else chance.choice(levels[chance.randrange(3, 7)])
        team.setdefault(person, TeamMember(person, chance.choice(roles), chance.choice(tuple(Access))))
    return Opportunity(
        id=f"o{number}",
        version=1,
        name=f"Deal {number}",
        owner=owner,
        process="benchmark",
        process_version=1,
        stage="qualify",
        probability=Probability(10, ProbabilitySource.STAGE),
        team=tuple(team.values()),
        voided=chance.random() < 0.05,
        customer="c1",
    )
