"""Duplicates at the facade: linked on save, refused with an offer on convert, and told to nobody who may not know."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from io import StringIO
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import salesflow as sf
from salesflow.files.json_codec import from_json
from salesflow.files.mapping import parse_mapping
from salesflow.model import Duplicate, created, replay
from salesflow.model.duplicates import known_by
from salesflow.ports import Query, UnitOfWork, Write
from salesflow.process import PlainKeys
from salesflow.process.phone_numbers import PhoneNumberKeys
from salesflow.visibility import EVERYTHING
from tests.app.world import BareStore, World, kinds
from tests.stores.databases import fresh_store, prepared_engine

LEADS = parse_mapping('kind = "lead"\nkey = ["id"]\n[fields]\ntitle = "id"\nphone = "phone"\nowner = "owner"\n')
DEALS = parse_mapping(
    'kind = "opportunity"\n[fields]\nid = "id"\nname = "id"\nowner = "owner"\nprocess = { constant = "crm2000" }\n'
    'stage = { constant = "bidding" }\n[customer]\nname = "customer"\nphone = "phone"\n'
)
PHONE = "139 1234 5678"
DRESSED = ("13912345678", "+86 139-1234-5678", "0086 139 1234 5678", "１３９１２３４５６７８")
UNSEEN = Duplicate()


def known_customer(world: World, by: str = "qian", name: str = "Mr Wang", phone: str | None = PHONE) -> sf.Customer:
    """A customer of somebody whom li does not see, and who does not see li's."""
    return world.acting(by).customers.create(name, phone=phone)


def lead_with(world: World, phone: str = PHONE, by: str = "li", **values: Any) -> sf.Lead:
    """A lead with this number."""
    return world.acting(by).leads.create(**{"title": "A", "phone": phone, **values})


def refused(ask: Callable[[], Any]) -> Any:
    """Every reason why not."""
    with pytest.raises(sf.Refused) as no:
        ask()
    return no.value.reasons


def link_of(world: World, lead: sf.Lead, by: str = "li") -> Duplicate | None:
    """What *by* is told of the lead's duplicate."""
    read = world.acting(by).leads.get(lead.id)
    assert isinstance(read, sf.Lead)
    return read.duplicate_of


@pytest.mark.parametrize("phone", DRESSED)
def test_a_lead_of_a_known_customer_is_linked_to_it(phone: str):
    """LEAD-12: on save, in whatever dress; its name is told to whoever sees the customer, and is not stored."""
    world = World()
    customer = known_customer(world, "li")
    lead = lead_with(world, phone)
    assert lead.match_keys == customer.match_keys == ("phone:+8613912345678",)
    assert lead.duplicate_of == Duplicate("customer", customer.id, "Mr Wang")
    assert kinds(world.acting("li").leads.history(lead)) == ("created", "lead_linked")
    stored: Any = world.store.get("lead", lead.id)
    assert stored.duplicate_of == Duplicate("customer", customer.id)
    world.acting("li").customers.edit(customer, name="Wang Ltd")
    assert link_of(world, lead) == Duplicate("customer", customer.id, "Wang Ltd")


def test_a_lead_that_nobody_knows_is_linked_to_nothing():
    """LEAD-12: neither by another number, nor by one of a lead without documents, nor by text that is no number."""
    world = World()
    known_customer(world, "li", phone="13912345670")
    lead_with(world, PHONE)
    for phone in (PHONE, "1", "no number"):
        assert lead_with(world, phone).duplicate_of is None
    assert kinds(world.acting("li").leads.history(lead_with(world))) == ("created",)


@pytest.mark.parametrize(("field", "told"), [("company", "Acme"), ("contact", "Ms Qian"), ("title", "Kitchen")])
def test_a_lead_with_documents_is_known_too(field: str, told: str):
    """LEAD-12, LEAD-7: a later lead is linked to it, and told its company, else its contact, else its title."""
    world = World()
    values: dict[str, Any] = {"company": None, "contact": None, "title": "Kitchen", field: told}
    first = world.place(lead_with(world, **values), contract_number="C1")
    assert lead_with(world).duplicate_of == Duplicate("lead", first.id, told)
    customer = known_customer(world, "li")
    assert lead_with(world).duplicate_of == Duplicate("customer", customer.id, "Mr Wang")


