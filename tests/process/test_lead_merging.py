"""Two leads that are one: what the survivor takes over, and that undoing gives both back (LEAD-15)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given, settings
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import (
    Activity,
    Conversion,
    CustomField,
    Document,
    DocumentKind,
    Duplicate,
    Lead,
    LeadStatus,
    Merge,
    Money,
    Reason,
    ReviewState,
    apply,
    check,
)
from salesflow.process import (
    against_unmerging,
    assign_lead,
    delete_lead,
    disqualify_lead,
    edit_lead,
    follow_up_lead,
    merge_leads,
    move_document,
    recycle_lead,
    unmerge_leads,
    unvoid,
    void,
)
from salesflow.process.lead_merging import CHOOSABLE, Together
from tests.process.samples import AT, BY, a_lead, codes, kinds, later

ALONE = [name for name in CHOOSABLE if name != "owner"]
QUICK = settings(max_examples=100, deadline=None)


def one(**values: Any) -> Lead:
    return a_lead(**{"id": "one", "owner": None, "status": LeadStatus.UNASSIGNED, **values})


def other(**values: Any) -> Lead:
    return a_lead(**{"id": "other", "owner": None, "status": LeadStatus.UNASSIGNED, **values})


def both(survivor: Lead, away: Lead, fields: Mapping[str, str] | None = None, **more: Any) -> tuple[Lead, Lead]:
    """Both leads after the merge."""
    together = merge_leads(survivor, away, fields or {}, **BY, **more)
    return apply(survivor, together.survivor.require("merge")), apply(away, together.other.require("merge"))


def apart(survivor: Lead, before: Lead, after: Lead, away: Lead) -> tuple[Lead, Lead]:
    """Both leads after the merge was undone."""
    together = unmerge_leads(survivor, before, after, away, by="zhang", at=later(9))
    return apply(survivor, together.survivor.require("unmerge")), apply(away, together.other.require("unmerge"))


def same(left: Lead, right: Lead) -> bool:
    """Whether two leads differ in nothing but how often and when they were saved."""
    return evolve(left, version=1, updated_at=None) == evolve(right, version=1, updated_at=None)


KEYS = st.sampled_from(((), ("phone:1",), ("phone:2", "email:1"), ("company:1", "phone:1")))
CHOICES = st.dictionaries(
    st.sampled_from([*ALONE, "custom.budget", "custom.region"]), st.sampled_from(["survivor", "other"]), max_size=4
)
NAME = st.sampled_from((None, "A", "B"))
PERSON = st.sampled_from(("li", "chen"))
MOMENT = st.sampled_from((AT, later(1), later(2)))


@st.composite
def merging(draw: st.DrawFn, id: str, statuses: Collection[LeadStatus]) -> Lead:
    """A lead in one of *statuses*, with few different values, so that two often have the same; phone may be missing."""
    status = draw(st.sampled_from(sorted(statuses)))
    owner = None if status is LeadStatus.UNASSIGNED else draw(PERSON)
    followed = draw(st.booleans())
    custom = draw(st.dictionaries(st.sampled_from(("budget", "region")), st.sampled_from((None, 0, False, "x"))))
    activities = [Activity(str(n), "call", "rang", draw(MOMENT), draw(PERSON)) for n in range(draw(st.integers(0, 2)))]
    return Lead(
        id=id, version=draw(st.integers(2, 9)), title=draw(st.sampled_from(("A", "B"))), owner=owner, status=status,
        review=draw(st.sampled_from(ReviewState)), branch=draw(NAME), contact=draw(NAME), company=draw(NAME),
        phone=draw(NAME), email=draw(NAME), channel="qq", source=draw(NAME),
        description=draw(st.sampled_from((None, "", "A"))), last_follower=draw(PERSON) if followed else None,
        last_follow_up_at=draw(MOMENT) if followed else None, quote_number=draw(NAME), contract_number=draw(NAME),
        disqualified_reason="spam" if status is LeadStatus.DISQUALIFIED else None,
        conversion=Conversion(id, None, None) if status is LeadStatus.CONVERTED else None,
        assigned_at=None if owner is None else draw(MOMENT), pool=draw(NAME) if owner is None else None,
        match_keys=draw(KEYS), activities=tuple(activities), created_at=AT, created_by="li", updated_at=AT,
        custom=tuple(CustomField(*each) for each in custom.items()),
    )  # fmt: skip


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Lead, Lead, dict[str, str]]:
    """Two leads that may be merged, with what shall come from which."""
    survivor = draw(merging("one", set(LeadStatus) - {LeadStatus.DISQUALIFIED}))
    away = draw(merging("other", set(LeadStatus) - {survivor.status} | {LeadStatus.ASSIGNED, LeadStatus.UNASSIGNED}))
    return survivor, away, draw(CHOICES)


@QUICK
@given(pairs())
def test_undoing_a_merge_gives_both_back(pair):
    """LEAD-15: unmerge(merge(a, b)) = (a, b), in every field but version and update."""
    survivor, away, chosen = pair
    merged, gone = both(survivor, away, chosen)
    assert check(merged) == check(gone) == []
    again, back = apart(merged, survivor, merged, gone)
    assert same(again, survivor)
    assert same(back, away)
    assert check(again) == check(back) == []


@QUICK
@given(pairs())
def test_each_field_comes_from_the_lead_that_was_chosen(pair):
    """LEAD-15: field by field as chosen; what is not named is the survivor's, or where that is empty the other's."""
    survivor, away, chosen = pair
    merged, gone = both(survivor, away, chosen)
    for name in ALONE:
        own, others = getattr(survivor, name), getattr(away, name)
        wanted = {"survivor": own, "other": others, None: own or others or own}[chosen.get(name)]
        assert getattr(merged, name) == wanted, name
    held = {each.key: each.value for each in merged.custom}
    own, others = ({each.key: each.value for each in lead.custom} for lead in (survivor, away))
    assert set(held) == {*own, *others}
    for key, value in held.items():
        wanted = {"survivor": own.get(key), "other": others.get(key)}
        filled = others.get(key) if own.get(key) is None else own[key]
        assert value == wanted.get(chosen.get(f"custom.{key}", ""), filled)
    assert (gone.voided, gone.merged_into) == (True, "one")
    assert same(evolve(gone, voided=False, merged_into=None), away)
    untouched = {"id", "version", "updated_at", "merges", "activities", "custom", "match_keys", "duplicate_of"}
    untouched |= {
        *CHOOSABLE,
        "status",
        "branch",
        "pool",
        "assigned_at",
        "conversion",
        "last_follower",
        "last_follow_up_at",
    }
    for attribute in fields(Lead):
        if attribute.name not in untouched:
            assert getattr(merged, attribute.name) == getattr(survivor, attribute.name)


@QUICK
@given(pairs())
def test_a_key_goes_with_its_field(pair):
    """LEAD-12, LEAD-15: what the survivor is known by follows what it holds, as at every save."""
    survivor, away, chosen = pair
    merged, _ = both(survivor, away, chosen)
    own, others = ({key.split(":")[0]: key for key in lead.match_keys} for lead in (survivor, away))
    wanted = set()
    for name in ("phone", "email", "company"):
        came = getattr(merged, name) != getattr(survivor, name)
        wanted |= {key for key in [(others if came else own).get(name)] if key is not None}
    assert set(merged.match_keys) == wanted


@QUICK
@given(pairs())
def test_activities_are_added_and_the_latest_follow_up_counts(pair):
    """LEAD-15, LEAD-5: the other's activities stand behind the survivor's own, each as it was."""
    survivor, away, chosen = pair
    merged, gone = both(survivor, away, chosen)
    assert merged.activities[: len(survivor.activities)] == survivor.activities
    moved = merged.activities[len(survivor.activities) :]
    assert [evolve(activity, id="") for activity in moved] == [evolve(each, id="") for each in away.activities]
    assert gone.activities == away.activities
    heard = [(lead.last_follow_up_at, lead.last_follower) for lead in (survivor, away) if lead.last_follow_up_at]
    latest = max((at for at, _ in heard), default=None)
    assert merged.last_follow_up_at == latest
    assert latest is None or (latest, merged.last_follower) in heard


CHANGES: dict[str, Any] = {
    "title": "T", "contact": "C", "company": "D", "phone": "139", "email": "x@y", "channel": "qq", "source": "fair",
    "description": "", "custom": {"budget": 7, "new": "n"},
}  # fmt: skip


@QUICK
@given(pairs(), st.lists(st.sampled_from(sorted(CHANGES)), max_size=4, unique=True))
def test_what_was_changed_since_stays_when_a_merge_is_undone(pair, edited):
    """LEAD-15: each field that holds what the merge gave gets back what it held; each other stays as it is."""
    survivor, away, chosen = pair
    merged, gone = both(survivor, away, chosen)
    now = merged
    if edited:
        now = apply(now, edit_lead(now, {name: CHANGES[name] for name in edited}, **BY).events)
    now = apply(now, follow_up_lead(now, "call", "rang", happened_at=AT, **BY).events)
    together = unmerge_leads(now, survivor, merged, gone, **BY)
    plain = {name: getattr(survivor if getattr(now, name) == getattr(merged, name) else now, name) for name in ALONE}
    again = apply(now, together.survivor.events)
    assert check(again) == []
    assert {name: getattr(again, name) for name in ALONE} == plain
    held, before, at_merge = ({c.key: c for c in lead.custom} for lead in (now, survivor, merged))
    wanted = {key: before.get(key) if at_merge.get(key) == field else field for key, field in held.items()}
    assert {c.key: c for c in again.custom} == {key: field for key, field in wanted.items() if field is not None}
    assert again.activities == (*survivor.activities, now.activities[-1])
    assert again.merges == survivor.merges
    assert same(apply(gone, together.other.events), away)


STAYS: dict[str, Any] = {
    "assigned to somebody else": lambda lead: assign_lead(lead, "chen", branch=None, **BY),
    "assigned to another branch": lambda lead: assign_lead(lead, lead.owner, branch="north", **BY),
    "recycled": lambda lead: recycle_lead(lead, reason="no time", **BY),
    "disqualified": lambda lead: disqualify_lead(lead, reason="spam", **BY),
}


@pytest.mark.parametrize("how", STAYS)
def test_who_has_it_is_one_thing_and_stays_whole_once_it_changed(how):
    """LEAD-15: owner, status, branch and pool go back together or not at all, so that no lead is half assigned."""
    survivor, away = one(pool="east"), other(owner="li", status=LeadStatus.ASSIGNED, assigned_at=AT, branch="south")
    merged, gone = both(survivor, away)
    assert (merged.owner, merged.status, merged.branch, merged.pool) == ("li", "assigned", "south", None)
    now = apply(merged, STAYS[how](merged).events)
    again, back = apart(now, survivor, merged, gone)
    place = ("owner", "status", "branch", "pool", "assigned_at", "disqualified_reason")
    assert all(getattr(again, name) == getattr(now, name) for name in place)
    assert check(again) == []
    assert same(back, away)


OWNERS = [
    # survivor's status, other's status, what was chosen, who has it then
    ("assigned", "assigned", None, "one"),
    ("assigned", "assigned", "other", "other"),
    ("assigned", "unassigned", None, "one"),
    ("unassigned", "assigned", None, "other"),
    ("unassigned", "assigned", "survivor", None),
    ("unassigned", "disqualified", None, None),
    ("unassigned", "disqualified", "other", "other"),
    ("unassigned", "unassigned", "survivor", None),
    ("converted", "assigned", None, "one"),
    ("converted", "assigned", "survivor", "one"),
    ("assigned", "converted", None, "other"),
    ("assigned", "converted", "other", "other"),
    ("unassigned", "converted", None, "other"),
]
OWNED: dict[str, dict[str, Any]] = {
    "unassigned": {"owner": None},
    "assigned": {"assigned_at": AT},
    "converted": {"conversion": Conversion("acme", None, None)},
    "disqualified": {"disqualified_reason": "spam"},
}


def of(status: str, id: str) -> Lead:
    return a_lead(**{"id": id, "owner": id, "status": LeadStatus(status), **OWNED[status]})


@pytest.mark.parametrize(("ours", "theirs", "chosen", "owner"), OWNERS)
def test_who_has_the_merged_lead(ours, theirs, chosen, owner):
    """LEAD-15: a converted lead brings owner and conversion; else it is the survivor's owner, or the other's."""
    survivor, away = of(ours, "one"), of(theirs, "other")
    merged, gone = both(survivor, away, {"owner": chosen} if chosen else {})
    assert merged.owner == owner
    assert merged.conversion == (survivor.conversion or away.conversion)
    assert merged.status == ("converted" if merged.conversion else "assigned" if owner else "unassigned")
    assert check(merged) == []
    again, back = apart(merged, survivor, merged, gone)
    assert same(again, survivor)
    assert same(back, away)


@pytest.mark.parametrize(
    ("ours", "theirs", "chosen", "reason"),
    [
        ("converted", "converted", None, Reason("both_converted", survivor="one", other="other")),
        ("converted", "assigned", "other", Reason("owner_stays", lead="one")),
        ("assigned", "converted", "survivor", Reason("owner_stays", lead="other")),
        ("assigned", "unassigned", "other", Reason("owner_missing", lead="other")),
    ],
)
def test_of_two_owners_one_is_lost_and_must_not_be_the_wrong_one(ours, theirs, chosen, reason):
    """LEAD-15: not both converted; what was converted keeps its owner; nobody takes over nobody."""
    together = merge_leads(of(ours, "one"), of(theirs, "other"), {"owner": chosen} if chosen else {}, **BY)
    assert together == Together(together.survivor)
    assert together.survivor.reasons == (reason,)


def test_what_stands_in_the_way_of_either_is_told_together():
    """LEAD-15, RULE-1: neither voided nor disabled, the survivor not disqualified; the other's reasons name it."""
    survivor = evolve(of("disqualified", "one"), disabled=True)
    away = evolve(of("assigned", "other"), voided=True)
    decision = merge_leads(survivor, away, **BY).survivor
    assert [reason.code for reason in decision.reasons] == ["is_disabled", "wrong_status", "other_lead"]
    assert decision.reasons[-1].facts["lead"] == "other"
    assert decision.reasons[-1].facts["reason"] == "is_voided"
    assert "'other': the record is voided" in str(decision.reasons[-1])
    assert "is_voided" in codes(merge_leads(evolve(survivor, voided=True), away, **BY).survivor)


