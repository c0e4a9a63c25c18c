"""What happens by itself after a change: every event, every action, as whoever caused it (RULE-3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.files.mapping import parse_mapping
from salesflow.model import AutomaticNotice, AutomaticTask, Automation, Condition, Delivery
from salesflow.ports import Notification, Write
from salesflow.process.automation import HAPPENINGS
from tests.app.situations import gated_last, graded_by_hand
from tests.app.world import LARGE, PROCESSES, SMALL, World, codes

WORDS = tuple(HAPPENINGS)
TASK = AutomaticTask("first_contact", {"en": "Call them", "zh": "联系客户"}, due_in_days=2, assignee="owner")
PHONE_LEADS = parse_mapping('kind = "lead"\nkey = ["phone"]\n[fields]\ntitle = "title"\nphone = "phone"')


class Postbox:
    """A notifier that remembers."""

    def __init__(self) -> None:
        self.got: list[Notification] = []

    def notify(self, notification: Notification) -> None:
        """Keep it."""
        self.got.append(notification)

    @property
    def readers(self) -> list[str]:
        """Who was told, in order."""
        return [each.to for each in self.got]


class Told:
    """A handler that remembers what it was called with."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Delivery]] = []

    def __call__(self, acting: sf.Acting, delivery: Delivery) -> None:
        self.got.append((acting.person, delivery))

    @property
    def words(self) -> list[str]:
        """What happened, in order."""
        return [delivery.on for _, delivery in self.got]


def process(*automation: Automation) -> sf.SalesProcess:
    """A template of two stages with these automations."""
    return sf.SalesProcess("small", 1, [sf.Stage("talk"), sf.Stage("sign")], automation=automation, jump="free")


def world(*automation: Automation, own: Any = (), **ports: Any) -> World:
    """A world whose deals run in a small process with these automations, beside *own* ones of the application."""
    return World(**{"processes": [*PROCESSES, process(*automation)], "automation": own, **ports})


def small(w: World, by: str = "li", **values: Any) -> sf.Opportunity:
    """A deal in the small process."""
    return w.deal(by, process="small", **values)


def left(w: World) -> tuple[Delivery, ...]:
    """The deliveries that are not done."""
    return w.flow.deliveries.list()


# events


def to_sign(w: World) -> sf.Opportunity:
    return w.acting("li").opportunities.advance(small(w))


def won(w: World) -> sf.Opportunity:
    return w.acting("li").opportunities.win(to_sign(w))


def regraded(w: World) -> Any:
    return w.acting("li").opportunities.edit(w.deal(amount=LARGE), amount=SMALL)


def asked(w: World) -> sf.Opportunity:
    return w.acting("li").opportunities.request_approval(gated_last(w), "win")


def registered(w: World) -> sf.Opportunity:
    return w.acting("li").opportunities.register_with_partner(w.deal(led_by=sf.LedBy.PARTNER))


def served(w: World) -> sf.Opportunity:
    li = w.acting("li").opportunities
    return li.after_sales_advance(li.start_after_sales(small(w), "small"))


