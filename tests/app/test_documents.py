"""Documents through the facade: issued once and whole, numbered by the application, found with what they are for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import StringIO
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.errors import PortError
from salesflow.files.json_codec import from_json
from salesflow.model import DocumentKind, check, replay
from salesflow.ports import UnitOfWork
from tests.app.situations import from_a_lead, quote_of_a_customer, quote_of_a_lead, with_accepted_quote
from tests.app.test_races import Overtaken
from tests.app.world import LINES, BareStore, World, codes, kinds

TOTAL = sf.Money("1200833.33", "CNY")
HALF: Any = 0.5
"""No exact number."""


def test_from_quote_to_paid_invoice():
    """OPP-13: quote, accepted, contract, order in one step, invoice, paid; each with its lines and where it is from."""
    world = World()
    li = world.acting("li")
    deal = world.deal()
    quote, deal = _both(li.opportunities.issue_quote(deal, LINES))
    quote = li.documents.accept(quote)
    contract, deal = _both(li.opportunities.issue_contract(deal, source=quote))
    order, deal = _both(li.opportunities.issue_order(deal, source=quote))
    invoice, deal = _both(li.opportunities.issue_invoice(deal, source=order.id))
    assert {paper.total for paper in (quote, contract, order, invoice)} == {TOTAL}
    assert {paper.lines for paper in (quote, contract, order, invoice)} == {tuple(LINES)}
    assert [paper.source_document for paper in (quote, contract, order, invoice)] == [
        None, "quote:Q-1", "quote:Q-1", "order:O-1",
    ]  # fmt: skip
    assert [deal.quote_number, deal.contract_number, deal.order_number, deal.invoice_number] == [
        "Q-1", "C-1", "O-1", "I-1",
    ]  # fmt: skip
    assert invoice.paid == sf.Money(0, "CNY")
    invoice = li.documents.record_payment(invoice, sf.Money("1000000", "CNY"))
    invoice = li.documents.record_payment(invoice, sf.Money("200833.33", "CNY"))
    assert invoice.paid == TOTAL
    assert kinds(li.documents.history(invoice)) == ("created", "payment_recorded", "payment_recorded")
    assert li.documents.as_of(quote, world.clock.now()) == quote
    assert kinds(li.opportunities.history(deal)[-4:]) == ("document_issued",) * 4


def _both(issued: sf.IssuedDocument[sf.Opportunity]) -> tuple[sf.Document, sf.Opportunity]:
    return issued.document, issued.record


def test_an_order_without_quote_an_invoice_without_order_and_a_document_on_a_customer_alone():
    """OPP-13: none of them needs another."""
    world = World()
    li = world.acting("li")
    deal = li.opportunities.issue_order(world.deal(), LINES).record
    assert li.opportunities.issue_invoice(deal, LINES[:1]).document.source_document is None
    customer = world.customer()
    alone = li.documents.issue(customer, DocumentKind.CONTRACT, LINES)
    assert (alone.document.belongs_to, alone.record) == (("customer", customer.id), customer)


def test_a_lead_remembers_its_numbers():
    """LEAD-7: the quote (销售意向单) and the contract (销售合同); those of the opportunity that it became too."""
    world = World()
    li = world.acting("li").leads
    quote = li.quote(world.lead(), LINES)
    assert (quote.record.quote_number, quote.document.kind, quote.document.lead) == ("Q-1", "quote", "lead-1")
    world.acting("li").documents.accept(quote.document)
    order = li.order(quote.record, source=quote.document.id)
    assert (order.record.contract_number, order.document.kind) == ("C-1", "contract")
    deal = from_a_lead(world)
    issued = world.acting("li").opportunities
    issued.issue_quote(issued.issue_order(deal, LINES).record, LINES)
    assert deal.source_lead == "lead-2"
    lead: Any = world.acting("li").leads.get("lead-2")
    assert (lead.quote_number, lead.contract_number, lead.has_documents) == ("Q-2", None, True)
    assert kinds(world.acting("li").leads.history(lead))[-1] == "document_issued"


@pytest.mark.parametrize("is_voided", [False, True])
def test_a_voided_lead_is_left_as_it_was(is_voided: bool):
    """LEAD-10, OPP-13: its deal's quote is issued all the same, and not written back to what nobody sees."""
    world = World()
    deal = from_a_lead(world)
    if is_voided:
        world.acting("root").leads.void("lead-1")
    before = world.store.get("lead", "lead-1")
    assert world.acting("li").opportunities.issue_quote(deal, LINES).document.number == "Q-1"
    assert (world.store.get("lead", "lead-1") == before) == is_voided


