"""The databases that the SQL store's tests share: made once, each test with a tenant of its own."""

import pytest

from tests.stores.databases import prepared_engine


@pytest.fixture(scope="session")
def file_engine(tmp_path_factory):
    """An application's own engine on a SQLite file with the store's tables."""
    engine = prepared_engine(f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'sales.db'}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def memory_engine():
    """An engine on a SQLite database in memory, with the store's tables."""
    engine = prepared_engine("sqlite://")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_engine(postgresql_url):
    """An engine on a fresh PostgreSQL server, with the store's tables."""
    engine = prepared_engine(postgresql_url)
    yield engine
    engine.dispose()
