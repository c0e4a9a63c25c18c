"""
The kernel: the ports that all operations share, each asked in one place, and today's compiled view of the organisation.

Every exception of a port becomes `PortError`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from salesflow.app.business_rules import BusinessRules
from salesflow.app.port import CLOCK_PORT, DOCUMENTS_PORT, IDS_PORT, ORGANIZATION_PORT, STORE_PORT
from salesflow.app.processes import Processes
from salesflow.app.settings import Settings
from salesflow.errors import InvalidInput, PortError
from salesflow.grading import GradingPolicy, fields_read
from salesflow.model import (
    Dialog,
    Document,
    Event,
    business_day,
    utc,
)
from salesflow.model.document import LONGEST_NUMBER
from salesflow.model.organization import LONGEST_ID
from salesflow.model.requests import can_be_stored, named
from salesflow.ports import (
    AuditSink,
    Clock,
    DocumentNumbers,
    Ids,
    KeyNormalizer,
    Notifier,
    OrganizationSource,
    PoolSelector,
    Query,
    Store,
    UnitOfWork,
)
from salesflow.process import RecyclingRule
from salesflow.visibility import Filter, OrganizationIndex, Sight, VisibilityPolicy

if TYPE_CHECKING:
    from salesflow.app.automation import Automator

WALKED_PAGE = 200
"""So many records at a time are read by whoever goes through all of them."""


class Kernel:
    """What all operations share: the ports, and today's compiled view of the organisation."""

    def __init__(
        self, *, store: Store, organization: OrganizationSource, processes: Processes, clock: Clock, ids: Ids,
        zone: Any, grading: GradingPolicy, visibility: VisibilityPolicy, audit: AuditSink | None, settings: Settings,
        pool_selector: PoolSelector | None, key_normalizer: KeyNormalizer, notifier: Notifier | None,
        recycling: Sequence[RecyclingRule], documents: DocumentNumbers | None, rules: BusinessRules,
        lead_dialogs: Sequence[Dialog],
    ) -> None:  # fmt: skip
        self.store = store
        self.key_normalizer = key_normalizer
        self.pool_selector = pool_selector
        self.documents = documents
        self.notifier = notifier
        self.recycling = recycling
        self.rules = rules
        self.lead_dialogs = lead_dialogs
        self.automation: Automator | None = None  # the flow puts it, where anything can be set off: it uses the desks
        self.organization = organization
        self.processes = processes
        self.clock = clock
        self.ids = ids
        self.zone = zone
        self.grading = grading
        self.graded_fields = fields_read(grading)
        self.visibility = visibility
        self.audit = audit
        self.settings = settings
        self._revision = getattr(store, "revision", None)
        self._index: tuple[Any, OrganizationIndex] | None = None
        self._sight: tuple[Any, Sight] | None = None

    def with_ports(
        self, *, store: Store, organization: OrganizationSource, clock: Clock, visibility: VisibilityPolicy
    ) -> Kernel:
        """Return the same with other ports in these places, and nothing compiled yet."""
        other = copy(self)
        other.store, other.organization, other.clock, other.visibility = store, organization, clock, visibility
        other._revision = getattr(store, "revision", None)
        other._index = other._sight = None
        return other

    def now(self) -> datetime:
        """Return the clock's present moment in UTC."""
        with CLOCK_PORT:
            moment = self.clock.now()
        try:
            return utc(moment)
        except InvalidInput as error:
            raise PortError("clock", f"gave no usable moment: {error}") from error

    def today(self, now: datetime) -> date:
        """Return the business day of *now*."""
        return business_day(now, self.zone)

    def sight(self) -> Sight:
        """Return who sees and may do what, as of this call; compiled anew only where something changed (VIS-20)."""
        with ORGANIZATION_PORT:
            version = self.organization.version
        revisions: tuple[tuple[str, Any], ...] = ()
        if self._revision is not None:
            with STORE_PORT:
                revisions = tuple([(kind, self._revision(kind)) for kind in ("sharing_rule", "pool")])
        known = self._sight
        if revisions and known is not None and known[0] == version and known[1].revisions == revisions:
            return known[1]
        index = self._index
        if index is None or index[0] != version:
            with ORGANIZATION_PORT:
                index = (version, OrganizationIndex(self.organization))
            self._index = index
        sight = Sight(
            index[1], tuple(self.query("sharing_rule")), self.visibility, self.query("pool"), find=self.find,
            get=self.get, revisions=revisions,
        )  # fmt: skip
        self._sight = (version, sight)
        return sight

    def get(self, kind: str, id: str) -> Any | None:
        """Return a record of the store, or None; of an id that no record can have no store is asked (I-48)."""
        if not can_be_stored(id):
            return None
        with STORE_PORT:
            return self.store.get(kind, id)

    def get_many(self, kind: str, ids: Collection[str]) -> Mapping[str, Any]:
        """Return the records of *ids* that are there, by id; a store that cannot find many is asked for each."""
        get_many = getattr(self.store, "get_many", None)
        ids = [id for id in ids if can_be_stored(id)]
        with STORE_PORT:
            if get_many is not None:
                return dict(get_many(kind, ids))
            found = {id: self.store.get(kind, id) for id in ids}
        return {id: record for id, record in found.items() if record is not None}

    def query(self, kind: str, filter: Any = None, **how: Any) -> Sequence[Any]:
        """Return the records of a kind that pass *filter*; None means all of them."""
        with STORE_PORT:
            return self.store.query(Query(kind, filter if filter is not None else _Any(), **how))

    def find(self, kind: str, filter: Filter, limit: int | None) -> Sequence[Any]:
        """Return at most *limit* records of *kind* that pass: what sight reads customers and contacts through."""
        return self.query(kind, filter, limit=limit)

    def count(self, kind: str, filter: Filter, cap: int | None = None) -> int:
        """Return how many records of *kind* pass, at most *cap*; None counts them all."""
        count = getattr(self.store, "count", None)
        if count is not None:
            with STORE_PORT:
                return int(count(kind, filter, cap))
        return len(self.query(kind, filter, limit=cap))

    def walk(self, kind: str, filter: Any = None) -> Iterator[Any]:
        """Give the records of a kind that pass *filter*, by id, a page at a time: memory does not grow with them."""
        after: tuple[str, str] | None = None
        while True:
            page = self.query(kind, filter, order_by="id", limit=WALKED_PAGE, after=after)
            yield from page
            if len(page) < WALKED_PAGE:
                return
            after = (page[-1].id, page[-1].id)

    def new_id(self, kind: str) -> str:
        """Return a new id from the port; what is no id breaks the port's contract, and is not saved as one."""
        with IDS_PORT:
            id: object = self.ids.new(kind)
        if not isinstance(id, str) or not id or len(id) > LONGEST_ID:
            raise PortError("ids", f"gave {type(id).__name__} that is no text of 1 to {LONGEST_ID} characters")
        return id

    def document_number(self, draft: Document) -> str:
        """Return the number of a document from the port, of a flow that has it; what is no name is not saved as one."""
        assert self.documents is not None
        with DOCUMENTS_PORT:
            number: object = self.documents.number(draft)
        try:
            return named(number, "number", longest=LONGEST_NUMBER)
        except InvalidInput as error:
            raise PortError("documents", f"gave no usable number: {error}") from error

    def save(self, unit: UnitOfWork) -> None:
        """Save a unit of work."""
        with STORE_PORT:
            self.store.save(unit)

    @property
    def keeps_history(self) -> bool:
        """Whether the store can tell what happened to a record."""
        return getattr(self.store, "events", None) is not None

    def events(self, kind: str, id: str) -> Sequence[Event]:
        """Return a record's events; a store that keeps none cannot tell a history."""
        events = getattr(self.store, "events", None)
        if events is None:
            raise PortError("store", "keeps no history: it has no method `events`")
        with STORE_PORT:
            return tuple(events(kind, id))


class _Any:
    """Passes every record; used only for the library's own look-ups, never for a viewer's."""

    def matches(self, record: Any) -> bool:
        return True
