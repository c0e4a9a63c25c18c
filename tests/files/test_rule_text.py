"""Rules as text (VIS-14): what prints reads back equal; what is no rule is refused with its place."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from salesflow import scenes
from salesflow.errors import InvalidInput
from salesflow.files.rule_text import DEEPEST_RULE, LONGEST_RULE, parse_rule, rule_text
from salesflow.model import Access, Money, TeamRole
from salesflow.visibility import everybody, owner, pool, record, team
from salesflow.visibility.access import ACCESS
from salesflow.visibility.filters import FieldCompare
from salesflow.visibility.rules import OwnerRule

VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1000, max_value=1000),
    st.builds(lambda minor: Money(Decimal(minor) / 100, "CNY"), st.integers(-(10**9), 10**9)),
    st.dates(),
    st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC)),
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
FIELDS = st.one_of(
    st.sampled_from([record.amount, record.status, record.grade.effective, record.close_date]),
    KEYS.map(lambda key: record.custom[key]),
)
COMPARISONS = st.builds(
    lambda field, compare, value: compare(field, value),
    FIELDS,
    st.sampled_from([lambda f, v: f == v, lambda f, v: f != v, lambda f, v: f < v, lambda f, v: f >= v]),
    VALUES,
)
TEAM_METHODS = (
    team.includes_viewer,
    team.includes_below_viewer,
    team.includes_who_answers_to_viewer,
    team.includes_viewers_department,
)
TEAM_RULES = st.builds(
    lambda make, role, access: make(role=role, access=access),
    st.sampled_from(TEAM_METHODS),
    st.none() | st.sampled_from(list(TeamRole)) | st.lists(KEYS, min_size=1, max_size=3),
    st.none() | st.sampled_from(list(Access)),
)
LEAVES = st.one_of(
    st.just(everybody),
    st.sampled_from(
        [
            owner.is_viewer,
            owner.is_below_viewer,
            owner.answers_to_viewer,
            owner.is_in_viewers_department,
            pool.admits_viewer,
            pool.is_dispatched_by_viewer,
        ]
        + [owner.shares_with_viewer(access) for access in Access]
    ),
    TEAM_RULES,
    COMPARISONS,
)
RULES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda rule: ~rule),
        st.tuples(inner, inner).map(lambda pair: pair[0] & pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
    ),
    max_leaves=8,
)


@given(RULES)
def test_what_a_rule_prints_as_reads_back_as_the_rule(rule):
    """VIS-14: rules are written to and read from text, whatever they are made of."""
    text = rule_text(rule)
    assert text == repr(rule)
    assert parse_rule(text) == rule
    assert hash(parse_rule(text)) == hash(rule)


@pytest.mark.parametrize("text", sorted({repr(rule) for rule in scenes.default().values()}))
def test_the_scenes_of_the_domain_have_words(text):
    """VIS-1 … VIS-12: every built-in scene is written in the words of the vocabulary."""
    assert repr(parse_rule(text)) == text


def test_the_access_table_has_words():
    """VIS-14, ACC-1 … ACC-27: so are the rows of the access table."""
    rules = {row.rule for row in ACCESS.values() if row.rule is not None}
    assert len(rules) > 5
    assert all(parse_rule(rule_text(rule)) == rule for rule in rules)


def test_the_text_may_be_laid_out_freely():
    """VIS-14: spaces and line breaks, either quotes, ``~`` over ``&`` over ``|``, as in Python."""
    laid_out = """
        owner.is_viewer
        | ~ team.includes_viewer ( access = "read_write", role = ["joint", 'sales'] )
          & record.amount>=Money("10.50", "CNY")
    """
    expected = owner.is_viewer | (
        ~team.includes_viewer(role=["joint", "sales"], access="read_write") & (record.amount >= Money("10.50", "CNY"))
    )
    assert parse_rule(laid_out) == expected
    assert parse_rule("~~~everybody") == ~everybody
    assert parse_rule("record.custom.area == 1.5") == (record.custom.area == Decimal("1.5"))
    assert parse_rule(r"record.source == '\x41é\U0001f600\n\\'") == (record.source == "Aé😀\n\\")
    assert parse_rule("record.close_date < date(2026, 1, 31)") == (record.close_date < date(2026, 1, 31))
    moment = datetime(2026, 1, 31, tzinfo=UTC)
    assert parse_rule(repr(record.created_at > moment)) == (record.created_at > moment)


@pytest.mark.parametrize("key", ["_", "_x", "__class__", "℘", "℮", "²", "a b", "1a", "地区", "a_b", "class", "'", "\n"])
def test_a_field_of_any_key_reads_back(key):
    """VIS-14: a key that is no plain word stands in brackets, in quotes."""
    rule = record.custom[key] == 1
    assert parse_rule(rule_text(rule)) == rule


def test_an_application_names_its_own_rules():
    """VIS-14: what has no words of its own, the application hands over by name."""

    @frozen
    class Neighbours:
        pass

    near = OwnerRule(Neighbours())  # type: ignore[arg-type]  # printing and reading need no more of a term
    assert parse_rule("is_near & ~owner.is_viewer", {"is_near": near}) == near & ~owner.is_viewer
    with pytest.raises(InvalidInput, match="application's own"):
        rule_text(near & owner.is_viewer)
    with pytest.raises(InvalidInput, match="must be a rule"):
        rule_text("owner.is_viewer")  # type: ignore[arg-type]  # on purpose


NO_RULES = [
    ("", 1, "must be everybody, owner, team, pool, record"),
    ("   ", 1, "must be everybody"),
    ("owner", 6, "must be ."),
    ("owner.is_owner", 7, "must be one of is_viewer"),
    ("owner.is_viewer()", 16, "must be & or |"),
    ("owner.shares_with_viewer", 25, "must be ("),
    ("owner.shares_with_viewer(access='all')", 7, "must be one of read, read_write"),
    ("owner.shares_with_viewer(access=read)", 33, "must be a text in quotes"),
    ("owner.shares_with_viewer(access=['read'])", 33, "must be a text in quotes"),
    ("owner.shares_with_viewer(access='read', access='read')", 41, "is one too many"),
    ("team.is_viewer", 6, "must be one of includes_viewer"),
    ("team.includes_viewer(person='li')", 22, "must be one of role, access"),
    ("team.includes_viewer(role='a' access='read')", 31, "must be ,"),
    ("team.includes_viewer(role=[])", 28, "must be a text in quotes"),
    ("team.includes_viewer(role=['a')", 31, "must be ]"),
    ("team.includes_viewer(role 'a')", 27, "must be ="),
    ("record", 7, "must be ."),
    ("record.amount", 14, "must be one of == != < <= > >="),
    ("record['amount'] == 1", 7, "must be ."),
    ("record[" * 99, 7, "must be ."),
    ("record.amount = 1", 15, "must be one of =="),
    ("record.size == 1", 8, "is no field of opportunity, lead, customer, contact"),
    ("record.__class__ == 1", 8, "is no field of a record"),
    ("record.grade.__class__ == 1", 14, "is no field of a record"),
    ("record.amount['CNY'] == 1", 1, "must be the key"),
    ("record.custom == 1", 15, "record.custom[key]"),
    ("record.custom[1] == 1", 15, "must be a text in quotes"),
    ("record.custom['a' == 1", 19, "must be ]"),
    ("record.amount >= ", 17, "must be a value"),
    ("record.amount >= record.amount", 18, "must be a text in quotes, a number"),
    ("record.amount >= Money('x', 'CNY')", 18, "is not a decimal number"),
    ("record.amount >= Money('1')", 18, "cannot take"),
    ("record.amount >= Money(", 24, "must be a text in quotes or a number"),
    ("record.amount >= Money('1', 'CNY'", 34, "must be )"),
    ("record.amount >= Money(Money('1', 'CNY'))", 24, "must be a text in quotes or a number"),
    ("record.amount >= Decimal('x')", 18, "cannot take"),
    ("record.amount >= Decimal('NaN')", 15, "must be finite"),
    ("record.amount >= 12345678901234567890", 18, "more than 19 digits"),
    ("record.amount >= -1234567890.1234567890", 18, "more than 19 digits"),
    ("record.created_at > datetime.fromisoformat('0001-01-01T00:00:00+14:00')", 19, "must lie between"),
    ("record.close_date == date(2026, 13, 1)", 22, "month must be in 1..12"),
    ("record.created_at == datetime.now()", 22, "must be a text in quotes, a number"),
    ("record.created_at == datetime.fromisoformat('x')", 22, "cannot take"),
    ("record.status == 'won", 18, "cannot stand in a rule"),
    (r"record.status == '\q'", 19, "must be \\ before one of"),
    (r"record.status == '\U00110000'", 19, "is no character"),
    ("record.status == None", 18, "must be a text in quotes, a number"),
    ("owner.is_viewer and everybody", 17, "must be & or |"),
    ("owner.is_viewer &", 18, "must be everybody"),
    ("owner.is_viewer & & everybody", 19, "must be everybody"),
    ("(owner.is_viewer", 17, "must be )"),
    ("owner.is_viewer)", 16, "must be & or |"),
    ("everybody; import os", 10, "cannot stand in a rule"),
    ("__import__('os')", 1, "must be one of everybody, owner, team, pool, record"),
    ("open", 1, "must be one of everybody, owner, team, pool, record"),
    ("pool", 5, "must be ."),
    ("pool.is_viewer", 6, "must be one of admits_viewer, is_dispatched_by_viewer"),
    ("'everybody'", 1, "must be everybody"),
    ("every\u200bbody", 6, "cannot stand in a rule"),
    ("\x00", 1, "cannot stand in a rule"),
    ("(" * (DEEPEST_RULE + 1) + "everybody" + ")" * (DEEPEST_RULE + 1), DEEPEST_RULE + 1, "is nested deeper"),
]


@pytest.mark.parametrize(("text", "at", "words"), NO_RULES)
def test_what_is_no_rule_is_refused_with_its_place(text, at, words):
    """VIS-14, REL-8: a text runs nothing and names nothing but the vocabulary; the error says where."""
    with pytest.raises(InvalidInput) as no:
        parse_rule(text)
    assert no.value.what == f"rule, character {at}"
    assert words in str(no.value)


def test_the_limits_of_a_text():
    """REL-8: the longest and deepest rule is read, and what is longer or deeper is refused before it costs."""
    deepest = "(" * DEEPEST_RULE + "everybody" + ")" * DEEPEST_RULE
    assert parse_rule(deepest.ljust(LONGEST_RULE)) == everybody
    assert parse_rule("~" * (LONGEST_RULE - 9) + "everybody") == ~everybody
    with pytest.raises(InvalidInput, match="at most 4,000"):
        parse_rule("everybody".ljust(LONGEST_RULE + 1))
    with pytest.raises(InvalidInput, match="must be text"):
        parse_rule(b"everybody")  # type: ignore[arg-type]  # on purpose
    long = record.source == "x" * LONGEST_RULE
    with pytest.raises(InvalidInput, match="too long"):
        rule_text(long)


def test_a_comparison_of_an_own_field_finds_its_value():
    """VIS-14: an application's own field compares by its key; a record without it passes in no way."""
    from attrs import evolve

    from salesflow.model.party import CustomField
    from tests.visibility.worlds import customer, opportunity

    deal = evolve(opportunity("li"), custom=(CustomField("area", "north"), CustomField("a.b", 3)))
    rules = {
        record.custom.area == "north": True,
        record.custom["area"] != "north": False,
        record.custom["a.b"] > 2: True,
        record.custom.a.b > 2: True,
        record.custom.other == "north": False,
        record.custom.other != "north": False,
    }
    for rule, passes in rules.items():
        assert rule.compare.matches(deal) is passes  # type: ignore[union-attr]  # each is one comparison
    area = FieldCompare("custom.area", "==", "north")
    assert not area.matches(customer("li"))
    assert not FieldCompare("custom", "==", "north").matches(deal)
    with pytest.raises(InvalidInput, match="must be the key"):
        record.custom[1]  # type: ignore[index]
