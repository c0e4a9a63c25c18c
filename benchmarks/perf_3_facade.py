"""
PERF-3: a whole `advance` through the facade, against one move of stock `transitions` and nothing around it.

Ours is ``li.opportunities.advance(id)`` in a company of a hundred, with ``li = flow.acting_as("li")`` made once as
in the README: who asks is looked up anew by each call, the record loaded, sight and access checked, the guards
asked, the stage left and the next one entered with its two tasks, the record built anew, and record, history and
outbox saved in memory under the version that was read.
The peer is the move of PERF-2: two guards and one callback on an object in memory, no rights, no history, no
store. Reported without a bar: the same against a stock move without guards and callback, and the parts.
"""

from __future__ import annotations

from typing import Any

import salesflow as sf
from benchmarks.measure import Result, Work, compared, interleaved, repeated
from benchmarks.sales import NOW, STAGES, TEMPLATE, opportunity
from benchmarks.state_machines import with_transitions
from benchmarks.state_machines.deal import MOVES
from salesflow.model import apply
from salesflow.process import compile

RECORDS = 300
PERSON = "p55"


class FixedClock:
    """A clock that stands still: reading the real one is no part of the comparison."""

    def now(self) -> Any:
        """Return always the same moment."""
        return NOW


def measure() -> list[Result]:
    """Return the ratios of PERF-3."""
    stock = with_transitions.ENGINE
    ready = opportunity("o1", STAGES[0], owner=PERSON)
    engine = compile(TEMPLATE)
    events = engine.advance(ready, by=PERSON, at=NOW).require("advance")
    times = interleaved(
        {
            "facade": Work(_advance_all, RECORDS, _flow_with_records),
            "stock": Work(stock.drive, RECORDS * MOVES, _stock_deals),
            "bare": Work(_drive_bare, RECORDS * MOVES, _bare_models),
            "decide": Work(repeated(lambda: engine.advance(ready, by=PERSON, at=NOW), RECORDS), RECORDS),
            "apply": Work(repeated(lambda: apply(ready, events), RECORDS), RECORDS),
        },
        rounds=11,
    )  # fmt: skip
    return [
        compared("PERF-3 advance by the facade vs stock transitions move", times["facade"], times["stock"], "<= 5"),
        compared("PERF-3 the same vs a move without guards and callback", times["facade"], times["bare"], None),
        compared("PERF-3 of it: deciding", times["decide"], times["facade"], None),
        compared("PERF-3 of it: building the record", times["apply"], times["facade"], None),
    ]


def _flow_with_records() -> tuple[sf.SalesFlow, list[str]]:
    """A fresh flow with records whose first stage is done."""
    people = [sf.Employee("p0")]
    people += [sf.Employee(f"p{n}", manager=f"p{(n - 1) // 10}", department="sales") for n in range(1, 100)]
    organization = sf.Organization(people, [sf.Department("sales", head="p0")])
    flow = sf.SalesFlow(store=sf.MemoryStore(), organization=organization, processes=[TEMPLATE], clock=FixedClock())
    acting = flow.acting_as(PERSON)
    customer = acting.customers.create("Acme")
    ids = []
    for n in range(RECORDS):
        made = acting.opportunities.create(
            f"Deal {n}", customer=customer.id, amount=sf.Money("250000", "CNY"), close_date=NOW.date()
        )
        for task in made.tasks:
            made = acting.opportunities.finish_task(made, task.id)
        ids.append(made.id)
    return flow, ids


def _advance_all(given: tuple[sf.SalesFlow, list[str]]) -> None:
    flow, ids = given
    li = flow.acting_as(PERSON)
    for id in ids:
        li.opportunities.advance(id)


def _stock_deals() -> Any:
    stock = with_transitions.ENGINE
    return stock.start([stock.deal_class(str(n)) for n in range(RECORDS)])


def _bare_models() -> list[Any]:
    machine = with_transitions.bare_machine()
    models: list[Any] = [with_transitions.TransitionsDeal(str(n)) for n in range(RECORDS)]
    machine.add_model(models)
    return models


def _drive_bare(models: list[Any]) -> None:
    for model in models:
        for _ in range(MOVES):
            model.advance()
