"""What one person may do with customers (客户) and contacts (联系人)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, TypedDict, TypeVar, Unpack

from attrs import evolve

from salesflow.app import intents
from salesflow.app.case import Case, Made
from salesflow.app.duplicates import against_keys, keys_of
from salesflow.app.execution import Execution
from salesflow.app.history import Readable
from salesflow.app.paging import Page
from salesflow.model import Contact, Customer, Decision, Reason, apply, created
from salesflow.model.requests import NewContact, NewCustomer, named
from salesflow.ports import Write
from salesflow.process import edit_party, follow_customer, refused
from salesflow.visibility import FieldCompare, Names, all_of

PartyT = TypeVar("PartyT", Customer, Contact)


class CustomerChanges(TypedDict, total=False):
    """The fields that `CustomerDesk.edit` takes; what is left out stays."""

    name: str
    owner: str
    phone: str | None
    email: str | None
    industry: str | None
    custom: Mapping[str, Any]


class ContactChanges(TypedDict, total=False):
    """The fields that `ContactDesk.edit` takes; what is left out stays."""

    name: str
    customer: str | None
    phone: str | None
    email: str | None
    title: str | None
    custom: Mapping[str, Any]


class CustomerDesk(Readable[Customer]):
    """Every operation on customers, each checked against what the person may see and do."""

    def __init__(self, execution: Execution) -> None:
        super().__init__(execution, "customer")

    def create(
        self, name: str, *, phone: str | None = None, email: str | None = None, industry: str | None = None,
        owner: str | None = None,
    ) -> Customer:  # fmt: skip
        """
        Create a customer.

        Args:
            owner: Who keeps it; None means the acting employee, and nobody where an administrator is none.

        Raises:
            Refused: `person_unknown`, `not_permitted`; another customer has its key: `customer_exists`, and of one
                that the person may not see `customer_exists_unseen` or `customer_exists_named`.

        Source: CUS-1, LEAD-12.
        """
        asked = NewCustomer(name, phone=phone, email=email, industry=industry)
        run = self._execution
        given = (phone, email, industry, owner)
        if owner is not None:
            named(owner, "owner")

        def decide() -> Made[Customer]:
            case = run.blank()
            customer = Customer(
                id=case.kernel.new_id("customer"), version=1, name=asked.name, phone=phone, email=email,
                industry=industry, owner=_keeper(case) if owner is None else owner,
                created_at=case.now, created_by=run.person, updated_at=case.now,
            )  # fmt: skip
            customer = evolve(customer, match_keys=keys_of(case.kernel, customer))
            return _made(case, customer, "customers.create", None)

        return run.make("customers.create", name, given, decide)

    def get(self, customer: Customer | str) -> Customer:
        """
        Return the customer as it is now.

        Source: VIS-17, VIS-21.
        """
        return self._get(customer)

    def list(
        self, scene: str = "all", *, order_by: str | None = None, limit: int = 50, after: str | None = None
    ) -> Page[Customer]:
        """
        Return one page of the customers that the person sees in *scene*.

        Source: VIS-21.
        """
        return self._page(scene, order_by, limit, after)

    def edit(self, customer: Customer | str, **changes: Unpack[CustomerChanges]) -> Customer:
        """
        Change exactly the named fields. Contacts that its owner keeps go with it to another owner.

        Raises:
            Refused: `person_unknown`, `not_permitted`; another customer has a key that it would get: `customer_exists`,
                and of one that the person may not see `customer_exists_unseen` or `customer_exists_named`.

        Source: CUS-1, LEAD-12, ACC-22.
        """
        return self._change("edit", customer, _edit, changes, beside=partial(_followers, changes))


class ContactDesk(Readable[Contact]):
    """Every operation on contacts, each checked against what the person may see and do."""

    def __init__(self, execution: Execution) -> None:
        super().__init__(execution, "contact")

    def create(
        self, name: str, *, customer: str | None = None, phone: str | None = None, email: str | None = None,
        title: str | None = None,
    ) -> Contact:  # fmt: skip
        """
        Create a contact, who belongs to the acting person.

        Args:
            customer: The id of the customer they are at, which the person can see; or None.

        Raises:
            Refused: `customer_unknown`, `not_permitted`.

        Source: CUS-1.
        """
        asked = NewContact(name, phone=phone, email=email, title=title)
        run = self._execution
        given = (customer, phone, email, title)
        if customer is not None:
            named(customer, "customer")

        def decide() -> Made[Contact]:
            case = run.blank()
            contact = Contact(
                id=case.kernel.new_id("contact"), version=1, name=asked.name, customer=customer, phone=phone,
                email=email, title=title, owner=_keeper(case),
                created_at=case.now, created_by=run.person, updated_at=case.now,
            )  # fmt: skip
            return _made(case, contact, "contacts.create", customer)

        return run.make("contacts.create", name, given, decide)

    def get(self, contact: Contact | str) -> Contact:
        """
        Return the contact as it is now.

        Source: VIS-17, VIS-21.
        """
        return self._get(contact)

    def list(
        self, scene: str = "all", *, order_by: str | None = None, limit: int = 50, after: str | None = None
    ) -> Page[Contact]:
        """
        Return one page of the contacts that the person sees in *scene*.

        Source: VIS-21.
        """
        return self._page(scene, order_by, limit, after)

    def edit(self, contact: Contact | str, **changes: Unpack[ContactChanges]) -> Contact:
        """
        Change exactly the named fields. Whoever may edit the contact's customer, or one of its opportunities, may do
        this too.

        Source: CUS-1, ACC-22.
        """
        return self._change("edit", contact, _edit, changes, access=_editors)


def _keeper(case: Case) -> str | None:
    """Whose a new record is where nobody else is named."""
    return case.person if case.sight.is_employee(case.person) else None


def _made(case: Case, record: PartyT, operation: str, customer: str | None) -> Made[PartyT]:
    event = created(record, at=case.now, by=case.person, operation=operation)
    reasons: list[Reason] = intents.employee_reasons(case, record.owner) + intents.party_reasons(case, customer, None)
    return Made(case, record, (event,), (*reasons, *_taken(case, record)))


def _taken(case: Case, record: Customer | Contact, held: tuple[str, ...] = ()) -> list[Reason]:
    """LEAD-12: why the record cannot have its keys; those that it *held* before are its own."""
    if not isinstance(record, Customer):
        return []
    keys = [key for key in record.match_keys if key not in held]
    return against_keys(case.kernel, case.sight, case.person, record, keys)


def _editors(case: Case) -> tuple[str, tuple[str, ...]]:
    """ACC-22: who may edit the contact's customer, or an opportunity of it, in their own right, counts too."""
    sight, person, contact = case.sight, case.person, case.record

    def may(operation: str, record: Any) -> bool:
        return not sight.refusals(person, operation, record) and not sight.is_override(person, operation, record)

    customer = None if contact.customer is None else case.get("customer", contact.customer)
    if customer is not None and sight.can_see(person, customer) and may("customers.edit", customer):
        return "contacts.edit", (person,)
    its_own = all_of((Names("contact", contact.id), sight.filter(person, "opportunity")))
    deals = case.kernel.query("opportunity", its_own)
    return "contacts.edit", (person,) if any(may("opportunities.edit", deal) for deal in deals) else ()


