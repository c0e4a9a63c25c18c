"""
Statements that are built and compiled once for their shape, and run with this viewer's values.

Building one with SQLAlchemy costs more than a short list takes; two viewers' lists differ in their people only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from attrs import frozen
from sqlalchemy import Connection, CursorResult, GenerativeSelect, Insert, Update
from sqlalchemy import Dialect as Compiling

MOST_STATEMENTS = 500
"""So many shapes are kept; the application's rules decide how many there are."""

Convert = Callable[[Any], Any]
Source: TypeAlias = GenerativeSelect | Insert | Update


@frozen(eq=False)
class Statement:
    """
    A compiled statement.

    Args:
        text: What the driver gets.
        names: Its parameters in order, each as often as it stands in the text.
        constants: Values that belong to the shape.
        converters: What turns a parameter's value into what the driver takes, where something must.
        is_positional: Whether the driver takes values in order, not by name.
    """

    text: str
    names: tuple[str, ...]
    constants: dict[str, Any]
    converters: dict[str, Convert]
    is_positional: bool

    def run(self, connection: Connection, values: Mapping[str, Any]) -> CursorResult[Any]:
        """Run it with *values* by name."""
        return connection.exec_driver_sql(self.text, self._told(values))

    def run_many(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> CursorResult[Any]:
        """Run it once for each of *rows*, in one call of the driver; its `rowcount` is that of all."""
        return connection.exec_driver_sql(self.text, [self._told(row) for row in rows])

    def converted(self, name: str, value: Any) -> Any:
        """Return what the driver takes for *value* of the parameter *name*."""
        convert = self.converters.get(name)
        return value if value is None or convert is None else convert(value)

    def _told(self, values: Mapping[str, Any]) -> Any:
        """Return *values* as the driver takes them."""
        told = {**self.constants, **values}
        for name in self.converters:
            told[name] = self.converted(name, told[name])
        if self.is_positional:
            return tuple(map(told.__getitem__, self.names))
        return {name: told[name] for name in self.names}


def compiled(statement: Source, dialect: Compiling) -> Statement:
    """Return *statement*, whose parameters without a value are given when it is run."""
    found = statement.compile(dialect=dialect)
    # an attribute of every SQL compiler, though the type of `compile` names the general one
    names = getattr(found, "positiontup", None) or list(found.params)
    bound = found.binds
    constants, converters = {}, {}
    for name in dict.fromkeys(names):
        bind = bound[name]
        convert: Convert | None = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None:
            converters[name] = convert
        if not bind.required:
            constants[name] = bind.effective_value
    return Statement(str(found), tuple(names), constants, converters, bool(dialect.positional))


_KEPT: WeakKeyDictionary[Compiling, dict[Hashable, Statement]] = WeakKeyDictionary()


def kept_for(dialect: Compiling) -> dict[Hashable, Statement]:
    """Return the statements compiled for one engine's database so far."""
    return _KEPT.setdefault(dialect, {})


def statement_of(shape: Hashable, dialect: Compiling, make: Callable[[], Source]) -> Statement:
    """
    Return the statement of *shape*; *make* builds it the first time.

    Threads may meet here: making one twice does no harm.
    """
    kept = kept_for(dialect)
    found = kept.get(shape)
    if found is None:
        if len(kept) >= MOST_STATEMENTS:
            kept.clear()
        found = kept[shape] = compiled(make(), dialect)
    return found
