"""The report of `salesflow demo` in a real browser: silent, legible and whole, light and dark, desk and phone."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from salesflow.cli.demo.report import POLICY
from tests.cli.calls import Demo
from tests.cli.chromium import PROGRAM, Chromium

VIEWS = [(width, dark) for width in (1280, 390) for dark in (False, True)]

# The contrast of each piece of text with what is painted behind it, as WCAG 2 computes it; large text needs less.
FAINT = """
(() => {
  const parse = colour => { const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number); return [r, g, b, a] };
  const light = ([r, g, b]) => [r, g, b].map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const sibling = at.parentElement?.classList.contains('bar') ? at.parentElement.querySelector('i') : at;
      const colour = parse(getComputedStyle(sibling).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return parse(getComputedStyle(document.body).backgroundColor);
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
    if (!text || element.closest('svg')) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const [high, low] = [light(parse(style.color)), light(behind(element))].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < needed) faint.push(`${text.slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return [...new Set(faint)];
})()
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A browser for all tests; where there is none they are skipped, but never where `.ci/run` promised one."""
    if PROGRAM is None:
        said = "there is no Chromium on this machine: the page was not looked at in a browser"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
    with Chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture(scope="module")
def page(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, copied away from what it was made of."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(demo.page, encoding="utf-8")
    return path


@pytest.mark.parametrize(("width", "dark"), VIEWS)
def test_nothing_is_asked_of_anybody_and_nothing_complained_of(
    chromium: Chromium, page: Path, width: int, dark: bool
) -> None:  # fmt: skip
    """Two commands: the only request is the page itself; no message, warning or exception."""
    (only,) = chromium.open(page, width=width, dark=dark)
    assert only["params"]["request"]["url"] == page.as_uri()
    assert "智慧园区平台" in chromium.value("document.body.innerText")


def test_what_a_page_asks_for_is_found_out(chromium: Chromium, tmp_path: Path) -> None:
    """Two commands: the test above can fail, by a request, by a policy that forbids one, and by an exception."""
    page = tmp_path / "page.html"
    page.write_text('<!doctype html><img src="http://127.0.0.1:9/a.png">', encoding="utf-8")
    asked = [event["params"].get("request", {}).get("url") for event in chromium.open(page, width=390)]
    assert "http://127.0.0.1:9/a.png" in asked
    head = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    page.write_text(f'<!doctype html>{head}<img src="http://127.0.0.1:9/a.png">', encoding="utf-8")
    assert {event["method"] for event in chromium.open(page, width=390)} > {"Network.requestWillBeSent"}
    page.write_text("<!doctype html><script>throw new Error('no')</script>", encoding="utf-8")
    assert "Runtime.exceptionThrown" in {event["method"] for event in chromium.open(page, width=390)}


@pytest.mark.parametrize(("width", "dark"), VIEWS)
def test_only_wide_things_scroll_sideways(chromium: Chromium, page: Path, width: int, dark: bool) -> None:
    """Friendliness: the page itself never does, and each box that scrolls is reached by the keyboard."""
    chromium.open(page, width=width, dark=dark)
    assert chromium.value("document.documentElement.scrollWidth <= innerWidth")
    assert chromium.value("innerWidth") == width
    stuck = "[...document.querySelectorAll('*')].filter(e => getComputedStyle(e).overflowX == 'auto' && e.tabIndex < 0)"
    assert chromium.value(f"{stuck}.map(e => e.className)") == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_all_text_can_be_read(chromium: Chromium, page: Path, dark: bool) -> None:
    """Friendliness: contrast of at least 4.5 (3 for large text) everywhere, as WCAG 2 level AA asks; and it is dark."""
    chromium.open(page, width=1280, dark=dark)
    assert chromium.value(FAINT) == []
    paper = chromium.value("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, paper.removeprefix("rgb(").removesuffix(")").split(","))) < 64) is dark


def test_faint_text_is_found(chromium: Chromium, tmp_path: Path) -> None:
    """Friendliness: the test above can fail."""
    page = tmp_path / "page.html"
    page.write_text('<!doctype html><body style="background: #fff"><p style="color: #999">faint', encoding="utf-8")
    chromium.open(page, width=1280)
    assert chromium.value(FAINT) == ["faint: 2.85"]


def test_a_screen_reader_finds_its_way(chromium: Chromium, page: Path) -> None:
    """Friendliness: landmarks, a heading per part in order, named regions, and tables with row and column headers."""
    chromium.open(page, width=1280)
    nodes = chromium.ask("Accessibility.getFullAXTree")["nodes"]
    named: dict[str, list[str]] = {}
    for node in nodes:
        if not node["ignored"]:
            named.setdefault(_text(node, "role"), []).append(_text(node, "name"))
    for landmark in ("main", "banner", "contentinfo", "navigation"):
        assert len(named[landmark]) == 1, landmark
    assert all(named["region"])
    assert all(named["link"])
    assert len(named["columnheader"]) > len(named["table"])
    assert len(named["rowheader"]) > len(named["table"])
    levels = [
        int(tag[1]) for tag in chromium.value("[...document.querySelectorAll('h1,h2,h3,h4')].map(e => e.tagName)")
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert chromium.value("document.documentElement.lang") == "en"
    assert chromium.value("document.querySelectorAll('[lang=zh]').length") > 50


def _text(node: dict[str, Any], part: str) -> str:
    return str(node.get(part, {}).get("value", ""))
