"""
A template as HTML (PROC-5): a fragment to put into a page of one's own, and a whole page that loads nothing.

Whatever a template holds is text between tags or none: no attribute but a language, a number and our own classes.
"""

from __future__ import annotations

from html import escape

from salesflow.files.drawing.sheet import Column, Line, Rule, Sheet

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; background: #fff; }
.salesflow-process {
  --ink: #1c2733; --soft: #5a6775; --line: #d8dfe7; --head: #f3f6fa; --stage: #dce8fb; --on-stage: #12376e;
  --bar: #3d74d6; --gate: #b45f06; --won: #1b7f4b; --lost: #b3372f; --invalid: #6b7280; --jump: #7a4fc0;
  color: var(--ink); background: #fff; max-width: 86rem; margin: 0 auto; padding: 1.5rem;
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", "Noto Sans", "PingFang SC", "Microsoft YaHei",
    "Noto Sans CJK SC", sans-serif;
}
.salesflow-process h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
.salesflow-process .legend { color: var(--soft); font-size: .8rem; }
.salesflow-process .subtitle { color: var(--soft); margin: .2rem 0 1rem; }
.salesflow-process dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0 0 1.2rem; }
.salesflow-process dt { color: var(--soft); }
.salesflow-process dd { margin: 0; overflow-wrap: anywhere; }
.salesflow-process .stages {
  list-style: none; display: grid; grid-template-columns: repeat(var(--across), minmax(7.5rem, 1fr)); gap: .25rem;
  margin: 0 0 .75rem; padding: 0; overflow-x: auto;
}
.salesflow-process .stages li {
  background: var(--stage); color: var(--on-stage); padding: .6rem 1.1rem .6rem 1.5rem; min-height: 3.4rem;
  clip-path: polygon(0 0, calc(100% - .8rem) 0, 100% 50%, calc(100% - .8rem) 100%, 0 100%, .8rem 50%);
  overflow-wrap: anywhere;
}
.salesflow-process .stages strong { display: block; line-height: 1.25; }
.salesflow-process .stages .optional { background: var(--head); }
.salesflow-process .marks { font-size: .8rem; }
.salesflow-process .scroll { overflow-x: auto; margin-bottom: 1.5rem; }
.salesflow-process table { border-collapse: collapse; width: 100%; table-layout: fixed; }
.salesflow-process th, .salesflow-process td {
  border: 1px solid var(--line); padding: .45rem .6rem; text-align: start; vertical-align: top;
  overflow-wrap: anywhere; min-width: 7.5rem;
}
.salesflow-process thead th, .salesflow-process tbody th { background: var(--head); font-weight: 600; }
.salesflow-process .aspect { width: 7.5rem; }
.salesflow-process .code { display: block; color: var(--soft); font: .78rem/1.5 ui-monospace, monospace; }
.salesflow-process td ul { list-style: none; margin: 0; padding: 0; }
.salesflow-process td li + li { margin-top: .3rem; }
.salesflow-process td li.core { font-weight: 600; }
.salesflow-process .note, .salesflow-process .none { color: var(--soft); font-weight: 400; }
.salesflow-process .rules { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: .8rem; }
.salesflow-process .rules section { border: 1px solid var(--line); border-top: 4px solid; padding: .6rem .8rem; }
.salesflow-process .rules h2 { font-size: 1rem; margin: 0 0 .3rem; }
.salesflow-process .rules p { margin: .15rem 0; color: var(--ink); overflow-wrap: anywhere; }
.salesflow-process .rules .jump { color: var(--jump); }
.salesflow-process .rules .won { color: var(--won); }
.salesflow-process .rules .lost { color: var(--lost); }
.salesflow-process .rules .invalid { color: var(--invalid); }
.salesflow-process .rules section { border-color: var(--line); border-top-color: currentColor; }
@media (prefers-color-scheme: dark) {
  body { background: #12161c; }
  .salesflow-process {
    --ink: #e4e9f0; --soft: #9aa7b6; --line: #323c49; --head: #1b222c; --stage: #21395f; --on-stage: #dbe8ff;
    --bar: #6ea0f5; --gate: #f0ad4e; --won: #55c98c; --lost: #f0857c; --invalid: #a3acb8; --jump: #b79af0;
    background: #12161c;
  }
}
@media print { .salesflow-process { max-width: none; padding: 0; } }
""".strip()


def html_page(sheet: Sheet) -> str:
    """Return a whole page, with its styles, light and dark; it fetches nothing and runs nothing."""
    return (
        f'<!doctype html>\n<html lang="{sheet.words.language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(sheet.title)}</title>\n'
        f"<style>\n{_STYLE}\n</style>\n</head>\n<body>\n{html_fragment(sheet)}</body>\n</html>\n"
    )


def html_fragment(sheet: Sheet) -> str:
    """Return one ``article``, without styles; its classes are the places to put them."""
    said = [
        f'<article class="salesflow-process" lang="{sheet.words.language}">',
        f"<h1>{_text(sheet.title)}</h1>",
        f'<p class="subtitle">{_text(sheet.subtitle)}</p>',
        *_facts(sheet),
    ]
    for band in sheet.bands:
        said += [*_chart(sheet, band), *_matrix(sheet, band)]
    said += ['<div class="rules">', *map(_rule, sheet.rules), "</div>"]
    said += [f'<p class="legend">{escape(" · ".join(sheet.legend))}</p>'] if sheet.legend else []
    said.append("</article>")
    return "\n".join(said) + "\n"


def _facts(sheet: Sheet) -> list[str]:
    facts = [f"<dt>{escape(caption)}</dt><dd>{_text(text)}</dd>" for caption, text in sheet.facts]
    return ["<dl>", *facts, "</dl>"] if facts else []


def _chart(sheet: Sheet, band: tuple[Column, ...]) -> list[str]:
    start = f' start="{band[0].number}"' if band[0].number > 1 else ""
    stages = [_stage(sheet, column) for column in band]
    return [f'<ol class="stages"{start} style="--across: {len(band)}">', *stages, "</ol>"]


def _stage(sheet: Sheet, column: Column) -> str:
    said = sheet.words.say
    marks = [f"{column.percent} %"]
    marks += [f"▾\u00a0{said('lead')}"] if column.takes_leads else []
    marks += [f"┄\u00a0{said('optional')}"] if column.is_optional else []
    marks += [f"◆\u00a0{said('approval_short')}"] if column.needs_approval else []
    state = ' class="optional"' if column.is_optional else ""
    name = f"<strong>{column.number}. {_text(column.name)}</strong>"
    return f'<li{state}>{name}<span class="marks">{escape(" · ".join(marks))}</span></li>'


def _matrix(sheet: Sheet, band: tuple[Column, ...]) -> list[str]:
    head = "".join(
        f'<th scope="col">{column.number}. {_text(column.name)}<span class="code">{_text(column.code)}</span></th>'
        for column in band
    )
    rows = [
        f'<tr><th scope="row">{escape(aspect)}</th>{"".join(_cell(sheet, column.cells[at]) for column in band)}</tr>'
        for at, aspect in enumerate(sheet.aspects)
    ]
    corner = f'<th scope="col" class="aspect">{escape(sheet.words.say("stage"))}</th>'
    return [
        '<div class="scroll"><table>', f"<thead><tr>{corner}{head}</tr></thead>", "<tbody>", *rows, "</tbody>",
        "</table></div>",
    ]  # fmt: skip


def _cell(sheet: Sheet, lines: tuple[Line, ...]) -> str:
    if not lines:
        return '<td class="none">–</td>'
    if len(lines) == 1 and not lines[0].code:
        return f"<td>{_text(lines[0].text)}</td>"
    return f"<td><ul>{''.join(_item(sheet, line) for line in lines)}</ul></td>"


def _item(sheet: Sheet, line: Line) -> str:
    note = f' <span class="note">({_text(line.note)})</span>' if line.note else ""
    if line.is_core:
        star = f'<span title="{escape(sheet.words.say("core"))}">★</span>'
        return f'<li class="core">{star} {_text(line.text)}{note}</li>'
    return f"<li>{_text(line.text)}{note}</li>"


def _rule(rule: Rule) -> str:
    said = "".join(f"<p>{_text(line.text)}</p>" for line in rule.lines)
    return f'<section class="{rule.kind}"><h2>{escape(rule.caption)}</h2>{said}</section>'


def _text(text: str) -> str:
    """*text* escaped, and kept apart, so that one written from right to left turns nothing around it."""
    return f"<bdi>{escape(text)}</bdi>"
