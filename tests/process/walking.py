"""One opportunity on a generated walk: what is done to it, and what must hold of it after each step."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from salesflow import templates
from salesflow.model import (
    Access,
    Approval,
    ContactRole,
    Decision,
    Event,
    EventBuilder,
    EventKind,
    LedBy,
    NewOpportunity,
    Opportunity,
    Reason,
    Route,
    SalesProcess,
    TaskStatus,
    TeamMember,
    TeamRole,
    apply,
    check,
    replay,
)
from salesflow.process import (
    REGISTRATION,
    Engine,
    add_activity,
    add_competitor,
    add_member,
    add_task,
    advance_after_sales,
    assign_task,
    change_member,
    change_owner,
    compile,
    create_opportunity,
    delete,
    edit_opportunity,
    fill_after_sales_feedback,
    fill_feedback,
    find_waiting,
    finish_after_sales,
    finish_task,
    grant,
    owed_stages,
    refuse,
    register_with_partner,
    remove_competitor,
    remove_member,
    reopen_task,
    request_approval,
    running_after_sales,
    set_contact_role,
    start_after_sales,
    unassign_task,
    unvoid,
    void,
    waive_stage,
    withdraw,
)
from salesflow.process.machine import StockMachine
from salesflow.testing import strategies as some
from tests.process.samples import ASKED, AT, TODAY, graded
from tests.process.walk_rules import (
    assert_after_sales,
    assert_closings,
    assert_probability,
    assert_refused,
    assert_tasks,
    assert_team,
    assert_visits,
)

SERVICE = compile(templates.builtin()["after_sales"])

Question = Callable[[Engine], Decision]


class Walk:
    """One opportunity, everything that ever happened to it, and what is drawn for its next step."""

    def __init__(self, process: SalesProcess, draw: Callable[[Any], Any]) -> None:
        self.process, self.draw = process, draw
        self.engine, self.stock = compile(process), compile(process, StockMachine)
        self.now = AT
        self.route = draw(st.sampled_from(Route))
        given: dict[str, Any] = {
            "id": "deal", "owner": "li", "customer": "acme", "contact": None, "grader": lambda _: graded(self.route),
            "by": "li", "at": self.now, "today": TODAY,
        }  # fmt: skip
        request = NewOpportunity(
            "A deal", stage=draw(st.none() | self.stages()), reason=self.words(), led_by=draw(st.sampled_from(LedBy))
        )
        made, decision = create_opportunity(process, request, **given)
        if made is None:
            assert_refused(decision)
            made, decision = create_opportunity(process, evolve(request, stage=None), **given)
        assert isinstance(made, Opportunity)
        assert check(made) == []
        self.record, self.events = made, list(decision.events)

    @property
    def who(self) -> dict[str, Any]:
        return {"by": "li", "at": self.now}

    @property
    def day(self) -> dict[str, Any]:
        return {**self.who, "today": TODAY}

    def stages(self) -> st.SearchStrategy[str]:
        return st.sampled_from([stage.code for stage in self.process.stages])

    def coin(self) -> bool:
        return bool(self.draw(st.booleans()))

    def words(self) -> Any:
        return self.draw(st.sampled_from(("known customer", "known customer", "known customer", None, "")))

    def person(self) -> str:
        return str(self.draw(st.sampled_from(("li", "wang", "zhang"))))

    def task(self) -> str:
        """A task of the current stage or of the after-sales process that runs, open ones first."""
        running = running_after_sales(self.record)
        tasks = [t for t in self.record.tasks if t.stage == self.record.stage] + list(running.tasks if running else ())
        tasks.sort(key=lambda task: task.status is not TaskStatus.OPEN)
        ids = [t.id for t in tasks] or ["none"]
        return str(self.draw(st.sampled_from(ids[:1] * 3 + ids)))

    def member(self) -> TeamMember:
        access = self.draw(st.sampled_from(Access))
        known = [m for m in self.record.team if m.role != TeamRole.OWNER]
        if known and self.coin():
            return evolve(self.draw(st.sampled_from(known)), access=access)
        return TeamMember(self.person(), self.draw(st.sampled_from(("sales", "joint", "owner"))), access)

    def waiting(self, decide: Callable[[Approval], Decision]) -> Decision:
        found = find_waiting(self.record, None, self.now)
        return Decision(reasons=(found,)) if isinstance(found, Reason) else decide(found)

    def step(self) -> None:
        """One operation out of all, with what it draws, and everything that holds of its decision."""
        self.now += timedelta(minutes=1)
        make = self.draw(st.sampled_from(OPERATIONS))
        question = make(self)
        before = pickle.dumps(self.record)
        decision = question(self.engine)
        assert question(self.engine) == decision, "the same question has the same answer"
        assert question(self.stock) == decision, "plans decide as stock does"
        assert pickle.dumps(self.record) == before, "asking changes nothing"
        if decision.reasons:
            assert_refused(decision)
        elif decision.events:
            self.take(make.__name__, decision.events)

    def take(self, name: str, events: tuple[Event, ...]) -> None:
        before, after = self.record, apply(self.record, events)
        self.events += events
        assert check(after) == []
        assert after.version == before.version + 1
        assert replay(self.events) == after
        assert [event.number for event in events] == list(range(len(events)))
        assert {event.at for event in events} == {self.now}
        assert_team(after)
        assert_visits(before, after)
        assert_tasks(name, before, after)
        assert_after_sales(name, before, after)
        assert_probability(self.process, before, after)
        assert_closings(before, after)
        assert after.feedback[: len(before.feedback)] == before.feedback
        self.record = after


OPERATIONS: list[Callable[[Walk], Question]] = []


def operation(weight: int = 1) -> Callable[[Callable[[Walk], Question]], Callable[[Walk], Question]]:
    """Let walks try this operation, *weight* times as often as the rarest."""

    def register(make: Callable[[Walk], Question]) -> Callable[[Walk], Question]:
        OPERATIONS.extend([make] * weight)
        return make

    return register


@operation(12)
def advance(walk: Walk) -> Question:
    keep = walk.coin()
    return lambda engine: engine.advance(walk.record, keep_manual=keep, **walk.who)


@operation(6)
def change_stage(walk: Walk) -> Question:
    stage, words, keep = walk.draw(walk.stages()), walk.words(), walk.coin()
    return lambda engine: engine.change_stage(walk.record, stage, reason=words, keep_manual=keep, **walk.who)


@operation(8)
def win(walk: Walk) -> Question:
    return lambda engine: engine.win(walk.record, **walk.day)


@operation()
def lose(walk: Walk) -> Question:
    reason = walk.draw(st.sampled_from((None, "nonsense", *walk.process.lost_reasons)))
    return lambda engine: engine.lose(walk.record, reason=reason, **walk.day)


@operation()
def invalidate(walk: Walk) -> Question:
    reason = walk.draw(st.sampled_from((None, "nonsense", *walk.process.invalid_reasons)))
    return lambda engine: engine.invalidate(walk.record, reason=reason, **walk.day)


@operation(4)
def reopen(walk: Walk) -> Question:
    return lambda engine: engine.reopen(walk.record, **walk.who)


@operation(12)
def finish(walk: Walk) -> Question:
    task = walk.task()
    return lambda _: finish_task(walk.record, task, **walk.who)


@operation(2)
def take_up_again(walk: Walk) -> Question:
    task = walk.task()
    return lambda _: reopen_task(walk.record, task, **walk.who)


@operation(2)
def assign(walk: Walk) -> Question:
    task, person, sees = walk.task(), walk.person() if walk.coin() else None, walk.coin()
    return lambda _: assign_task(walk.record, task, person, due=TODAY, can_see=sees, **walk.who)


@operation()
def unassign(walk: Walk) -> Question:
    task = walk.task()
    return lambda _: unassign_task(walk.record, task, **walk.who)


@operation(2)
def add_own_task(walk: Walk) -> Question:
    code, person, sees, beside = walk.draw(st.sampled_from("uvw")), walk.person(), walk.coin(), walk.coin()
    given: dict[str, Any] = {"assignee": person, "due": None, "can_see": sees, "after_sales": beside}
    return lambda _: add_task(walk.record, code, "Own", **given, **walk.who)


@operation()
def say_how_it_went(walk: Walk) -> Question:
    return lambda _: fill_feedback(walk.record, "went well", **walk.who)


@operation(4)
def fill_in(walk: Walk) -> Question:
    changes = {"amount": walk.draw(some.money()), "close_date": TODAY, "contact": "qian", "source": "website"}
    return lambda _: edit_opportunity(walk.record, changes, **walk.who)


@operation()
def guess(walk: Walk) -> Question:
    percent = walk.draw(st.sampled_from((0, 77)))
    return lambda _: edit_opportunity(walk.record, {"probability": percent}, **walk.who)


@operation()
def call(walk: Walk) -> Question:
    return lambda _: add_activity(walk.record, "call", "hm", happened_at=AT, **walk.who)


@operation()
def name_contact(walk: Walk) -> Question:
    role = ContactRole(walk.person(), "user", walk.coin())
    return lambda _: set_contact_role(walk.record, role, contacts_customer="acme", **walk.who)


@operation()
def attach(walk: Walk) -> Question:
    return lambda _: add_competitor(walk.record, "Globex", **walk.who)


@operation()
def detach(walk: Walk) -> Question:
    return lambda _: remove_competitor(walk.record, "Globex", **walk.who)


@operation()
def transfer(walk: Walk) -> Question:
    to, role, tasks = walk.person(), walk.draw(st.sampled_from((None, "sales", "joint", "owner"))), walk.coin()
    return lambda _: change_owner(walk.record, to, old_owner_role=role, hand_over_tasks=tasks, **walk.who)


@operation(2)
def join(walk: Walk) -> Question:
    member = walk.member()
    return lambda _: add_member(walk.record, member, **walk.who)


@operation()
def change(walk: Walk) -> Question:
    member = walk.member()
    return lambda _: change_member(walk.record, member, **walk.who)


@operation()
def leave(walk: Walk) -> Question:
    member = walk.member()
    return lambda _: remove_member(walk.record, member, **walk.who)


@operation(6)
def ask_approval(walk: Walk) -> Question:
    def question(engine: Engine) -> Decision:
        blockers = engine.advance(walk.record, **walk.who).reasons
        return request_approval(walk.record, "advance", (), blockers, asked=ASKED, has_approver=True, **walk.who)

    return question


@operation(4)
def approve(walk: Walk) -> Question:
    def question(engine: Engine) -> Decision:
        def decide(approval: Approval) -> Decision:
            builder = grant(walk.record, approval, None, by="zhang", at=walk.now)
            if not isinstance(builder, EventBuilder):
                return Decision(reasons=builder)
            if approval.operation == REGISTRATION:
                return builder.decision()
            return engine.advance(walk.record, approved=builder, **walk.who)

        return walk.waiting(decide)

    return question


@operation()
def disapprove(walk: Walk) -> Question:
    words = walk.words()
    return lambda _: walk.waiting(lambda approval: refuse(walk.record, approval, words, **walk.who))


@operation()
def take_back(walk: Walk) -> Question:
    return lambda _: walk.waiting(lambda approval: withdraw(walk.record, approval, **walk.who))


@operation(3)
def register(walk: Walk) -> Question:
    return lambda _: register_with_partner(walk.record, has_approver=True, **walk.who)


@operation(2)
def start_service(walk: Walk) -> Question:
    return lambda _: start_after_sales(walk.record, SERVICE, **walk.who)


@operation(3)
def advance_service(walk: Walk) -> Question:
    return lambda _: advance_after_sales(walk.record, SERVICE, **walk.who)


@operation()
def say_how_service_went(walk: Walk) -> Question:
    return lambda _: fill_after_sales_feedback(walk.record, "it runs", **walk.who)


@operation(3)
def finish_service(walk: Walk) -> Question:
    return lambda _: finish_after_sales(walk.record, SERVICE, **walk.who)


@operation()
def hide(walk: Walk) -> Question:
    return lambda _: void(walk.record, reason=None, **walk.who)


@operation(6)
def bring_back(walk: Walk) -> Question:
    return lambda _: unvoid(walk.record, **walk.who)


@operation()
def remove(walk: Walk) -> Question:
    # Whether it may be deleted is asked only: a walk goes on.
    decision = delete(walk.record, **walk.who)
    return lambda _: Decision(reasons=decision.reasons)


@operation(3)
def waive(walk: Walk) -> Question:
    words, owed = walk.words(), owed_stages(walk.record, walk.process)
    return lambda _: waive_stage(walk.record, walk.process, owed[0] if owed else "none", reason=words, **walk.who)


@operation(3)
def regrade(walk: Walk) -> Question:
    """Grading is another room: here it only says another route."""
    grade = graded(walk.draw(st.sampled_from(Route)))

    def question(_engine: Engine) -> Decision:
        builder = EventBuilder(walk.record, operation="opportunities.edit", **walk.who)
        builder.add(EventKind.GRADED, grade=grade)
        return builder.decision() if builder.events[0].changes else Decision()

    return question
