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
from tests.machine.reference.stages import codes, is_filled, not_approved, owed, stage_of, waiting
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


# deals


@step("opportunities.create", 6)
def create(run: Run) -> None:
    person = pick(run, EVERYBODY)
    known = [c for c in ("customer", "contact") if run.known(c)]
    parties = {kind: pick(run, [*run.known(kind)[-3:], None]) for kind in known}
    given: Plain = {
        "amount": pick(run, AMOUNTS), "close_date": any_day(run, past=coin(run, 8)), "team": any_team(run),
        "led_by": pick(run, ("us", "us", "partner")), "source": pick(run, ("web", None)), **parties,
    }  # fmt: skip
    if coin(run, 4):
        given |= {"stage": pick(run, (*worlds.STAGES, "nowhere")), "reason": pick(run, WORDS)}
    if coin(run, 4):
        given["owner"] = pick(run, EVERYBODY)
    process = pick(run, ("plain", "tender", "tender"))
    run.attempt("opportunities.create", person, None, {"name": "A deal", "process": process, **given})


@step("opportunities.edit", 6)
def edit(run: Run) -> None:
    id, _ = a_deal(run)
    some: dict[str, Callable[[], Any]] = {
        "name": lambda: pick(run, ("A deal", "Another")),
        "amount": lambda: pick(run, AMOUNTS),
        "close_date": lambda: pick(run, (any_day(run), None)),
        "led_by": lambda: pick(run, ("us", "partner")),
        "source": lambda: pick(run, ("web", "fair", None)),
        "probability": lambda: pick(run, (0, 77)),
        "custom": lambda: {"budget": pick(run, ("yes", " ", 0, None))},
        "customer": lambda: pick(run, (*run.known("customer")[-2:], "none", None)),
        "contact": lambda: pick(run, (*run.known("contact")[-2:], "none", None)),
    }
    names = run.chance.sample(sorted(some), pick(run, (1, 1, 2, 3)))
    on_record(run, "opportunities.edit", id, **{name: some[name]() for name in names})


@step("opportunities.add_activity")
def add_activity(run: Run) -> None:
    at = pick(run, (None, run.clock.now() - timedelta(days=1)))
    on_record(run, "opportunities.add_activity", a_deal(run)[0], kind="call", text=pick(run, TEXTS), at=at)


@step("opportunities.advance", 12)
def advance(run: Run) -> None:
    on_record(run, "opportunities.advance", a_deal(run)[0])


@step("opportunities.change_stage", 8)
def change_stage(run: Run) -> None:
    id, deal = a_deal(run)
    on_record(run, "opportunities.change_stage", id, stage=any_stage(run, deal), reason=pick(run, WORDS))


@step("opportunities.change_process", 3)
def change_process(run: Run) -> None:
    id, _ = a_deal(run)
    stage = pick(run, (None, None, *worlds.STAGES, "nowhere"))
    process = pick(run, ("plain", "tender", "tender", "after_sales"))
    on_record(run, "opportunities.change_process", id, process=process, stage=stage, reason=pick(run, WORDS))


@step("opportunities.win", 6)
def win(run: Run) -> None:
    day = pick(run, (None, any_day(run, past=True)))
    on_record(run, "opportunities.win", a_deal(run)[0], amount=pick(run, AMOUNTS), close_date=day, comment="so")


@step("opportunities.lose")
def lose(run: Run) -> None:
    reason = pick(run, ("price", "other", "nonsense", None))
    competitor = pick(run, ("Globex", None))
    on_record(run, "opportunities.lose", a_deal(run)[0], reason=reason, competitor=competitor)


@step("opportunities.invalidate")
def invalidate(run: Run) -> None:
    on_record(run, "opportunities.invalidate", a_deal(run)[0], reason=pick(run, ("other", "price", None)))


@step("opportunities.reopen", 6)
def reopen(run: Run) -> None:
    on_record(run, "opportunities.reopen", a_deal(run, lambda deal: deal["status"] != "in_progress")[0])


@step("opportunities.void")
def void(run: Run) -> None:
    on_record(run, "opportunities.void", a_deal(run)[0], reason=pick(run, WORDS))


