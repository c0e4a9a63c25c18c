"""The fields that a stage may require, and when each is filled."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from salesflow.errors import InvalidInput
from salesflow.model import (
    Activity,
    ContactRole,
    CustomField,
    Feedback,
    Money,
    Opportunity,
    Probability,
    ProbabilitySource,
    ProductLine,
    StageEntry,
    StageVisit,
    TeamMember,
    TeamRole,
)
from salesflow.process.requirements import FIELDS, filled_test, is_filled

AT = datetime(2026, 3, 1, tzinfo=UTC)
BARE = Opportunity(
    id="o", version=1, name="deal", owner="li", process="p", process_version=1, stage="a",
    probability=Probability(10, ProbabilitySource.STAGE), team=(TeamMember("li", TeamRole.OWNER),),
    visits=(StageVisit(1, "a", AT, StageEntry.CREATED), StageVisit(2, "b", AT, StageEntry.ADVANCED)),
)  # fmt: skip

FILLED: dict[str, list[dict[str, Any]]] = {
    "amount": [{"amount": Money(0, "CNY")}],
    "close_date": [{"close_date": date(2020, 1, 1)}],
    "customer": [{"customer": "acme"}],
    "contact": [{"contact": "qian"}],
    "source": [{"source": "website"}],
    "competitors": [{"competitors": ("globex",)}],
    "contact_roles": [{"contact_roles": (ContactRole("qian", "user"),)}],
    "primary_contact": [{"contact_roles": (ContactRole("wu", "user"), ContactRole("qian", "user", True))}],
    "products": [{"products": (ProductLine("s", "shoe", Decimal(1), Money(1, "CNY")),)}],
    "activities": [{"activities": (Activity("1", "call", "talked", AT, "li"),)}],
    "team": [{"team": (TeamMember("li", TeamRole.OWNER), TeamMember("wang"))}],
    "feedback": [{"feedback": (Feedback("1", 2, "b", "went well", AT, "li"),)}],
    "custom.budget": [{"custom": (CustomField("region", "x"), CustomField("budget", v))} for v in (0, False, "no")],
}
EMPTY: dict[str, list[dict[str, Any]]] = {
    "customer": [{"customer": ""}],
    "contact": [{"contact": ""}],
    "source": [{"source": ""}],
    "primary_contact": [{"contact_roles": (ContactRole("qian", "decision_maker"),)}],
    "team": [{"team": (TeamMember("li", TeamRole.OWNER), TeamMember("li", TeamRole.SALES))}],
    "feedback": [{"feedback": (Feedback("1", 1, "a", "earlier", AT, "li"),)}, {"visits": ()}],
    "custom.budget": [
        {"custom": (CustomField("region", "x"), CustomField("budget", value))} for value in (None, "", " \n")
    ],
}


@pytest.mark.parametrize("field", [*FIELDS, "custom.budget"])
def test_a_field_is_filled_or_not(field):
    """PROC-1, OPP-5: every field that may be required is empty on a bare record, and filled by a real value."""
    assert not is_filled(BARE, field)
    for values in FILLED[field]:
        assert is_filled(evolve(BARE, **values), field)
    for values in EMPTY.get(field, ()):
        assert not is_filled(evolve(BARE, **values), field)


def test_a_test_is_looked_up_once():
    """OPP-5: the test that is looked up once answers for every record as `is_filled` does."""
    is_amount_filled = filled_test("amount")

    assert [is_amount_filled(BARE), is_amount_filled(evolve(BARE, amount=Money(1, "CNY")))] == [False, True]


@pytest.mark.parametrize("field", ["", "amuont", "custom", "custom.", "Amount"])
def test_an_unknown_field_is_refused(field):
    """PROC-3: what is no field cannot be asked for; the refusal lists what can."""
    with pytest.raises(InvalidInput, match=r"known are amount, .* and custom\.NAME"):
        filled_test(field)
