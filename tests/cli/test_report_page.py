"""The report of `salesflow demo`: whole, self-contained, and fit for a browser, light and dark, wide and narrow."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from salesflow.cli.demo.report import PARTS, POLICY
from salesflow.cli.demo.report.markup import table
from tests.cli.calls import Demo

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-quic --enable-logging=stderr --v=0"
).split()
VOID = {"meta", "link", "br", "rect", "path"}
DARK = "--blink-settings=preferredColorScheme=0"


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
    assert "<b>" not in table(["<b>"], [])


def browse(page: Path, *flags: str) -> tuple[str, str]:
    """Return the document as the browser holds it in the end, and what it logged."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine: the page was not looked at in a browser")
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={page.parent / 'profile'}", *flags, page.as_uri()]
    run = subprocess.run(command, capture_output=True, timeout=120, check=True)
    return run.stdout.decode("utf-8"), run.stderr.decode("utf-8", "replace")


@pytest.mark.parametrize("mode", [(), (DARK,)], ids=["light", "dark"])
def test_a_browser_has_nothing_to_complain_of(demo: Demo, tmp_path: Path, mode: tuple[str, ...]) -> None:
    """Two commands: no error on the console, and nothing that the page's policy had to forbid."""
    page = tmp_path / "page.html"
    page.write_text(demo.page, encoding="utf-8")
    document, log = browse(page, *mode, "--dump-dom")
    assert "智慧园区平台" in document
    assert "CONSOLE" not in log


def test_the_browser_test_can_fail(tmp_path: Path) -> None:
    """Two commands: a page that fetches something is found out."""
    page = tmp_path / "page.html"
    head = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    page.write_text(f'<!doctype html>{head}<img src="http://127.0.0.1:9/a.png">', encoding="utf-8")
    assert "CONSOLE" in browse(page, "--dump-dom")[1]


@pytest.mark.parametrize("width", [390, 1280])
def test_only_wide_things_scroll(demo: Demo, tmp_path: Path, width: int) -> None:
    """Friendliness: the page itself never scrolls sideways, on a phone or on a desk."""
    tell = "<script>parent.postMessage(`${document.documentElement.scrollWidth} of ${innerWidth}`, '*')</script></body>"
    inner = demo.page.replace(f'content="{POLICY}"', "").replace("</body>", tell)
    (tmp_path / "inner.html").write_text(inner, encoding="utf-8")
    page = tmp_path / "page.html"  # a window is never as narrow as a phone: a frame is
    page.write_text(
        "<!doctype html><script>onmessage = event => { document.title = event.data }</script>"
        f'<iframe src="inner.html" style="width: {width}px; height: 900px; border: 0"></iframe>',
        encoding="utf-8",
    )
    document, _ = browse(page, "--virtual-time-budget=5000", "--window-size=1400,1000", "--dump-dom")
    found = re.search(r"<title>(\d+) of (\d+)</title>", document)
    assert found is not None
    assert int(found[1]) <= int(found[2]) == width
