"""
Telephone numbers by every country's own rules: the normaliser of the extra ``dedup``, over `phonenumbers` (LEAD-12).

It is imported by whoever wants it, and by nothing else: the core needs no such library.
"""

from __future__ import annotations

from typing import Any

import phonenumbers
from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.process.match_keys import PlainKeys

_PLAIN = PlainKeys()


def _region(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, str) or value not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidInput("region", value, "must be a country's code of two letters, such as 'CN'")


@frozen
class PhoneNumberKeys:
    """
    The key normaliser that gives telephone numbers as E.164; the other fields are those of `PlainKeys`.

    Text that is no valid number of its country has no key; an extension does not count.

    Args:
        region: The country that numbers without a country code are of, such as ``"CN"``.

    Raises:
        InvalidInput: There is no such country.

    Source: LEAD-12.
    """

    region: str = field(default="CN", validator=_region)

    def __call__(self, field: str, text: str) -> str | None:
        """
        Return the canonical key of *text*, or None.

        Raises:
            InvalidInput: There is no such field.
        """
        if field != "phone":
            return _PLAIN(field, text)
        try:
            number = phonenumbers.parse(text, self.region)
        except phonenumbers.NumberParseException:
            return None
        if not phonenumbers.is_valid_number(number):
            return None
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
