"""Exporting what somebody sees: all of it, nothing else, harmless in a spreadsheet, equal when read back."""

import codecs
import csv
import io
import json
import os
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesflow as sf
from salesflow.app import execution
from salesflow.files.export import COLUMNS
from salesflow.files.formulas import as_it_was, harmless
from salesflow.files.mapping import parse_mapping
from salesflow.files.reading import CsvRows, Layout
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
    monkeypatch.setattr(execution, "LARGEST_PAGE", 2)
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


@given(st.text(st.sampled_from("'=+-@\t\r\n＝a ,\"")) | st.text())
def test_every_text_comes_back_from_its_cell(text):
    """I-49: what the export put before a cell is taken away again, once, and from no other cell."""
    assert as_it_was(harmless(text)) == text
    if as_it_was(text) != text:
        assert harmless(as_it_was(text)) == text


LEADS = parse_mapping("kind = 'lead'\n[fields]\n" + "\n".join(
    f"{name} = '{name}'" for name in "id title owner contact company phone email channel source description".split()
))  # fmt: skip
DEALS = parse_mapping("kind = 'opportunity'\n[fields]\n" + "\n".join(
    f"{name} = '{name}'" for name in "id name owner process stage amount currency close_date source".split()
))  # fmt: skip
AWKWARD = st.text("'=+-@＝－a1 ,;\"商", min_size=1, max_size=6).map(str.strip).filter(bool)


@settings(max_examples=max(10, settings().max_examples // 4))
@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(
    ("title", "contact", "company", "phone", "email", "source", "description"), AWKWARD
)), min_size=1, max_size=3))  # fmt: skip
def test_an_export_that_is_imported_gives_the_same_records(told):
    """I-49, IO-1, IO-2: leads and opportunities, out of one store and into another, field by field."""
    old, new = World(), World()
    for values in told:
        old.acting("li").leads.create(**{"title": "A", "channel": "qq", **values})
        named = {name: values[name] for name in ("source",) if name in values}
        old.deal(name=values.get("title", "A"), customer=None, contact=old.contact().id, process="one_stage", **named)
    for kind, mapping in (("lead", LEADS), ("opportunity", DEALS)):
        file = io.StringIO(newline="")
        count = old.acting("li").files.export_csv("all", file, kind=kind)
        report = new.acting("li").files.import_csv(io.StringIO(file.getvalue(), newline=""), mapping)
        assert (report.imported, report.problems) == (count, ())
        desk = {"lead": "leads", "opportunity": "opportunities"}[kind]
        for record in getattr(old.acting("li"), desk).list().items:
            copy = getattr(new.acting("li"), desk).get(record.id)
            for name in mapping.fields.keys() - {"currency"}:
                assert getattr(copy, name) == getattr(record, name), name


def test_only_what_the_export_put_there_is_taken_away():
    """I-49, IO-1: quotes of other systems, column names, JSON and the mapping's word for nothing stay as they are."""
    mapping = parse_mapping("kind = 'lead'\nkey = ['phone']\nempty = ['-']\n[fields]\ntitle = \"'=t\"\nphone = 'phone'")
    rows = "'=t,phone\n'quoted',1\n'=SUM,2\n''=SUM,3\n'-,4\n'tis,5\n"
    world = World()
    assert world.acting("li").files.import_csv(io.StringIO(rows), mapping).imported == 5
    titles = {lead.phone: lead.title for lead, _ in world.everything()["lead"]}
    assert titles == {"1": "'quoted'", "2": "=SUM", "3": "'=SUM", "4": "-", "5": "'tis"}
    line = '{"\'=t": "\'=SUM", "phone": "6"}'
    assert world.acting("li").files.import_json(io.StringIO(line), mapping).imported == 1
    assert [lead.title for lead, _ in world.everything()["lead"] if lead.phone == "6"] == ["'=SUM"]


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
    assert path.read_bytes().startswith(codecs.BOM_UTF8 + b"id,name,owner,")
    assert files.export_json("all", tmp_path / "out.json") == 1
    assert (tmp_path / "out.json").read_bytes().startswith(b'[\n{"salesflow"')
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.csv", "out.json"]
    for no_text_file in (5, None, io.BytesIO(), b"out.csv"):
        with pytest.raises(sf.InvalidInput, match="opened for writing"):
            files.export_csv("all", no_text_file)


def test_what_is_exported_in_chinese_is_chinese_in_a_spreadsheet_and_here(tmp_path):
    """IO-2: a byte order mark says what the bytes are; an opened file has the encoding that its owner chose."""
    world = World()
    world.acting("li").leads.create(title="智慧园区平台，一期", phone="139")
    files = world.acting("li").files
    assert files.export_csv("all", tmp_path / "out.csv", kind="lead") == 1
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["title"] == "智慧园区平台，一期"
    with (tmp_path / "out.csv").open("rb") as back:
        rows = CsvRows(back, Layout(), "out.csv")
        assert rows.columns == tuple(COLUMNS["lead"])
        assert [read.cells[1] for read in rows] == ["智慧园区平台，一期"]

    with (tmp_path / "old.csv").open("w", encoding="gb18030", newline="") as file:
        files.export_csv("all", file, kind="lead")
    assert "智慧园区平台" in (tmp_path / "old.csv").read_text(encoding="gb18030")
    assert not (tmp_path / "old.csv").read_bytes().startswith(codecs.BOM_UTF8)


