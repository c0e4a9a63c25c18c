"""What an organisation decides about sight and access: scenes, table and switches (domain §7, §8)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.visibility.access import ACCESS, SOURCE_FINISH_AFTER_SALES, AccessRow
from salesflow.visibility.binding import Plan, prepare, without_pools
from salesflow.visibility.rules import KINDS_WITH_POOL, Rule, implies, is_guarded, is_rule
from salesflow.visibility.scenes import ALL, VOIDED, default

_FINISH = "opportunities.finish_after_sales"


def _sound_scenes(_instance: object, _attribute: object, scenes: Any) -> None:
    if not isinstance(scenes, Mapping):
        raise InvalidInput("scenes", scenes, "must be a mapping from name to rule; begin with scenes.default()")
    for name in (ALL, VOIDED):
        if name not in scenes:
            raise InvalidInput(
                "scenes", ", ".join(map(str, scenes)), f"must hold {name!r}; begin with scenes.default()"
            )
    for name, rule in scenes.items():
        if not is_rule(rule):
            raise InvalidInput(f"scenes[{name!r}]", rule, "must be a rule")
    if not is_guarded(scenes[ALL]):
        raise InvalidInput(
            "scenes['all']", scenes[ALL], "would show a record to everybody; say `everybody` if it shall"
        )


def _known_reading(_instance: object, _attribute: object, reading: Any) -> None:
    if reading not in ("both", "source"):
        raise InvalidInput("after_sales_finish", reading, "must be 'both' or 'source'")


def _sound_table(_instance: object, _attribute: object, table: Any) -> None:
    if not isinstance(table, Mapping):
        raise InvalidInput("access", table, "must be a mapping from operation to AccessRow; begin with ACCESS")
    for operation, row in table.items():
        if not isinstance(row, AccessRow):
            raise InvalidInput(f"access[{operation!r}]", row, "must be an AccessRow")


def _truth(_instance: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, bool):
        raise InvalidInput(attribute.name, value, "must be True or False")


@frozen
class VisibilityPolicy:
    """
    What decides who sees and who may act. A value; everything here has the domain's default.

    Args:
        scenes: Rules by name; `all` and `voided` are among them.
        access: The access table: a row per operation id.
        after_sales_finish: ``"both"`` readings of ACC-9 together, or ``"source"``: F's own row to the letter.
        administrators_operate: Whether administrators may do what the record's state allows (ACC-24).
        read_through: Whether customers and contacts are also read through any visible opportunity or lead that
            names them (VIS-21).

    Raises:
        InvalidInput: `all` or `voided` is missing, `all` would show a record to everybody without saying so,
            the table holds what is no row, or a switch has no such position.

    Source: VIS-14, VIS-21, ACC-24.
    """

    scenes: Mapping[str, Rule] = field(factory=default, validator=_sound_scenes)
    access: Mapping[str, AccessRow] = field(default=ACCESS, validator=_sound_table)
    after_sales_finish: str = field(default="both", validator=_known_reading)
    administrators_operate: bool = field(default=True, validator=_truth)
    read_through: bool = field(default=True, validator=_truth)
    _plans: dict[tuple[bool, bool], dict[str, Plan]] = field(init=False, eq=False, repr=False)
    _row_plans: dict[str, Plan | None] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        whole = self.scenes[ALL]
        wide = {name: prepare(rule) for name, rule in self.scenes.items()}
        narrow = {
            name: wide[name] if implies(rule, whole) else prepare(whole & rule) for name, rule in self.scenes.items()
        }
        plans = {}
        for sees_all, every in ((True, wide), (False, narrow)):
            plans[sees_all, True] = every
            plans[sees_all, False] = {name: without_pools(plan) for name, plan in every.items()}
        rows = {}
        for operation in self.access:
            row = self.row(operation)
            rule = None if row is None else row.rule
            rows[operation] = None if rule is None else prepare(rule)
        object.__setattr__(self, "_plans", plans)
        object.__setattr__(self, "_row_plans", rows)

    def row(self, operation: str) -> AccessRow | None:
        """Return the row of *operation*, or None where no row allows it."""
        row = self.access.get(operation)
        if operation == _FINISH and self.after_sales_finish == "source" and row == ACCESS[_FINISH]:
            return SOURCE_FINISH_AFTER_SALES
        return row

    def scene_plan(self, scene: str, kind: str, *, sees_all: bool) -> Plan:
        """
        Return *scene* prepared for records of *kind*: within `all`, or by itself for whoever *sees_all*.

        Raises:
            InvalidInput: There is no such scene; the message lists those that are.
        """
        plan = self._plans[sees_all, kind in KINDS_WITH_POOL].get(scene)
        if plan is None:
            raise InvalidInput("scene", scene, f"must be one of {', '.join(self.scenes)}")
        return plan

    def is_within(self, scene: str) -> bool:
        """Whether whatever *scene* says passes `all` by itself, so that nothing beside `all` can add to it."""
        return scene != ALL and self._plans[False, True][scene] is self._plans[True, True][scene]

    def row_plan(self, operation: str) -> Plan | None:
        """Return the row's columns for people of the record, prepared; None where it has none."""
        return self._row_plans.get(operation)


@cache
def default_policy() -> VisibilityPolicy:
    """Return the policy of the domain, made once."""
    return VisibilityPolicy()
