"""
SCENE-2: Ms Qian's telephone number is Mr Wang's (a Chinese CRM's example of the shared customer, 共享客户).

Mr Wang's lead became a customer. A lead for Ms Qian comes in with the same number: it is linked to his customer, and
making a second customer of it is refused, while using the existing one is offered.
"""

from __future__ import annotations

import pytest

import salesflow as sf
from salesflow.testing import CountingIds, FixedClock


def test_two_leads_with_one_phone_number():
    """SCENE-2, LEAD-12, LEAD-6: linked on save, refused with an offer on convert, and converted into what is there."""
    employees = [sf.Employee("head"), sf.Employee("liu", manager="head"), sf.Employee("chen", manager="head")]
    flow = sf.SalesFlow(
        store=sf.MemoryStore(), organization=sf.Organization(employees), processes=sf.templates.builtin(),
        clock=FixedClock(), ids=CountingIds(),
    )  # fmt: skip
    liu, chen, head = (flow.acting_as(person) for person in ("liu", "chen", "head"))

    # Mr Wang's lead is converted: his number is known from then on.
    wang = liu.leads.create(title="Kitchen for Mr Wang", contact="Mr Wang (王先生)", phone="139 1234 5678")
    assert wang.duplicate_of is None
    customer = liu.leads.convert(wang, customer=sf.NewCustomer("Mr Wang (王先生)")).customer
    assert customer is not None
    assert customer.phone == "139 1234 5678"

    # Ms Qian's lead, typed in another dress, is linked to his customer when it is saved.
    qian = liu.leads.create(title="Kitchen for Ms Qian", contact="Ms Qian (钱女士)", phone="+86 139-1234-5678")
    assert qian.duplicate_of == sf.Duplicate("customer", customer.id, "Mr Wang (王先生)")
    assert [str(event.kind) for event in liu.leads.history(qian)] == ["created", "lead_linked"]

    # A second conversion is refused, and says which customer to use.
    with pytest.raises(sf.Refused) as refused:
        liu.leads.convert(qian, customer=sf.NewCustomer("Ms Qian (钱女士)"))
    (reason,) = refused.value.reasons
    assert reason == sf.Reason("customer_exists", field="phone", customer=customer.id, name="Mr Wang (王先生)")
    assert liu.leads.get(qian) == qian
    assert liu.customers.count() == 1

    # The offer: the same conversion into the existing one; Ms Qian becomes its contact.
    made = liu.leads.convert(qian, customer=customer.id, contact=sf.NewContact("Ms Qian (钱女士)"))
    assert (made.lead.status, made.customer) == ("converted", customer)
    assert made.contact is not None
    assert made.contact.customer == customer.id
    assert liu.customers.count() == 1

    # A colleague who does not see Mr Wang is told that the number is known, and no more; the superior of both sees it.
    third = chen.leads.create(title="Kitchen", phone="0086 139 1234 5678")
    assert third.duplicate_of == sf.Duplicate()
    with pytest.raises(sf.Refused) as refused:
        chen.leads.convert(third, customer=sf.NewCustomer("Somebody"))
    assert refused.value.reasons == (sf.Reason("customer_exists_unseen", field="phone"),)
    (seen,) = [lead for lead in head.leads.list().items if lead.id == third.id]
    assert isinstance(seen, sf.Lead)
    assert seen.duplicate_of == sf.Duplicate("customer", customer.id, "Mr Wang (王先生)")
    assert head.leads.convert(third.id, customer=customer.id).lead.status == "converted"