@step("opportunities.unvoid", 4)
def unvoid(run: Run) -> None:
    id, _ = a_deal(run, lambda deal: deal["voided"])
    on_record(run, "opportunities.unvoid", id, pick(run, ("root", "root", None)))


@step("opportunities.delete")
def delete(run: Run) -> None:
    on_record(run, "opportunities.delete", a_deal(run)[0])


@step("opportunities.finish_task", 10)
def finish_task(run: Run) -> None:
    id, deal = a_deal(run)
    on_record(run, "opportunities.finish_task", id, task=any_task(run, deal))


@step("opportunities.finish_task", 6)
def finish_everything(run: Run) -> None:
    """Every open task of the stage and of after-sales, so that what comes after them is reached."""
    id, deal = a_deal(run, running)
    for side in (deal, deal and running(deal)):
        for task in list(side["tasks"]) if side else ():
            if side and task["stage"] == side["stage"] and task["status"] == "open":
                on_record(run, "opportunities.finish_task", id, task=task["id"])


def do_what_is_asked(run: Run, id: str, deal: Plain, side: Plain, who: str) -> None:
    """Finish the open tasks of the stage, and fill in what it needs."""
    for task in [t for t in side["tasks"] if t["stage"] == side["stage"] and t["status"] == "open"]:
        on_record(run, "opportunities.finish_task", id, who, task=task["id"])
    contacts = [
        c for c in run.known("contact") if run.books.records["contact", c]["customer"] in (None, deal["customer"])
    ]
    feedback = "fill_feedback" if side is deal else "after_sales_feedback"
    fill: dict[str, tuple[str, Plain]] = {
        "feedback": (feedback, {"text": "went well"}),
        "activities": ("add_activity", {"kind": "call", "text": "rang"}),
        "competitors": ("add_competitor", {"competitor": "Globex"}),
        "team": ("add_member", {"person": "p2", "role": "joint", "access": "read"}),
        "primary_contact": ("set_contact_role", {"contact": pick(run, contacts or ["none"]), "role": "user",
                                                 "is_primary": True}),
        "contact": ("edit", {"contact": pick(run, contacts or ["none"])}),
        "amount": ("edit", {"amount": pick(run, AMOUNTS[:4])}),
        "close_date": ("edit", {"close_date": any_day(run)}),
        "source": ("edit", {"source": "web"}),
        "custom.budget": ("edit", {"custom": {"budget": "yes"}}),
    }  # fmt: skip
    for wanted in stage_of(run.books.template(side), side["stage"])["fields"]:
        if not is_filled(deal, side, wanted["field"]):
            method, given = fill[wanted["field"]]
            on_record(run, f"opportunities.{method}", id, who, **given)


def worker_on(run: Run, deal: Plain) -> str:
    """The owner, or an administrator where the owner has left."""
    return str(deal["owner"] if run.books.people.is_employee(deal["owner"]) else "root")


@step("opportunities.advance", 14)
def press_on(run: Run) -> None:
    """Do what the stage asks for, then go on, or win in the last one: so that what comes late is reached."""
    id, deal = a_deal(run)
    if deal is None:
        return
    owner = worker_on(run, deal)
    do_what_is_asked(run, id, deal, deal, owner)
    template = run.books.template(deal)
    is_last = deal["stage"] == codes(template)[-1]
    if is_last and coin(run):
        on_record(run, "opportunities.win", id, owner, amount=None, close_date=None, comment=None)
    elif stage_of(template, deal["stage"])["approval"] and not waiting(deal):
        on_record(run, "opportunities.request_approval", id, owner, operation="win" if is_last else "advance")
    elif waiting(deal) and coin(run):
        on_record(run, "opportunities.approve", id, approver(run, deal), approval=None, comment="fine")
    else:
        on_record(run, "opportunities.advance", id, owner)


