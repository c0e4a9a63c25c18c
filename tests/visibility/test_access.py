"""The access table, cell by cell: domain §8 typed again by hand, over the reference's relations (REL-4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given

from salesflow.errors import InvalidInput
from salesflow.model import (
    Access,
    Competitor,
    Department,
    Employee,
    LeadStatus,
    OpportunityStatus,
    Pool,
    Reason,
    SharingRule,
    TeamMember,
    TeamRole,
)
from salesflow.visibility import ACCESS, AccessRow, Sight, VisibilityPolicy
from tests.visibility.reference import World
from tests.visibility.worlds import ROLES, contact, customer, lead, opportunity, sight, worlds_and_records

Relation = Callable[[World, str, Any], bool]

IN_PROGRESS = ("in_progress",)
COMPLETED_TOO = ("in_progress", "won", "lost", "invalid")
SERVED = ("in_progress", "won", "lost")
SELLING = ("in_progress", "won")


def _columns(*roles: str, shared: bool = True) -> Relation:
    """Owner and superiors; team with READ_WRITE in one of *roles*, and those members' superiors; shared RW."""

    def may(world: World, viewer: str, record: Any) -> bool:
        return (
            world.owner_line(viewer, record)
            or world.team_line(viewer, record, roles)
            or (shared and world.shared_read_write(viewer, record))
        )

    return may


def _any_role(world: World, viewer: str, record: Any) -> bool:
    return (
        world.owner_line(viewer, record)
        or world.team_line(viewer, record, None)
        or world.shared_read_write(viewer, record)
    )


def _nobody(world: World, viewer: str, record: Any) -> bool:
    return False


def _employee(world: World, viewer: str, record: Any) -> bool:
    return world.is_active(viewer)


def _administrator(world: World, viewer: str, record: Any) -> bool:
    return world.is_administrator(viewer)


def _above_owner(world: World, viewer: str, record: Any) -> bool:
    return world.above_owner(viewer, record)


def _dispatcher(world: World, viewer: str, record: Any) -> bool:
    return world.dispatches(viewer, record) is True


def _member(world: World, viewer: str, record: Any) -> bool:
    return world.admits(viewer, record) is True


def _any(*relations: Relation) -> Relation:
    return lambda world, viewer, record: any(may(world, viewer, record) for may in relations)


def _reader(world: World, viewer: str, record: Any) -> bool:
    return world.can_see(viewer, record)


@frozen
class Row:
    """One line of domain §8: operations, statuses (None: by the operation), voided, whom; and who *also* may."""

    operations: str
    may: Relation
    statuses: tuple[str, ...] | None = None
    voided: bool | None = False
    also: bool = False
    override: bool = True


def _methods(group: str, methods: str) -> str:
    return " ".join(f"{group}.{method}" for method in methods.split())


SALES, JOINT, AFTER = "sales", "joint", "after_sales"
BOTH_WAYS = None

