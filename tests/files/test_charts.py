"""Charts (PIPE-7): every number told in both formats, bars to scale, nothing over the edge, no name read as markup."""

import struct
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesflow as sf
from salesflow.errors import InvalidInput
from salesflow.files.charts import FORMATS, draw_chart
from salesflow.files.charts.figures import FIGURES, Chart, Segment, chart_of
from salesflow.files.charts.svg import svg
from salesflow.files.charts.terminal import cells, terminal
from salesflow.files.charts.words import CAPTIONS
from salesflow.files.drawing.text_measure import text_width, wrapped
from salesflow.model import Event, Opportunity, Probability, ProbabilitySource, SalesProcess, Stage
from salesflow.pipeline import Movement, board, changes, forecast, funnel, stage_times
from salesflow.testing.records import make_opportunity
from tests.pipeline.deals import STAGES, START, many
from tests.pipeline.test_changes import DAY, NOON, told_histories, worked

NAMES: dict[str, Any] = {
    "a": {"en": "Qualify", "zh": "鉴定资质"},
    "b": {"en": "<b>&\u202e\n" + "long " * 20, "zh": "谈判与签约" * 12},
    "c": "",
}
PROCESS = SalesProcess("crm2000", 1, [Stage(code, NAMES[code]) for code in STAGES[:3]], name={"zh": "直销流程"})
TODAY = START.date()
SPACE = "{http://www.w3.org/2000/svg}"
QUOTAS = {"2026-01": sf.Money("100", "CNY"), "2026-02": sf.Money("0", "EUR")}


def figures(deals: Sequence[Opportunity], histories: Sequence[Sequence[Event]] = ()) -> list[Any]:
    """One figure of every sort."""
    return [
        funnel(deals, PROCESS),
        board(deals, PROCESS, now=START, today=TODAY),
        stage_times(deals, PROCESS, START + timedelta(days=40)),
        changes(histories, NOON, NOON + 3 * DAY),
        forecast(deals, since=TODAY, until=date(2026, 3, 1), today=TODAY, quotas=QUOTAS),
    ]


def charts(figure: Any) -> list[Chart]:
    """Its chart in either language, with the names of stages and with their codes."""
    return [chart_of(figure, PROCESS, "zh"), chart_of(figure, None, "en")]


drawn = st.tuples(many(), st.lists(told_histories(), max_size=3)).map(lambda pair: figures(*pair))


@given(drawn)
def test_every_number_is_told_in_both_formats(found: list[Any]):
    """PIPE-7, PIPE-8: all labels and numbers are in the picture and in the table, and so is what is counted."""
    for chart in (chart for figure in found for chart in charts(figure)):
        texts = [text.text or "" for text in ElementTree.fromstring(svg(chart)).iter(f"{SPACE}text")]
        table = terminal(chart)
        for panel in chart.panels:
            assert panel.caption in texts
            for row in panel.rows:
                assert "".join(row.label.split()) in "".join("".join(texts).split())
                for cell in filter(None, row.cells):
                    assert cell in texts
                lines = wrapped(row.label, 36, cells) or [" "]
                assert all(any(line.startswith(part) for line in table.splitlines()) for part in lines)
        assert chart.note in table
        assert "".join(chart.note.split()) in "".join("".join(texts).split())


@given(drawn)
def test_nothing_goes_over_the_edge_or_over_its_neighbour(found: list[Any]):
    """PIPE-7: texts beside each other have room, by the same measure as everywhere; bars lie on the picture."""
    for chart in (chart for figure in found for chart in charts(figure)):
        picture = ElementTree.fromstring(svg(chart))
        width, height = float(picture.get("width", 0)), float(picture.get("height", 0))
        lines: dict[str, list[tuple[float, float]]] = {}
        for text in picture.iter(f"{SPACE}text"):
            x, y, size = (float(text.get(name, 0)) for name in ("x", "y", "font-size"))
            wide = text_width(text.text or "") * size * (1.13 if "strong" in text.get("class", "") else 1)
            left = x - wide if text.get("text-anchor") == "end" else x
            assert left >= 0
            assert left + wide <= width + 1
            assert 0 <= y <= height
            lines.setdefault(text.get("y", ""), []).append((left, left + wide))
        for parts in lines.values():
            assert all(first[1] <= second[0] + 0.5 for first, second in pairwise(sorted(parts)))
        for box in list(picture.iter(f"{SPACE}rect"))[1:]:
            x, wide = float(box.get("x", 0)), float(box.get("width", 0))
            assert 0 <= x <= x + wide <= width
            assert wide > 0


