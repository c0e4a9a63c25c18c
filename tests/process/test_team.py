"""The team: one owner always, transferred with everything stated; members come, change and go."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import (
    Access,
    Opportunity,
    OpportunityStatus,
    Reason,
    SalesProcess,
    Stage,
    TaskTemplate,
    TeamMember,
    TeamRole,
    apply,
    check,
)
from salesflow.process import (
    add_member,
    assign_task,
    change_member,
    change_owner,
    compile,
    finish_task,
    remove_member,
    start_after_sales,
    void,
)
from salesflow.testing import strategies as some
from tests.process.samples import AT, BY, NAIVE, changed, closed, codes, does, kinds, opened

LI = TeamMember("li", TeamRole.OWNER, Access.READ_WRITE)
WANG = TeamMember("wang", TeamRole.JOINT, Access.READ)
SERVICE = SalesProcess("service", 1, [Stage("install", tasks=[TaskTemplate("mount")])])
MEMBERS: tuple[Any, ...] = (
    lambda opp, member=WANG, **when: add_member(opp, member, by="li", **when),
    lambda opp, member=WANG, **when: change_member(opp, member, by="li", **when),
    lambda opp, member=WANG, **when: remove_member(opp, member, by="li", **when),
)


def transfer(
    opportunity: Opportunity, to: str = "zhang", role: str | None = None, *, tasks: bool = False, **when: Any
) -> Any:
    return change_owner(opportunity, to, old_owner_role=role, hand_over_tasks=tasks, **{**BY, **when})


def assigned(opportunity: Opportunity, task: str, person: str) -> Opportunity:
    return does(opportunity, assign_task(opportunity, task, person, due=None, can_see=True, **BY))


def test_the_old_owner_leaves():
    """OPP-11, TEAM-2: whatever roles they had; the new one stands as OWNER with READ_WRITE, the rest stay."""
    opportunity = opened(team=(WANG, TeamMember("li", TeamRole.SALES)))
    decision = transfer(opportunity)
    after = does(opportunity, decision)
    assert kinds(decision) == ["owner_changed"]
    assert decision.events[0].operation == "opportunities.change_owner"
    assert changed(decision) == {"owner", "team"}
    assert after.owner == "zhang"
    assert set(after.team) == {TeamMember("zhang", TeamRole.OWNER, Access.READ_WRITE), WANG}


@pytest.mark.parametrize("before", [(), (TeamMember("li", TeamRole.JOINT),)])
def test_the_old_owner_stays_in_a_role(before):
    """OPP-11: with READ_WRITE, also where they had that role with less; other roles stay beside it."""
    other = TeamMember("li", "legal")
    opportunity = opened(team=(*before, other))
    after = does(opportunity, transfer(opportunity, role=TeamRole.JOINT))
    assert set(after.team) == {
        TeamMember("zhang", TeamRole.OWNER, Access.READ_WRITE),
        TeamMember("li", TeamRole.JOINT, Access.READ_WRITE),
        other,
    }


def test_a_member_may_become_the_owner():
    """OPP-11, TEAM-2: a person stands at most once per role, so what they were they stay beside it."""
    opportunity = opened(team=(WANG,))
    after = does(opportunity, transfer(opportunity, "wang"))
    assert set(after.team) == {TeamMember("wang", TeamRole.OWNER, Access.READ_WRITE), WANG}


@pytest.mark.parametrize("handing", [False, True])
def test_open_tasks_are_handed_over_or_not(handing):
    """OPP-11: those that are open and were the old owner's, of after-sales too; the transfer says which."""
    opportunity = opened()
    opportunity = does(opportunity, start_after_sales(opportunity, compile(SERVICE), **BY))
    for task, person in (("call", "li"), ("write", "li"), ("mount", "li")):
        opportunity = assigned(opportunity, task, person)
    opportunity = does(opportunity, finish_task(opportunity, "write", **BY))
    after = does(opportunity, transfer(opportunity, tasks=handing))
    to = "zhang" if handing else "li"
    assert [t.assignee for t in after.tasks] == [to, "li"]
    assert [t.assignee for t in after.after_sales[0].tasks] == [to]