TABLE: dict[str, list[Row]] = {
    "ACC-1": [Row("opportunities.change_process", _columns(), IN_PROGRESS)],
    "ACC-2": [Row("opportunities.fill_feedback", _columns(SALES, JOINT), COMPLETED_TOO)],
    "ACC-3": [Row("opportunities.change_stage", _columns(SALES, JOINT), IN_PROGRESS)],
    "ACC-4": [Row("opportunities.advance opportunities.start_dialog", _columns(SALES, JOINT), IN_PROGRESS)],
    "ACC-5": [
        Row("opportunities.win opportunities.lose opportunities.invalidate", _columns(SALES, JOINT), IN_PROGRESS)
    ],
    "ACC-6": [Row("opportunities.start_after_sales", _columns(AFTER), SERVED)],
    "ACC-7": [Row("opportunities.after_sales_feedback", _columns(AFTER), SERVED)],
    "ACC-8": [
        Row("opportunities.after_sales_advance", _columns(AFTER), SERVED),
        Row("opportunities.after_sales_task", _columns(AFTER), SERVED, also=True),
    ],
    "ACC-9": [Row("opportunities.finish_after_sales", _columns(SALES, JOINT, AFTER), SERVED)],
    "ACC-10": [
        Row(
            "opportunities.edit opportunities.set_contact_role opportunities.add_competitor"
            " opportunities.remove_competitor opportunities.register_with_partner",
            _columns(SALES, JOINT),
            IN_PROGRESS,
        ),
        Row(
            "opportunities.finish_task opportunities.reopen_task opportunities.add_task"
            " opportunities.assign_task opportunities.unassign_task",
            _columns(SALES, JOINT),
            IN_PROGRESS,
            also=True,
        ),
    ],
    "ACC-11": [
        Row(
            "opportunities.issue_quote opportunities.issue_contract opportunities.issue_order"
            " opportunities.issue_invoice documents.accept documents.record_payment",
            _columns(SALES, JOINT),
            SELLING,
        )
    ],
    "ACC-12": [
        Row(
            "opportunities.add_member opportunities.change_member opportunities.remove_member",
            _columns(shared=False),
            SERVED,
        )
    ],
    "ACC-13": [Row("opportunities.add_activity", _any_role)],
    "ACC-14": [
        Row("opportunities.reopen opportunities.change_owner", _columns(shared=False)),
        Row("opportunities.void opportunities.delete", _columns(shared=False), voided=BOTH_WAYS),
    ],
    "ACC-15": [Row("opportunities.unvoid leads.unvoid", _administrator, voided=True)],
    "ACC-16": [
        Row(
            "opportunities.create customers.create contacts.create leads.create",
            _employee,
            voided=BOTH_WAYS,
        ),
        Row(
            "files.import_csv files.import_json files.import_opportunities",
            _administrator,
            voided=BOTH_WAYS,
            also=True,
        ),
    ],
    "ACC-17": [
        Row("opportunities.set_grade opportunities.clear_grade opportunities.waive_stage", _above_owner, IN_PROGRESS)
    ],
    "ACC-18": [Row("opportunities.approve opportunities.refuse", _nobody, voided=BOTH_WAYS, also=True, override=False)],
    "ACC-19": [
        Row("leads.follow_up leads.edit leads.convert leads.start_dialog", _any(_columns(), _dispatcher)),
        Row("leads.quote leads.order leads.recycle leads.disqualify", _any(_columns(shared=False), _dispatcher)),
        Row("leads.void", _any(_columns(shared=False), _dispatcher), voided=BOTH_WAYS),
    ],
    "ACC-20": [
        Row(
            "leads.assign leads.delete leads.merge leads.unmerge leads.push_down",
            _any(_above_owner, _dispatcher, _administrator),
            voided=BOTH_WAYS,
        )
    ],
    "ACC-21": [Row("leads.claim", _member, ("unassigned",))],
    "ACC-22": [
        Row("customers.edit documents.issue", _columns()),
        Row("contacts.edit", _columns(), also=True),
    ],
    "ACC-23": [
        Row(
            " ".join(
                _methods(group, "create edit delete")
                for group in ("competitors", "literature", "sources", "sharing", "pools")
            )
            + " flow.migrate leads.recycle_overdue",
            _administrator,
            voided=BOTH_WAYS,
        )
    ],
    "ACC-24": [Row("leads.each opportunities.each", _nobody, voided=BOTH_WAYS, also=True)],
    "ACC-26": [
        Row(
            " ".join(
                [
                    _methods("leads", "get list count moves history as_of"),
                    _methods("opportunities", "get list count board card resources moves history as_of"),
                    _methods("opportunities", "stalled overdue silent"),
                    _methods("customers", "get list count history as_of"),
                    _methods("contacts", "get list count history as_of"),
                    _methods("documents", "get list count history as_of"),
                    _methods("competitors", "get list"),
                    _methods("literature", "get list"),
                    _methods("sources", "get list"),
                    _methods("files", "export_csv export_json"),
                    _methods("pipeline", "funnel changes forecast risks win_rates sales_cycle stage_times"),
                    _methods("pipeline", "stage_flow velocity losses chances competitors sources"),
                    _methods("flow", "why who_can_see what_if"),
                ]
            ),
            _reader,
            voided=BOTH_WAYS,
        ),
        Row("sharing.get sharing.list pools.get pools.list", _administrator, voided=BOTH_WAYS),
    ],
    "ACC-27": [
        Row(
            "leads.set_review_state leads.disable leads.enable",
            _any(_dispatcher, _administrator),
            voided=BOTH_WAYS,
        ),
        Row(
            "opportunities.request_approval opportunities.withdraw_approval",
            _nobody,
            voided=BOTH_WAYS,
            also=True,
        ),
    ],
}
ROWS = {operation: row for rows in TABLE.values() for row in rows for operation in row.operations.split()}