def test_a_lead_is_not_left_without_reach():
    """LEAD-15, domain §2: a choice, or an undoing, that would leave no way to reach anybody is refused."""
    survivor, away = one(phone="139", email=None), other(phone=None, email="a@b")
    chosen = {"phone": "other", "email": "survivor"}
    assert codes(merge_leads(survivor, away, chosen, **BY).survivor) == ["reach_missing"]
    merged, gone = both(survivor, away)
    now = apply(merged, edit_lead(merged, {"phone": None}, **BY).events)
    assert codes(unmerge_leads(now, survivor, merged, gone, **BY).survivor) == ["reach_missing"]
    now = apply(now, edit_lead(now, {"channel": "qq"}, **BY).events)
    assert apart(now, survivor, merged, gone)[0].email is None


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"status": "other"}, "fields"),
        ({"custom.": "other"}, "fields"),
        ({5: "other"}, "fields"),
        ({"phone": "both"}, "fields.phone"),
        (["phone"], "fields"),
    ],
)
def test_what_cannot_be_chosen_is_said(fields, what):
    """LEAD-15: the calling code's mistakes are its own."""
    with pytest.raises(InvalidInput) as invalid:
        merge_leads(one(), other(), fields, **BY)
    assert invalid.value.what == what


def test_a_lead_is_not_merged_into_itself():
    """LEAD-15: it would lead to itself for ever."""
    with pytest.raises(InvalidInput, match="must be another lead"):
        merge_leads(one(), one(), **BY)