def test_tasks_of_others_stay_theirs():
    """OPP-11: handing over moves the old owner's tasks only."""
    opportunity = assigned(opened(), "call", "wang")
    after = does(opportunity, transfer(opportunity, tasks=True))
    assert [t.assignee for t in after.tasks] == ["wang", None]


@pytest.mark.parametrize("status", ["in_progress", "won", "lost", "invalid"])
def test_stage_progress_and_history_are_untouched(status):
    """OPP-11: in every status, as long as it is not voided."""
    opportunity = opened() if status == "in_progress" else closed(OpportunityStatus(status))
    after = does(opportunity, transfer(opportunity, role="sales"))
    same = evolve(after, owner="li", team=opportunity.team, version=opportunity.version)
    assert same == opportunity
    voided = does(opportunity, void(opportunity, reason=None, **BY))
    assert codes(transfer(voided)) == ["is_voided"]


def test_a_transfer_goes_to_somebody_else_and_leaves_no_second_owner():
    """OPP-11, TEAM-2: both reasons come together."""
    own = Reason("already_owner", person="li")
    assert transfer(opened(), "li").reasons == (own,)
    assert transfer(opened(), role=TeamRole.OWNER).reasons == (Reason("owner_role"),)
    assert transfer(opened(), "li", role="owner").reasons == (own, Reason("owner_role"))


def test_adding_a_member():
    """TEAM-1, TEAM-2: any role but the owner's, each person once per role."""
    opportunity = opened()
    decision = add_member(opportunity, WANG, **BY)
    after = does(opportunity, decision)
    assert kinds(decision) == ["member_added"]
    assert decision.events[0].operation == "opportunities.add_member"
    assert after.team == (LI, WANG)
    again = does(after, add_member(after, evolve(WANG, role="legal"), **BY))
    assert again.team == (LI, WANG, evolve(WANG, role="legal"))
    assert add_member(after, evolve(WANG, access=Access.READ_WRITE), **BY).reasons == (
        Reason("member_exists", person="wang", role="joint"),
    )


def test_changing_a_member():
    """OPP-11: the access level; the others stay as they are."""
    opportunity = opened(team=(WANG, TeamMember("wang", TeamRole.SALES)))
    writing = evolve(WANG, access=Access.READ_WRITE)
    decision = change_member(opportunity, writing, **BY)
    after = does(opportunity, decision)
    assert kinds(decision) == ["member_changed"]
    assert decision.events[0].operation == "opportunities.change_member"
    assert after.team == (LI, writing, TeamMember("wang", TeamRole.SALES))


def test_removing_a_member():
    """OPP-11: from that role only."""
    opportunity = opened(team=(WANG, TeamMember("wang", TeamRole.SALES)))
    decision = remove_member(opportunity, WANG, **BY)
    after = does(opportunity, decision)
    assert kinds(decision) == ["member_removed"]
    assert decision.events[0].operation == "opportunities.remove_member"
    assert after.team == (LI, TeamMember("wang", TeamRole.SALES))


@pytest.mark.parametrize("operation", MEMBERS[1:])
def test_only_a_member_is_changed_or_removed(operation):
    """OPP-11: the role counts, not the person alone."""
    opportunity = opened(team=(TeamMember("wang", TeamRole.SALES),))
    assert operation(opportunity, at=AT).reasons == (Reason("member_unknown", person="wang", role="joint"),)


@pytest.mark.parametrize("operation", MEMBERS)
@pytest.mark.parametrize("person", ["li", "wang"])
def test_the_owners_place_changes_by_a_transfer_only(operation, person):
    """TEAM-2: nobody is made, changed or removed as OWNER by a member operation."""
    decision = operation(opened(), evolve(LI, person=person), at=AT)
    assert codes(decision)[0] == "owner_role"
    assert "member_unknown" not in codes(decision)


@pytest.mark.parametrize("operation", MEMBERS)
def test_members_change_while_served(operation):
    """OPP-11: in progress, won and lost; not of an invalid or voided record; all reasons together."""
    in_team: dict[str, Any] = {} if operation is MEMBERS[0] else {"team": (WANG,)}
    for status in ("in_progress", "won", "lost"):
        opportunity = opened(**in_team) if status == "in_progress" else closed(OpportunityStatus(status), **in_team)
        does(opportunity, operation(opportunity, at=AT))
    invalid = closed(OpportunityStatus.INVALID, **in_team)
    allowed = ("in_progress", "won", "lost")
    assert operation(invalid, at=AT).reasons == (Reason("wrong_status", status="invalid", allowed=allowed),)
    assert codes(operation(invalid, LI, at=AT))[:2] == ["wrong_status", "owner_role"]
    voided = does(opened(**in_team), void(opened(**in_team), reason=None, **BY))
    assert codes(operation(voided, at=AT)) == ["is_voided"]


