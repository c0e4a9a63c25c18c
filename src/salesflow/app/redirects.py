"""Where the id of a merged lead leads: to the lead that survived, through any number of merges (LEAD-15)."""

from __future__ import annotations

from typing import Any

from salesflow.app.kernel import Kernel


def survivor(kernel: Kernel, record: Any) -> Any | None:
    """
    Return what *record* stands for: of a lead that was merged the one at the end of all merges, else itself.

    None only where there is none, or it is deleted at this very moment: a lead that others lead to cannot be (LEAD-11).

    Source: LEAD-15.
    """
    while getattr(record, "merged_into", None) is not None:
        record = kernel.get("lead", record.merged_into)
    return record
