"""`salesflow list`, `board`, `pipeline`, `history` and `why`: what one person sees, what happened to it, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from salesflow.cli.options import Session, as_of_option, colour_option, flow_options, json_option, scene_option
from salesflow.cli.terminal import answer, harmless, heading, say, table
from salesflow.errors import InvalidInput

if TYPE_CHECKING:
    from salesflow.model import Opportunity, SalesProcess
    from salesflow.pipeline import Forecast, ForecastBucket, Funnel, SalesCycle, WinRates

LARGEST_PAGE = 1000
PERIODS = ("month", "quarter", "year")
DAY = click.DateTime(formats=["%Y-%m-%d"])
process_option = click.option(
    "--process", metavar="ID", help="One stage template by its id; else each one that some of the records are on."
)


@click.command("list")
@flow_options()
@scene_option
@click.option(
    "--order-by",
    metavar="KEY",
    help="close_date amount name probability created_at updated_at last_activity_at id; -KEY: largest first.",
)
@click.option("--limit", type=click.IntRange(1, LARGEST_PAGE), default=50, show_default=True, help="Records a page.")
@click.option("--after", metavar="PLACE", help="Where the page before ended, as it says.")
@click.option("--work", is_flag=True, help="Show activities and what is due, in place of amounts and dates.")
@json_option
@as_of_option
@colour_option
def list_opportunities(
    session: Session, scene: str, order_by: str | None, limit: int, after: str | None, work: bool, as_json: bool
) -> None:  # fmt: skip
    """List the opportunities that PERSON sees (列表视图)."""
    desk = session.acting.opportunities
    page = desk.list(scene, order_by=order_by, limit=limit, after=after)
    if as_json:
        from salesflow.files.json_codec import write_plain

        items = [write_plain(item) for item in page.items]
        answer({"scene": scene, "items": items, "has_more": page.has_more, "after": page.after})
        return
    if work:
        show_work(page.items, session)
    else:
        show_list(page.items, session.names)
    count = desk.count(scene)
    say(f"{len(page.items):,} of {'more than 1,000' if count > LARGEST_PAGE else format(count, ',')}", stderr=True)
    if page.after is not None:
        say(f"the next page: --after {page.after}", stderr=True)


def show_list(deals: Iterable[Opportunity], names: Mapping[str, str]) -> None:
    """Print *deals*, one a line, with the owner's name where *names* has it."""
    table(
        "id  name  owner  grade  process  standing  >amount  close date",
        [
            (
                deal.id, deal.name, names.get(deal.owner, deal.owner), deal.grade.effective or "–", deal.process,
                deal.status if deal.is_completed else deal.stage, deal.amount or "–",
                deal.actual_close_date or deal.close_date or "–",
            )
            for deal in deals
        ],
    )  # fmt: skip


def show_work(deals: Iterable[Opportunity], session: Session) -> None:
    """Print *deals*, one a line: the last activity, how many there were in 30 days, and what is due next."""
    from salesflow.model import business_day
    from salesflow.pipeline import card

    rows = []
    for deal in deals:
        seen = card(deal, now=session.now, today=session.today)
        last, task = deal.last_activity_at, seen.next_task
        rows.append(
            (
                deal.id, deal.name, session.names.get(deal.owner, deal.owner),
                deal.status if deal.is_completed else deal.stage,
                "–" if last is None else business_day(last, session.zone), seen.recent_activities,
                "–" if task is None else f"{task.due} {task.code}{' (overdue)' if seen.is_task_overdue else ''}",
            )
        )  # fmt: skip
    table("id  name  owner  standing  last activity  >in 30 days  due next", rows)


