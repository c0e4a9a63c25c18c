"""Sight as people meet it: lists of names, proofs that read well, and what is refused (domain §7)."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import pytest

import salesflow.scenes
from salesflow.errors import InvalidInput
from salesflow.model import Access, Department, Employee, Money, Pool, SharingRule, TeamMember, TeamRole
from salesflow.visibility import (
    NOTHING,
    Audience,
    Organization,
    OrganizationIndex,
    OwnerIn,
    Sight,
    TeamIn,
    VisibilityPolicy,
    Voided,
    everybody,
    owner,
    pool,
    record,
    scenes,
    team,
)
from salesflow.visibility.filters import AllOf
from tests.visibility.worlds import customer, lead, opportunity

ORGANIZATION = Organization(
    employees=[
        Employee("zhang", department="east"),
        Employee("li", manager="zhang", department="east"),
        Employee("wang", manager="zhang", department="service"),
        Employee("qian", department="east_city"),
        Employee("sun", departments=("service",), groups=frozenset({"tender"})),
        Employee("gone", active=False),
    ],
    departments=[
        Department("east", head="zhang"),
        Department("east_city", parent="east"),
        Department("service", head="wang"),
    ],
    administrators={"root", "gone"},
)
SHARES = (
    SharingRule(id="s1", version=1, from_person="li", to_group="tender"),
    SharingRule(id="s2", version=1, from_department="east", to_department="service", access=Access.READ_WRITE),
    SharingRule(id="s3", version=1, from_person="qian", to_person="sun"),
)


def seen(*shares: SharingRule, policy: VisibilityPolicy | None = None) -> Sight:
    """The organisation above, with these sharing rules."""
    return Sight(OrganizationIndex(ORGANIZATION), shares, policy)


def test_the_story_of_five_minutes() -> None:
    """VIS-15: the manager sees it through the owner; for the colleague each way in says what it lacks."""
    sight, deal = seen(), opportunity("li")

    assert str(sight.why("zhang", deal)) == (
        "visible: owner li -> manager zhang\nvisible: owner li -> department east -> head zhang"
    )
    assert str(sight.why("li", deal)) == "visible: owner li"
    assert str(sight.why("wang", deal)) == (
        "not visible\n"
        "  owner.is_viewer: owner li is not wang\n"
        "  owner.is_below_viewer: owner li is not below wang\n"
        "  team.includes_viewer(): no team member is wang\n"
        "  team.includes_below_viewer(): no team member is below wang\n"
        "  owner.shares_with_viewer(): owner li is not somebody whose records a sharing rule shares with wang\n"
        "  owner.is_in_viewers_department: owner li is not in service, which wang heads\n"
        "  team.includes_viewers_department(): no team member is in service, which wang heads\n"
        "  would open it: add wang to the team as joint (read)\n"
        "  would open it: share the records of li with wang (read)"
    )
    assert list(sight.who_can_see(deal)) == ["li", "root", "zhang"]


def test_audience_is_a_mapping_of_causes() -> None:
    """VIS-15: who_can_see reads like a dict, in order, with every way in; strangers are no key."""
    audience = seen().who_can_see(opportunity("li", TeamMember("wang", TeamRole.AFTER_SALES)))

    assert isinstance(audience, Audience)
    assert {person: tuple(map(str, causes)) for person, causes in audience.items()} == {
        "li": ("owner li",),
        "root": ("administrator root",),
        "wang": (
            "team member wang (after_sales, read)",
            "team member wang (after_sales, read) -> department service -> head wang",
        ),
        "zhang": (
            "owner li -> manager zhang",
            "team member wang (after_sales, read) -> manager zhang",
            "owner li -> department east -> head zhang",
        ),
    }
    assert len(audience) == 4
    assert "sun" not in audience
    with pytest.raises(KeyError):
        audience["sun"]
    assert audience == dict(audience)
    assert repr(audience).startswith("{'li': (<owner li>,), 'root': (<administrator root>,)")


def test_every_sharing_rule_in_a_proof_is_named() -> None:
    """VIS-11, VIS-15: the rule, what it permits and between whom."""
    sight = seen(*SHARES)

    assert str(sight.why("sun", opportunity("li"))) == (
        "visible: owner li -> sharing rule s1 (read from person li to group tender) -> shared with sun\n"
        "visible: owner li -> sharing rule s2 (read_write from department east to department service)"
        " -> shared with sun"
    )
    assert str(sight.why("sun", customer("qian"))) == (
        "visible: owner qian -> sharing rule s3 (read from person qian to person sun) -> shared with sun"
    )


def test_sharing_reaches_no_superior() -> None:
    """VIS-11: whom a rule names, not who stands above them."""
    rule = SharingRule(id="s", version=1, from_person="sun", to_person="li")
    sight = seen(rule)

    assert sight.can_see("li", customer("sun"))
    assert not sight.can_see("zhang", customer("sun"))


def test_a_rule_without_exactly_one_source_and_target_shares_nothing() -> None:
    """VIS-11: a broken rule fails closed."""
    broken = [
        SharingRule(id="1", version=1, to_person="sun"),
        SharingRule(id="2", version=1, from_person="li"),
        SharingRule(id="3", version=1, from_person="li", from_department="east", to_person="sun"),
        SharingRule(id="4", version=1, from_person="li", to_person="sun", to_group="tender"),
    ]

    assert not seen(*broken).can_see("sun", opportunity("li"))
    assert list(seen(*broken).who_can_see(customer("li"))) == ["li", "root", "zhang"]


def test_voided_is_for_administrators() -> None:
    """VIS-13, ACC-15: hidden even from the owner; an administrator gets it by id and in the scene `voided` only."""
    sight, deal = seen(), opportunity("li", voided=True)

    assert not sight.can_see("li", deal)
    assert "not voided: the record is voided, and only an administrator sees it" in str(sight.why("li", deal))
    assert sight.can_see("root", deal)
    assert str(sight.why("root", deal)) == "visible: administrator root"
    assert list(sight.who_can_see(deal)) == ["root"]
    assert not sight.filter("root", "opportunity").matches(deal)
    assert sight.filter("root", "opportunity", "voided").matches(deal)
    assert sight.filter("li", "opportunity", "voided") == NOTHING


def test_an_administrators_mine_is_a_filter_by_owner() -> None:
    """VIS-2, VIS-13: `all` is everything to an administrator, `mine` is not."""
    sight = seen()

    assert sight.filter("root", "opportunity", "mine").matches(opportunity("root"))
    assert not sight.filter("root", "opportunity", "mine").matches(opportunity("li"))
    assert sight.filter("root", "opportunity") == Voided(False)


def test_an_administrator_who_left_is_none() -> None:
    """ORG-2, ORG-5: whoever left may do nothing, listed as administrator or not; strangers neither."""
    sight = seen()

    for person in ("gone", "stranger"):
        assert not sight.knows(person)
        assert sight.filter(person, "lead") == NOTHING
        assert not sight.can_see(person, lead("li"))
        assert not sight.check(person, "lead")(lead("li"))
        assert "is no active employee and no administrator" in str(sight.why(person, lead("li")))


def test_a_lead_without_owner_is_its_pools() -> None:
    """VIS-18: seen by whoever claims from its pool or dispatches it, by nobody by accident; the proof says why."""
    pools = [
        Pool(id="east", version=1, members=frozenset({"li"}), dispatchers=frozenset({"zhang"})),
        Pool(id="void", version=1),
    ]
    sight = Sight(OrganizationIndex(ORGANIZATION), SHARES, pools=pools)

    assert list(sight.who_can_see(lead(None, pool="east"))) == ["li", "root", "zhang"]
    assert list(sight.who_can_see(lead(None, pool="void"))) == ["root"]
    assert list(sight.who_can_see(lead(None, pool="gone"))) == ["root"]
    assert set(sight.who_can_see(lead(None))) == sight.index.known
    assert str(sight.why("li", lead(None, pool="east"))) == "visible: pool east -> member li"
    assert str(sight.why("zhang", lead(None, pool="east"))) == "visible: pool east -> dispatcher zhang"
    assert str(sight.why("li", lead(None))) == "visible: pool of all employees -> member li"
    proof = str(sight.why("zhang", lead(None, pool="void")))
    assert "owner.is_viewer: the record has no owner" in proof
    assert "team.includes_viewer(): there is no team" in proof
    assert "pool.admits_viewer: zhang is no member of the pool void" in proof
    assert "pool.is_dispatched_by_viewer: zhang is no dispatcher of the pool void" in proof
    assert "pool.admits_viewer: the record has an owner" in str(seen().why("wang", lead("li")))
    assert "pool" not in str(seen().why("wang", customer("li")))
    assert sight.has_pool(None)
    assert sight.has_pool("east")
    assert not sight.has_pool("gone")


def test_built_in_scenes_are_short_filters() -> None:
    """VIS-2, VIS-3: a scene that is part of `all` is not evaluated twice."""
    sight = seen()

    assert sight.filter("li", "opportunity", "mine") == AllOf((Voided(False), OwnerIn({"li"})))
    joint = AllOf((Voided(False), TeamIn({"li"}, frozenset({"joint"}))))
    assert sight.filter("li", "opportunity", "joint") == joint
    assert sight.filter("li", "lead", "joint") == NOTHING
    assert sight.filter("li", "opportunity", "subordinates") == NOTHING


def test_unknown_scenes_and_kinds_are_refused() -> None:
    """VIS-1: the message lists the names that are; a kind without owner has no scenes."""
    sight = seen()
    with pytest.raises(InvalidInput, match="must be one of all, mine, joint"):
        sight.filter("li", "opportunity", "theirs")
    stage = SimpleNamespace(KIND="stage")
    for ask in (
        lambda: sight.filter("li", "stage"),
        lambda: sight.can_see("li", stage),
        lambda: sight.check("li", "stage"),
        lambda: sight.why("li", stage),
        lambda: sight.who_can_see(stage),
    ):
        with pytest.raises(InvalidInput, match="these have: opportunity, lead, customer, contact"):
            ask()


def test_a_scene_of_ones_own() -> None:
    """VIS-14: an application's scene narrows `all` for the viewer."""
    mine = owner.is_viewer | team.includes_viewer(role=TeamRole.JOINT)
    big = record.amount >= Money("1000000", "CNY")
    policy = VisibilityPolicy(scenes=salesflow.scenes.default() | {"my_big_deals": mine & big, "big": big})
    sight = seen(policy=policy)
    large, small = opportunity("li", amount=Money("2000000", "CNY")), opportunity("li")

    assert sight.filter("li", "opportunity", "my_big_deals").matches(large)
    assert not sight.filter("li", "opportunity", "my_big_deals").matches(small)
    assert sight.filter("zhang", "opportunity", "big").matches(large)
    assert not sight.filter("zhang", "opportunity", "my_big_deals").matches(large)
    assert not sight.filter("sun", "opportunity", "big").matches(large)


