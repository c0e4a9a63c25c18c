"""What a new policy would change, and what each grade may use (GRADE-5, GRADE-7)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.grading import AmountPolicy, GradeChange, Resources, regrade, what_if
from salesflow.model import Grade, Money, Opportunity, apply
from salesflow.testing import strategies as some

ON = date(2026, 3, 2)
STRICT = AmountPolicy(Money(2_000_000, "CNY"), upper=Money(9_000_000, "CNY"), lower=Money(500_000, "CNY"))


@given(st.lists(some.opportunities(), max_size=4))
def test_exactly_those_in_progress_whose_grade_or_route_would_change_are_listed(deals: list[Opportunity]):
    """GRADE-7: the list is what putting the policy in place would do; what is completed or voided keeps its grade."""
    changes = what_if(deals, STRICT, ON)
    expected = []
    for deal in deals:
        after = regrade(deal, STRICT, ON)
        is_open = deal.status == "in_progress" and not deal.voided
        if is_open and (after.effective is not deal.grade.effective or after.route is not deal.grade.route):
            expected.append(GradeChange(deal, after))
    assert list(changes) == expected
    for change in changes:
        assert change.before == change.opportunity.grade
        assert change.is_route_changed == (change.before.route is not change.after.route)
        assert change.after.reason is not None
        assert apply(change.opportunity, ()) is change.opportunity


def test_a_grade_names_what_it_may_use():
    """GRADE-5: open data per grade; a grade that is not named, or undecided, may use nothing."""
    resources = Resources({Grade.A: {"presales_days": 20, "executive_sponsor": True}, "C": {"presales_days": 2}})
    assert dict(resources.of(Grade.A)) == {"presales_days": 20, "executive_sponsor": True}
    assert dict(resources.of(Grade.C)) == {"presales_days": 2}
    assert dict(resources.of(Grade.B)) == {}
    assert dict(resources.of(None)) == dict(Resources().of(Grade.A)) == {}
    with pytest.raises(TypeError):
        resources.of(Grade.A)["presales_days"] = 99  # type: ignore[index]  # on purpose


@pytest.mark.parametrize("bad", [None, 5, [], {"Z": {}}, {None: {}}, {"A": 5}, {"A": {"": 1}}, {"A": {5: 1}}])
def test_resources_that_are_none_are_refused(bad: Any):
    """GRADE-5, REL-8: a mapping from grade to named resources, and nothing else."""
    with pytest.raises(InvalidInput):
        Resources(bad)
