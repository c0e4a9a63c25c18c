"""Twelve people in three departments, an administrator, and a clock and ids that make every run the same."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

from salesflow import templates
from salesflow.app import Acting, SalesFlow
from salesflow.files.organization import parse_organization
from salesflow.ports import Store

ORGANIZATION_FILE = "company.toml"
ORGANIZATION_TEXT = files("salesflow.cli.demo").joinpath(ORGANIZATION_FILE).read_text(encoding="utf-8")
TIME_ZONE = "Asia/Shanghai"
_KNOWN = parse_organization(ORGANIZATION_TEXT, name=ORGANIZATION_FILE)
PEOPLE = _KNOWN.employees
DEPARTMENTS = _KNOWN.departments
(ADMINISTRATOR,) = _KNOWN.administrators
NAMES = {person.id: person.name for person in PEOPLE} | {ADMINISTRATOR: "管理员"}


class StoryClock:
    """A `Clock` that stands still until the story moves it on."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # nine o'clock on a Monday in Shanghai

    def now(self) -> datetime:
        """Return the moment that the story has reached."""
        return self.moment


class StoryIds:
    """`Ids` that count: lead-1, lead-2, deal-1."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()

    def new(self, kind: str) -> str:
        """Return the next id of its kind."""
        self.made[kind] += 1
        return f"{'deal' if kind == 'opportunity' else kind}-{self.made[kind]}"


class Company:
    """
    The flow of this company, and its calendar.

    Args:
        store: Where its records live; empty at first.
    """

    def __init__(self, store: Store) -> None:
        self.clock = StoryClock()
        self.flow = SalesFlow(
            store=store,
            organization=parse_organization(ORGANIZATION_TEXT, name=ORGANIZATION_FILE),
            processes=templates.builtin(),
            clock=self.clock,
            ids=StoryIds(),
            time_zone=TIME_ZONE,
        )

    def acting(self, person: str) -> Acting:
        """Return what one of the people may do and see."""
        return self.flow.acting_as(person)

    def wait(self, days: int) -> None:
        """Let some days pass."""
        self.clock.moment += timedelta(days=days)

    def in_days(self, days: int) -> date:
        """Return the business day that is so many days away."""
        return self.flow.today() + timedelta(days=days)
