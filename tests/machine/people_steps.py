"""What may happen next to the people of a deal: its team, its superiors' decisions, and after-sales beside it."""

from __future__ import annotations

from tests.machine.deal_steps import do_what_is_asked, worker_on
from tests.machine.driver import Run
from tests.machine.reference.books import Case
from tests.machine.reference.moves import named
from tests.machine.reference.people import Plain
from tests.machine.reference.stages import asked, codes, owed, waiting
from tests.machine.reference.work import running
from tests.machine.steps import EVERYBODY, ROLES, TEXTS, WORDS, a_deal, any_stage, approver, coin, on_record, pick, step


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
    others = [id for id in (*run.known("contact")[-3:], "nobody") if id != contact]
    on_record(run, "opportunities.set_contact_role", a_deal(run)[0], contact=contact, role="user",
              is_primary=coin(run), related_to=pick(run, (None, *others)))  # fmt: skip


@step("opportunities.add_competitor")
def add_competitor(run: Run) -> None:
    on_record(run, "opportunities.add_competitor", a_deal(run)[0], competitor=pick(run, ("Globex", "Initech")))


@step("opportunities.remove_competitor")
def remove_competitor(run: Run) -> None:
    id, _ = a_deal(run, lambda deal: deal["competitors"])
    on_record(run, "opportunities.remove_competitor", id, competitor=pick(run, ("Globex", "Initech")))


@step("opportunities.set_grade", 3)
def set_grade(run: Run) -> None:
    id, deal = a_deal(run)
    on_record(
        run, "opportunities.set_grade", id, approver(run, deal), grade=pick(run, "ABCDE"), reason=pick(run, WORDS)
    )


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


@step("opportunities.register_with_partner", 1)
def lead_it_after_all(run: Run) -> None:
    """OPP-20: a partner's deal waits for its registration, and we take the lead meanwhile."""
    id, deal = a_deal(run, lambda deal: deal["status"] == "in_progress")
    if deal is not None:
        on_record(run, "opportunities.edit", id, deal["owner"], led_by="partner")
        on_record(run, "opportunities.register_with_partner", id, deal["owner"])
        on_record(run, "opportunities.edit", id, deal["owner"], led_by="us")
        on_record(run, "opportunities.approve", id, approver(run, deal), approval=None, comment="fine")


@step("opportunities.request_approval", 6)
def request_approval(run: Run) -> None:
    operation = pick(run, ("advance", "change_stage", "win", "lose", "invalidate"))
    id, deal = a_deal(run, lambda deal: asked(deal, run.books.template(deal), operation))
    given = {
        "change_stage": {"stage": any_stage(run, deal), "reason": "because"},
        "lose": {"reason": "price"},
        "invalidate": {"reason": "other"},
    }.get(operation, {})
    on_record(run, "opportunities.request_approval", id, operation=operation, **given)


def any_approval(run: Run, deal: Plain | None) -> str | None:
    known = [a["id"] for a in (deal or {}).get("approvals", ())]
    found: str | None = pick(run, (None, None, *known[-2:], "none"))
    return found


def decider(run: Run, deal: Plain | None) -> str | None:
    """Whom an approval that waits names, or a superior, or anybody."""
    case = None if deal is None else Case(run.books, "root", deal)
    people = [] if case is None else [who for one in waiting(case.record) for who in named(case, one["approver"])]
    who: str | None = pick(run, (*people[:2], *people[:2], approver(run, deal)))
    return who


@step("opportunities.approve", 6)
def approve(run: Run) -> None:
    id, deal = a_deal(run, waiting)
    approval = any_approval(run, deal)
    on_record(run, "opportunities.approve", id, decider(run, deal), approval=approval, comment=pick(run, WORDS))


@step("opportunities.refuse")
def refuse(run: Run) -> None:
    id, deal = a_deal(run, waiting)
    approval = any_approval(run, deal)
    on_record(run, "opportunities.refuse", id, decider(run, deal), approval=approval, comment=pick(run, WORDS))


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
