"""Several that deliver at once, in threads and in processes, some of them killed (RULE-3, REL-5, REL-6)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

import salesflow as sf
from salesflow.model import Automation, Delivery
from tests.app.test_automation import small, world
from tests.stores.databases import fresh_store, prepared_engine

HOUR = timedelta(hours=1)
H = Automation("h", "stage_left", call="h")


def deliver_at_once(flows: list[sf.SalesFlow], now: datetime) -> list[sf.DeliveryReport]:
    """Call deliver of each flow at one moment."""
    barrier = Barrier(len(flows), timeout=30)

    def run(flow: sf.SalesFlow) -> sf.DeliveryReport:
        barrier.wait()
        return flow.deliver(now)

    with ThreadPoolExecutor(len(flows)) as pool:
        return list(pool.map(run, flows))


def race(stores: list[Any], deals: int) -> None:
    """Let as many flows as there are *stores* deliver at once what one of them left: each delivery is begun once."""
    told: list[str] = []

    def handler(acting: sf.Acting, delivery: Delivery) -> None:
        if delivery.attempts == 1:
            raise OSError("later")
        told.append(delivery.id)
        acting.opportunities.add_activity(delivery.record_id, "note", "told")

    w = world(H, store=stores[0], handlers={"h": handler})
    flows = [w.flow, *(sf.SalesFlow(**{**w.ports, "store": store}) for store in stores[1:])]
    for _ in range(deals):
        w.acting("li").opportunities.advance(small(w))
    reports = deliver_at_once(flows, w.clock.now() + HOUR)
    assert sum(report.delivered for report in reports) == deals
    assert len(told) == len(set(told)) == deals
    assert w.flow.deliveries.list() == ()
    noted = [len(deal.activities) for deal in w.acting("li").opportunities.list(limit=1000).items]
    assert noted == [1] * deals


def test_of_two_that_deliver_at_once_each_delivery_is_begun_by_one():
    """RULE-3, HIST-3: it is claimed by its version; of many both do some."""
    store = sf.MemoryStore()
    race([store] * 4, 60)


def test_of_two_that_deliver_at_once_on_postgresql(postgresql_url: str):
    """RULE-3, REL-6: where writers really run side by side."""
    engine = prepared_engine(postgresql_url)
    store = fresh_store(engine)
    race([store] * 4, 5)
    engine.dispose()


DELIVERING = """
import os, sys
from datetime import UTC, datetime
import salesflow as sf
from salesflow.model import Automation
from salesflow.stores.sql import SqlStore
url, tenant, mode, log = sys.argv[1:]
def handler(acting, delivery):
    acting.once(delivery.id).opportunities.add_activity(delivery.record_id, "note", delivery.id)
    with open(log, "a") as told:
        told.write(delivery.id + "\\n")
    if mode == "dying" and sum(1 for _ in open(log)) % 3 == 0:
        os.kill(os.getpid(), 9)
organization = sf.Organization([sf.Employee("li")])
template = sf.SalesProcess("p", 1, [sf.Stage("a"), sf.Stage("b")], automation=[Automation("h", "stage_left", call="h")])
from sqlalchemy import create_engine
flow = sf.SalesFlow(store=SqlStore(create_engine(url), tenant), organization=organization, processes=[template],
                    handlers={"h": handler})
flow.deliver(datetime.fromisoformat(os.environ["NOW"]))
"""


def delivering(url: str, tenant: str, mode: str, log: str, now: datetime) -> subprocess.Popen[bytes]:
    """Another process that delivers."""
    environment = {**os.environ, "NOW": now.isoformat()}
    return subprocess.Popen([sys.executable, "-c", DELIVERING, url, tenant, mode, log], env=environment)


def lines_of(path: Any) -> Iterator[str]:
    """What the handlers wrote, whichever process they were in."""
    yield from path.read_text().split() if path.exists() else ()


@pytest.mark.parametrize("mode", ["living", pytest.param("dying", marks=pytest.mark.long)])
def test_two_processes_deliver_everything(postgresql_url: str, tmp_path: Any, mode: str):
    """RULE-3, REL-5: two at once, and again after each that was killed: all is delivered, and nothing is done twice."""
    engine = prepared_engine(postgresql_url)
    store = fresh_store(engine)
    template = sf.SalesProcess("p", 1, [sf.Stage("a"), sf.Stage("b")], automation=[H])

    def dead(acting: sf.Acting, delivery: Delivery) -> None:
        raise OSError("down")

    flow = sf.SalesFlow(store=store, organization=sf.Organization([sf.Employee("li")]), processes=[template],
                        handlers={"h": dead})  # fmt: skip
    li, deals = flow.acting_as("li"), 6 if mode == "living" else 12
    customer = li.customers.create("Acme")
    for number in range(deals):
        li.opportunities.advance(li.opportunities.create(f"Deal {number}", customer=customer.id))
    assert len(flow.deliveries.list()) == deals
    log, now = tmp_path / "log", flow._kernel.now()
    url = engine.url.render_as_string(hide_password=False)
    for _ in range(30):
        now += timedelta(hours=12)
        ended = [each.wait(60) for each in [delivering(url, store.tenant, mode, str(log), now) for _ in range(2)]]
        assert set(ended) <= {0, -signal.SIGKILL}
        if not flow.deliveries.list("waiting"):
            break
    assert flow.deliveries.list() == ()
    told = Counter(lines_of(log))
    assert len(told) == deals
    assert mode == "dying" or set(told.values()) == {1}
    items = li.opportunities.list(limit=1000).items
    assert [len(deal.activities) for deal in items] == [1] * deals
    engine.dispose()
