"""What follows a change by itself: tasks, each added as whoever caused the change (RULE-3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.machine.reference.books import Books, Effect
from tests.machine.reference.people import Plain

WAITS = [timedelta(minutes=minutes) for minutes in (1, 10, 60, 360, 1440)]
"""How long a delivery waits after its first failure, its second and so on; the sixth is its death."""

Home = tuple[str, int]
"""A template version."""


def happened(before: Plain | None, after: Plain) -> Iterator[tuple[str, str, Home]]:
    """Give the word of each thing that happened to a deal, in order, with its stage and the template it happened in."""
    here = (after["process"], after["process_version"])
    if before is None:
        yield "stage_entered", after["stage"], here
        return
    was = (before["process"], before["process_version"])
    known = len(before["visits"])
    if before["status"] != "in_progress" and after["status"] == "in_progress":
        yield "reopened", after["stage"], here
    if before["visits"][-1]["exit"] is None and after["visits"][known - 1]["exit"] is not None:
        yield "stage_left", before["stage"], was
    for visit in after["visits"][known:]:
        if visit["exit"] != "skipped":
            yield "stage_entered", visit["stage"], here
            if visit["exit"] is not None:
                yield "stage_left", visit["stage"], here
    if before["owner"] != after["owner"]:
        yield "owner_changed", after["stage"], here


def set_off(books: Books, operation: str, person: str, before: Plain | None, after: Plain) -> list[Plain]:
    """Return what a change of a deal set off, in order; arrivals set nothing off (IO-3)."""
    if operation.startswith("files."):
        return []
    decided = {a["id"]: a["status"] for a in before["approvals"]} if before is not None else {}
    asked = [a["by"] for a in after["approvals"] if a["status"] == "approved" != decided.get(a["id"])]
    found = []
    for word, stage, (process, version) in happened(before, after):
        for automation in books.templates[process][version]["automation"]:
            if automation["on"] == word and automation["stage"] in (None, stage):
                found.append(
                    {
                        "deal": after["id"], "version": after["version"], "process": process,
                        "process_version": version, "automation": automation["id"], "on": word, "stage": stage,
                        "at": books.now, "by": (*asked, person)[0], "attempts": 1, "next_at": None, "is_dead": False,
                        "asks": automation, "day": books.today,
                    }
                )  # fmt: skip
    return found


def attempt(books: Books, delivery: Plain) -> Effect | None:
    """
    Return what the delivery does to its deal now, or None where it fails; it is then one that waits, or dead.

    An effect that returns False found the task there already.
    """
    person, asks = delivery["by"], delivery["asks"]
    deal = books.records.get(("opportunity", delivery["deal"]))
    if deal is None or not books.people.knows(person):
        delivery["is_dead"] = True
        return None
    given: Plain = {"name": asks["code"], "code": asks["code"], "due": None}
    given["assignee"] = {"owner": deal["owner"], "causer": person}.get(asks["assignee"])
    if asks["due_in_days"] is not None:
        given["due"] = delivery["day"] + timedelta(days=asks["due_in_days"])
    answer, effect = books.ask(person, "opportunities.add_task", "opportunity", deal["id"], None, given)
    if answer.kind == "done":
        return effect
    if answer.reasons == {("task_exists", "")}:
        return lambda: False
    delivery["is_dead"] = answer.kind == "absent"
    return None


def put_off(delivery: Plain, begun: Any) -> None:
    """The attempt that was begun then failed: it waits, longer each time, or is dead."""
    if delivery["attempts"] > len(WAITS):
        delivery["is_dead"] = True
    if not delivery["is_dead"]:
        delivery["next_at"] = begun + WAITS[delivery["attempts"] - 1]
