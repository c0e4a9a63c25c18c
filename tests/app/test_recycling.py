"""A run over the leads that nobody follows up: what it does to each, and that none stops the rest (LEAD-13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesflow as sf
from salesflow.app import RecyclingOutcome, RecyclingResult
from salesflow.model import EventKind, LeadStatus
from salesflow.ports import Notification
from salesflow.visibility import ACCESS, AccessRow, VisibilityPolicy
from tests.app.test_races import Race
from tests.app.world import World, codes

LADDER = sf.RecyclingRule(after_days=30, remind_owner_after_days=20, remind_superior_after_days=25)
PLAIN = sf.RecyclingRule(after_days=30)


class Notices:
    """A notifier that remembers, and fails for whom it is told to."""

    def __init__(self) -> None:
        self.told: list[Notification] = []
        self.fails_for: str | None = None

    def notify(self, notification: Notification) -> None:
        """Remember it."""
        if notification.to == self.fails_for:
            raise OSError("no line")
        self.told.append(notification)


def working(*rules: sf.RecyclingRule, **ports: Any) -> tuple[World, Notices]:
    notices = Notices()
    return World(recycling=rules or [LADDER], notifier=notices, **ports), notices


def run(world: World, by: str = "root", **how: Any) -> sf.RecyclingReport:
    return world.acting(by).leads.recycle_overdue(**how)


def held(world: World, id: str) -> Any:
    """The lead as the store holds it."""
    return world.store.get("lead", id)


def results(report: sf.RecyclingReport) -> list[tuple[str, str]]:
    return [(outcome.lead, str(outcome.result)) for outcome in report.outcomes]


def test_the_owner_is_reminded_then_the_superior_and_then_it_is_recycled():
    """LEAD-13, LEAD-8: one step a run, each once; recycled as by hand, with the reason overdue."""
    world, notices = working()
    lead = world.lead()
    happened = []
    for day in range(1, 40):
        world.clock.move(timedelta(days=1))
        for _ in range(2):
            happened += [(day, outcome.result, outcome.person, outcome.days) for outcome in run(world).outcomes]
    assert happened == [
        (20, RecyclingResult.OWNER_REMINDED, "li", 20),
        (25, RecyclingResult.SUPERIOR_REMINDED, "zhang", 25),
        (30, RecyclingResult.RECYCLED, None, 30),
    ]
    assert [(notice.to, notice.kind, notice.record_id, notice.code) for notice in notices.told] == [
        ("li", "lead", lead.id, "overdue"), ("zhang", "lead", lead.id, "overdue"),
    ]  # fmt: skip
    assert "CRM2000 for Acme of li has had no follow-up for 20 days; after 30 days" in notices.told[0].message.text()
    assert "20 天" in notices.told[0].message.text("zh")
    after = held(world, lead.id)
    assert (after.status, after.owner, after.former_owners[0].reason) == (LeadStatus.UNASSIGNED, None, "overdue")
    told = world.store.events("lead", lead.id)
    assert [(str(event.kind), event.operation, event.by) for event in told[1:]] == [
        ("lead_reminded", "leads.recycle_overdue", "root"), ("lead_reminded", "leads.recycle_overdue", "root"),
        ("lead_recycled", "leads.recycle", "root"),
    ]  # fmt: skip
    assert told[-1].reason == "overdue"
    assert not [entry for entry in world.audit.entries if entry.is_override]


def test_a_follow_up_begins_the_days_anew():
    """LEAD-13, LEAD-5: whoever calls, keeps the lead; reminders from before do not count any more."""
    world, notices = working()
    lead = world.lead()
    world.clock.move(timedelta(days=20))
    run(world)
    world.acting("li").leads.follow_up(lead.id, "rang")
    world.clock.move(timedelta(days=19))
    assert results(run(world)) == []
    world.clock.move(timedelta(days=1))
    assert results(run(world)) == [(lead.id, "owner_reminded")]
    assert [notice.to for notice in notices.told] == ["li", "li"]
    assert len({notice.id for notice in notices.told}) == 2


def test_without_a_notifier_the_event_and_the_report_tell():
    """LEAD-13: the ladder is the same; whoever reads the outbox or the report tells people."""
    world = World(recycling=[LADDER])
    lead = world.lead()
    world.clock.move(timedelta(days=20))
    (outcome,) = run(world).outcomes
    assert outcome == RecyclingOutcome(lead.id, RecyclingResult.OWNER_REMINDED, LADDER, 20, "li")
    assert world.outbox()[-1].kind == EventKind.LEAD_REMINDED


@pytest.mark.parametrize("days", [19, 20, 25, 30, 31])
def test_a_dry_run_tells_what_the_run_then_does_and_changes_nothing(days: int):
    """LEAD-13: nothing is written, nobody is told; what it lists is what happens, and why."""
    world, notices = working()
    for number, status in enumerate(("fair", "web", "fair")):
        world.lead(title=f"Lead {number}", source=status)
    world.clock.move(timedelta(days=20))
    run(world)
    world.lead(title="Young")
    world.clock.move(timedelta(days=days - 20))
    before, told = world.everything(), len(notices.told)
    seen: list[RecyclingOutcome] = []
    rehearsed = run(world, dry_run=True, progress=seen.append)
    assert (world.everything(), len(notices.told)) == (before, told)
    assert seen == list(rehearsed.outcomes)
    assert len(rehearsed.outcomes) == (3 if days >= 25 else 0)
    assert run(world, progress=seen.append) == rehearsed
    assert len(seen) == 2 * len(rehearsed.outcomes)


def test_a_dry_run_looks_ahead_and_a_run_does_not():
    """LEAD-13, HIST-2: time comes from the clock; as of a moment that is to come nothing is done."""
    world, _ = working(PLAIN)
    lead = world.lead()
    now = world.clock.now()
    assert results(run(world, now=now + timedelta(days=30), dry_run=True)) == [(lead.id, "recycled")]
    with pytest.raises(sf.InvalidInput, match="must not lie ahead of the clock"):
        run(world, now=now + timedelta(seconds=1))
    with pytest.raises(sf.InvalidInput, match="timezone-aware"):
        run(world, now=datetime(2026, 1, 1))
    world.clock.move(timedelta(days=30))
    assert results(run(world, now=now + timedelta(days=29))) == []
    assert world.acting("root").leads.recycle_overdue(world.clock.now()).counts == {RecyclingResult.RECYCLED: 1}


@pytest.mark.parametrize(
    ("how", "what"), [({"dry_run": 1}, "dry_run"), ({"progress": "x"}, "progress"), ({"now": "today"}, "now")]
)
def test_odd_arguments_are_named_before_anything_is_done(how: dict[str, Any], what: str):
    """LEAD-13: the calling code's mistakes."""
    world, _ = working(PLAIN)
    world.lead()
    world.clock.move(timedelta(days=50))
    before = world.everything()
    with pytest.raises(sf.InvalidInput) as invalid:
        run(world, **how)
    assert invalid.value.what == what
    assert world.everything() == before