def test_the_quote_of_a_lead_that_was_merged_since_is_still_the_deals():
    """LEAD-15, OPP-13: the quote moved to the survivor, which the deal's own lead leads to, and numbers go there."""
    world = World()
    li = world.acting("li")
    quoted = li.leads.quote(world.lead(), LINES)
    asked = sf.NewOpportunity("A", process="crm2000")
    made = li.leads.convert(quoted.record, customer=sf.NewCustomer("A"), opportunity=asked)
    deal: Any = made.opportunity
    quote = li.documents.accept(quoted.document)
    survivor = world.acting("zhang").leads.merge(world.lead(phone="138"), made.lead)
    other = li.documents.accept(li.leads.quote(world.converted_lead(), LINES).document)
    with pytest.raises(sf.Refused) as refused:
        li.opportunities.issue_contract(deal, source=other)
    assert codes(refused.value) == {"source_elsewhere"}
    contract, deal = _both(li.opportunities.issue_contract(deal, source=quote.id))
    assert (contract.source_document, contract.lines) == (quote.id, tuple(LINES))
    numbers = {id: world.store.get("lead", id) for id in (survivor.id, made.lead.id)}
    assert {id: lead and lead.contract_number for id, lead in numbers.items()} == {
        survivor.id: contract.number, made.lead.id: None,
    }  # fmt: skip
    world.acting("zhang").leads.unmerge(survivor.id)
    order, deal = _both(li.opportunities.issue_order(deal, source=quote.id))
    assert order.source_document == quote.id


def test_whoever_issues_for_a_deal_needs_no_right_to_its_lead_and_learns_nothing_of_it():
    """OPP-13, VIS-17, REL-11: the number is written back unasked; the result holds the deal, and no lead."""
    world = World()
    qian = world.acting("qian")
    lead, asked = qian.leads.create(title="A", phone="1"), sf.NewOpportunity("A", process="crm2000")
    deal = qian.leads.convert(lead, customer=sf.NewCustomer("Acme"), opportunity=asked).opportunity
    assert deal is not None
    deal = qian.opportunities.add_member(deal, "li", role="sales", access=sf.Access.READ_WRITE)
    with pytest.raises(sf.NotFound):
        world.acting("li").leads.get(lead.id)
    issued = world.acting("li").opportunities.issue_quote(deal, LINES)
    assert issued.record.KIND == "opportunity"
    assert world.acting("li").once("k").opportunities.issue_quote(deal.id, LINES).record.id == deal.id
    mine: Any = qian.leads.get(lead.id)
    assert mine.quote_number == "Q-2"


class Numbering:
    """A numbering in the test's hands."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[sf.Document] = []

    def number(self, document: sf.Document) -> Any:
        """Return the next answer, or raise it."""
        self.asked.append(document)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_the_numbering_is_told_what_it_numbers_and_only_of_what_is_issued():
    """OPP-13: the whole document but its number; what is refused uses none."""
    numbers = Numbering("2026-001")
    world = World(documents=numbers)
    deal = world.deal()
    for lines in ((), [evolve(LINES[0], unit_price=sf.Money(1, "USD")), LINES[1]]):
        with pytest.raises(sf.Refused):
            world.acting("li").opportunities.issue_quote(deal, lines)
    with pytest.raises(sf.Refused):
        world.acting("root").leads.quote(world.lead(owner=None), LINES)
    assert numbers.asked == []
    issued = world.acting("li").opportunities.issue_quote(deal, LINES).document
    (draft,) = numbers.asked
    assert (draft.id, draft.number) == ("", "")
    assert evolve(draft, id=issued.id, number=issued.number) == issued
    assert issued.id == "quote:2026-001"


@pytest.mark.parametrize(
    "answer", ["", " ", "a\nb", "x" * 101, None, 7, b"Q-1", "a\u202eb", RuntimeError("down"), sf.Refused]
)
def test_a_numbering_that_fails_or_gives_no_number_breaks_its_contract(answer: Any):
    """OPP-13, REL-7: a typed error that says whose fault it is, and nothing of it is saved."""
    world = World(documents=Numbering(answer))
    deal = world.deal()
    before = world.everything()
    with pytest.raises(PortError, match="port documents"):
        world.acting("li").opportunities.issue_quote(deal, LINES)
    assert world.everything() == before


def test_a_number_is_given_once_per_kind():
    """OPP-13: a second quote of one number is the numbering's mistake; a contract of that number is none."""
    world = World(documents=Numbering("7", "7", "7", "x" * 100))
    li = world.acting("li").opportunities
    deal = li.issue_quote(world.deal(), LINES).record
    before = world.everything()
    with pytest.raises(PortError, match="gave the number '7', which another quote has"):
        li.issue_quote(deal, LINES)
    assert world.everything() == before
    assert li.issue_contract(deal, LINES).document.id == "contract:7"
    assert len(li.issue_contract(deal.id, LINES).document.id) == len("contract:") + 100


