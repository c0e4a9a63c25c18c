"""Pictures of templates: everything is in them, in the words asked for, and nothing a template holds is markup."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesflow import templates
from salesflow.errors import InvalidInput
from salesflow.files.drawing import FORMATS
from salesflow.files.drawing.sheet import MOST_ACROSS, plain, sheet_of
from salesflow.files.drawing.text_measure import text_width, wrapped
from salesflow.files.drawing.words import CAPTIONS, CODES, LANGUAGES
from salesflow.model import (
    INVALID_REASONS,
    LOST_REASONS,
    Condition,
    Jump,
    Label,
    ProcessApproval,
    ProcessRule,
    RequiredField,
    Route,
    SalesProcess,
    Stage,
    TaskTemplate,
    TeamRole,
)
from salesflow.process.asked_approvals import OWNER_SUPERIOR
from salesflow.process.checks import MOST_STAGES
from salesflow.process.requirements import FIELDS
from salesflow.testing.strategies.templates import sales_processes

HOSTILE = [
    "</svg><script>alert(1)</script>",
    "</title></style></article>--><img src=x onerror=alert(1)>",
    "\" onload='alert(1)' x=\"",
    "&lt;b&gt; &#60;b&#62; #lt; #35;",
    "first\nsecond\r\n# third\u2028- fourth\tfifth",
    "\u202egnp.exe\u2066 \u200e\u200b\ufeff",
    "\x00\x1b[31m\x7f\ufffe\ud800",
    "| a | b |\\| `code` **bold** _it_ [link](http://x) ![i](x) ~~s~~ $x$ {role}`a` @all",
    "end; click s1 call x() %%{init: {'theme':'x'}}%% style a:#fff; A-->B:::c",
    "1. item",
    "- item",
    "{} {0} {n} %s",
    "]]> <![CDATA[ <?xml ?> <!ENTITY x>",
    "'''\"\"\"```",
    "W" * 300,
    "汉" * 300,
    "e" + "\u0301" * 200,
    "👩‍👩‍👧‍👦👍🏽" * 20,
    "שלום مرحبا",
    "   ",
]
MIXED = st.text(max_size=40) | st.sampled_from(HOSTILE)

ANSWERED: dict[str, list[str]] = {
    "svg": ["<svg ", "</svg>"],
    "html": ["<!doctype html>", "</html>"],
    "html_fragment": ["<article ", "</article>"],
    "markdown": ["# ", ""],
    "mermaid": ["---\ntitle: ", ""],
}


def hostile(text: str) -> SalesProcess:
    """A template that says *text* wherever it can."""
    task = TaskTemplate("t", text, is_core=True)
    stage = Stage(
        "a",
        text,
        starts_when=text,
        ends_when=text,
        required_fields=[f"custom.{text}"],
        tasks=[task, TaskTemplate(text, text, routes=["full"])],
        procedures=[text, text],
        roles=[text],
        approval=text,
        is_optional=True,
    )
    return SalesProcess(
        text, 1, [stage, Stage(text, "")], name=text, customer_types=[text], jump=Jump.REASON, lost_reasons=[text]
    )


class Reader(HTMLParser):
    """Collects the tags and the text of a page, and checks that tags close as they open."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.said: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said.append(data)


def svg_text(picture: str) -> str:
    """All that an SVG writes, its lines put together again without the spaces they were broken at."""
    root = ElementTree.fromstring(picture)
    return "".join("".join(root.itertext()).split())


def unspaced(text: str) -> str:
    """*text* as a picture writes it, wherever its lines are broken."""
    return "".join(plain(text).split())


def names(process: SalesProcess, language: str) -> list[str]:
    """The names of stages and tasks, or their codes."""
    parts: list[Stage | TaskTemplate] = []
    for stage in process.stages:
        parts += [stage, *stage.tasks]
    return [plain(part.name.text(language)) or plain(part.code) for part in parts]


def read_markdown(text: str) -> str:
    """Escaped Markdown as it is read."""
    entities = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}
    text = re.sub("&(?:amp|lt|gt);", lambda found: entities[found[0]], re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text))
    return re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), text)


def read_mermaid(text: str) -> str:
    """A Mermaid label as it is read."""
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text.replace("<br/>", ""))


