"""
Hand-written statements for one viewer's list: every shape that somebody who knows the database would try.

*union* gathers ids by the people's rows and then sorts; *two steps* sorts the ids before it reads any document;
*rows alone* counts what the people's rows tell and reads no deal; *or* leaves the choice to the planner; *walk* follows
the order's index and asks of each deal, held back from searching by person and from hashing the team; *members* leaves
owners out, who stand in the team too. The people are one parameter, a range of labels, or a closure table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import frozen
from sqlalchemy import Connection

CAP = 1001
"""Counts stop here where they are capped."""

_LABEL = (
    "SELECT below.person FROM line_label above JOIN line_label below ON below.first BETWEEN above.first AND above.last "
    "WHERE above.person = :viewer"
)
_CLOSURE = "SELECT below FROM line_closure WHERE above = :viewer"

_O = "salesflow_opportunity"
_TEAM = "salesflow_team_member"
_OWNED = f"SELECT id FROM {_O} WHERE tenant = :tenant AND owner {{people}} AND voided = 0"
_SHARED = f"SELECT opportunity FROM {_TEAM} WHERE tenant = :tenant AND person {{people}} AND voided = 0"
_ALONE: Mapping[str, str] = {
    "rows alone": f"{_OWNED} UNION {_SHARED}",
    "rows alone, grouped": f"SELECT id FROM ({_OWNED} UNION ALL {_SHARED}) r GROUP BY id",
    "rows alone, as they come": f"SELECT DISTINCT id FROM ({_OWNED} UNION ALL {_SHARED}) r",
    "members' rows alone": _SHARED.replace("SELECT ", "SELECT DISTINCT {plain}"),
    "members' rows alone, grouped": f"{_SHARED} GROUP BY {{plain}}opportunity",
}
_CONDITIONS: Mapping[str, str] = {
    "union": (
        f"o.id IN (SELECT id FROM {_O} WHERE tenant = :tenant AND owner {{people}} "
        f"UNION SELECT opportunity FROM {_TEAM} WHERE tenant = :tenant AND person {{people}})"
    ),
    "union of what is not voided": f"o.id IN ({_OWNED} UNION {_SHARED})",
    "union by members": f"o.id IN ({_SHARED})",
    "or": (
        "(o.owner {people} OR EXISTS (SELECT 1 "
        f"FROM {_TEAM} t WHERE t.tenant = :tenant AND t.opportunity = o.id AND t.person {{people}}))"
    ),
    "or of ids": (
        "(o.owner {people} OR o.id IN "
        f"(SELECT opportunity FROM {_TEAM} WHERE tenant = :tenant AND person {{people}}))"
    ),
    "walk": (
        "({plain}o.owner {people} OR EXISTS (SELECT 1 "
        f"FROM {_TEAM} t WHERE t.tenant = :tenant AND t.opportunity = o.id AND {{plain}}t.person {{people}}{{fence}}))"
    ),
    "walk by members": (
        f"EXISTS (SELECT 1 FROM {_TEAM} t "
        "WHERE t.tenant = :tenant AND t.opportunity = o.id AND {plain}t.person {people}{fence})"
    ),
}
_WHERE = f"FROM {_O} o WHERE o.tenant = :tenant AND o.voided = 0 AND "
_ORDER = "ORDER BY o.close_date DESC, o.id LIMIT 50"


@frozen
class Tongue:
    """
    What one database wants written in its own way.

    Args:
        people: By encoding, what follows a column to ask whether it is among the line; its parameters are
            `viewer` and `line`.
        line: What the parameter `line` is for some ids.
        mark: Where a value goes in the driver's text.
        plain: Put before a column that is not to be searched by.
        fence: Put at the end of a semi-join that is not to be hashed.
        dated: Put before an order whose index has the deals without a date first. These viewers' pages have
            none of those, so the statement may leave them out, which is less work than ours.
    """

    people: Mapping[str, str]
    line: Callable[[Iterable[str]], Any]
    mark: str
    plain: str = ""
    fence: str = ""
    dated: str = ""


_LINES = {"labels": f"IN ({_LABEL})", "closure": f"IN ({_CLOSURE})"}
SQLITE = Tongue(
    {"ids": "IN (SELECT value FROM json_each(:line))", **_LINES}, lambda ids: json.dumps(sorted(ids)), "?", plain="+"
)
POSTGRESQL = Tongue(
    {"ids": "= ANY(:line)", "ids as rows": "IN (SELECT unnest(CAST(:line AS text[])))", **_LINES},
    sorted, "%s", fence=" OFFSET 0", dated=" AND o.close_date IS NOT NULL",
)  # fmt: skip


@frozen
class Statement:
    """
    A statement of the driver's own, with its values.

    Args:
        text: With the driver's mark for each value.
    """

    text: str
    values: tuple[Any, ...]

    def run(self, connection: Connection) -> list[Any]:
        """Return its rows."""
        return list(connection.exec_driver_sql(self.text, self.values))


@frozen
class Writer:
    """
    Writes the statements for one viewer.

    Args:
        tongue: The database's.
        values: Tenant, viewer and line.
    """

    tongue: Tongue
    values: Mapping[str, Any]

    def pages(self) -> dict[str, Statement]:
        """Return the statements of the first page, by shape."""
        found = {}
        for shape, encoding, where in self._conditions():
            dated = where + self.tongue.dated
            found[f"{shape}, {encoding}"] = f"SELECT o.document {dated} {_ORDER}"
            if shape.startswith("union") or shape == "or of ids":
                sorted_ids = f"SELECT o.id, o.close_date {dated} {_ORDER.replace('o.', self.tongue.plain + 'o.')}"
                found[f"{shape} in two steps, {encoding}"] = (
                    f"SELECT o.document FROM ({sorted_ids}) s JOIN {_O} o ON o.tenant = :tenant AND o.id = s.id "
                    "ORDER BY s.close_date DESC, s.id"
                )
        return {name: self._written(text) for name, text in found.items()}

    def counts(self, cap: int | None) -> dict[str, Statement]:
        """Return the statements of the count, at most *cap*, by shape."""
        found = {}
        for shape, encoding, where in self._conditions():
            counted = f"SELECT count(*) {where}"
            capped = f"SELECT count(*) FROM (SELECT 1 {where} LIMIT {cap}) s"
            found[f"{shape}, {encoding}"] = self._written(counted if cap is None else capped)
        limit = "" if cap is None else f" LIMIT {cap}"
        for shape, rows in _ALONE.items():
            for encoding, people in self.tongue.people.items():
                counted = f"SELECT count(*) FROM ({rows.format(people=people, plain=self.tongue.plain)}{limit}) s"
                found[f"{shape}, {encoding}"] = self._written(counted)
        return found

    def _conditions(self) -> Iterable[tuple[str, str, str]]:
        plain, fence = self.tongue.plain, self.tongue.fence
        for shape, condition in _CONDITIONS.items():
            for encoding, people in self.tongue.people.items():
                yield shape, encoding, _WHERE + condition.format(people=people, plain=plain, fence=fence)

    def _written(self, text: str) -> Statement:
        """Return *text* as the driver takes it: values by place, as salesflow's own statements give them."""
        names = re.findall(r":(\w+)", text)
        return Statement(re.sub(r":\w+", self.tongue.mark, text), tuple(self.values[name] for name in names))
