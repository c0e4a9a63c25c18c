"""A company of twelve people in three departments, with every port in the test's hands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from attrs import evolve

import salesflow as sf
from salesflow.model import RECORD_CLASSES, Dialog, DialogQuestion, Event, created
from salesflow.ports import AuditEntry, Query, UnitOfWork, Write
from salesflow.testing import CountingIds, CountingNumbers, FixedClock
from salesflow.visibility import EVERYTHING, VisibilityPolicy

TODAY = date(2026, 1, 5)
LATER = TODAY + timedelta(days=60)
LARGE = sf.Money("1200000", "CNY")
SMALL = sf.Money("400000", "CNY")
LINES = [
    sf.ProductLine("crm", "CRM2000", Decimal(2), sf.Money("600000", "CNY")),
    sf.ProductLine("day", "Training, by the day", Decimal("2.5"), sf.Money("333.33", "CNY")),
]

NOTES = Dialog("notes", [DialogQuestion("note", "Anything to note?", is_required=False)])
LATER_NOTES = Dialog("later", NOTES.questions, stage="bidding")
GATED = sf.SalesProcess("gated", 1, [sf.Stage("talk"), sf.Stage("sign", approval="owner_superior")], dialogs=[NOTES])
GUARDED = sf.SalesProcess(
    "guarded", 1, [sf.Stage("talk"), sf.Stage("check", approval="owner_superior"), sf.Stage("close")]
)
ONE_STAGE = sf.SalesProcess(
    "one_stage", 1, [sf.Stage("only", required_fields=["amount"], tasks=[sf.TaskTemplate("look")])]
)
QUICK = sf.SalesProcess(
    "quick", 1, [sf.Stage("talk", approval="owner_superior"), sf.Stage("offer"), sf.Stage("sign")], jump="fast_track"
)
RULED = sf.SalesProcess(
    "ruled", 1, [sf.Stage("talk", approval="role:presales", approval_expires_after_days=7), sf.Stage("sign")],
    rules=[sf.ProcessRule("worth_it", ["advance", "win"], [sf.Condition("amount", at_least=LARGE)], "Not so little")],
    approvals=[sf.ProcessApproval("lose", "person:wang", expires_after_days=14)],
)  # fmt: skip
APART = sf.SalesProcess(
    "apart", 1,
    [sf.Stage("talk", approval="owner_superior"), sf.Stage("check", approval="role:sales"), sf.Stage("sign")],
    jump="free",
)  # fmt: skip
RECYCLING = [sf.RecyclingRule(after_days=30, remind_owner_after_days=20, remind_superior_after_days=25)]
POLICY = VisibilityPolicy()  # takes some milliseconds to prepare, and is a value
BUILTIN = sf.templates.builtin()
PROCESSES = [
    *(BUILTIN | {"crm2000": evolve(BUILTIN["crm2000"], dialogs=[NOTES, LATER_NOTES])}).values(),
    GATED, GUARDED, ONE_STAGE, QUICK,
    RULED, APART,
]  # fmt: skip


def organization() -> sf.Organization:
    """
    Return who works here.

    ``sun`` stands above all but ``qian``, who stands alone. ``zhang`` heads east, ``zhou`` west, ``wu`` service.
    ``li`` of east owns what the tests are about, ``chen`` works for him, ``han`` has left. ``root`` administers.
    """
    employees = [
        sf.Employee("sun"),
        sf.Employee("zhang", manager="sun", department="east"),
        sf.Employee("li", manager="zhang", department="east"),
        sf.Employee("chen", manager="li", department="east"),
        sf.Employee("han", manager="zhang", department="east", active=False),
        sf.Employee("zhou", manager="sun", department="west"),
        sf.Employee("zhao", manager="zhou", department="west"),
        sf.Employee("zheng", manager="zhou", department="west"),
        sf.Employee("wu", manager="sun", department="service"),
        sf.Employee("wang", manager="wu", department="service"),
        sf.Employee("feng", manager="wu", department="service"),
        sf.Employee("qian"),
    ]
    heads = {"east": "zhang", "west": "zhou", "service": "wu"}
    departments = [sf.Department(id, head=head) for id, head in heads.items()]
    return sf.Organization(employees, departments, administrators={"root"})


class AuditLog:
    """An audit sink that remembers."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    def record(self, entry: AuditEntry) -> None:
        """Keep the entry."""
        self.entries.append(entry)