def test_editing_links_a_lead_anew():
    """LEAD-12: the number is typed in later, changed, and taken out again; other changes touch nothing."""
    world = World()
    desk = world.acting("li").leads
    customer = known_customer(world, "li")
    lead = lead_with(world, "13800000000")
    lead = desk.edit(lead, phone=PHONE)
    assert lead.duplicate_of == Duplicate("customer", customer.id, "Mr Wang")
    assert desk.edit(lead, title="B").duplicate_of == lead.duplicate_of
    lead = desk.edit(lead.id, phone=None, email="li@example.com")
    assert (lead.duplicate_of, lead.match_keys) == (None, ())
    assert kinds(desk.history(lead)) == ("created", "edited", "lead_linked", "edited", "edited", "lead_unlinked")


def test_the_keys_are_a_setting():
    """LEAD-12: e-mail and company can be added, the most telling first; and none at all leaves everything alone."""
    world = World(settings=sf.Settings(duplicate_keys=["company", "email"]))
    li = world.acting("li")
    acme, other = li.customers.create("ACME, Inc.", phone=PHONE), li.customers.create("B", email="Li@Example.com")
    lead = lead_with(world, company="acme inc", email="li@example.com")
    assert lead.duplicate_of == Duplicate("customer", acme.id, "ACME, Inc.")
    assert li.leads.edit(lead, company=None).duplicate_of == Duplicate("customer", other.id, "B")
    fields = [
        reason.facts["field"] for reason in refused(lambda: li.customers.create("Acme Inc", email="LI@example.com"))
    ]
    assert fields == ["company", "email"]
    off = World(settings=sf.Settings(duplicate_keys=()))
    for _ in range(2):
        assert known_customer(off, "li").match_keys == lead_with(off).match_keys == ()
    assert lead_with(off).duplicate_of is None


@pytest.mark.parametrize("keys", ["phone", ["fax"], ["phone", "phone"], None, {"phone"}, [1], [[]]])
def test_a_setting_that_does_not_fit_is_refused(keys: Any):
    """LEAD-12: whoever configures the flow is told what may stand there."""
    with pytest.raises(sf.InvalidInput, match=r"duplicate_keys.*phone, email, company"):
        sf.Settings(duplicate_keys=keys)


def test_the_normaliser_is_a_port():
    """LEAD-12: the extra's knows an extension; one of the application's own decides as it likes; it can be called."""
    world = World(key_normalizer=PhoneNumberKeys())
    known_customer(world)
    assert lead_with(world, "13912345678 ext. 3").duplicate_of == UNSEEN
    world = World(key_normalizer=lambda field, text: text[-4:])
    known_customer(world)
    assert lead_with(world, "5678").duplicate_of == UNSEEN
    with pytest.raises(sf.InvalidInput, match="key_normalizer"):
        World(key_normalizer="phonenumbers")


def test_a_normaliser_that_fails_is_named_and_nothing_is_saved():
    """REL-7: on every way in: create, edit, convert, import, of leads and of customers."""
    failing: list[bool] = []

    def normalizer(field: str, text: str) -> str | None:
        if failing:
            raise OSError("no table of countries")
        return text

    world = World(key_normalizer=normalizer)
    li = world.acting("li")
    lead, customer = lead_with(world), known_customer(world, "li", phone="2")
    before = world.everything()
    failing.append(True)
    for ask in (
        lambda: lead_with(world),
        lambda: li.leads.edit(lead, phone="3"),
        lambda: li.leads.convert(lead, customer=sf.NewCustomer("A")),
        lambda: li.customers.create("A", phone="3"),
        lambda: li.customers.edit(customer, phone="3"),
        lambda: li.files.import_csv(StringIO("id,phone,owner\n1,3,li\n"), LEADS),
        lambda: li.files.import_csv(StringIO("id,customer,phone,owner\n1,A,3,li\n"), DEALS),
    ):
        with pytest.raises(sf.PortError, match=r"key_normalizer.*no table of countries"):
            ask()
    assert world.everything() == before


# What a customer's key does.