METHODS = """
leads: create get list count moves history as_of each assign claim recycle recycle_overdue follow_up edit
 start_dialog convert quote order disqualify void unvoid delete merge unmerge push_down set_review_state disable enable
opportunities: create get list count board card resources moves history as_of each stalled overdue silent edit
 add_activity start_dialog finish_task reopen_task add_task assign_task unassign_task fill_feedback advance change_stage
 change_process win lose invalidate reopen void unvoid delete change_owner add_member change_member remove_member
 set_contact_role add_competitor remove_competitor set_grade clear_grade waive_stage register_with_partner
 request_approval approve refuse withdraw_approval issue_quote issue_contract issue_order issue_invoice
 start_after_sales after_sales_feedback after_sales_advance finish_after_sales
customers: create get list count history as_of edit
contacts: create get list count history as_of edit
documents: get list count history as_of issue accept record_payment
competitors: create get list edit delete
literature: create get list edit delete
sources: create get list edit delete
sharing: create get list edit delete
pools: create get list edit delete
files: import_csv import_json export_csv export_json
pipeline: funnel changes forecast risks win_rates sales_cycle stage_times stage_flow velocity losses chances
 competitors sources
"""


def test_every_operation_has_exactly_one_row() -> None:
    """ACC-24: every method of the facade has a row, and every row is an operation."""
    facade: set[str] = set()
    for group in METHODS.replace("\n ", " ").split("\n"):
        name, _, methods = group.partition(":")
        facade |= {f"{name}.{method}" for method in methods.split()}
    beside: set[str] = {
        "opportunities.after_sales_task",
        "files.import_opportunities",
        *(f"flow.{method}" for method in ("why", "who_can_see", "what_if", "migrate")),
    }

    assert facade | beside == set(ACCESS)
    assert {operation: row.source for operation, row in ACCESS.items()} == {
        operation: source for source, rows in TABLE.items() for row in rows for operation in row.operations.split()
    }


def expected_codes(world: World, viewer: str, row: Row, record: Any, also: tuple[str, ...]) -> tuple[list[str], bool]:
    """The codes of the refusals that the table gives, and whether an administrator's override carried it."""
    codes = []
    if record.voided and row.voided is False:
        codes.append("is_voided")
    if not record.voided and row.voided is True:
        codes.append("is_not_voided")
    status = getattr(record, "status", None)
    if row.statuses is not None and status is not None and status not in row.statuses:
        codes.append("wrong_status")
    admitted = world.knows(viewer) and (row.may(world, viewer, record) or (row.also and viewer in also))
    override = row.override and world.is_administrator(viewer)
    if not (admitted or override):
        codes.append("not_permitted")
    return codes, not codes and not admitted


def check_cells(world: World, seen: Sight, record: Any, also: tuple[str, ...], viewers: list[str]) -> int:
    """Compare every operation on *record* with the table, for every one of *viewers*."""
    cells = 0
    for operation, row in ROWS.items():
        may = seen.who_may(operation, record, also=also)
        for viewer in viewers:
            codes, override = expected_codes(world, viewer, row, record, also)
            reasons = seen.refusals(viewer, operation, record, also=also)
            assert codes == [reason.code for reason in reasons], (operation, viewer)
            assert (not codes) == (viewer in may), (operation, viewer)
            assert override == seen.is_override(viewer, operation, record, also=also), (operation, viewer)
            cells += 1
    return cells


@given(worlds_and_records())
def test_every_cell_of_random_worlds(drawn: tuple[World, Any]) -> None:
    """ACC-1 … ACC-27: refusals, overrides and who_may are the table's, whatever the relations are."""
    world, record = drawn
    viewers = world.everyone()

    assert check_cells(world, sight(world), record, (viewers[0], "stranger"), viewers) > 0