@step("opportunities.waive_stage", 3)
def raise_what_jumped(run: Run) -> None:
    """GRADE-4: a small deal jumps on its fast track and grows; what it passed over is owed and done, waived or not."""
    id, deal = a_deal(run, lambda deal: run.books.template(deal)["jump"] == "fast_track")
    if deal is None:
        return
    owner, template = worker_on(run, deal), run.books.template(deal)
    on_record(run, "opportunities.edit", id, owner, amount=AMOUNTS[0], led_by="us")
    on_record(run, "opportunities.change_stage", id, owner, stage=codes(template)[-1], reason="in haste")
    on_record(run, "opportunities.edit", id, owner, amount=AMOUNTS[3])
    for stage in owed(deal, template):
        if coin(run):
            on_record(run, "opportunities.waive_stage", id, approver(run, deal), stage=stage, reason="known")
    do_what_is_asked(run, id, deal, deal, owner)
    on_record(run, "opportunities.win", id, owner, amount=None, close_date=None, comment=None)


@step("opportunities.reopen_task")
def reopen_task(run: Run) -> None:
    id, deal = a_deal(run, lambda deal: any(t["status"] == "done" for t in deal["tasks"]))
    on_record(run, "opportunities.reopen_task", id, task=any_task(run, deal))


@step("opportunities.add_task")
def add_task(run: Run) -> None:
    given = {
        "name": "Own", "code": pick(run, ("t", "own", None)), "assignee": pick(run, (*EVERYBODY, None, None)),
        "due": pick(run, (None, any_day(run))), "after_sales": coin(run, 3),
    }  # fmt: skip
    on_record(run, "opportunities.add_task", a_deal(run)[0], **given)


@step("opportunities.assign_task")
def assign_task(run: Run) -> None:
    id, deal = a_deal(run)
    due = pick(run, (None, any_day(run)))
    assignee = pick(run, EVERYBODY if due is None else (*EVERYBODY, None, None))
    on_record(run, "opportunities.assign_task", id, task=any_task(run, deal), assignee=assignee, due=due)


@step("opportunities.unassign_task")
def unassign_task(run: Run) -> None:
    id, deal = a_deal(run, lambda deal: any(t["assignee"] for t in deal["tasks"]))
    on_record(run, "opportunities.unassign_task", id, task=any_task(run, deal))


@step("opportunities.fill_feedback")
def fill_feedback(run: Run) -> None:
    on_record(run, "opportunities.fill_feedback", a_deal(run)[0], text=pick(run, TEXTS))


@step("opportunities.change_owner")
def change_owner(run: Run) -> None:
    role, hand_over = pick(run, (None, "sales", "joint", "owner")), coin(run)
    on_record(run, "opportunities.change_owner", a_deal(run)[0], to=pick(run, EVERYBODY), old_owner_role=role,
              hand_over_tasks=hand_over)  # fmt: skip


def any_member(run: Run, deal: Plain | None) -> Plain:
    known = [who for who in (deal or {}).get("team", {}) if who[1] != "owner"] * 3
    known.append((pick(run, EVERYBODY), pick(run, ROLES)))
    person, role = pick(run, known)
    return {"person": person, "role": role}


@step("opportunities.add_member", 4)
def add_member(run: Run) -> None:
    member = {"person": pick(run, EVERYBODY), "role": pick(run, ROLES)}
    on_record(run, "opportunities.add_member", a_deal(run)[0], **member, access=pick(run, ("read", "read_write")))


@step("opportunities.change_member")
def change_member(run: Run) -> None:
    id, deal = a_deal(run, lambda deal: len(deal["team"]) > 1)
    access = pick(run, ("read", "read_write"))
    on_record(run, "opportunities.change_member", id, **any_member(run, deal), access=access)


@step("opportunities.remove_member")
def remove_member(run: Run) -> None:
    id, deal = a_deal(run, lambda deal: len(deal["team"]) > 1)
    on_record(run, "opportunities.remove_member", id, **any_member(run, deal))


@step("opportunities.set_contact_role")
def set_contact_role(run: Run) -> None:
    contact = pick(run, (*run.known("contact")[-3:], "none"))
    on_record(run, "opportunities.set_contact_role", a_deal(run)[0], contact=contact, role="user",
              is_primary=coin(run))  # fmt: skip


@step("opportunities.add_competitor")
def add_competitor(run: Run) -> None:
    on_record(run, "opportunities.add_competitor", a_deal(run)[0], competitor=pick(run, ("Globex", "Initech")))


@step("opportunities.remove_competitor")
def remove_competitor(run: Run) -> None:
    on_record(run, "opportunities.remove_competitor", a_deal(run, lambda deal: deal["competitors"])[0], competitor=pick(run, ("Globex", "Initech")))