def test_a_second_customer_of_one_key_is_refused():
    """LEAD-12, I-38: by hand, by edit, by conversion: who sees the first is told which; the others whom to ask."""
    world = World()
    first = known_customer(world, "chen")
    li, qian = world.acting("li"), world.acting("qian")
    lead, theirs = lead_with(world), lead_with(world, by="qian")
    second = {by: known_customer(world, by, phone="13800000000") for by in ("li",)}["li"]
    stranger = known_customer(world, "qian", phone="13811111111")
    seen = (sf.Reason("customer_exists", field="phone", customer=first.id, name="Mr Wang"),)
    assert refused(lambda: li.customers.create("B", phone=PHONE)) == seen
    assert refused(lambda: li.customers.edit(second, phone=PHONE)) == seen
    assert refused(lambda: li.leads.convert(lead, customer=sf.NewCustomer("B"))) == seen
    assert refused(lambda: li.leads.convert(lead, customer=sf.NewCustomer("B", phone="13800000000"))) == (
        sf.Reason("customer_exists", field="phone", customer=second.id, name="Mr Wang"),
    )
    unseen = (sf.Reason("customer_exists_unseen", field="phone"),)
    assert refused(lambda: qian.customers.create("B", phone=PHONE)) == unseen
    assert refused(lambda: qian.customers.edit(stranger, phone=PHONE)) == unseen
    assert refused(lambda: qian.leads.convert(theirs, customer=sf.NewCustomer("B"))) == unseen
    assert "ask a CRM administrator" in str(unseen[0])
    assert world.acting("root").customers.count() == 3


def test_the_offer_is_the_same_conversion_with_the_id():
    """LEAD-12, LEAD-6: converting into the existing one makes no other; into a contact alone asks for no customer."""
    world = World()
    customer = known_customer(world, "li")
    li = world.acting("li")
    (reason,) = refused(lambda: li.leads.convert(lead_with(world), customer=sf.NewCustomer("B")))
    made = li.leads.convert(lead_with(world), customer=reason.facts["customer"], contact=sf.NewContact("Ms Qian"))
    assert (made.customer, made.lead.conversion) == (customer, made.lead.conversion)
    assert made.lead.duplicate_of == Duplicate("customer", customer.id, "Mr Wang")
    assert li.leads.convert(lead_with(world), contact=sf.NewContact("Ms Qian")).customer is None
    assert li.customers.count() == 1


def test_a_converted_lead_is_no_duplicate_of_its_own_customer():
    """LEAD-12: edited afterwards it is still nobody's; a lead that follows is linked to the customer."""
    world = World()
    li = world.acting("li")
    made = li.leads.convert(lead_with(world), customer=sf.NewCustomer("Mr Wang"))
    assert made.customer is not None
    assert made.customer.match_keys == made.lead.match_keys
    assert li.leads.edit(made.lead, phone=DRESSED[1], company="B").duplicate_of is None
    assert lead_with(world).duplicate_of == Duplicate("customer", made.customer.id, "Mr Wang")


def test_a_key_that_is_given_up_is_free():
    """I-38: edited away from one customer, another gets it; the first keeps what it has through other edits."""
    world = World()
    li = world.acting("li")
    first = known_customer(world, "li")
    first = li.customers.edit(first, industry="steel", phone=DRESSED[1])
    assert first.match_keys == ("phone:+8613912345678",)
    li.customers.edit(first, phone=None)
    second = known_customer(world, "li")
    assert codes_of(lambda: li.customers.edit(first.id, phone=PHONE)) == {"customer_exists"}
    assert lead_with(world).duplicate_of == Duplicate("customer", second.id, "Mr Wang")


def codes_of(ask: Callable[[], Any]) -> set[str]:
    """The codes of every reason why not."""
    return {reason.code for reason in refused(ask)}


def test_other_reasons_stand_beside_it():
    """LEAD-12: all reasons are told at once."""
    world = World()
    customer = known_customer(world, "li")
    li = world.acting("li")
    assert codes_of(lambda: li.customers.create("B", phone=PHONE, owner="han")) == {"customer_exists", "person_unknown"}
    other = li.customers.create("B")
    assert codes_of(lambda: li.customers.edit(other, phone=PHONE, owner="han")) == {"customer_exists", "person_unknown"}
    assert codes_of(lambda: li.leads.convert(lead_with(world), customer=sf.NewCustomer("B"), contact="none")) == {
        "customer_exists", "contact_unknown",
    }  # fmt: skip
    assert world.acting("li").customers.get(customer) == customer


