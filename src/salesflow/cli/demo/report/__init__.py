"""The report: one page of HTML that holds everything it shows, fetches nothing and runs nothing."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from salesflow import templates
from salesflow.cli.demo.company import NAMES, Company
from salesflow.cli.demo.report import pipeline, records, sight
from salesflow.cli.demo.story import Story

PARTS = {
    "board": "Board", "funnel": "Funnel", "process": "Process", "grades": "Grades", "people": "People",
    "lists": "Lists", "why": "Why", "moves": "Moves", "timeline": "Timeline", "leads": "Leads", "rates": "Win rates",
}  # fmt: skip
"""The parts that the page's menu leads to."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What the browser is told: this page may fetch nothing and run nothing."""


def render(company: Company, story: Story) -> str:
    """
    Return the page.

    Args:
        company: Whose flow it is, after the story ran.
        story: The ids of the deals that the page looks at closely.
    """
    style = files(__name__).joinpath("style.css").read_text(encoding="utf-8")
    menu = "".join(f'<a href="#{anchor}">{escape(name)}</a>' for anchor, name in PARTS.items())
    count = company.acting(pipeline.MANAGER).opportunities.count()
    body = (
        pipeline.tiles(company),
        pipeline.boards(company),
        pipeline.funnels(company),
        records.drawing(),
        records.grades(company),
        sight.people(company),
        sight.lists(company),
        sight.proofs(company, story["campus"]),
        records.moves(company, "zhao", story["campus"]),
        records.history(company, story["tender"]),
        records.leads(company),
        pipeline.win_rates(company),
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>salesflow: the main job</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#board">Skip to the board</a>\n'
        '<header class="top"><h1>salesflow <span lang="zh">商机全流程</span></h1>'
        f"<p>The main job from end to end: {len(templates.builtin())} stage templates at hand, {count} "
        f"opportunities of a company of twelve, as {NAMES[pipeline.MANAGER]} sees them on "
        f"<time>{company.flow.today()}</time>.</p>"
        f'<nav aria-label="Parts of this page">{menu}</nav></header>\n<main>\n{chr(10).join(body)}\n</main>\n'
        f"<footer>Written by <code>salesflow demo</code>. Every figure was read through the library, "
        "from an embedded SQLite file. This page fetches nothing and runs no script.</footer>\n</body>\n</html>\n"
    )
