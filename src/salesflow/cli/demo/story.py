"""What the people of the company do in the spring of 2026, told by the calls that they make."""

from __future__ import annotations

from collections.abc import Callable

from salesflow.cli.demo.company import ADMINISTRATOR, NAMES, Company
from salesflow.cli.terminal import heading, padded, paragraph
from salesflow.errors import Refused
from salesflow.model import Access, Grade, LedBy, Money, NewContact, NewCustomer, NewOpportunity, TeamMember, TeamRole

Story = dict[str, str]
"""The ids of the opportunities by the names that this story gives them."""


def tell(company: Company, person: str, what: str) -> None:
    """Print what somebody did, and on which day."""
    paragraph(what, mark=f"  {company.flow.today():%m-%d}  {padded(NAMES[person], 6)}  ", indent=0)


def is_refused(company: Company, person: str, what: str, attempt: Callable[[], object]) -> None:
    """Print what somebody tried, and every reason why it may not be."""
    try:
        attempt()
    except Refused as no:
        tell(company, person, f"{what}: refused")
        for reason in no.reasons:
            paragraph(str(reason), indent=17, mark="✗ ")
    else:
        raise AssertionError(f"the story expects that {what!r} is refused")


def collect_leads(company: Company) -> None:
    """Leads come in, are assigned, followed up and recycled; one is no lead at all."""
    li, root, zhou = company.acting("li"), company.acting(ADMINISTRATOR), company.acting("zhou")
    tender = li.leads.create(
        title="CRM2000 for Atlas", contact="钱女士", phone="139 1234 5678", company="Atlas", source="website"
    )
    li.leads.follow_up(tender.id, "They publish the tender next week")
    tell(company, "li", f"creates and follows up {tender.id}, {tender.title!r}")
    reseller = root.leads.create(
        title="A reseller's client needs CRM2000", email="hu@dealer.example", source="trade show", owner=None
    )
    root.leads.assign(reseller.id, "zhao")
    tell(company, ADMINISTRATOR, f"enters {reseller.id} without owner, and assigns it to {NAMES['zhao']}")
    thesis = zhou.leads.create(title="Questions about CRM", phone="137 0000 1111", source="social media")
    zhou.leads.disqualify(thesis.id, reason="a student's thesis, nothing is bought")
    tell(company, "zhou", f"disqualifies {thesis.id}: a student's thesis")
    is_refused(
        company, "zhou", f"converts {thesis.id} all the same",
        lambda: zhou.leads.convert(thesis.id, customer=NewCustomer("A student")),
    )  # fmt: skip
    company.wait(days=21)
    company.acting("zhang").leads.recycle(reseller.id, reason="three weeks without a call")
    tell(company, "zhang", f"recycles {reseller.id}: three weeks without a call")
    root.leads.assign(reseller.id, "wu")
    tell(company, ADMINISTRATOR, f"assigns {reseller.id} to {NAMES['wu']}")


def win_a_tender(company: Company) -> str:
    """Grade B on crm2000: by the book, then a jump, lost, reopened, won, and after-sales beside it."""
    li, ma = company.acting("li"), company.acting("ma")
    atlas = NewOpportunity(
        "CRM2000 for Atlas", amount=Money("1200000", "CNY"), process="crm2000", close_date=company.in_days(90)
    )
    made = li.leads.convert("lead-1", customer=NewCustomer("Atlas"), contact=NewContact("钱女士"), opportunity=atlas)
    assert made.opportunity is not None
    deal = made.opportunity.id
    tell(company, "li", f"converts lead-1 into {deal}, graded {made.opportunity.grade.effective}")
    is_refused(company, "li", "converts it again", lambda: li.leads.convert("lead-1", customer=NewCustomer("Atlas")))
    is_refused(company, "li", "advances at once", lambda: li.opportunities.advance(deal))
    for task in ("confirm_tender", "confirm_qualification"):
        li.opportunities.finish_task(deal, task)
    li.opportunities.advance(deal)
    tell(company, "li", "finishes both tasks and advances to bid_decision")
    company.wait(days=7)
    li.opportunities.change_stage(deal, "negotiation", reason="second purchase, no demo needed")
    tell(company, "li", "jumps to negotiation: second purchase, no demo needed")
    li.opportunities.lose(deal, reason="price", competitor="Globex")
    tell(company, "li", "loses to Globex on price")
    company.wait(days=2)
    li.opportunities.reopen(deal)
    li.opportunities.edit(deal, amount=Money("1080000", "CNY"))
    li.opportunities.advance(deal)
    tell(company, "li", "reopens with a lower price and advances to agreement")
    for task in ("prepare_contract", "arrange_follow_up"):
        li.opportunities.finish_task(deal, task)
    li.opportunities.add_member(deal, "ma", role=TeamRole.AFTER_SALES, access=Access.READ_WRITE)
    li.opportunities.win(deal)
    tell(company, "li", f"wins, with {NAMES['ma']} in the team for what follows")
    ma.opportunities.start_after_sales(deal)
    for task in ("install", "hand_over"):
        ma.opportunities.finish_task(deal, task)
    ma.opportunities.after_sales_advance(deal)
    tell(company, "ma", "starts after-sales, installs, hands over, goes on to training")
    return deal


