"""The figures of the report: tiles, board, funnel, win rates; all as one person sees them (PIPE-1, PIPE-2, VIS-16)."""

from __future__ import annotations

from html import escape

from salesflow import templates
from salesflow.cli.demo.company import Company
from salesflow.cli.demo.report.markup import both, grade, person, scrolling, section, table
from salesflow.cli.figures import percent
from salesflow.model import Money, OpportunityStatus
from salesflow.pipeline import Card, Column, FunnelStage
from salesflow.pipeline.totals import Totals

MANAGER = "chen"
PROCESSES = ("crm2000", "tas_bidding")


def tiles(company: Company) -> str:
    """Return the figures that a general manager asks for first."""
    acting = company.acting(MANAGER)
    columns = [
        column
        for process in templates.builtin()
        for column in acting.opportunities.board(process=process).columns
    ]  # fmt: skip
    open_ones = [column for column in columns if column.status is OpportunityStatus.IN_PROGRESS]
    won = [column for column in columns if column.status is OpportunityStatus.WON]
    rates, cycle = acting.pipeline.win_rates(), acting.pipeline.sales_cycle()
    shown = (
        ("Open pipeline", "在途商机", _millions(open_ones, weighted=False), f"{_count(open_ones)} opportunities"),
        ("Weighted", "加权金额", _millions(open_ones, weighted=True), "amount × chance of winning"),
        ("Won", "赢单金额", _millions(won, weighted=False), f"{_count(won)} opportunities"),
        ("Win rate", "赢单率", percent(rates.overall.rate), f"{rates.overall.won} won, {rates.overall.lost} lost"),
        ("Sales cycle", "销售周期", f"{cycle.won.median:.0f} days", f"median of {cycle.won.count} won"),
    )
    return '<div class="tiles">' + "".join(
        f'<div class="tile"><span>{escape(name)} <span lang="zh">{chinese}</span></span><b>{escape(value)}</b>'
        f"<small>{escape(note)}</small></div>"
        for name, chinese, value, note in shown
    ) + "</div>"  # fmt: skip


def _count(columns: list[Column]) -> int:
    return sum(column.count for column in columns)


def _millions(columns: list[Column], *, weighted: bool) -> str:
    total = sum(((column.weighted if weighted else column.amount).of("CNY") for column in columns), start=0)
    return f"¥{float(total) / 1_000_000:,.2f} M"


def boards(company: Company) -> str:
    """Return the stage view of each process."""
    shown = []
    for process in PROCESSES:
        template = templates.builtin()[process]
        board = company.acting(MANAGER).opportunities.board(process=process)
        names = {stage.code: both(stage.name) for stage in template.stages} | OUTCOMES
        columns = "".join(_column(column, names[column.code]) for column in board.columns)
        shown.append(f"<h3>{both(template.name)}</h3>{scrolling(f'Board of {process}', columns, 'board')}")
    return section(
        "board", "Board", "阶段视图",
        "One column for each stage and each outcome, with how many, their amount in CNY, and the amount times the "
        "chance of winning; a task that is late is red.", *shown,
    )  # fmt: skip


OUTCOMES = {
    "won": '<b>Won</b><small lang="zh">赢单</small>',
    "lost": '<b>Lost</b><small lang="zh">输单</small>',
    "invalid": '<b>Invalid</b><small lang="zh">无效</small>',
}


def _column(column: Column, name: str) -> str:
    cards = "".join(
        f'<li><b>{escape(deal.name)}</b><span class="facts">{grade(deal.grade.effective)}'
        f"{person(deal.owner)}</span>"
        f'<span class="facts apart"><span>{_cny(deal.actual_amount or deal.amount)}</span>'
        f"<span>{deal.probability.percent} %</span></span>"
        f"{_due(card)}</li>"
        for card in column.cards
        for deal in [card.opportunity]
    )
    money = f"{_yuan(column.amount)} <span>weighted {_yuan(column.weighted)}</span>" if column.amount else "–"
    empty = "" if column.count else " empty"
    return (
        f'<div class="column {column.status}{empty}"><h4>{name}<em>{column.count}</em></h4>'
        f'<p class="sum">{money}</p><ul>{cards}</ul></div>'
    )


