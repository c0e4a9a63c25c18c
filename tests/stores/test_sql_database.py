"""What differs between databases, the tables themselves, and what the SQL store refuses (HIST-2, HIST-3)."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import StaticPool, create_engine, event, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite

from salesflow import Employee, NewCustomer, NewOpportunity, Organization, SalesFlow, scenes, templates
from salesflow.errors import Conflict, InvalidInput, NotFound, PortError
from salesflow.model import Access, Money, Opportunity, StageEntry, StageVisit, replay
from salesflow.ports import Query
from salesflow.stores.sql import SqlStore, metadata
from salesflow.stores.sql.compiler import FilterCompiler
from salesflow.stores.sql.dialects import POSTGRESQL, SQLITE, dialect_of
from salesflow.stores.sql.schema import EPOCH, SHELVES, VISITS, Shelf, UtcMoment, minor_units
from salesflow.stores.sql.statements import MOST_STATEMENTS, compiled, kept_for
from salesflow.testing.records import AT, FILTERS, change, make_opportunity, new, unit
from salesflow.testing.strategies import money
from salesflow.visibility.filters import EVERYTHING, AnyOf, FieldCompare, Negation, OwnerIn, TeamIn, Voided
from tests.stores.databases import fresh_store

ON_POSTGRESQL = postgresql.dialect(paramstyle="pyformat")
EAST = timezone(timedelta(hours=8))


def on_postgresql(filter, kind: str = "opportunity") -> str:
    """Return the statement of all records that pass *filter*, as PostgreSQL gets it."""
    compiler, table = FilterCompiler(SHELVES[kind], POSTGRESQL), SHELVES[kind].table
    return compiled(select(table.c.id).where(compiler.clause(filter, table, "f")), ON_POSTGRESQL).text


def test_postgresql_gets_ids_as_one_array_and_a_fence():
    """PERF-5: ids travel as one array, which is hashed, a semi-join is fenced, and nothing is hidden by a plus."""
    told = on_postgresql(AnyOf((OwnerIn({"li"}), TeamIn({"li"}, frozenset({"joint"}), Access.READ_WRITE))))

    assert "case when (salesflow_opportunity.owner = any (%(f_0)s::varchar[])) then" in told.lower()
    assert ".person = any (%(f_1)s::varchar[])) then" in told.lower()
    assert "EXISTS" in told
    assert "OFFSET" in told
    assert "JOIN" not in told
    assert "+" not in told
    assert POSTGRESQL.ids(frozenset({"li", 'a"\\b'})) == '{"a\\"\\\\b","li"}'


def test_postgresql_keeps_time_with_its_zone():
    """HIST-2: PostgreSQL keeps a moment as such, SQLite as microseconds; both give UTC back."""
    moment = datetime(2026, 1, 5, 17, tzinfo=EAST)
    type: Any = UtcMoment()
    on_sqlite = sqlite.dialect()

    assert "WITH TIME ZONE" in str(type.compile(dialect=ON_POSTGRESQL))
    assert type.process_bind_param(moment, ON_POSTGRESQL) == moment
    assert type.process_result_value(moment, ON_POSTGRESQL).tzinfo is UTC
    assert type.process_result_value(type.process_bind_param(moment, on_sqlite), on_sqlite) == moment
    assert type.process_bind_param(None, on_sqlite) is type.process_result_value(None, on_sqlite) is None


@given(st.datetimes(datetime(2, 1, 3), datetime(9998, 12, 30), timezones=st.timezones()))
def test_every_moment_survives_sqlite(moment):
    """HIST-2: any moment of any zone, to the microsecond, from the first year that it may have to the last."""
    type, on_sqlite = UtcMoment(), sqlite.dialect()

    assert type.process_result_value(type.process_bind_param(moment, on_sqlite), on_sqlite) == moment.astimezone(UTC)


def test_a_finished_stay_is_a_row_with_the_time_it_took(memory_engine):
    """PIPE-2: time in stage is a sum over rows that follow the record; a stay that lasts, or of old, has none."""
    told = ((0, None), (0, 90), (90, 90), (None, 95), (95, None))
    stays = [
        StageVisit(
            number, stage, None if begun is None else AT + timedelta(minutes=begun), StageEntry.ADVANCED,
            None if ended is None else AT + timedelta(minutes=ended, microseconds=1),
        )
        for number, (stage, (begun, ended)) in enumerate(zip("abcde", told, strict=True), 1)
    ]  # fmt: skip
    deal = make_opportunity("a", visits=(stays[0],))
    store = fresh_store(memory_engine, deal)
    store.save(unit(change(deal, visits=tuple(stays))))

    rows = select(VISITS.c.stage, VISITS.c.took_us).where(VISITS.c.tenant == store.tenant).order_by(VISITS.c.number)
    with memory_engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(rows)]
    assert found == [("a", None), ("b", 90 * 60_000_000 + 1), ("c", 1), ("d", None), ("e", None)]
    assert getattr(store.get("opportunity", "a"), "visits", None) == tuple(stays)


def test_a_naive_moment_is_refused():
    """HIST-2: a datetime without zone never reaches the database."""
    with pytest.raises(InvalidInput):
        UtcMoment().process_bind_param(datetime(2026, 1, 5), sqlite.dialect())
    assert datetime(1970, 1, 1, tzinfo=UTC) == EPOCH


@given(money(smallest=-(10**12)))
def test_money_is_whole_minor_units(amount):
    """OPP-2: every amount is a whole number of minor units in 64 bits, and none is rounded."""
    minor = minor_units(amount)

    assert abs(minor) < 2**63
    assert minor == amount.amount * {"CNY": 100, "USD": 100, "JPY": 1, "KWD": 1000}[amount.currency]


def test_every_key_begins_with_the_tenant(file_engine):
    """I-31: the tenant is the first column of every key and index, but for the schema's own version."""
    for table in metadata.sorted_tables:
        if table.name != "salesflow_schema":
            assert next(iter(table.primary_key.columns)).name == "tenant"
            assert all(next(iter(index.columns)).name == "tenant" for index in table.indexes)


