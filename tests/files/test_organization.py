"""Organisations as TOML: people written there or read from CSV, with every problem at once and its place."""

from functools import partial
from typing import Any

import pytest

from salesflow.errors import FileError, InvalidInput
from salesflow.files import organization as organizations
from salesflow.files.organization import examine_organization, load_organization, parse_organization
from salesflow.model import Department, Employee, UserGroup
from tests.files.timing import best_time

SECONDS = 0.1

WHOLE = """\
administrators = ["root"]
depth_subordinates = "direct"
depth_superiors = "direct"
include_subdepartments = false

employees = [
  { id = "zhang", name = "张伟", department = "east", groups = ["g"] },
  { id = "li", manager = "zhang", department = "east", departments = ["west"], active = false },
]
departments = [{ id = "east", name = "East", head = "zhang", parent = "all" }, { id = "all" }]
groups = [{ id = "g", name = "G", members = ["li"] }]

[[employees_from]]
file = "people.csv"
delimiter = ";"
encoding = "gb18030"
empty = ["-"]
separator = "/"
id = "who"
name = { columns = ["first", "last"] }
manager = { column = "boss", values = { Z = "zhang" }, otherwise = "" }
department = "where"
departments = "more"
groups = "lists"
active = { column = "here", values = { 1 = "true", 0 = "False" } }
"""
PEOPLE = """\
who;first;last;boss;where;more;lists;here
wang;王;强;Z;east;west/ all;g/h;1
zhao;赵;-;?;-;;;0
wang;王;强;Z;east;west/ all;g/h;1
"""


def test_everything_is_read(tmp_path):
    """ORG-1, ORG-3, ORG-4, ORG-5: people of the file and of the CSV, departments, groups and the three switches."""
    (tmp_path / "org.toml").write_text(WHOLE, encoding="utf-8")
    (tmp_path / "people.csv").write_bytes(PEOPLE.encode("gb18030"))
    found = load_organization(tmp_path / "org.toml")

    assert found.employees == (
        Employee("zhang", name="张伟", department="east", groups={"g"}),
        Employee("li", manager="zhang", department="east", departments=["west"], active=False),
        Employee(
            "wang", name="王 强", manager="zhang", department="east", departments=["west", "all"], groups={"g", "h"}
        ),
        Employee("zhao", name="赵", active=False),
    )
    assert found.departments == (Department("east", name="East", head="zhang", parent="all"), Department("all"))
    assert found.groups == (UserGroup("g", name="G", members={"li"}),)
    assert found.administrators == {"root"}
    assert (found.published.depth_subordinates, found.published.depth_superiors) == ("direct", "direct")
    assert found.published.include_subdepartments is False
    assert load_organization(str(tmp_path / "org.toml"), folder=tmp_path).employees == found.employees
    with pytest.raises(OSError, match="none"):
        load_organization(tmp_path / "none.toml")


def test_what_is_left_out_has_its_default():
    """ORG-2, ORG-4: an empty file is an organisation of nobody; the switches are deep."""
    found = parse_organization("")
    assert (found.employees, found.departments, found.groups, found.administrators) == ((), (), (), frozenset())
    assert (
        found.published.depth_subordinates,
        found.published.depth_superiors,
        found.published.include_subdepartments,
    ) == ("all", "all", True)


def test_who_is_not_there_is_a_warning():
    """ORG-2: an unknown manager makes a root, an unknown department has no head; the file is sound."""
    found = parse_organization('employees = [{ id = "li", manager = "none", department = "none" }]')
    assert len(found.warnings) == 2


def one(rest: str) -> str:
    return f'employees = [{{ id = "li", {rest} }}]'


def rows(rest: str) -> str:
    return f'[[employees_from]]\nfile = "f.csv"\n{rest}\n'