@given(sales_processes(), st.sampled_from(LANGUAGES))
def test_everything_is_in_the_picture(process, language):
    """PROC-5: each stage and each task is named in SVG, HTML and Markdown; the stage chart names each stage."""
    picture = svg_text(templates.draw(process, "svg", language))
    page = "".join(Reader(templates.draw(process, "html", language)).said)
    fragment = templates.draw(process, "html_fragment", language)
    table = read_markdown(templates.draw(process, "markdown", language))
    chart = read_mermaid(templates.draw(process, "mermaid", language))

    for name in names(process, language):
        assert unspaced(name) in picture
        assert name in page
        assert name in table
    for number, stage in enumerate(process.stages, start=1):
        name = plain(stage.name.text(language)) or stage.code
        assert f'"{number}·{unspaced(name)}{stage.probability}%"' in "".join(chart.split())
        assert f"{stage.probability} %" in page
        assert stage.code in table
    assert fragment in templates.draw(process, "html", language)


@given(sales_processes())
def test_each_stage_is_counted_once(process):
    """PROC-5: chart and matrix have a column for each stage, a row for each aspect, and four rules."""
    page = templates.draw(process, "html")
    table = templates.draw(process, "markdown").split("\n")
    chart = templates.draw(process, "mermaid")
    bands = len(sheet_of(process, "en").bands)

    assert page.count('<th scope="col">') == len(process.stages)
    assert page.count('<th scope="row">') == 7 * bands
    assert page.count("<section ") == 4
    assert sum(line.startswith("| **") for line in table) == 7 * bands
    assert len(re.findall(r"^  s\d+\[", chart, re.MULTILINE)) == len(process.stages)
    assert chart.count(" -->") >= len(process.stages) - 1 + 3


@given(MIXED)
def test_no_text_becomes_markup(text):
    """PROC-5: whatever a template holds, it makes no tag, attribute, cell or statement in any format."""
    tame, wild = hostile("tame"), hostile(text)

    picture = ElementTree.fromstring(templates.draw(wild, "svg"))
    kinds = {element.tag.rpartition("}")[2] for element in picture.iter()}
    assert kinds <= {"svg", "title", "desc", "style", "rect", "path", "text"}
    assert {name for element in picture.findall(".//{*}text") for name in element.attrib} == {
        "x",
        "y",
        "class",
        "font-size",
    }

    page, tame_page = Reader(templates.draw(wild, "html")), Reader(templates.draw(tame, "html"))
    assert page.tags <= tame_page.tags
    assert page.attributes <= tame_page.attributes

    for line in templates.draw(wild, "markdown").splitlines():
        bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", line)
        ours = r"`[\w.-]+`|(?:(?<=- )|(?<=\| )|(?<=★ ))\*\*|\*\*(?= |<br>|:)|<br>|&(?:amp|lt|gt|#\d+);"
        assert not re.search(r"[\\`*_\[\]{}~$<>&@^=]", re.sub(ours, "", bare))
        if line.startswith("|"):
            assert bare.count("|") == 4

    chart = templates.draw(wild, "mermaid").splitlines()
    head, label = r'[^\\"%<>&]|\\U[0-9A-F]{8}', r"(?:[^\W_]|[ ,]|#\d+;|<br/>)*"
    assert chart[0] == chart[2] == "---"
    assert re.fullmatch(f'title: "(?:{head})*"', chart[1])
    assert len(chart) == len(templates.draw(tame, "mermaid").splitlines())
    for line in chart[4:]:
        assert re.fullmatch(
            rf'  \w+[\[(]+"{label}"[\])]+(?: --> s\d+)?'
            rf'|  \w+ -?-\.?->(?:\|"{label}"\|)? s\d+'
            rf'|  \w+ --> \w+\(\["{label}"\]\)'
            r"|  style s\d+ stroke-dasharray: 5 4",
            line,
        )


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("**a** _b_ `c` ~~d~~", r"\*\*a\*\* \_b\_ \`c\` \~\~d\~\~"),
        ("[a](b) ![c] {r}`x` $1$", r"\[a\](b) !\[c\] \{r\}\`x\` \$1\$"),
        ("a | b \\| # c", r"a \| b \\\| \# c"),
        ("<b> &lt; @all", "&lt;b&gt; &amp;lt; &#64;all"),
        ("1. one", "&#49;&#46; one"),
        ("- one", "&#45; one"),
        ("---", "&#45;&#45;&#45;"),
        ("1.5 and -5", "1.5 and -5"),
    ],
)
def test_what_markdown_escapes(text, escaped):
    """PROC-5: what Markdown would take for markup is escaped, and only that."""
    drawn = templates.draw(SalesProcess("p", 1, [Stage("a", text)], name=text), "markdown")

    assert drawn.startswith(f"# {escaped}\n")
    assert f"| 1. {escaped}<br>`a`<br>0 % |" in drawn


