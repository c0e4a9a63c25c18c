"""Twelve people in three departments, an administrator, and a clock and ids that make every run the same."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import salesflow as sf

PEOPLE = (
    sf.Employee("chen", name="陈静"),
    sf.Employee("zhang", name="张伟", manager="chen", department="east"),
    sf.Employee("li", name="李娜", manager="zhang", department="east"),
    sf.Employee("zhao", name="赵敏", manager="zhang", department="east"),
    sf.Employee("sun", name="孙磊", manager="zhang", department="east"),
    sf.Employee("liu", name="刘洋", manager="chen", department="south"),
    sf.Employee("zhou", name="周杰", manager="liu", department="south"),
    sf.Employee("wu", name="吴婷", manager="liu", department="south"),
    sf.Employee("wang", name="王强", manager="chen", department="service"),
    sf.Employee("xu", name="徐丽", manager="wang", department="service"),
    sf.Employee("ma", name="马超", manager="wang", department="service"),
    sf.Employee("gao", name="高远", manager="wang", department="service"),
)
DEPARTMENTS = (
    sf.Department("east", name="华东销售部", head="zhang"),
    sf.Department("south", name="华南销售部", head="liu"),
    sf.Department("service", name="服务部", head="wang"),
)
ADMINISTRATOR = "root"
NAMES = {person.id: person.name for person in PEOPLE} | {ADMINISTRATOR: "root"}


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
    """The flow of this company, and its calendar."""

    def __init__(self) -> None:
        self.clock = StoryClock()
        self.flow = sf.SalesFlow(
            store=sf.MemoryStore(),
            organization=sf.Organization(PEOPLE, DEPARTMENTS, administrators={ADMINISTRATOR}),
            processes=sf.templates.builtin(),
            clock=self.clock,
            ids=StoryIds(),
            time_zone="Asia/Shanghai",
        )

    def acting(self, person: str) -> sf.Acting:
        """Return what one of the people may do and see."""
        return self.flow.acting_as(person)

    def wait(self, days: int) -> None:
        """Let some days pass."""
        self.clock.moment += timedelta(days=days)

    def in_days(self, days: int) -> date:
        """Return the business day that is so many days away."""
        return self.flow.today() + timedelta(days=days)
