"""Sharing rules (数据共享) and lead pools (公海): kept in the store, versioned like every record (VIS-11, LEAD-14)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from attrs import field, frozen

from salesflow.model.enums import Access


@frozen(kw_only=True)
class SharingRule:
    """
    Shares the records of one owner, or of one department's owners, with a person, department or group.

    Args:
        from_person: The owner whose records are shared; exactly one of this and *from_department*.
        from_department: The department whose people's records are shared: any department they belong to.
        from_subdepartments: Whether its sub-departments count too.
        to_person, to_department, to_group: Whom with; exactly one of the three.
        to_subdepartments: Whether the target department's sub-departments count too.
        access: What it permits.

    Source: VIS-11.
    """

    KIND: ClassVar[str] = "sharing_rule"

    id: str
    version: int
    from_person: str | None = None
    from_department: str | None = None
    from_subdepartments: bool = False
    to_person: str | None = None
    to_department: str | None = None
    to_group: str | None = None
    to_subdepartments: bool = False
    access: Access = Access.READ
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True)
class Pool:
    """
    A pool of leads without an owner, from which its members may claim.

    Args:
        members: Ids of employees who may claim; None means every active employee, said by name, never by an
            empty set.
        dispatchers: Ids of employees who see its leads whole, and may assign and work them; they need not be members.
        ceiling: How many open leads a member may hold; None means any number.
        cool_down: How long a former owner must wait before claiming a lead back; None means not at all.

    Source: LEAD-14, VIS-18.
    """

    KIND: ClassVar[str] = "pool"

    id: str
    version: int
    name: str = ""
    members: frozenset[str] | None = field(default=frozenset())
    dispatchers: frozenset[str] = field(default=frozenset())
    ceiling: int | None = None
    cool_down: timedelta | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None
