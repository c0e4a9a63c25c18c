"""Each reason that an operation's own rules give; what all operations share is in `test_operations`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import salesflow as sf
from salesflow.model import DocumentKind, ReviewState
from salesflow.visibility import VisibilityPolicy
from tests.app.calls import OPPORTUNITY, Do, No, change_to, jump_to
from tests.app.lead_refusals import REFUSED as LEAD_REFUSALS
from tests.app.situations import (
    a_brochure,
    a_competitor,
    a_competitor_in_use,
    a_competitor_with_literature,
    a_customer_beside_a_hidden_one,
    a_customer_beside_a_known_one,
    a_pool,
    a_source,
    after,
    arrived,
    at_the_ceiling,
    complete,
    contact_elsewhere,
    disabled,
    fast,
    gated_last,
    guarded,
    in_negotiation,
    just_lost,
    nothing,
    of_a_hidden_customer,
    of_a_known_customer,
    owing_nothing_filled,
    pool_in_use,
    quote_of_a_customer,
    quote_of_a_lead,
    quoted,
    quoted_lead,
    shared_in_department,
    two_waiting,
    unassigned,
    with_competitor,
    with_order,
    with_task_done,
)  # fmt: skip
from tests.app.world import LARGE, LINES, SMALL, TODAY, World

STRICT = {"visibility": VisibilityPolicy(administrators_operate=False)}


REVEALING = {"settings": sf.Settings(reveal_duplicates=True)}


def no_lead(operation: str, by: str, do: Do) -> list[No]:
    """What every operation on a lead is refused for: the lead is disabled (by itself a state), or not one's own."""
    disabled = [No(operation, by, lambda w: w.place(w.lead(), disabled=True), do, "is_disabled")]
    return [] if operation == "leads.void" else disabled


FOLLOW_UP: Do = lambda desk, r: desk.follow_up(r, "rang")  # noqa: E731 - one of a table of lambdas
EDIT: Do = lambda desk, r: desk.edit(r, title="B")  # noqa: E731
RECYCLE: Do = lambda desk, r: desk.recycle(r, reason="no time")  # noqa: E731
DISQUALIFY: Do = lambda desk, r: desk.disqualify(r, reason="spam")  # noqa: E731
CONVERT: Do = lambda desk, r: desk.convert(r, customer=sf.NewCustomer("Acme"))  # noqa: E731
CUSTOMER: Do = lambda desk, _: desk.create("A", phone="139 1234 5678")  # noqa: E731
PHONED: Do = lambda desk, r: desk.edit(r, phone="139 1234 5678")  # noqa: E731
CLAIM: Do = lambda desk, r: desk.claim(r)  # noqa: E731
ASSIGN: Do = lambda desk, r: desk.assign(r, "chen")  # noqa: E731
ACCEPT: Do = lambda desk, r: desk.accept(r)  # noqa: E731
PAY: Do = lambda desk, r: desk.record_payment(r, sf.Money(1, "CNY"))  # noqa: E731


def converts_into(**asked: Any) -> Do:
    return lambda desk, r: desk.convert(r, **asked)


def creates(**asked: Any) -> Do:
    return lambda desk, r: desk.create("A", **{"customer": r and r.id, "process": "crm2000", **asked})


def issues(method: str, lines: Any = LINES, **source: str) -> Do:
    return lambda desk, r: getattr(desk, method)(r, lines, **source)


def issues_alone(method: str, lines: Any = LINES, **source: str) -> Do:
    return lambda desk, r: desk.issue(r, method, lines, **source)


def deal_beside_a_quote_of_another(world: World) -> sf.Opportunity:
    """One beside a contract of another deal, contract:C-1."""
    world.acting("li").opportunities.issue_contract(world.deal(), LINES)
    return world.deal()


def lead_beside_a_quote_of_another(world: World) -> sf.Lead:
    """One beside an accepted quote of another lead, quote:Q-1."""
    world.acting("li").documents.accept(quote_of_a_lead(world))
    return world.lead()


def customer_beside_a_contract_of_another(world: World) -> sf.Customer:
    """One beside a contract on another customer, contract:C-1."""
    world.acting("li").documents.issue(world.customer(), "contract", LINES)
    return world.customer(name="Globex")


def customer_with_a_quote(world: World) -> sf.Customer:
    """One with a quote, quote:Q-1, that nobody accepted."""
    return world.acting("li").customers.get(quote_of_a_customer(world).customer)


