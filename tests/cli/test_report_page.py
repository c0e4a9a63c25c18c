"""The report of `salesflow demo` as text: whole, and self-contained; test_report_page_in_chromium.py looks at it."""

import re
from html.parser import HTMLParser

import pytest

from salesflow.cli.demo.report import PARTS, POLICY
from salesflow.cli.demo.report.markup import table
from tests.cli.calls import Demo

VOID = {"meta", "link", "br", "rect", "path"}


class Elements(HTMLParser):
    """Keeps the elements that are open, the ids and every address; a wrong end raises."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "srcset", "action", "data")]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()


@pytest.fixture(scope="module")
def read(demo: Demo) -> Elements:
    reader = Elements()
    reader.feed(demo.page)
    return reader


def test_the_page_is_whole(demo: Demo, read: Elements) -> None:
    """Two commands: board, funnel, stage chart, matrix, grades, proofs, lists, timeline; each element is closed."""
    assert read.open == []
    assert len(read.ids) == len(set(read.ids))
    assert set(PARTS) == set(read.ids)
    for part in ("阶段视图", "销售漏斗", "商机分级", "可见性说明", "列表视图", "历史", "sees it", "does not see it"):
        assert part in demo.page
    assert demo.page.count('class="salesflow-drawing"') == 2


def test_the_page_asks_nobody_for_anything(demo: Demo, read: Elements) -> None:
    """Two commands: no address but its own parts, no script, and a policy that lets the browser fetch nothing."""
    assert {address for address in read.addresses if not address.startswith("#")} == {"data:,"}
    assert not read.tags & {"script", "iframe", "img", "object", "embed", "base", "form"}
    assert f'content="{POLICY}"' in demo.page
    assert not re.findall(r"@import|url\(|//(?!www\.w3\.org/2000/svg)\w", demo.page)


def test_the_page_says_what_the_records_say(demo: Demo) -> None:
    """PIPE-1, PIPE-2, VIS-15: the same figures as on the terminal, and the same proof."""
    for said in ("¥23.63 M", "57%", "智慧园区平台", "no team member is 高远", "second purchase, no demo needed"):
        assert said in demo.page


def test_what_a_record_holds_is_no_markup() -> None:
    """REL-8: titles are escaped where they are written; cells are escaped by whoever fills them."""
    assert "<b>" not in table("<b>", ["<b>"], [])
