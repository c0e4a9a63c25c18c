"""
Scenes as TOML: a rule's text under each scene's name (VIS-14).

    [scenes]
    big = "record.amount >= Money('1000000', 'CNY')"
    my_big = "mine & big"

A scene may name the scenes of the domain and those above it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from salesflow.errors import InvalidInput
from salesflow.files.problems import require
from salesflow.files.rule_text import names_in, parse_rule, rule_text
from salesflow.files.tables import TableReader, join, read_table
from salesflow.files.toml import LARGEST_FILE, toml_key, toml_value
from salesflow.process.findings import Finding
from salesflow.visibility import scenes
from salesflow.visibility.rules import Both, Either, Not, Rule

MOST_PARTS = 500
"""A scene has at most so many parts, those of the scenes that it names included."""


def load_scenes(path: str | os.PathLike[str]) -> dict[str, Rule]:
    """
    Return the scenes of the TOML file at *path* by name: ``scenes.default() | scenes.load(path)``.

    Args:
        path: The file; at most 64 KiB of UTF-8.

    Raises:
        FileError: It holds no sound scenes; ``problems`` lists everything with its place.
        OSError: The file cannot be read.

    Source: VIS-14.
    """
    with open(path, "rb") as file:
        content = file.read(LARGEST_FILE + 1)
    return parse_scenes(content, name=os.path.basename(os.fspath(path)))


def parse_scenes(source: str | bytes, *, name: str = "text") -> dict[str, Rule]:
    """
    Return the scenes that *source* holds.

    Args:
        source: TOML text, or the bytes of a file.
        name: What to call it in an error.

    Raises:
        FileError: It holds no sound scenes; ``problems`` lists everything with its place.
        InvalidInput: *source* is neither text nor bytes.

    Source: VIS-14.
    """
    found, findings = examine_scenes(source)
    require(name, findings)
    return found


def examine_scenes(source: str | bytes) -> tuple[dict[str, Rule], tuple[Finding, ...]]:
    """
    Return the scenes that *source* holds, those that are sound, and everything that is wrong with the others.

    Raises:
        InvalidInput: *source* is neither text nor bytes.

    Source: VIS-14.
    """
    table = read_table(source)
    if isinstance(table, Finding):
        return {}, (table,)
    reader = TableReader()
    reader.keys(table, "", ("scenes",))
    known: dict[str, Rule] = scenes.default()
    found: dict[str, Rule] = {}
    sizes = {name: size(rule) for name, rule in known.items()}
    for scene, text in reader.entries(reader.table(table, "scenes", ""), "scenes"):
        place = join("scenes", scene)
        if reader.name(scene, place) is None or not isinstance(text, str):
            reader.name(text, place)
            continue
        try:
            known[scene] = found[scene] = _parsed(text, known, sizes)
            sizes[scene] = size(known[scene])
        except InvalidInput as error:
            reader.found.error(place, "rule", problem=str(error))
    return found, reader.found.findings()


def dump_scenes(named: Mapping[str, Rule]) -> str:
    """
    Return *named* as TOML that reads back as equal scenes.

    Raises:
        InvalidInput: A rule holds a term of the application's own, which has no words.

    Source: VIS-14.
    """
    lines = [f"{toml_key(name)} = {toml_value(rule_text(rule))}" for name, rule in named.items()]
    return "\n".join(["[scenes]", *lines]) + "\n"


def _parsed(text: str, known: Mapping[str, Rule], sizes: dict[str, int]) -> Rule:
    # Scenes that each name a scene twice would double with every line: they are counted before they are made.
    if sum(sizes.get(name, 0) for name in names_in(text)) > MOST_PARTS:
        raise InvalidInput("rule", text, f"holds more than {MOST_PARTS:,} parts with the scenes that it names")
    return parse_rule(text, known)


def size(rule: Rule) -> int:
    """Return how many parts a rule has."""
    match rule:
        case Both() | Either():
            return sum(map(size, rule.parts))
        case Not():
            return size(rule.part)
        case _:
            return 1