def _due(card: Card) -> str:
    if card.next_task is None:
        return ""
    late = " late" if card.is_task_overdue else ""
    task = escape(card.next_task.code.replace("_", " "))
    return f'<span class="due{late}">{task} by <time>{card.next_task.due}</time></span>'


def _cny(amount: Money | None) -> str:
    return "–" if amount is None else f"{amount.amount:,.0f}"


def _yuan(totals: Totals) -> str:
    return f"{totals.of('CNY'):,.0f}"


def funnels(company: Company) -> str:
    """Return the funnel of each process: how many came how far, and where the others stayed."""
    shown = []
    for process in PROCESSES:
        template = templates.builtin()[process]
        funnel = company.acting(MANAGER).pipeline.funnel(process=process)
        widths = [stage.reached for stage in funnel.stages] + [funnel.won]
        most = max(widths) or 1
        rows = [
            f'<li><span class="name">{both(stage.name)}</span>{_bar(step.reached, after, most)}'
            f'<span class="note">{percent(step.conversion)} go on<small>{_stayed(step)}</small></span></li>'
            for stage, step, after in zip(template.stages, funnel.stages, widths[1:], strict=True)
        ]
        rows.append(
            f'<li class="won"><span class="name">{OUTCOMES["won"]}</span>{_bar(funnel.won, funnel.won, most)}'
            '<span class="note"></span></li>'
        )
        shown.append(
            f'<div class="panel"><h3>{both(template.name)}</h3><ol class="funnel">{"".join(rows)}</ol>'
            f'<p class="population">{escape(str(funnel.population))}</p></div>'
        )
    return section(
        "funnel", "Funnel", "销售漏斗",
        "How many came to each stage or further, what share went on, and where the others stayed.",
        f'<div class="columns two">{"".join(shown)}</div>',
    )  # fmt: skip


def _bar(reached: int, after: int, most: int) -> str:
    top, bottom = 100 * reached / most, 100 * after / most
    corners = (f"{50 - top / 2:.1f}% 0", f"{50 + top / 2:.1f}% 0", f"{50 + bottom / 2:.1f}% 100%")
    shape = f"polygon({', '.join(corners)}, {50 - bottom / 2:.1f}% 100%)"
    return f'<span class="bar"><i style="clip-path: {shape}"></i><b>{reached}</b></span>'


def _stayed(step: FunnelStage) -> str:
    said = [f"{count} {word}" for count, word in ((step.open, "here now"), (step.dropped, "dropped")) if count]
    return ", ".join(said)


def win_rates(company: Company) -> str:
    """Return the win rates by owner, and how long it took."""
    figures = company.acting(MANAGER).pipeline
    rates, cycle = figures.win_rates(by="owner"), figures.sales_cycle()
    rows = [
        (
            "<b>all</b>" if rate is rates.overall else person(rate.key),
            str(rate.won), str(rate.lost),
            f'<span class="meter"><i style="width: {100 * (rate.rate or 0):.0f}%"></i></span>'
            f"<span>{percent(rate.rate)}</span>",
            f"{rate.won_value.of('CNY'):,.0f}", percent(rate.rate_by_value("CNY")),
        )
        for rate in (*rates.groups, rates.overall)
    ]  # fmt: skip
    spreads = (("won", cycle.won), ("lost", cycle.lost), ("invalid", cycle.invalid))
    days = [
        (f'<span class="badge {outcome}">{outcome}</span>', str(spread.count), _days(spread.median), _days(spread.mean))
        for outcome, spread in spreads
    ]
    titles = ("Owner", "Won", "Lost", "Rate", "Won, CNY", "Rate by value")
    return section(
        "rates", "Win rates and sales cycle", "赢单率与销售周期",
        f"Won ÷ (won + lost); {rates.population}.",
        '<div class="columns two wide">',
        table("Win rates by owner", titles, rows, numbers=(1, 2, 4, 5)),
        table("Sales cycle", ("Outcome", "Count", "Median days", "Mean days"), days, numbers=(1, 2, 3)),
        "</div>",
    )  # fmt: skip


def _days(days: float | None) -> str:
    return "–" if days is None else f"{days:,.1f}".removesuffix(".0")