RELATIONS = World(
    employees=(
        Employee("chief"),
        Employee("boss", manager="chief", department="east"),
        Employee("owner", manager="boss", department="east"),
        *(
            Employee(f"{role}_{access}", manager=f"boss_of_{role}_{access}")
            for role in ROLES
            for access in Access
            if (role, access) != ("presales", "read")
        ),
        *(Employee(f"boss_of_{role}_{access}") for role in ROLES for access in Access),
        Employee("left", manager="chief", active=False),
        Employee("reader"),
        Employee("writer"),
        Employee("boss_of_writer"),
        Employee("assignee"),
        Employee("outsider"),
        Employee("dispatcher", manager="boss_of_dispatcher"),
        Employee("boss_of_dispatcher"),
        Employee("head_of_owner", department="east"),
        Employee("head_of_member", department="west"),
        Employee("head_of_another", department="west"),
        Employee("presales_read", manager="boss_of_presales_read", department="west"),
        Employee("chief_administrator"),
    ),
    departments=(
        Department("east", head="head_of_owner"),
        Department("west", head="head_of_member"),
        Department("south", head="head_of_another"),
    ),
    administrators=frozenset({"root", "chief_administrator"}),
    shares=(
        SharingRule(id="read", version=1, from_person="owner", to_person="reader"),
        SharingRule(id="write", version=1, from_person="owner", to_person="writer", access=Access.READ_WRITE),
    ),
    pools=(
        Pool(
            id="east", version=1, members=frozenset({"outsider", "left"}), dispatchers=frozenset({"dispatcher", "left"})
        ),
    ),
)
POOLS = (None, "east", "gone")
TEAM = tuple(TeamMember(f"{role}_{access}", role, access) for role in ROLES for access in Access)


def test_who_sees_by_each_relation() -> None:
    """VIS-1, VIS-11, VIS-12, REL-4: who reads in the tables below, by hand: heads too, and nobody for a stranger."""
    seen = sight(RELATIONS)
    lines = {f"{above}{role}_{access}" for role in ROLES for access in Access for above in ("", "boss_of_")}
    administrators, owners = {"root", "chief_administrator"}, {"owner", "boss", "chief", "head_of_owner"}
    assert set(seen.who_can_see(opportunity("owner", *TEAM))) == {
        *administrators, *owners, *lines, "reader", "writer", "head_of_member",
    }  # fmt: skip
    assert set(seen.who_can_see(opportunity("left"))) == {*administrators, "chief"}
    assert set(seen.who_can_see(opportunity("nobody"))) == administrators


@pytest.mark.parametrize("owner", ["owner", "left", "nobody"])
@pytest.mark.parametrize("voided", [False, True])
@pytest.mark.parametrize("status", OpportunityStatus)
def test_every_cell_of_every_relation(status: OpportunityStatus, voided: bool, owner: str) -> None:
    """ACC-1 … ACC-27, TEAM-1: each operation, status and relation to an opportunity, also of an owner who left."""
    record = opportunity(owner, *TEAM, status=status, voided=voided)
    viewers = RELATIONS.everyone()

    cells = check_cells(RELATIONS, sight(RELATIONS), record, ("assignee", "left"), viewers)

    assert cells == len(ROWS) * len(viewers)


@pytest.mark.parametrize(("owner", "pool"), [("owner", None), ("owner", "east"), *((None, p) for p in POOLS)])
@pytest.mark.parametrize("status", LeadStatus)
def test_every_cell_of_leads(status: LeadStatus, owner: str | None, pool: str | None) -> None:
    """ACC-19 … ACC-21, ACC-27, VIS-18: a lead without owner is nobody's but its pool's and the administrators'."""
    world, seen = RELATIONS, sight(RELATIONS)

    assert check_cells(world, seen, lead(owner, status=status, pool=pool), ("assignee",), world.everyone()) > 0


@pytest.mark.parametrize("make", [customer, contact])
def test_every_cell_of_customers_and_contacts(make: Callable[[str | None], Any]) -> None:
    """ACC-22: a customer has no status for a row to name, and no team."""
    world, seen = RELATIONS, sight(RELATIONS)

    assert check_cells(world, seen, make("owner"), ("assignee",), world.everyone()) > 0
    assert check_cells(world, seen, make(None), (), world.everyone()) > 0