@given(drawn)
def test_a_table_stands_in_columns(found: list[Any]):
    """PIPE-7: in a terminal, where Chinese takes two cells, every row of a panel ends in the same cell."""
    for chart in (chart for figure in found for chart in charts(figure)):
        parts = terminal(chart).split("\n\n")[1:-1]
        assert len(parts) == len(chart.panels)
        for part, panel in zip(parts, chart.panels, strict=True):
            head, *lines = part.splitlines()
            ends = {cells(head)}
            for row in panel.rows:
                further = wrapped(row.label, 36, cells)[1:]
                first = lines.pop(0)
                ends |= {cells(first)} if row.cells[-1] else set()
                assert [lines.pop(0) for _ in further] == further
            assert len(ends) == 1
            assert len(lines) <= 1  # the legend


@given(st.lists(told_histories(), max_size=3))
def test_a_waterfall_leads_from_the_start_to_the_end(histories: Sequence[Sequence[Event]]):
    """PIPE-3, PIPE-7: each bar begins where the one above ended, in number and in every currency, without a gap."""
    found = changes(histories, NOON, NOON + 3 * DAY)
    chart = chart_of(found, None, "en")
    counts, *money = chart.panels
    assert [float(row.cells[1]) for row in (counts.rows[0], counts.rows[-1])] == [found.start.count, found.end.count]
    for panel in chart.panels:
        standing = 0.0
        for row in panel.rows[:-1]:
            for segment in row.segments:
                assert segment.start == pytest.approx(standing if row is not panel.rows[0] else 0)
                standing = segment.end
        (last,) = panel.rows[-1].segments or (Segment(0, 0, "level"),)
        assert last.end == pytest.approx(standing)
    assert [panel.caption for panel in money] == sorted({panel.caption for panel in money})
    for panel in chart.panels:
        least = min(
            end for row in panel.rows for part in row.segments or [Segment(0, 0, "")] for end in (part.start, part.end)
        )
        assert least >= -1e-6
    told = {row.label for row in counts.rows[1:-1]}
    assert told == {CAPTIONS[each.movement][0] for each in found.changes}


def test_every_movement_and_category_has_its_words():
    """PIPE-7: in both languages; a figure that grows a new sort grows its words."""
    histories, clock = worked()
    found = changes(histories, NOON - DAY, clock.now())
    assert {each.movement for each in found.changes} == set(Movement)
    assert "成交日期推迟" in draw_chart(found, language="zh")
    assert all(all(pair) for pair in CAPTIONS.values())


def test_which_records_are_counted_is_told_in_either_language():
    """PIPE-7, PIPE-8: in Chinese by their statuses, which the rule in English names too."""
    for figure, told in zip(figures([]), ("在途、赢单、输单、无效",) * 3 + ("在途", "在途、赢单"), strict=True):
        assert f"计入 0 条（{told}），未计入 0 条" in draw_chart(figure, "text", language="zh")


def test_a_long_title_makes_no_picture_wider_than_its_bars():
    """PIPE-7: it goes on in further lines, whole, and so does a name in a terminal."""
    long = SalesProcess("long", 1, [Stage("a", "W" * 120)], name={"en": "wide " * 50, "zh": "宽" * 200})
    found = funnel([], long)
    for language, title in (("en", "wide" * 50), ("zh", "宽" * 200)):
        picture = ElementTree.fromstring(draw_chart(found, process=long, language=language))
        assert float(picture.get("width", 0)) < 1000
        texts = [text.text or "" for text in picture.iter(f"{SPACE}text")]
        assert title in "".join("".join(texts).split())
        table = draw_chart(found, "text", process=long, language=language)
        assert max(cells(line) for line in table.splitlines()[2:-1]) < 110
        assert table.count("W") == 120 + (language == "en")


def test_a_title_that_has_room_stands_on_one_line():
    """PIPE-7: a picture is as wide as its title, up to a point."""
    for found in figures([]):
        for chart in charts(found):
            assert chart.title in [text.text for text in ElementTree.fromstring(svg(chart)).iter(f"{SPACE}text")]


