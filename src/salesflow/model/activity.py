"""What was done with a lead or an opportunity: a call, a visit, a note (OPP-19, LEAD-5)."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen


@frozen
class Activity:
    """
    One activity.

    Args:
        id: Unique within the record.
        kind: ``call letter fax appointment email visit note``, or any other word: the set is open.
        text: What happened, in words.
        at: When, in UTC.
        by: The person's id.

    Source: OPP-19, LEAD-5.
    """

    id: str
    kind: str
    text: str
    at: datetime
    by: str

    @property
    def key(self) -> str:
        """The item's key in the record's collection."""
        return self.id
