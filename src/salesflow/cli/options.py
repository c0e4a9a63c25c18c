"""The options that several commands share, and the flow that they open."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click
from attrs import frozen

from salesflow.errors import InvalidInput, NotFound, PortError, SalesflowError

if TYPE_CHECKING:
    from salesflow.app import Acting, SalesFlow
    from salesflow.app.past import Past
    from salesflow.model import SalesProcess
    from salesflow.ports import Store
    from salesflow.stores.sql import SqlStore
    from salesflow.visibility import Organization

Command = TypeVar("Command", bound=Callable[..., Any])

EXISTING_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
"""A file that must be there; where it is not, the command was called wrongly."""


@frozen
class Session:
    """
    One person at one database.

    Args:
        flow: The flow, for trusted code.
        acting: The same, with the person's rights and sight.
        names: The name of everybody who has one, by id.
        processes: The latest version of each stage template that the flow knows, by id.
        now: The moment of all that is shown: the present one, or that of ``--as-of``.
        zone: The business's time zone.
        past: Who could see what at that moment; None where it is the present one.
    """

    flow: SalesFlow
    acting: Acting
    names: Mapping[str, str]
    processes: Mapping[str, SalesProcess]
    now: datetime
    zone: ZoneInfo
    past: Past | None = None

    @property
    def today(self) -> date:
        """The business day that it is then."""
        from salesflow.model import business_day

        return business_day(self.now, self.zone)


def colour_option(command: Command) -> Command:
    """Add ``--no-color``, which holds for all that the command prints."""

    def remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            ctx.find_root().color = False

    return click.option(
        "--no-color", is_flag=True, expose_value=False, callback=remember,
        help="Print without colours, as with NO_COLOR.",
    )(command)  # fmt: skip


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, to standard output.")
"""Adds ``--json``."""

scene_option = click.option(
    "--scene", default="all", show_default=True, metavar="NAME",
    help="What to look at: all, mine, subordinates, departments, joint, serviced, participating, shared, won, lost …",
)  # fmt: skip
"""Adds ``--scene``."""

as_of_option = click.option(
    "--as-of", metavar="MOMENT",
    help="What was there then, in ISO 8601, such as 2026-03-31T18:00; a day means its end.",
)  # fmt: skip
"""Adds ``--as-of``, which `flow_options` takes care of: what is shown is that of the moment."""


def flow_options(*, makes_database: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """
    Return a decorator that adds the options of a database, its organisation and a person.

    The command is called with a `Session` in their place; at its end the database is closed.

    Args:
        makes_database: Whether the command may begin with no database; others refuse a SQLite file that is not there
            or has no tables. With ``--dry-run`` nothing is made: what is not there counts as empty.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def run(
            db: str, organization: Path, org_folder: Path | None, person: str, processes: tuple[Path, ...],
            time_zone: str, as_of: str | None = None, **others: Any,
        ) -> Any:  # fmt: skip
            from salesflow.files.organization import load_organization

            people = load_organization(organization, folder=org_folder)
            is_dry = bool(others.get("dry_run"))
            with opened_store(db, makes_database=makes_database, is_dry=is_dry) as store:
                session = _session(store, people, person, processes, time_zone)
                return command(session if as_of is None else _then(session, as_of), **others)

        return _with_options(run)

    return decorate


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        [
            click.option("--db", required=True, metavar="URL", help="The database, such as sqlite:///sales.db."),
            click.option(
                "--org", "organization", required=True, type=EXISTING_FILE, metavar="ORG.toml",
                help="Who works here: employees, departments, administrators.",
            ),
            click.option(
                "--org-folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
                help="Where the CSV files lie that ORG.toml reads; else beside it.",
            ),
            click.option("--as", "person", required=True, metavar="PERSON", help="Whose rights and sight: an id."),
            click.option(
                "--processes", multiple=True, type=EXISTING_FILE, metavar="FILE",
                help="A stage template beside the built-in ones; may be given several times.",
            ),
            click.option(
                "--time-zone", default="UTC", show_default=True, metavar="ZONE",
                help="What today means, such as Asia/Shanghai.",
            ),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


@contextmanager
def opened_store(url: str, *, makes_database: bool = False, is_dry: bool = False) -> Iterator[Store]:
    """
    Give the store at *url*, and close it in the end.

    Args:
        makes_database: Whether a database without tables gets them.
        is_dry: Whether nothing is written: a SQLite file that is not there, or has no tables, counts as empty.

    Raises:
        PortError: It cannot be opened.
        InvalidInput: The URL is none.
    """
    file = _sqlite_file(url)
    is_missing = file is not None and not _has_tables(file)
    if is_missing and is_dry:
        from salesflow.stores.memory import MemoryStore

        yield MemoryStore()
    else:
        if is_missing and not makes_database:
            lacks = f"{file} has no tables of salesflow" if file and file.exists() else f"there is no database {file}"
            raise PortError("store", f"{lacks}; `salesflow import` makes them")
        with _opened(url, makes_database and not is_dry) as store:
            yield store


def _opened(url: str, makes_tables: bool) -> SqlStore:
    from salesflow.stores.sql import SqlStore

    try:
        store = SqlStore(url)
        if makes_tables:
            store.create_schema()
    except (SalesflowError, ModuleNotFoundError):
        raise
    except Exception as problem:
        first = next(iter(str(problem).splitlines()), type(problem).__name__)
        raise PortError("store", f"the database cannot be opened: {first}") from problem
    return store


def _sqlite_file(url: str) -> Path | None:
    """Return the SQLite file that *url* names, or None where it names something else."""
    scheme, found, path = url.partition(":///")
    path = path.partition("?")[0]
    is_file = bool(found) and scheme.partition("+")[0] == "sqlite" and path not in ("", ":memory:")
    return Path(path) if is_file and not path.startswith("file:") else None


def _has_tables(file: Path) -> bool:
    """Whether *file* holds a store, found out without writing to it; of what is no database the store will tell."""
    if not file.exists():
        return False
    asked = "SELECT count(*) FROM sqlite_master WHERE name = 'salesflow_schema'"
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return bool(connection.execute(asked).fetchone()[0])
    except sqlite3.Error:
        return True


def _session(
    store: Store, people: Organization, person: str, templates: tuple[Path, ...], time_zone: str
) -> Session:  # fmt: skip
    from attrs import evolve

    from salesflow import templates as known_templates
    from salesflow.app import SalesFlow
    from salesflow.app.defaults import SystemClock

    clock = SystemClock()
    loaded = [*known_templates.builtin().values(), *map(known_templates.load, templates)]
    # nothing is set off from here: an import is an arrival, and the handlers that a template calls are not ours
    known = [evolve(process, automation=()) for process in loaded]
    flow = SalesFlow(store=store, organization=people, processes=known, clock=clock, time_zone=time_zone)
    latest = {process.id: process for process in sorted(known, key=lambda process: process.version)}
    names = {employee.id: employee.name for employee in people.employees if employee.name}
    try:
        acting = flow.acting_as(person)
    except NotFound:
        raise InvalidInput("--as", person, "must be the id of an employee or administrator of the --org file") from None
    return Session(flow, acting, names, latest, clock.now(), ZoneInfo(time_zone))


def _then(session: Session, text: str) -> Session:
    """Return the session as of a moment in words."""
    from attrs import evolve

    try:
        day: date | None = date.fromisoformat(text)
    except ValueError:
        day = None
    try:
        moment = datetime.fromisoformat(text) if day is None else datetime(day.year, day.month, day.day)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=session.zone)
        # the end of a day is where the next one begins, which is not always after 24 hours
        moment = moment if day is None else moment + timedelta(days=1) - timedelta(microseconds=1)
        acting = session.acting.as_of(moment)
    except (ValueError, OverflowError):
        rule = "must be a moment in ISO 8601, such as 2026-03-31T18:00, or a day"
        raise InvalidInput("--as-of", text, rule) from None
    return evolve(session, acting=acting, now=acting.moment, past=session.flow.as_of(moment))
