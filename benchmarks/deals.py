"""
The file that PERF-9 imports, row by row as another system would export it, and the mapping that reads it.

Each row names its deal, owner, stage, dates, amount, account and outcome; a third is open, a third won, a third
lost. One account has about fifty deals. All is drawn from one seed.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from random import Random

from benchmarks.sales import STAGES, TEMPLATE
from salesflow.files.mapping import ImportMapping, parse_mapping

COLUMNS = ("number", "deal", "agent", "step", "engaged", "closes", "account", "value", "currency", "result", "why")
AGENTS = 50

MAPPING: ImportMapping = parse_mapping(
    f"""
    kind = "opportunity"
    time_zone = "UTC"

    [fields]
    id = "number"
    name = "deal"
    owner = "agent"
    process = {{ constant = "{TEMPLATE.id}" }}
    stage = "step"
    entered_at = "engaged"
    close_date = "closes"
    amount = "value"
    currency = "currency"
    outcome = {{ column = "result", values = {{ Won = "won", Lost = "lost" }}, otherwise = "" }}
    reason = "why"

    [customer]
    name = "account"
    """
)


def agents() -> list[str]:
    """Return whose deals they are."""
    return [f"agent{n}" for n in range(AGENTS)]


def write_deals(path: Path, rows: int, before: int = 0) -> None:
    """Write a file of *rows* deals to *path*; the first has the number *before*."""
    chance = Random(9 + before)
    first = date(2020, 1, 1)
    people = agents()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(before, before + rows):
            engaged = first + timedelta(chance.randrange(2000))
            result = ("", "Won", "Lost")[number % 3]
            writer.writerow(
                (
                    f"D{number:07}", f"Deal {number}", people[chance.randrange(AGENTS)],
                    STAGES[chance.randrange(len(STAGES))], f"{engaged} 09:30:00",
                    engaged + timedelta(chance.randrange(30, 200)), f"Account {chance.randrange(number // 50 + 1)}",
                    f"{chance.randrange(10_000, 2_000_000) / 100:.2f}", "CNY" if chance.random() < 0.8 else "USD",
                    result, "price" if result == "Lost" else "",
                )
            )  # fmt: skip