@step("opportunities.set_grade", 3)
def set_grade(run: Run) -> None:
    id, deal = a_deal(run)
    on_record(run, "opportunities.set_grade", id, approver(run, deal), grade=pick(run, "ABCDE"), reason=pick(run, WORDS))


@step("opportunities.clear_grade")
def clear_grade(run: Run) -> None:
    id, deal = a_deal(run, lambda deal: deal["by_hand"])
    on_record(run, "opportunities.clear_grade", id, approver(run, deal))


@step("opportunities.waive_stage", 3)
def waive_stage(run: Run) -> None:
    id, deal = a_deal(run, lambda deal: owed(deal, run.books.template(deal)))
    known = owed(deal, run.books.template(deal)) if deal else []
    stage = pick(run, [*known * 3, any_stage(run, deal)])
    on_record(run, "opportunities.waive_stage", id, approver(run, deal), stage=stage, reason=pick(run, WORDS))


@step("opportunities.register_with_partner", 3)
def register_with_partner(run: Run) -> None:
    on_record(run, "opportunities.register_with_partner", a_deal(run, lambda deal: deal["led_by"] == "partner")[0])


@step("opportunities.request_approval", 6)
def request_approval(run: Run) -> None:
    id, deal = a_deal(run, lambda deal: not_approved(deal, run.books.template(deal)))
    operation = pick(run, ("advance", "change_stage", "win"))
    given = {"stage": any_stage(run, deal), "reason": "because"} if operation == "change_stage" else {}
    on_record(run, "opportunities.request_approval", id, operation=operation, **given)


def any_approval(run: Run, deal: Plain | None) -> str | None:
    known = [a["id"] for a in (deal or {}).get("approvals", ())]
    found: str | None = pick(run, (None, None, *known[-2:], "none"))
    return found


def approver(run: Run, deal: Plain | None) -> str | None:
    above = run.books.people.superiors(deal["owner"]) if deal else []
    who: str | None = pick(run, (*above[:1] * 4, *above, None))
    return who


@step("opportunities.approve", 6)
def approve(run: Run) -> None:
    id, deal = a_deal(run, waiting)
    approval = any_approval(run, deal)
    on_record(run, "opportunities.approve", id, approver(run, deal), approval=approval, comment=pick(run, WORDS))


@step("opportunities.refuse")
def refuse(run: Run) -> None:
    id, deal = a_deal(run, waiting)
    approval = any_approval(run, deal)
    on_record(run, "opportunities.refuse", id, approver(run, deal), approval=approval, comment=pick(run, WORDS))


@step("opportunities.withdraw_approval")
def withdraw_approval(run: Run) -> None:
    id, deal = a_deal(run, waiting)
    on_record(run, "opportunities.withdraw_approval", id, approval=any_approval(run, deal))


@step("opportunities.start_after_sales", 3)
def start_after_sales(run: Run) -> None:
    process = pick(run, (None, "plain", "after_sales"))
    on_record(run, "opportunities.start_after_sales", a_deal(run)[0], process=process)


@step("opportunities.after_sales_feedback")
def after_sales_feedback(run: Run) -> None:
    on_record(run, "opportunities.after_sales_feedback", a_deal(run, running)[0], text=pick(run, TEXTS))


@step("opportunities.after_sales_advance", 4)
def press_on_beside(run: Run) -> None:
    """Do what the after-sales stage asks for, then go on, or finish in the last one."""
    id, deal = a_deal(run, running)
    side = deal and running(deal)
    if deal is None or side is None:
        return
    owner = worker_on(run, deal)
    do_what_is_asked(run, id, deal, side, owner)
    is_last = side["stage"] == codes(run.books.template(side))[-1]
    on_record(run, f"opportunities.{'finish_after_sales' if is_last else 'after_sales_advance'}", id, owner)


@step("opportunities.after_sales_advance", 3)
def after_sales_advance(run: Run) -> None:
    on_record(run, "opportunities.after_sales_advance", a_deal(run, running)[0])


@step("opportunities.finish_after_sales", 3)
def finish_after_sales(run: Run) -> None:
    on_record(run, "opportunities.finish_after_sales", a_deal(run, running)[0])