@pytest.mark.parametrize("text", HOSTILE)
def test_no_character_works_unseen(text):
    """PROC-5, REL-8: controls, invisible characters and marks that turn the direction stand as a visible sign."""
    for format in FORMATS:
        for line in templates.draw(hostile(text), format).splitlines():
            assert line.replace("\u200d", "").replace("\u00a0", "").isprintable()


def test_what_is_put_in_place_of_what_cannot_be_seen():
    """PROC-5: line breaks become spaces, what no reader sees a sign, and letters of any script stay."""
    assert plain(" a\n\tb\u2028c\u00a0d ") == "a b c d"
    assert plain("\u202ea\x00\ud800") == "\ufffda\ufffd\ufffd"
    assert plain("می\u200cخواهم 商机 \ue000") == "می\u200cخواهم 商机 \ue000"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("count", [0, 1, 2, MOST_ACROSS, MOST_ACROSS + 1, MOST_STAGES])
def test_any_number_of_stages(format, count):
    """PROC-5: none, one and fifty stages are drawn, at most seven side by side."""
    process = SalesProcess("p", 1, [Stage(f"s{n}", f"Stage number {n}", limit_days=n) for n in range(1, count + 1)])
    picture = templates.draw(process, format)
    bands = sheet_of(process, "en").bands

    begins, ends = ANSWERED[format]
    assert picture.startswith(begins)
    assert picture.endswith(f"{ends}\n")
    assert [n for band in bands for n in [column.number for column in band]] == list(range(1, count + 1))
    assert all(len(band) == len(bands[0]) for band in bands[:-1])
    assert all(len(band) <= MOST_ACROSS for band in bands)
    if format == "svg":
        assert float(ElementTree.fromstring(picture).attrib["width"]) < 1_400


@pytest.mark.parametrize("text", [*HOSTILE, "a", "a word and another one", "确认客户招标书，确认自我资质"])
@pytest.mark.parametrize("across", [1, 3, 7])
def test_nothing_overlaps(text, across):
    """PROC-5: in the picture no text reaches beyond its cell, and no line stands on another of its cell."""
    task = TaskTemplate("t", text, is_core=True)
    stages = [Stage(f"s{n}", text, tasks=[task, task], ends_when=text) for n in range(across)]
    picture = ElementTree.fromstring(templates.draw(SalesProcess("p", 1, stages, name="x"), "svg"))
    paths = " ".join(element.attrib["d"] for element in picture.findall(".//{*}path"))
    uprights = re.findall(r"(?<!\S)M([\d.]+) ([\d.]+)V([\d.]+)", paths)
    edges = sorted({float(x) for x, _, _ in uprights})
    top, bottom = float(uprights[0][1]), float(uprights[0][2])
    lines: dict[float, list[float]] = {}

    for element in picture.findall(".//{*}text"):
        x, y, size = (float(element.attrib[name]) for name in ("x", "y", "font-size"))
        style = element.attrib["class"]
        right = x + text_width(element.text or "") * size * (1.13 if "strong" in style else 1)
        is_in_column = top < y < bottom or "name" in style
        assert right <= (min(edge for edge in edges if edge > x) if is_in_column else float(picture.attrib["width"]))
        assert y < float(picture.attrib["height"])
        if element.text not in {"★", "•"}:
            lines.setdefault(x, []).append(y)
    assert len(edges) == across + 2
    assert len(lines) >= 3 * across
    for found in lines.values():
        assert all(after - before > 10 for before, after in pairwise(found))


