"""Conditions: each kind matches and does not; what is absent never does, and currencies stay apart (RULE-1)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import (
    Activity,
    Condition,
    ContactRole,
    CustomField,
    Feedback,
    Grade,
    Grading,
    Lead,
    LeadStatus,
    LedBy,
    Money,
    Opportunity,
    Probability,
    ProbabilitySource,
    ProductLine,
    Registration,
    ReviewState,
    Route,
    StageEntry,
    StageVisit,
    TeamMember,
)
from salesflow.model.conditions import FIELDS_OF, OPPORTUNITY_FIELDS, ValueType, compile_condition

AT = datetime(2026, 1, 5, tzinfo=UTC)
BARE = Opportunity(
    id="d", version=1, name="A deal", owner="li", process="p", process_version=1, stage="talk",
    probability=Probability(40, ProbabilitySource.STAGE),
)  # fmt: skip
LEAD = Lead(id="l", version=1, title="CRM", owner=None, status=LeadStatus.UNASSIGNED)


def holds(condition: Condition, record: Any = BARE, kind: str = "opportunity") -> bool:
    return compile_condition(condition, kind)(record)


def custom(value: Any) -> Opportunity:
    return evolve(BARE, custom=(CustomField("other", "x"), CustomField("budget", value)))


FILLED: dict[str, dict[str, Any]] = {
    "amount": {"amount": Money(0, "CNY")},
    "close_date": {"close_date": date(2026, 1, 5)},
    "customer": {"customer": "acme"},
    "contact": {"contact": "qian"},
    "source": {"source": "web"},
    "competitors": {"competitors": ("Globex",)},
    "contact_roles": {"contact_roles": (ContactRole("qian", "user"),)},
    "primary_contact": {"contact_roles": (ContactRole("qian", "user", is_primary=True),)},
    "products": {"products": (ProductLine("1", "CRM", Decimal(1), Money(1, "CNY")),)},
    "activities": {"activities": (Activity("1", "call", "rang", AT, "li"),)},
    "team": {"team": (TeamMember("feng", "presales"),)},
    "feedback": {
        "visits": (StageVisit(1, "talk", AT, StageEntry.CREATED),),
        "feedback": (Feedback("1", 1, "talk", "fine", AT, "li"),),
    },
    "grade": {"grade": Grading(computed=Grade.B)},
}


@pytest.mark.parametrize("field", OPPORTUNITY_FIELDS)
def test_a_field_is_asked_to_be_filled(field: str):
    """RULE-1: with nothing else given; those that every opportunity has are always filled."""
    asked = Condition(field)
    if field in FILLED:
        assert not holds(asked)
        assert holds(asked, evolve(BARE, **FILLED[field]))
    else:
        assert field in {"probability", "owner", "led_by", "registration", "route"}
        assert holds(asked)


def test_who_is_no_helper_and_what_is_no_feedback():
    """RULE-1, OPP-4: the owner alone is no team, and feedback on an earlier stay is none on this one."""
    alone = evolve(BARE, team=(TeamMember("li", "owner"),))
    assert not holds(Condition("team"), alone)
    earlier = evolve(
        BARE, visits=(StageVisit(2, "talk", AT, StageEntry.RETURNED),),
        feedback=(Feedback("1", 1, "talk", "fine", AT, "li"),),
    )  # fmt: skip
    assert not holds(Condition("feedback"), earlier)


@pytest.mark.parametrize("field", FIELDS_OF["lead"])
def test_a_leads_fields_are_asked_too(field: str):
    """RULE-1: each is absent or filled, compared, and never matches where it is absent."""
    known = FIELDS_OF["lead"][field]
    value: Any = {"status": LeadStatus.ASSIGNED, "review": ReviewState.CREATED}.get(field, "web")
    filled = evolve(LEAD, **{field: value})
    assert holds(Condition(field), filled, "lead")
    assert holds(Condition(field, equals=str(value)), filled, "lead")
    assert not holds(Condition(field, equals=known.choices[-1] if known.choices else "fair"), filled, "lead")
    if not known.choices:
        nothing: Any = None if field != "title" else ""
        empty = evolve(LEAD, **{field: nothing})
        assert not holds(Condition(field), empty, "lead")
        assert not holds(Condition(field, one_of=["web", "fair"]), empty, "lead")


VALUES: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("source", {"source": "web"}, "web", "fair"),
    ("owner", {}, "li", "Li"),
    ("customer", {"customer": "acme"}, "acme", "globex"),
    ("contact", {"contact": "qian"}, "qian", "q"),
    ("led_by", {"led_by": LedBy.PARTNER}, "partner", "us"),
    ("registration", {"registration": Registration.APPROVED}, "approved", "refused"),
    ("grade", {"grade": Grading(computed=Grade.D, override=Grade.B)}, "B", "D"),
    ("route", {"grade": Grading(route=Route.PARTNER)}, "partner", "full"),
    ("probability", {}, 40, 41),
    ("amount", {"amount": Money("99.50", "EUR")}, "99.5 EUR", "99.50 USD"),
    ("close_date", {"close_date": date(2026, 5, 31)}, "2026-05-31", "2026-05-30"),
    ("custom.budget", {"custom": (CustomField("budget", "yes"),)}, "yes", "no"),
    ("custom.budget", {"custom": (CustomField("budget", 1),)}, 1, True),
    ("custom.budget", {"custom": (CustomField("budget", True),)}, True, 1),
    ("custom.budget", {"custom": (CustomField("budget", False),)}, False, 0),
    ("custom.budget", {"custom": (CustomField("budget", Money(5, "CNY")),)}, "5 CNY", "5 EUR"),
    ("custom.budget", {"custom": (CustomField("budget", "5 CNY"),)}, "5 CNY", "5.0 CNY"),
]


@pytest.mark.parametrize(("field", "values", "same", "other"), VALUES)
def test_a_value_is_compared(field: str, values: dict[str, Any], same: Any, other: Any):
    """RULE-1: it equals, or is one of; what is like it but of another kind is not it."""
    record = evolve(BARE, **values)
    assert holds(Condition(field, equals=same), record)
    assert not holds(Condition(field, equals=other), record)
    assert holds(Condition(field, one_of=[other, same]), record)
    assert not holds(Condition(field, one_of=[other]), record)


ORDERED: list[tuple[str, list[Any], list[Any]]] = [
    ("probability", [Probability(n, ProbabilitySource.HAND) for n in (10, 40, 90)], [10, 40, 90]),
    ("amount", [Money(n, "CNY") for n in (10, 40, 90)], ["10 CNY", "40 CNY", "90 CNY"]),
    ("close_date", [date(2026, n, 1) for n in (1, 2, 10)], ["2026-01-01", "2026-02-01", "2026-10-01"]),
    ("custom.budget", [(CustomField("budget", n),) for n in (1, 2, 10)], [1, 2, 10]),
    ("custom.budget", [(CustomField("budget", Money(n, "CNY")),) for n in (1, 2, 10)], ["1 CNY", "2 CNY", "10 CNY"]),
]


@pytest.mark.parametrize(("field", "values", "written"), ORDERED)
def test_more_and_less(field: str, values: list[Any], written: list[Any]):
    """RULE-1: at least and at most, the bound itself included; both together are a range."""
    name = field.partition(".")[0]
    for at, value in enumerate(values):
        record = evolve(BARE, **{name: value})
        for bound, asked in enumerate(written):
            assert holds(Condition(field, at_least=asked), record) is (at >= bound)
            assert holds(Condition(field, at_most=asked), record) is (at <= bound)
            assert holds(Condition(field, at_least=asked, at_most=asked), record) is (at == bound)


@given(st.sampled_from(sorted(OPPORTUNITY_FIELDS)), st.data())
def test_what_is_absent_never_matches(field: str, data: st.DataObject):
    """RULE-1: an empty field equals nothing, is one of nothing, and is neither at least nor at most anything."""
    known = OPPORTUNITY_FIELDS[field]
    if known.type is None or field not in FILLED:
        return
    written = {
        ValueType.TEXT: st.sampled_from(known.choices or ("", "web")),
        ValueType.MONEY: st.sampled_from(["0 CNY", "-5 CNY", "999999 EUR"]),
        ValueType.DAY: st.dates().map(date.isoformat),
    }[known.type]
    value = data.draw(written)
    assert not holds(Condition(field, equals=value))
    assert not holds(Condition(field, one_of=[value]))
    if known.type is not ValueType.TEXT:
        assert not holds(Condition(field, at_least=value))
        assert not holds(Condition(field, at_most=value))


@given(
    st.sampled_from(["CNY", "EUR", "JPY"]), st.sampled_from(["CNY", "EUR", "JPY"]), st.integers(0, 9), st.integers(0, 9)
)
def test_unlike_currencies_never_compare(held: str, asked: str, amount: int, bound: int):
    """RULE-1, PIPE-8: no rate is assumed: neither more nor less, whatever the numbers are."""
    record = evolve(BARE, amount=Money(amount, held))
    assert holds(Condition("amount", at_least=f"{bound} {asked}"), record) is (held == asked and amount >= bound)
    assert holds(Condition("amount", at_most=f"{bound} {asked}"), record) is (held == asked and amount <= bound)


@pytest.mark.parametrize(("value", "bound"), [(True, 0), (False, 1), ("7", 1), (None, 0), (Money(5, "CNY"), 1)])
def test_what_is_no_number_is_not_more_than_one(value: Any, bound: int):
    """RULE-1: true is not 1, and text is no number, though it looks like one."""
    assert not holds(Condition("custom.budget", at_least=bound), custom(value))
    assert not holds(Condition("custom.budget", at_most=bound), custom(value))


@pytest.mark.parametrize(
    ("value", "filled"), [(None, False), ("", False), ("  ", False), ("x", True), (0, True), (False, True)]
)
def test_a_custom_field_is_filled(value: Any, filled: bool):
    """RULE-1, PROC-1: only the absent or blank is empty; a field that is not there at all is too."""
    assert holds(Condition("custom.budget"), custom(value)) is filled
    assert not holds(Condition("custom.region"), custom(value))


def test_it_is_written_as_a_file_has_it():
    """RULE-1, PROC-2: money and days in Python are the text of the file, so that both are equal."""
    assert Condition("amount", at_least=Money(1_000_000, "CNY")) == Condition("amount", at_least="1000000 CNY")
    assert Condition("close_date", equals=date(2026, 5, 31)) == Condition("close_date", equals="2026-05-31")
    assert Condition("amount", one_of=[Money("0.50", "EUR")]).one_of == ("0.50 EUR",)
    no_list: Any = "web"
    assert Condition("source", one_of=no_list).one_of == no_list  # for the checker to report


def test_it_reads_as_text():
    """RULE-1: a refusal names what is needed."""
    assert str(Condition("custom.budget")) == "custom.budget is filled"
    assert (
        str(Condition("amount", at_least="5 CNY", at_most="9 CNY")) == "amount is at least 5 CNY and is at most 9 CNY"
    )
    assert str(Condition("source", one_of=["web", "fair"])) == "source is one of web, fair"
    assert str(Condition("led_by", equals="us")) == "led_by is us"


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (Condition("budget"), "opportunity"),
        (Condition("custom."), "opportunity"),
        (Condition("amount"), "lead"),
        (Condition("source", equals=5), "opportunity"),
        (Condition("source", at_least="web"), "opportunity"),
        (Condition("led_by", equals="them"), "opportunity"),
        (Condition("probability", equals="40"), "opportunity"),
        (Condition("probability", equals=True), "opportunity"),
        (Condition("probability", equals=10**15), "opportunity"),
        (Condition("custom.budget", at_least=-(10**5000)), "opportunity"),
        (Condition("amount", at_least="1000"), "opportunity"),
        (Condition("amount", at_least="much CNY"), "opportunity"),
        (Condition("amount", at_least="0.001 CNY"), "opportunity"),
        (Condition("amount", at_least=1000), "opportunity"),
        (Condition("close_date", at_most="31.5.2026"), "opportunity"),
        (Condition("close_date", at_most="20260531"), "opportunity"),
        (Condition("close_date", at_most="2026-02-30"), "opportunity"),
        (Condition("competitors", equals="Globex"), "opportunity"),
        (Condition("custom.budget", equals=1.5), "opportunity"),
        (Condition("custom.budget", at_least="high"), "opportunity"),
        (Condition("custom.budget", at_least=True), "opportunity"),
        (Condition("source", one_of=["web", None]), "opportunity"),
    ],
)
def test_what_cannot_be_asked(asked: Condition, kind: str):
    """RULE-1: an unknown field, or a value that the field can never have, is refused when the condition is compiled."""
    with pytest.raises(InvalidInput):
        compile_condition(asked, kind)
