"""What is asked for from outside is checked where it comes in: OPP-2, LEAD-6, IO-3, HIST-2, REL-8."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import (
    Department,
    Employee,
    ImportedOpportunity,
    LedBy,
    Money,
    NewContact,
    NewCustomer,
    NewOpportunity,
    TeamMember,
    UserGroup,
)
from salesflow.model.requests import LONGEST_NAME, LONGEST_TEXT, named, not_negative, worded
from salesflow.testing import strategies as some

NAMES = ["", " ", "\t", "a\nb", "a\x00b", "a\x7f", "x" * (LONGEST_NAME + 1), None, 7, b"name", ["name"]]
NAIVE = datetime(2026, 1, 1)


def imported(**values) -> ImportedOpportunity:
    plain = {"id": "o1", "name": "Deal", "owner": "li", "process": "crm2000", "stage": "bidding"}
    return ImportedOpportunity(**{**plain, **values})


@given(some.names(max_size=LONGEST_NAME))
def test_a_name_is_kept_as_it_is(name):
    """OPP-2: text on one line, in any script, up to the limit, is a name."""
    assert named(name, "name") == name
    assert NewCustomer(name).name == name


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", [NewCustomer, NewContact, NewOpportunity, lambda name: imported(id=name)])
def test_what_is_no_name_is_refused(make, name):
    """REL-8: empty, blank, many-lined, far too long, or no text at all."""
    with pytest.raises(InvalidInput) as caught:
        make(name)

    assert caught.value.what in {"name", "id"}


@pytest.mark.parametrize(
    "hidden",
    [
        "\u2028",
        "\u2029",
        "\u0085",
        "\ud800",
        "\u202e",
        "\u2066",
        "\u200b",
        "\u200e",
        "\ufeff",
        "\u00ad",
        "\x9b",
        "\x1f",
    ],
    ids=ascii,
)
def test_a_name_hides_nothing(hidden):
    """OPP-2, REL-8: line breaks of every kind, surrogates, marks of direction and unseen characters are refused."""
    with pytest.raises(InvalidInput, match=rf"name: .*U\+{ord(hidden):04X}") as caught:
        named(f"A{hidden}B", "name")
    str(caught.value).encode()  # a message can be written down
    with pytest.raises(InvalidInput, match="must not be empty"):
        named(hidden, "name")


@pytest.mark.parametrize("blank", ["\u200d", "\u200c \u200d", "\u3000\u200b", "\ufeff\u2028"], ids=ascii)
def test_a_name_that_nobody_sees_is_empty(blank):
    """OPP-2: spaces, joiners and hidden characters alone make no name."""
    with pytest.raises(InvalidInput, match="must not be empty"):
        named(blank, "name")


@pytest.mark.parametrize(
    "name",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\U0001f469\u200d\U0001f4bb",
        "\u5317\u4eac\u3000\u516c\u53f8",
    ],
)
def test_joiners_stay(name):
    """OPP-2: Persian, the Indic scripts and many emoji cannot be written without the zero-width joiners."""
    assert named(name, "name") == name


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("make", "field"),
    [
        (NewCustomer, "phone"),
        (NewCustomer, "email"),
        (NewCustomer, "industry"),
        (NewContact, "title"),
        (NewOpportunity, "process"),
        (NewOpportunity, "stage"),
    ],
)
def test_an_optional_name_is_a_name_or_none(make, field, name):
    """REL-8: what may be left out must be right where it is given."""
    assert getattr(make("Acme", **{field: None}), field) is None
    assert getattr(make("Acme", **{field: "x"}), field) == "x"
    if name is not None:
        with pytest.raises(InvalidInput) as caught:
            make("Acme", **{field: name})
        assert caught.value.what == field


@given(st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_free_text_may_have_lines(text):
    """OPP-4: free text is kept as it is, lines and all; None stays None."""
    assert worded(text, "text") == text


@pytest.mark.parametrize("text", ["a\x00b", "x" * (LONGEST_TEXT + 1), 7, b"text", ["text"]])
def test_what_is_no_text_is_refused(text):
    """REL-8: text without NUL, of a bounded length."""
    assert worded("x" * LONGEST_TEXT, "text")
    with pytest.raises(InvalidInput, match="text"):
        worded(text, "text")


@pytest.mark.parametrize("amount", [Money("-0.01", "CNY"), 1, "1 CNY", True])
def test_an_amount_is_money_of_at_least_zero(amount):
    """OPP-2: an amount is not negative, and is money."""
    assert not_negative(Money(0, "CNY"), "amount") == Money(0, "CNY")
    assert NewOpportunity("Deal", amount=Money(1, "CNY")).amount == Money(1, "CNY")
    for make in (lambda: NewOpportunity("Deal", amount=amount), lambda: imported(actual_amount=amount)):
        with pytest.raises(InvalidInput, match="amount"):
            make()


@pytest.mark.parametrize("day", [datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01", 5])
def test_a_close_date_is_a_plain_day(day):
    """HIST-2: a close date has no clock time."""
    assert NewOpportunity("Deal", close_date=date(2026, 1, 1)).close_date == date(2026, 1, 1)
    with pytest.raises(InvalidInput, match="close_date"):
        NewOpportunity("Deal", close_date=day)


@pytest.mark.parametrize("field", ["entered_at", "closed_at", "created_at"])
def test_an_imported_moment_is_aware_and_kept_in_utc(field):
    """HIST-2, IO-3: a moment of any zone is kept in UTC; a naive one, or none at all, is refused by name."""
    there = datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))

    assert getattr(imported(**{field: there}), field).tzinfo is UTC
    assert getattr(imported(**{field: there}), field) == there
    assert getattr(imported(**{field: None}), field) is None
    for wrong in (NAIVE, "2026-01-01", 5, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        with pytest.raises(InvalidInput, match=field):
            imported(**{field: wrong})


def test_an_imported_history_is_aware_too():
    """HIST-2, IO-3: each earlier stage has an aware moment."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    assert imported(history=[("qualification", moment)]).history == (("qualification", moment),)
    with pytest.raises(InvalidInput, match="history"):
        imported(history=[("qualification", NAIVE)])


def test_who_leads_and_who_helps_may_be_written_plainly():
    """OPP-1: the lead party may be given by its word, the team as any sequence."""
    asked = NewOpportunity("Deal", led_by="partner", team=[TeamMember("wang")])

    assert (asked.led_by, asked.team) == (LedBy.PARTNER, (TeamMember("wang"),))
    assert NewOpportunity("Deal").led_by is LedBy.US


def test_an_unknown_lead_party_is_refused():
    """OPP-2: who leads is one of two words."""
    with pytest.raises(InvalidInput, match="led_by"):
        NewOpportunity("Deal", led_by="nobody")


@pytest.mark.parametrize("make", [Employee, Department, UserGroup])
@pytest.mark.parametrize("id", ["", "x" * 201, None, 7])
def test_an_id_of_the_organisation_is_a_text(make, id):
    """ORG-1, ORG-3: people, departments and groups have ids of 1 to 200 characters."""
    assert make("x" * 200).id == "x" * 200
    with pytest.raises(InvalidInput, match="id"):
        make(id)


def test_an_employee_takes_any_sequence():
    """ORG-1: departments and groups may be given as lists; nobody has a manager or a department unless told."""
    found = Employee("li", departments=["east"], groups=["experts", "experts"])

    assert (found.departments, found.groups) == (("east",), frozenset({"experts"}))
    assert (found.manager, found.department, found.active) == (None, None, True)
    assert UserGroup("experts", members=["li"]).members == frozenset({"li"})