@given(st.text().map(plain), st.integers(1, 20))
def test_lines_hold_all_of_a_text(text, width):
    """PROC-5: broken into lines, a text loses nothing but spaces, and no line is wider than allowed if it can part."""
    lines = wrapped(text, width)

    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(line == line.strip() and line for line in lines)
    assert all(text_width(line) <= width or len(line) - sum(text_width(c) == 0 for c in line) == 1 or "\u200d" in line
               or any("\U0001f3fb" <= c <= "\U0001f3ff" for c in line) for line in lines)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, []),
        ("confirm the tender", 8, ["confirm the", "tender"]),
        ("确认客户招标书", 4, ["确认客户", "招标书"]),
        ("确认客户，招标书", 4, ["确认客", "户，招标", "书"]),
        ("价值（见附件）", 3, ["价值", "（见附", "件）"]),
        ("supercalifragilistic", 5, ["supercali", "fragilistic"]),
        ("ab 确认 cd", 3, ["ab 确", "认 cd"]),
        ("e\u0301" * 3, 1.2, ["e\u0301e\u0301", "e\u0301"]),
        ("👍🏽👍🏽", 1, ["👍🏽", "👍🏽"]),
    ],
)
def test_where_lines_break(text, width, lines):
    """PROC-5: at spaces and between Chinese characters, never before closing or behind opening punctuation."""
    assert wrapped(text, width) == lines


def test_wide_characters_measure_double():
    """PROC-5: text is measured by east-asian width; what stands on another character takes no room."""
    assert text_width("商机") == 2
    assert text_width("ab") < text_width("AB") < text_width("商机")
    assert text_width("il") < text_width("ab")
    assert text_width("mw") == 2
    assert text_width("e\u0301") == text_width("e")


RULES = [
    (Jump.FREE, "last", "freely", "from the last stage"),
    (
        Jump.REASON,
        "any",
        "with a reason; no reason to pass over optional stages alone",
        "from any stage, when nothing is left open in",
    ),
    (Jump.FAST_TRACK, "last", "on the fast track", "from the last stage"),
    ("sideways", "last", "sideways", "from the last stage"),
]


@pytest.mark.parametrize(("jump", "win_from", "jumping", "winning"), RULES)
def test_how_it_is_shortened_and_ends(jump, win_from, jumping, winning):
    """PROC-5, OPP-6, OPP-7: the rules of jumping and the outcomes with their reasons are told."""
    stages = [Stage("a"), Stage("b", is_optional=True), Stage("c", approval="owner_superior"), Stage("d")]
    process = SalesProcess(
        "p", 1, stages, jump=jump, win_from=win_from, entry_from_lead="b", lost_reasons=["price", "own_reason"]
    )
    table = read_markdown(templates.draw(process, "markdown"))
    chart = read_mermaid(templates.draw(process, "mermaid"))

    assert f"- **Jumping forward**: {jumping}" in table
    assert f"- **Won · 100 %**: {winning}" in table
    assert "- **Lost · 0 %**: from any stage, with a reason: price, own_reason" in table
    assert "| **Conditions** | – | converted leads enter here<br>may be passed over | left after approval by" in table
    assert ("s4 --> won" in chart) == (win_from == "last")
    assert ("anywhere --> won" in chart) == (win_from == "any")
    assert 's1 -.->|"may be passed over"| s3' in chart
    assert 's3 -->|"approval"| s4' in chart
    assert 'lead(["Converted lead"]) --> s2' in chart


def test_optional_stages_at_either_end():
    """PROC-5: a way round is drawn only where stages stand on both sides."""
    stages = [Stage("a", is_optional=True), Stage("b"), Stage("c", is_optional=True)]

    assert "may be passed over" not in read_mermaid(templates.draw(SalesProcess("p", 1, stages), "mermaid"))


@pytest.mark.parametrize(("jump", "arrows"), [(Jump.FREE, 9), (Jump.REASON, 9), (Jump.FAST_TRACK, 1)])
def test_the_rail_shows_where_a_jump_may_end(jump, arrows):
    """PROC-5, OPP-6: above the stages an arrow stands at each that may be jumped to, across bands too."""
    picture = templates.draw(SalesProcess("p", 1, [Stage(f"s{n}") for n in range(10)], jump=jump), "svg")

    assert len(re.findall(r"h10l-5 8z", picture)) == arrows
    assert len(re.findall(r'class="rail"', picture)) == 2