class RecordsFirst(Overtaken):
    """A store that tells of the document that is there already, and not of the key."""

    def save(self, unit: UnitOfWork) -> None:
        """Save, and name the document where there is a conflict."""
        try:
            super().save(unit)
        except sf.Conflict:
            raise sf.Conflict("document", unit.writes[0].id, 0, 1) from None


@pytest.mark.parametrize("through", [Overtaken, RecordsFirst])
def test_with_a_key_one_document_is_issued_though_the_numbering_repeats_itself(through: Any):
    """HIST-3, OPP-13: repeated with its key it gives the first document; of two at once too, whatever their numbers."""
    world = World(documents=Numbering("7", "7"), through=through)
    deal = world.deal()
    rival = sf.SalesFlow(**{**world.ports, "store": world.store}).acting_as("li").once("k").opportunities
    first: list[Any] = []
    world.ports["store"].others = [lambda: first.append(rival.issue_quote(deal.id, LINES))]
    again = world.acting("li").once("k").opportunities.issue_quote(deal.id, LINES)
    assert [again] == first
    assert world.acting("li").once("k").opportunities.issue_quote(deal.id, LINES) == again
    assert world.acting("li").documents.count() == 1
    with pytest.raises(sf.InvalidInput, match="was used for another request"):
        world.acting("li").once("k").opportunities.issue_quote(deal.id, LINES[:1])


@pytest.mark.parametrize("of", ["deal", "lead"])
def test_a_document_is_decided_anew_by_id_and_keeps_its_number(of: str):
    """HIST-3: overtaken by an edit, the same number is used; overtaken for ever, nothing is left behind."""
    world = World(through=Overtaken)
    rival = sf.SalesFlow(**{**world.ports, "store": world.store}).acting_as("zhang")
    record: Any = world.deal() if of == "deal" else world.lead()
    desk: Any = world.acting("li").opportunities if of == "deal" else world.acting("li").leads
    theirs: Any = rival.opportunities if of == "deal" else rival.leads
    issue = desk.issue_quote if of == "deal" else desk.quote

    def edits(times: int) -> list[Callable[[], Any]]:
        return [partial(theirs.edit, record.id, custom={"n": n, "times": times}) for n in range(times)]

    world.ports["store"].others = edits(2)
    issued = issue(record.id, LINES)
    assert issued.document.number == "Q-1"
    assert check(issued.document) == []
    world.ports["store"].others = edits(9)
    with pytest.raises(sf.Conflict):
        issue(record.id, LINES)
    assert world.store.get("document", "quote:Q-2") is None
    with pytest.raises(sf.Conflict):
        issue(record, LINES)


class Breaking:
    """A store that fails at a save."""

    def __init__(self, store: sf.MemoryStore) -> None:
        self._store, self.is_broken = store, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save(self, unit: UnitOfWork) -> None:
        """Fail where told to."""
        if self.is_broken:
            raise OSError("disk full")
        self._store.save(unit)


