"""A "no" names the nearest grants that would open the record; a proof reads on a page as on a terminal (VIS-15)."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from attrs import evolve
from hypothesis import given

from salesflow.model import Access, Employee, SharingRule, TeamMember, TeamRole
from salesflow.visibility import Cause, Proof, Step, VisibilityPolicy, owner, scenes, team
from tests.visibility.reference import World
from tests.visibility.worlds import lead, opportunity, sight, worlds_and_records


@given(worlds_and_records())
def test_each_grant_alone_opens_the_record(drawn: tuple[World, Any]) -> None:
    """VIS-15, VIS-11: whoever is refused is told what would do, and each of it alone does; who sees is told nothing."""
    world, record = drawn
    seen = sight(world)
    for viewer in world.everyone():
        proof = seen.why(viewer, record)
        if proof.is_visible or record.voided or not world.knows(viewer):
            assert proof.would_open == ()
            continue
        kinds = {type(grant) for grant in proof.would_open}
        assert (TeamMember in kinds) == (record.KIND == "opportunity")
        assert (SharingRule in kinds) == (record.owner is not None)
        for grant in proof.would_open:
            if isinstance(grant, TeamMember):
                assert world.can_see(viewer, evolve(record, team=(*record.team, grant)))
            else:
                assert evolve(world, shares=(*world.shares, grant)).can_see(viewer, record)
            assert viewer in str(proof)


def test_grants_follow_the_scene_all() -> None:
    """VIS-14, VIS-15: where `all` asks for a role, or to write, the grant has it; what no grant opens names none."""
    narrow = owner.is_viewer | team.includes_viewer(["lawyer", "auditor"], "read_write")
    rule = scenes.default() | {"all": narrow | owner.shares_with_viewer("read_write")}
    people = World((Employee("li"), Employee("wang")))
    seen = sight(people, VisibilityPolicy(scenes=rule))
    write = Access.READ_WRITE
    assert seen.why("wang", opportunity("li")).would_open == (
        TeamMember("wang", "auditor", write),
        TeamMember("wang", "lawyer", write),
        SharingRule(id="", version=0, from_person="li", to_person="wang", access=write),
    )
    only = sight(people, VisibilityPolicy(scenes=scenes.default() | {"all": owner.is_viewer}))
    assert only.why("wang", opportunity("li")).would_open == ()
    assert seen.why("wang", lead(None)).would_open == ()


class Elements(HTMLParser):
    """Keeps the elements that are open, and all text; a wrong end raises."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Elements:
    """Return the fragment as a browser reads it."""
    found = Elements()
    found.feed(html)
    assert found.open == []
    return found


@given(worlds_and_records())
def test_every_proof_reads_on_a_page(drawn: tuple[World, Any]) -> None:
    """VIS-15: the fragment is whole, loads nothing, and says every way, every lack and every grant of the tree."""
    world, record = drawn
    seen = sight(world)
    for viewer in world.everyone():
        proof = seen.why(viewer, record)
        page = read(proof.html())
        assert page.tags <= {"ul", "li", "i", "div", "code", "span", "b", "small", "p"}
        for way in proof.ways:
            for step in way.steps:
                assert f"{step.relation} {step.id}" in page.text
        for part in proof.parts:
            assert part.lacks in page.text
        assert ("✓" in page.text) >= proof.is_visible
        assert page.text.count("add ") + page.text.count("share the") == len(proof.would_open)


def test_nothing_in_a_proof_is_taken_for_markup() -> None:
    """VIS-15, PROC-5: names, notes, rules and lacks of any text are text on the page."""
    evil = '<script>alert("1")</script>&'
    way = Cause((Step("owner", evil, evil),))
    proof = Proof(
        "visible", False, (), "",
        (Proof(evil, True, (way,)), Proof("b", False, (), evil, (Proof(evil, False, (), "x"),))),
        (TeamMember(evil, TeamRole.JOINT),),
    )  # fmt: skip
    page = read(proof.html())
    assert "script" not in page.tags
    assert page.text.count(evil) == 6
    assert read(proof.html({evil: "<b>li</b>"})).text.count("<b>li</b>") == 3


def test_a_leaf_and_names() -> None:
    """VIS-15: a proof without parts is one item; people are called by their names where those are given."""
    leaf = Proof("owner.is_viewer", False, (), "owner li is not wang, nor zhou")
    assert leaf.html({"li": "Li Na", "wang": "Wang Qiang"}) == (
        '<ul class="why"><li><i class="mark no" role="img" aria-label="not found">✗</i><div>'
        "<code>owner.is_viewer</code>"
        "<small>owner Li Na is not Wang Qiang, nor zhou</small></div></li></ul>"
    )