def test_what_the_chart_marks():
    """PROC-5, PROC-1: probability, optional stages, approvals and the core task show in SVG and HTML."""
    core = TaskTemplate("t", "Do it", is_core=True, routes=[Route.FULL, Route.PARTNER])
    stages = [Stage("a", probability=40, tasks=[core]), Stage("b", is_optional=True, approval="owner_superior")]
    process = SalesProcess("p", 1, stages, entry_from_lead="a")
    picture, page = templates.draw(process, "svg"), templates.draw(process, "html")
    plainer = templates.draw(SalesProcess("p", 1, [Stage("a", probability=100)]), "svg")

    for sign in ('class="gate"', 'class="optional"', "▾ converted leads enter here", "★", "┄ may be passed over"):
        assert sign in picture
        assert sign not in plainer
    for sign in ("◆\u00a0approval", "▾\u00a0converted leads enter here", '<li class="optional">', '<li class="core">'):
        assert sign in page
    assert "(full route, partner only)" in "".join(Reader(page).said)
    assert "(full route, partner only)" in " ".join(ElementTree.fromstring(picture).itertext())
    widths = [float(w) for w in re.findall(r'width="([\d.]+)" height="5.0" rx="2.5" class="(?:track|bar)"', picture)]
    assert widths[1] == pytest.approx(widths[0] * 0.4, rel=0.01)
    assert widths[3] == 0


def test_the_words_of_both_languages():
    """PROC-5: captions are in the language asked for; names too where the template has them, else in English."""
    process = SalesProcess("p", 1, [Stage("a", {"en": "Talks", "zh": "谈判"}), Stage("b", {"en": "Quote"}), Stage("c")])
    chinese, english = (templates.draw(process, "markdown", language=language) for language in ("zh", "en"))

    assert "| 阶段 | 1. 谈判<br>`a`<br>0 % | 2. Quote<br>`b`<br>0 % | 3. c<br>`c`<br>0 % |" in chinese
    assert "| Stage | 1. Talks<br>`a`<br>0 % | 2. Quote<br>`b`<br>0 % | 3. c<br>`c`<br>0 % |" in english
    for aspect in ("必填内容", "必做之事", "相关流程", "涉及人员"):
        assert f"| **{aspect}** |" in chinese


def test_every_code_of_ours_has_a_name():
    """PROC-5: fields, roles, routes, approvers and reasons that salesflow gives are named in both languages."""
    kinds: dict[str, Any] = {
        "field": FIELDS,
        "role": TeamRole,
        "route": Route,
        "approver": [OWNER_SUPERIOR],
        "reason": {*LOST_REASONS, *INVALID_REASONS},
    }
    assert {f"{kind}.{code}" for kind, codes in kinds.items() for code in codes} == set(CODES)
    for english, chinese in (*CODES.values(), *CAPTIONS.values()):
        assert english.isascii()
        assert any("\u4e00" <= character <= "\u9fff" for character in chinese)
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", chinese))


def test_dark_and_light():
    """PROC-5: a picture follows the screen, and fetches nothing."""
    process = templates.builtin()["walk_in"]

    for format in ("svg", "html"):
        picture = templates.draw(process, format)
        assert "prefers-color-scheme" in picture
        assert re.findall(r"(?:href|src|url|@import)", picture) == []
        assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", picture) == []
        assert " id=" not in picture
    assert "prefers-color-scheme" not in templates.draw(process, "html_fragment")