@pytest.mark.parametrize("rules", [[{"after_days": 3}], PLAIN, 5, "rules", [PLAIN, None]])
def test_rules_are_checked_when_the_flow_is_made(rules: Any):
    """LEAD-13: what is no rule is named then, not in the run at night."""
    with pytest.raises(sf.InvalidInput) as invalid:
        World(recycling=rules)
    assert invalid.value.what == "recycling"


def test_a_notifier_is_checked_when_the_flow_is_made():
    """LEAD-13: something that cannot tell anybody is named then."""
    with pytest.raises(sf.InvalidInput, match="has no notify"):
        World(notifier=object())


def test_the_first_rule_that_is_for_a_lead_counts():
    """LEAD-13: N per source or own condition; without any rule nothing is ever overdue."""
    big = sf.RecyclingRule(after_days=90, condition=lambda lead: "big" in lead.title)
    fair = sf.RecyclingRule(after_days=10, sources=["fair"])
    world, _ = working(big, fair, PLAIN)
    leads = [
        world.lead(title="big one", source="fair"), world.lead(source="fair"), world.lead(source="web"), world.lead(),
    ]  # fmt: skip
    found, begun = {}, world.clock.now()
    for day in (9, 10, 29, 30, 89, 90):
        world.clock.move(timedelta(days=day) - (world.clock.now() - begun))
        found.update({outcome.lead: (day, outcome.rule) for outcome in run(world).outcomes})
    assert found == {
        leads[0].id: (90, big), leads[1].id: (10, fair), leads[2].id: (30, PLAIN), leads[3].id: (30, PLAIN),
    }  # fmt: skip
    assert run(World(recycling=[])) == sf.RecyclingReport()


