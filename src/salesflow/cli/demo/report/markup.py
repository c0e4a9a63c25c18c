"""The small pieces that every part of the report is made of; whatever a record holds is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from salesflow import templates
from salesflow.cli.demo.company import NAMES
from salesflow.model import Grade, Label, Opportunity, OpportunityStatus


def section(anchor: str, title: str, chinese: str, lead: str, *parts: str) -> str:
    """Return one part of the page under its heading; *lead* says in a sentence what is seen."""
    head = f'<h2>{escape(title)} <span lang="zh">{escape(chinese)}</span></h2><p class="lead">{escape(lead)}</p>'
    return f'<section id="{anchor}">{head}{"".join(parts)}</section>'


def scrolling(caption: str, content: str, kind: str = "") -> str:
    """Return a box of its own for what is wide: it scrolls by the keyboard too, and says what it holds."""
    return f'<div class="scroll {kind}" tabindex="0" role="region" aria-label="{escape(caption)}">{content}</div>'


def person(id: str) -> str:
    """Return a person's name with a mark that the eye finds again."""
    name = NAMES.get(id, id)
    return (
        f'<span class="person" lang="zh" title="{escape(id)}"><i aria-hidden="true">{escape(name[:1])}</i>'
        f"{escape(name)}</span>"
    )


def both(label: Label) -> str:
    """Return a name in English, and below it in Chinese where there is one."""
    english, chinese = label.text("en"), label.text("zh")
    below = f'<small lang="zh">{escape(chinese)}</small>' if chinese != english else ""
    return f"<b>{escape(english)}</b>{below}"


def grade(value: Grade | None) -> str:
    """Return a grade as a badge."""
    return f'<span class="grade grade-{value or "none"}">{value or "–"}</span>'


def stage(process: str, code: str) -> str:
    """Return the English name of a stage of a built-in template; what is no stage of it is said as it is."""
    names = {stage.code: stage.name.text("en") for stage in templates.builtin()[process].stages}
    return escape(names.get(code, code))


def standing(deal: Opportunity) -> str:
    """Return the stage that a deal is in, or how it ended."""
    if deal.status is OpportunityStatus.IN_PROGRESS:
        return f'<span class="badge">{stage(deal.process, deal.stage)}</span>'
    return f'<span class="badge {deal.status}">{deal.status}</span>'


def worth(deal: Opportunity) -> str:
    """Return what a deal is worth: what was really sold, else its amount."""
    amount = deal.actual_amount or deal.amount
    return "–" if amount is None else f"{amount.amount:,.0f}"


def table(caption: str, titles: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int] = ()) -> str:
    """
    Return a table that scrolls inside its own box.

    Args:
        caption: What it holds, for those who do not see it.
        titles: The columns' titles, as text.
        rows: The cells, as HTML; the first of a row names it.
        numbers: The places of the columns that hold numbers, from 0.
    """
    right = set(numbers)
    classes = [' class="number"' if place in right else "" for place in range(len(titles))]
    head = "".join(f'<th scope="col"{c}>{escape(title)}</th>' for title, c in zip(titles, classes, strict=True))
    body = "".join(
        f'<tr><th scope="row">{first}</th>'
        f"{''.join(f'<td{c}>{cell}</td>' for cell, c in zip(others, classes[1:], strict=True))}</tr>"
        for first, *others in rows
    )
    return scrolling(caption, f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