BEGUN = "opportunity_created stage_entered"
HAPPENED: dict[str, tuple[Callable[[World], Any], str]] = {
    "create": (small, BEGUN),
    "advance": (to_sign, f"{BEGUN} stage_left stage_entered"),
    "win": (won, f"{BEGUN} stage_left stage_entered stage_left won"),
    "lose": (lambda w: w.acting("li").opportunities.lose(small(w), reason="price"), f"{BEGUN} stage_left lost"),
    "invalidate": (
        lambda w: w.acting("li").opportunities.invalidate(small(w), reason="other"), f"{BEGUN} stage_left invalidated",
    ),
    "reopen": (
        lambda w: w.acting("li").opportunities.reopen(w.acting("li").opportunities.lose(small(w), reason="price")),
        f"{BEGUN} stage_left lost reopened stage_entered",
    ),
    "change_process": (
        lambda w: w.acting("li").opportunities.change_process(small(w), "crm2000"),
        f"{BEGUN} stage_left process_changed stage_entered",
    ),
    "edit": (lambda w: w.acting("li").opportunities.edit(small(w), name="B"), BEGUN),
    "edit the amount": (regraded, f"{BEGUN} grade_changed route_changed"),
    "edit the amount a little": (
        lambda w: w.acting("li").opportunities.edit(small(w), amount=sf.Money(1_300_000, "CNY")), BEGUN,
    ),
    "set a grade": (
        lambda w: w.acting("zhang").opportunities.set_grade(small(w), sf.Grade.A, reason="key"),
        f"{BEGUN} grade_changed",
    ),
    "clear a grade": (
        lambda w: w.acting("zhang").opportunities.clear_grade(graded_by_hand(w)),
        f"{BEGUN} grade_changed route_changed grade_changed route_changed",
    ),
    "change_owner": (
        lambda w: w.acting("li").opportunities.change_owner(small(w), "chen"), f"{BEGUN} owner_changed",
    ),
    "finish_task": (
        lambda w: w.acting("li").opportunities.finish_task(w.deal(), "confirm_tender"), f"{BEGUN} task_finished",
    ),
    "register": (registered, f"{BEGUN} approval_requested"),
    "approve a registration": (
        lambda w: w.acting("zhang").opportunities.approve(registered(w)),
        f"{BEGUN} approval_requested approval_granted",
    ),
    "refuse a registration": (
        lambda w: w.acting("zhang").opportunities.refuse(registered(w), comment="no"),
        f"{BEGUN} approval_requested approval_refused",
    ),
    "ask": (asked, f"{BEGUN} stage_left stage_entered approval_requested"),
    "refuse": (
        lambda w: w.acting("zhang").opportunities.refuse(asked(w), comment="no"),
        f"{BEGUN} stage_left stage_entered approval_requested approval_refused",
    ),
    "approve": (
        lambda w: w.acting("zhang").opportunities.approve(asked(w)),
        f"{BEGUN} stage_left stage_entered approval_requested approval_granted stage_left won",
    ),
    "finish after-sales": (
        lambda w: w.acting("li").opportunities.finish_after_sales(served(w)),
        f"{BEGUN} after_sales_started after_sales_finished",
    ),
    "create a lead": (World.lead, "lead_created"),
    "assign": (lambda w: w.acting("zhang").leads.assign(w.lead(), "chen"), "lead_created lead_assigned"),
    "claim": (lambda w: w.acting("li").leads.claim(w.pooled()), "lead_created lead_claimed"),
    "follow up": (lambda w: w.acting("li").leads.follow_up(w.lead(), "rang"), "lead_created lead_followed_up"),
    "recycle": (lambda w: w.acting("zhang").leads.recycle(w.lead(), reason="late"), "lead_created lead_recycled"),
    "disqualify": (World.disqualified_lead, "lead_created lead_disqualified"),
    "convert": (
        lambda w: w.acting("li").leads.convert(
            w.lead(), contact=sf.NewContact("Q"), opportunity=sf.NewOpportunity("O", process="small")
        ),
        f"lead_created lead_converted {BEGUN}",
    ),
    "void": (lambda w: w.voided(small(w)), BEGUN),
    "create a customer": (World.customer, ""),
}  # fmt: skip
"""What is done, and every event that it is to automations, in order."""


@pytest.mark.parametrize("done", HAPPENED)
def test_each_event_sets_off_its_automations_and_no_others(done: str):
    """RULE-3: of one automation for every word there is, exactly those fire that happened, in their order."""
    told = Told()
    own = [Automation(word, word, call="h") for word in WORDS]
    w = World(processes=[*PROCESSES, process()], automation=own, handlers={"h": told})
    HAPPENED[done][0](w)
    assert told.words == HAPPENED[done][1].split()
    assert left(w) == ()


def test_every_word_is_tried():
    """RULE-3: a new event of the list is done here, or this fails."""
    assert {word for _, words in HAPPENED.values() for word in words.split()} == set(WORDS)


def test_a_template_speaks_for_its_own_deals_only():
    """RULE-3, PROC-6: and the application's own automations for all of them, before the template's."""
    told = Told()
    w = world(
        Automation("theirs", "stage_entered", call="h"), own=[Automation("own", "stage_entered", call="h")],
        handlers={"h": told},
    )  # fmt: skip
    small(w)
    w.deal()
    assert [(delivery.process, delivery.automation) for _, delivery in told.got] == [
        (None, "own"), ("small", "theirs"), (None, "own"),
    ]  # fmt: skip


def test_conditions_and_stages_bind():
    """RULE-3, RULE-1: only in the stage that is named, and only where every condition holds of the record then."""
    told = Told()
    large = Condition("amount", at_least="1000000 CNY")
    w = world(
        Automation("in_sign", "stage_entered", stage="sign", when=[large], call="h"),
        Automation("from_talk", "stage_left", stage="talk", call="h"),
        handlers={"h": told},
    )  # fmt: skip
    w.acting("li").opportunities.advance(small(w, amount=SMALL))
    assert [d.automation for _, d in told.got] == ["from_talk"]
    w.acting("li").opportunities.advance(small(w, amount=LARGE))
    assert [d.automation for _, d in told.got] == ["from_talk", "from_talk", "in_sign"]


