"""Every way in for a file: templates, mappings, organisations, scenes, cases, rows of CSV and JSON (REL-8)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import salesflow as sf
from salesflow import scenes, templates
from salesflow.files.cells import Lookup
from salesflow.files.json_codec import from_json, to_json
from salesflow.files.mapping import ImportMapping, RowMapper, parse_mapping, read_lookups
from salesflow.files.organization import examine_organization, parse_organization
from salesflow.files.problems import WrongRow
from salesflow.files.reading import CsvRows, JsonRows, Layout
from salesflow.files.toml_lines import with_lines
from salesflow.template_cases import check_cases
from salesflow.testing import CountingIds, FixedClock
from salesflow.visibility import VisibilityPolicy
from tests.files.decoding import ROOT, Decoder

POLICY = VisibilityPolicy()  # takes some milliseconds to prepare, and is a value
UTC = ZoneInfo("UTC")

ROWS = 1.0  # seconds: a few thousand signs may be as many rows, each of which is told

DEAL_MAPPING = """\
kind = "opportunity"
empty = ["N/A"]
[fields]
id = "id"
name = "name"
owner = { column = "owner", values = { Li = "li" }, otherwise = "li" }
process = { constant = "reseller" }
stage = { column = "stage", otherwise = "inquiry", values = { Offer = "offer", inquiry = "inquiry", done = "gone" } }
amount = "amount"
currency = "currency"
close_date = "close_date"
entered_at = "entered_at"
closed_at = "closed_at"
outcome = "outcome"
reason = "reason"
created_at = "created_at"
[customer]
name = "customer"
phone = "phone"
"""
LEAD_MAPPING = """\
kind = "lead"
key = ["title", "phone"]
time_zone = "Asia/Shanghai"
[fields]
title = "title"
owner = "owner"
contact = "contact"
company = "company"
phone = "phone"
email = "email"
description = "description"
created_at = "created_at"
"""
LOOKUP_MAPPING = """\
kind = "lead"
[fields]
id = "id"
title = "title"
phone = { column = "who", lookup = { file = "people.csv", key = "who", value = "phone" } }
"""
PEOPLE_MAPPING = """\
administrators = ["root"]
[[employees]]
id = "root"
[[employees_from]]
file = "people.csv"
id = "id"
name = "name"
manager = "manager"
department = "department"
departments = "departments"
active = "active"
"""
DEALS = """\
id,name,owner,stage,amount,currency,close_date,entered_at,closed_at,outcome,reason,created_at,customer,phone
D-1,Press line 3,Li,Offer,48000,CNY,2026-05-31,2026-01-02 09:00:00,,,,2026-01-01,Acme,+86 139 1234 5678
D-2,冷却泵,li,inquiry,12500.50,EUR,,,2025-12-31T23:00:00+08:00,lost,price,,,
D-3,"A ""quoted"" name, and more",N/A,,,,,,,,,,"Acme
& Sons",
"""
LEADS = """\
title,owner,contact,company,phone,email,description,created_at
CRM for Acme,li,Ms Qian,Acme,139 1234 5678,qian@example.com,"two
lines",2025-06-01T10:00:00Z
冷却泵,,,,+49 30 1234567,,,
"""
PEOPLE = """\
id,name,manager,department,departments,active
li,李娜,zhang,east,west;all,true
zhang,,,east,,TRUE
"""
SCENES = """\
[scenes]
big = "record.amount >= Money('1000000', 'CNY')"
my_big = "mine & big"
other = "~(team.includes_viewer(role=['joint', 'sales'], access='read_write') | owner.is_below_viewer)"
soon = "record.close_date < date(2026, 12, 31) & record.custom['area'] == 'north' | pool.admits_viewer"
"""


def files(folder: str) -> tuple[bytes, ...]:
    """Every TOML file below a folder."""
    return tuple(path.read_bytes() for path in sorted((ROOT / folder).rglob("*.toml")))


def told(text: str) -> tuple[bytes, ...]:
    """One seed."""
    return (text.encode(),)


def _template(content: bytes) -> Any:
    process, findings = templates.examine(content, roles=None, fields=None, handlers=None)
    assert all(each.line is None or each.line > 0 for each in with_lines(findings.items, content))
    findings.require()
    return process


def _template_again(process: Any) -> bool | None:
    try:
        text = templates.dump(process)
    except sf.TemplateError:
        return None
    return bool(templates.loads(text, roles=None, fields=None, handlers=None) == process)


def _scenes_again(named_scenes: Any) -> bool | None:
    try:
        text = scenes.dump(named_scenes)
    except sf.InvalidInput:
        return None
    return scenes.loads(text) == named_scenes


RESELLER = templates.load(ROOT / "docs" / "how-to" / "reseller.toml")
CASES = (ROOT / "docs" / "how-to" / "reseller_cases.md").read_bytes()
TABLE = (
    b"|given|when|then|\n|-|-|-|\n|at offer; amount 5 CNY; led_by partner; close_date 30; source web|"
    b"set_grade A because; edit name x; request_approval win; withdraw_approval; lose price|lost; grade A; at offer|\n"
)
MORE = (
    b"|given|when|then|\n|done check_stock|reopen_task check_stock; waive_stage offer why; approve; refuse no; reopen;"
    b" fill_feedback x; register_with_partner; invalidate twice; edit custom.x 3.50 CNY|open ask_price; skipped x;"
    b" waiting; probability 20%; invalid; won; in_progress; refused field_empty amount|\n"
)


def _cases(content: bytes) -> Any:
    text = content.decode("utf-8-sig", "replace")
    if text.count(";") + text.count("\n") > 60:
        return None  # each phrase is an operation of a flow: that many are for the tests of limits
    return check_cases(RESELLER, text)


def flow() -> sf.SalesFlow:
    """A small business without a record."""
    people = [sf.Employee("li", manager="zhang"), sf.Employee("zhang"), sf.Employee("wang")]
    return sf.SalesFlow(
        store=sf.MemoryStore(), organization=sf.Organization(people, administrators={"root"}), processes=[RESELLER],
        visibility=POLICY, clock=FixedClock(), ids=CountingIds(),
    )  # fmt: skip


def import_with(mapping: str, *, is_json: bool) -> Callable[[bytes], Any]:
    """Return what takes a file in, into a store in memory, and gives report and records."""
    known = parse_mapping(mapping)

    def take(content: bytes) -> Any:
        business = flow()
        desk = business.acting_as("root").files
        take_in = desk.import_json if is_json else desk.import_csv
        report = take_in(io.BytesIO(content), known)
        exported, table = io.StringIO(), io.StringIO(newline="")
        desk.export_json("all", exported, kind=known.kind)
        desk.export_csv("all", table, kind=known.kind)
        assert all(problem.line is not None and problem.problem for problem in report.problems)
        return report, json.loads(exported.getvalue()), table.getvalue()

    return take


def _exported_again(came: Any) -> bool:
    """What was taken in comes out as JSON that reads back equal, and as CSV that tells the same."""
    report, items, table = came
    rows = CsvRows(io.StringIO(table, newline=""), Layout(), "exported")
    places = {name: rows.columns.index(name) for name in ("id", "name", "title", "description") if name in rows.columns}
    told = [{name: row.cells[place] for name, place in places.items()} for row in rows]
    kept = [{name: (item["value"].get(name) or "").strip() for name in places} for item in items]
    return (
        len(items) == report.imported
        and all(json.loads(to_json(from_json(json.dumps(item)))) == item for item in items)
        and told == kept
    )


def rows_with(mapping: ImportMapping, *, is_json: bool) -> Callable[[bytes], Any]:
    """Return what reads and maps a file without a flow."""

    def read(content: bytes) -> Any:
        file = io.BytesIO(content)
        rows: JsonRows | CsvRows = (
            JsonRows(file, mapping.columns, mapping.layout, "f") if is_json else CsvRows(file, mapping.layout, "f")
        )
        mapper = RowMapper(mapping, rows.columns, "f", None, UTC)
        found: list[Any] = []
        for row in rows:
            assert row.line > 0
            if row.problem is None:
                try:
                    found.append(mapper(row.cells).record)
                except WrongRow as refused:
                    found.append(refused.problems)
        return found

    return read


def _objects(table: str) -> bytes:
    return json.dumps(list(csv.DictReader(io.StringIO(table))), ensure_ascii=False).encode()


def _lookup(content: bytes) -> Any:
    mapping = parse_mapping(LOOKUP_MAPPING)
    with TemporaryDirectory() as folder:
        (Path(folder) / "people.csv").write_bytes(content)
        return read_lookups([Lookup("people.csv", "who", "phone")], mapping, Path(folder))


def _people(content: bytes) -> Any:
    with TemporaryDirectory() as folder:
        (Path(folder) / "people.csv").write_bytes(content)
        return parse_organization(PEOPLE_MAPPING, folder=folder)


def _organization(content: bytes) -> Any:
    found, findings = examine_organization(content, folder=ROOT / "examples" / "maven")
    assert all(each.line is None or each.line > 0 for each in with_lines(findings, content))
    if findings:
        raise sf.FileError("text", [str(finding) for finding in findings])
    return found


FILE_DECODERS: dict[str, Decoder] = {
    "template": Decoder(
        _template, (sf.TemplateError,),
        (*files("src/salesflow/files/builtin"), *files("docs/how-to"), *files("examples/bpic")), _template_again,
        share=20,
    ),
    "mapping": Decoder(
        parse_mapping, (sf.FileError,),
        (*told(DEAL_MAPPING), *told(LEAD_MAPPING), *told(LOOKUP_MAPPING),
         (ROOT / "examples/maven/opportunities.toml").read_bytes(), *files("examples/olist")),
        share=20,
    ),
    "organization": Decoder(
        _organization, (sf.FileError,),
        ((ROOT / "examples/maven/organization.toml").read_bytes(), *files("src/salesflow/cli/demo"),
         *told(PEOPLE_MAPPING)), share=15,
    ),
    "people": Decoder(_people, (sf.FileError,), told(PEOPLE), share=20),
    "lookup": Decoder(_lookup, (sf.FileError,), told("who,phone\nli,139 1234 5678\n张,+49 30 1234567\n"), share=20),
    "scenes": Decoder(
        scenes.loads, (sf.FileError,), (SCENES.encode(), scenes.dump(scenes.default()).encode()), _scenes_again,
        share=15,
    ),
    "cases": Decoder(_cases, (sf.InvalidInput, sf.TemplateError), (CASES, TABLE, MORE), share=3, seconds=5.0),
    "deals_csv": Decoder(
        rows_with(parse_mapping(DEAL_MAPPING), is_json=False), (sf.FileError,), told(DEALS), share=60, seconds=ROWS,
    ),
    "leads_csv": Decoder(
        rows_with(parse_mapping(LEAD_MAPPING), is_json=False), (sf.FileError,), told(LEADS), share=60, seconds=ROWS,
    ),
    "deals_json": Decoder(
        rows_with(parse_mapping(DEAL_MAPPING), is_json=True), (sf.FileError,), (_objects(DEALS),), share=50,
        seconds=ROWS,
    ),
    "leads_json": Decoder(
        rows_with(parse_mapping(LEAD_MAPPING), is_json=True), (sf.FileError,), (_objects(LEADS),), share=50,
        seconds=ROWS,
    ),
    "deals_taken_in": Decoder(
        import_with(DEAL_MAPPING, is_json=False), (sf.FileError,), told(DEALS), _exported_again, seconds=ROWS,
    ),
    "leads_taken_in": Decoder(
        import_with(LEAD_MAPPING, is_json=False), (sf.FileError,), told(LEADS), _exported_again, seconds=ROWS,
    ),
    "objects_taken_in": Decoder(
        import_with(DEAL_MAPPING, is_json=True), (sf.FileError,), (_objects(DEALS),), _exported_again, seconds=ROWS,
    ),
}  # fmt: skip
"""The decoders of files, by name: that of the corpus's folder, where there is one."""