def test_a_list_walks_its_index_without_sorting(file_engine):
    """PERF-5: a long list in the default order is read off an index; on SQLite the plus keeps the planner there."""
    shelf = SHELVES["opportunity"]
    asked = select(shelf.table.c.id).where(
        shelf.table.c.tenant == "x", FilterCompiler(shelf, SQLITE).clause(OwnerIn({"li"}), shelf.table, "f")
    )
    asked = asked.where(shelf.table.c.close_date.is_not(None))
    asked = asked.order_by(shelf.table.c.close_date.desc(), shelf.table.c.id).limit(50)
    with file_engine.connect() as connection:
        statement = compiled(asked, connection.dialect)
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN " + statement.text, ("x", "[]", 50, 0)[: len(statement.names)]
        )
        told = " ".join(row[-1] for row in plan)

    assert "salesflow_opportunity_by_close_date" in told
    assert "TEMP B-TREE" not in told


def test_an_unknown_node_is_not_compiled():
    """VIS-15: what the compiler does not know raises; it never becomes a condition that lets pass or hides."""
    compiler = FilterCompiler(SHELVES["opportunity"], SQLITE)

    class Unknown:
        def matches(self, record):
            return True

    unknown: Any = Unknown()
    for node in (unknown, Negation(unknown)):
        assert compiler.told(node) == (EVERYTHING, False)
        with pytest.raises(InvalidInput):
            compiler.clause(node, SHELVES["opportunity"].table, "f")
    assert compiler.told(AnyOf((OwnerIn({"li"}), unknown))) == (EVERYTHING, False)
    assert FilterCompiler(SHELVES["pool"], SQLITE).told(Voided(False)) == (EVERYTHING, False)


def test_another_database_is_refused():
    """HIST-3: a database whose ways the store does not know is refused before anything is written."""

    class Engine:
        class dialect:  # noqa: N801 - it stands for an attribute
            name = "oracle"

    with pytest.raises(InvalidInput, match="sqlite, postgresql"):
        dialect_of(Engine())  # type: ignore[arg-type]  # no driver of another database is installed


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite:////nowhere/at/all/sales.db",
        "sqlite+dragon:///x.db",
        "postgresql+pg8000://me:secret@nowhere/x",
    ],
)
def test_a_wrong_url_is_a_typed_error(url):
    """REL-8: a URL that is none, or that nothing stands behind, is a typed error."""
    with pytest.raises((InvalidInput, PortError)) as caught:
        SqlStore(url)
    assert "secret" not in str(caught.value)


def test_an_empty_tenant_is_refused(memory_engine):
    """I-31: a tenant has a name."""
    with pytest.raises(InvalidInput):
        SqlStore(memory_engine, tenant="")


def test_a_file_is_set_up_to_lose_nothing(tmp_path):
    """REL-5: a store's own SQLite file writes ahead, syncs every commit, and keeps foreign keys."""
    with SqlStore(f"sqlite:///{tmp_path / 'sales.db'}") as store:
        store.save(unit(new(make_opportunity("a"))))
        with store._engine.connect() as connection:
            found = [
                connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
    assert found == ["wal", 2, 1]
    with SqlStore(f"sqlite:///{tmp_path / 'sales.db'}") as store:
        assert store.get("opportunity", "a") == make_opportunity("a")


@pytest.mark.parametrize("is_counting", [True, False])
def test_a_driver_that_does_not_count_is_asked_one_by_one(tmp_path, is_counting):
    """HIST-3: whether every record was replaced is known of any driver that an application's engine may have."""
    engine = create_engine(f"sqlite:///{tmp_path / 'sales.db'}")
    engine.dialect.supports_sane_multi_rowcount = is_counting
    store = SqlStore(engine)
    store.create_schema()
    deals = [make_opportunity(id) for id in "abc"]
    store.save(unit(*map(new, deals)))
    updates: list[bool] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, _values, _context, is_many):
        if statement.startswith("UPDATE"):
            updates.append(is_many)

    alike = [change(deal, name="changed") for deal in deals[:2]]
    store.save(unit(*alike, change(deals[2], name="changed", customer="acme")))
    assert updates == ([True, False] if is_counting else [False] * 3)
    with pytest.raises(Conflict):
        store.save(unit(*(change(deal, name="late") for deal in deals)))
    assert {deal.name for deal in store.query(Query("opportunity", EVERYTHING))} == {"changed"}
    engine.dispose()