def test_nothing_is_written_where_nothing_matches():
    """RULE-3, PERF-3: a change that sets nothing off is saved as it was before there was any automation."""
    plain, automated = World(processes=[*PROCESSES, process()]), world(Automation("a", "won", call="h"),
                                                                       handlers={"h": print})  # fmt: skip
    for w in (plain, automated):
        to_sign(w)
    assert plain.outbox() == automated.outbox()
    assert plain.flow._kernel.automation is None


# as whoever caused it


def test_a_handler_acts_as_the_causer():
    """I-30, RULE-3: every operation of its desk is checked as the causer's own, and so is what it sees."""
    seen: list[Any] = []

    def handler(acting: sf.Acting, delivery: Delivery) -> None:
        seen.append((acting.person, [deal.id for deal in acting.opportunities.list().items]))
        with pytest.raises(sf.Refused) as caught:
            acting.opportunities.change_owner(delivery.record_id, "wang")
        seen.append(codes(caught.value))
        acting.opportunities.add_activity(delivery.record_id, "note", "seen")

    own = [Automation("h", "task_finished", call="h")]
    w = World(automation=own, handlers={"h": handler})
    other = w.deal("chen", name="not wang's")
    deal = w.deal(team=[sf.TeamMember("wang", "joint", sf.Access.READ_WRITE)])
    deal = w.acting("wang").opportunities.finish_task(deal, "confirm_tender")
    assert seen == [("wang", [deal.id]), {"not_permitted"}]
    assert [(each.by, each.text) for each in deal.activities] == [("wang", "seen")]
    assert other.id not in seen[0][1]
    assert left(w) == ()


def test_an_action_is_refused_where_the_causer_may_not():
    """I-30, RULE-3: whoever may finish a task as its assignee may not therefore add one."""
    w = World(automation=[Automation("more", "task_finished", create_task=TASK)])
    deal = w.deal(team=[sf.TeamMember("wang", "presales")])
    deal = w.acting("li").opportunities.assign_task(deal, "confirm_tender", "wang")
    deal = w.acting("wang").opportunities.finish_task(deal, "confirm_tender")
    assert "first_contact" not in [task.code for task in deal.tasks]
    (failed,) = left(w)
    assert (failed.by, [reason.code for reason in failed.reasons]) == ("wang", ["not_permitted"])


def test_what_waits_and_is_approved_happens_as_the_requester():
    """RULE-2, RULE-3: the approval is the approver's doing, the win is the requester's."""
    told = Told()
    own = [Automation(word, word, call="h") for word in ("approval_granted", "won")]
    w = World(automation=own, handlers={"h": told})
    HAPPENED["approve"][0](w)
    assert [(person, delivery.on, delivery.by) for person, delivery in told.got] == [
        ("zhang", "approval_granted", "zhang"), ("li", "won", "li"),
    ]  # fmt: skip


ACTIONS: dict[str, Any] = {
    "create_task": {"create_task": TASK},
    "call": {"call": "look"},
    "notify": {"notify": AutomaticNotice(["owner"], "Hello")},
    "call that looks at nothing": {"call": "wait"},
}


def look(acting: sf.Acting, delivery: Delivery) -> None:
    """A handler that reads what the delivery is about."""
    acting.opportunities.get(delivery.record_id)


def wait(acting: sf.Acting, delivery: Delivery) -> None:
    """A handler that asks the library for nothing, and fails the first time."""
    if delivery.attempts < 2:
        raise TimeoutError("not yet")


@pytest.mark.parametrize("action", ACTIONS)
def test_a_causer_who_lost_sight_ends_what_needs_it(action: str):
    """RULE-3, I-30, VIS-20: dead at once with the reason; what needs nothing of their sight goes on."""
    post = Postbox()
    own = [Automation("a", "owner_changed", **ACTIONS[action])]
    w = World(automation=own, handlers={"look": look, "wait": wait}, notifier=post)
    w.acting("li").opportunities.change_owner(w.deal(), "zhou")
    w.flow.deliver(w.clock.now() + timedelta(hours=1))
    if action in ("notify", "call that looks at nothing"):
        assert left(w) == ()
        assert post.readers == (["zhou"] if action == "notify" else [])
    else:
        (dead,) = left(w)
        assert (dead.status, dead.attempts) == ("dead", 1)
        assert [str(reason) for reason in dead.reasons] == [
            "'li', who caused it, does not work here any more or cannot see the record"
        ]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_causer_who_left_ends_it(action: str):
    """RULE-3, ORG-2: nothing is done in the name of somebody who does not work here any more."""

    def die(acting: sf.Acting, delivery: Delivery) -> None:
        raise SystemExit  # right after the change, before anything else is done

    post = Postbox()
    own = [Automation("die", "owner_changed", call="die"), Automation("a", "owner_changed", **ACTIONS[action])]
    w = World(automation=own, handlers={"look": look, "wait": wait, "die": die}, notifier=post)
    deal = w.deal()
    with pytest.raises(SystemExit):
        w.acting("li").opportunities.change_owner(deal, "chen", old_owner_role="sales")
    w.organization.remove_employee("li")
    report = w.flow.deliver(w.clock.now() + timedelta(hours=1))
    assert (report.delivered, report.waiting, report.died) == (0, 0, 2)
    assert [reason.code for each in report.failed for reason in each.reasons] == ["causer_gone"] * 2
    kept: Any = w.store.get("opportunity", deal.id)
    assert (post.got, kept.owner) == ([], "chen")