def test_proofs_of_composed_rules() -> None:
    """VIS-15: a proof mirrors the rule: which part held, which failed, and what a comparison found."""
    big = record.amount >= Money("5", "CNY")
    rule = (
        (owner.is_viewer & big)
        | (owner.is_viewer & ~team.includes_viewer(role=TeamRole.OWNER))
        | ~~(~owner.is_viewer & everybody & ~everybody)
        | (team.includes_viewer("joint", "read_write") & everybody)
    )
    sight = seen(policy=VisibilityPolicy(scenes=scenes.default() | {"all": rule}))
    deal = opportunity("li", TeamMember("wang", TeamRole.SALES), amount=Money("3", "CNY"))

    assert str(sight.why("li", deal)) == (
        "not visible\n"
        "  owner.is_viewer & (record.amount >= Money('5', 'CNY')): fails\n"
        "    owner.is_viewer: holds\n"
        "    record.amount >= Money('5', 'CNY'): it is 3 CNY\n"
        "  owner.is_viewer & ~team.includes_viewer(role='owner'): fails\n"
        "    owner.is_viewer: holds\n"
        "    ~team.includes_viewer(role='owner'): owner li\n"
        "  ~owner.is_viewer & everybody & ~everybody: fails\n"
        "    ~owner.is_viewer: owner li\n"
        "    everybody: holds\n"
        "    ~everybody: holds for everybody\n"
        "  team.includes_viewer(role='joint', access='read_write') & everybody: fails\n"
        "    team.includes_viewer(role='joint', access='read_write'): li is owner with read_write only\n"
        "    everybody: holds"
    )
    assert "~owner.is_viewer: the record has no owner" in str(sight.why("li", lead(None)))
    assert "record.amount >= Money('5', 'CNY'): the record has none" in str(sight.why("li", opportunity("li")))