@click.command
@flow_options()
@scene_option
@process_option
@json_option
@as_of_option
@colour_option
def board(session: Session, scene: str, process: str | None, as_json: bool) -> None:
    """Show the stage view: per stage and outcome how many, and what they are worth (阶段视图)."""
    from salesflow.cli.figures import money, plain
    from salesflow.pipeline import board as board_of

    deals = _every(session, scene)
    now, today = session.now, session.today
    boards = [board_of(deals, template, now=now, today=today) for template in _templates(session, deals, process)]
    if as_json:
        answer({"scene": scene, "boards": plain(boards)})
        return
    for shown in boards:
        heading(f"{shown.process} (阶段视图)")
        table(
            "stage or outcome  >count  >amount  >weighted  >without amount",
            [
                (column.code, f"{column.count:,}", money(column.amount), money(column.weighted), column.without_amount)
                for column in shown.columns
            ],
        )
        say(str(shown.population))


@click.command
@flow_options()
@scene_option
@process_option
@click.option(
    "--by",
    default="owner",
    show_default=True,
    metavar="GROUP",
    help="Group win rates by owner, department, team, source, product, grade, competitor, customer, process, stage, "
    "led_by, month_closed, quarter_closed or year_closed.",
)
@click.option(
    "--period", type=click.Choice(PERIODS), default="month", show_default=True, help="What the forecast is parted by."
)
@click.option("--since", type=DAY, metavar="DAY", help="A day of the forecast's first period; else today.")
@click.option("--until", type=DAY, metavar="DAY", help="A day of its last period; else the first is the only one.")
@json_option
@as_of_option
@colour_option
def pipeline(
    session: Session, scene: str, process: str | None, by: str, period: str, since: datetime | None,
    until: datetime | None, as_json: bool,
) -> None:  # fmt: skip
    """Show funnel, forecast, win rates and sales cycle (销售漏斗、销售预测)."""
    from salesflow.cli.figures import plain
    from salesflow.pipeline import forecast, funnel, sales_cycle

    deals = _every(session, scene)
    rates = session.acting.pipeline.win_rates(scene, by=by)  # it knows departments and competitors
    cycle = sales_cycle(deals, session.zone)
    begin = session.today if since is None else since.date()
    expected = forecast(
        deals, since=begin, until=begin if until is None else until.date(), today=session.today, period=period
    )
    funnels = [funnel(deals, template) for template in _templates(session, deals, process)]
    if as_json:
        figures = {"funnels": funnels, "forecast": expected, "win_rates": rates, "sales_cycle": cycle}
        answer({"scene": scene, **{name: plain(figure) for name, figure in figures.items()}})
        return
    for each in funnels:
        show_funnel(each)
    show_forecast(expected)
    show_win_rates(rates, by, session.names)
    show_sales_cycle(cycle)


def show_forecast(found: Forecast) -> None:
    """Print a forecast: each period by category, then what stands in none of them."""
    from salesflow.cli.figures import money

    heading("Forecast (销售预测)")
    rows: list[tuple[str, str, ForecastBucket]] = []
    for period in found.periods:
        rows += [(period.label, category.value, bucket) for category, bucket in period.categories.items()]
        rows.append((period.label, "all", period.total))
    rows += [("–", "slipped", found.slipped), ("–", "undated", found.undated), ("–", "other periods", found.outside)]
    table(
        "period  category  >count  >amount  >weighted",
        [(label, what, f"{b.count:,}", money(b.amounts), money(b.weighted)) for label, what, b in rows],
    )
    say(str(found.population))


def show_funnel(funnel: Funnel) -> None:
    """Print a funnel."""
    from salesflow.cli.figures import percent

    heading(f"Funnel of {funnel.process} (销售漏斗)")
    table(
        "stage  >reached  >visited  >open  >dropped  >conversion",
        [
            (s.code, *(f"{n:,}" for n in (s.reached, s.visited, s.open, s.dropped)), percent(s.conversion))
            for s in funnel.stages
        ],
    )
    say(f"won {funnel.won:,}; {funnel.population}")


