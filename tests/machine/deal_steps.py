"""What may happen next to a deal: fields, stages, outcomes, tasks, feedback."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.machine import worlds
from tests.machine.driver import Run
from tests.machine.reference.people import Plain
from tests.machine.reference.stages import codes, is_filled, owed, stage_of, waiting
from tests.machine.reference.work import running
from tests.machine.steps import (
    AMOUNTS,
    EVERYBODY,
    TEXTS,
    WORDS,
    a_deal,
    any_day,
    any_stage,
    any_task,
    any_team,
    approver,
    coin,
    on_record,
    pick,
    step,
)


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


@step("opportunities.start_dialog", 4)
def start_dialog(run: Run) -> None:
    answers = {"who": pick(run, ("web", "fair", None)), "much": pick(run, (400_000, 1_000_000, 0, None))}
    dialog = pick(run, ("guide",) * 5 + ("none",))
    on_record(run, "opportunities.start_dialog", a_deal(run)[0], dialog=dialog, answers=answers)


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
    what = pick(run, ("waive", "waive", "run", "run", "leave"))
    if what == "leave":
        for process in ("plain", "tender"):
            on_record(run, "opportunities.change_process", id, owner, process=process, stage=None, reason="else")
        deal, template = run.books.records["opportunity", id], run.books.template(deal)
    for stage in owed(deal, template) if what == "run" else ():
        on_record(run, "opportunities.change_stage", id, owner, stage=stage, reason="made up for")
        do_what_is_asked(run, id, deal, deal, owner)
        on_record(run, "opportunities.advance", id, owner)
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
    due: Plain = pick(run, ({}, {"due": None}, {"due": any_day(run)}))
    assignee = pick(run, (*EVERYBODY, None, None) if due else EVERYBODY)
    on_record(run, "opportunities.assign_task", id, task=any_task(run, deal), assignee=assignee, **due)


@step("opportunities.unassign_task")
def unassign_task(run: Run) -> None:
    id, deal = a_deal(run, lambda deal: any(t["assignee"] for t in deal["tasks"]))
    on_record(run, "opportunities.unassign_task", id, task=any_task(run, deal))


@step("opportunities.fill_feedback")
def fill_feedback(run: Run) -> None:
    on_record(run, "opportunities.fill_feedback", a_deal(run)[0], text=pick(run, TEXTS))
