"""Sales literature (销售资料): documents that help to sell, found by what they are for (CUS-5, ACC-23)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, TypedDict, Unpack

from salesflow.app.case import Case
from salesflow.app.catalogue import CatalogueDesk
from salesflow.app.execution import reference
from salesflow.model import Competitor, Literature, Reason, Ref
from salesflow.model.catalogue import reference_to
from salesflow.model.requests import named
from salesflow.process.catalogue_fields import LITERATURE_FIELDS
from salesflow.process.fields import checked


class LiteratureDetails(TypedDict, total=False):
    """What `LiteratureDesk.create` takes beside title, kind and document."""

    language: str | None
    valid_until: date | None
    products: Iterable[str]
    competitors: Iterable[str]
    campaigns: Iterable[Ref]
    stages: Iterable[tuple[str, str]]


class LiteratureChanges(LiteratureDetails, total=False):
    """The fields that `LiteratureDesk.edit` takes; what is left out stays."""

    title: str
    kind: str
    document: Ref | str


class LiteratureDesk(CatalogueDesk[Literature]):
    """
    Creates, lists, edits and deletes sales literature; everybody may read it.

    Args:
        kernel: The ports.
        execution: For whom; None is the application itself, which is asked nothing.

    Source: CUS-5, ACC-23, ACC-26.
    """

    KIND, GROUP = "literature", "literature"

    def create(self, title: str, *, kind: str, document: Ref | str, **details: Unpack[LiteratureDetails]) -> Literature:
        """
        Add a document.

        Args:
            title: What people call it.
            kind: ``presentation brochure price_list manual``, or any other word.
            document: Where it lies: a URL, or what only the application knows.
            details: What it is for; each stage is a pair of a process's id and a stage's code.

        Raises:
            InvalidInput: A field or a process is unknown, or a value malformed.
            Refused: `stage_unknown`, `not_permitted`.

        Source: CUS-5.
        """
        values = checked(LITERATURE_FIELDS, {"title": title, "kind": kind, "document": document, **details})

        def make(case: Case) -> Literature:
            id = case.kernel.new_id("literature")
            return Literature(
                id=id, version=1, **values, created_at=case.now, created_by=case.person, updated_at=case.now
            )

        return self._create(title, (values,), make, _stages_are_known(values))

    def edit(self, literature: Literature | str, **changes: Unpack[LiteratureChanges]) -> Literature:
        """
        Change exactly the named fields; lists are given whole.

        Raises:
            InvalidInput: A field or a process is unknown, or a value malformed.
            Refused: `stage_unknown`, `not_permitted`.

        Source: CUS-5.
        """
        values = checked(LITERATURE_FIELDS, changes)
        return self._edit(literature, values, _stages_are_known(values))

    def list(
        self, *, process: str | None = None, stage: str | None = None, competitor: Competitor | str | None = None,
        product: str | None = None, campaign: Ref | None = None,
    ) -> Sequence[Literature]:  # fmt: skip
        """
        Return what is for all that is named, by id; nothing named means every document.

        Args:
            process, stage: A process's id, a stage's code, or both of one stage.
            competitor: A competitor of the catalogue, or the id or name of any; the catalogue's id and name are one.
            product: A product's code.
            campaign: Found by its kind and id; the label does not matter.

        Source: CUS-5.
        """
        every = super().list()
        wanted = [named(value, what) for what, value in (("process", process), ("stage", stage)) if value is not None]
        rivals = None if competitor is None else self._names_of(competitor)
        if product is not None:
            named(product, "product")
        event = None if campaign is None else reference_to(campaign, "campaign")
        return tuple([
            entry for entry in every
            if (not wanted or any(_fits(pair, process, stage) for pair in entry.stages))
            and (rivals is None or not rivals.isdisjoint(entry.competitors))
            and (product is None or product in entry.products)
            and (event is None or any((each.kind, each.id) == (event.kind, event.id) for each in entry.campaigns))
        ])  # fmt: skip

    def _names_of(self, competitor: Competitor | str) -> frozenset[str]:
        """Return what a document may call the competitor."""
        asked = named(reference("competitor", competitor)[0], "competitor")
        known = [each for each in self._kernel.query("competitor") if asked in (each.id, each.name)]
        return frozenset([asked, *[name for each in known for name in (each.id, each.name)]])


def _fits(pair: tuple[str, str], process: str | None, stage: str | None) -> bool:
    return process in (None, pair[0]) and stage in (None, pair[1])


def _stages_are_known(values: dict[str, Any]) -> Callable[[Case], Sequence[Reason]]:
    """Return what says that each stage is one of its process as it is now: a misspelt one would never be found."""

    def against(case: Case) -> Sequence[Reason]:
        found = []
        for process, stage in values.get("stages", ()):
            codes = tuple(each.code for each in case.kernel.processes.latest(process).process.stages)
            if stage not in codes:
                found.append(Reason("stage_unknown", stage=stage, stages=codes))
        return tuple(found)

    return against
