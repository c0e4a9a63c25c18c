"""Exporting what somebody sees: all of it, nothing else, harmless in a spreadsheet, equal when read back."""

import csv
import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesflow as sf
from salesflow.app import exporting
from salesflow.files.export import COLUMNS, harmless
from tests.app.world import World

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠SUM(A1)"]


def exported(world: World, person: str, scene: str = "all", kind: str = "opportunity") -> list[dict[str, str]]:
    """The rows of a CSV export."""
    file = io.StringIO(newline="")
    count = world.acting(person).files.export_csv(scene, file, kind=kind)
    rows = list(csv.DictReader(io.StringIO(file.getvalue(), newline=""), strict=True))
    assert len(rows) == count
    return rows


def test_a_row_holds_what_the_record_holds():
    """IO-2: one column a field; money apart from its currency; what is not there is empty."""
    world = World()
    won: Any = world.won()
    (row,) = exported(world, "li")

    assert list(row) == list(COLUMNS["opportunity"])
    assert (row["id"], row["name"], row["owner"], row["status"], row["stage"]) == (
        won.id, won.name, "li", "won", "agreement"
    )  # fmt: skip
    assert (row["amount"], row["actual_amount"], row["currency"]) == ("1200000", "1200000", "CNY")
    assert (row["close_date"], row["actual_close_date"]) == (str(won.close_date), str(won.actual_close_date))
    assert (row["probability"], row["grade"], row["voided"], row["source"]) == ("100", "B", "false", "")
    assert row["created_at"] == won.created_at.isoformat()


@pytest.mark.parametrize("kind", ["opportunity", "lead", "customer", "contact"])
def test_everything_that_somebody_sees_is_exported_and_nothing_else(kind):
    """VIS-16, REL-11: as many as the list has, in every scene, for the owner, a superior, a stranger and the rest."""
    world = World()
    for owner in ("li", "chen", "zhao"):
        customer = world.customer(owner)
        world.contact(customer.id, by=owner)
        world.deal(owner, customer=customer.id)
        world.acting(owner).leads.create(title="CRM2000", phone="139")
    group = {"opportunity": "opportunities", "lead": "leads", "customer": "customers", "contact": "contacts"}[kind]
    for person in ("li", "chen", "zhao", "zhang", "sun", "qian", "root"):
        for scene in ("all", "mine", "subordinates"):
            listed = {record.id for record in getattr(world.acting(person), group).list(scene).items}
            assert {row["id"] for row in exported(world, person, scene, kind)} == listed
    assert len(exported(world, "root", kind=kind)) == 3
    assert exported(world, "qian", kind=kind) == []


def test_pages_follow_one_another(monkeypatch):
    """IO-2: more records than a page holds come all, each once, in both forms; none give an empty file."""
    monkeypatch.setattr(exporting, "LARGEST_PAGE", 2)
    world = World()
    made = {world.deal().id for _ in range(5)}
    assert {row["id"] for row in exported(world, "li")} == made
    assert len(exported(world, "li")) == 5
    assert exported(world, "li", "won") == []
    for scene, count in (("all", 5), ("won", 0)):
        file = io.StringIO()
        assert world.acting("li").files.export_json(scene, file) == count
        assert len(json.loads(file.getvalue())) == count


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_is_made_harmless(text):
    """IO-2: a cell that begins like a formula is text, whatever field somebody put it into."""
    assert harmless(text) == "'" + text
    if text.isprintable():
        world = World()
        world.acting("li").leads.create(title=text, phone=text, company=text)
        (row,) = exported(world, "li", kind="lead")
        assert row["title"] == row["phone"] == row["company"] == "'" + text


@given(st.text())
def test_nothing_that_runs_is_left(text):
    """IO-2: no cell begins like a formula, and a text that does not stays as it is."""
    assert not harmless(text).startswith(tuple("=+-@\t\r\n＝＋－＠"))
    assert harmless(text).removeprefix("'") in (text, text.removeprefix("'"))
    if text[:1].isalnum():
        assert harmless(text) == text


def test_json_reads_back_equal():
    """IO-2: each item of the list is the record, to the last event of its past."""
    codec = pytest.importorskip("salesflow.files.json_codec")
    world = World()
    world.won()
    world.served()
    world.lead()
    for kind, group in (("opportunity", "opportunities"), ("lead", "leads"), ("customer", "customers")):
        file = io.StringIO()
        count = world.acting("root").files.export_json("all", file, kind=kind)
        lines = file.getvalue().splitlines()[1:-1]
        read = [codec.from_json(line.rstrip(",")) for line in lines]
        seen = getattr(world.acting("root"), group).list(order_by="id").items
        assert len(json.loads(file.getvalue())) == count == len(seen)
        assert tuple(read) == seen


def test_a_file_is_replaced_once_it_is_whole(tmp_path, monkeypatch):
    """IO-2: an export that fails leaves the file as it was, and nothing beside it."""
    world = World()
    world.deal()
    files: Any = world.acting("li").files
    path = tmp_path / "out.csv"
    path.write_text("before", encoding="utf-8")
    for method in (files.export_csv, files.export_json):
        with pytest.raises(sf.InvalidInput, match="kind"):
            method("all", path, kind="invoice")
        with pytest.raises(sf.InvalidInput, match="scene"):
            method("none", path)
    assert path.read_text(encoding="utf-8") == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]

    assert files.export_csv("all", str(path)) == 1
    assert path.read_bytes().startswith(b"id,name,owner,")
    assert files.export_json("all", tmp_path / "out.json") == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.csv", "out.json"]
    with pytest.raises(sf.InvalidInput, match="opened for writing"):
        files.export_csv("all", 5)


def test_who_left_exports_nothing():
    """ORG-2, VIS-20: whoever has left since is not there any more, also for an export already begun to be asked."""
    world = World()
    files = world.acting("li").files
    world.organization.put_employee(sf.Employee("li", active=False))
    with pytest.raises(sf.NotFound):
        files.export_csv("all", io.StringIO())


class Nowhere(io.StringIO):
    """Keeps nothing of what is written to it."""

    def write(self, text: str) -> int:
        return len(text)


def test_memory_does_not_grow_with_the_records(monkeypatch):
    """IO-2: an export holds a page at a time, however many records there are."""
    monkeypatch.setattr(exporting, "LARGEST_PAGE", 50)

    def peak(count: int) -> int:
        world = World()
        for _ in range(count):
            world.acting("li").leads.create(title="x" * 300, phone="139")
        files: Any = world.acting("li").files
        files.export_csv("all", Nowhere(), kind="lead")
        tracemalloc.start()
        files.export_csv("all", Nowhere(), kind="lead")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(600) < 1.5 * peak(150)