DOLLARS = sf.ProductLine("x", "X", LINES[0].quantity, sf.Money(1, "USD"))
UNNUMBERED: dict[str, Any] = {"documents": None}
NO_LINES = [
    no
    for group, given, do, methods in (
        ("leads", World.lead, issues, "quote order"),
        ("opportunities", World.deal, issues, "issue_quote issue_contract issue_order issue_invoice"),
        ("documents", World.customer, issues_alone, "invoice"),
    )
    for method in methods.split()
    for operation in [f"{group}.{'issue' if group == 'documents' else method}"]
    for no in (
        No(operation, "li", given, do(method), "documents_unavailable", UNNUMBERED),
        No(operation, "li", given, do(method, ()), "lines_missing"),
        No(operation, "li", given, do(method, [*LINES, DOLLARS]), "several_currencies"),
    )
]
NO_SOURCE = [
    no
    for method in ("issue_contract", "issue_order", "issue_invoice")
    for no in (
        No(f"opportunities.{method}", "li", quoted, issues(method, (), source="quote:Q-1"), "quote_not_accepted"),
        No(f"opportunities.{method}", "li", lambda w: w.acting("li").opportunities.get(w.invoice().opportunity),
           issues(method, source="invoice:I-1"), "wrong_source"),
        No(f"opportunities.{method}", "li", deal_beside_a_quote_of_another, issues(method, source="contract:C-1"),
           "wrong_source source_elsewhere" if method == "issue_contract" else "source_elsewhere"),
    )
]  # fmt: skip