def show_win_rates(rates: WinRates, by: str, names: Mapping[str, str]) -> None:
    """Print win rates, grouped as *by* says; owners by the names that *names* has."""
    from salesflow.cli.figures import money, percent

    heading("Win rates (赢单率)")
    groups = [("–" if rate.key is None else names.get(rate.key, str(rate.key)), rate) for rate in rates.groups]
    table(
        f"{by}  >won  >lost  >rate  >value won",
        [
            (key, f"{rate.won:,}", f"{rate.lost:,}", percent(rate.rate, 1), money(rate.won_value))
            for key, rate in [*groups, ("all", rates.overall)]
        ],
    )
    say(str(rates.population))


def show_sales_cycle(cycle: SalesCycle) -> None:
    """Print how long it took."""
    heading("Sales cycle in days (销售周期)")
    spreads = [("won", cycle.won), ("lost", cycle.lost), ("invalid", cycle.invalid), ("completed", cycle.completed)]
    table(
        "outcome  >count  >median  >mean  >90th percentile",
        [(outcome, f"{s.count:,}", _days(s.median), _days(s.mean), _days(s.percentile_90)) for outcome, s in spreads],
    )
    say(f"{cycle.population}; {cycle.without_days:,} without usable dates")


def _days(days: float | None) -> str:
    return "–" if days is None else f"{days:,.1f}".removesuffix(".0")


@click.command
@flow_options()
@click.argument("id")
@json_option
@as_of_option
@colour_option
def why(session: Session, id: str, as_json: bool) -> None:
    """
    Say why PERSON sees the record ID, or what each way in lacks (可见性说明).

    This asks with the rights of whoever holds the database, not with PERSON's own.
    """
    proof = (session.past or session.flow).why(session.acting.person, id)
    if as_json:
        from salesflow.cli.figures import plain

        answer({"person": session.acting.person, "record": id, "ways": plain(proof.ways), **plain(proof)})
        return
    for line in str(proof).splitlines():
        say(harmless(line))


@click.command
@flow_options()
@click.argument("id")
@click.option(
    "--kind", type=click.Choice(("opportunity", "lead", "customer", "contact", "document")), default="opportunity",
    show_default=True, help="The kind of record.",
)  # fmt: skip
@click.option("--html", is_flag=True, help="Print an HTML list, whose look is the page's to decide.")
@json_option
@as_of_option
@colour_option
def history(session: Session, id: str, kind: str, html: bool, as_json: bool) -> None:
    """Tell what happened to the record ID: when, by whom, and what was before and after (时间线)."""
    from salesflow.model import timeline_of

    acting = session.acting
    desks: dict[str, Any] = {
        "opportunity": acting.opportunities, "lead": acting.leads, "customer": acting.customers,
        "contact": acting.contacts, "document": acting.documents,
    }  # fmt: skip
    events = desks[kind].history(id)
    if as_json:
        from salesflow.files.json_codec import write_plain

        answer({"record": id, "events": [write_plain(event) for event in events]})
        return
    told = timeline_of(events, names=session.names, zone=session.zone)
    if html:
        click.echo(told.html())
        return
    say(str(told))


def _templates(session: Session, deals: Sequence[Opportunity], process: str | None) -> list[SalesProcess]:
    """Return the template that was asked for, or each one that some of *deals* are on."""
    known = session.processes
    if process is not None:
        if process not in known:
            raise InvalidInput("--process", process, f"must be one of {', '.join(sorted(known))}")
        return [known[process]]
    found = {deal.process for deal in deals}
    for unknown in sorted(found - known.keys()):
        say(f"left out: the records on {unknown!r}; name its template with --processes FILE", stderr=True)
    return [known[id] for id in sorted(found & known.keys())]


def _every(session: Session, scene: str) -> Sequence[Opportunity]:
    """Return all that PERSON sees in a scene: read once, so that the figures made of it agree with one another."""
    found: list[Opportunity] = []
    after: str | None = None
    while True:
        page = session.acting.opportunities.list(scene, order_by="id", limit=LARGEST_PAGE, after=after)
        found += page.items
        if not page.has_more:
            return found
        after = page.after
