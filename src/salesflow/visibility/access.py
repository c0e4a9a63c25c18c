"""
The access table (domain §8) as data: one row per operation, and what no row allows is refused (ACC-24).

A row says who *may*; it never widens who *sees*, since what somebody does not see is not there for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from attrs import frozen

from salesflow.model.enums import Access, LeadStatus, OpportunityStatus, TeamRole
from salesflow.visibility.rules import Rule, either
from salesflow.visibility.vocabulary import owner, pool, team

Statuses = tuple[str, ...]

OPEN: Statuses = (OpportunityStatus.IN_PROGRESS,)
ANY_STATUS: Statuses = (
    OpportunityStatus.IN_PROGRESS,
    OpportunityStatus.WON,
    OpportunityStatus.LOST,
    OpportunityStatus.INVALID,
)
SERVED: Statuses = (OpportunityStatus.IN_PROGRESS, OpportunityStatus.WON, OpportunityStatus.LOST)
SELLING: Statuses = (OpportunityStatus.IN_PROGRESS, OpportunityStatus.WON)

SALES = frozenset((TeamRole.SALES, TeamRole.JOINT))
SERVICE = frozenset((TeamRole.AFTER_SALES,))


@frozen(kw_only=True)
class AccessRow:
    """
    Who may do one operation, and while the record is in which status.

    Args:
        source: The row's id in the domain.
        statuses: The statuses that permit it; None leaves them to the operation itself. A kind of record
            without a status has none to name.
        voided: Whether the record must be voided, must not be, or (None) may be either.
        owner: Whether the owner may.
        superiors: Whether the owner's superiors may, as far as `depth_superiors` reaches.
        roles: The team roles that may with `READ_WRITE`, and the superiors of those very members; None means
            any role, an empty set that the team does not count.
        shared: Whether a person may whom a `READ_WRITE` sharing rule reaches.
        dispatchers: Whether the dispatchers of its pool may, while a lead has no owner.
        claimers: Whether whoever may claim from its pool may, while a lead has no owner.
        also: In words, whom else it admits; the caller says who they are. Empty means nobody.
        employees: Whether any active employee may.
        readers: Whether whoever sees the record may.
        administrators: Whether the row itself names administrators.
        override: Whether an administrator may nevertheless, marked as such (ACC-24).

    Source: ACC-1 … ACC-27.
    """

    source: str
    statuses: Statuses | None = None
    voided: bool | None = False
    owner: bool = False
    superiors: bool = False
    roles: frozenset[str] | None = frozenset()
    shared: bool = False
    dispatchers: bool = False
    claimers: bool = False
    also: str = ""
    employees: bool = False
    readers: bool = False
    administrators: bool = False
    override: bool = True

    @property
    def rule(self) -> Rule | None:
        """The columns that stand for people of the record, as one rule; None where there are none."""
        found: list[Rule] = []
        if self.owner:
            found.append(owner.is_viewer)
        if self.superiors:
            found.append(owner.answers_to_viewer)
        if self.roles is None or self.roles:
            found.append(team.includes_viewer(self.roles, Access.READ_WRITE))
            found.append(team.includes_who_answers_to_viewer(self.roles, Access.READ_WRITE))
        if self.shared:
            found.append(owner.shares_with_viewer(Access.READ_WRITE))
        if self.dispatchers:
            found.append(pool.is_dispatched_by_viewer)
        if self.claimers:
            found.append(pool.admits_viewer)
        return either(found) if found else None

    @property
    def needs(self) -> str:
        """What it takes, in words, for a refusal's message."""
        return ", or ".join(self._needs()) or "more than anybody has"

    def _needs(self) -> Iterator[str]:
        if self.owner:
            yield "the owner"
        if self.superiors:
            yield "a superior of the owner"
        if self.roles is None or self.roles:
            which = "in any role" if self.roles is None else f"as {' or '.join(sorted(map(str, self.roles)))}"
            yield f"a team member {which} with {Access.READ_WRITE}, or that member's superior"
        if self.shared:
            yield f"somebody with whom the record is shared for {Access.READ_WRITE}"
        if self.dispatchers:
            yield "a dispatcher of its pool"
        if self.claimers:
            yield "a member of its pool"
        if self.employees:
            yield "an employee"
        if self.readers:
            yield "somebody who sees the record"
        if self.also:
            yield self.also
        if self.administrators:
            yield "an administrator"


ASSIGNEE = "the task's assignee"
APPROVER = "the approver that the rule names"
SAME_AS_TARGET = "whoever may do the operation that it is for"