IDS = [
    ('""', "empty"), ('" "', "empty"), ("1", "wrong_type"), ("[]", "wrong_type"), ("{}", "wrong_type"),
    ("true", "wrong_type"), ("nan", "wrong_type"), ("2020-01-01", "wrong_type"), ('"a\\nb"', "hidden_character"),
    ('"a\\u202Eb"', "hidden_character"), ('"\\uFEFF"', "hidden_character"), ('"a\\u0000"', "hidden_character"),
    (f'"{"x" * 201}"', "too_long"), (f'"{"x" * 301}"', "too_long"),
]  # fmt: skip
CONTENT = "a,b,c\nli,zhang,1\nwang,li,1\n"
BAD: dict[str, tuple[str, list[tuple[str, str]]]] = {
    **{f"employee {id}": (f"employees = [{{ id = {id} }}]", [("employees[0].id", code)]) for id, code in IDS},
    **{f"department {id}": (f"departments = [{{ id = {id} }}]", [("departments[0].id", code)]) for id, code in IDS},
    **{f"group {id}": (f"groups = [{{ id = {id} }}]", [("groups[0].id", code)]) for id, code in IDS},
    **{
        f"{key} is a number": (one(f"{key} = 1"), [(f"employees[0].{key}", "wrong_type")])
        for key in ("name", "manager", "department", "departments", "groups", "active")
    },
    **{
        f"{key} is empty": (one(f'{key} = ""'), [(f"employees[0].{key}", "empty")])
        for key in ("name", "manager", "department")
    },
    **{
        f"{key} of numbers": (one(f"{key} = [1]"), [(f"employees[0].{key}[0]", "wrong_type")])
        for key in ("departments", "groups")
    },
    **{
        f"{key} is text": (f'{key} = "x"', [(key, "wrong_type")])
        for key in ("employees", "departments", "groups", "administrators", "employees_from", "include_subdepartments")
    },
    **{
        f"{key} of text": (f'{key} = ["x"]', [(f"{key}[0]", "wrong_type")])
        for key in ("employees", "departments", "groups", "employees_from")
    },
    **{
        f"{key} is {value}": (f"{key} = {value}", [(key, code)])
        for key in ("depth_subordinates", "depth_superiors")
        for value, code in (
            ('"some"', "unknown_choice"), ("1", "wrong_type"), ("true", "wrong_type"), ('""', "unknown_choice")
        )
    },
    "unknown key": ('secret = "x"', [("secret", "unknown_key")]),
    "unknown key of an employee": (one('salary = 1'), [("employees[0].salary", "unknown_key")]),
    "unknown key of a department": ('departments = [{ id = "a", x = 1 }]', [("departments[0].x", "unknown_key")]),
    "unknown key of a group": ('groups = [{ id = "a", x = 1 }]', [("groups[0].x", "unknown_key")]),
    "no id": ("employees = [{}]\ndepartments = [{}]\ngroups = [{}]",
              [(f"{key}[0].id", "missing_key") for key in ("employees", "departments", "groups")]),
    "employee twice": ('employees = [{ id = "a" }, { id = "b" }, { id = "a" }]', [("employees[2].id", "duplicate")]),
    "department twice": ('departments = [{ id = "a" }, { id = "a" }]', [("departments[1].id", "duplicate")]),
    "group twice": ('groups = [{ id = "a" }, { id = "a" }]', [("groups[1].id", "duplicate")]),
    "administrator twice": ('administrators = ["a", "a"]', [("administrators[1]", "duplicate")]),
    **{
        f"{key} is too long for an id": (one(f'{key} = "{"x" * 201}"'), [(f"employees[0].{key}", "too_long")])
        for key in ("manager", "department")
    },
    **{
        f"{key} is too long for an id": (
            f'departments = [{{ id = "a", {key} = "{"x" * 201}" }}]', [(f"departments[0].{key}", "too_long")])
        for key in ("head", "parent")
    },
    "own manager": (one('manager = "li"'), [("employees[0].manager", "cycle")]),
    "cycle of managers": (
        'employees = [{ id = "x", manager = "a" }, { id = "a", manager = "b" }, { id = "b", manager = "a" }]',
        [("employees[1].manager", "cycle")]),
    "two cycles": (
        'employees = [{ id = "a", manager = "b" }, { id = "b", manager = "a" }, { id = "c", manager = "c" }]',
        [("employees[0].manager", "cycle"), ("employees[2].manager", "cycle")]),
    "cycle of departments": (
        'departments = [{ id = "a", parent = "b" }, { id = "b", parent = "a" }]', [("departments[0].parent", "cycle")]),
    "a long cycle": (
        "employees = [" + ",".join(f'{{id="e{n}",manager="e{(n + 1) % 900}"}}' for n in range(900)) + "]",
        [("employees[0].manager", "cycle")]),
    "too many": ("employees = [" + "{}," * 2_001 + "]",
                 [("employees", "too_many"), *((f"employees[{n}].id", "missing_key") for n in range(199)),
                  ("file", "more")]),
    "as many as may be": ("employees = [" + '{id="x"},' * 1_990 + "]",
                          [*((f"employees[{n}].id", "duplicate") for n in range(1, 201)), ("file", "more")]),
    "no file": ('[[employees_from]]\nid = "a"', [("employees_from[0].file", "missing_key")]),
    "no id column": (rows(""), [("employees_from[0].id", "missing_key")]),
    "file is a path": ('[[employees_from]]\nfile = "../f.csv"\nid = "a"', [("employees_from[0]", "row")]),
    "file is not there": ('[[employees_from]]\nfile = "none.csv"\nid = "a"', [("employees_from[0]", "row")]),
    "column is not there": (rows('id = "z"'), [("f.csv", "row")]),
    "column is a number": (rows("id = 1"), [("employees_from[0].id", "wrong_type")]),
    "column of nothing": (rows("id = {}"), [("employees_from[0].id", "choose_one")]),
    "unknown key of rows": (rows('id = "a"\nquery = "x"'), [("employees_from[0].query", "unknown_key")]),
    "look-up": (rows('id = { column = "a", lookup = { file = "f.csv", key = "a", value = "b" } }'),
                [("employees_from[0].id.lookup", "only_for")]),
    "separator is empty": (rows('id = "a"\nseparator = ""'), [("employees_from[0].separator", "empty")]),
    "separator is a number": (rows('id = "a"\nseparator = 1'), [("employees_from[0].separator", "wrong_type")]),
    "delimiter": (rows('id = "a"\ndelimiter = "x"'), [("employees_from[0].delimiter", "unknown_choice")]),
    "encoding": (rows('id = "a"\nencoding = "x"'), [("employees_from[0].encoding", "unknown_choice")]),
    "active of a name": (rows('id = "a"\nactive = "b"'),
                         [("f.csv line 2, column b", "row"), ("f.csv line 3, column b", "row")]),
    "id of the same": (rows('id = "c"\nname = "a"'), [("f.csv line 3", "duplicate")]),
    "in the file and in the rows": (one('name = "x"') + "\n" + rows('id = "a"'), [("f.csv line 2", "duplicate")]),
    "cycle through rows": ('employees = [{ id = "zhang", manager = "wang" }]\n' + rows('id = "a"\nmanager = "b"'),
                           [("employees[0].manager", "cycle")]),
    "cycle in rows": (rows('id = "a"\nmanager = { column = "a", values = { li = "wang", wang = "li" } }'),
                      [("f.csv line 2", "cycle")]),
    "no TOML": ("employees\n", [("line 1, column 10", "syntax")]),
    "too large": ("#" * 100_000, [("file", "too_large")]),
    "nested": ("a = " + "[" * 60_000, [("line 1", "too_deep")]),
    "everything": (
        'a = 1\ndepth_superiors = "x"\nemployees = [{}]\ngroups = [1]\n' + rows('id = "z"'),
        [("a", "unknown_key"), ("employees[0].id", "missing_key"), ("f.csv", "row"), ("groups[0]", "wrong_type"),
         ("depth_superiors", "unknown_choice")]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_organisation_is_refused_with_every_place(name, tmp_path):
    """REL-8, ORG-2, ORG-3: every problem is told at its place by its code, soon, and nothing else is."""
    (tmp_path / "f.csv").write_text(CONTENT, encoding="utf-8")
    source, wanted = BAD[name]
    examine = partial(examine_organization, source, name="o.toml", folder=tmp_path)
    took, (organization, found) = best_time(examine, SECONDS)

    assert sorted(wanted) == sorted((item.place, item.code) for item in found)
    assert organization is None
    assert took < SECONDS
    with pytest.raises(FileError) as refused:
        parse_organization(source.encode(), name="o.toml", folder=tmp_path)
    assert refused.value.file == "o.toml"
    assert refused.value.problems == tuple(map(str, found))


ROWS: dict[str, tuple[bytes, list[tuple[str, str]]]] = {
    "too few cells": (b"x", [("f.csv line 2", "row")]),
    "quotes": (b'"x,,', [("f.csv line 2", "row")]),
    "NUL": (b"x\0,,", [("f.csv line 2", "row")]),
    "not text": (b"\xff,,", [("f.csv line 2", "row")]),
    "no id": (b",x,true", [("f.csv line 2, column a", "row")]),
    "bidi": ("x\u202ey,,".encode(), [("f.csv line 2, id", "hidden_character")]),
    "line break in the manager": (b'x,"y\nz",', [("f.csv line 2, manager", "hidden_character")]),
    "long id": (b"x" * 250 + b",,", [("f.csv line 2, id", "too_long")]),
    "very long id": (b"x" * 5_000 + b",,", [("f.csv line 2, id", "too_long")]),
    "long manager": (b"x," + b"y" * 201 + b",", [("f.csv line 2, manager", "too_long")]),
    "flag": (b"x,,maybe", [("f.csv line 2, column c", "row")]),
    "two flags": (b"x,,maybe\ny,,perhaps", [("f.csv line 2, column c", "row"), ("f.csv line 3, column c", "row")]),
    "own manager": (b"x,x,", [("f.csv line 2", "cycle")]),
    "another manager": (b"x,y,\nx,z,", [("f.csv line 3", "duplicate")]),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_bad_row_of_people_is_told_with_its_line(name, tmp_path):
    """REL-8: a CSV file of people has no row to spare: each wrong one is told, and the organisation refused."""
    content, wanted = ROWS[name]
    (tmp_path / "f.csv").write_bytes(b"a,b,c\n" + content + b"\n")
    _, found = examine_organization(rows('id = "a"\nmanager = "b"\nactive = "c"'), folder=tmp_path)

    assert wanted == [(item.place, item.code) for item in found]


def test_at_least_100_bad_organisations_are_kept():
    """REL-8: the corpus is no smaller than promised."""
    assert len(BAD) + len(ROWS) >= 100


def test_people_are_counted(tmp_path, monkeypatch):
    """REL-8: a file of people without end is cut off."""
    (tmp_path / "f.csv").write_text(CONTENT, encoding="utf-8")
    monkeypatch.setattr(organizations, "MOST_EMPLOYEES", 1)
    _, found = examine_organization(rows('id = "a"'), folder=tmp_path)
    assert [(item.place, item.code) for item in found] == [("f.csv line 3", "too_many")]


@pytest.mark.parametrize(("limit", "most", "code"), [("MOST_ROWS", 3, "too_many"), ("MOST_CHARACTERS", 7, "too_large")])
def test_rows_are_counted_over_all_files(tmp_path, monkeypatch, limit, most, code):
    """REL-8: people who stand in many files again and again are read so often and no further."""
    (tmp_path / "f.csv").write_text("a,b\nxx,no matter\nyy,no matter\n", encoding="utf-8")
    twice = rows('id = "a"') + "\n" + rows('id = "a"')
    assert examine_organization(twice, folder=tmp_path)[1] == ()
    monkeypatch.setattr(organizations, limit, most)
    _, found = examine_organization(twice, folder=tmp_path)
    assert [(item.place, item.code) for item in found] == [("f.csv line 3", code)]


def test_rows_need_a_folder():
    """REL-8: text from anywhere has no folder, and opens no file."""
    no_text: Any = 5
    _, found = examine_organization(rows('id = "a"'))
    assert [(item.place, item.code) for item in found] == [("employees_from[0]", "row")]
    with pytest.raises(InvalidInput, match="TOML text"):
        parse_organization(no_text)
