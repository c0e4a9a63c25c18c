"""What the records say: the template, grades, what can be done, what happened (PROC-5, GRADE-1, OPP-14, HIST-1)."""

from __future__ import annotations

from html import escape
from zoneinfo import ZoneInfo

from salesflow import templates
from salesflow.cli.demo.company import ADMINISTRATOR, NAMES, Company
from salesflow.cli.demo.report.markup import grade, person, scrolling, section, stage, table, worth
from salesflow.model import Lead, Opportunity, timeline_of

TOLD = ("stage", "status", "amount", "owner", "probability", "grade")
"""The fields whose changes the timeline tells."""
MOVES = ("advance", "change_stage", "win", "lose", "set_grade", "add_member")


def drawing() -> str:
    """Return the stage chart and the framework matrix, in English and in Chinese."""
    english = templates.draw(templates.builtin()["tas_bidding"], "svg", "en")
    chinese = templates.draw(templates.builtin()["crm2000"], "svg", "zh")
    return section(
        "process", "Stage chart and framework matrix", "阶段图与流程框架",
        "A template says what each stage asks for; nothing moves on while something is open. It is a TOML file, and "
        "this is how salesflow draws it.",
        scrolling("Stage chart and framework matrix of TAS+ with a bid", english, "drawing"),
        f'<details><summary>The same of CRM2000, in Chinese (<span lang="zh">中文</span>)</summary>'
        f"{scrolling('Stage chart and framework matrix of CRM2000, in Chinese', chinese, 'drawing')}</details>",
    )  # fmt: skip


def grades(company: Company) -> str:
    """Return every deal with its grade, its route, and why."""
    deals = company.acting("chen").opportunities.list(order_by="id", limit=1000).items
    rows = [
        (
            escape(deal.name), worth(deal), grade(deal.grade.computed), grade(deal.grade.effective),
            f"<code>{deal.grade.route}</code>", _because(deal),
        )
        for deal in sorted(deals, key=lambda deal: (deal.grade.effective or "Z", deal.name))
    ]  # fmt: skip
    return section(
        "grades", "Grades", "商机分级",
        "The grade decides the route: A and B run every stage, C and D may take the fast track, E is a partner's deal. "
        "What somebody set by hand stands beside what was computed.",
        table("Grades", ("Opportunity", "CNY", "Computed", "Effective", "Route", "Because"), rows, numbers=(1,)),
    )  # fmt: skip


def _because(deal: Opportunity) -> str:
    held = deal.grade
    if held.override is None or held.override_by is None:
        return escape(str(held.reason))
    return f"{person(held.override_by)} {escape(held.override_reason or '')}"


def moves(company: Company, who: str, record: str) -> str:
    """Return what somebody can do with a deal now, and everything that stands in the way of the rest."""
    desk = company.acting(who).opportunities
    deal = desk.get(record)
    rows = []
    for move in desk.moves(record):
        if move.operation in MOVES:
            state = '<span class="badge won">open</span>' if move.is_open else '<span class="badge lost">blocked</span>'
            said = [escape(str(blocker)) for blocker in move.blockers]
            if move.is_open and move.inputs:
                said = [f"asks for {escape(', '.join(move.inputs))}"]
            if move.instead:
                said.append("could do it: " + " ".join(person(id) for id in sorted(move.instead)))
            rows.append(
                (f"<code>{move.operation}</code>", stage(deal.process, move.to or ""), state, "<br>".join(said))
            )
    return section(
        "moves", f"What {NAMES[who]} can do with {deal.name}", "可行操作",
        "The answer comes from the code that would do it: every reason at once, and who could do it instead.",
        table("Operations", ("Operation", "To", "State", "What stands in the way"), rows),
    )  # fmt: skip


def history(company: Company, record: str) -> str:
    """Return everything that happened to a deal, one entry for each decision."""
    events = company.acting(ADMINISTRATOR).opportunities.history(record)
    deal = company.acting(ADMINISTRATOR).opportunities.get(record)
    stages = {stage.code: stage.name.text("en") for stage in templates.builtin()[deal.process].stages}
    told = timeline_of(events, names={**NAMES, **stages}, zone=ZoneInfo("Asia/Shanghai"), fields=TOLD)
    return section(
        "timeline", f"What happened to {deal.name}", "历史",
        f"{len(events)} events, each with the values before and after; replayed, they give the record as it is.",
        told.html(),
    )  # fmt: skip


def leads(company: Company) -> str:
    """Return every lead and what became of it."""
    rows = [
        (
            escape(lead.id), escape(lead.title), escape(lead.source or "–"),
            person(lead.owner) if lead.owner else "–", f'<span class="badge {lead.status}">{lead.status}</span>',
            " ".join(f"{person(former.person)}" for former in lead.former_owners) or "–",
        )
        for lead in company.acting(ADMINISTRATOR).leads.list(limit=1000).items
        if isinstance(lead, Lead)
    ]  # fmt: skip
    return section(
        "leads", "Leads", "销售线索",
        "A lead is assigned, followed up, recycled, disqualified, or converted: once, and only by whoever owns it.",
        table("Leads", ("Id", "Title", "Source", "Owner", "Status", "Formerly with"), rows),
    )  # fmt: skip
