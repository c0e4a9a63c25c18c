"""Filters and sets of people as values that a store may look into: equality, short forms, negation at the leaves."""

from __future__ import annotations

import pickle
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import Access, Employee, Money, OpportunityStatus, TeamMember
from salesflow.visibility import (
    EVERYTHING,
    NOTHING,
    AllOf,
    AnyOf,
    Everything,
    FieldCompare,
    Filter,
    Negation,
    Nothing,
    Organization,
    OrganizationIndex,
    OwnerIn,
    People,
    Sight,
    TeamIn,
    Voided,
    all_of,
    any_of,
    negation,
)
from salesflow.visibility.filters import write_out
from salesflow.visibility.forest import Forest
from salesflow.visibility.people import SHORT, Gathering
from tests.visibility.worlds import PEOPLE, ROLES, contact, customer, lead, opportunities, opportunity, worlds

BIG = 3 * SHORT
"""More people than are written out at once."""

names = st.frozensets(st.sampled_from(PEOPLE), max_size=3)
leaf_filters: st.SearchStrategy[Filter] = st.one_of(
    st.builds(OwnerIn, names),
    st.builds(TeamIn, names, st.none() | st.frozensets(st.sampled_from(ROLES), max_size=2), st.sampled_from(Access)),
    st.builds(Voided, st.booleans()),
    st.builds(
        FieldCompare,
        st.just("status"),
        st.sampled_from(["==", "!=", "<"]),
        st.sampled_from(OpportunityStatus),
    ),
    st.just(EVERYTHING),
    st.just(NOTHING),
)
filters: st.SearchStrategy[Filter] = st.recursive(
    leaf_filters,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(lambda some: AllOf(tuple(some))),
        st.lists(parts, max_size=3).map(lambda some: AnyOf(tuple(some))),
        st.builds(Negation, parts),
    ),
    max_leaves=6,
)
some_records = st.one_of(
    worlds().flatmap(opportunities),
    st.builds(lead, st.none() | st.sampled_from(PEOPLE), voided=st.booleans()),
    st.builds(customer, st.none() | st.sampled_from(PEOPLE)),
)


def means(node: Filter, record: Any) -> bool | None:
    """What a filter says: true, false, or neither where a value is missing."""
    match node:
        case Everything():
            return True
        case Nothing():
            return False
        case OwnerIn():
            return None if record.owner is None else record.owner in frozenset(node.people)
        case TeamIn():
            return any(
                m.person in frozenset(node.people)
                and (node.roles is None or m.role in node.roles)
                and (node.access is Access.READ or m.access is Access.READ_WRITE)
                for m in getattr(record, "team", ())
            )
        case Voided():
            return bool(record.voided == node.is_voided)
        case FieldCompare():
            found = getattr(record, node.name, None)
            if found is None:
                return None
            return {"==": found == node.value, "!=": found != node.value, "<": found < node.value}[node.operator]
        case Negation():
            inner = means(node.part, record)
            return None if inner is None else not inner
        case AllOf():
            truths = [means(part, record) for part in node.parts]
            return False if False in truths else None if None in truths else True
        case AnyOf():
            truths = [means(part, record) for part in node.parts]
            return True if True in truths else None if None in truths else False
    raise AssertionError(f"{node} has tests of its own")


@given(filters, some_records)
def test_a_filter_passes_what_it_says(node: Filter, record: Any) -> None:
    """VIS-15: every node and every nesting passes exactly where it is certainly true."""
    expected = means(node, record) is True

    assert expected == node.matches(record)


@given(st.lists(filters, max_size=3), some_records)
def test_short_forms_mean_the_same(parts: list[Filter], record: Any) -> None:
    """VIS-15: all_of, any_of and negation shorten, and change no answer."""
    assert AllOf(tuple(parts)).matches(record) == all_of(parts).matches(record)
    assert AnyOf(tuple(parts)).matches(record) == any_of(parts).matches(record)
    for part in parts:
        assert Negation(part).matches(record) == negation(part).matches(record)
        assert (means(part, record) is False) == negation(part).matches(record)


