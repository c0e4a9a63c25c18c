"""Leads that keep every invariant of `salesflow.model.check`, in every status, voided or disabled."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from salesflow.model import (
    Activity,
    Conversion,
    CustomField,
    FormerOwner,
    Lead,
    LeadStatus,
    Merge,
    OverdueReminder,
    ReviewState,
)
from salesflow.testing.strategies.values import PEOPLE, moments, money, names, record_ids


def activities() -> st.SearchStrategy[tuple[Activity, ...]]:
    """Up to three activities of one record, in any order of time (OPP-19)."""
    one = st.builds(
        Activity,
        id=st.sampled_from(("1", "2", "3")),
        kind=st.sampled_from(("call", "visit", "note")),
        text=names(),
        at=moments(),
        by=st.sampled_from(PEOPLE),
    )
    return st.lists(one, max_size=3, unique_by=lambda activity: activity.id).map(tuple)


def custom_fields() -> st.SearchStrategy[tuple[CustomField, ...]]:
    """Up to two fields of the application's own, of every type that one may have (OPP-2)."""
    value = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), names(), money())
    one = st.builds(CustomField, key=st.sampled_from(("budget", "region")), value=value)
    return st.lists(one, max_size=2, unique_by=lambda custom: custom.key).map(tuple)


@st.composite
def leads(draw: st.DrawFn, *, id: st.SearchStrategy[str] | None = None, people: Sequence[str] = PEOPLE) -> Lead:
    """
    Leads at version 1 of any status.

    Args:
        id: Where ids come from; few that collide where left out.
        people: Whom owners and others are chosen from.

    Source: LEAD (domain §2).
    """
    person = st.sampled_from(people)
    status = draw(st.sampled_from(LeadStatus))
    owners: dict[LeadStatus, st.SearchStrategy[str | None]] = {
        LeadStatus.UNASSIGNED: st.none(),
        LeadStatus.ASSIGNED: person,
    }
    owner = draw(owners.get(status, st.none() | person))
    phone = draw(st.none() | st.sampled_from(("+86 139 1234 5678", "13912345678")))
    email = draw(st.none() | st.just("qian@example.com"))
    followed = draw(st.booleans())
    parts = st.none() | record_ids()
    steps = draw(st.sets(st.sampled_from(("remind_owner", "remind_superior"))))
    formers = draw(st.lists(st.tuples(person, moments(), names()), max_size=2))
    return Lead(
        id=draw(id if id is not None else record_ids()),
        version=1,
        title=draw(names()),
        owner=owner,
        status=status,
        voided=draw(st.booleans()),
        disabled=draw(st.booleans()),
        review=draw(st.sampled_from(ReviewState)),
        branch=draw(st.none() | names()),
        contact=draw(st.none() | names()),
        company=draw(st.none() | names()),
        phone=phone,
        email=email,
        channel=draw(st.none() | names()) if phone or email else draw(names()),
        source=draw(st.none() | st.sampled_from(("website", "referral"))),
        assigned_at=draw(st.none() | moments()) if owner is not None else None,
        last_follower=draw(person) if followed else None,
        last_follow_up_at=draw(moments()) if followed else None,
        disqualified_reason=draw(names()) if status is LeadStatus.DISQUALIFIED else None,
        conversion=draw(st.builds(Conversion, parts, parts, parts)) if status is LeadStatus.CONVERTED else None,
        upstream_lead=draw(st.none() | st.just("upstream")),
        pool=draw(st.none() | st.just("north")),
        merges=draw(st.sampled_from(((), (Merge("merged", 2, ("quote:1",)),)))),
        reminders=tuple(OverdueReminder(step, draw(person), draw(moments())) for step in sorted(steps)),
        former_owners=tuple(FormerOwner(n, *former) for n, former in enumerate(formers, 1)),
        activities=draw(activities()),
        custom=draw(custom_fields()),
        created_at=draw(moments()),
        created_by=draw(person),
        updated_at=draw(moments()),
    )
