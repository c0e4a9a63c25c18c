"""Canonical keys: equal things have equal keys in whatever dress, and what cannot be compared has none (LEAD-12)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput, PortError
from salesflow.model import Customer, ImportedLead, Lead, LeadStatus, NewCustomer
from salesflow.ports import KeyNormalizer
from salesflow.process import KEY_FIELDS, PlainKeys, field_of, match_keys
from salesflow.process.match_keys import LONGEST_KEY
from salesflow.process.phone_numbers import PhoneNumberKeys

NORMALIZERS: list[KeyNormalizer] = [PlainKeys(), PhoneNumberKeys()]
WIDE = str.maketrans("0123456789+-() ", "０１２３４５６７８９＋－（）　")
each_normalizer = pytest.mark.parametrize("keys", NORMALIZERS, ids=["plain", "phonenumbers"])

MOBILES = st.builds("13{}{:08}".format, st.integers(5, 9), st.integers(0, 10**8 - 1))
SEPARATORS = st.sampled_from(("", " ", "-", ".", "\u00a0", "\u2010"))
PREFIXES = st.sampled_from(("", "+86", "0086", "+86 ", "00 86 ", "+86-"))


@st.composite
def dressed(draw: Any, number: str) -> str:
    """A Chinese mobile number as people type it."""
    text = "".join(digit + (draw(SEPARATORS) if place in (2, 6) else "") for place, digit in enumerate(number))
    text = draw(PREFIXES) + text
    return text.translate(WIDE) if draw(st.booleans()) else text


@each_normalizer
@given(st.sampled_from(KEY_FIELDS), st.text())
def test_a_key_of_a_key_is_that_key(keys: KeyNormalizer, field: str, text: str):
    """LEAD-12: the contract of the port: what comes out goes in and comes out again, be it text of any kind."""
    key = keys(field, text)
    assert key is None or (key != "" and keys(field, key) == key)


@each_normalizer
@given(st.text("0123456789+-() /;=x（０８６\u0301", max_size=18))
def test_a_key_of_what_looks_like_a_phone_is_stable(keys: KeyNormalizer, text: str):
    """LEAD-12: likewise of text that is nearly a number; a phone's key is E.164: a plus and seven to fifteen digits."""
    key = keys("phone", text)
    assert key is None or (keys("phone", key) == key and key[0] == "+" and key[1:].isdecimal() and 7 < len(key) <= 16)


@each_normalizer
@given(MOBILES.flatmap(lambda number: st.tuples(st.just(number), dressed(number), dressed(number))))
def test_equal_numbers_have_one_key_in_any_dress(keys: KeyNormalizer, told: tuple[str, str, str]):
    """LEAD-12: with spaces, dashes or dots, half or full width, with +86, 0086 or neither."""
    number, one, other = told
    assert keys("phone", one) == keys("phone", other) == f"+86{number}"


@each_normalizer
@given(MOBILES, MOBILES)
def test_unlike_numbers_have_unlike_keys(keys: KeyNormalizer, one: str, other: str):
    """LEAD-12: normalising tells apart what differs."""
    assert (keys("phone", one) == keys("phone", other)) == (one == other)


@each_normalizer
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("(010) 6552 9988", "+861065529988"),
        ("+86 10 6552 9988", "+861065529988"),
        ("+86 (0)10 6552 9988", "+861065529988"),
        ("+44 (0)20 7946 0018", "+442079460018"),
        ("0044 20 7946 0018", "+442079460018"),
        ("١٣٩12345678", "+8613912345678"),
    ],
)
def test_a_number_of_a_place_or_a_country_has_its_key(keys: KeyNormalizer, text: str, key: str):
    """LEAD-12: area codes with and without their 0, other countries, digits of other scripts."""
    assert keys("phone", text) == key


@each_normalizer
@pytest.mark.parametrize(
    "text", ["", "1", "007", "0000000", "+", "call me", "139+12345678", "+0 139 1234 5678", "1" * 40, "-", "+86"]
)
def test_what_is_no_number_has_no_key(keys: KeyNormalizer, text: str):
    """LEAD-12: what cannot be compared equals nothing, so it is nobody's duplicate."""
    assert keys("phone", text) is None


@each_normalizer
@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("email", "Li.Na@Example.com", " ｌｉ．ｎａ＠example.COM\u200b"),
        ("company", "ACME, Inc.", "acme inc"),
        ("company", "北京（诺天）科技", "北京 诺天-科技"),
        ("company", "Straße", "STRASSE"),
        ("company", "Cafe\u0301", "café"),
    ],
)
def test_case_width_and_dress_do_not_count(keys: KeyNormalizer, field: str, one: str, other: str):
    """LEAD-12: NFKC and case folding, in Python and nowhere else (I-38)."""
    assert keys(field, one) == keys(field, other) is not None


