"""Who works here, what three of them see, and why (ORG-1, VIS-1 … VIS-17)."""

from __future__ import annotations

from html import escape

from salesflow.cli.demo.company import ADMINISTRATOR, DEPARTMENTS, NAMES, PEOPLE, Company
from salesflow.cli.demo.report.markup import grade, person, scrolling, section, standing, table, worth
from salesflow.visibility import Proof

SCENES = {
    "all": "全部", "mine": "我负责的", "subordinates": "下属负责的", "joint": "我参与的", "shared": "共享给我的",
    "departments": "我部门的",
}  # fmt: skip
THREE = ("li", "zhang", "wang")


def people(company: Company) -> str:
    """Return the organisation as a tree."""
    chief = next(employee.id for employee in PEOPLE if employee.manager is None)
    return section(
        "people", "The company", "组织架构",
        f"Twelve people in three departments; {NAMES[chief]} manages them all. A manager sees what those below own, "
        "the head of a department what belongs to it, a team member the deals of the team.",
        scrolling("Who manages whom", f'<ul class="tree">{_below(chief)}</ul>'),
    )  # fmt: skip


def _below(id: str) -> str:
    department = next((d for d in DEPARTMENTS if d.head == id), None)
    heads = f'<small lang="zh">{escape(department.name or department.id)}</small>' if department else ""
    below = "".join(_below(employee.id) for employee in PEOPLE if employee.manager == id)
    return f'<li><span class="node">{person(id)}{heads}</span>{f"<ul>{below}</ul>" if below else ""}</li>'


def lists(company: Company) -> str:
    """Return the same list as three people see it."""
    shown = []
    titles = ("Opportunity", "Owner", "Grade", "Standing", "CNY")
    for id in THREE:
        desk = company.acting(id).opportunities
        counts = "".join(
            f'<span class="scene"><b>{desk.count(scene)}</b> {scene} <small lang="zh">{chinese}</small></span>'
            for scene, chinese in SCENES.items()
        )
        rows = [
            (
                f"{escape(deal.name)}", person(deal.owner), grade(deal.grade.effective), standing(deal), worth(deal),
            )
            for deal in desk.list(order_by="-amount", limit=1000).items
        ]  # fmt: skip
        shown.append(
            f'<div class="panel"><h3>{person(id)}</h3><p class="scenes">{counts}</p>'
            f"{table(f'What {NAMES[id]} sees', titles, rows, numbers=(4,))}</div>"
        )
    return section(
        "lists", "The same list, three people", "列表视图",
        "Each sees what the rules let them see, and every count and sum is made of that alone.",
        f'<div class="columns lists">{"".join(shown)}</div>',
    )  # fmt: skip


def proofs(company: Company, record: str) -> str:
    """Return why somebody sees a record, why somebody else does not, and everybody who does."""
    yes, no = company.flow.why("zhang", record), company.flow.why("gao", record)
    deal = company.acting(ADMINISTRATOR).opportunities.get(record)
    audience = [
        (person(id), "<br>".join(cause.html(NAMES) for cause in causes))
        for id, causes in company.flow.who_can_see(record).items()
    ]
    return section(
        "why", f"Who sees {deal.name}, and why?", "可见性说明",
        "Every way in that was tried: what each one found, or what it lacks. To those who do not see it, the record "
        "reads as if it were not there.",
        f'<div class="columns two">{_proof("zhang", yes)}{_proof("gao", no)}</div>',
        "<h3>Everybody who sees it</h3>", table("Everybody who sees it", ("Person", "By way of"), audience),
    )  # fmt: skip


def _proof(id: str, proof: Proof) -> str:
    verdict = "sees it" if proof.is_visible else "does not see it"
    state = "yes" if proof.is_visible else "no"
    return (
        f'<div class="panel proof {state}"><h3>{person(id)} <span class="verdict">{verdict}</span></h3>'
        f"{proof.html(NAMES)}</div>"
    )
