"""`salesflow demo`: the main job from end to end, on an embedded SQLite file, and a report to look at."""

from __future__ import annotations

from pathlib import Path

import click

from salesflow.cli.options import colour_option, opened_store
from salesflow.cli.terminal import say

DATABASE = "salesflow_demo.db"
REPORT = "salesflow_demo.html"


@click.command("demo")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default="salesflow-demo", show_default=True,
    metavar="DIR", help="Where database, organisation and page are written; those of an earlier run are replaced.",
)  # fmt: skip
@colour_option
def command(out: Path) -> None:
    """Run the main job, and write a page to look at (商机全流程)."""
    from salesflow.cli.demo import story, views
    from salesflow.cli.demo.company import ORGANIZATION_FILE, ORGANIZATION_TEXT, TIME_ZONE, Company
    from salesflow.cli.demo.report import render

    out.mkdir(parents=True, exist_ok=True)
    for old in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", REPORT):
        (out / old).unlink(missing_ok=True)
    with opened_store(f"sqlite:///{out / DATABASE}", makes_database=True) as store:
        company = Company(store)
        views.show_people()
        told = story.run(company)
        views.show(company, told)
        page = render(company, told)
    (out / ORGANIZATION_FILE).write_text(ORGANIZATION_TEXT, encoding="utf-8")
    (out / REPORT).write_text(page, encoding="utf-8")
    where = f"--db sqlite:///{out / DATABASE} --org {out / ORGANIZATION_FILE} --time-zone {TIME_ZONE}"
    say("\nGo on with the same records:")
    say(f"  salesflow board {where} --as zhang\n  salesflow why {where} --as gao {told['campus']}")
    say(f"\nA page to look at: {out / REPORT}")
