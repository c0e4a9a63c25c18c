"""What the records say: the template, grades, what can be done, what happened (PROC-5, GRADE-1, OPP-14, HIST-1)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from zoneinfo import ZoneInfo

from salesflow import templates
from salesflow.cli.demo.company import ADMINISTRATOR, NAMES, Company
from salesflow.cli.demo.report.markup import grade, person, scrolling, section, stage, table, worth
from salesflow.model import Event, Grading, Lead, Opportunity, Probability

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


def timeline(company: Company, record: str) -> str:
    """Return everything that happened to a deal, one entry for each decision."""
    events = company.acting(ADMINISTRATOR).opportunities.history(record)
    deal = company.acting(ADMINISTRATOR).opportunities.get(record)
    entries = "".join(_entry(deal.process, list(told)) for _, told in groupby(events, key=_standing_together))
    return section(
        "timeline", f"What happened to {deal.name}", "历史",
        f"{len(events)} events, each with the values before and after; replayed, they give the record as it is.",
        f'<ol class="timeline">{entries}</ol>',
    )  # fmt: skip


def _standing_together(event: Event) -> tuple[object, ...]:
    """Events are told in one entry where one person did the same thing at one moment."""
    return event.at, event.by, event.operation


def _entry(process: str, events: Sequence[Event]) -> str:
    first = events[0]
    day = first.at.astimezone(ZoneInfo("Asia/Shanghai"))
    kinds = "".join(f'<span class="badge {_tone(event.kind)}">{escape(_words(event))}</span>' for event in events)
    reasons = dict.fromkeys(event.reason for event in events if event.reason)
    said = "".join(f"<q>{escape(reason)}</q>" for reason in reasons)
    changes = "".join(
        f"<li>{escape(change.field)}: {_shown(process, change.before)} → <b>{_shown(process, change.after)}</b></li>"
        for event in events
        for change in event.changes
        if change.key is None
        and change.field in TOLD
        and _shown(process, change.before) != _shown(process, change.after)
    )
    return (
        f'<li><time datetime="{day.isoformat()}">{day:%Y-%m-%d}</time><div><p>{person(first.by)} '
        f"<code>{escape(first.operation)}</code> {said}</p><p>{kinds}</p>"
        f"{f'<ul>{changes}</ul>' if changes else ''}</div></li>"
    )


def _words(event: Event) -> str:
    what = event.kind.replace("_", " ")
    if event.kind != "task_finished":
        return what
    (change,) = event.changes
    if change.field == "tasks":
        return f"{what}: {(change.key or '').partition(':')[2]}"
    tasks = zip(change.before.tasks, change.after.tasks, strict=True)
    return f"{what}: {', '.join(after.code for before, after in tasks if before != after)}"


def _tone(kind: str) -> str:
    return kind if kind in ("won", "lost", "invalidated") else ""


def _shown(process: str, value: object) -> str:
    match value:
        case None:
            return "–"
        case Probability():
            return f"{value.percent} %"
        case Grading():
            return str(value.effective or "–")
        case _:
            return stage(process, NAMES.get(str(value), str(value)))


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
