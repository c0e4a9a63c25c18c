"""Databases for the SQL store's tests: one file for many tests, each with a tenant of its own."""

from itertools import count

from sqlalchemy import Engine

from salesflow.stores.sql import SqlStore
from salesflow.stores.sql.dialects import make_engine
from salesflow.testing.records import new, unit

_numbers = count()


def prepared_engine(url: str) -> Engine:
    """Return an engine as an application would hand over, on a database with the store's tables."""
    engine = make_engine(url)
    SqlStore(engine).create_schema()
    return engine


def fresh_store(engine: Engine, *records) -> SqlStore:
    """Return an empty store, of a tenant that nobody had before, that holds *records*."""
    store = SqlStore(engine, tenant=f"tenant {next(_numbers)}")
    if records:
        store.save(unit(*map(new, records)))
    return store