def test_document_deal_and_lead_are_saved_together_or_not_at_all():
    """HIST-3, REL-7: one unit of work for all three."""
    world = World(through=Breaking)
    deal = from_a_lead(world)
    before, saved = world.everything(), len(world.outbox())
    world.ports["store"].is_broken = True
    with pytest.raises(PortError):
        world.acting("li").opportunities.issue_quote(deal, LINES)
    assert world.everything() == before
    world.ports["store"].is_broken = False
    world.acting("li").opportunities.issue_quote(deal, LINES)
    events = world.outbox(saved)
    assert [(event.record_kind, event.kind) for event in events] == [
        ("document", "created"), ("opportunity", "document_issued"), ("lead", "document_issued"),
    ]  # fmt: skip
    assert {event.operation for event in events} == {"opportunities.issue_quote"}
    assert replay(world.store.events("document", "quote:Q-2")) == world.store.get("document", "quote:Q-2")


def test_a_source_that_may_not_be_seen_is_not_there():
    """VIS-17: nor is one that is stale what was decided on."""
    world = World()
    hidden = world.acting("qian").documents.issue(world.customer("qian"), "order", LINES).document
    deal = world.deal()
    li = world.acting("li").opportunities
    for source in (hidden, hidden.id, "order:none"):
        with pytest.raises(sf.NotFound) as missing:
            li.issue_invoice(deal, source=source)
        assert missing.value.kind == "document"
    deal = with_accepted_quote(world)
    with pytest.raises(sf.Conflict):
        li.issue_order(deal, source=evolve(world.acting("li").documents.get("quote:Q-1"), version=1))


def full(world: World) -> World:
    """Fill it with documents of deals, leads and customers, of li and of qian."""
    world.quote()
    world.invoice()
    quote_of_a_lead(world)
    quote_of_a_customer(world)
    world.acting("qian").documents.issue(world.customer("qian"), "invoice", LINES)
    return world


@pytest.mark.parametrize("through", [None, BareStore])
def test_documents_are_listed_by_what_they_are_for(through: Any):
    """OPP-13, VIS-16: of a scene, a deal, a lead, a customer, a kind; page by page; whoever sees the deal sees them."""
    world = full(World(through=through))
    for person, expected in (("li", 4), ("zhang", 4), ("chen", 0), ("qian", 1), ("root", 5)):
        desk = world.acting(person).documents
        assert desk.count() == len(desk.list().items) == expected
    li = world.acting("li").documents

    def ids(**asked: Any) -> list[str]:
        return [paper.id for paper in li.list(order_by="id", **asked).items]

    assert ids(opportunity="opportunity-1") == ["quote:Q-1"]
    assert ids(opportunity=world.acting("li").opportunities.get("opportunity-2")) == ["invoice:I-1"]
    assert ids(lead="lead-1") == ["quote:Q-2"]
    assert ids(customer="customer-1") == ["quote:Q-1"]
    assert ids(customer="customer-3") == ["quote:Q-3"]
    assert ids(kind="quote") == ids(kind=DocumentKind.QUOTE) == ["quote:Q-1", "quote:Q-2", "quote:Q-3"]
    assert ids(kind="quote", customer="customer-1", opportunity="opportunity-1") == ["quote:Q-1"]
    assert ids(kind="order") == ids(customer="none") == ids(scene="won") == []
    assert ids(scene="mine") == ids()
    assert len(world.acting("zhang").documents.list("subordinates").items) == 4
    page = li.list(limit=3, order_by="-number")
    assert [paper.number for paper in page.items] == ["Q-3", "Q-2", "Q-1"]
    rest = li.list(limit=3, order_by="-number", after=page.after)
    assert ([paper.number for paper in rest.items], rest.has_more) == (["I-1"], False)
    assert li.list().items == li.list(order_by="-created_at").items
    wrong: list[dict[str, Any]]
    wrong = [{"kind": "bill"}, {"scene": "theirs"}, {"order_by": "total"}, {"opportunity": 7}, {"limit": 0}]
    for asked in wrong:
        with pytest.raises(sf.InvalidInput):
            li.list(**asked)