def test_proof_of_everybody() -> None:
    """VIS-14: where a rule says `everybody`, the proof has no way through a person to tell."""
    open_house = seen(policy=VisibilityPolicy(scenes=scenes.default() | {"all": everybody}))
    proof = open_house.why("sun", lead(None))

    assert str(proof) == "visible: everybody"
    assert proof.ways == ()
    assert list(open_house.who_can_see(lead(None))) == ["li", "qian", "root", "sun", "wang", "zhang"]


def test_direct_subordinates_in_a_proof() -> None:
    """ORG-2, VIS-8: where only direct reports count, the proof says so."""
    chain = Organization(
        [Employee("a"), Employee("b", manager="a"), Employee("c", manager="b")], depth_subordinates="direct"
    )
    sight = Sight(OrganizationIndex(chain))

    assert "owner c is not a direct report of a" in str(sight.why("a", lead("c")))
    assert str(sight.why("b", lead("c"))) == "visible: owner c -> manager b"


def test_proofs_are_values() -> None:
    """VIS-15: a proof compares, and can be sent elsewhere."""
    proof = seen(*SHARES).why("sun", opportunity("li"))

    assert pickle.loads(pickle.dumps(proof)) == proof
    assert seen(*SHARES).why("sun", opportunity("li")) == proof
    assert proof.ways[0].steps[0].relation == "owner"


def test_what_a_read_write_share_lacks() -> None:
    """VIS-11, VIS-15: a rule on READ_WRITE sharing says so when only READ is shared."""
    policy = VisibilityPolicy(scenes=scenes.default() | {"all": owner.shares_with_viewer("read_write")})

    assert "shares with sun for read_write" in str(seen(SHARES[0], policy=policy).why("sun", opportunity("li")))
    assert "sharing rule s2" in str(seen(*SHARES, policy=policy).why("sun", opportunity("li")))


def test_a_denied_pool_rule_is_certain_or_nothing() -> None:
    """VIS-14, VIS-18: what certainly lies in no pool of the viewer's passes the denial."""
    pools = [Pool(id="east", version=1, members=frozenset({"li"})), Pool(id="west", version=1)]
    policy = VisibilityPolicy(scenes=scenes.default() | {"elsewhere": ~pool.admits_viewer})
    sight = Sight(OrganizationIndex(ORGANIZATION), SHARES, policy, pools)
    for viewer, passes in (("li", False), ("root", True)):
        assert sight.filter(viewer, "lead", "elsewhere").matches(lead(None, pool="east")) is passes
    assert not sight.filter("li", "lead", "elsewhere").matches(lead("li"))