def test_direct_superiors_only() -> None:
    """ORG-2: with depth_superiors "direct" only the manager acts, while scenes still count everybody below."""
    world = evolve(RELATIONS, depth_superiors="direct")
    seen, record = sight(world), opportunity("owner", *TEAM)

    assert seen.superiors("owner") == ("boss",)
    assert seen.refusals("boss", "opportunities.win", record) == ()
    assert "chief" not in seen.who_may("opportunities.win", record)
    assert seen.can_see("chief", record)


def test_superior_of_a_member_who_does_not_qualify_may_not() -> None:
    """ACC-5: a superior acts through a member with role and READ_WRITE, not through any member."""
    seen, record = sight(RELATIONS), opportunity("owner", *TEAM)

    assert seen.refusals("boss_of_sales_read_write", "opportunities.win", record) == ()
    assert [reason.code for reason in seen.refusals("boss_of_sales_read", "opportunities.win", record)] == [
        "not_permitted"
    ]
    assert [reason.code for reason in seen.refusals("boss_of_presales_read_write", "opportunities.win", record)] == [
        "not_permitted"
    ]
    assert seen.can_see("boss_of_sales_read", record)


def test_finishing_after_sales_to_the_letter() -> None:
    """ACC-9: the switch "source" takes F's own row, its status and roles; a row of one's own is left alone."""
    to_the_letter = VisibilityPolicy(after_sales_finish="source")
    seen, operation = sight(RELATIONS, to_the_letter), "opportunities.finish_after_sales"
    running, won = opportunity("owner", *TEAM), opportunity("owner", *TEAM, status=OpportunityStatus.WON)

    assert seen.refusals("sales_read_write", operation, running) == ()
    assert [r.code for r in seen.refusals("after_sales_read_write", operation, running)] == ["not_permitted"]
    assert [r.code for r in seen.refusals("owner", operation, won)] == ["wrong_status"]

    own = evolve(to_the_letter, access=ACCESS | {operation: AccessRow(source="ours", employees=True)})
    assert sight(RELATIONS, own).refusals("outsider", operation, won) == ()
    with pytest.raises(InvalidInput, match="'both' or 'source'"):
        VisibilityPolicy(after_sales_finish="neither")


def test_administrators_who_do_not_operate() -> None:
    """ACC-24: with administrators_operate off an administrator has what the table names, and no more."""
    seen = sight(RELATIONS, VisibilityPolicy(administrators_operate=False))
    record = opportunity("owner", *TEAM)

    assert [r.code for r in seen.refusals("root", "opportunities.win", record)] == ["not_permitted"]
    assert not seen.is_override("root", "opportunities.win", record)
    assert "root" not in seen.who_may("opportunities.win", record)
    assert seen.refusals("root", "opportunities.get", record) == ()
    assert seen.refusals("root", "sharing.create", None) == ()
    assert not seen.is_override("root", "sharing.create", None)


def test_operations_without_a_row_are_refused() -> None:
    """ACC-24: deny by default, administrators included."""
    seen, record = sight(RELATIONS), opportunity("owner")

    for viewer in ("owner", "root"):
        (reason,) = seen.refusals(viewer, "opportunities.steal", record)
        assert reason.code == "not_permitted"
        assert "opportunities.steal" in str(reason)
        assert not seen.is_override(viewer, "opportunities.steal", record)
    assert frozenset() == seen.who_may("opportunities.steal", record)


def test_without_a_record() -> None:
    """ACC-16, ACC-23, ACC-26: creating, administering and listing are asked without a record; the rest then fails."""
    seen = sight(RELATIONS)

    assert seen.refusals("outsider", "leads.create", None) == ()
    assert [r.code for r in seen.refusals("left", "leads.create", None)] == ["not_permitted"]
    assert seen.is_override("root", "leads.create", None)
    assert "left" not in seen.who_may("leads.create", None)
    assert seen.refusals("outsider", "pipeline.funnel", None) == ()
    assert seen.index.known == seen.who_may("pipeline.funnel", None)
    assert [r.code for r in seen.refusals("outsider", "pools.create", None)] == ["not_permitted"]
    assert {"root", "chief_administrator"} == seen.who_may("pools.create", None)
    assert [r.code for r in seen.refusals("owner", "opportunities.win", None)] == ["not_permitted"]