@pytest.mark.parametrize("kind", ["", "Lead", "leads", "pool", None, 5, ["lead"], {}])
@pytest.mark.parametrize("method", ["export_csv", "export_json"])
def test_an_unknown_kind_is_refused(method, kind):
    """REL-8: whatever stands for the kind, the answer names those that there are, and nothing is written."""
    file = io.StringIO()
    with pytest.raises(sf.InvalidInput, match=r"kind: .* must be one of opportunity, lead, customer, contact"):
        getattr(World().acting("li").files, method)("all", file, kind=kind)
    assert file.getvalue() == ""


@pytest.mark.parametrize("scene", ["", "ALL", "everything", "all ", None, 5, ["all"]])
@pytest.mark.parametrize("method", ["export_csv", "export_json"])
def test_an_unknown_scene_is_refused(method, scene):
    """REL-8, VIS-16: so is whatever stands for the scene; an empty one is never everything."""
    file = io.StringIO()
    with pytest.raises(sf.InvalidInput, match="scene"):
        getattr(World().acting("li").files, method)(scene, file)
    assert file.getvalue() == ""


def test_nobody_to_see_for_is_refused():
    """VIS-17: who does not work here exports nothing; an administrator alone has the voided ones."""
    world = World()
    with pytest.raises(sf.NotFound):
        world.acting("nobody").files.export_csv("all", io.StringIO())
    deal = world.deal()
    world.acting("li").opportunities.void(deal)
    assert exported(world, "li", "voided") == exported(world, "root") == []
    assert [row["voided"] for row in exported(world, "root", "voided")] == ["true"]


def test_nothing_to_export_is_an_empty_file_of_its_form(tmp_path):
    """IO-2: a header alone, and an empty list."""
    files = World().acting("li").files
    assert files.export_csv("won", tmp_path / "out.csv") == files.export_json("won", tmp_path / "out.json") == 0
    assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig").split(",")[:2] == ["id", "name"]
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == []


def test_a_file_that_cannot_be_written_is_told_in_the_systems_words(tmp_path):
    """REL-8: no such folder, a folder, a file opened to read; nothing is left beside."""
    files = World().acting("li").files
    (tmp_path / "folder").mkdir()
    (tmp_path / "r.csv").write_text("", encoding="utf-8")
    for path in (tmp_path / "none" / "out.csv", tmp_path / "folder", tmp_path / "r.csv" / "out.csv"):
        with pytest.raises(OSError, match=r"No such|Is a directory|Not a directory"):
            files.export_csv("all", path)
    with (tmp_path / "r.csv").open(encoding="utf-8") as opened, pytest.raises(OSError, match="not writable"):
        files.export_csv("all", opened)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "r.csv"]


def test_a_link_stays_and_what_is_no_file_is_written_to(tmp_path):
    """IO-2: through a link the file behind it is replaced; a pipe gets what is written; other files stay."""
    files = World().acting("li").files
    target, link, other = (tmp_path / name for name in ("real.json", "link.json", "link.json.part"))
    target.write_text("before", encoding="utf-8")
    other.write_text("mine", encoding="utf-8")
    link.symlink_to(target)
    files.export_json("all", link)
    assert link.is_symlink()
    assert json.loads(target.read_text(encoding="utf-8")) == []
    assert other.read_text(encoding="utf-8") == "mine"

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_text, encoding="utf-8")
        files.export_json("all", pipe)
        assert json.loads(read.result()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.json", "link.json.part", "pipe", "real.json"]


def test_a_store_that_fails_half_way_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    """REL-7: of an export that breaks off at a later page nothing is seen."""

    class Failing:
        """Answers the first question alone."""

        def __init__(self, store: sf.MemoryStore) -> None:
            self._store, self.left = store, 1_000

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

        def query(self, query: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise OSError("the disk is gone")
            return self._store.query(query)

    monkeypatch.setattr(execution, "LARGEST_PAGE", 2)
    made: list[Failing] = []

    def through(store: sf.MemoryStore) -> Failing:
        made.append(Failing(store))
        return made[0]

    world = World(through=through)
    for _ in range(5):
        world.deal()
    for method, path in (("export_csv", tmp_path / "out.csv"), ("export_json", tmp_path / "out.json")):
        path.write_text("before", encoding="utf-8")
        made[0].left = 2
        with pytest.raises(sf.PortError):
            getattr(world.acting("li").files, method)("all", path)
        assert path.read_text(encoding="utf-8") == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.json"]


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
    monkeypatch.setattr(execution, "LARGEST_PAGE", 50)

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