def test_a_quota_is_a_line_across_the_bar():
    """PIPE-4, PIPE-7: where it is of the panel's currency; the legend says what it is."""
    found = figures([])[-1]
    picture = draw_chart(found)
    assert picture.count('class="mark"') == 4  # yuan and euro, each with its legend
    assert draw_chart(found, "text").count("|") == 4
    without = forecast([make_opportunity("o", amount=sf.Money("1", "USD"))], since=TODAY, until=TODAY, today=TODAY)
    assert [panel.heads for panel in chart_of(without, None, "en").panels] == [("count",), ("amount", "weighted")]
    assert 'class="mark"' not in draw_chart(figures([])[0])


def test_a_long_legend_goes_on_in_a_further_line():
    """PIPE-4, PIPE-7: with every category, those that stand apart, and a quota, each colour is told below the bars."""
    days = (TODAY, TODAY, TODAY, TODAY - DAY, None, date(2027, 1, 1))
    open_ones = [
        make_opportunity(
            f"o{n}",
            amount=sf.Money("100", "CNY"),
            close_date=day,
            probability=Probability(percent, ProbabilitySource.HAND),
        )
        for n, (day, percent) in enumerate(zip(days, (90, 50, 10, 10, 10, 10), strict=True))
    ]
    found = forecast(open_ones, since=TODAY, until=TODAY, today=TODAY, quotas={"2026-01": sf.Money("100", "CNY")})
    for language in ("en", "zh"):
        picture = draw_chart(found, language=language)
        for sort in ("commit", "best_case", "pipeline", "slipped", "undated", "outside", "quota"):
            assert CAPTIONS[sort][language == "zh"] in picture
    marks = [
        box for box in ElementTree.fromstring(draw_chart(found)).iter(f"{SPACE}rect") if box.get("height") == "10.0"
    ]
    assert len({box.get("y") for box in marks}) == 4  # two lines in each of two panels


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("format", FORMATS)
def test_names_are_of_the_language_and_no_markup(format: str, language: str):
    """PIPE-7, PROC-9: stages by name, by code where there is none; what looks like markup is text."""
    for figure in figures([])[:3]:
        told = draw_chart(figure, format, process=PROCESS, language=language)
        assert {"en": "Qualify", "zh": "鉴定资质"}[language] in told
        assert "直销流程" in told
        assert "\u202e" not in told
        assert ("<b>" in told) == (format == "text" and language == "en")
        assert "Qualify" not in draw_chart(figure, format, language=language)


@pytest.mark.parametrize(
    ("figure", "wrong"),
    [(5, {}), (None, {}), (0, {"format": "png"}), (0, {"language": "de"}), (0, {"process": "crm2000"})],
)
def test_what_cannot_be_drawn_is_refused(figure: Any, wrong: dict[str, Any]):
    """PIPE-7: the message names what would do."""
    drawn = figures([])[0] if figure == 0 else figure
    with pytest.raises(InvalidInput, match=next(iter(wrong), "figure")):
        draw_chart(drawn, **wrong)
    assert len(FIGURES) == len(figures([]))


def test_a_picture_of_dots_is_as_large_as_the_other():
    """PIPE-7: a PNG, as large as the SVG times the scale, and not blank; a scale must be a sensible number."""
    png = pytest.importorskip("salesflow.files.charts.png", reason="the extra `charts` is not installed")
    found = figures([make_opportunity("o", stage="a", amount=sf.Money("100", "CNY"))])[1]
    picture = ElementTree.fromstring(draw_chart(found, process=PROCESS, language="zh"))
    sizes = []
    for scale in (1, 2):
        dots = png.draw_chart_png(found, process=PROCESS, language="zh", scale=scale)
        assert dots.startswith(b"\x89PNG\r\n")
        sizes.append(struct.unpack(">II", dots[16:24]))
        assert len(dots) > 2_000
    assert sizes[0] == (int(picture.get("width", 0)), int(picture.get("height", 0)))
    assert sizes[1] == (2 * sizes[0][0], 2 * sizes[0][1])
    for wrong in (0, -1, 11, "2", True):
        with pytest.raises(InvalidInput, match="scale"):
            png.draw_chart_png(found, scale=wrong)
