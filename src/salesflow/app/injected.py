"""What an application hands over is looked at once, when the flow is made: a port that lacks a method is named then."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import iscoroutinefunction
from typing import Any, TypeVar

from salesflow.app.port import Port
from salesflow.app.settings import Settings
from salesflow.errors import InvalidInput
from salesflow.visibility import VisibilityPolicy

KindT = TypeVar("KindT", VisibilityPolicy, Settings)
PortT = TypeVar("PortT")


def kind_of(kind: type[KindT], value: Any, what: str) -> KindT:
    """Return *value* if it is of this kind, or the default in place of None."""
    if value is not None and not isinstance(value, kind):
        raise InvalidInput(what, value, f"must be {kind.__name__} or None")
    return kind() if value is None else value


def port_of(value: PortT, what: str, names: str) -> PortT:
    """Return *value* if it has every name that its port asks for; what a property gives is not looked at here."""
    with Port(what):
        missing = [name for name in names.split() if not (hasattr(type(value), name) or hasattr(value, name))]
    if missing:
        raise InvalidInput(what, value, f"has no {' or '.join(missing)}; see salesflow.ports for what it takes")
    return value


def called(value: PortT, what: str, takes: str) -> PortT:
    """Return *value* if it is None or can be called; *takes* says what with, and what it returns."""
    if value is not None and not callable(value):
        raise InvalidInput(what, value, f"must take {takes}, or be None")
    return value


def handlers_of(value: Mapping[Any, Any] | None) -> Mapping[str, Any]:
    """Return an application's handlers by name; none where there are none."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidInput("handlers", value, "must map names to functions, or be None")
    for name, handler in value.items():
        if iscoroutinefunction(handler):
            raise InvalidInput("handlers", name, "must name a plain function: nothing here awaits one that is async")
        if not isinstance(name, str) or not callable(handler):
            raise InvalidInput("handlers", name, "must name a function that takes what a person may do, and a delivery")
    return value


def is_grading(change: object) -> bool:
    """Whether *change* can grade, and so is a grading policy."""
    return callable(getattr(change, "grade", None))