def test_import_for_oneself_and_for_others() -> None:
    """ACC-16: importing for others is an administrator's; the caller names who imports for themselves."""
    seen = sight(RELATIONS)

    assert [r.code for r in seen.refusals("owner", "files.import_opportunities", None)] == ["not_permitted"]
    assert seen.refusals("owner", "files.import_opportunities", None, also=["owner"]) == ()
    assert seen.refusals("root", "files.import_opportunities", None) == ()
    assert not seen.is_override("root", "files.import_opportunities", None)


def test_approver_alone_decides() -> None:
    """ACC-18: the named approver and nobody else, not even the owner or an administrator."""
    seen, record = sight(RELATIONS), opportunity("owner")

    assert {"boss"} == seen.who_may("opportunities.approve", record, also=["boss", "left", "nobody"])
    assert [r.code for r in seen.refusals("root", "opportunities.approve", record, also=["boss"])] == ["not_permitted"]


def test_who_reads_what_belongs_to_nobody() -> None:
    """ACC-26: competitors are for everybody who is known, sharing rules and pools for administrators."""
    seen = sight(RELATIONS)
    competitor = Competitor(id="c", version=1, name="Globex")
    pool = Pool(id="p", version=1)

    assert seen.can_see("outsider", competitor)
    assert seen.can_see("root", competitor)
    assert not seen.can_see("left", competitor)
    assert seen.index.known == set(seen.who_can_see(competitor))
    assert tuple(map(str, seen.why("outsider", competitor).ways)) == ("known outsider",)
    assert not seen.why("left", competitor).is_visible
    assert seen.filter("outsider", "competitor").matches(competitor)
    for record in (pool, RELATIONS.shares[0]):
        assert not seen.can_see("outsider", record)
        assert seen.can_see("root", record)
        assert {"root", "chief_administrator"} == set(seen.who_can_see(record))
        assert "outsider is none" in str(seen.why("outsider", record))
        assert str(seen.why("root", record)) == "visible: administrator root"
        assert not seen.filter("outsider", record.KIND).matches(record)
        assert seen.refusals("outsider", "competitors.get", competitor) == ()


def test_refusal_says_what_it_takes() -> None:
    """ACC-24, OPP-14: the reason names person, operation and everybody whom the row admits."""
    (reason,) = sight(RELATIONS).refusals("outsider", "opportunities.finish_task", opportunity("owner"))

    assert (
        Reason(
            "not_permitted",
            person="outsider",
            operation="opportunities.finish_task",
            needs="the owner, or a superior of the owner, or a team member as joint or sales with read_write, or that "
            "member's superior, or somebody with whom the record is shared for read_write, or the task's assignee",
        )
        == reason
    )


def test_needs_of_other_rows() -> None:
    """ACC-13, ACC-16, ACC-23, ACC-26: each column has its words, and a row of nobody says so."""
    assert "in any role with read_write, or" in ACCESS["opportunities.add_activity"].needs
    assert ACCESS["leads.create"].needs == "an employee"
    assert ACCESS["pools.create"].needs == "an administrator"
    assert ACCESS["leads.get"].needs == "somebody who sees the record"
    assert ACCESS["leads.claim"].needs == "a member of its pool"
    assert ACCESS["leads.assign"].needs == "a superior of the owner, or a dispatcher of its pool, or an administrator"
    assert AccessRow(source="ours").needs == "more than anybody has"


def test_wrong_status_names_the_status_and_what_is_allowed() -> None:
    """ACC-11: the reason carries the record's status and those that the row names."""
    record = opportunity("owner", status=OpportunityStatus.LOST)

    assert (Reason("wrong_status", status="lost", allowed=("in_progress", "won")),) == sight(RELATIONS).refusals(
        "owner", "opportunities.issue_quote", record
    )


def test_team_roles_of_the_table_are_the_models() -> None:
    """TEAM-1: the table's roles are the built-in ones."""
    assert {SALES, JOINT, AFTER} <= set(TeamRole)
