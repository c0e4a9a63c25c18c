"""HIST-3: the store of the how-to that lasts passes the suite, and is the same when it is opened again."""

import os

import pytest

import salesflow as sf
from examples.json_lines_store import JsonLinesStore
from salesflow.ports import DoneOnce, Query
from salesflow.testing import StoreConformance
from salesflow.testing.records import change, deletion, make_opportunity, new, unit
from salesflow.visibility.filters import EVERYTHING


class TestJsonLinesStore(StoreConformance):
    """The rules of the port, for a store that lasts and has two capabilities."""

    @pytest.fixture(autouse=True)
    def _in(self, tmp_path):
        self.folder = tmp_path

    def make_store(self):
        return JsonLinesStore(self.folder / "sales.jsonl")


def filled(path):
    """A store in which something was made, changed, deleted, and done once."""
    store = JsonLinesStore(path)
    first, second = make_opportunity("a", name="商机"), make_opportunity("b")
    store.save(unit(new(first), new(second), done=DoneOnce("key", "create", (("opportunity", "a", 1),))))
    store.save(unit(change(first, name="renamed"), deletion(second)))
    return store


def told(store):
    """Everything that the store can tell."""
    listed = list(store.query(Query("opportunity", EVERYTHING)))
    return listed, list(store.events("opportunity", "a")), list(store.events("opportunity", "b")), store.done("key")


def test_opened_again_it_is_the_same(tmp_path):
    """HIST-3: what was acknowledged is there when the file is opened anew, history, marks and deletions too."""
    store = filled(tmp_path / "sales.jsonl")
    again = JsonLinesStore(tmp_path / "sales.jsonl")
    assert told(again) == told(store)
    with pytest.raises(sf.Conflict):
        again.save(unit(new(make_opportunity("b"))))


def test_half_a_line_was_never_saved(tmp_path):
    """REL-5: cut at whatever byte, the file opens, holds whole units only, and goes on."""
    path = tmp_path / "sales.jsonl"
    filled(path)
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    ends = [len(lines[0]), len(content)]
    store = JsonLinesStore(path)
    for size in sorted({*range(0, len(content), 97), *ends, *(end - 1 for end in ends), ends[0] + 1}):
        path.write_bytes(content[:size])
        store = JsonLinesStore(path)
        whole = 0 if size < len(lines[0]) else 1 if size < len(content) else 2
        assert len(path.read_bytes()) == sum(map(len, lines[:whole]))
        assert [deal.version for deal in store.query(Query("opportunity", EVERYTHING))] == [[], [1, 1], [2]][whole]
    store.save(unit(new(make_opportunity("c"))))
    assert JsonLinesStore(path).get("opportunity", "c") is not None


def test_a_disk_that_refuses_leaves_all_as_it_was(tmp_path, monkeypatch):
    """REL-7: where the line cannot reach the disk, the caller is told, and neither file nor memory holds it."""
    path = tmp_path / "sales.jsonl"
    store = filled(path)
    before, content = told(store), path.read_bytes()

    def refuse(_file):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    flow = sf.SalesFlow(
        store=store, organization=sf.Organization([sf.Employee("li")]), processes=sf.templates.builtin()
    )
    with pytest.raises(sf.PortError, match="no space left"):
        flow.acting_as("li").leads.create(title="A", channel="fair")
    monkeypatch.undo()
    assert (told(store), path.read_bytes()) == (before, content)
    flow.acting_as("li").leads.create(title="A", channel="fair")
    assert flow.acting_as("li").leads.count() == 1
