"""Every error prints, copies and pickles, and says what would do (REL-8, VIS-17)."""

import copy
import pickle
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from salesflow.model import REASONS, Reason

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


TYPED = st.text(st.characters() | st.sampled_from("\n\v\f\r\x1b\x1c\x1d\x1e\x85\u2028\u2029\u202e\u2066"))
"""What somebody may have typed somewhere."""


@given(TYPED)
def test_an_error_is_one_line_of_a_log_whatever_it_holds(text):
    """I-47: no text that was stored or handed over begins a line, moves the cursor or turns the line round."""
    told = [
        InvalidInput("title", text, f"was used for {text}"),
        InvalidInput("title", [text], "must be text"),
        NotFound("lead", text),
        Conflict("lead", text, 1, 2),
        OrganizationError("managers must not form a cycle", [text]),
        PortError("store", text),
        TemplateError(text, [f"stages: {text}"]),
        FileError(text, [text]),
        Refused("leads.create", [Reason("no_such_code", text=text)]),
    ]
    for error in told:
        assert len(f"at the time: {error}".splitlines()) == 1
        assert not {"\x1b", "\x9b", "\u202e", "\u2066"} & set(str(error))


@given(TYPED)
def test_a_reason_is_one_line_of_a_log_whatever_its_facts_are(text):
    """I-47: so is every reason of the table, with the text in each of its facts."""
    for code, message in REASONS.items():
        facts = {name for _, name, _, _ in string.Formatter().parse(message) if name}
        assert len(f"because {Reason(code, **dict.fromkeys(facts, text))}".splitlines()) == 1


def test_what_is_no_line_break_stays():
    """I-47: words of any script, joiners and emoji are told as they are."""
    for text in ("商机跟进", "\u05e9\u05dc", "\u0646\u200c\u062e", "\U0001f44d\U0001f3fd", "a\u3000b"):
        assert text in str(PortError("store", text))
