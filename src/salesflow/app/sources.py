"""Lead sources (线索来源): where leads come from, and what that cost (LEAD-16, ACC-23)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypedDict, Unpack

from salesflow.app.case import Case
from salesflow.app.catalogue import CatalogueDesk
from salesflow.model import Label, LeadSource, SourceCost
from salesflow.model.organization import LONGEST_ID
from salesflow.model.requests import named
from salesflow.process.catalogue_fields import SOURCE_FIELDS
from salesflow.process.fields import checked


class SourceChanges(TypedDict, total=False):
    """The fields that `SourceDesk.edit` takes; what is left out stays."""

    name: Label | str | Mapping[str, str]
    costs: Iterable[SourceCost]


class SourceDesk(CatalogueDesk[LeadSource]):
    """
    Creates, lists, edits and deletes lead sources; everybody may read them. What each brought in:
    `pipeline.sources`.

    Sources are an open set: a lead or an opportunity may hold any word, in this catalogue or not.

    Args:
        kernel: The ports.
        execution: For whom; None is the application itself, which is asked nothing.

    Source: LEAD-16, ACC-23, ACC-26.
    """

    KIND, GROUP = "lead_source", "sources"

    def create(
        self, code: str, *, name: Label | str | Mapping[str, str] | None = None, costs: Iterable[SourceCost] = ()
    ) -> LeadSource:
        """
        Create a lead source.

        Args:
            code: What leads hold, such as ``"website"``; it is the id, and is for ever.
            name: For people: text, or one in each of several languages; None means the code.
            costs: What it cost so far.

        Raises:
            InvalidInput: A value is malformed.
            Refused: `not_permitted`.
            Conflict: There is a source of this code, or was.

        Source: LEAD-16.
        """
        named(code, "code", longest=LONGEST_ID)
        values = checked(SOURCE_FIELDS, {"name": code if name is None else name, "costs": costs})

        def make(case: Case) -> LeadSource:
            return LeadSource(
                id=code, version=1, **values, created_at=case.now, created_by=case.person, updated_at=case.now
            )

        return self._create(code, (values,), make)

    def edit(self, source: LeadSource | str, **changes: Unpack[SourceChanges]) -> LeadSource:
        """
        Change exactly the named fields; *costs* are given whole, such as ``[*source.costs, SourceCost(...)]``.

        Raises:
            InvalidInput: A field is unknown or a value malformed.
            Refused: `not_permitted`.

        Source: LEAD-16.
        """
        return self._edit(source, checked(SOURCE_FIELDS, changes))
