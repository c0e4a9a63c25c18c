"""Lists of the SQL store are those of the store in memory, whatever the filter, order and page (VIS-15, REL-3)."""

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import (
    ORDER_KEYS,
    Access,
    Competitor,
    Customer,
    Grade,
    Grading,
    Lead,
    LeadStatus,
    Money,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    TeamMember,
    TeamRole,
    sort_value,
)
from salesflow.ports import Query
from salesflow.stores import MemoryStore
from salesflow.stores.sql import lists
from salesflow.stores.sql.compiler import FilterCompiler
from salesflow.stores.sql.dialects import SQLITE
from salesflow.stores.sql.schema import SHELVES
from salesflow.testing.records import AT, FILTERS, change, deletion, expected_page, make_opportunity, new, unit
from salesflow.testing.strategies import leads, record_ids
from salesflow.visibility.filters import (
    EVERYTHING,
    NOTHING,
    AllOf,
    AnyOf,
    FieldCompare,
    Negation,
    OwnerIn,
    TeamIn,
    Voided,
    negation,
)
from salesflow.visibility.scenes import default
from tests.stores.databases import fresh_store
from tests.visibility.worlds import opportunities as opportunities_of
from tests.visibility.worlds import sight, worlds

QUICK = settings().max_examples
"""How many examples the profile asks for; what is costly takes a part of it."""

PEOPLE = ("li", "wang", "zhang", "zhao", "qian")
OPERATORS = ("==", "!=", "<", "<=", ">", ">=")
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)

somebody = st.frozensets(st.sampled_from(PEOPLE), max_size=3)
VALUES: list[tuple[str, Any]] = [
    ("name", "a"),
    ("name", 1),
    ("owner", "li"),
    ("status", OpportunityStatus.WON),
    ("status", "won"),
    ("voided", True),
    ("voided", 0),
    ("probability.percent", 50),
    ("probability.percent", Decimal("49.5")),
    ("probability.percent", Decimal("1e999")),
    ("probability.percent", -(2**70)),
    ("probability.percent", "50"),
    ("amount", Money("100", "CNY")),
    ("amount", Money("0.5", "KWD")),
    ("amount", Decimal(100)),
    ("close_date", date(2025, 1, 1)),
    ("close_date", NOON),
    ("created_at", NOON),
    ("created_at", date(2025, 1, 1)),
    ("created_at", datetime(2025, 1, 1)),
    ("grade.effective", Grade.C),
    ("last_activity_at", NOON),
    ("registration", "approved"),
    ("nothing.of.it", 1),
]  # fmt: skip
leaves = st.one_of(
    st.builds(OwnerIn, somebody),
    st.builds(TeamIn, somebody, st.none() | st.frozensets(st.sampled_from(TeamRole)), st.sampled_from(Access)),
    st.builds(Voided, st.booleans()),
    st.builds(
        lambda value, operator: FieldCompare(value[0], operator, value[1]),
        st.sampled_from(VALUES),
        st.sampled_from(OPERATORS),
    ),
    st.sampled_from((EVERYTHING, NOTHING)),
)
filters = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(lambda found: AllOf(tuple(found))),
        st.lists(parts, min_size=1, max_size=3).map(lambda found: AnyOf(tuple(found))),
        parts.map(negation),
        parts.map(Negation),
    ),
    max_leaves=5,
)


members = st.builds(
    TeamMember, st.sampled_from(PEOPLE), st.sampled_from((TeamRole.JOINT, "coach")), st.sampled_from(Access)
)


@st.composite
def deals(draw) -> Opportunity:
    """Deals whose amounts, days and names repeat, so that orders have ties."""
    return make_opportunity(
        draw(record_ids()),
        draw(st.sampled_from(PEOPLE)),
        *draw(st.lists(members, max_size=2)),
        name=draw(st.sampled_from(("a", "B", "商"))),
        status=draw(st.sampled_from(OpportunityStatus)),
        voided=draw(st.booleans()),
        probability=Probability(draw(st.sampled_from((0, 49, 50))), ProbabilitySource.HAND),
        grade=Grading(draw(st.sampled_from((None, Grade.B, Grade.C)))),
        amount=draw(st.sampled_from((None, Money("100", "CNY"), Money("100.00", "CNY"), Money("7", "JPY")))),
        close_date=draw(st.none() | st.dates(date(2025, 1, 1), date(2025, 1, 3))),
        created_at=draw(st.sampled_from((None, NOON, NOON + timedelta(microseconds=1)))),
        last_activity_at=draw(st.sampled_from((None, NOON))),
    )