_CHANGE_PROCESS = AccessRow(source="ACC-1", statuses=OPEN, owner=True, superiors=True, shared=True)
_FEEDBACK = AccessRow(source="ACC-2", statuses=ANY_STATUS, owner=True, superiors=True, roles=SALES, shared=True)
_CHANGE_STAGE = AccessRow(source="ACC-3", statuses=OPEN, owner=True, superiors=True, roles=SALES, shared=True)
_NEXT = AccessRow(source="ACC-4", statuses=OPEN, owner=True, superiors=True, roles=SALES, shared=True)
_CLOSE = AccessRow(source="ACC-5", statuses=OPEN, owner=True, superiors=True, roles=SALES, shared=True)
_START_AFTER_SALES = AccessRow(source="ACC-6", statuses=SERVED, owner=True, superiors=True, roles=SERVICE, shared=True)
_AFTER_SALES_FEEDBACK = AccessRow(
    source="ACC-7", statuses=SERVED, owner=True, superiors=True, roles=SERVICE, shared=True
)
_AFTER_SALES_NEXT = AccessRow(source="ACC-8", statuses=SERVED, owner=True, superiors=True, roles=SERVICE, shared=True)
_AFTER_SALES_TASK = AccessRow(
    source="ACC-8", statuses=SERVED, owner=True, superiors=True, roles=SERVICE, shared=True, also=ASSIGNEE
)
_FINISH_AFTER_SALES = AccessRow(
    source="ACC-9", statuses=SERVED, owner=True, superiors=True, roles=SALES | SERVICE, shared=True
)
_EDIT = AccessRow(source="ACC-10", statuses=OPEN, owner=True, superiors=True, roles=SALES, shared=True)
_TASK = AccessRow(source="ACC-10", statuses=OPEN, owner=True, superiors=True, roles=SALES, shared=True, also=ASSIGNEE)
_DOCUMENT = AccessRow(source="ACC-11", statuses=SELLING, owner=True, superiors=True, roles=SALES, shared=True)
_TEAM = AccessRow(source="ACC-12", statuses=SERVED, owner=True, superiors=True)
_ACTIVITY = AccessRow(source="ACC-13", owner=True, superiors=True, roles=None, shared=True)
_OWNER_LINE = AccessRow(source="ACC-14", owner=True, superiors=True)
_VOID = AccessRow(source="ACC-14", voided=None, owner=True, superiors=True)
_UNVOID = AccessRow(source="ACC-15", voided=True, administrators=True)
_CREATE = AccessRow(source="ACC-16", voided=None, employees=True)
_IMPORT = AccessRow(source="ACC-16", voided=None, also="an employee who imports for themselves", administrators=True)
_GRADE = AccessRow(source="ACC-17", statuses=OPEN, superiors=True)
_APPROVE = AccessRow(source="ACC-18", voided=None, also=APPROVER, override=False)
_LEAD_SHARED = AccessRow(source="ACC-19", owner=True, superiors=True, shared=True, dispatchers=True)
_LEAD = AccessRow(source="ACC-19", owner=True, superiors=True, dispatchers=True)
_LEAD_VOID = AccessRow(source="ACC-19", voided=None, owner=True, superiors=True, dispatchers=True)
_LEAD_ABOVE = AccessRow(source="ACC-20", voided=None, superiors=True, dispatchers=True, administrators=True)
_CLAIM = AccessRow(source="ACC-21", statuses=(LeadStatus.UNASSIGNED,), claimers=True)
_CUSTOMER = AccessRow(source="ACC-22", owner=True, superiors=True, shared=True)
_CONTACT = AccessRow(
    source="ACC-22",
    owner=True,
    superiors=True,
    shared=True,
    also="whoever may edit its customer or one of its opportunities",
)
_ADMINISTRATION = AccessRow(source="ACC-23", voided=None, administrators=True)
_READ = AccessRow(source="ACC-26", voided=None, readers=True)
_READ_ADMINISTRATION = AccessRow(source="ACC-26", voided=None, administrators=True)
_REVIEW = AccessRow(source="ACC-27", voided=None, dispatchers=True, administrators=True)
_FOR_ANOTHER = AccessRow(source="ACC-27", voided=None, also=SAME_AS_TARGET)
_EACH = AccessRow(source="ACC-24", voided=None, also=SAME_AS_TARGET)

