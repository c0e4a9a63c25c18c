"""The same expressions, unchanged, on an engine that is distributed: PySpark, here on one machine (PIPE-1 to -4)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import ibis
import pytest

import salesflow as sf
from salesflow import analytics, pipeline
from salesflow.model.moments import EARLIEST, LATEST
from salesflow.visibility.filters import NOTHING, AllOf, AnyOf, FieldCompare, Negation, OwnerIn, Voided
from tests.analytics.figures import NOW, SPANS, ZONE, agree, listed
from tests.analytics.odd import OWNERS, TEXTS, flow_of, odd_histories

NODES = (
    FieldCompare("name", "==", "${x}"), FieldCompare("name", "==", "\\'"), FieldCompare("name", ">", "${env:HOME}"),
    OwnerIn({"${x}", "\\", "o'brien"}), AllOf((Negation(OwnerIn(TEXTS[:9])), Voided(False))),
    AnyOf((OwnerIn({*TEXTS, *map(str, range(99))}), FieldCompare("amount", "<", sf.Money("12.3000000", "CNY")))),
    FieldCompare("probability.percent", ">", Decimal("39.5")), FieldCompare("close_date", "<", date(1700, 1, 1)),
)  # fmt: skip
"""What engines write, round and look up in ways of their own."""


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A real Spark; skips where no Java runtime is installed, and fails there under CI."""
    if shutil.which("java") is None:
        lacking = "no Java runtime is installed (Debian: apt-get install default-jre-headless)"
        if os.environ.get("CI"):
            pytest.fail(lacking)
        pytest.skip(lacking)
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1", "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1", "spark.log.level": "ERROR", "spark.sql.codegen.wholeStage": "false",
        "spark.sql.adaptive.enabled": "false",
    }  # fmt: skip
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield ibis.pyspark.connect(session)
    session.stop()


@pytest.mark.filterwarnings("ignore")  # Spark's and its sockets' own
def test_spark_gives_what_plain_python_gives(spark: Any, tmp_path: Path):
    """PIPE-1 to PIPE-5, PIPE-8, VIS-15: every figure, of deals as odd as they may be."""
    told = odd_histories(Random(1), 48, OWNERS)
    flow, store = flow_of(told)
    analytics.write_tables(store, tmp_path / "tables", zone=ZONE, now=NOW)
    tables = analytics.open_tables(spark, tmp_path / "tables")
    root = flow.acting_as("root")
    agree(root, tables, "all", "crm2000", ("month_closed",), SPANS[2:3])
    listed(root, tables, "all", SPANS[2:3])
    deals = [history.records[-1] for history in told]
    for node in NODES:
        seen = tables.seen(node).id.to_pyarrow().to_pylist()
        assert sorted(seen) == sorted(deal.id for deal in deals if node.matches(deal)), node
    nothing = pipeline.changes([], EARLIEST, LATEST)
    assert analytics.changes(tables, NOTHING, EARLIEST, LATEST) == nothing
    process = sf.templates.builtin()["crm2000"]
    assert analytics.stage_times(tables, NOTHING, process, NOW) == pipeline.stage_times([], process, NOW)