some_deals = st.lists(deals(), max_size=6, unique_by=lambda deal: deal.id)


def both(engine, *records):
    """Return the store in memory and the SQL store, holding the same."""
    memory = MemoryStore()
    memory.save(unit(*map(new, records)))
    return memory, fresh_store(engine, *records)


def paged(store, query: Query) -> list:
    """Return the whole list, read by pages of the query's limit."""
    value = sort_value(query.kind, query.order_by)
    found: list = []
    while page := store.query(query):
        assert query.limit is None or len(page) <= query.limit
        found += page
        query = evolve(query, after=(value(page[-1]), page[-1].id))
    return found


@pytest.fixture(scope="session")
def engine(memory_engine):
    """One database for every example: each has a tenant of its own."""
    return memory_engine


@contextmanager
def always(few: bool | None):
    """Make every list that has people gather them, or walk, or with None walk and hash: small ones would meet one."""
    probes = lists._HASHED_PER_PROBE  # so many times the page's limit is asked about before teams are hashed
    with pytest.MonkeyPatch.context() as patch:
        are_few = (lambda limit: bool(limit and limit >= probes)) if few is None else (lambda _: few)
        patch.setattr(lists.Reader, "_are_few", lambda _reader, _plan, _arms, limit: are_few(limit))
        patch.setattr(lists.Reader, "_are_short", lambda *_: bool(few))
        yield


@given(some_deals, filters, st.sampled_from(list(ORDER_KEYS["opportunity"])), st.sampled_from(["", "-"]), st.data())
def test_lists_are_those_in_memory(engine, records, filter, key, sign, data):
    """VIS-15, REL-3: any filter, order, page and size: SQLite answers what memory answers, negation included."""
    memory, store = both(engine, *records)
    limit = data.draw(st.none() | st.integers(1, 3))
    after = None
    if records and data.draw(st.booleans()):
        last = data.draw(st.sampled_from(records))
        after = (sort_value("opportunity", key)(last), last.id)
    query = Query("opportunity", filter, sign + key, limit, after)

    with always(data.draw(st.sampled_from((True, False, None)))):
        assert list(store.query(query)) == list(memory.query(query))
        assert store.ids("opportunity", filter) == memory.ids("opportunity", filter)
        assert store.count("opportunity", filter) == memory.count("opportunity", filter)
        assert store.count("opportunity", filter, 2) == memory.count("opportunity", filter, 2)