def test_a_store_of_three_methods_keeps_duplicates_apart_too():
    """LEAD-12: a store without the capability is searched record by record; only a race could pass it."""
    world = World(through=BareStore)
    customer = known_customer(world, "li")
    assert lead_with(world).duplicate_of == Duplicate("customer", customer.id, "Mr Wang")
    assert codes_of(lambda: known_customer(world, "li")) == {"customer_exists"}


# Who is told what.


def in_every_way(world: World, by: str, lead: sf.Lead) -> list[Any]:
    """The lead's link as *by* is told of it, everywhere that a lead or its history is handed out."""
    desk, files = world.acting(by).leads, world.acting(by).files
    file = StringIO()
    files.export_json("all", file, kind="lead")
    (exported,) = [
        one for one in (from_json(json.dumps(each)) for each in json.loads(file.getvalue())) if one.id == lead.id
    ]
    table = StringIO()
    files.export_csv("all", table, kind="lead")
    assert "Mr Wang" not in table.getvalue()
    history = desk.history(lead.id)
    (linking,) = [event for event in history if event.kind == "lead_linked"]
    (change,) = linking.changes
    handed = [
        desk.get(lead), *(one for one in desk.list().items if one.id == lead.id), exported, replay(history),
        desk.as_of(lead.id, world.clock.now()), desk.edit(lead.id), desk.follow_up(lead.id, "rang"),
        desk.edit(lead.id, title=f"for {by}"), world.acting(by).once(f"k{by}").leads.follow_up(lead.id, "rang"),
        world.acting(by).once(f"k{by}").leads.follow_up(lead.id, "rang"),
    ]  # fmt: skip
    assert change.before is None
    return [change.after, *(one.duplicate_of for one in handed)]


@pytest.mark.parametrize("revealed", [False, True])
def test_everywhere_one_is_told_what_one_may_know(revealed: bool):
    """LEAD-12, REL-11, HIST-1: get, list, exports, history, as of, results, first results of a key: all agree."""
    world = World(settings=sf.Settings(reveal_duplicates=revealed))
    customer = known_customer(world, "qian")
    lead = lead_with(world)
    world.clock.move(timedelta(hours=1))
    hidden = Duplicate(name="Mr Wang") if revealed else UNSEEN
    assert lead.duplicate_of == hidden
    for by, expected in (("li", hidden), ("zhang", hidden), ("root", Duplicate("customer", customer.id, "Mr Wang"))):
        told = in_every_way(world, by, lead)
        assert told == [expected] * len(told)
        assert len(told) == 11


def test_with_the_switch_the_name_is_told_always():
    """LEAD-12: `reveal_duplicates` is the source's own behaviour: the name, but neither the record nor a way to it."""
    world = World(settings=sf.Settings(reveal_duplicates=True))
    customer = known_customer(world)
    li = world.acting("li")
    named = (sf.Reason("customer_exists_named", field="phone", name="Mr Wang"),)
    assert refused(lambda: li.customers.create("B", phone=PHONE)) == named
    assert refused(lambda: li.leads.convert(lead_with(world), customer=sf.NewCustomer("B"))) == named
    assert codes_of(lambda: li.leads.convert(lead_with(world), customer=customer.id)) == {"customer_unknown"}


def test_the_link_is_no_way_to_read_the_customer():
    """VIS-21: a lead that is linked to a customer does not show it; one that was converted into it does."""
    world = World()
    customer = known_customer(world, "qian")
    lead = lead_with(world)
    with pytest.raises(sf.NotFound):
        world.acting("li").customers.get(customer.id)
    world.acting("root").leads.convert(lead.id, customer=customer.id)
    assert world.acting("li").customers.get(customer.id) == customer
    assert link_of(world, lead) == Duplicate("customer", customer.id, "Mr Wang")


