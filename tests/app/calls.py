"""Every operation that changes something, done at least once, with the events that it gives."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

from attrs import field, frozen

import salesflow as sf
from salesflow.files.mapping import parse_mapping
from tests.app.lead_situations import (
    deletable,
    double,
    double_with_quote,
    merged,
    merged_with_documents,
    overdue,
    reminded,
)
from tests.app.situations import (
    a_brochure,
    a_competitor,
    a_pool,
    a_source,
    arrived_as_won,
    assigned,
    dated,
    disabled,
    expired,
    from_a_lead,
    gated_last,
    graded_by_hand,
    guarded,
    in_negotiation,
    invoice_of_a_customer,
    nothing,
    priced,
    quote_of_a_customer,
    quote_of_a_lead,
    quoted_lead,
    ruled,
    shared_in_department,
    unassigned,
    with_accepted_quote,
    with_competitor,
    with_contact_role,
    with_order,
    with_task_done,
)  # fmt: skip
from tests.app.world import LARGE, LATER, LINES, SMALL, TODAY, World

PHONE_LEADS = parse_mapping('kind = "lead"\nkey = ["phone"]\n[fields]\ntitle = "title"\nphone = "phone"')

Given = Callable[[World], Any]
"""Makes a situation and returns what the operation is about, or None."""

Do = Callable[[Any, Any], Any]
"""Calls the operation on a group of what somebody may do."""


@frozen
class Done:
    """An operation that is done, the kinds of the events that it gives, and of records that it writes unasked."""

    operation: str
    by: str
    given: Given
    do: Do
    events: tuple[str, ...] = field(converter=lambda words: tuple(words.split()))
    beside: frozenset[str] = field(default="", converter=lambda words: frozenset(words.split()))

    @property
    def group(self) -> str:
        """The group of the operation."""
        return self.operation.partition(".")[0]


@frozen
class No:
    """An operation that is refused, with exactly these reasons."""

    operation: str
    by: str
    given: Given
    do: Do
    codes: frozenset[str] = field(converter=lambda words: frozenset(words.split()))
    ports: dict[str, Any] = field(factory=dict)

    @property
    def group(self) -> str:
        """The group of the operation."""
        return self.operation.partition(".")[0]


def jump_to(stage: str, reason: str | None = None) -> Do:
    return lambda desk, deal: desk.change_stage(deal, stage, reason=reason)


def change_to(process: str, **asked: Any) -> Do:
    return lambda desk, deal: desk.change_process(deal, process, **asked)


SCORECARD = sf.ProductScorecard("CRM2000", "GlobexCRM", [sf.ScoredCriterion("price", 3, 4, 8)])
COST = sf.SourceCost(amount=SMALL, since=TODAY, until=LATER)
OPPORTUNITY: dict[str, Any] = {"process": "crm2000", "close_date": LATER}


def noted(desk: Any, ref: Any) -> Any:
    """Go through the dialog that leads and deals have here, to its end."""
    return desk.start_dialog(ref, "notes").answer("all well").finish().record


DONE = [
    # leads
    Done("leads.create", "li", nothing, lambda desk, _: desk.create(title="A", phone="1", source="web"), "created"),
    Done("leads.create", "li", nothing, lambda desk, _: desk.create(title="A", email="a@b", owner="chen"), "created"),
    Done("leads.create", "li", nothing, lambda desk, _: desk.create(title="A", channel="qq", owner=None), "created"),
    Done("leads.create", "root", nothing, lambda desk, _: desk.create(title="A", phone="1"), "created"),
    Done("leads.assign", "zhang", World.lead, lambda desk, r: desk.assign(r, "chen", branch="north"), "lead_assigned"),
    Done("leads.assign", "root", unassigned, lambda desk, r: desk.assign(r, "li"), "lead_assigned"),
    Done("leads.claim", "li", World.pooled, lambda desk, r: desk.claim(r), "lead_claimed"),
    Done("leads.claim", "qian", unassigned, lambda desk, r: desk.claim(r), "lead_claimed"),
    Done("leads.assign", "zhang", World.pooled, lambda desk, r: desk.assign(r, "zhao"), "lead_assigned"),
    Done("leads.set_review_state", "root", World.lead, lambda desk, r: desk.set_review_state(r, "submitted"),
         "review_state_set"),
    Done("leads.set_review_state", "zhang", World.pooled, lambda desk, r: desk.set_review_state(r, "submitted"),
         "review_state_set"),
    Done("leads.disable", "root", World.lead, lambda desk, r: desk.disable(r), "lead_disabled"),
    Done("leads.enable", "root", disabled, lambda desk, r: desk.enable(r), "lead_enabled"),
    Done("leads.start_dialog", "li", World.lead, lambda desk, r: noted(desk, r), "dialog_finished"),
    Done("opportunities.start_dialog", "li", World.deal, lambda desk, r: noted(desk, r), "dialog_finished"),
    Done("leads.follow_up", "li", World.lead, lambda desk, r: desk.follow_up(r, "rang"), "lead_followed_up"),
    Done("leads.follow_up", "li", World.converted_lead, lambda desk, r: desk.follow_up(r, "rang"), "lead_followed_up"),
    Done("leads.edit", "li", World.lead, lambda desk, r: desk.edit(r, email="a@b", phone=None), "edited"),
    Done("leads.recycle", "li", World.lead, lambda desk, r: desk.recycle(r, reason="no time"), "lead_recycled"),
    Done("leads.disqualify", "li", World.lead, lambda desk, r: desk.disqualify(r, reason="spam"), "lead_disqualified"),
    Done("leads.void", "li", World.lead, lambda desk, r: desk.void(r, reason="double"), "voided"),
    Done("leads.void", "li", World.converted_lead, lambda desk, r: desk.void(r), "voided"),
    Done("leads.unvoid", "root", lambda w: w.voided(w.lead()), lambda desk, r: desk.unvoid(r), "unvoided"),
    Done(
        "leads.convert", "li", World.lead,
        lambda desk, r: desk.convert(
            r, customer=sf.NewCustomer("Acme"), contact=sf.NewContact("Ms Qian"),
            opportunity=sf.NewOpportunity("CRM2000", **OPPORTUNITY),
        ),
        "lead_converted created created created",
    ),
    Done(
        "leads.convert", "zhang", World.lead, lambda desk, r: desk.convert(r, contact=sf.NewContact("Q")),
        "lead_converted created",
    ),
    Done("leads.push_down", "zhang", World.lead, lambda desk, r: desk.push_down(r, title="More", owner="chen"),
         "created"),
    Done("leads.push_down", "zhang", World.pooled, lambda desk, r: desk.push_down(r, owner=None), "created"),
    Done("leads.push_down", "root", World.converted_lead, lambda desk, r: desk.push_down(r), "created"),
    Done("leads.delete", "zhang", deletable, lambda desk, r: desk.delete(r), "deleted"),
    Done("leads.delete", "zhang", World.disqualified_lead, lambda desk, r: desk.delete(r), "deleted"),
    Done("leads.merge", "zhang", double, lambda desk, r: desk.merge(r, "lead-1"), "lead_merged lead_merged_away"),
    Done("leads.merge", "root", double_with_quote,
         lambda desk, r: desk.merge(r, "lead-1", fields={"title": "other", "email": "survivor"}),
         "lead_merged lead_merged_away document_moved", "document"),
    Done("leads.unmerge", "zhang", merged, lambda desk, r: desk.unmerge(r), "lead_unmerged lead_brought_back"),
    Done("leads.unmerge", "zhang", merged_with_documents, lambda desk, r: desk.unmerge(r),
         "lead_unmerged lead_brought_back document_moved document_moved", "document"),
    Done("leads.recycle_overdue", "root", lambda w: overdue(w, 20), lambda desk, r: desk.recycle_overdue(),
         "lead_reminded"),
    Done("leads.recycle_overdue", "root", reminded, lambda desk, r: desk.recycle_overdue(), "lead_recycled"),
    # opportunities: create, edit, activities
    Done(
        "opportunities.create", "li", World.customer,
        lambda desk, r: desk.create("A", customer=r.id, amount=LARGE, close_date=TODAY, process="crm2000"), "created",
    ),
    Done(
        "opportunities.create", "li", World.contact,
        lambda desk, r: desk.create(
            "A", contact=r.id, process="crm2000", owner="chen", team=[sf.TeamMember("wang", "after_sales")],
            stage="bidding", reason="they know us", source="fair",
        ),
        "created",
    ),
    Done("opportunities.edit", "li", World.deal, lambda desk, r: desk.edit(r, name="B", probability=0), "edited"),
    Done("opportunities.edit", "li", World.deal, lambda desk, r: desk.edit(r, amount=SMALL),
         "edited graded route_changed"),
    Done("opportunities.edit", "li", World.deal, lambda desk, r: desk.edit(r, amount=sf.Money(1_300_000, "CNY")),
         "edited graded"),
    Done("opportunities.edit", "li", with_contact_role, lambda desk, r: desk.edit(r, customer="customer-2"),
         "edited contact_roles_left"),
    Done("opportunities.add_activity", "li", World.deal, lambda desk, r: desk.add_activity(r, "visit", "was there"),
         "activity_added"),
    Done("opportunities.add_activity", "li", World.invalid, lambda desk, r: desk.add_activity(r, "note", "a pity"),
         "activity_added"),
    # tasks
    Done("opportunities.finish_task", "li", World.deal, lambda desk, r: desk.finish_task(r, "confirm_tender"),
         "task_finished"),
    Done("opportunities.finish_task", "feng", assigned, lambda desk, r: desk.finish_task(r, "1:confirm_tender"),
         "task_finished"),
    Done("opportunities.finish_task", "li", World.served, lambda desk, r: desk.finish_task(r, "install"),
         "task_finished"),
    Done("opportunities.reopen_task", "li", with_task_done, lambda desk, r: desk.reopen_task(r, "confirm_tender"),
         "task_reopened"),
    Done("opportunities.add_task", "li", World.deal, lambda desk, r: desk.add_task(r, "Ring them"), "task_added"),
    Done("opportunities.add_task", "li", World.deal,
         lambda desk, r: desk.add_task(r, "Ring them", code="ring", assignee="zhang", due=LATER), "task_added"),
    Done("opportunities.assign_task", "li", World.deal,
         lambda desk, r: desk.assign_task(r, "confirm_tender", "zhang", due=LATER), "task_assigned"),
    Done("opportunities.assign_task", "li", assigned,
         lambda desk, r: desk.assign_task(r, "confirm_tender", due=LATER), "task_due_set"),
    Done("opportunities.assign_task", "li", dated,
         lambda desk, r: desk.assign_task(r, "confirm_tender", due=None), "task_due_set"),
    Done("opportunities.assign_task", "li", World.served,
         lambda desk, r: desk.assign_task(r, "install", due=LATER), "task_due_set"),
    Done("opportunities.add_task", "li", World.served,
         lambda desk, r: desk.add_task(r, "Take photos", after_sales=True), "task_added"),
    Done("opportunities.unassign_task", "li", assigned, lambda desk, r: desk.unassign_task(r, "confirm_tender"),
         "task_unassigned"),
    Done("opportunities.fill_feedback", "li", World.deal, lambda desk, r: desk.fill_feedback(r, "they like us"),
         "feedback_filled"),
    Done("opportunities.fill_feedback", "li", World.lost, lambda desk, r: desk.fill_feedback(r, "price"),
         "feedback_filled"),
    # stages
    Done("opportunities.advance", "li", lambda w: w.finished(w.deal()), lambda desk, r: desk.advance(r),
         "stage_left stage_entered"),
    Done("opportunities.change_stage", "li", World.deal, jump_to("negotiation", "in haste"),
         "stage_left stage_skipped stage_skipped stage_entered"),
    Done("opportunities.change_stage", "li", World.agreed, jump_to("bidding", "new terms"),
         "stage_left stage_entered"),
    Done("opportunities.change_stage", "li", lambda w: w.finished(w.deal()), jump_to("bid_decision"),
         "stage_left stage_entered"),
    Done("opportunities.change_process", "li", World.deal, change_to("one_stage"),
         "stage_left process_changed stage_entered"),
    Done("opportunities.change_process", "zhang", in_negotiation, change_to("salesforce_standard", stage="proposal",
         reason="they ask again"), "stage_left process_changed stage_entered stage_left stage_entered"),
    Done("opportunities.change_process", "li", World.deal, change_to("salesforce_standard", stage="negotiation"),
         "stage_left process_changed stage_entered stage_left stage_skipped stage_skipped stage_entered"),
    Done("opportunities.change_process", "li", World.waiting, change_to("crm2000"),
         "stage_left process_changed stage_entered"),
    Done("opportunities.win", "li", World.agreed,
         lambda desk, r: desk.win(r, amount=SMALL, close_date=TODAY, comment="well done"),
         "stage_left won deals_counted", "customer"),
    Done("opportunities.lose", "li", World.deal,
         lambda desk, r: desk.lose(r, reason="price", competitor="Globex", close_date=TODAY), "stage_left lost"),
    Done("opportunities.invalidate", "li", World.deal,
         lambda desk, r: desk.invalidate(r, reason="other", comment="a student", close_date=TODAY),
         "stage_left invalidated"),
    Done("opportunities.invalidate", "li", lambda w: w.served(w.deal()),
         lambda desk, r: desk.invalidate(r, reason="other"), "stage_left invalidated after_sales_cancelled"),
    Done("opportunities.reopen", "li", World.lost, lambda desk, r: desk.reopen(r), "reopened stage_entered"),
    Done("opportunities.reopen", "li", World.won, lambda desk, r: desk.reopen(r),
         "reopened stage_entered deals_counted", "customer"),
    Done("opportunities.void", "li", World.won, lambda desk, r: desk.void(r, reason="test"), "voided deals_counted",
         "customer"),
    Done("opportunities.unvoid", "root", lambda w: w.voided(w.won()), lambda desk, r: desk.unvoid(r),
         "unvoided deals_counted", "customer"),
    Done("opportunities.unvoid", "root", lambda w: w.voided(w.deal()), lambda desk, r: desk.unvoid(r), "unvoided"),
    Done("opportunities.delete", "li", World.deal, lambda desk, r: desk.delete(r), "deleted"),
    Done("opportunities.delete", "li", arrived_as_won, lambda desk, r: desk.delete(r), "deleted deals_counted",
         "customer"),
    # people
    Done("opportunities.change_owner", "li", World.deal, lambda desk, r: desk.change_owner(r, "qian"),
         "owner_changed"),
    Done("opportunities.change_owner", "zhang", World.won,
         lambda desk, r: desk.change_owner(r, "chen", old_owner_role="joint", hand_over_tasks=False),
         "owner_changed"),
    Done("opportunities.add_member", "li", World.deal, lambda desk, r: desk.add_member(r, "wang"), "member_added"),
    Done("opportunities.change_member", "li", World.team_deal,
         lambda desk, r: desk.change_member(r, "zhao", role="joint", access=sf.Access.READ), "member_changed"),
    Done("opportunities.remove_member", "li", World.team_deal,
         lambda desk, r: desk.remove_member(r, "zhao", role="joint"), "member_removed"),
    Done("opportunities.set_contact_role", "li", lambda w: w.deal(customer=None, contact=w.contact().id),
         lambda desk, r: desk.set_contact_role(r, "contact-1", role="user", is_primary=True), "contact_role_set"),
    Done("opportunities.add_competitor", "li", World.deal, lambda desk, r: desk.add_competitor(r, "Globex"),
         "competitor_added"),
    Done("opportunities.remove_competitor", "li", with_competitor,
         lambda desk, r: desk.remove_competitor(r, "Globex"), "competitor_removed"),
    # what superiors decide
    Done("opportunities.set_grade", "zhang", World.deal,
         lambda desk, r: desk.set_grade(r, sf.Grade.A, reason="key account"), "grade_set"),
    Done("opportunities.set_grade", "zhang", World.deal,
         lambda desk, r: desk.set_grade(r, sf.Grade.D, reason="routine"), "grade_set route_changed"),
    Done("opportunities.clear_grade", "zhang", graded_by_hand, lambda desk, r: desk.clear_grade(r),
         "grade_cleared route_changed"),
    Done("opportunities.waive_stage", "zhang", World.owing,
         lambda desk, r: desk.waive_stage(r, "initiate", reason="known customer"), "stage_waived"),
    Done("opportunities.register_with_partner", "li", World.partner_deal,
         lambda desk, r: desk.register_with_partner(r), "registration_requested"),
    Done("opportunities.request_approval", "li", World.briefed, lambda desk, r: desk.request_approval(r, "advance"),
         "approval_requested"),
    Done("opportunities.request_approval", "li", gated_last,
         lambda desk, r: desk.request_approval(r, "win", amount=SMALL, close_date=TODAY, comment="at last"),
         "approval_requested"),
    Done("opportunities.request_approval", "li", guarded,
         lambda desk, r: desk.request_approval(r, "change_stage", stage="close", reason="urgent"),
         "approval_requested"),
    Done("opportunities.approve", "zhang", World.waiting, lambda desk, r: desk.approve(r),
         "approval_granted stage_left stage_entered"),
    Done("opportunities.approve", "sun", World.registering, lambda desk, r: desk.approve(r, comment="fine"),
         "registration_approved"),
    Done("opportunities.request_approval", "li", ruled,
         lambda desk, r: desk.request_approval(r, "lose", reason="price", competitor="Globex"), "approval_requested"),
    Done("opportunities.request_approval", "li", expired,
         lambda desk, r: desk.request_approval(r, "lose", reason="price"), "approval_requested"),
    Done("opportunities.approve", "feng",
         lambda w: w.acting("li").opportunities.request_approval(ruled(w), "advance"),
         lambda desk, r: desk.approve(r), "approval_granted stage_left stage_entered"),
    Done("opportunities.approve", "wang",
         lambda w: w.acting("li").opportunities.request_approval(ruled(w), "lose", reason="price"),
         lambda desk, r: desk.approve(r), "approval_granted stage_left lost"),
    Done("opportunities.refuse", "zhang", World.waiting, lambda desk, r: desk.refuse(r, comment="too early"),
         "approval_refused"),
    Done("opportunities.refuse", "zhang", World.registering, lambda desk, r: desk.refuse(r, comment="not ours"),
         "registration_refused"),
    Done("opportunities.withdraw_approval", "li", World.waiting, lambda desk, r: desk.withdraw_approval(r),
         "approval_withdrawn"),
    # after-sales
    Done("opportunities.start_after_sales", "li", World.won, lambda desk, r: desk.start_after_sales(r),
         "after_sales_started"),
    Done("opportunities.after_sales_feedback", "li", World.served,
         lambda desk, r: desk.after_sales_feedback(r, "runs well"), "after_sales_feedback_filled"),
    Done("opportunities.after_sales_advance", "li", World.serviced_to, lambda desk, r: desk.after_sales_advance(r),
         "after_sales_advanced"),
    Done("opportunities.finish_after_sales", "li", lambda w: w.serviced_to("training", "maintenance"),
         lambda desk, r: desk.finish_after_sales(r), "after_sales_finished"),
    # customers, contacts, sharing rules
    Done("customers.create", "li", nothing, lambda desk, _: desk.create("Acme", phone="139", owner="chen"), "created"),
    Done("customers.create", "root", nothing, lambda desk, _: desk.create("Acme"), "created"),
    Done("customers.edit", "li", World.customer, lambda desk, r: desk.edit(r, name="Acme Ltd", owner="chen"),
         "edited"),
    Done("contacts.create", "li", World.customer, lambda desk, r: desk.create("Ms Qian", customer=r.id, email="q@a"),
         "created"),
    Done("contacts.create", "root", nothing, lambda desk, _: desk.create("Ms Qian"), "created"),
    Done("contacts.edit", "li", World.contact, lambda desk, r: desk.edit(r, title="Head of purchasing"), "edited"),
    Done("sharing.create", "root", nothing, lambda desk, _: desk.create(from_department="east", to_group="g"),
         "created"),
    Done("sharing.edit", "root", shared_in_department, lambda desk, r: desk.edit(r, access="read_write"), "edited"),
    Done("sharing.delete", "root", shared_in_department, lambda desk, r: desk.delete(r), "deleted"),
    Done("pools.create", "root", nothing, lambda desk, _: desk.create("East", members=None, dispatchers=["zhang"]),
         "created"),
    Done("pools.edit", "root", a_pool, lambda desk, r: desk.edit(r, members=["chen"], ceiling=5), "edited"),
    Done("pools.delete", "root", a_pool, lambda desk, r: desk.delete(r), "deleted"),
    # competitors, literature, lead sources
    Done("competitors.create", "root", nothing,
         lambda desk, _: desk.create("Globex", reported_revenue=LARGE, products=["GlobexCRM"]), "created"),
    Done("competitors.edit", "root", a_competitor,
         lambda desk, r: desk.edit(r, name="Globex AG", strengths="price", scorecards=[SCORECARD]), "edited"),
    Done("competitors.delete", "root", a_competitor, lambda desk, r: desk.delete(r), "deleted"),
    Done("literature.create", "root", nothing,
         lambda desk, _: desk.create(
             "Prices", kind="price_list", document=sf.Ref("dms", "4711"), valid_until=LATER, language="zh",
             stages=[("crm2000", "bidding")],
         ), "created"),
    Done("literature.edit", "root", a_brochure,
         lambda desk, r: desk.edit(r, kind="deck", competitors=["Globex"], campaigns=[sf.Ref("campaign", "spring")]),
         "edited"),
    Done("literature.delete", "root", a_brochure, lambda desk, r: desk.delete(r), "deleted"),
    Done("sources.create", "root", nothing, lambda desk, _: desk.create("website"), "created"),
    Done("sources.edit", "root", a_source, lambda desk, r: desk.edit(r, costs=[COST]), "edited"),
    Done("sources.delete", "root", a_source, lambda desk, r: desk.delete(r), "deleted"),
    # documents
    Done("leads.quote", "li", World.lead, lambda desk, r: desk.quote(r, LINES), "created document_issued"),
    Done("leads.order", "zhang", World.converted_lead, lambda desk, r: desk.order(r, LINES),
         "created document_issued"),
    Done("leads.order", "li", quoted_lead, lambda desk, r: desk.order(r, LINES), "created document_issued"),
    Done("opportunities.issue_quote", "li", World.deal, lambda desk, r: desk.issue_quote(r, LINES),
         "created document_issued"),
    Done("opportunities.issue_quote", "li", from_a_lead, lambda desk, r: desk.issue_quote(r, LINES),
         "created document_issued document_issued", "lead"),
    Done("opportunities.issue_contract", "li", World.won, lambda desk, r: desk.issue_contract(r, LINES),
         "created document_issued"),
    Done("opportunities.issue_order", "li", with_accepted_quote,
         lambda desk, r: desk.issue_order(r, source="quote:Q-1"), "created document_issued"),
    Done("opportunities.issue_order", "li", priced, lambda desk, r: desk.issue_order(r), "created document_issued"),
    Done("opportunities.issue_invoice", "li", with_order,
         lambda desk, r: desk.issue_invoice(r, LINES[:1], source="order:O-1"), "created document_issued"),
    Done("documents.issue", "li", World.customer, lambda desk, r: desk.issue(r, "order", LINES), "created"),
    Done("documents.accept", "li", World.quote, lambda desk, r: desk.accept(r), "quote_accepted"),
    Done("documents.accept", "zhang", quote_of_a_lead, lambda desk, r: desk.accept(r), "quote_accepted"),
    Done("documents.accept", "li", quote_of_a_customer, lambda desk, r: desk.accept(r), "quote_accepted"),
    Done("documents.record_payment", "li", World.invoice,
         lambda desk, r: desk.record_payment(r, sf.Money("0.01", "CNY")), "payment_recorded"),
    Done("documents.record_payment", "li", invoice_of_a_customer,
         lambda desk, r: desk.record_payment(r, r.total if isinstance(r, sf.Document) else LARGE), "payment_recorded"),
    # imports
    Done("files.import_opportunities", "li", nothing,
         lambda desk, _: desk.import_opportunities(
             [sf.ImportedOpportunity(id="x", name="X", owner="li", process="crm2000", stage="bidding")]
         ), "imported"),
    Done("files.import_csv", "li", nothing,
         lambda desk, _: desk.import_csv(StringIO("title,phone\nCRM2000,139\n"), PHONE_LEADS), "imported"),
    Done("files.import_json", "root", nothing,
         lambda desk, _: desk.import_json(StringIO('[{"title": "CRM2000", "phone": 139}]'), PHONE_LEADS), "imported"),
]  # fmt: skip
"""At least once for each operation that changes something."""
