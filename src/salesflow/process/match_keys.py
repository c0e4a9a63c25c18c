"""
Canonical keys: what makes two records duplicates of one another (LEAD-12).

Equal things have equal keys in whatever dress they are typed; what cannot be compared has no key, and equals nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any
from unicodedata import category, decimal, normalize

from attrs import field, frozen

from salesflow.errors import InvalidInput, PortError
from salesflow.model import Customer, ImportedLead, Lead, NewCustomer

KEY_FIELDS = ("phone", "email", "company")
"""What duplicates may be told by, of a customer its name for the company."""

LONGEST_KEY = 200
"""A key that would be longer is cut, and ends in a digest of all of it: every store can index it."""

_FEWEST_DIGITS, _MOST_DIGITS = 7, 15  # with the country code; E.164 has at most fifteen
_CUT = 64
_BETWEEN_DIGITS = re.compile(r"\(\s*0\s*\)|[^\w+]|_")  # a nought in brackets is for those who dial at home


def match_keys(
    record: Lead | ImportedLead | Customer | NewCustomer, fields: Iterable[str],
    normalize: Callable[[str, str], str | None],
) -> tuple[str, ...]:  # fmt: skip
    """
    Return the canonical keys of *record*, such as ``"phone:+8613912345678"``, in the order of *fields*.

    Args:
        fields: Some of `KEY_FIELDS`.
        normalize: A `salesflow.ports.KeyNormalizer`.

    Raises:
        PortError: The normaliser gave something else than text or None.

    Source: LEAD-12.
    """
    company = record.name if isinstance(record, Customer | NewCustomer) else record.company
    texts = {"phone": record.phone, "email": record.email, "company": company}
    found = []
    for name in fields:
        text = texts[name]
        key: object = None if text is None else normalize(name, text)
        if key is None:
            continue
        if not isinstance(key, str) or not key or "\x00" in key:
            raise PortError("key_normalizer", f"gave {type(key).__name__} for a {name} that is no text, nor None")
        found.append(_bounded(f"{name}:{key}"))
    return tuple(found)


def field_of(key: str) -> str:
    """Return which of `KEY_FIELDS` a key of `match_keys` is about."""
    return key.partition(":")[0]


def _bounded(key: str) -> str:
    if len(key) <= LONGEST_KEY:
        return key
    return f"{key[:_CUT]}#{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _country_code(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, str) or not re.fullmatch(r"[1-9][0-9]{0,2}", value):
        raise InvalidInput("country_code", value, "must be one to three digits, such as '86'")


@frozen
class PlainKeys:
    """
    The key normaliser that needs no library.

    A phone number keeps its digits alone; one that begins with neither ``+`` nor ``00`` is of the country of
    *country_code*, within which a leading 0 does not count. Words, as of an extension, make it no number. An e-mail
    address and a company's name are compared without regard to case and width, a name also without punctuation.

    Args:
        country_code: Of the country that most numbers are written down in; China's by default.

    Raises:
        InvalidInput: It is no country code.

    Source: LEAD-12.
    """

    country_code: str = field(default="86", validator=_country_code)

    def __call__(self, field: str, text: str) -> str | None:
        """
        Return the canonical key of *text*, or None.

        Raises:
            InvalidInput: There is no such field.
        """
        match field:
            case "phone":
                return self._phone(text)
            case "email":
                return _email(text)
            case "company":
                return _company(text)
            case _:
                raise InvalidInput("field", field, f"must be one of {', '.join(KEY_FIELDS)}")

    def _phone(self, text: str) -> str | None:
        plain = _BETWEEN_DIGITS.sub("", _settled(text, str))
        is_international = plain.startswith("+")
        digits = plain.removeprefix("+")
        if not digits.isdecimal():
            return None
        if not digits.isascii():
            digits = "".join(str(decimal(one)) for one in digits)
        if not is_international and digits.startswith("00"):
            is_international, digits = True, digits[2:]
        if not is_international:
            digits = self.country_code + digits
        if digits.startswith(self.country_code):
            digits = self.country_code + digits.removeprefix(self.country_code).lstrip("0")
        return f"+{digits}" if _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS and digits[0] != "0" else None


def _settled(text: str, kept: Callable[[str], str]) -> str:
    """Return what *kept* leaves of *text* in one width and case; doing so once more changes nothing."""
    while (settled := kept(normalize("NFKC", normalize("NFKC", text).casefold()))) != text:
        text = settled  # an accent may have found another letter to stand on
    return text


def _email(text: str) -> str | None:
    plain = _settled(text, lambda folded: "".join(one for one in folded if category(one)[0] not in "ZC"))
    name, at, host = plain.rpartition("@")
    return plain if name and at and host else None


def _company(text: str) -> str | None:
    return _settled(text, lambda folded: "".join(one for one in folded if category(one)[0] in "LMN")) or None