@pytest.mark.parametrize("operation", [*MEMBERS, transfer])
def test_a_naive_moment_is_refused(operation):
    """HIST-2: the caller must say which zone is meant."""
    opportunity = opened() if operation is MEMBERS[0] else opened(team=(WANG,))
    with pytest.raises(InvalidInput, match="timezone-aware"):
        operation(opportunity, at=NAIVE)


@given(
    some.opportunities(),
    st.sampled_from(("li", "wang", "zhang", "newcomer")),
    st.none() | st.sampled_from(("sales", "joint", "after_sales", "legal")),
    st.booleans(),
)
def test_a_transfer_moves_nothing_else(opportunity: Opportunity, to: str, role: str | None, tasks: bool):
    """OPP-11, TEAM-2: one owner always; old owner, team and open tasks as stated; all else is exactly as it was."""
    decision = transfer(opportunity, to, role, tasks=tasks)
    if to == opportunity.owner or opportunity.voided:
        assert decision.reasons
        return
    old, after = opportunity.owner, apply(opportunity, decision.events)
    assert check(after) == []
    assert [m.person for m in after.team if m.role == TeamRole.OWNER] == [to] == [after.owner]
    others = {m for m in opportunity.team if m.role != TeamRole.OWNER and m.person != old}
    if role is None:
        assert not [m for m in after.team if m.person == old]
        assert set(after.team) == {*others, TeamMember(to, TeamRole.OWNER, Access.READ_WRITE)}
    else:
        theirs = {m for m in opportunity.team if m.person == old and m.role not in (TeamRole.OWNER, role)}
        stays = TeamMember(old, role, Access.READ_WRITE)
        assert set(after.team) == {*others, *theirs, stays, TeamMember(to, TeamRole.OWNER, Access.READ_WRITE)}
    for before, now in zip(opportunity.tasks, after.tasks, strict=True):
        is_handed_over = tasks and before.assignee == old and before.status != "done"  # others may open again
        assert now == (evolve(before, assignee=to) if is_handed_over else before)
    back = evolve(
        after, owner=old, team=opportunity.team, tasks=opportunity.tasks, version=opportunity.version,
        updated_at=opportunity.updated_at, after_sales=opportunity.after_sales,
    )  # fmt: skip
    assert back == opportunity
    assert [evolve(p, tasks=()) for p in after.after_sales] == [evolve(p, tasks=()) for p in opportunity.after_sales]


NAMES = st.text(":%owner3A", min_size=1, max_size=9)


@given(NAMES, NAMES, NAMES, NAMES)
def test_members_are_told_apart_by_role_and_person(role: str, person: str, other_role: str, other: str) -> None:
    """TEAM-2: one key is one person in one role, wherever colons stand; built-in roles stay readable."""
    are_one = (role, person) == (other_role, other)

    assert (TeamMember(person, role).key == TeamMember(other, other_role).key) is are_one
    assert TeamMember(f"x:{person}", TeamRole.OWNER).key != TeamMember(person, "owner:x").key
    assert TeamMember(person, TeamRole.AFTER_SALES).key == f"after_sales:{person}"


def test_no_role_takes_the_owner_out_of_the_team() -> None:
    """TEAM-2: a member whose role and id read like the owner's is somebody else; the owner stays."""
    record = evolve(opened(), owner="x:y", team=(TeamMember("x:y", TeamRole.OWNER, Access.READ_WRITE),))
    stranger = TeamMember("y", "owner:x")

    assert codes(remove_member(record, stranger, **BY)) == ["member_unknown"]
    assert codes(change_member(record, stranger, **BY)) == ["member_unknown"]
    added = does(record, add_member(record, stranger, **BY))
    assert [member.person for member in added.team] == ["x:y", "y"]
    assert does(added, remove_member(added, stranger, **BY)).team == record.team