SOURCE_FINISH_AFTER_SALES = AccessRow(
    source="ACC-9", statuses=OPEN, owner=True, superiors=True, roles=SALES, shared=True
)
"""The row of `opportunities.finish_after_sales` in its source: `after_sales_finish="source"`."""


def _table(rows: Iterable[tuple[str, str, AccessRow]]) -> MappingProxyType[str, AccessRow]:
    return MappingProxyType({f"{group}.{method}": row for group, methods, row in rows for method in methods.split()})


ACCESS: MappingProxyType[str, AccessRow] = _table(
    [
        ("leads", "create", _CREATE),
        ("leads", "get list count moves history as_of", _READ),
        ("leads", "each", _EACH),
        ("leads", "assign delete merge unmerge push_down", _LEAD_ABOVE),
        ("leads", "claim", _CLAIM),
        ("leads", "follow_up edit convert start_dialog", _LEAD_SHARED),
        ("leads", "quote order recycle disqualify", _LEAD),
        ("leads", "void", _LEAD_VOID),
        ("leads", "unvoid", _UNVOID),
        ("leads", "recycle_overdue", _ADMINISTRATION),
        ("leads", "set_review_state disable enable", _REVIEW),
        ("opportunities", "create", _CREATE),
        ("opportunities", "get list count board card resources moves history as_of stalled overdue silent", _READ),
        ("opportunities", "each", _EACH),
        ("opportunities", "change_process", _CHANGE_PROCESS),
        ("opportunities", "fill_feedback", _FEEDBACK),
        ("opportunities", "change_stage", _CHANGE_STAGE),
        ("opportunities", "advance start_dialog", _NEXT),
        ("opportunities", "win lose invalidate", _CLOSE),
        ("opportunities", "start_after_sales", _START_AFTER_SALES),
        ("opportunities", "after_sales_feedback", _AFTER_SALES_FEEDBACK),
        ("opportunities", "after_sales_advance", _AFTER_SALES_NEXT),
        ("opportunities", "after_sales_task", _AFTER_SALES_TASK),
        ("opportunities", "finish_after_sales", _FINISH_AFTER_SALES),
        (
            "opportunities",
            "edit set_contact_role add_competitor remove_competitor register_with_partner",
            _EDIT,
        ),
        ("opportunities", "finish_task reopen_task add_task assign_task unassign_task", _TASK),
        ("opportunities", "issue_quote issue_contract issue_order issue_invoice", _DOCUMENT),
        ("opportunities", "add_member change_member remove_member", _TEAM),
        ("opportunities", "add_activity", _ACTIVITY),
        ("opportunities", "reopen change_owner", _OWNER_LINE),
        ("opportunities", "void delete", _VOID),
        ("opportunities", "unvoid", _UNVOID),
        ("opportunities", "set_grade clear_grade waive_stage", _GRADE),
        ("opportunities", "approve refuse", _APPROVE),
        ("opportunities", "request_approval withdraw_approval", _FOR_ANOTHER),
        ("customers", "create", _CREATE),
        ("customers", "get list count history as_of", _READ),
        ("customers", "edit", _CUSTOMER),
        ("contacts", "create", _CREATE),
        ("contacts", "get list count history as_of", _READ),
        ("contacts", "edit", _CONTACT),
        ("documents", "get list count history as_of", _READ),
        ("documents", "accept record_payment", _DOCUMENT),
        ("documents", "issue", _CUSTOMER),
        ("competitors", "get list", _READ),
        ("literature", "get list", _READ),
        ("sources", "get list", _READ),
        ("sharing", "get list", _READ_ADMINISTRATION),
        ("pools", "get list", _READ_ADMINISTRATION),
        *(
            (group, "create edit delete", _ADMINISTRATION)
            for group in ("competitors", "literature", "sources", "sharing", "pools")
        ),
        ("files", "import_csv import_json import_opportunities", _IMPORT),
        ("files", "export_csv export_json", _READ),
        ("pipeline", "funnel changes forecast risks win_rates sales_cycle stage_times", _READ),
        ("pipeline", "stage_flow velocity losses chances competitors sources", _READ),
        ("flow", "why who_can_see what_if", _READ),
        ("flow", "migrate", _ADMINISTRATION),
    ]
)
"""
The row of every operation by its id, ``group.method``. An application replaces one: ``ACCESS | {id: row}``.

`opportunities.after_sales_task` is the row of the five task operations when the task is one of after-sales.
`each`, and a request for an approval, go by the row of the operation that they are for: the caller asks that
one, and names in *also* whoever it admits. What hangs on the facade itself is ``flow.method``.
"""