def test_a_former_owner_cools_down_after_an_overdue_lead_too():
    """LEAD-13, LEAD-8, LEAD-14: it goes to the pool that the selector names, whose cool-down counts."""
    world, _ = working(PLAIN)
    lead = world.lead()
    east = world.flow.pools.create("East", id="east", members=["li", "chen"], cool_down=timedelta(days=7))
    world.pool = east.id
    world.clock.move(timedelta(days=30))
    run(world)
    assert held(world, lead.id).pool == "east"
    with pytest.raises(sf.Refused) as refused:
        world.acting("li").leads.claim(lead.id)
    assert codes(refused.value) == {"pool_cool_down"}
    assert world.acting("chen").leads.claim(lead.id).owner == "chen"
    world.clock.move(timedelta(days=29))
    assert results(run(world)) == []  # the days of the new owner count from the claim


def test_whom_a_reminder_does_not_reach_is_passed_over():
    """LEAD-13: an owner who left is not reminded, nor is anybody above somebody who has no superior."""
    world, notices = working()
    lead = world.lead()
    alone = world.acting("qian").leads.create(title="Alone", phone="1")
    world.organization.put_employee(sf.Employee("li", manager="zhang", department="east", active=False))
    world.clock.move(timedelta(days=20))
    assert results(run(world)) == [(alone.id, "owner_reminded")]
    world.clock.move(timedelta(days=5))
    assert results(run(world)) == [(lead.id, "superior_reminded")]
    world.clock.move(timedelta(days=5))
    assert results(run(world)) == [(lead.id, "recycled"), (alone.id, "recycled")]
    assert [notice.to for notice in notices.told] == ["qian", "zhang"]


def test_what_fails_for_one_lead_does_not_stop_the_rest():
    """LEAD-13, REL-7: a condition, the notifier, the selector: told with the lead, and taken up by the next run."""
    broken = {"on": True}

    def condition(lead: sf.Lead) -> bool:
        if broken["on"] and lead.title == "odd":
            raise ZeroDivisionError("no budget")
        return True

    rule = sf.RecyclingRule(after_days=30, remind_owner_after_days=20, condition=condition)
    world, notices = working(rule)
    odd, mute, fine = world.lead(title="odd"), world.lead(title="mute"), world.lead(title="fine")
    world.acting("zhang").leads.assign(mute, "chen")
    notices.fails_for = "chen"
    world.clock.move(timedelta(days=20))
    report = run(world)
    assert results(report) == [(odd.id, "failed"), (mute.id, "failed"), (fine.id, "owner_reminded")]
    first, second, _ = report.outcomes
    assert (first.rule, first.days, first.problem) == (None, None, "port recycling: ZeroDivisionError: no budget")
    assert (second.rule, second.days, second.problem) == (rule, 20, "port notifier: OSError: no line")
    assert held(world, mute.id).reminders == ()
    broken["on"], notices.fails_for = False, None
    assert results(run(world)) == [(odd.id, "owner_reminded"), (mute.id, "owner_reminded")]
    world.pool = "gone"
    world.clock.move(timedelta(days=10))
    report = run(world)
    assert {str(outcome.result) for outcome in report.outcomes} == {"failed"}
    assert "which is no pool" in str(report.outcomes[0].problem)


def test_a_business_rule_that_fails_is_of_that_lead():
    """LEAD-13, RULE-1, REL-7: its author's mistake stops no other lead, in a dry run neither."""
    broken = sf.BusinessRule("odd", "leads.recycle", lambda lead: lead.title == "fine" or None, "is odd")  # type: ignore[arg-type, return-value]
    world, _ = working(PLAIN, rules=[broken])
    odd, fine = world.lead(title="odd"), world.lead(title="fine")
    world.clock.move(timedelta(days=30))
    for dry_run in (True, False):
        report = run(world, dry_run=dry_run)
        assert results(report) == [(odd.id, "failed"), (fine.id, "recycled")]
        assert "business rule 'odd'" in str(report.outcomes[0].problem)