def test_what_one_may_know_follows_sight():
    """VIS-20, LEAD-12: shared with li, the name is told from the next call on; and no more once it is taken away."""
    world = World()
    known_customer(world, "qian")
    lead = lead_with(world)
    rule = world.flow.sharing.create(from_person="qian", to_person="li", access=sf.Access.READ)
    link = link_of(world, lead)
    assert link is not None
    assert link.name == "Mr Wang"
    world.flow.sharing.delete(rule)
    assert link_of(world, lead) == UNSEEN


def test_whoever_hides_the_lead_that_showed_them_the_customer_is_told_no_more():
    """LEAD-12, VIS-20, VIS-21, HIST-3: with the lead the sight of what it became goes, the first time and again."""
    world = World()
    customer = known_customer(world, "qian")
    lead = world.acting("root").leads.convert(lead_with(world), customer=customer.id).lead
    assert link_of(world, lead) == Duplicate("customer", customer.id, "Mr Wang")
    for _ in range(2):
        assert world.acting("li").once("key").leads.void(lead.id).duplicate_of == UNSEEN


def test_what_is_gone_reads_as_what_is_hidden():
    """VIS-17: the link to a record that was deleted tells no more than one to a record that may not be seen."""
    for revealed in (False, True):
        world = World(settings=sf.Settings(reveal_duplicates=revealed))
        lead = world.place(lead_with(world), duplicate_of=Duplicate("customer", "gone"))
        assert link_of(world, lead, "root") == UNSEEN


def test_the_card_of_a_pools_lead_tells_nothing_of_it():
    """LEAD-12, VIS-18: whoever may only claim it learns of the duplicate once it is theirs."""
    world = World()
    customer = known_customer(world, "zhang")
    world.pooled()
    lead = world.acting("root").leads.create(title="A", phone=PHONE, owner=None)
    assert lead.duplicate_of == Duplicate("customer", customer.id, "Mr Wang")
    card = world.acting("li").leads.get(lead.id)
    assert isinstance(card, sf.LeadCard)
    assert "duplicate" not in repr(card)
    assert world.acting("li").leads.claim(lead.id).duplicate_of == UNSEEN


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("customer", "lead", "retype", "forget")), st.sampled_from(("li", "qian", "zhang")),
        st.integers(0, 2), st.sampled_from(DRESSED),
    ),
    max_size=14,
)  # fmt: skip


@pytest.fixture(scope="module")
def memory_engine():
    """An engine on a SQLite database in memory, with the store's tables."""
    engine = prepared_engine("sqlite://")
    yield engine
    engine.dispose()


@given(steps=STEPS, is_sql=st.booleans())
@settings(max_examples=30)
def test_every_hint_is_that_of_a_search_by_hand(
    memory_engine: Any, steps: list[tuple[str, str, int, str]], is_sql: bool
):
    """LEAD-12, I-38: whatever was before, a link is what a look at every record gives, and no key is held twice."""
    world = World(store=fresh_store(memory_engine) if is_sql else sf.MemoryStore())
    store = world.ports["store"]

    def everything(kind: str) -> list[Any]:
        return list(store.query(Query(kind, EVERYTHING, "created_at")))

    for number, (what, by, which, dress) in enumerate(steps):
        world.clock.move(timedelta(minutes=1))
        phone = dress[:-1] + str(which) if dress[-1].isascii() else dress
        key = f"phone:{PlainKeys()('phone', phone)}"
        customers = everything("customer")
        known = [one for one in (*customers, *everything("lead")) if key in known_by(one)]
        is_taken = any(one.KIND == "customer" for one in known)
        make = partial(known_customer, world, by, phone=phone)
        if what == "customer":
            assert not codes_of(make) - {"customer_exists", "customer_exists_unseen"} if is_taken else make()
        elif what == "lead":
            lead = store.get("lead", lead_with(world, phone, by).id)
            assert lead.duplicate_of == (Duplicate(known[0].KIND, known[0].id) if known else None)
            sold = evolve(lead, id=f"sold {number}", quote_number="Q1")
            event = created(sold, at=world.clock.now(), by="test", operation="test")
            store.save(UnitOfWork((Write("lead", sold.id, 0, sold, (event,)),)))
        elif customers and not is_taken:
            world.acting("root").customers.edit(customers[-1].id, phone=phone if what == "retype" else None)
        held = [key for one in everything("customer") for key in one.match_keys]
        assert len(held) == len(set(held))