def test_what_an_import_brings_sets_nothing_off():
    """RULE-3, IO-3: arrivals are no moves."""
    told = Told()
    own = [Automation(word, word, call="h") for word in WORDS]
    w = World(automation=own, handlers={"h": told})
    report = w.acting("root").files.import_csv(StringIO("title,phone\nA,1\n"), PHONE_LEADS)
    assert (report.imported, told.got, left(w)) == (1, [], ())


def test_what_a_migration_carries_over_sets_nothing_off():
    """RULE-3, PROC-6: nobody moved it; the next move is one of the new version, with that version's automations."""
    told = Told()
    first = process(Automation("old", "stage_entered", call="h"))
    second = sf.SalesProcess(
        "small", 2, first.stages, automation=[Automation("new", "stage_left", call="h")], jump="free"
    )
    w = World(processes=[first], handlers={"h": told})
    deal = small(w)
    again = sf.SalesFlow(**{**w.ports, "processes": [first, second], "handlers": {"h": told}})
    assert again.migrate(sf.MigrationPlan("small", 1, 2)).migrated == 1
    assert [d.automation for _, d in told.got] == ["old"]
    again.acting_as("li").opportunities.advance(deal.id)
    assert [d.automation for _, d in told.got] == ["old", "new"]


def test_a_repeated_request_sets_nothing_off_again():
    """RULE-3, HIST-3: what was done once with a key is not done again, and neither is what it set off."""
    told = Told()
    w = world(Automation("h", "stage_left", call="h"), handlers={"h": told})
    deal = small(w)
    for _ in range(3):
        w.acting("li").once("k").opportunities.advance(deal)
    assert len(told.got) == 1


def test_a_delivery_is_no_record_that_anybody_lists():
    """REL-11, VIS-17: there is no way to a delivery but that of trusted code."""

    def failing(acting: sf.Acting, delivery: Delivery) -> None:
        raise ValueError("no")

    w = world(Automation("h", "stage_entered", call="h"), handlers={"h": failing})
    small(w)
    (delivery,) = left(w)
    for person in ("li", "root"):
        acting = w.acting(person)
        for group in ("leads", "opportunities", "customers", "contacts", "documents"):
            with pytest.raises(sf.NotFound):
                getattr(acting, group).get(delivery.id)
        with pytest.raises(sf.NotFound):
            acting.who_can_see(delivery.id)
        with pytest.raises(sf.InvalidInput):
            acting.opportunities.get(delivery)  # type: ignore[arg-type]
        assert not hasattr(acting, "deliveries")
        assert not hasattr(acting, "deliver")
    with pytest.raises(sf.NotFound):
        w.flow.who_can_see(delivery.id)


# making a flow


def test_handlers_and_automations_are_looked_at_when_the_flow_is_made():
    """RULE-3: what calls an unknown handler never runs."""
    calling = Automation("erp", "won", call="tell_erp")
    with pytest.raises(sf.InvalidInput, match=r"tell_erp.*'erp' of small version 1"):
        world(calling)
    with pytest.raises(sf.InvalidInput, match=r"tell_erp.*'erp' of the application"):
        world(own=[calling], handlers={"other": print})
    world(calling, own=[calling], handlers={"tell_erp": print})
    bad: Any
    for bad in (5, ["h"], {"h": "print"}, {5: print}):
        with pytest.raises(sf.InvalidInput, match="handlers"):
            world(handlers=bad)

    async def later(_acting: object, _delivery: object) -> None: ...

    with pytest.raises(sf.InvalidInput, match="plain function"):
        World(handlers={"h": later})
    with pytest.raises(sf.InvalidInput, match="automation"):
        world(own=[5])


def test_the_application_itself_sets_nothing_off():
    """RULE-3: what nobody caused is nobody's to go on with."""
    told = Told()
    w = world(Automation("h", "stage_entered", call="h"), handlers={"h": told})
    automation = w.flow._kernel.automation
    assert automation is not None
    deal = small(w)
    events = w.store.events("opportunity", deal.id)
    write = Write("opportunity", deal.id, 0, deal, tuple(events))
    assert len(automation.set_off([write])) == 1
    assert automation.set_off([evolve(write, events=tuple(evolve(event, by="") for event in events))]) == ()