def _followers(changes: Mapping[str, Any], case: Case) -> tuple[Write, ...]:
    """CUS-1: what is written of the customer's contacts when it goes to another owner."""
    customer, owner = case.record, changes.get("owner")
    if not isinstance(owner, str) or owner == customer.owner:
        return ()
    writes = []
    for contact in case.kernel.query("contact", FieldCompare("customer", "==", customer.id)):
        events = follow_customer(contact, customer, owner, by=case.person, at=case.now).events
        if events:
            writes.append(Write("contact", contact.id, contact.version, apply(contact, events), events))
    return tuple(writes)


def _edit(case: Case, changes: Mapping[str, object]) -> Decision:
    """CUS-1, LEAD-12. A new owner works here; a new customer is there for the person who names it; a key is free."""
    record = case.record
    keys = partial(keys_of, case.kernel) if isinstance(record, Customer) else None
    decision = edit_party(record, changes, by=case.person, at=case.now, keys_of=keys)
    owner, customer = changes.get("owner"), changes.get("customer")
    reasons = intents.employee_reasons(case, owner if isinstance(owner, str) else None)
    reasons += intents.party_reasons(case, customer, None)
    if isinstance(record, Customer):
        reasons += _taken(case, apply(record, decision.events), record.match_keys)
    return refused(*reasons) if reasons else decision