def test_merges_are_undone_in_reverse_order():
    """LEAD-15: only so does each give back exactly what was; the reason names the one that comes first."""
    first, second = other(id="first", email="a@b"), other(id="second", email="c@d")
    survivor = one(email=None)
    merged, gone = both(survivor, first)
    twice, _ = both(merged, second, {"email": "other"})
    assert twice.merges == (Merge("first", 2), Merge("second", 3))
    assert against_unmerging(twice, "first") == (Reason("merged_later", lead="second"),)
    assert codes(unmerge_leads(twice, survivor, merged, gone, **BY).survivor) == ["merged_later"]
    assert against_unmerging(twice) == against_unmerging(twice, "second") == ()
    assert against_unmerging(survivor) == (Reason("not_merged"),)
    assert against_unmerging(evolve(twice, voided=True, disabled=True)) == (Reason("is_voided"), Reason("is_disabled"))


def test_a_merged_lead_takes_nothing_but_being_brought_back():
    """LEAD-15, LEAD-10: it is voided, and only the undoing unvoids it; every refusal says where to go."""
    _, gone = both(one(), other())
    into = (Reason("is_merged", into="one"),)
    for decision in (
        unvoid(gone, **BY), void(gone, reason=None, **BY), delete_lead(gone, **BY),
        edit_lead(gone, {"title": "x"}, **BY), assign_lead(gone, "li", branch=None, **BY),
        merge_leads(gone, other(id="third"), **BY).survivor,
    ):  # fmt: skip
        assert decision.reasons == into
    (reason,) = merge_leads(other(id="third"), gone, **BY).survivor.reasons
    assert (reason.code, reason.facts["reason"]) == ("other_lead", "is_merged")


