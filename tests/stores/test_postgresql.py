"""The store on PostgreSQL: the conformance suite (HIST-1, HIST-3), on a real server."""

import pytest

from salesflow.stores.sql import SqlStore
from salesflow.testing import StoreConformance
from tests.stores.databases import fresh_store


class TestPostgresql(StoreConformance):
    """HIST-3: a PostgreSQL database passes the suite that every store passes, with every capability."""

    @pytest.fixture(autouse=True)
    def _on(self, postgresql_engine) -> None:
        self._engine = postgresql_engine

    def make_store(self) -> SqlStore:
        return fresh_store(self._engine)