def test_a_small_one_as_markdown():
    """PROC-5: the whole of a small template, to the letter."""
    talks = Stage(
        "talks",
        Label({"en": "Talks"}),
        probability=40,
        starts_when="a call",
        required_fields=["amount", RequiredField("custom.budget", [Route.FULL])],
        tasks=[TaskTemplate("meet", "Meet", is_core=True), TaskTemplate("note")],
        roles=["sales", "legal"],
        limit_days=7,
    )
    process = SalesProcess("mine", 2, [talks], name="My sale", customer_types=["shops", "bars"], jump="free")

    assert templates.draw(process, "markdown") == (
        "# My sale\n"
        "\n"
        "mine · version 2\n"
        "\n"
        "- **Customers**: shops; bars\n"
        "\n"
        "| Stage | 1. Talks<br>`talks`<br>40 % |\n"
        "| --- | --- |\n"
        "| **Starts when** | a call |\n"
        "| **Required fields** | Amount `amount`<br>custom.budget (full route only) |\n"
        "| **Must-do tasks** | ★ **Meet** `meet`<br>note |\n"
        "| **Related procedures** | – |\n"
        "| **People involved** | Sales<br>legal |\n"
        "| **Ends when** | – |\n"
        "| **Conditions** | at most 7 days |\n"
        "\n"
        "- **Jumping forward**: freely, over any stages; going back: with a reason\n"
        "- **Won · 100 %**: from the last stage, when nothing is left open\n"
        "- **Lost · 0 %**: from any stage, with a reason: budget, needs mismatch, competitor, price, other\n"
        "- **Invalid · 0 %**: from any stage, with a reason: wrong information, customer cancelled, other\n"
        "\n"
        "★ core task\n"
    )


def test_a_small_one_as_mermaid():
    """PROC-5: the whole stage chart of a small template, to the letter."""
    process = SalesProcess("p", 1, [Stage("a", "Talks", probability=5), Stage("b", 'A "quote"')], name="A & B")

    assert templates.draw(process, "mermaid") == (
        "---\n"
        'title: "A \\U0000FF06 B"\n'
        "---\n"
        "flowchart LR\n"
        '  s1["1 #183; Talks<br/>5 #37;"]\n'
        '  s2["2 #183; A #34;quote#34;<br/>0 #37;"]\n'
        "  s1 --> s2\n"
        '  s1 -.->|"Jumping forward#58; with a<br/>reason"| s2\n'
        '  anywhere("from any stage")\n'
        '  s2 --> won(["Won"])\n'
        '  anywhere --> lost(["Lost"])\n'
        '  anywhere --> invalid(["Invalid"])\n'
    )


@pytest.mark.parametrize("asked", [{"format": "pdf"}, {"language": "de"}])
def test_what_there_is_not(asked):
    """PROC-5: another format or language is refused by name, with those there are."""
    with pytest.raises(InvalidInput, match=next(iter(asked))):
        templates.draw(templates.builtin()["walk_in"], **asked)


def test_only_a_template_is_drawn():
    """PROC-5: what is no template is refused as such."""
    nothing: Any = None

    with pytest.raises(InvalidInput, match="process"):
        templates.draw(nothing)


@pytest.mark.parametrize("format", ["svg", "html", "markdown"])
def test_rules_and_approvals_are_told(format):
    """PROC-5, RULE-1, RULE-2: a rule by its message, where it binds; who approves a stage or an outcome, by name."""
    need = [Condition("amount")]
    process = SalesProcess(
        "p", 1, [Stage("a", "Talks", approval="role:presales"), Stage("b", "Quote", approval="person:zhang")],
        rules=[
            ProcessRule("here", ["advance"], need, {"en": "Only from a fair", "zh": "仅限展会"}, stages=["a"]),
            ProcessRule("always", ["win"], need, {"en": "Nobody alone", "zh": "不可独自"}),
        ],
        approvals=[ProcessApproval("lose", "owner_superior"), ProcessApproval("win", "person:zhang")],
    )  # fmt: skip

    def told(language: str) -> str:
        drawn = templates.draw(process, format, language)
        if format == "svg":
            return svg_text(drawn)
        return unspaced("".join(Reader(drawn).said) if format == "html" else read_markdown(drawn))

    for text in (
        "left after approval by Presales", "left after approval by zhang", "Only from a fair", "Nobody alone",
        "after approval by the owner's superior", "Business rules",
    ):  # fmt: skip
        assert unspaced(text) in told("en")
    for text in ("离开前须经售前人员审批", "仅限展会", "不可独自", "须经负责人的上级审批", "须经zhang审批", "业务规则"):
        assert text in told("zh")