class Rehearsal:
    """A store that takes every save and keeps none: what would have been saved is in `unit`."""

    def __init__(self, store: sf.MemoryStore) -> None:
        self._store = store
        self.unit: UnitOfWork | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save(self, unit: UnitOfWork) -> None:
        """Remember the first unit of work, and change nothing: what follows on it is automation."""
        self.unit = self.unit or unit


class BareStore:
    """The three methods that every store has, and no capability beside them."""

    def __init__(self, store: sf.MemoryStore) -> None:
        self.get, self.query, self.save = store.get, store.query, store.save


class World:
    """
    A flow over that company, and what may be found in it: each situation is a method that makes it.

    Args:
        store: Where records live; the one behind it when *through* is given.
        through: Makes, of the store, the one that the flow gets.
        ports: Further arguments of `SalesFlow`, or others in place of the ones used here.
    """

    def __init__(self, *, through: Any = None, **ports: Any) -> None:
        self.store = sf.MemoryStore()
        self.clock = FixedClock()
        self.audit = AuditLog()
        self.organization = organization()
        self.pool: str | None = None
        """Where leads without owner go; None is the common pool."""
        self.ports: dict[str, Any] = {
            "store": self.store if through is None else through(self.store),
            "organization": self.organization,
            "processes": PROCESSES,
            "visibility": POLICY,
            "clock": self.clock,
            "ids": CountingIds(),
            "audit": self.audit,
            "pool_selector": lambda lead: self.pool,
            "lead_dialogs": [NOTES],
            "documents": CountingNumbers(),
            "recycling": RECYCLING,
            **ports,
        }
        self.flow = sf.SalesFlow(**self.ports)

    def acting(self, person: str) -> sf.Acting:
        """Return what *person* may do."""
        return self.flow.acting_as(person)

    def everything(self) -> dict[str, Any]:
        """Return all that the store holds, to be compared."""
        held: dict[str, Any] = {}
        for kind in RECORD_CLASSES:
            records = self.store.query(Query(kind, EVERYTHING))
            held[kind] = [(record, self.store.events(kind, record.id)) for record in records]
            held[f"{kind} revision"] = self.store.revision(kind)
        held["outbox"] = self.outbox()
        return held

    def outbox(self, after: int = 0) -> list[Event]:
        """Return the events saved since *after* of them."""
        return [event for _, event in self.store.outbox(after, 1_000_000)]

    def place(self, record: Any, **values: Any) -> Any:
        """Put a copy of *record* with other *values* beside it: for states that no operation leads to yet."""
        placed = evolve(record, **{"id": f"{record.id}-placed", "version": 1, **values})
        event = created(placed, at=self.clock.now(), by="test", operation="test")
        self.store.save(UnitOfWork((Write(placed.KIND, placed.id, 0, placed, (event,)),)))
        return placed

    def share(self, to: str, access: sf.Access = sf.Access.READ) -> sf.SharingRule:
        """Share what li owns with *to*."""
        return self.flow.sharing.create(from_person="li", to_person=to, access=access)

    def pooled(self, **values: Any) -> sf.Lead:
        """Return a lead in the pool east, from which li and chen claim and which zhang dispatches."""
        if self.pool is None:
            people = {"members": ["li", "chen"], "dispatchers": ["zhang"]}
            self.pool = self.flow.pools.create("East", id="east", **{**people, **values}).id
        return self.acting("root").leads.create(title="CRM2000 for Acme", phone="139", source="fair", owner=None)

    def voided(self, record: Any) -> Any:
        """Return the record, voided."""
        root = self.acting("root")
        return (root.leads if isinstance(record, sf.Lead) else root.opportunities).void(record)

    def lead(self, **values: Any) -> sf.Lead:
        """Return a lead of li's."""
        return self.acting("li").leads.create(**{"title": "CRM2000 for Acme", "phone": "139", **values})

    def converted_lead(self) -> sf.Lead:
        """Return a lead of li's that became a customer."""
        return self.acting("li").leads.convert(self.lead(), customer=sf.NewCustomer("Acme")).lead

    def disqualified_lead(self) -> sf.Lead:
        """Return a lead of li's that was none."""
        return self.acting("li").leads.disqualify(self.lead(), reason="wrong number")

    def customer(self, by: str = "li", name: str = "Acme") -> sf.Customer:
        """Return a customer."""
        return self.acting(by).customers.create(name)

    def contact(self, customer: str | None = None, by: str = "li", name: str = "Ms Qian") -> sf.Contact:
        """Return a contact."""
        return self.acting(by).contacts.create(name, customer=customer)

    def deal(self, by: str = "li", **values: Any) -> sf.Opportunity:
        """Return an opportunity in the first stage of crm2000, unless *values* say otherwise."""
        settled = {"amount": LARGE, "close_date": LATER, "process": "crm2000", **values}
        if "customer" not in settled:
            settled["customer"] = self.customer(by).id
        name = settled.pop("name", "CRM2000 for Acme")
        return self.acting(by).opportunities.create(name, **settled)

    def finished(self, deal: sf.Opportunity) -> sf.Opportunity:
        """Return it with every task of its stage finished."""
        for task in deal.tasks:
            if task.stage == deal.stage and task.status == "open":
                deal = self.acting(deal.owner).opportunities.finish_task(deal, task.id)
        return deal

    def agreed(self) -> sf.Opportunity:
        """Return one in the last stage, with all done."""
        deal = self.acting("li").opportunities.change_stage(self.deal(), "agreement", reason="second purchase")
        return self.finished(deal)

    def quote(self) -> sf.Document:
        """Return a quote of a deal of li's."""
        return self.acting("li").opportunities.issue_quote(self.deal(), LINES).document

    def accepted(self) -> sf.Document:
        """Return such a quote that was accepted."""
        return self.acting("li").documents.accept(self.quote())

    def invoice(self) -> sf.Document:
        """Return an invoice of a deal of li's."""
        return self.acting("li").opportunities.issue_invoice(self.deal(), LINES).document

    def won(self) -> sf.Opportunity:
        """Return one that was won."""
        return self.acting("li").opportunities.win(self.agreed())

    def lost(self) -> sf.Opportunity:
        """Return one that was lost."""
        return self.acting("li").opportunities.lose(self.deal(), reason="price")

    def invalid(self) -> sf.Opportunity:
        """Return one that was none."""
        return self.acting("li").opportunities.invalidate(self.deal(), reason="other")

    def team_deal(self, *members: sf.TeamMember) -> sf.Opportunity:
        """Return one with a team; left out, zhao as JOINT who may write."""
        return self.deal(team=members or (sf.TeamMember("zhao", "joint", sf.Access.READ_WRITE),))

    def briefed(self, by: str = "li") -> sf.Opportunity:
        """Return one in the stage of tas_bidding that is left with an approval only, all else done."""
        opportunities = self.acting(by).opportunities
        deal = self.deal(by, process="tas_bidding", team=[sf.TeamMember("feng", "presales")])
        return self.finished(opportunities.advance(self.finished(deal)))

    def waiting(self, operation: str = "advance", **arguments: Any) -> sf.Opportunity:
        """Return one whose next move waits for an approval."""
        return self.acting("li").opportunities.request_approval(self.briefed(), operation, **arguments)

    def decided(self) -> sf.Opportunity:
        """Return one whose approval was refused."""
        return self.acting("zhang").opportunities.refuse(self.waiting(), comment="too early")

    def partner_deal(self, by: str = "li") -> sf.Opportunity:
        """Return a deal that a partner leads."""
        return self.deal(by, process="tas_bidding", led_by=sf.LedBy.PARTNER)

    def registering(self) -> sf.Opportunity:
        """Return a partner's deal whose registration waits."""
        return self.acting("li").opportunities.register_with_partner(self.partner_deal())

    def owing(self) -> sf.Opportunity:
        """Return one that jumped on the fast track, was raised to the full route, and owes what it skipped."""
        opportunities = self.acting("li").opportunities
        deal = opportunities.change_stage(self.deal(process="tas_bidding", amount=SMALL), "sign_contract")
        return self.finished(opportunities.edit(deal, amount=LARGE))

    def served(self, deal: sf.Opportunity | None = None, process: str = "after_sales") -> sf.Opportunity:
        """Return one with after-sales running."""
        return self.acting("li").opportunities.start_after_sales(deal or self.won(), process)

    def serviced_to(self, *stages: str) -> sf.Opportunity:
        """Return one whose after-sales went on through as many stages as are named, the last one finished too."""
        deal = self.served()
        opportunities = self.acting("li").opportunities
        for stage in ("installation", *stages):
            (running,) = deal.after_sales
            assert running.stage == stage
            for task in running.tasks:
                if task.stage == stage:
                    deal = opportunities.finish_task(deal, task.id)
            if stage != (stages or ("installation",))[-1]:
                deal = opportunities.after_sales_advance(deal)
        return deal


def kinds(events: Iterable[Event]) -> tuple[str, ...]:
    """Return what happened, in order."""
    return tuple(str(event.kind) for event in events)


def codes(refused: sf.Refused) -> set[str]:
    """Return the codes of every reason."""
    reasons: Any = refused.reasons
    return {reason.code for reason in reasons}
