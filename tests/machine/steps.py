"""
What may happen next: one function for each operation of the facade, that draws its arguments and attempts it.

A new operation is one more function here, and one in the reference that says what it does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from tests.machine import worlds
from tests.machine.driver import KINDS, Run
from tests.machine.reference.stages import codes
from tests.machine.reference.work import running

Plain = dict[str, Any]


class Step(NamedTuple):
    """Something that may happen: the operation of the facade that it drives, how often, and how."""

    operation: str
    weight: int
    happen: Callable[[Run], object]


STEPS: list[Step] = []


def step(operation: str, weight: int = 2) -> Callable[[Callable[[Run], object]], Callable[[Run], object]]:
    """Let a function drive *operation*; the weight is how often, against the others."""

    def register(happen: Callable[[Run], object]) -> Callable[[Run], object]:
        STEPS.append(Step(operation, weight, happen))
        return happen

    return register


WORDS = ("because", "because", "because", None, "")
TEXTS = ("went well", "rang them")
AMOUNTS = (
    ("400000", "CNY"), ("1000000", "CNY"), ("999999.99", "CNY"), ("6000000", "CNY"), ("0", "CNY"), ("5", "USD"), None,
)  # fmt: skip
ROLES = ("sales", "joint", "after_sales", "presales", "owner")
EVERYBODY = (*worlds.PEOPLE, "root")
SCENES = (
    "all mine joint serviced participating won lost subordinates subordinates_joint subordinates_serviced shared "
    "departments voided"
).split()


def coin(run: Run, one_in: int = 2) -> bool:
    return worlds.coin(run.chance, one_in)


def pick(run: Run, options: Any) -> Any:
    return run.chance.choice(tuple(options))


def some_id(run: Run, kind: str) -> str:
    """A record of the kind: the newest ones most often, now and then one that is gone or never was."""
    known = run.known(kind)
    if not known:
        return "none"
    gone = [id for k, id in run.gone if k == kind]
    return str(pick(run, [*known[-3:] * 3, *known[-2:] * 3, *known, *gone[:1], "none"]))


def somebody(run: Run, record: Plain | None) -> str:
    """Whoever acts: the owner or a superior most often, a member of the team, an administrator, anybody."""
    if record is None or record.get("owner") is None:
        return str(pick(run, ("root", *EVERYBODY)))
    owner = record["owner"]
    line = run.books.people.superiors(owner)[:1]
    team = [person for person, _ in record.get("team", {})]
    return str(pick(run, (*[owner] * 6, *line, *line, *team, "root", *EVERYBODY)))


def on_record(run: Run, operation: str, id: str, person: str | None = None, /, **given: Any) -> str:
    """Attempt an operation on a record, by its id or by a snapshot."""
    kind = KINDS[operation.split(".")[0]]
    who = person or somebody(run, run.books.records.get((kind, id)))
    return run.attempt(operation, who, id, given, by_snapshot=coin(run, 4))


def a_deal(run: Run, fits: Callable[[Plain], object] | None = None) -> tuple[str, Plain | None]:
    """A deal, and more often than not one that *fits* what is to be done with it, where there is one."""
    id = some_id(run, "opportunity")
    if fits is not None and not coin(run, 4):
        deals = [deal for (kind, _), deal in run.books.records.items() if kind == "opportunity" and fits(deal)]
        id = pick(run, deals)["id"] if deals else id
    return id, run.books.records.get(("opportunity", id))


def any_stage(run: Run, deal: Plain | None) -> str:
    known = codes(run.books.template(deal)) if deal else ["a"]
    return str(pick(run, [*known, *known, "nowhere"]))


def any_task(run: Run, deal: Plain | None) -> str:
    """A task of the stage, or of after-sales, by id or code, open ones first."""
    sides = [side for side in (deal, deal and running(deal)) if side]
    tasks = [t for side in sides for t in side["tasks"] if t["stage"] == side["stage"]]
    tasks += [t for side in sides for t in side["tasks"] if t["stage"] != side["stage"]][:1]
    tasks.sort(key=lambda task: bool(task["status"] != "open"))
    ids = [t["id"] for t in tasks]
    return str(pick(run, [*ids[:1] * 4, *ids, *(t["code"] for t in tasks), "none"]))


def any_day(run: Run, *, past: bool = False) -> Any:
    today = run.clock.now().astimezone(run.zone).date()
    return today + timedelta(days=pick(run, (0, 1, 30, -1 if past else 2)))


def any_team(run: Run) -> list[tuple[str, str, str]]:
    def member() -> tuple[str, str, str]:
        return pick(run, worlds.PEOPLE), pick(run, ROLES[:3] * 3 + ROLES), pick(run, ("read", "read_write"))

    return [member() for _ in range(pick(run, (0, 0, 1, 2)))]


def approver(run: Run, deal: Plain | None) -> str | None:
    above = run.books.people.superiors(deal["owner"]) if deal else []
    who: str | None = pick(run, (*above[:1] * 4, *above, None))
    return who
