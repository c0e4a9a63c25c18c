"""
Hand-written statements for one viewer's list: every shape that somebody who knows SQLite would try.

*union* gathers ids by the people's rows and then sorts; *two steps* sorts the ids before it reads any document;
*or* leaves the choice to the planner; *walk* follows the order's index and asks of each deal, a plus keeping the
planner from searching by person. The people are one JSON parameter, a range of labels, or a closure table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen
from sqlalchemy import Connection

CAP = 1001
"""Counts stop here where they are capped."""

_IDS = "SELECT value FROM json_each(:line)"
_LABEL = (
    "SELECT below.person FROM line_label above JOIN line_label below ON below.first BETWEEN above.first AND above.last "
    "WHERE above.person = :viewer"
)
_CLOSURE = "SELECT below FROM line_closure WHERE above = :viewer"
_PEOPLE: Mapping[str, str] = {"ids": _IDS, "labels": _LABEL, "closure": _CLOSURE}

_O = "salesflow_opportunity"
_UNION = (
    f"SELECT id FROM {_O} WHERE tenant = :tenant AND owner IN ({{people}}) UNION "
    "SELECT opportunity FROM salesflow_team_member WHERE tenant = :tenant AND person IN ({people})"
)
_EXISTS = (
    "EXISTS (SELECT 1 FROM salesflow_team_member t WHERE t.tenant = :tenant AND t.opportunity = o.id "
    "AND +t.person IN ({people}))"
)
_CONDITIONS: Mapping[str, str] = {
    "union": f"o.id IN ({_UNION})",
    "or": f"(o.owner IN ({{people}}) OR {_EXISTS.replace('+', '')})",
    "or of ids": (
        "(o.owner IN ({people}) OR o.id IN "
        "(SELECT opportunity FROM salesflow_team_member WHERE tenant = :tenant AND person IN ({people})))"
    ),
    "walk": f"(+o.owner IN ({{people}}) OR {_EXISTS})",
}
_WHERE = f"FROM {_O} o WHERE o.tenant = :tenant AND o.voided = 0 AND "
_ORDER = "ORDER BY o.close_date DESC, o.id LIMIT 50"


@frozen
class Statement:
    """
    A statement of the driver's own, with its values.

    Args:
        text: With a question mark for each value.
    """

    text: str
    values: Sequence[Any]

    def run(self, connection: Connection) -> list[Any]:
        """Return its rows."""
        return list(connection.exec_driver_sql(self.text, self.values))


def pages(values: Mapping[str, Any]) -> dict[str, Statement]:
    """Return the statements of the first page, by shape; *values* are tenant, viewer and line."""
    found = {}
    for shape, condition in _CONDITIONS.items():
        for encoding, people in _PEOPLE.items():
            where = _WHERE + condition.format(people=people)
            found[f"{shape}, {encoding}"] = f"SELECT o.document {where} {_ORDER}"
            if shape in ("union", "or of ids"):
                sorted_ids = f"SELECT o.id, o.close_date {where} {_ORDER.replace('o.', '+o.')}"
                found[f"{shape} in two steps, {encoding}"] = (
                    f"SELECT o.document FROM ({sorted_ids}) s JOIN {_O} o ON o.tenant = :tenant AND o.id = s.id "
                    "ORDER BY s.close_date DESC, s.id"
                )
    return {name: _positional(text, values) for name, text in found.items()}


def counts(values: Mapping[str, Any], cap: int | None) -> dict[str, Statement]:
    """Return the statements of the count, at most *cap*, by shape."""
    found = {}
    for shape, condition in _CONDITIONS.items():
        for encoding, people in _PEOPLE.items():
            where = _WHERE + condition.format(people=people)
            if cap is None:
                found[f"{shape}, {encoding}"] = f"SELECT count(*) {where}"
            else:
                found[f"{shape}, {encoding}"] = f"SELECT count(*) FROM (SELECT 1 {where} LIMIT {cap})"
    return {name: _positional(text, values) for name, text in found.items()}


def _positional(text: str, values: Mapping[str, Any]) -> Statement:
    """Return *text* as the driver takes it: values by place, as salesflow's own statements give them."""
    places: list[tuple[int, str]] = []
    for name in values:
        at = text.find(f":{name}")
        while at >= 0:
            places.append((at, name))
            at = text.find(f":{name}", at + 1)
    told = [values[name] for _, name in sorted(places)]
    for name in values:
        text = text.replace(f":{name}", "?")
    return Statement(text, tuple(told))