NO = [
    # leads
    No("leads.create", "li", nothing, lambda desk, _: desk.create(title="A", contact="Ms Qian"), "reach_missing"),
    No("leads.create", "li", nothing, lambda desk, _: desk.create(title="A", owner="han"),
       "reach_missing person_unknown"),
    No("leads.create", "root", nothing, lambda desk, _: desk.create(title="A", phone="1"), "not_permitted", STRICT),
    No("leads.assign", "zhang", World.converted_lead, ASSIGN, "wrong_status"),
    No("leads.assign", "zhang", World.lead, lambda desk, r: desk.assign(r, "han"), "person_unknown"),
    No("leads.assign", "li", World.lead, ASSIGN, "not_permitted"),
    No("leads.assign", "li", World.converted_lead, ASSIGN, "not_permitted wrong_status"),
    No("leads.follow_up", "li", World.disqualified_lead, FOLLOW_UP, "wrong_status"),
    No("leads.edit", "li", World.disqualified_lead, EDIT, "wrong_status"),
    No("leads.edit", "li", World.lead, lambda desk, r: desk.edit(r, phone=None), "reach_missing"),
    No("leads.recycle", "li", World.converted_lead, RECYCLE, "wrong_status"),
    No("leads.recycle", "root", unassigned, RECYCLE, "wrong_status"),
    No("leads.recycle", "li", World.lead, lambda desk, r: desk.recycle(r, reason=None), "reason_missing"),
    No("leads.disqualify", "li", World.converted_lead, DISQUALIFY, "wrong_status"),
    No("leads.disqualify", "li", World.lead, lambda desk, r: desk.disqualify(r, reason=""), "reason_missing"),
    No("leads.void", "li", lambda w: w.place(w.lead(), review=ReviewState.APPROVED), lambda desk, r: desk.void(r),
       "wrong_review_state"),
    No("leads.unvoid", "root", World.lead, lambda desk, r: desk.unvoid(r), "is_not_voided"),
    No("leads.unvoid", "li", World.lead, lambda desk, r: desk.unvoid(r), "is_not_voided not_permitted"),
    No("leads.claim", "li", World.lead, CLAIM, "not_permitted wrong_status"),
    No("leads.claim", "zhang", World.pooled, CLAIM, "not_permitted"),
    No("leads.claim", "root", World.pooled, CLAIM, "person_unknown"),
    No("leads.claim", "li", lambda w: w.place(w.pooled(), disabled=True), CLAIM, "is_disabled"),
    No("leads.claim", "li", at_the_ceiling, CLAIM, "pool_ceiling"),
    No("leads.claim", "li", just_lost, CLAIM, "pool_cool_down"),
    No("leads.follow_up", "li", World.pooled, FOLLOW_UP, "not_permitted"),
    No("leads.void", "li", lambda w: w.place(w.pooled(), review=ReviewState.APPROVED), lambda desk, r: desk.void(r),
       "not_permitted"),
    No("leads.convert", "li", World.pooled, CONVERT, "not_permitted"),
    No("leads.set_review_state", "root", World.lead, lambda desk, r: desk.set_review_state(r, "approved"),
       "wrong_review_state"),
    No("leads.set_review_state", "root", disabled, lambda desk, r: desk.set_review_state(r, "submitted"),
       "is_disabled"),
    No("leads.set_review_state", "zhang", World.lead, lambda desk, r: desk.set_review_state(r, "submitted"),
       "not_permitted"),
    No("leads.disable", "root", disabled, lambda desk, r: desk.disable(r), "is_disabled"),
    No("leads.disable", "li", World.lead, lambda desk, r: desk.disable(r), "not_permitted"),
    No("leads.enable", "root", World.lead, lambda desk, r: desk.enable(r), "is_not_disabled"),
    No("leads.convert", "li", World.converted_lead, CONVERT, "already_converted"),
    No("leads.convert", "li", of_a_known_customer, CONVERT, "customer_exists"),
    No("leads.convert", "li", of_a_hidden_customer, CONVERT, "customer_exists_unseen"),
    No("leads.convert", "li", of_a_hidden_customer, CONVERT, "customer_exists_named", REVEALING),
    No("leads.convert", "root", unassigned, CONVERT, "wrong_status"),
    No("leads.convert", "li", World.disqualified_lead, CONVERT, "wrong_status"),
    No("leads.convert", "li", World.lead, converts_into(), "convert_nothing"),
    No("leads.convert", "li", World.lead, converts_into(opportunity=sf.NewOpportunity("A", **OPPORTUNITY)),
       "convert_needs_party"),
    No("leads.convert", "li", World.lead, converts_into(customer="none", contact="none"),
       "customer_unknown contact_unknown"),
    No("leads.convert", "li", World.lead,
       converts_into(customer=sf.NewCustomer("A"), opportunity=sf.NewOpportunity(
           "A", process="crm2000", close_date=TODAY - timedelta(days=1), team=[sf.TeamMember("han")])),
       "close_date_past person_unknown"),
    *no_lead("leads.assign", "zhang", ASSIGN),
    *no_lead("leads.follow_up", "li", FOLLOW_UP),
    *no_lead("leads.edit", "li", EDIT),
    *no_lead("leads.recycle", "li", RECYCLE),
    *no_lead("leads.disqualify", "li", DISQUALIFY),
    *no_lead("leads.convert", "li", CONVERT),
    *LEAD_REFUSALS,
    # opportunities: create, edit
    No("opportunities.create", "li", nothing, creates(), "customer_missing"),
    No("opportunities.create", "li", lambda w: w.customer("qian"), creates(), "customer_unknown"),
    No("opportunities.create", "li", lambda w: w.contact(by="qian"),
       lambda desk, r: desk.create("A", contact=r.id, process="crm2000"), "contact_unknown"),
    No("opportunities.create", "li", World.customer, creates(close_date=date(2026, 1, 4)), "close_date_past"),
    No("opportunities.create", "li", World.customer, creates(stage="none"), "stage_unknown"),
    No("opportunities.create", "li", World.customer, creates(stage="bidding"), "reason_missing"),
    No("opportunities.create", "li", World.customer, creates(owner="han"), "person_unknown"),
    No("opportunities.create", "li", World.customer, creates(team=[sf.TeamMember("han")]), "person_unknown"),
    No("opportunities.create", "root", World.customer, creates(), "person_unknown"),
    No("opportunities.create", "li", World.customer, creates(team=[sf.TeamMember("zhao", "owner")]), "owner_role"),
    No("opportunities.create", "li", World.customer, creates(team=[sf.TeamMember("zhao"), sf.TeamMember("zhao")]),
       "member_exists"),
    No("opportunities.create", "li", World.customer,
       creates(process="tas_bidding", stage="sign_contract", amount=LARGE), "not_first_stage full_route"),
    No("opportunities.create", "li", World.customer,
       creates(process="tas_bidding", stage="submit_bid", amount=SMALL), "only_to_last_stage"),
    No("opportunities.create", "li", World.customer,
       creates(process="tas_bidding", stage="sign_contract", led_by="partner"), "registration_needed"),
    No("opportunities.create", "li", World.customer, creates(process="guarded", stage="close"),
       "approval_passed reason_missing"),
    No("opportunities.create", "li", World.customer, creates(process="guarded", stage="close", reason="x"),
       "approval_passed"),
    No("opportunities.create", "root", World.customer, creates(owner="li"), "not_permitted", STRICT),
    No("opportunities.edit", "li", World.won, lambda desk, r: desk.edit(r, name="B"), "wrong_status"),
    No("opportunities.edit", "li", World.deal, lambda desk, r: desk.edit(r, customer=None), "customer_missing"),
    No("opportunities.edit", "li", World.deal, lambda desk, r: desk.edit(r, customer="none", contact="none"),
       "customer_unknown contact_unknown"),
    # tasks
    No("opportunities.finish_task", "li", World.deal, lambda desk, r: desk.finish_task(r, "none"), "task_unknown"),
    No("opportunities.finish_task", "li", with_task_done, lambda desk, r: desk.finish_task(r, "confirm_tender"),
       "task_not_open"),
    No("opportunities.finish_task", "li", World.won, lambda desk, r: desk.finish_task(r, "prepare_contract"),
       "wrong_status"),
    No("opportunities.finish_task", "li", World.served, lambda desk, r: desk.finish_task(r, "none"), "task_unknown"),
    No("opportunities.reopen_task", "li", World.deal, lambda desk, r: desk.reopen_task(r, "none"), "task_unknown"),
    No("opportunities.reopen_task", "li", World.deal, lambda desk, r: desk.reopen_task(r, "confirm_tender"),
       "task_not_done"),
    No("opportunities.add_task", "li", World.deal, lambda desk, r: desk.add_task(r, "A", code="confirm_tender"),
       "task_exists"),
    No("opportunities.add_task", "li", World.deal, lambda desk, r: desk.add_task(r, "A", assignee="qian"),
       "assignee_cannot_see"),
    No("opportunities.add_task", "li", World.won, lambda desk, r: desk.add_task(r, "A", after_sales=True),
       "after_sales_not_running"),
    No("opportunities.add_task", "li", World.served, lambda desk, r: desk.add_task(r, "A"), "wrong_status"),
    No("opportunities.add_task", "li", World.served,
       lambda desk, r: desk.add_task(r, "A", code="install", assignee="qian", after_sales=True),
       "task_exists assignee_cannot_see"),
    No("opportunities.add_task", "zhao", lambda w: w.served(w.team_deal()),
       lambda desk, r: desk.add_task(r, "A", after_sales=True), "not_permitted"),
    No("opportunities.assign_task", "li", with_task_done,
       lambda desk, r: desk.assign_task(r, "confirm_tender", due=TODAY), "task_not_open"),
    No("opportunities.assign_task", "li", World.deal, lambda desk, r: desk.assign_task(r, "none", "zhang"),
       "task_unknown"),
    No("opportunities.assign_task", "li", with_task_done,
       lambda desk, r: desk.assign_task(r, "confirm_tender", "zhang"), "task_not_open"),
    No("opportunities.assign_task", "li", World.deal, lambda desk, r: desk.assign_task(r, "confirm_tender", "qian"),
       "assignee_cannot_see"),
    No("opportunities.unassign_task", "li", World.deal, lambda desk, r: desk.unassign_task(r, "none"),
       "task_unknown"),
    No("opportunities.unassign_task", "li", World.deal, lambda desk, r: desk.unassign_task(r, "confirm_tender"),
       "task_unassigned"),
    # stages
    No("opportunities.advance", "li", World.deal, lambda desk, r: desk.advance(r), "task_open"),
    No("opportunities.advance", "li", lambda w: w.finished(w.deal(amount=None)), lambda desk, r: desk.advance(r),
       "field_empty"),
    No("opportunities.advance", "li", World.agreed, lambda desk, r: desk.advance(r), "no_next_stage"),
    No("opportunities.advance", "li", World.briefed, lambda desk, r: desk.advance(r), "approval_needed"),
    No("opportunities.advance", "li", World.waiting, lambda desk, r: desk.advance(r), "approval_pending"),
    No("opportunities.advance", "li",
       lambda w: after(w, "opportunities.change_stage", "qualification", reason="back")(complete(w)),
       lambda desk, r: desk.advance(r), "arrival_incomplete task_open field_empty"),
    No("opportunities.change_stage", "li", World.deal, jump_to("none", "x"), "stage_unknown"),
    No("opportunities.change_process", "li", World.deal, change_to("crm2000", stage="none"),
       "same_process stage_unknown"),
    No("opportunities.change_process", "li", in_negotiation, change_to("salesforce_standard", stage="proposal"),
       "reason_missing"),
    No("opportunities.change_process", "li", World.deal, change_to("tas_bidding", stage="sign_contract"),
       "full_route"),
    No("opportunities.change_process", "li", lambda w: w.deal(amount=SMALL),
       change_to("tas_bidding", stage="submit_bid"), "only_to_last_stage"),
    No("opportunities.change_process", "li", arrived,
       change_to("salesforce_standard", stage="negotiation", reason="x"), "arrival_incomplete"),
    No("opportunities.change_process", "li", World.partner_deal, change_to("quick", stage="sign"),
       "registration_needed approval_needed"),
    No("opportunities.change_process", "zhao", World.team_deal, change_to("gated"), "not_permitted"),
    No("opportunities.change_process", "li", World.lost, change_to("gated"), "wrong_status"),
    No("opportunities.change_stage", "li", World.deal, jump_to("qualification", "x"), "already_there"),
    No("opportunities.change_stage", "li", World.deal, jump_to("bidding"), "reason_missing"),
    No("opportunities.change_stage", "li", World.agreed, jump_to("bidding"), "reason_missing"),
    No("opportunities.change_stage", "li", lambda w: w.deal(process="tas_bidding"), jump_to("sign_contract"),
       "full_route"),
    No("opportunities.change_stage", "li", fast, jump_to("submit_bid"), "only_to_last_stage"),
    No("opportunities.change_stage", "li", World.partner_deal, jump_to("sign_contract"), "registration_needed"),
    No("opportunities.change_stage", "li", World.briefed, jump_to("analyse_needs"), "approval_needed"),
    No("opportunities.change_stage", "li", World.waiting, jump_to("analyse_needs"), "approval_pending"),
    No("opportunities.change_stage", "li", guarded, jump_to("close"), "reason_missing approval_needed"),
    No("opportunities.change_stage", "li", guarded, jump_to("close", "urgent"), "approval_needed"),
    No("opportunities.change_stage", "li", lambda w: complete(w, "bidding"), jump_to("agreement", "x"),
       "arrival_incomplete"),
    No("opportunities.win", "li", World.deal, lambda desk, r: desk.win(r), "not_last_stage"),
    No("opportunities.win", "li",
       lambda w: after(w, "opportunities.change_stage", "agreement", reason="x")(w.deal()),
       lambda desk, r: desk.win(r), "task_open"),
    No("opportunities.win", "li", owing_nothing_filled, lambda desk, r: desk.win(r), "field_empty"),
    No("opportunities.win", "li", World.owing, lambda desk, r: desk.win(r), "stage_owed"),
    No("opportunities.win", "li", gated_last, lambda desk, r: desk.win(r), "approval_needed"),
    No("opportunities.win", "li",
       lambda w: after(w, "opportunities.request_approval", "win")(gated_last(w)), lambda desk, r: desk.win(r),
       "approval_pending"),
    No("opportunities.win", "li", arrived, lambda desk, r: desk.win(r), "arrival_incomplete"),
    No("opportunities.lose", "li", World.deal, lambda desk, r: desk.lose(r, reason=None), "reason_missing"),
    No("opportunities.lose", "li", World.deal, lambda desk, r: desk.lose(r, reason="whim"), "reason_unknown"),
    No("opportunities.invalidate", "li", World.deal, lambda desk, r: desk.invalidate(r, reason=""), "reason_missing"),
    No("opportunities.invalidate", "li", World.deal, lambda desk, r: desk.invalidate(r, reason="price"),
       "reason_unknown"),
    No("opportunities.reopen", "li", World.deal, lambda desk, r: desk.reopen(r), "wrong_status"),
    No("opportunities.unvoid", "root", World.deal, lambda desk, r: desk.unvoid(r), "is_not_voided"),
    No("opportunities.delete", "li", with_task_done, lambda desk, r: desk.delete(r), "has_history"),
    No("opportunities.delete", "li", quoted, lambda desk, r: desk.delete(r), "has_history has_documents"),
    # documents
    *NO_LINES,
    *NO_SOURCE,
    No("opportunities.issue_order", "li", World.lost, issues("issue_order"), "wrong_status"),
    No("leads.quote", "root", unassigned, issues("quote"), "wrong_status"),
    *no_lead("leads.quote", "li", issues("quote")),
    *no_lead("leads.order", "li", issues("order")),
    No("leads.order", "li", quoted_lead, issues("order", (), source="quote:Q-1"), "quote_not_accepted"),
    No("leads.order", "li", lead_beside_a_quote_of_another, issues("order", source="quote:Q-1"), "source_elsewhere"),
    No("leads.order", "li", lambda w: w.acting("li").leads.order(w.lead(), LINES).lead,
       issues("order", source="contract:C-1"), "wrong_source"),
    No("documents.issue", "li", customer_with_a_quote, issues_alone("order", (), source="quote:Q-1"),
       "quote_not_accepted"),
    No("documents.issue", "li", customer_with_a_quote, issues_alone("quote", source="quote:Q-1"), "wrong_source"),
    No("documents.issue", "li", customer_beside_a_contract_of_another, issues_alone("order", source="contract:C-1"),
       "source_elsewhere"),
    No("documents.accept", "li", World.invoice, ACCEPT, "not_a_quote"),
    No("documents.accept", "li", World.accepted, ACCEPT, "already_accepted"),
    No("documents.accept", "li", lambda w: (q := w.quote(), w.acting("li").opportunities.lose(
        q.opportunity, reason="price"))[0], ACCEPT, "wrong_status"),
    No("documents.accept", "li", lambda w: (q := quote_of_a_lead(w), w.acting("root").leads.disable(q.lead))[0],
       ACCEPT, "is_disabled"),
    No("documents.record_payment", "li", World.quote, PAY, "not_an_invoice"),
    No("documents.record_payment", "li", World.invoice, lambda desk, r: desk.record_payment(r, sf.Money(-1, "CNY")),
       "payment_out_of_range"),
    No("documents.record_payment", "root", lambda w: (i := w.invoice(), w.voided(
        w.acting("li").opportunities.get(i.opportunity)))[0], PAY, "is_voided"),
    No("documents.record_payment", "li", lambda w: w.acting("li").documents.issue(w.customer(), "quote", LINES).document,
       PAY, "not_an_invoice"),
    No("documents.record_payment", "li", lambda w: w.place(quote_of_a_lead(w), kind=DocumentKind.INVOICE, id="x",
       paid=sf.Money(0, "CNY"), lead=w.acting("root").leads.disable("lead-1").id), PAY, "is_disabled"),
    # people
    No("opportunities.change_owner", "li", World.deal, lambda desk, r: desk.change_owner(r, "li"), "already_owner"),
    No("opportunities.change_owner", "li", World.deal, lambda desk, r: desk.change_owner(r, "han"), "person_unknown"),
    No("opportunities.change_owner", "li", World.deal,
       lambda desk, r: desk.change_owner(r, "chen", old_owner_role="owner"), "owner_role"),
    No("opportunities.add_member", "li", World.team_deal, lambda desk, r: desk.add_member(r, "zhao", role="joint"),
       "member_exists"),
    No("opportunities.add_member", "li", World.deal, lambda desk, r: desk.add_member(r, "zhao", role="owner"),
       "owner_role"),
    No("opportunities.add_member", "li", World.deal, lambda desk, r: desk.add_member(r, "root"), "person_unknown"),
    No("opportunities.change_member", "li", World.deal,
       lambda desk, r: desk.change_member(r, "zhao", role="joint", access="read"), "member_unknown"),
    No("opportunities.change_member", "li", World.deal,
       lambda desk, r: desk.change_member(r, "li", role="owner", access="read"), "owner_role"),
    No("opportunities.remove_member", "li", World.deal,
       lambda desk, r: desk.remove_member(r, "zhao", role="joint"), "member_unknown"),
    No("opportunities.remove_member", "li", World.deal, lambda desk, r: desk.remove_member(r, "li", role="owner"),
       "owner_role"),
    No("opportunities.set_contact_role", "li", World.deal,
       lambda desk, r: desk.set_contact_role(r, "none", role="user"), "contact_unknown"),
    No("opportunities.set_contact_role", "li", contact_elsewhere,
       lambda desk, r: desk.set_contact_role(r, "contact-1", role="user", related_to="none"),
       "contact_elsewhere contact_unknown"),
    No("opportunities.set_contact_role", "li", contact_elsewhere,
       lambda desk, r: desk.set_contact_role(r, "contact-1", role="user"), "contact_elsewhere"),
    No("opportunities.add_competitor", "li", with_competitor, lambda desk, r: desk.add_competitor(r, "Globex"),
       "competitor_present"),
    No("opportunities.remove_competitor", "li", World.deal, lambda desk, r: desk.remove_competitor(r, "Globex"),
       "competitor_missing"),
    # what superiors decide
    No("opportunities.set_grade", "zhang", World.deal, lambda desk, r: desk.set_grade(r, sf.Grade.E, reason="x"),
       "grade_by_hand"),
    No("opportunities.set_grade", "zhang", World.deal, lambda desk, r: desk.set_grade(r, "A", reason=" "),
       "reason_missing"),
    No("opportunities.set_grade", "li", World.deal, lambda desk, r: desk.set_grade(r, "A", reason="x"),
       "not_permitted"),
    No("opportunities.clear_grade", "zhang", World.deal, lambda desk, r: desk.clear_grade(r), "no_override"),
    No("opportunities.waive_stage", "zhang", World.deal,
       lambda desk, r: desk.waive_stage(r, "bidding", reason="x"), "nothing_owed"),
    No("opportunities.waive_stage", "zhang", World.owing,
       lambda desk, r: desk.waive_stage(r, "initiate", reason=None), "reason_missing"),
    No("opportunities.register_with_partner", "li", World.deal, lambda desk, r: desk.register_with_partner(r),
       "not_partner_led"),
    No("opportunities.register_with_partner", "li", World.registering,
       lambda desk, r: desk.register_with_partner(r), "registration_state"),
    No("opportunities.register_with_partner", "qian", lambda w: w.partner_deal("qian"),
       lambda desk, r: desk.register_with_partner(r), "no_approver"),
    No("opportunities.request_approval", "li", lambda w: w.finished(w.deal()),
       lambda desk, r: desk.request_approval(r, "advance"), "approval_not_needed"),
    No("opportunities.request_approval", "li", World.waiting, lambda desk, r: desk.request_approval(r, "advance"),
       "approval_pending"),
    No("opportunities.request_approval", "qian", lambda w: w.briefed("qian"),
       lambda desk, r: desk.request_approval(r, "advance"), "no_approver"),
    No("opportunities.request_approval", "li", World.deal,
       lambda desk, r: desk.request_approval(r, "change_stage", stage="bidding"), "reason_missing"),
    No("opportunities.approve", "zhang", World.deal, lambda desk, r: desk.approve(r), "approval_unknown"),
    No("opportunities.approve", "zhang", World.waiting, lambda desk, r: desk.approve(r, "none"), "approval_unknown"),
    No("opportunities.approve", "zhang", two_waiting, lambda desk, r: desk.approve(r), "approvals_waiting"),
    No("opportunities.approve", "zhang", World.decided, lambda desk, r: desk.approve(r, r.approvals[0].id),
       "approval_decided"),
    No("opportunities.approve", "zhang", lambda w: after(w, "opportunities.edit", amount=None)(w.waiting()),
       lambda desk, r: desk.approve(r), "field_empty"),
    No("opportunities.approve", "li", World.waiting, lambda desk, r: desk.approve(r), "not_permitted"),
    No("opportunities.approve", "root", World.waiting, lambda desk, r: desk.approve(r), "not_permitted"),
    No("opportunities.refuse", "zhang", World.deal, lambda desk, r: desk.refuse(r, comment="x"), "approval_unknown"),
    No("opportunities.refuse", "zhang", World.decided,
       lambda desk, r: desk.refuse(r, r.approvals[0].id, comment="x"), "approval_decided"),
    No("opportunities.refuse", "zhang", World.waiting, lambda desk, r: desk.refuse(r, comment=None),
       "reason_missing"),
    No("opportunities.refuse", "root", World.waiting, lambda desk, r: desk.refuse(r, comment="x"), "not_permitted"),
    No("opportunities.withdraw_approval", "li", World.waiting, lambda desk, r: desk.withdraw_approval(r, "none"),
       "approval_unknown not_permitted"),
    No("opportunities.withdraw_approval", "li", World.decided,
       lambda desk, r: desk.withdraw_approval(r, r.approvals[0].id), "approval_decided"),
    # after-sales
    No("opportunities.start_after_sales", "li", World.served, lambda desk, r: desk.start_after_sales(r),
       "after_sales_running"),
    No("opportunities.start_after_sales", "li", World.invalid, lambda desk, r: desk.start_after_sales(r),
       "wrong_status"),
    No("opportunities.after_sales_feedback", "li", World.won, lambda desk, r: desk.after_sales_feedback(r, "x"),
       "after_sales_not_running"),
    No("opportunities.after_sales_advance", "li", World.won, lambda desk, r: desk.after_sales_advance(r),
       "after_sales_not_running"),
    No("opportunities.after_sales_advance", "li", World.served, lambda desk, r: desk.after_sales_advance(r),
       "task_open"),
    No("opportunities.after_sales_advance", "li", lambda w: w.serviced_to("training", "maintenance"),
       lambda desk, r: desk.after_sales_advance(r), "no_next_stage"),
    No("opportunities.after_sales_advance", "li", lambda w: w.served(w.deal(amount=None), "crm2000"),
       lambda desk, r: desk.after_sales_advance(r), "task_open field_empty"),
    No("opportunities.finish_after_sales", "li", World.won, lambda desk, r: desk.finish_after_sales(r),
       "after_sales_not_running"),
    No("opportunities.finish_after_sales", "li", World.served, lambda desk, r: desk.finish_after_sales(r),
       "not_last_stage"),
    No("opportunities.finish_after_sales", "li", lambda w: w.served(w.deal(amount=None), "one_stage"),
       lambda desk, r: desk.finish_after_sales(r), "task_open field_empty"),
    # customers, contacts, sharing rules, imports
    No("customers.create", "li", nothing, lambda desk, _: desk.create("A", owner="han"), "person_unknown"),
    No("customers.create", "root", nothing, lambda desk, _: desk.create("A", owner="li"), "not_permitted", STRICT),
    No("customers.edit", "li", World.customer, lambda desk, r: desk.edit(r, owner="han"), "person_unknown"),
    No("customers.create", "li", of_a_known_customer, CUSTOMER, "customer_exists"),
    No("customers.create", "li", of_a_hidden_customer, CUSTOMER, "customer_exists_unseen"),
    No("customers.create", "li", of_a_hidden_customer, CUSTOMER, "customer_exists_named", REVEALING),
    No("customers.edit", "li", a_customer_beside_a_known_one, PHONED, "customer_exists"),
    No("customers.edit", "li", a_customer_beside_a_hidden_one, PHONED, "customer_exists_unseen"),
    No("customers.edit", "li", a_customer_beside_a_hidden_one, PHONED, "customer_exists_named", REVEALING),
    No("contacts.create", "li", lambda w: w.customer("qian"), lambda desk, r: desk.create("A", customer=r.id),
       "customer_unknown"),
    No("contacts.create", "root", nothing, lambda desk, _: desk.create("A"), "not_permitted", STRICT),
    No("contacts.edit", "li", World.contact, lambda desk, r: desk.edit(r, customer="none"), "customer_unknown"),
    No("sharing.create", "li", nothing, lambda desk, _: desk.create(from_person="li", to_person="qian"),
       "not_permitted"),
    No("sharing.edit", "li", shared_in_department, lambda desk, r: desk.edit(r, access="read"), "not_permitted"),
    No("sharing.delete", "zhang", shared_in_department, lambda desk, r: desk.delete(r), "not_permitted"),
    No("sharing.get", "li", shared_in_department, lambda desk, r: desk.get(r), "not_permitted"),
    No("sharing.list", "li", shared_in_department, lambda desk, _: desk.list(), "not_permitted"),
    No("competitors.create", "li", nothing, lambda desk, _: desk.create("Globex"), "not_permitted"),
    No("competitors.create", "root", a_competitor, lambda desk, _: desk.create("Globex"), "competitor_exists"),
    No("competitors.edit", "li", a_competitor, lambda desk, r: desk.edit(r, notes="A"), "not_permitted"),
    No("competitors.edit", "root", lambda w: (a_competitor(w), w.acting("root").competitors.create("Initech"))[1],
       lambda desk, r: desk.edit(r, name="Globex"), "competitor_exists"),
    No("competitors.delete", "li", a_competitor, lambda desk, r: desk.delete(r), "not_permitted"),
    No("competitors.delete", "root", a_competitor_in_use, lambda desk, r: desk.delete(r), "competitor_in_use"),
    No("competitors.delete", "root", a_competitor_with_literature, lambda desk, r: desk.delete(r),
       "competitor_in_use"),
    No("literature.create", "li", nothing, lambda desk, _: desk.create("A", kind="manual", document="https://a"),
       "not_permitted"),
    No("literature.create", "root", nothing,
       lambda desk, _: desk.create("A", kind="manual", document="https://a", stages=[("crm2000", "biding")]),
       "stage_unknown"),
    No("literature.edit", "li", a_brochure, lambda desk, r: desk.edit(r, title="A"), "not_permitted"),
    No("literature.edit", "root", a_brochure, lambda desk, r: desk.edit(r, stages=[("gated", "bidding")]),
       "stage_unknown"),
    No("literature.delete", "li", a_brochure, lambda desk, r: desk.delete(r), "not_permitted"),
    No("sources.create", "li", nothing, lambda desk, _: desk.create("website"), "not_permitted"),
    No("sources.edit", "li", a_source, lambda desk, r: desk.edit(r, name="Fair"), "not_permitted"),
    No("sources.delete", "li", a_source, lambda desk, r: desk.delete(r), "not_permitted"),
    No("pools.create", "li", nothing, lambda desk, _: desk.create("East"), "not_permitted"),
    No("pools.create", "root", nothing, lambda desk, _: desk.create("East", members=["li", "han"]), "person_unknown"),
    No("pools.edit", "li", a_pool, lambda desk, r: desk.edit(r, ceiling=5), "not_permitted"),
    No("pools.edit", "root", a_pool, lambda desk, r: desk.edit(r, dispatchers=["root"]), "person_unknown"),
    No("pools.delete", "li", a_pool, lambda desk, r: desk.delete(r), "not_permitted"),
    No("pools.delete", "root", pool_in_use, lambda desk, r: desk.delete(r), "pool_not_empty"),
    No("pools.get", "li", a_pool, lambda desk, r: desk.get(r), "not_permitted"),
    No("pools.list", "li", a_pool, lambda desk, _: desk.list(), "not_permitted"),
    No("files.import_opportunities", "root", nothing, lambda desk, _: desk.import_opportunities([]),
       "not_permitted", {"visibility": VisibilityPolicy(access={})}),
    No("files.import_csv", "root", nothing, lambda desk, _: desk.import_csv("none.csv", "none.toml"),
       "not_permitted", {"visibility": VisibilityPolicy(access={})}),
    No("files.import_json", "root", nothing, lambda desk, _: desk.import_json("none.json", "none.toml"),
       "not_permitted", {"visibility": VisibilityPolicy(access={})}),
]  # fmt: skip
"""Each reason that an operation's own rules give; the ones that all share are in `test_operations`."""