def test_a_link_between_the_two_is_gone_and_one_to_a_third_stays():
    """LEAD-12, LEAD-15: a lead is no duplicate of itself, nor of what was merged into it."""
    to_other, to_one, to_acme = Duplicate("lead", "other"), Duplicate("lead", "one"), Duplicate("customer", "acme")
    for own, others, wanted in [
        (to_other, None, None), (None, to_one, None), (to_acme, to_one, to_acme), (to_other, to_acme, to_acme),
        (None, to_acme, to_acme), (None, None, None),
    ]:  # fmt: skip
        survivor, away = one(duplicate_of=own), other(duplicate_of=others)
        merged, gone = both(survivor, away)
        assert merged.duplicate_of == wanted
        assert same(apart(merged, survivor, merged, gone)[0], survivor)
    assert both(one(duplicate_of=Duplicate("lead", "x")), other(), redirects=["x"])[0].duplicate_of is None


def test_what_was_done_since_counts_for_the_last_follow_up():
    """LEAD-15, LEAD-5: undone, the lead is as long without follow-up as its own activities say."""
    survivor = one(last_follower="li", last_follow_up_at=AT)
    away = other(
        last_follower="chen", last_follow_up_at=later(5), activities=(Activity("1", "call", "x", later(5), "chen"),)
    )
    merged, gone = both(survivor, away)
    assert (merged.last_follower, merged.last_follow_up_at) == ("chen", later(5))
    since = follow_up_lead(merged, "visit", "y", happened_at=later(3), by="sun", at=later(6))
    now = apply(merged, since.events)
    again, _ = apart(now, survivor, merged, gone)
    assert (again.last_follower, again.last_follow_up_at) == ("sun", later(3))
    since = follow_up_lead(merged, "visit", "y", happened_at=AT - timedelta(days=1), by="sun", at=later(6))
    again, _ = apart(apply(merged, since.events), survivor, merged, gone)
    assert (again.last_follower, again.last_follow_up_at) == ("li", AT)


