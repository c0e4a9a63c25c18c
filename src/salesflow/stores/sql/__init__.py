"""A store in a relational database (extra ``sql``): SQLite embedded, PostgreSQL for many writers."""

from salesflow.stores.sql.schema import metadata
from salesflow.stores.sql.store import SqlStore

__all__ = ["SqlStore", "metadata"]
