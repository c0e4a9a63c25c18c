"""A name for people, in any number of languages; codes are for ever, names are for people (PROC-9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen


def _texts(texts: str | Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    if isinstance(texts, str):
        return (("en", texts),)
    pairs: Any = texts.items() if isinstance(texts, Mapping) else texts
    return tuple(sorted(pairs))


@frozen
class Label:
    """
    A text in one or more languages, such as ``Label({"en": "Qualification", "zh": "鉴定资质"})``.

    A plain string is taken as English. The order of the languages does not matter for equality.

    Args:
        texts: Plain text, a mapping from language to text, or such pairs.
    """

    texts: tuple[tuple[str, str], ...] = field(converter=_texts)

    def text(self, language: str = "en") -> str:
        """Return the text in *language*, else the English one, else the first there is."""
        texts = dict(self.texts)
        return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")

    def __str__(self) -> str:
        return self.text()


def as_label(value: Label | str | Mapping[str, str]) -> Label:
    """Turn plain text or a mapping from language to text into a `Label`; a `Label` stays itself."""
    return value if isinstance(value, Label) else Label(value)