def test_the_events_say_what_happened():
    """LEAD-15, HIST-1: one event each, which names the other lead and the documents that went along."""
    survivor, away = one(), other(company="Acme")
    together = merge_leads(survivor, away, documents=["quote:2", "quote:1"], **BY)
    assert kinds(together.survivor) == ["lead_merged"]
    assert kinds(together.other) == ["lead_merged_away"]
    (merged,) = together.survivor.events
    told = {(change.field, change.key): change.after for change in merged.changes}
    assert told == {("company", None): "Acme", ("merges", "other"): Merge("other", 2, ("quote:1", "quote:2"))}
    document = Document(
        id="quote:1", version=1, kind=DocumentKind.QUOTE, number="1", total=Money(1, "CNY"), lead="other"
    )
    moved = apply(document, move_document(document, "one", operation="leads.merge", **BY).events)
    assert (moved.lead, moved.version) == ("one", 2)


def test_a_field_that_is_chosen_empty_is_empty():
    """LEAD-15: what is chosen is taken as it is, an application's own field too, which keeps its place."""
    survivor, away = one(contact="Wang", custom=(CustomField("a", 1), CustomField("b", 2))), other(contact=None)
    merged, gone = both(survivor, away, {"contact": "other", "custom.a": "other", "custom.c": "other"})
    assert merged.contact is None
    assert merged.custom == (CustomField("a", None), CustomField("b", 2))
    assert same(apart(merged, survivor, merged, gone)[0], survivor)