def bid_for_a_campus(company: Company) -> str:
    """Grade A on tas_bidding: the full route, stage by stage, with an approval that is first refused."""
    zhao, zhang = company.acting("zhao"), company.acting("zhang")
    lead = zhao.leads.create(title="Smart campus platform", email="campus@uni.example", source="referral")
    company.wait(days=3)
    campus = NewOpportunity(
        "智慧园区平台", amount=Money("8000000", "CNY"), process="tas_bidding", close_date=company.in_days(200),
        team=[TeamMember("xu", TeamRole.PRESALES), TeamMember("wu", TeamRole.JOINT, Access.READ_WRITE)],
    )  # fmt: skip
    made = zhao.leads.convert(
        lead, customer=NewCustomer("East China University"), contact=NewContact("Dr Fang"), opportunity=campus
    )
    assert made.opportunity is not None
    assert made.contact is not None
    deal = made.opportunity.id
    tell(company, "zhao", f"converts {lead.id} into {deal}, graded A, which enters initiate")
    is_refused(company, "zhao", "advances at once", lambda: zhao.opportunities.advance(deal))
    for task in ("write_project_brief", "name_project_team"):
        zhao.opportunities.finish_task(deal, task)
    zhao.opportunities.request_approval(deal, "advance")
    tell(company, "zhao", "finishes both tasks and asks for the approval")
    zhang.opportunities.refuse(deal, comment="who pays for the demo?")
    tell(company, "zhang", "refuses: who pays for the demo?")
    company.wait(days=1)
    zhao.opportunities.request_approval(deal, "advance")
    is_refused(company, "zhao", "approves it herself", lambda: zhao.opportunities.approve(deal))
    zhang.opportunities.approve(deal, comment="the department does")
    tell(company, "zhang", "approves; the deal advances to analyse_needs, as asked")
    is_refused(
        company, "zhao", "jumps to the last stage", lambda: zhao.opportunities.change_stage(deal, "sign_contract")
    )
    zhao.opportunities.set_contact_role(deal, made.contact.id, role="decision_maker", is_primary=True)
    zhao.opportunities.add_competitor(deal, "Globex")
    zhao.opportunities.finish_task(deal, "settle_value_proposition")
    return deal


def take_the_fast_track(company: Company) -> str:
    """Grade C on tas_bidding: a smaller deal jumps to the last stage and is won."""
    sun = company.acting("sun")
    clinic = sun.customers.create("Lakeside Clinic")
    deal = sun.opportunities.create(
        "Appointment desk", customer=clinic.id, amount=Money("600000", "CNY"), process="tas_bidding",
        close_date=company.in_days(40),
    )  # fmt: skip
    tell(company, "sun", f"creates {deal.id}, graded {deal.grade.effective}: {deal.grade.reason}")
    deal = sun.opportunities.change_stage(deal, "sign_contract")
    tell(company, "sun", f"jumps to {deal.stage}: the fast track may")
    company.wait(days=10)
    deal = sun.opportunities.finish_task(deal, "sign")
    sun.opportunities.win(deal)
    tell(company, "sun", "signs and wins")
    return deal.id


def register_a_partners_deal(company: Company) -> str:
    """Grade E on tas_bidding: a partner leads; the deal may jump once it is registered with us."""
    wu, liu = company.acting("wu"), company.acting("liu")
    made = wu.leads.convert(
        "lead-2", customer=NewCustomer("Harbour Group"),
        opportunity=NewOpportunity(
            "CRM2000 via reseller", amount=Money("2400000", "CNY"), process="tas_bidding",
            close_date=company.in_days(60), stage="validate", led_by=LedBy.PARTNER,
        ),
    )  # fmt: skip
    assert made.opportunity is not None
    deal = made.opportunity.id
    tell(company, "wu", f"converts lead-2 into {deal}, graded E: {made.opportunity.grade.reason}")
    is_refused(company, "wu", "jumps to the last stage", lambda: wu.opportunities.change_stage(deal, "sign_contract"))
    wu.opportunities.register_with_partner(deal)
    liu.opportunities.approve(deal)
    wu.opportunities.change_stage(deal, "sign_contract")
    tell(company, "liu", "approves the registration, and the jump goes through")
    return deal


