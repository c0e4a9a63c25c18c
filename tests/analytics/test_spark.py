"""The same expressions, unchanged, on an engine that is distributed: PySpark, here on one machine (PIPE-1 to -4)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import pytest

from salesflow import analytics
from tests.analytics.figures import SPANS, ZONE, agree, listed, worked


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
    """PIPE-1 to PIPE-4, PIPE-8: every figure, by every kind of grouping, of a company that worked."""
    run = worked(300)
    analytics.write_tables(run.store, tmp_path / "tables", zone=ZONE, now=run.clock.now())
    tables = analytics.open_tables(spark, tmp_path / "tables")
    person = sorted(run.books.people.employees)[0]
    agree(run.flow.acting_as(person), tables, "all", "tender", ("month_closed", "competitor"), SPANS[2:3])
    listed(run.flow.acting_as(person), tables, "all", SPANS[2:3])