def test_a_store_that_fails_ends_the_run():
    """LEAD-13, REL-7: it would fail for every lead; what was done before stays done."""

    class Full:
        def __init__(self, store: sf.MemoryStore) -> None:
            self.store, self.left = store, 3

        def __getattr__(self, name: str) -> Any:
            return getattr(self.store, name)

        def save(self, unit: Any) -> None:
            if self.left == 0:
                raise OSError("no space left")
            self.left -= 1
            self.store.save(unit)

    world, _ = working(PLAIN, through=Full)
    world.lead()
    world.lead()
    world.clock.move(timedelta(days=30))
    with pytest.raises(sf.PortError, match="no space left"):
        run(world)
    assert {held(world, id).status for id in ("lead-1", "lead-2")} == {LeadStatus.ASSIGNED, LeadStatus.UNASSIGNED}


def test_what_a_rule_of_the_application_forbids_is_refused_with_reasons():
    """LEAD-13, RULE-1: the same gate as by hand, in a dry run too; the refusal is told to the audit sink."""
    keeps = sf.BusinessRule("key", "leads.recycle", lambda lead: lead.source != "key", "a key account stays")
    world, _ = working(PLAIN, rules=[keeps])
    kept, gone = world.lead(source="key"), world.lead()
    world.clock.move(timedelta(days=30))
    for dry_run in (True, False):
        report = run(world, dry_run=dry_run)
        assert results(report) == [(kept.id, "refused"), (gone.id, "recycled")]
        assert [(reason.code, reason.facts["rule"]) for reason in report.outcomes[0].reasons] == [
            ("rule_broken", "key")
        ]
    assert [(entry.operation, entry.id) for entry in world.audit.entries if entry.reasons] == [
        ("leads.recycle", kept.id)
    ]


def test_the_run_has_its_own_row_of_the_access_table():
    """LEAD-13, ACC-23: administrators alone; whom an application lets run it, reaches what they see, by that row."""
    world, _ = working(PLAIN)
    world.lead()
    for person in ("li", "zhang", "sun"):
        with pytest.raises(sf.Refused) as refused:
            run(world, by=person)
        assert codes(refused.value) == {"not_permitted"}
    row = AccessRow(source="own", voided=None, readers=True, statuses=(LeadStatus.ASSIGNED,))
    policy = VisibilityPolicy(access=ACCESS | {"leads.recycle_overdue": row})
    world, _ = working(PLAIN, visibility=policy)
    hidden, seen = world.acting("qian").leads.create(title="Hidden", phone="1"), world.lead()
    world.clock.move(timedelta(days=30))
    for dry_run in (True, False):
        assert results(run(world, by="zhang", dry_run=dry_run)) == [(seen.id, "recycled")]
    assert held(world, hidden.id).status is LeadStatus.ASSIGNED
    nobody = AccessRow(source="own", voided=None, readers=True, statuses=(LeadStatus.CONVERTED,))
    policy = VisibilityPolicy(access=ACCESS | {"leads.recycle_overdue": nobody})
    world, _ = working(PLAIN, visibility=policy)
    lead = world.lead()
    world.clock.move(timedelta(days=30))
    for dry_run in (True, False):
        assert results(run(world, by="zhang", dry_run=dry_run)) == [(lead.id, "refused")]


def test_a_key_adds_nothing_to_a_run():
    """LEAD-13, HIST-3: a run that is repeated does the rest, whatever its key."""
    world, _ = working(PLAIN)
    first, second = world.lead(), world.lead()
    world.clock.move(timedelta(days=30))
    acting = world.acting("root").once("tonight")
    assert results(acting.leads.recycle_overdue()) == [(first.id, "recycled"), (second.id, "recycled")]
    assert results(acting.leads.recycle_overdue()) == []


def overtaken(*others: Callable[[Race], Any], rule: sf.RecyclingRule = LADDER, days: int = 20) -> tuple[Race, Notices]:
    """A race in which one lead of li's is due, and somebody gets in before each of the run's saves."""
    race, notices = Race(), Notices()
    race.world.lead()
    ports = {**race.world.ports, "recycling": [rule], "notifier": notices}
    race.world.flow = sf.SalesFlow(**ports)
    race.world.clock.move(timedelta(days=days))
    race.store.others = [partial(other, race) for other in others]
    return race, notices


def edits(race: Race) -> Any:
    return race.rival().leads.edit("lead-1", custom={"n": len(race.world.outbox())})