def test_short_forms() -> None:
    """VIS-14: idle nodes go, nested ones flatten, one part stands alone, and no part is said by name."""
    one, other = OwnerIn({"li"}), Voided(False)

    assert all_of([]) == EVERYTHING
    assert any_of([]) == NOTHING
    assert all_of([one, NOTHING]) == NOTHING
    assert any_of([one, EVERYTHING]) == EVERYTHING
    assert all_of([EVERYTHING, one]) == any_of([NOTHING, one]) == one
    assert all_of([AllOf((one, other)), one]) == AllOf((one, other, one))
    assert any_of([AnyOf((one, other)), one]) == AnyOf((one, other, one))


def test_negation_stands_at_the_leaves() -> None:
    """VIS-14: what a store must know to negate is an owner or a team test, nothing else."""
    one, other = OwnerIn({"li"}), TeamIn({"li"})

    assert negation(AllOf((one, other))) == AnyOf((Negation(one), Negation(other)))
    assert negation(AnyOf((one, other))) == AllOf((Negation(one), Negation(other)))
    assert negation(Negation(one)) == one
    assert negation(Negation(AllOf((one, other)))) == AllOf((one, other))
    assert negation(Voided(True)) == Voided(False)
    assert negation(EVERYTHING) == NOTHING
    assert negation(NOTHING) == EVERYTHING
    assert negation(FieldCompare("amount", "<", 7)) == FieldCompare("amount", ">=", 7)


def test_filters_are_values() -> None:
    """VIS-14: filters compare, hash, print and pickle by what they say, compiled or not."""
    one = AllOf((Voided(False), AnyOf((OwnerIn({"li"}), TeamIn(["wang", "li"])))))
    same = AllOf((Voided(False), AnyOf((OwnerIn(People(frozenset({"li"}))), TeamIn(frozenset({"li", "wang"}))))))
    assert one.matches(opportunity("li"))

    assert one == same
    assert hash(one) == hash(same)
    assert pickle.loads(pickle.dumps(one)) == one
    assert OwnerIn({"li"}) != OwnerIn({"wang"})
    kinds: list[Filter] = [OwnerIn({"li"}), TeamIn({"li"}), Voided(True), Voided(False)]
    assert len(set(kinds)) == len(kinds)
    assert repr(OwnerIn({"wang", "li"})) == "OwnerIn(people={'li', 'wang'})"
    with pytest.raises(AttributeError, match="absent"):
        one.absent  # noqa: B018 - looking it up is what is tested


def test_comparisons_refuse_what_they_cannot_compare() -> None:
    """VIS-14: the operators are a closed list; a value is plain and finite."""
    with pytest.raises(InvalidInput, match="must be one of == != < <= > >="):
        FieldCompare("amount", "~", 7)
    with pytest.raises(InvalidInput, match="must be finite"):
        FieldCompare("amount", "<", Decimal("NaN"))
    with pytest.raises(InvalidInput, match="exact number"):
        FieldCompare("amount", "<", 1.5)  # type: ignore[arg-type] # the mistake that is tested


def test_unlike_currencies_do_not_compare() -> None:
    """PIPE-8, VIS-14: 10 USD is neither above, below nor unequal to 10 CNY; a deal without amount neither."""
    dollars = opportunity("li", amount=Money("10", "USD"))

    for operator in ("==", "!=", "<", "<=", ">", ">="):
        compare = FieldCompare("amount", operator, Money("10", "CNY"))
        assert not compare.matches(dollars)
        assert not compare.matches(opportunity("li"))
        assert not compare.matches(contact("li"))
        assert compare.matches(opportunity("li", amount=Money("10", "CNY"))) == ("=" in operator and operator != "!=")


# -- large sets: a stretch of the line, and shared sets


def _chain(size: int) -> OrganizationIndex:
    """A boss over *size* people, each below the one before, all in one department that the boss heads."""
    people = [Employee("p0")] + [Employee(f"p{n}", manager=f"p{n - 1}") for n in range(1, size)]
    return OrganizationIndex(Organization(people))


def _large(index: OrganizationIndex, first: int) -> People:
    gathering = Gathering()
    low, high = index.line.stretch(f"p{first}")
    gathering.add_stretch(index.line, low, high)
    gathering.add("guest")
    gathering.add_all(frozenset(f"q{n}" for n in range(BIG)))
    return gathering.people()