@settings(max_examples=max(5, QUICK // 2))
@given(st.data())
def test_scenes_show_what_they_show_in_memory(engine, data):
    """VIS-1 … VIS-15: every scene of random viewers, bound by the algebra, lists the same on both stores."""
    world = data.draw(worlds())
    drawn = data.draw(st.lists(opportunities_of(world), max_size=5))
    records = [evolve(each, id=str(n), updated_at=AT) for n, each in enumerate(drawn)]
    memory, store = both(engine, *records)
    view = sight(world)
    viewer = data.draw(st.sampled_from([*(each.id for each in world.employees), "root"]))
    with always(data.draw(st.sampled_from((True, False, None)))):
        for scene in data.draw(st.sets(st.sampled_from(sorted(default())), max_size=4)):
            filter = view.filter(viewer, "opportunity", scene)
            for asked in (filter, negation(filter)):
                query = Query("opportunity", asked, "-close_date", 2)
                assert paged(store, query) == paged(memory, query)


@pytest.mark.parametrize("operator", OPERATORS)
def test_comparisons_are_those_of_python(engine, operator):
    """VIS-15: numbers with decimals, or beyond any column, days, moments, money and text compare as in memory."""
    found = (None, Money("100", "CNY"), Money("7", "JPY"), Money("0.5", "KWD"))
    records = [
        make_opportunity(
            str(n), name="ab"[n % 2], amount=amount, voided=n % 2 == 0, close_date=date(2025, 1, 1 + n),
            created_at=NOON + timedelta(hours=n - 1), probability=Probability(48 + n, ProbabilitySource.HAND),
            grade=Grading(Grade.C if n else None),
        )
        for n, amount in enumerate(found)
    ]  # fmt: skip
    memory, store = both(engine, *records)
    for name, value in VALUES:
        filter = FieldCompare(name, operator, value)
        assert store.ids("opportunity", filter) == memory.ids("opportunity", filter), (name, value)


@settings(max_examples=max(5, QUICK // 4))
@given(st.lists(leads(people=PEOPLE), max_size=3, unique_by=lambda lead: lead.id), filters, st.sampled_from(["", "-"]))
def test_leads_list_as_in_memory(engine, records, filter, sign):
    """VIS-21: leads may lack an owner and have no team; what nobody owns passes no rule about owners."""
    memory, store = both(engine, *records)
    for key in ORDER_KEYS["lead"]:
        query = Query("lead", filter, sign + key)
        assert list(store.query(query)) == list(memory.query(query))


@pytest.mark.parametrize("filter", [Negation(OwnerIn({"li"})), Negation(AllOf((OwnerIn({"li"}), Voided(False))))])
def test_what_nobody_owns_passes_no_negation(engine, filter):
    """VIS-15: a record without owner satisfies neither a rule about owners nor its negation."""
    records = [
        Lead(id=id, version=1, title=id, owner=owner, status=LeadStatus.DISQUALIFIED, channel="fair", updated_at=AT)
        for id, owner in (("nobody's", None), ("li's", "li"), ("wang's", "wang"))
    ]
    assert [lead.id for lead in fresh_store(engine, *records).query(Query("lead", filter))] == ["wang's"]


def test_a_kind_without_owner_is_nobodys(engine):
    """VIS-15: of a kind that has no owner, no list by owner or team holds anything."""
    store = fresh_store(engine, Competitor(id="c", version=1, name="Globex", updated_at=AT))

    for people in (OwnerIn({"li"}), TeamIn({"li"}), Negation(OwnerIn({"li"}))):
        assert store.count("competitor", people) == len(store.query(Query("competitor", people))) == 0
    assert store.count("competitor", Negation(TeamIn({"li"}))) == store.count("competitor", EVERYTHING) == 1


def test_a_long_list_that_sql_cannot_decide_is_read_in_pieces(engine, monkeypatch):
    """VIS-14: a field without a column is asked of each record, in pieces, and pages still join."""
    monkeypatch.setattr(lists, "_CHUNK", 2)
    records = [make_opportunity(f"{n:02}", source_lead="x" if n % 3 else None, name=f"{n % 4}") for n in range(20)]
    memory, store = both(engine, *records)
    filter = FieldCompare("source_lead", "==", "x")
    for limit in (None, 1, 3, 100):
        query = Query("opportunity", filter, "-name", limit)
        assert list(store.query(query)) == list(memory.query(query))
    assert store.ids("opportunity", filter) == memory.ids("opportunity", filter)
    assert [store.count("opportunity", filter, cap) for cap in (None, 5, 0)] == [13, 5, 0]


def test_a_list_that_has_people_chooses_its_way(engine):
    """PERF-5: few visible records are gathered, many are met by walking; the answers are the same."""
    records = [make_opportunity(f"{n:03}", "li" if n < 20 else "wang", close_date=date(2026, 1, 1 + n % 28))
               for n in range(120)]  # fmt: skip
    memory, store = both(engine, *records)
    for person in ("li", "wang"):
        for asked in (OwnerIn({person}), FILTERS["the scene all"], TeamIn({person})):
            query = Query("opportunity", asked, "-close_date", 4)
            assert paged(store, query) == paged(memory, query)
            assert store.count("opportunity", asked) == memory.count("opportunity", asked)
            assert store.count("opportunity", asked, 7) == memory.count("opportunity", asked, 7)


@pytest.mark.parametrize(
    ("order_by", "value"),
    [("close_date", NOON), ("amount", 5), ("name", 5), ("probability", "5"), ("created_at", date(2026, 1, 1)),
     ("created_at", datetime(2026, 1, 1)), ("amount", ("CNY", Decimal("NaN")))],
)  # fmt: skip
def test_a_position_of_another_order_is_refused(engine, order_by, value):
    """api: a page goes on from a position of its own order; anything else is the caller's mistake."""
    with pytest.raises(InvalidInput):
        fresh_store(engine).query(Query("opportunity", EVERYTHING, order_by, 5, (value, "a")))


def test_unknown_kinds_hold_nothing(engine):
    """HIST-3: of a kind that is none there is no record, no event and no list; saving one is refused."""
    store = fresh_store(engine)

    assert store.get("dragon", "a") is None
    assert list(store.query(Query("dragon", EVERYTHING))) == list(store.events("dragon", "a")) == []
    assert (store.count("dragon", EVERYTHING), store.ids("dragon", EVERYTHING), store.revision("dragon")) == (
        0,
        set(),
        0,
    )
    with pytest.raises(InvalidInput, match="must be one of lead, opportunity"):
        store.save(unit(evolve(new(make_opportunity("a")), kind="dragon")))


def test_the_size_is_known_without_counting(engine):
    """VIS-16: the count of everything follows creations, changes and deletions."""
    records = [make_opportunity(str(n)) for n in range(5)]
    store = fresh_store(engine, *records)
    store.save(unit(change(records[0], name="x"), deletion(records[1]), new(make_opportunity("new"))))
    store.save(unit(deletion(records[2])))

    assert [store.count("opportunity", EVERYTHING, cap) for cap in (None, 3)] == [4, 3]
    assert len(store.query(Query("opportunity", EVERYTHING))) == 4


def test_every_kind_lists_in_its_orders(engine):
    """api: customers and the rest have closed lists of orders too."""
    records = [Customer(id=id, version=1, name=name, owner=None, updated_at=AT) for id, name in ("ab", "ba", "cb")]
    store = fresh_store(engine, *records)

    assert [each.id for each in store.query(Query("customer", EVERYTHING, "-name"))] == ["a", "c", "b"]
    assert list(store.query(Query("customer", EVERYTHING, "-id"))) == records[::-1]
    with pytest.raises(InvalidInput, match="order_by"):
        store.query(Query("customer", EVERYTHING, "amount"))


def test_pages_walk_behind_a_position_that_no_record_has(engine):
    """api: a position stays one when its record is gone, among records with a value and among those without."""
    records = [make_opportunity(str(n), close_date=None if n % 2 else date(2026, 1, n + 1)) for n in range(8)]
    _, store = both(engine, *records)
    for after in ((date(2026, 1, 4), "5"), (None, "4"), (date(2020, 1, 1), "a"), (None, "")):
        for order_by in ("close_date", "-close_date"):
            query = Query("opportunity", EVERYTHING, order_by, 3, after)
            assert list(store.query(query)) == expected_page(records, query)


def test_team_members_of_an_oddity_survive(engine):
    """HIST-3: what `check` would tell of, two members with one key, is kept as it was."""
    twice = TeamMember("zhao", TeamRole.JOINT)
    deal = make_opportunity("a", "li", twice, evolve(twice, access=Access.READ_WRITE))
    store = fresh_store(engine, deal)

    assert list(store.query(Query("opportunity", TeamIn({"zhao"})))) == [deal]
    assert store.count("opportunity", TeamIn({"zhao"})) == 1


def test_what_is_voided_leaves_the_lists_of_its_members_and_comes_back(engine):
    """VIS-10, REL-3: each member's row says whether the record is voided, and is written with it."""
    deal = make_opportunity("a", "li", TeamMember("zhao", TeamRole.JOINT))
    store = fresh_store(engine, deal)
    for person in ("li", "zhao"):
        mine = AnyOf((OwnerIn({person}), TeamIn({person})))
        shown, hidden = AllOf((Voided(False), mine)), AllOf((Voided(True), mine))
        for is_voided in (True, False):
            store.save(unit(change(store.get("opportunity", "a"), voided=is_voided)))
            for filter, number in ((shown, int(not is_voided)), (hidden, int(is_voided))):
                for few in (True, False):
                    with always(few):
                        assert store.count("opportunity", filter) == store.count("opportunity", filter, 5) == number
                        assert len(store.ids("opportunity", filter)) == number
                        assert len(store.query(Query("opportunity", filter, limit=2))) == number


@pytest.mark.parametrize(("owners", "indexes"), [({"zhao"}, 1), ({"li"}, 2)])
def test_what_people_see_is_counted_without_reading_a_record(engine, owners, indexes):
    """PERF-5: what hides a record stands beside its owner and its members, and both are read off an index."""
    store = fresh_store(engine, make_opportunity("a", "li", TeamMember("zhao", TeamRole.JOINT)))
    mine = AllOf((Voided(False), AnyOf((OwnerIn(owners), TeamIn({"zhao"})))))

    with asked_of(engine) as asked:
        for few in (True, False):
            with always(few):
                assert store.count("opportunity", mine) == store.count("opportunity", mine, 9) == 1
    counts = [text for text in asked if "team_member" in text]
    with engine.connect() as connection:
        steps = [step[3] for text in counts for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    read = [step for step in steps if "salesflow_opportunity" in step or "salesflow_team_member" in step]
    assert len(counts) == 4
    assert len(read) == 4 * indexes
    assert all("USING COVERING INDEX" in step for step in read), read


ROLES = (
    None,
    frozenset({TeamRole.OWNER}),
    frozenset({"owner", "joint"}),
    frozenset({TeamRole.JOINT}),
    frozenset[str](),
)


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize("roles", ROLES)
def test_owners_are_left_to_their_teams_where_those_tell_of_them(engine, roles, access):
    """TEAM-2, PERF-5: an owner is asked for only where not among the people of a team; the answer is the same."""
    records = [
        evolve(make_opportunity(f"{owner}{n}", owner, TeamMember(other, TeamRole.JOINT, reach)), voided=voided)
        for owner, other in (("li", "wang"), ("wang", "li"), ("zhao", "li"))
        for n, (reach, voided) in enumerate([(Access.READ, False), (Access.READ_WRITE, False), (Access.READ, True)])
    ]
    store = fresh_store(engine, *records)
    some = [set[str](), {"li"}, {"wang"}, {"li", "wang"}, {"li", "zhao"}]
    for owners in some:
        for members in some:
            either = AnyOf((OwnerIn(owners), TeamIn(members, roles, access)))
            is_told = bool(owners) and owners <= members and (roles is None or TeamRole.OWNER in roles)
            both_ways = AllOf((OwnerIn(owners), TeamIn(members, roles, access)))
            nested = AnyOf((OwnerIn(owners), AnyOf((both_ways, TeamIn(members, roles, access), TeamIn({"wang"})))))
            for filter in (either, AllOf((Voided(False), either)), Negation(either), both_ways, nested):
                expected = {record.id for record in records if filter.matches(record)}
                for few in (True, False, None):
                    with always(few), asked_of(engine) as asked:
                        agree(store, filter, expected)
                    if filter is either and owners:
                        assert any("owner IN" in text for text in asked) is not is_told


def test_owners_of_what_has_no_team_are_asked_for(engine):
    """TEAM-2: it is opportunities that have a team; a lead is found by its owner beside any team."""
    lead = Lead(id="l", version=1, title="l", owner="li", status=LeadStatus.ASSIGNED, phone="1", updated_at=AT)
    store = fresh_store(engine, lead)
    for filter in (AnyOf((OwnerIn({"li"}), TeamIn({"li"}))), AnyOf((OwnerIn({"li"}), TeamIn({"li", "wang"})))):
        for few in (True, False):
            with always(few):
                assert store.ids("lead", filter) == {"l"}


class Role(str, Enum):  # noqa: UP042 - that is the point
    """An application's own names of roles, written as Python's enumerations of texts were before `StrEnum`."""

    OWNER = "owner"
    JOINT = "joint"


def test_roles_of_an_enumeration_of_texts_are_those_texts(engine):
    """TEAM-1: a role is its text, whatever class of texts it comes in, and whichever list was asked for first."""
    store = fresh_store(engine, make_opportunity("a", "li", TeamMember("zhao", Role.JOINT)))
    for role in (Role.OWNER, "owner", Role.JOINT, "joint"):
        for person in ("li", "zhao"):
            filter = AnyOf((OwnerIn({"nobody"}), TeamIn({person}, frozenset({role}))))
            expected = {"a"} if (person == "li") is (role == "owner") else set()
            for few in (True, False, None):
                with always(few):
                    agree(store, filter, expected)


def agree(store, filter, expected):
    assert store.ids("opportunity", filter) == expected
    assert store.count("opportunity", filter) == len(expected)
    assert store.count("opportunity", filter, 2) == min(2, len(expected))
    assert {record.id for record in store.query(Query("opportunity", filter, limit=20))} == expected


@contextmanager
def asked_of(engine):
    """Give a list of the statements that the one connection of *engine* is asked meanwhile."""
    asked: list[str] = []
    with engine.connect() as connection:
        connection.connection.driver_connection.set_trace_callback(asked.append)
    yield asked
    with engine.connect() as connection:
        connection.connection.driver_connection.set_trace_callback(None)


def test_whether_rows_are_few_is_counted_of_everybody(engine):
    """PERF-5: a capped count reads no further than its cap, though of hundreds of people only one has deals."""
    deals = [make_opportunity(f"d{n}", "li") for n in range(6)]
    store = fresh_store(engine, *deals)
    people = {"li", *(f"p{n}" for n in range(200))}
    mine = AllOf((Voided(False), AnyOf((OwnerIn(people), TeamIn(people)))))
    ways = {}
    with engine.connect() as connection:
        for few_rows in (5, 50):
            compiler = FilterCompiler(SHELVES["opportunity"], evolve(SQLITE, few_rows=few_rows))
            reader = lists.Reader(connection, compiler, store.tenant)
            (way, *_), _, _ = reader._passing(reader._planned(mine), 3)
            ways[few_rows] = way
            assert (reader.count(mine, 3), reader.count(mine, None)) == (3, 6)
    assert ways == {5: "gather ids", 50: "gather all ids"}
