"""Databases for the SQL store's tests: one file for many tests, each with a tenant of its own."""

from itertools import count

from sqlalchemy import Engine, create_engine, make_url, text

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


def fresh_database(url: str, name: str) -> str:
    """Make a database of its own on the server of *url*, and return its URL."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    name = "".join(c for c in name if c.isalnum() or c == "_").lower()
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)
