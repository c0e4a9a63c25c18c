"""Taking records in from elsewhere: `flow.acting_as(person).files` (IO-3, in its thinnest form)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import field, frozen

from salesflow.app.execution import Execution
from salesflow.errors import Conflict, InvalidInput, NotFound
from salesflow.model import ImportedOpportunity, Reason
from salesflow.ports import UnitOfWork, Write
from salesflow.process import import_opportunity


@frozen
class RowProblem:
    """
    One row that was not taken in.

    Args:
        row: Its number, from 1.
        id: The record's id, where the row has one.
        problem: What is wrong, in words.
    """

    row: int
    id: str | None
    problem: str


@frozen
class ImportReport:
    """
    What an import did.

    Args:
        imported: How many records it made.
        unchanged: How many were there already; importing twice changes nothing.
        problems: Every row that was not taken in; none of them stopped the rest.
        missing: Per field that a move will ask for, how many records arrived without it.
    """

    imported: int = 0
    unchanged: int = 0
    problems: tuple[RowProblem, ...] = ()
    missing: dict[str, int] = field(factory=dict)


class FileDesk:
    """Imports, each row checked against what the person may do."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    def import_opportunities(
        self, arrivals: Iterable[ImportedOpportunity], *, progress: Callable[[int], None] | None = None
    ) -> ImportReport:
        """
        Take in opportunities with their past; the rules guard moves, not arrivals.

        Each row is saved by itself and at most once, so an import that was stopped is simply run again; an
        idempotency key adds nothing.

        Args:
            arrivals: What the other system knew; read one by one.
            progress: Called with the number of rows done, after each.

        Raises:
            NotFound: The acting person does not work here.
            Refused: The acting person may not import at all.
            PortError: The store failed; the rows before are in.

        Source: IO-3, ACC-16.
        """
        run = self._execution
        case = run.blank()
        own = (run.person,) if case.sight.is_employee(run.person) else ()
        run.admit(case, "files.import_opportunities", (), also=own)
        imported = unchanged = 0
        problems: list[RowProblem] = []
        missing: dict[str, int] = {}
        if not isinstance(arrivals, Iterable):
            raise InvalidInput("arrivals", arrivals, "must be ImportedOpportunity objects, such as a list of them")
        for row, arrival in enumerate(arrivals, 1):
            try:
                if self._import_one(arrival, missing):
                    imported += 1
                else:
                    unchanged += 1
            except (InvalidInput, Conflict) as error:
                problems.append(RowProblem(row, getattr(arrival, "id", None), str(error)))
            if progress is not None:
                progress(row)
        return ImportReport(imported, unchanged, tuple(problems), missing)

    def _import_one(self, arrival: ImportedOpportunity, missing: dict[str, int]) -> bool:
        run = self._execution
        case = run.blank()
        kernel, sight = case.kernel, case.sight
        if not isinstance(arrival, ImportedOpportunity):
            raise InvalidInput("row", arrival, "must be an ImportedOpportunity")
        if not sight.is_employee(arrival.owner):
            raise _as_problem(Reason("person_unknown", person=arrival.owner), "owner", arrival.owner)
        if arrival.owner != run.person and not sight.is_administrator(run.person):
            raise InvalidInput("owner", arrival.owner, "is somebody else; importing for others takes an administrator")
        for kind, id in (("customer", arrival.customer), ("contact", arrival.contact)):
            if id is not None and not self._sees(kind, id):
                raise _as_problem(Reason(f"{kind}_unknown", **{kind: id}), kind, id)
        made, decision = import_opportunity(
            kernel.processes.latest(arrival.process).process, arrival, grader=case.grader(), by=run.person, at=case.now,
            zone_day=kernel.today,
        )  # fmt: skip
        known = kernel.get("opportunity", arrival.id)
        if known is not None and sight.can_see(run.person, known):
            return False
        taken = InvalidInput("id", arrival.id, "cannot be taken; choose another")
        if known is not None:
            raise taken
        try:
            kernel.save(UnitOfWork((Write("opportunity", made.id, 0, made, decision.events),)))
        except Conflict:
            raise taken from None
        undated = made.visits[-1].entered_at is None
        for name, is_missing in (
            ("customer", made.customer is None and made.contact is None),
            ("close_date", made.close_date is None and not made.is_completed),
            ("amount", made.amount is None),
            ("entered_at", undated),
        ):
            if is_missing:
                missing[name] = missing.get(name, 0) + 1
        return True

    def _sees(self, kind: str, id: str) -> bool:
        try:
            self._execution.case(kind, id)
        except NotFound:
            return False
        return True


def _as_problem(reason: Reason, what: str, value: str) -> InvalidInput:
    return InvalidInput(what, value, f"cannot be taken in: {reason}")
