"""Competitors (竞争对手): whom we sell against, and how our products do against theirs (CUS-4, ACC-23)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypedDict, Unpack

from attrs import frozen

from salesflow.app.case import Case
from salesflow.app.catalogue import CatalogueDesk
from salesflow.app.execution import reference
from salesflow.model import Competitor, Money, ProductScorecard, Reason
from salesflow.process.catalogue_fields import COMPETITOR_FIELDS
from salesflow.process.fields import checked


class CompetitorProfile(TypedDict, total=False):
    """What `CompetitorDesk.create` takes beside the name; what is left out is not known."""

    ticker: str | None
    main_product: str | None
    website: str | None
    reported_revenue: Money | None
    address: str | None
    overview: str | None
    strengths: str | None
    weaknesses: str | None
    opportunities: str | None
    threats: str | None
    notes: str | None
    products: Iterable[str]
    scorecards: Iterable[ProductScorecard]


class CompetitorChanges(CompetitorProfile, total=False):
    """The fields that `CompetitorDesk.edit` takes; what is left out stays."""

    name: str


class CompetitorDesk(CatalogueDesk[Competitor]):
    """
    Creates, lists, edits and deletes competitors; everybody may read them. Wins and losses against each:
    `pipeline.competitors`.

    Args:
        kernel: The ports.
        execution: For whom; None is the application itself, which is asked nothing.

    Source: CUS-4, ACC-23, ACC-26.
    """

    KIND, GROUP = "competitor", "competitors"

    def create(self, name: str, **profile: Unpack[CompetitorProfile]) -> Competitor:
        """
        Create a competitor, whom opportunities may name by its id or its name.

        Raises:
            InvalidInput: A field is unknown or a value malformed.
            Refused: `competitor_exists`, `not_permitted`.

        Source: CUS-4.
        """
        values = checked(COMPETITOR_FIELDS, {"name": name, **profile})

        def make(case: Case) -> Competitor:
            id = case.kernel.new_id("competitor")
            return Competitor(
                id=id, version=1, **values, created_at=case.now, created_by=case.person, updated_at=case.now
            )

        return self._create(name, (values,), make, _is_new(values, None))

    def edit(self, competitor: Competitor | str, **changes: Unpack[CompetitorChanges]) -> Competitor:
        """
        Change exactly the named fields; *products* and *scorecards* are given whole.

        Raises:
            InvalidInput: A field is unknown or a value malformed.
            Refused: `competitor_exists`, `not_permitted`.

        Source: CUS-4.
        """
        values = checked(COMPETITOR_FIELDS, changes)
        return self._edit(competitor, values, _is_new(values, reference(self.KIND, competitor)[0]))

    def _against_deleting(self, entry: Competitor) -> Sequence[Reason]:
        """What happened stays readable: an id that a deal or a document holds goes on to say who it is."""
        named_by = _Naming(entry.id)
        is_named = any(self._kernel.query(kind, named_by, limit=1) for kind in ("opportunity", "literature"))
        return (Reason("competitor_in_use", competitor=entry.id),) if is_named else ()


@frozen
class _Naming:
    """Passes opportunities and literature that name a competitor by its id."""

    id: str

    def matches(self, record: Any) -> bool:
        """Whether *record* does, now or in one of its closings."""
        closings = getattr(record, "closings", ())
        return self.id in record.competitors or any(closing.competitor == self.id for closing in closings)


def _is_new(values: dict[str, Any], id: str | None) -> Callable[[Case], Sequence[Reason]]:
    """Return what says that no other competitor has the name: deals that name it would mean either."""

    def against(case: Case) -> Sequence[Reason]:
        name = values.get("name")
        others = (known for known in case.kernel.query("competitor") if known.id != id and known.name == name)
        return tuple([Reason("competitor_exists", name=known.name, competitor=known.id) for known in others])

    return against
