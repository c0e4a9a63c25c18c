"""The access table of domain.md §8, typed in anew: who may do what, and in which status."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.machine.reference.people import People

OPEN = ("in_progress",)
SERVED = ("in_progress", "won", "lost")
NOTHING: frozenset[tuple[str, str]] = frozenset()


class Row(NamedTuple):
    """One row: the columns of the table; *named* are those whom the row describes in words."""

    statuses: tuple[str, ...] | None = None
    voided: bool | None = False
    owner: bool = False
    superiors: bool = False
    roles: frozenset[str] | None = frozenset()
    shared: bool = False
    employees: bool = False
    administrators: bool = False
    named: bool = False
    override: bool = True


LINE: dict[str, Any] = {"owner": True, "superiors": True}
SALES = frozenset({"sales", "joint"})
SERVICE = frozenset({"after_sales"})
SELL = Row(("in_progress", "won"), **LINE, roles=SALES, shared=True)
WORK = Row(OPEN, **LINE, roles=SALES, shared=True)
CREATE = Row(voided=None, employees=True)
ADMINISTRATORS = Row(voided=None, administrators=True)
SERVING = Row(SERVED, **LINE, roles=SERVICE, shared=True)

ROWS: dict[str, Row] = {
    **dict.fromkeys(
        (
            "opportunities.create", "customers.create", "contacts.create", "leads.create",
        ), CREATE,
    ),
    "opportunities.change_process": Row(OPEN, **LINE, shared=True),
    "opportunities.fill_feedback": Row(("in_progress", "won", "lost", "invalid"), **LINE, roles=SALES, shared=True),
    **{
        f"opportunities.{method}": WORK
        for method in (
            "change_stage advance start_dialog win lose invalidate edit set_contact_role add_competitor "
            "remove_competitor register_with_partner"
        ).split()
    },
    **{
        f"opportunities.{method}": WORK._replace(named=True)
        for method in "finish_task reopen_task add_task assign_task unassign_task".split()
    },
    "opportunities.start_after_sales": SERVING,
    "opportunities.after_sales_feedback": SERVING,
    "opportunities.after_sales_advance": SERVING,
    "opportunities.after_sales_task": SERVING._replace(named=True),
    "opportunities.finish_after_sales": SERVING._replace(roles=SALES | SERVICE),
    "opportunities.add_member": Row(SERVED, **LINE),
    "opportunities.change_member": Row(SERVED, **LINE),
    "opportunities.remove_member": Row(SERVED, **LINE),
    "opportunities.add_activity": Row(**LINE, roles=None, shared=True),
    "opportunities.reopen": Row(**LINE),
    "opportunities.change_owner": Row(**LINE),
    "opportunities.void": Row(voided=None, **LINE),
    "opportunities.delete": Row(voided=None, **LINE),
    "opportunities.unvoid": Row(voided=True, administrators=True),
    "leads.unvoid": Row(voided=True, administrators=True),
    "opportunities.set_grade": Row(OPEN, superiors=True),
    "opportunities.clear_grade": Row(OPEN, superiors=True),
    "opportunities.waive_stage": Row(OPEN, superiors=True),
    "opportunities.approve": Row(voided=None, named=True, override=False),
    "opportunities.refuse": Row(voided=None, named=True, override=False),
    "opportunities.request_approval": Row(voided=None, named=True),
    "opportunities.withdraw_approval": Row(voided=None, named=True),
    **{f"opportunities.issue_{paper}": SELL for paper in ("quote", "contract", "order", "invoice")},
    "documents.accept": SELL,
    "documents.record_payment": SELL,
    "documents.issue": Row(**LINE, shared=True),
    "leads.quote": Row(**LINE),
    "leads.order": Row(**LINE),
    "leads.follow_up": Row(**LINE, shared=True),
    "leads.edit": Row(**LINE, shared=True),
    "leads.start_dialog": Row(**LINE, shared=True),
    "leads.convert": Row(**LINE, shared=True),
    "leads.recycle": Row(**LINE),
    "leads.disqualify": Row(**LINE),
    "leads.claim": Row(("unassigned",), named=True),
    "leads.set_review_state": Row(voided=None, administrators=True),
    "leads.disable": Row(voided=None, administrators=True),
    "leads.enable": Row(voided=None, administrators=True),
    "leads.void": Row(voided=None, **LINE),
    **{
        f"leads.{method}": Row(voided=None, superiors=True, administrators=True)
        for method in ("assign", "delete", "push_down", "merge", "unmerge")
    },
    "customers.edit": Row(**LINE, shared=True),
    "contacts.edit": Row(**LINE, shared=True, named=True),
    "sharing.create": ADMINISTRATORS,
    "sharing.edit": ADMINISTRATORS,
    "sharing.delete": ADMINISTRATORS,
    "sharing.get": ADMINISTRATORS,
    "sharing.list": ADMINISTRATORS,
    "files.import_opportunities": Row(voided=None, named=True, administrators=True),
}  # fmt: skip


def admits(people: People, person: str, row: Row, record: Any, named: Any) -> bool:
    """Whether the row's own columns admit *person*; *named* are those whom the row's words mean."""
    if not people.knows(person):
        return False
    if (row.employees and people.is_employee(person)) or (row.named and person in named):
        return True
    if row.administrators and people.is_administrator(person):
        return True
    if record is None:
        return False
    owner = record["owner"]
    if owner is not None:
        if (row.owner and owner == person) or (row.superiors and people.answers_to(owner, person)):
            return True
        if row.shared and people.shares(person, owner, "read_write"):
            return True
    if row.roles is None or row.roles:
        for (member, role), access in record.get("team", {}).items():
            qualifies = access == "read_write" and (row.roles is None or role in row.roles)
            if qualifies and (member == person or people.answers_to(member, person)):
                return True
    return False


def refusals(people: People, person: str, operation: str, record: Any, named: Any) -> set[tuple[str, str]]:
    """Why *person* may not do *operation* on *record* now; nothing where they may (ACC-24)."""
    row = ROWS[operation]
    found: set[tuple[str, str]] = set()
    if record is not None:
        if record.get("voided") and row.voided is False:
            found.add(("is_voided", ""))
        if row.voided is True and not record.get("voided"):
            found.add(("is_not_voided", ""))
        if row.statuses is not None and record["status"] not in row.statuses:
            found.add(("wrong_status", ""))
    overrides = row.override and people.is_administrator(person)
    if not overrides and not admits(people, person, row, record, named):
        found.add(("not_permitted", ""))
    return found
