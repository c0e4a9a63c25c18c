"""The page to look at: stage chart, board, funnel, and a proof, in one file of HTML that needs nothing else."""

from collections.abc import Iterable
from html import escape

import salesflow as sf
from examples.main_job.company import NAMES, Company
from examples.main_job.story import Story

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1c2733 }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2.5rem }
.row { display: flex; gap: .6rem; overflow-x: auto; align-items: stretch }
.stage, .column { flex: 1 0 9.5rem; background: #f1f4f8; border-radius: .5rem; padding: .6rem }
.stage { border-left: .3rem solid #2f6fb7 } .stage ul { margin: .3rem 0 0; padding-left: 1.1rem; font-size: .85rem }
.card { background: #fff; border: 1px solid #d8dfe7; border-radius: .4rem; padding: .4rem .5rem; margin-top: .5rem }
.small { color: #5b6b7c; font-size: .85rem } .right { text-align: right }
.bar { background: #2f6fb7; color: #fff; border-radius: .3rem; padding: .15rem .5rem; margin: .2rem 0;
  white-space: nowrap }
pre { background: #f1f4f8; border-radius: .5rem; padding: .8rem; overflow-x: auto }
"""


def render(company: Company, story: Story) -> str:
    """Return the page, as the general manager sees things."""
    template = sf.templates.builtin()["tas_bidding"]
    manager = company.acting("chen")
    deals = manager.opportunities.list("all", limit=1000).items
    flow = company.flow
    parts = [
        "<h1>salesflow: the main job (商机全流程)</h1>",
        f"<p>{len(deals)} opportunities, as {NAMES['chen']} sees them on {flow.today()}.</p>",
        "<h2>Stage chart of tas_bidding (阶段图)</h2>",
        _row(_stage(stage) for stage in template.stages),
        "<h2>Board of tas_bidding (阶段视图)</h2>",
        _row(_column(column, deals) for column in manager.opportunities.board(process="tas_bidding").columns),
        "<h2>Funnel of tas_bidding (销售漏斗)</h2>",
        _funnel(manager.pipeline.funnel(process="tas_bidding")),
    ]
    for person in ("zhang", "gao"):
        parts.append(f"<h2>Does {NAMES[person]} see {story['campus']}? (可见性说明)</h2>")
        parts.append(f"<pre>{escape(str(flow.why(person, story['campus'])))}</pre>")
    head = f'<meta charset="utf-8"><title>salesflow</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def _row(cells: Iterable[str]) -> str:
    return f'<div class="row">{"".join(cells)}</div>'


def _stage(stage: sf.Stage) -> str:
    tasks = "".join(f"<li>{escape(str(task.name))}</li>" for task in stage.tasks)
    return (
        f'<div class="stage"><b>{escape(str(stage.name))}</b>'
        f'<div class="small">{stage.probability} %</div><ul>{tasks}</ul></div>'
    )


def _column(column: sf.pipeline.Column, deals: Iterable[sf.Opportunity]) -> str:
    cards = "".join(
        f'<div class="card">{escape(deal.name)}'
        f'<div class="small">{deal.grade.effective} · {NAMES[deal.owner]} · {deal.amount}</div></div>'
        for deal in deals
        if deal.process == "tas_bidding" and column.code == (deal.status if deal.is_completed else deal.stage)
    )
    total = f"{column.count} · {column.amount.of('CNY'):,} CNY"
    return f'<div class="column"><b>{escape(column.code)}</b><div class="small">{total}</div>{cards}</div>'


def _funnel(funnel: sf.pipeline.Funnel) -> str:
    most = max(stage.reached for stage in funnel.stages) or 1
    bars = [(stage.code, stage.reached) for stage in funnel.stages] + [("won", funnel.won)]
    return "".join(
        f'<div class="bar" style="width: {12 + 85 * count // most}%">{code}: {count}</div>' for code, count in bars
    )