def drop_a_small_one(company: Company) -> str:
    """Grade D on salesforce_standard: raised by hand for what may follow, then found to be none."""
    zhou, liu = company.acting("zhou"), company.acting("liu")
    school = zhou.customers.create("Riverside School")
    deal = zhou.opportunities.create(
        "Pilot for one school", customer=school.id, amount=Money("120000", "CNY"), process="salesforce_standard",
        close_date=company.in_days(30), stage="needs_analysis",
    )  # fmt: skip
    liu.opportunities.set_grade(deal.id, Grade.B, reason="forty schools may follow")
    tell(company, "liu", f"raises {deal.id} by hand from D to B: forty schools may follow")
    zhou.opportunities.invalidate(deal.id, reason="customer_cancelled")
    tell(company, "zhou", "finds it invalid: the customer cancelled")
    return deal.id


EVERY_DAY = (
    # who, what, for whom, what it may be worth, on which process, which stage it comes to, and how it ends there
    ("li", "CRM2000", "Borealis", "700000", "crm2000", "qualification", None),
    ("zhao", "CRM2000", "Cathay Foods", "3000000", "crm2000", "qualification", None),
    ("li", "CRM2000", "Golden Bridge", "1300000", "crm2000", "bid_decision", None),
    ("zhou", "CRM2000", "Delta Textiles", "1500000", "crm2000", "bidding", None),
    ("wu", "CRM2000", "恒信机电", "880000", "crm2000", "negotiation", None),
    ("sun", "CRM2000", "Evergreen", "640000", "crm2000", "agreement", "won"),
    ("zhao", "CRM2000", "Fuyao", "2100000", "crm2000", "bidding", "price"),
    ("zhou", "Access control", "Port Authority", "900000", "tas_bidding", "validate", "competitor"),
    ("sun", "Visitor guide", "City Museum", "250000", "tas_bidding", "sign_contract", None),
    ("wu", "影像平台", "县人民医院", "5600000", "tas_bidding", "validate", None),
    ("zhou", "Support desk", "Ferry Lines", "450000", "salesforce_standard", "prospecting", "budget"),
    ("wu", "Twenty seats", "Corner Bakery", "90000", "salesforce_standard", "negotiation", "won"),
)
"""Deals of every day, so that boards and funnels are not empty."""


def carry_on(company: Company) -> None:
    """Create the deals of every day, and take each as far as it comes."""
    for person, what, customer, amount, process, stage, end in EVERY_DAY:
        desk = company.acting(person)
        deal = desk.opportunities.create(
            f"{what} for {customer}", customer=desk.customers.create(customer).id, process=process,
            amount=Money(amount, "CNY"), close_date=company.in_days(75),
        )  # fmt: skip
        bring(company, person, deal.id, stage)
        if end == "won":
            finish_tasks(company, person, deal.id)
            desk.opportunities.win(deal.id)
        elif end is not None:
            desk.opportunities.lose(deal.id, reason=end)
        else:
            promise(company, person, deal.id)
        outcome = {"won": ", won", None: ""}.get(end, f", lost: {end}")
        tell(company, person, f"{deal.name}, {deal.amount}: {stage}{outcome}")
        company.wait(days=1)
    company.acting(ADMINISTRATOR).sharing.create(from_department="south", to_person="zhang")
    tell(company, ADMINISTRATOR, f"shares what the people of South own with {NAMES['zhang']}")


def promise(company: Company, person: str, deal: str) -> None:
    """Take on the first open task of the stage that a deal is in, if it has one; nobody does it by its day."""
    desk = company.acting(person).opportunities
    record = desk.get(deal)
    waiting = [task for task in record.tasks if task.stage == record.stage and task.status == "open"]
    for task in waiting[:1]:
        desk.assign_task(deal, task.code, person, due=company.in_days(21))


def bring(company: Company, person: str, deal: str, stage: str) -> None:
    """Bring a deal to *stage*: on crm2000 by the book, with every task of every stage, else by a jump."""
    desk = company.acting(person).opportunities
    while desk.get(deal).stage != stage:
        company.wait(days=5)
        if desk.get(deal).process == "crm2000":
            finish_tasks(company, person, deal)
            desk.advance(deal)
        else:
            desk.change_stage(deal, stage)


def finish_tasks(company: Company, person: str, deal: str) -> None:
    """Finish what is open in the stage that a deal is in."""
    desk = company.acting(person).opportunities
    record = desk.get(deal)
    for task in record.tasks:
        if task.stage == record.stage and task.status == "open":
            desk.finish_task(deal, task.code)


def run(company: Company) -> Story:
    """Tell the whole story; return the ids of the deals that matter later."""
    heading("Leads (销售线索)")
    collect_leads(company)
    story = {}
    for title, name, chapter in (
        ("Grade B: a tender (CRM2000 投标)", "tender", win_a_tender),
        ("Grade A: a campus (TAS+ 招投标流程)", "campus", bid_for_a_campus),
        ("Grade C: the fast track (快速通道)", "clinic", take_the_fast_track),
        ("Grade E: a partner's deal (报备)", "reseller", register_a_partners_deal),
        ("Grade D: raised by hand, and none (无效)", "school", drop_a_small_one),
    ):
        heading(title)
        story[name] = chapter(company)
    heading("And every day")
    carry_on(company)
    return story
