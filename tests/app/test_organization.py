"""A change of manager, department, sharing, role or employment takes effect on the next call (VIS-20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import salesflow as sf
from tests.app.world import BareStore, World, codes

every_store = pytest.mark.parametrize("through", [None, BareStore], ids=["memory", "three methods"])


def sees(world: World, person: str, deal: sf.Opportunity) -> bool:
    """Whether *person* gets the deal, and everything else that could tell agrees."""
    try:
        world.acting(person).opportunities.get(deal)
        seen = True
    except sf.NotFound:
        seen = False
    assert seen == (deal.id in {found.id for found in world.acting(person).opportunities.list().items})
    assert seen == bool(world.acting(person).opportunities.count())
    assert seen == (person in world.flow.who_can_see(deal))
    assert seen == world.flow.why(person, deal).is_visible
    return seen


@every_store
def test_a_new_manager_sees_at_once_and_the_old_one_no_more(through: Any):
    """VIS-20, ORG-6: the same objects, the next call."""
    world = World(through=through)
    deal = world.deal()
    zhou = world.acting("zhou").opportunities
    assert (sees(world, "zhang", deal), sees(world, "zhou", deal)) == (True, False)
    world.organization.set_manager("li", "zhou")
    world.organization.set_department("li", "west")
    assert (sees(world, "zhang", deal), sees(world, "zhou", deal)) == (False, True)
    assert zhou.edit(deal, name="B").name == "B"
    world.organization.set_department("li", "east")
    assert sees(world, "zhang", deal)
    with pytest.raises(sf.Refused) as refused:
        world.acting("zhang").opportunities.edit(deal.id, name="C")
    assert codes(refused.value) == {"not_permitted"}


@every_store
def test_sharing_opens_and_closes_at_once(through: Any):
    """VIS-11, VIS-20: created, it lets see; edited, it lets write; deleted, neither; reaching whom it names only."""
    world = World(through=through)
    deal = world.deal()
    root = world.acting("root").sharing
    wang = world.acting("wang").opportunities
    assert not sees(world, "wang", deal)
    rule = root.create(from_department="east", to_person="wang")
    assert (sees(world, "wang", deal), sees(world, "wu", deal)) == (True, False)
    with pytest.raises(sf.Refused):
        wang.edit(deal, name="B")
    rule = root.edit(rule, access=sf.Access.READ_WRITE)
    deal = wang.edit(deal, name="B")
    root.delete(rule)
    assert not sees(world, "wang", deal)


TARGETS: list[tuple[dict[str, Any], set[str]]] = [
    ({"to_person": "feng"}, {"feng"}),
    ({"to_department": "service"}, {"wu", "wang", "feng"}),
    ({"to_department": "board"}, {"qian"}),
    ({"to_department": "board", "to_subdepartments": True}, {"qian", "wu", "wang", "feng"}),
    ({"to_group": "readers"}, {"qian", "chen"}),
]


@pytest.mark.parametrize(("target", "reached"), TARGETS)
def test_sharing_reaches_whom_it_names(target: dict[str, Any], reached: set[str]):
    """VIS-11, ORG-1, ORG-3: one person, a department with or without those below it, a group."""
    world = World()
    world.organization.put_department(sf.Department("board"))
    world.organization.put_department(sf.Department("service", head="wu", parent="board"))
    world.organization.put_employee(sf.Employee("qian", department="board", groups=frozenset({"readers"})))
    world.organization.put_group(sf.UserGroup("readers", members=frozenset({"chen"})))
    world.flow.sharing.create(from_person="li", **target)
    deal = world.deal()
    assert {person for person in ("qian", "chen", "wu", "wang", "feng", "zhou") if sees(world, person, deal)} == reached


def test_team_and_owner_change_sight_at_once():
    """VIS-20, TEAM-2, OPP-11: a member and their superior see it while they are in the team; an old owner who leaves,
    no more."""
    world = World()
    li = world.acting("li").opportunities
    deal = world.deal()
    assert not sees(world, "zhao", deal)
    deal = li.add_member(deal, "zhao", role="joint")
    assert (sees(world, "zhao", deal), sees(world, "zhou", deal)) == (True, True)
    deal = li.remove_member(deal, "zhao", role="joint")
    assert (sees(world, "zhao", deal), sees(world, "zhou", deal)) == (False, False)
    deal = li.change_owner(deal, "qian")
    assert (sees(world, "li", deal), sees(world, "zhang", deal), sees(world, "qian", deal)) == (False, False, True)


LEAVING: list[Callable[[World], None]] = [
    lambda world: world.organization.put_employee(sf.Employee("li", manager="zhang", active=False)),
    lambda world: world.organization.remove_employee("li"),
]


@pytest.mark.parametrize("leave", LEAVING, ids=["inactive", "removed"])
def test_whoever_left_may_nothing_and_their_records_stay_with_those_above(leave: Callable[[World], None]):
    """ORG-2, ORG-5: a departed employee is not found; while they stay a link in the chain, their superiors see on."""
    world = World()
    li = world.acting("li")
    deal, own = world.deal(), world.deal("chen")
    leave(world)
    for call in (lambda: li.opportunities.get(deal), lambda: li.leads.create(title="A", phone="1")):
        with pytest.raises(sf.NotFound, match="no person 'li'"):
            call()
    assert world.acting("zhang").opportunities.get(own) == own
    if "li" in {employee.id for employee in world.organization.employees}:
        assert world.acting("zhang").opportunities.change_owner(deal, "chen").owner == "chen"


def test_an_approval_happens_with_the_rights_that_the_requester_has_by_then():
    """RULE-2, VIS-20: asked for with rights, decided without them: what waited is refused, and goes on waiting."""
    world = World()
    deal = world.briefed()
    deal = world.acting("li").opportunities.add_member(deal, "zhao", access=sf.Access.READ_WRITE)
    waiting = world.acting("zhao").opportunities.request_approval(deal, "advance")
    told = len(world.outbox())
    reader = world.acting("li").opportunities.change_member(waiting, "zhao", role="sales", access=sf.Access.READ)
    with pytest.raises(sf.Refused) as refused:
        world.acting("zhang").opportunities.approve(reader)
    assert codes(refused.value) == {"not_permitted"}
    assert refused.value.reasons[0].facts["person"] == "zhao"
    gone = world.acting("li").opportunities.remove_member(reader, "zhao", role="sales")
    with pytest.raises(sf.Refused) as refused:
        world.acting("zhang").opportunities.approve(gone)
    assert codes(refused.value) == {"person_unknown"}
    again = world.acting("li").opportunities.add_member(gone, "zhao", access=sf.Access.READ_WRITE)
    done = world.acting("zhang").opportunities.approve(again, comment="go")
    assert done.stage == "analyse_needs"
    (granted, left, entered) = world.outbox(told)[-3:]
    assert [(event.kind, event.by) for event in (granted, left, entered)] == [
        ("approval_granted", "zhang"), ("stage_left", "zhao"), ("stage_entered", "zhao"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "arguments"), [("change_stage", {"stage": "analyse_needs"}), ("change_stage", {"stage": "validate"})]
)
def test_what_waits_is_kept_with_its_arguments(operation: str, arguments: dict[str, Any]):
    """RULE-2: approved, it happens as it was asked for; what needs no approval, or cannot be, is refused when asked."""
    world = World()
    deal = world.briefed()
    li = world.acting("li").opportunities
    if arguments["stage"] == "validate":
        with pytest.raises(sf.Refused) as refused:
            li.request_approval(deal, operation, **arguments, reason="new facts")
        assert codes(refused.value) == {"approval_not_needed"}
        return
    waiting = li.request_approval(deal, operation, **arguments)
    assert waiting.approvals[-1].arguments == tuple(arguments.items())
    assert world.acting("sun").opportunities.approve(waiting, waiting.approvals[-1].id).stage == arguments["stage"]


def test_a_win_that_waited_is_won_with_its_comment():
    """RULE-2, OPP-7: the third operation that can wait."""
    world = World()
    li = world.acting("li").opportunities
    deal = li.request_approval(li.advance(world.deal(process="gated")), "win", comment="at last")
    won = world.acting("zhang").opportunities.approve(deal)
    assert won.closing is not None
    assert (won.status, won.closing.comment, won.closing.by) == ("won", "at last", "li")


def test_withdrawing_takes_back_what_waits():
    """RULE-2, OPP-20, ACC-27: by its id or the one that waits; a registration can then be asked for anew."""
    world = World()
    li = world.acting("li").opportunities
    deal = li.withdraw_approval(world.registering())
    assert (deal.registration, deal.approvals[-1].status) == ("unregistered", "withdrawn")
    deal = li.register_with_partner(deal)
    deal = li.withdraw_approval(deal, deal.approvals[-1].id)
    assert [approval.status for approval in deal.approvals] == ["withdrawn", "withdrawn"]
