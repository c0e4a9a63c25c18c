"""Every error prints, copies and pickles, and says what would do (REL-8, VIS-17)."""

import copy
import pickle

import pytest

from salesflow import errors
from salesflow.errors import (
    Conflict,
    FileError,
    InvalidInput,
    NotFound,
    OrganizationError,
    PortError,
    Refused,
    SalesflowError,
    TemplateError,
)
from salesflow.model import Reason

EXAMPLES = [
    (InvalidInput("amount", -1, "must not be negative"), "amount: '-1' must not be negative"),
    (NotFound("lead", "7"), "there is no lead '7', or you may not see it"),
    (
        Refused("opportunities.win", [Reason("reason_missing"), Reason("no_override")]),
        "opportunities.win is refused: a reason is needed; no grade was set by hand",
    ),
    (
        Conflict("lead", "7", 2, 3),
        "lead '7' was expected at version 2 and is at version 3; load it again and retry",
    ),
    (TemplateError("crm", ["stages: none", "id: empty"]), "template 'crm': stages: none; id: empty"),
    (
        FileError("org.toml", ["employees[0].id: must be given", "head: x"]),
        "file 'org.toml': employees[0].id: must be given; head: x",
    ),
    (OrganizationError("managers must not form a cycle", ["a", "b"]), "managers must not form a cycle: a, b"),
    (PortError("rates", "is down"), "port rates: is down"),
]


@pytest.mark.parametrize(("error", "shown"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_an_error_prints_copies_and_pickles(error, shown):
    """REL-8: the same fields and the same words after a copy and after pickling."""
    for again in (error, copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(again) is type(error)
        assert vars(again) == vars(error)
        assert str(again) == shown


def test_every_error_has_an_example_and_one_root():
    """REL-7: one root, and no error class without its example above."""
    classes = {each for each in vars(errors).values() if isinstance(each, type) and each is not SalesflowError}

    assert {type(error) for error, _ in EXAMPLES} == {each for each in classes if issubclass(each, SalesflowError)}
    assert issubclass(InvalidInput, ValueError)
    assert issubclass(NotFound, LookupError)


def test_a_long_value_is_shortened():
    """REL-8: a picture of a value is at most 120 characters, whatever was given."""
    assert InvalidInput("name", "x" * 121, "is long").value == "x" * 117 + "..."
    assert InvalidInput("name", "x" * 120, "is long").value == "x" * 120
    assert len(InvalidInput("name", ["x" * 500], "is long").value) == 120
    assert InvalidInput("name", 10**5000, "is no text").value == "int"
