"""The store on SQLite: the conformance suite (HIST-1, HIST-3), on a file and in memory."""

import pytest

from salesflow.stores.sql import SqlStore
from salesflow.testing import StoreConformance
from tests.stores.databases import fresh_store


class TestSqliteFile(StoreConformance):
    """HIST-3: a SQLite file passes the suite that every store passes, with every capability."""

    @pytest.fixture(autouse=True)
    def _on(self, file_engine) -> None:
        self._engine = file_engine

    def make_store(self) -> SqlStore:
        return fresh_store(self._engine)


class TestSqliteInMemory(StoreConformance):
    """HIST-3: so does a SQLite database in memory."""

    @pytest.fixture(autouse=True)
    def _on(self, memory_engine) -> None:
        self._engine = memory_engine

    def make_store(self) -> SqlStore:
        return fresh_store(self._engine)