def test_what_changed_meanwhile_is_decided_anew():
    """LEAD-13, HIST-3: an edit puts nothing off and nobody is told twice; a follow-up or a deletion ends it."""
    race, notices = overtaken(edits, edits)
    assert results(run(race.world)) == [("lead-1", "owner_reminded")]
    assert [notice.to for notice in notices.told] == ["li"]
    race, notices = overtaken(lambda race: race.rival().leads.follow_up("lead-1", "rang"))
    assert results(run(race.world)) == []
    race, _ = overtaken(lambda race: race.rival("root").leads.disable("lead-1"), rule=PLAIN, days=30)
    assert results(run(race.world)) == []

    def goes(race: Race) -> None:
        race.rival().leads.disqualify("lead-1", reason="spam")
        race.rival().leads.delete("lead-1")

    race, _ = overtaken(goes, rule=PLAIN, days=30)
    assert results(run(race.world)) == []

    def merges(race: Race) -> None:
        survivor = race.rival("li").leads.create(title="Survivor", phone="2")
        race.rival().leads.merge(survivor, "lead-1")

    race, _ = overtaken(merges, rule=PLAIN, days=30)
    assert results(run(race.world)) == []
    assert held(race.world, "lead-1").merged_into is not None


def test_who_is_overtaken_again_and_again_is_a_conflict_and_the_next_run_takes_it():
    """LEAD-13, HIST-3: it does not go on for ever."""
    race, _ = overtaken(*[edits] * 9, rule=PLAIN, days=30)
    (outcome,) = run(race.world).outcomes
    assert (outcome.result, outcome.rule, outcome.days) == (RecyclingResult.CONFLICT, PLAIN, 30)
    race.store.others = []
    assert results(run(race.world)) == [("lead-1", "recycled")]


def test_a_lead_that_is_deleted_before_it_is_looked_at_is_passed_over():
    """LEAD-13: the walk read it a moment ago, and it is gone."""
    world, _ = working(sf.RecyclingRule(after_days=30, condition=lambda lead: delete(lead)))

    def delete(lead: sf.Lead) -> bool:
        zhang = world.acting("zhang").leads
        zhang.delete(zhang.disqualify(lead, reason="spam"))
        return True

    lead = world.lead()
    world.clock.move(timedelta(days=30))
    assert results(run(world)) == []
    assert held(world, lead.id) is None


LEADS = st.tuples(
    st.sampled_from(("li", "chen", "qian", None)), st.sampled_from(("fair", "web", None)),
    st.sampled_from(("assigned", "converted", "disqualified")), st.booleans(), st.booleans(),
    st.none() | st.integers(0, 40), st.none() | st.integers(0, 40),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(LEADS, max_size=6), st.integers(1, 40), st.integers(1, 40))
def test_exactly_the_overdue_are_recycled(population: list[Any], fair_days: int, other_days: int):
    """LEAD-13: against a plain loop over all leads; what is not known, and what nobody works, never."""
    rules = [sf.RecyclingRule(after_days=fair_days, sources=["fair"]), sf.RecyclingRule(after_days=other_days)]
    world = World(recycling=rules)
    made = world.lead()
    now = world.clock.now() + timedelta(days=40)
    wanted = set()
    for number, (owner, source, status, voided, disabled, assigned, followed) in enumerate(population):
        id = f"it {number}"
        if owner is None:
            status, assigned = "unassigned", None
        moments = {
            name: None if days is None else now - timedelta(days=days)
            for name, days in (("assigned_at", assigned), ("last_follow_up_at", followed))
        }
        world.place(
            made,
            id=id,
            owner=owner,
            source=source,
            status=LeadStatus(status),
            voided=voided,
            disabled=disabled,
            **moments,
        )
        ages = [days for days in (assigned, followed) if days is not None]
        limit = fair_days if source == "fair" else other_days
        if status == "assigned" and not voided and not disabled and ages and min(ages) >= limit:
            wanted.add(id)
    world.acting("root").leads.void(made)
    world.clock.move(timedelta(days=40))
    assert world.flow.today() == date(2026, 2, 14)
    assert {outcome.lead for outcome in run(world, dry_run=True).outcomes} == wanted
    assert set(results(run(world))) == {(id, "recycled") for id in wanted}
    assert run(world) == sf.RecyclingReport()


def test_the_policy_has_the_row_that_is_tested_here():
    """ACC-23: by default the run is the administrators'."""
    assert VisibilityPolicy().access["leads.recycle_overdue"].source == "ACC-23"