@each_normalizer
@pytest.mark.parametrize(("field", "text"), [("email", "nobody"), ("email", "@x"), ("email", "x@"), ("company", "--")])
def test_what_is_no_address_or_name_has_no_key(keys: KeyNormalizer, field: str, text: str):
    """LEAD-12: likewise for the other fields."""
    assert keys(field, text) is None


@each_normalizer
def test_there_are_three_fields(keys: KeyNormalizer):
    """LEAD-12: another field is the caller's mistake, and named."""
    with pytest.raises(InvalidInput, match="phone, email, company"):
        keys("fax", "1")


def test_the_country_of_bare_numbers_is_a_setting():
    """LEAD-12: a number without a country code is of the one that is given; one with a code is not."""
    for keys in (PlainKeys("44"), PhoneNumberKeys("GB")):
        assert keys("phone", "020 7946 0018") == "+442079460018"
        assert keys("phone", "+86 139 1234 5678") == "+8613912345678"


@pytest.mark.parametrize("code", ["", "0", "086", "+86", "1234", 86, None])
def test_a_country_code_is_checked(code: Any):
    """LEAD-12: what is no country code is refused where the flow is configured."""
    with pytest.raises(InvalidInput, match="country_code"):
        PlainKeys(code)


@pytest.mark.parametrize("region", ["", "cn", "China", "XX", 86, None, ["CN"]])
def test_a_region_is_checked(region: Any):
    """LEAD-12: likewise of the extra's normaliser."""
    with pytest.raises(InvalidInput, match="region"):
        PhoneNumberKeys(region)


def test_phonenumbers_knows_more_dresses():
    """LEAD-12: the extra reads a country code without a plus, drops an extension, and knows which numbers there are."""
    plain, known = NORMALIZERS
    assert known("phone", "86 139 1234 5678") == known("phone", "13912345678 ext. 12") == "+8613912345678"
    assert plain("phone", "86 139 1234 5678") != "+8613912345678"
    assert plain("phone", "13912345678 ext. 12") is None
    assert known("phone", "+86 000 0000 000") is None


LEAD = Lead(
    id="1", version=1, title="A", owner="li", status=LeadStatus.ASSIGNED, phone="139 1234 5678", email="Li@x.com",
    company="Acme",
)  # fmt: skip


def test_keys_stand_in_the_order_of_the_fields():
    """LEAD-12: the fields are a setting, the most telling first; a field that is empty, or no key, gives none."""
    assert match_keys(LEAD, ("phone",), PlainKeys()) == ("phone:+8613912345678",)
    assert match_keys(LEAD, ("company", "phone"), PlainKeys()) == ("company:acme", "phone:+8613912345678")
    assert match_keys(evolve(LEAD, phone="1", email=None), KEY_FIELDS, PlainKeys()) == ("company:acme",)
    assert match_keys(LEAD, (), PlainKeys()) == ()
    assert field_of("email:a:b@c") == "email"


@pytest.mark.parametrize(
    "record",
    [
        Customer(id="1", version=1, name="ACME", owner=None, phone="13912345678"),
        NewCustomer("Acme", phone="+86 13912345678"),
        ImportedLead(id="1", title="A", phone="0086 139 1234 5678", company="acme"),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_lead_and_a_customer_of_one_company_meet(record: Any):
    """LEAD-12: a customer's name is to it what the company is to a lead."""
    assert match_keys(record, ("phone", "company"), PlainKeys()) == match_keys(LEAD, ("phone", "company"), PlainKeys())


@given(st.integers(150, 299), st.text("aà商", min_size=1, max_size=2), st.text("aà商", min_size=1, max_size=2))
def test_a_long_key_is_cut_and_still_tells_apart(length: int, one: str, other: str):
    """I-38: every store can index a key, and two are equal exactly if their texts are."""
    one, other = "a" * length + one, "a" * length + other
    first, second = (
        match_keys(evolve(LEAD, company=text), ("company",), lambda field, text: text) for text in (one, other)
    )
    assert (first == second) == (one == other)
    assert len(first[0]) <= LONGEST_KEY


@pytest.mark.parametrize("given", ["", "a\x00b", 12, b"x", True])
def test_what_a_normaliser_gives_is_checked(given: Any):
    """REL-7: a normaliser that breaks its contract is named; nothing is saved under such a key."""
    with pytest.raises(PortError, match="key_normalizer"):
        match_keys(LEAD, ("phone",), lambda field, text: given)