def test_of_a_deal_that_is_voided_documents_are_the_administrators():
    """OPP-10, VIS-13: hidden with it, in their list of what is voided, and there again with it."""
    world = World()
    quote = world.quote()
    world.voided(world.acting("li").opportunities.get(quote.opportunity or ""))
    with pytest.raises(sf.NotFound):
        world.acting("li").documents.get(quote)
    root = world.acting("root").documents
    assert root.get(quote) == quote
    assert (root.count(), root.count("voided"), world.acting("li").documents.count()) == (0, 1, 0)
    with pytest.raises(sf.Refused) as refused:
        root.accept(quote)
    assert codes(refused.value) == {"is_voided"}
    world.acting("root").opportunities.unvoid(quote.opportunity or "")
    assert world.acting("li").documents.get(quote) == quote


def test_why_a_document_is_seen():
    """VIS-15: through the deal; whoever does not see it is told nothing."""
    world = World()
    quote = world.quote()
    assert "visible: opportunity opportunity-1 -> owner li -> manager zhang" in str(world.flow.why("zhang", quote.id))
    assert str(world.acting("li").why("li", quote)) == "visible: opportunity opportunity-1 -> owner li"
    assert set(world.flow.who_can_see(quote)) == {"li", "zhang", "sun", "root"}
    assert set(world.acting("zhang").who_can_see(quote.id)) == {"zhang", "li"}
    with pytest.raises(sf.NotFound):
        world.acting("qian").why("qian", quote)


def test_documents_are_exported_as_they_are_seen():
    """IO-2: CSV with one column a field, JSON that comes back equal."""
    world = full(World())
    li = world.acting("li")
    table, text = StringIO(), StringIO()
    assert li.files.export_csv("all", table, kind="document") == 4
    header, first, *_ = table.getvalue().splitlines()
    assert header.split(",")[:6] == ["id", "kind", "number", "total", "paid", "currency"]
    assert first.split(",")[:6] == ["invoice:I-1", "invoice", "I-1", "1200833.33", "0", "CNY"]
    assert li.files.export_json("all", text, kind="document") == 4
    lines = [line.rstrip(",") for line in text.getvalue().splitlines()[1:-1]]
    assert [from_json(line) for line in lines] == list(li.documents.list(order_by="id").items)


def test_what_a_document_belongs_to_may_be_gone_in_a_broken_store():
    """REL-7: administrators still read it; nothing can be done with it."""
    world = World()
    lost = world.place(world.quote(), id="lost", opportunity="gone", customer=None)
    assert world.acting("root").documents.get("lost") == lost
    with pytest.raises(sf.NotFound):
        world.acting("root").documents.accept("lost")
    with pytest.raises(sf.NotFound):
        world.acting("li").documents.get("lost")
    nobodys = world.place(world.quote(), id="nobodys", opportunity=None, customer=None)
    with pytest.raises(sf.NotFound):
        world.acting("root").documents.accept(nobodys)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda a: a.opportunities.issue_quote("opportunity-1", "crm"), "lines"),
        (lambda a: a.opportunities.issue_quote("opportunity-1", [5]), "lines"),
        (lambda a: a.opportunities.issue_quote("opportunity-1", [LINES[0], LINES[0]]), "lines"),
        (lambda a: a.opportunities.issue_quote("opportunity-1", [evolve(LINES[0], quantity=HALF)]), "lines.quantity"),
        (lambda a: a.opportunities.issue_quote("opportunity-1", [evolve(LINES[0], name="")]), "lines.name"),
        (lambda a: a.opportunities.issue_order("opportunity-1", source=7), "document"),
        (lambda a: a.documents.issue("customer-1", "bill", LINES), "kind"),
        (lambda a: a.documents.record_payment("invoice:I-1", 5), "amount"),
        (lambda a: a.documents.record_payment("invoice:I-1", sf.Money(0, "CNY")), "amount"),
        (lambda a: a.documents.record_payment("invoice:I-1", sf.Money(1, "USD")), "currency"),
    ],
)
def test_malformed_input_is_the_calling_codes_mistake(call: Callable[[Any], Any], what: str):
    """REL-8: named, and nothing is saved."""
    world = World()
    world.invoice()
    before = world.everything()
    with pytest.raises(sf.InvalidInput) as invalid:
        call(world.acting("li"))
    assert invalid.value.what == what
    assert world.everything() == before


def test_a_port_without_its_method_is_no_numbering():
    """OPP-13: told when the flow is made."""
    with pytest.raises(sf.InvalidInput, match="documents"):
        World(documents=object())
