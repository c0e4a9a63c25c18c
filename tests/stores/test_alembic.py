"""The tables under an application's own Alembic: what the metadata says is what one call makes (HIST-3)."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata, produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Engine, Integer, MetaData, Table, create_engine

from salesflow.errors import PortError
from salesflow.stores.sql import SqlStore, metadata
from salesflow.stores.sql.dialects import make_engine
from salesflow.stores.sql.schema import SCHEMA, SCHEMA_VERSION
from salesflow.testing.records import make_opportunity, new, unit
from tests.stores.databases import fresh_database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """A fresh database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'sales.db'}"
    return fresh_database(request.getfixturevalue("postgresql_url"), f"alembic_{tmp_path.name}")


def differences(engine: Engine, wanted: MetaData) -> list[Any]:
    """Return what Alembic would change in the database so that it is as *wanted*."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, wanted))


def test_after_one_call_alembic_finds_nothing_to_do(url):
    """HIST-3: tables, columns, types, keys and indexes are those of the metadata, on both databases."""
    engine = make_engine(url)
    SqlStore(engine).create_schema()
    assert differences(engine, metadata) == []
    engine.dispose()


def test_alembic_finds_what_lacks(url):
    """HIST-3: an index that somebody dropped, a column that was added: the comparison above can fail."""
    engine = make_engine(url)
    SqlStore(engine).create_schema()
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP INDEX salesflow_team_member_of_person")
        connection.exec_driver_sql("ALTER TABLE salesflow_done ADD COLUMN more INTEGER")
    found = {difference[0] for difference in differences(engine, metadata)}
    assert found == {"add_index", "remove_column"}
    engine.dispose()


def test_an_application_keeps_the_tables_beside_its_own(url):
    """HIST-3: Alembic makes the store's tables with the application's in one migration, and the store works on them."""
    together = MetaData()
    Table("orders", together, Column("id", Integer, primary_key=True))
    for table in metadata.sorted_tables:
        table.to_metadata(together)
    engine = create_engine(url)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection)
        upgrade = produce_migrations(context, together).upgrade_ops
        assert upgrade is not None
        for step in upgrade.ops:
            for each in getattr(step, "ops", [step]):
                Operations(context).invoke(each)
    assert differences(engine, together) == []
    store = SqlStore(engine)
    store.save(unit(new(make_opportunity("a"))))
    assert store.get("opportunity", "a") == make_opportunity("a")
    store.create_schema()
    with engine.connect() as connection:
        assert connection.scalar(SCHEMA.select()) == SCHEMA_VERSION
    engine.dispose()


@pytest.mark.parametrize("version", [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1])
def test_tables_of_another_version_are_refused(url, version):
    """REL-7: older or newer tables are left alone, and the error says which version they are of."""
    engine = make_engine(url)
    SqlStore(engine).create_schema()
    with engine.connect() as connection:
        connection.execute(SCHEMA.update().values(version=version))
    with pytest.raises(PortError, match=f"schema {version}; this salesflow knows schema {SCHEMA_VERSION}"):
        SqlStore(engine).create_schema()
    engine.dispose()