def test_large_sets_answer_like_small_ones() -> None:
    """VIS-15: a set that is not written out answers, counts, iterates, compares and hashes as one that is."""
    index = _chain(BIG)
    for is_written_out in (False, True):
        people = _large(index, 1)
        if is_written_out:
            people.write_out(10_000)
        expected = {f"p{n}" for n in range(1, BIG)} | {"guest"} | {f"q{n}" for n in range(BIG)}
        assert people.is_written_out == is_written_out
        for person in [*expected, "p0", "stranger"]:
            assert (person in expected) == (person in people)
        assert people
        assert None not in people
        assert expected == people
        assert people == expected
        assert people == _large(index, 1)
        assert people != _large(index, 2)
        assert hash(people) == hash(frozenset(expected))
        assert sorted(expected) == sorted(people)
        assert people != 7
        assert {"guest"} == people & {"guest", "stranger"}
        assert repr(people).endswith(f"and {len(expected) - 8} more}}")


def test_sets_too_large_are_not_written_out() -> None:
    """VIS-15: what is kept for reuse is written out up to a size, so that memory stays bounded."""
    people = _large(_chain(BIG), 1)
    people.write_out(BIG)

    assert not people.is_written_out


@pytest.mark.parametrize("most", [0, 10_000])
def test_large_filters_match_like_small_ones(most: int) -> None:
    """VIS-1: the fused loop over stretches and shared sets passes what the loop over plain sets passes."""
    index = _chain(BIG)
    owners, members = _large(index, 1).ids, _large(index, 5).ids
    either = AnyOf((OwnerIn(_large(index, 1)), TeamIn(_large(index, 5))))
    node, negated = AllOf((Voided(False), either)), Negation(OwnerIn(_large(index, 1)))
    for each in (node, either, negated, EVERYTHING):
        write_out(each, most)
    for owner in ("p0", "p1", "p4", "p9", "guest", "q3", "stranger"):
        for member in ("p4", "p9", "guest", "q3", "stranger"):
            record = opportunity(owner, TeamMember(member))
            expected = owner in owners or member in members
            assert expected == node.matches(record)
            assert not node.matches(evolve(record, voided=True))
            assert expected == either.matches(evolve(record, voided=True))
        assert (owner in owners) == node.matches(lead(owner)) == (not negated.matches(lead(owner)))
    assert not node.matches(lead(None))


def test_two_stretches_are_both_there() -> None:
    """ORG-2: one stretch stays a stretch, another is written out; the same one twice is one."""
    upper, lower = Forest({f"a{n}": None for n in range(BIG)}, ""), Forest({f"b{n}": None for n in range(BIG)}, "")
    gathering = Gathering()
    for line in (upper, upper, lower):
        gathering.add_stretch(line, 0, BIG)
    gathering.add_stretch(upper, 3, 3)
    gathering.add_all(())
    people = gathering.people()

    assert gathering.count == 3
    assert {*upper.order, *lower.order} == people
    assert len(people) == 2 * BIG
    assert not Gathering().people()


def test_a_managers_filter_is_a_stretch_until_it_is_kept() -> None:
    """VIS-1, PERF-4: binding anew writes nothing out; what Sight keeps is written out; both pass the same."""
    sight = Sight(_chain(BIG))
    anew, kept = sight.bind("p0", "opportunity"), sight.filter("p0", "opportunity")
    assert isinstance(anew, AllOf)
    assert isinstance(anew.parts[1], AnyOf)
    owners = anew.parts[1].parts[0]
    assert isinstance(owners, OwnerIn)
    assert not owners.people.is_written_out
    for owner in ("p0", "p70", "stranger"):
        assert anew.matches(opportunity(owner)) == kept.matches(opportunity(owner)) == (owner != "stranger")

    assert sight.filter("p0", "opportunity") is kept
    assert anew == kept


def test_add_all_takes_sequences() -> None:
    """ORG-2: direct reports come as a tuple; many of them are shared as one set."""
    gathering = Gathering()
    gathering.add_all(tuple(f"p{n}" for n in range(BIG)))

    assert len(gathering.people()) == BIG