def test_an_applications_engine_stays_its_own(tmp_path):
    """api: with an engine of the application's, tables are made when asked for, and its settings are not changed."""
    engine = create_engine(f"sqlite:///{tmp_path / 'sales.db'}")
    store = SqlStore(engine)
    assert inspect(engine).get_table_names() == []
    store.create_schema()
    store.create_schema()
    store.save(unit(new(make_opportunity("a"))))
    store.close()

    assert store.get("opportunity", "a") == make_opportunity("a")
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "delete"
        assert connection.get_isolation_level() == "SERIALIZABLE"
    engine.dispose()


def test_a_driver_that_takes_names_is_given_names():
    """HIST-3: not every driver takes parameters in order; by name the answers are the same."""
    engine = create_engine("sqlite://", paramstyle="named", poolclass=StaticPool)
    store = SqlStore(engine)
    store.create_schema()
    records = [make_opportunity(str(n)) for n in range(9)]
    store.save(unit(*map(new, records)))

    assert list(store.query(Query("opportunity", FILTERS["the scene all"], "id", 3, (None, "4")))) == records[5:8]
    assert list(store.outbox(0, 0)) == []
    engine.dispose()


def test_tables_of_another_version_are_refused(tmp_path):
    """HIST-3: a database that a later salesflow made is left alone."""
    url = f"sqlite:///{tmp_path / 'sales.db'}"
    with SqlStore(url) as store, store._engine.connect() as connection:
        connection.execute(text("UPDATE salesflow_schema SET version = 3"))

    with pytest.raises(PortError, match="schema 3"):
        SqlStore(url)


def test_a_broken_rule_of_the_database_is_no_conflict(memory_engine, monkeypatch):
    """HIST-3: only what is there already is a conflict; another refusal of the database is not dressed up as one."""
    store, row = fresh_store(memory_engine), Shelf.row
    monkeypatch.setattr(Shelf, "row", lambda *given: {**row(*given), "version": None})
    with pytest.raises(PortError, match=r"NOT NULL .*\.version"):
        store.save(unit(new(make_opportunity("a"))))


def test_a_damaged_record_is_a_typed_error(memory_engine):
    """REL-8: a document that somebody damaged is a typed error that says where."""
    store = fresh_store(memory_engine, make_opportunity("a"))
    table = SHELVES["opportunity"].table
    for document in ("{", '{"id":"a"}'):
        with memory_engine.connect() as connection:
            change = table.update().where(table.c.tenant == store.tenant).values(document=document)
            connection.execute(change)
        with pytest.raises(PortError, match=r"damaged Opportunity: opportunity.* backup"):
            store.get("opportunity", "a")


def test_statements_are_kept_in_bounds(memory_engine):
    """PERF-5: an application with ever new rules makes the store compile, not grow."""
    store = fresh_store(memory_engine, make_opportunity("a"))
    for number in range(MOST_STATEMENTS // 2 + 60):
        store.query(Query("opportunity", FieldCompare("name", "==", str(number)), limit=1))
    assert list(store.query(Query("opportunity", FILTERS["owner"]))) == [make_opportunity("a")]
    assert len(kept_for(memory_engine.dialect)) <= MOST_STATEMENTS


def test_every_scene_compiles_for_postgresql():
    """VIS-1 … VIS-12: what scenes are made of becomes SQL for PostgreSQL too."""
    assert len(scenes.default()) == 13
    for filter in FILTERS.values():
        assert "salesflow_opportunity" in on_postgresql(filter)
    assert "close_date" in on_postgresql(FieldCompare("close_date", "<", date(2026, 1, 1)))
    assert Opportunity.KIND in SHELVES


def test_the_whole_library_runs_on_it(memory_engine):
    """HIST-1, VIS-17: a lead becomes a lost deal on the SQL store, is seen by the superior only, and replays."""
    organization = Organization([Employee("zhang"), Employee("li", manager="zhang"), Employee("wang")])
    store = fresh_store(memory_engine)
    flow = SalesFlow(store=store, organization=organization, processes=templates.builtin())
    li = flow.acting_as("li")
    lead = li.leads.create(title="CRM2000 for Acme", phone="+86 139 1234 5678")
    wanted = NewOpportunity("CRM2000 for Acme", amount=Money("1200000", "CNY"), process="crm2000")
    deal: Any = li.leads.convert(lead, customer=NewCustomer("Acme"), opportunity=wanted).opportunity
    deal = li.opportunities.finish_task(deal, "confirm_tender")
    deal = li.opportunities.lose(deal, reason="price", competitor="Globex")

    assert replay(store.events("opportunity", deal.id)) == store.get("opportunity", deal.id) == deal
    assert flow.acting_as("zhang").opportunities.list(scene="lost", order_by="-amount").items == (deal,)
    with pytest.raises(NotFound):
        flow.acting_as("wang").opportunities.get(deal.id)
