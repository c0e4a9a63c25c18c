"""What three of the people see of it all, why they do, and what it adds up to: the short form, for the terminal."""

from __future__ import annotations

from salesflow.cli.demo.company import NAMES, PEOPLE, Company
from salesflow.cli.demo.story import Story
from salesflow.cli.reading import show_funnel, show_list, show_sales_cycle, show_win_rates
from salesflow.cli.terminal import heading, paragraph, say, table

SCENES = ("all", "mine", "subordinates", "joint", "serviced", "shared", "departments")


def show_people() -> None:
    """Print the organisation."""
    heading("Twelve people in three departments (组织架构)")
    table("id  name  manager  department", [(p.id, p.name, p.manager or "–", p.department or "–") for p in PEOPLE])


def show(company: Company, story: Story) -> None:
    """Print the lists of three people, two proofs, what can be done with one deal, and the figures."""
    for person in ("li", "zhang", "wang"):
        desk = company.acting(person).opportunities
        heading(f"As {NAMES[person]} ({person}) sees it (列表视图)")
        say(" · ".join(f"{scene} {desk.count(scene)}" for scene in SCENES))
        show_list(desk.list(order_by="-amount").items, NAMES)
    for person in ("zhang", "gao"):
        heading(f"Does {NAMES[person]} see {story['campus']}? (可见性说明)")
        paragraph(str(company.flow.why(person, story["campus"])))
    heading(f"What {NAMES['zhao']} can do with {story['campus']} now (可行操作)")
    table(
        "move  to  state  what stands in the way",
        [
            (move.operation, move.to or "", "open" if move.is_open else "blocked", "; ".join(map(str, move.blockers)))
            for move in company.acting("zhao").opportunities.moves(story["campus"])
            if move.operation in ("advance", "change_stage", "win", "lose")
        ],
    )
    figures = company.acting("chen").pipeline
    show_funnel(figures.funnel(process="tas_bidding"))
    show_win_rates(figures.win_rates(by="owner"), "owner", NAMES)
    show_sales_cycle(figures.sales_cycle())
