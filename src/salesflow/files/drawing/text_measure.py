"""How wide a text is and where its lines break, for a picture whose writer has no fonts: by east-asian width."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache

_NARROW = frozenset("iljtfrI.,;:|!()[]{}'`·- ")
_BROAD = frozenset("mwMW@%")
_STARTS_NO_LINE = frozenset("，。、；：！？）》」』】〉…％,.;:!?)]}%")
_ENDS_NO_LINE = frozenset("（《「『【〈([{")
_JOINER = "\u200d"
_SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))


def text_width(text: str) -> float:
    """Return about how wide *text* is, in times the size of its font; rather too much than too little."""
    return sum(map(_width, text))


@lru_cache(maxsize=4096)
def _width(character: str) -> float:
    if character in _NARROW:
        return 0.36
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    if unicodedata.east_asian_width(character) in "WFA":
        return 1
    if character in _BROAD:
        return 1
    return 0.72 if character.isupper() else 0.6


def wrapped(text: str, width: float, measure: Callable[[str], float] = text_width) -> list[str]:
    """
    Return *text* in lines, broken at spaces and between Chinese characters, and within a word that is too long.

    Args:
        text: Any text on one line.
        width: The most that a line may measure, in times the size of the font; at least one character is put on it.
        measure: Says how wide a text is, in another unit where a picture is not meant.
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if measure(line + piece) <= width:
            line += piece
            continue
        if line.strip():
            lines.append(line.strip())
        line = ""
        for cluster in _clusters(piece.lstrip()):
            if line and measure(line + cluster) > width:
                lines.append(line)
                line = ""
            line += cluster
    return [*lines, line.strip()] if line.strip() else lines


def _pieces(text: str) -> list[str]:
    """What is kept together: words with the space before them, single Chinese characters with their punctuation."""
    pieces: list[str] = []
    after: str | None = None
    for cluster in _clusters(text):
        if after is None or cluster == " " or _may_part(after, cluster):
            pieces.append(cluster)
        else:
            pieces[-1] += cluster
        after = cluster
    return pieces


def _may_part(before: str, after: str) -> bool:
    if before == " " or after[0] in _STARTS_NO_LINE or before[0] in _ENDS_NO_LINE:
        return False
    return _is_wide(before) or _is_wide(after)


def _is_wide(cluster: str) -> bool:
    return unicodedata.east_asian_width(cluster[0]) in "WF"


def _clusters(text: str) -> list[str]:
    """What a reader sees as one character: with its accents, or joined to the next."""
    clusters: list[str] = []
    for character in text:
        is_attached = _width(character) == 0 or character in _SKIN_TONES
        if clusters and (is_attached or clusters[-1].endswith(_JOINER)):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters
