"""What a planned change would open and close, record by record: who gains and who loses sight of what (VIS-19)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from salesflow.app.kernel import Kernel
from salesflow.app.port import ORGANIZATION_PORT
from salesflow.visibility import EVERYTHING, Filter, Sight, all_of
from salesflow.visibility.what_if import Planned, SightChange, affected, planned


def sight_changes(
    kernel: Kernel,
    plans: Planned | Iterable[Planned],
    is_told: Callable[[Sight, str], bool] = lambda _sight, _person: True,
    seen: Callable[[Sight, str], Filter] = lambda _sight, _kind: EVERYTHING,
) -> tuple[SightChange, ...]:
    """
    Return who would gain and lose sight of what, by person and kind; whoever sees the same is not listed.

    Each record that such a person sees now or would see is looked at.

    Args:
        kernel: The ports.
        plans: What is planned, one or several together.
        is_told: Whether whoever asks may know about a person.
        seen: The filter of the records of a kind that whoever asks may know about.
    """
    before = kernel.sight()
    rules = kernel.query("sharing_rule")
    with ORGANIZATION_PORT:
        after = planned(
            kernel.organization, rules, kernel.visibility, listed(plans), pools=kernel.query("pool"), find=kernel.find
        )
    found = []
    for person, kind, old, new in affected(before, after):
        if is_told(before, person):
            known = seen(before, kind)
            gains, loses = (tuple(_only(kernel, kind, known, one, other)) for one, other in ((new, old), (old, new)))
            if gains or loses:
                found.append(SightChange(person, kind, gains, loses))
    return tuple(found)


def listed(plans: Any) -> tuple[Any, ...]:
    """Return what is planned, one or several, as several; a text is one, which is refused where plans are read."""
    return tuple(plans) if isinstance(plans, Iterable) and not isinstance(plans, str) else (plans,)


def _only(kernel: Kernel, kind: str, known: Filter, passing: Filter, failing: Filter) -> Iterator[str]:
    """Give the ids of records that pass one filter and fail the other."""
    return (record.id for record in kernel.walk(kind, all_of((known, passing))) if not failing.matches(record))
