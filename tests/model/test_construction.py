"""Quick construction gives exactly what the constructor gives, and refuses classes that check their values."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from attrs import Factory, field, fields, frozen
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from salesflow.model import Event, Money, Opportunity, Reason, StageVisit, Task
from salesflow.model.construction import quick, quick_by_position
from salesflow.model.events import shape
from salesflow.testing import strategies as some
from salesflow.visibility import Proof, Step

FROZEN: tuple[Any, ...] = (Event, Task, StageVisit, Proof, Step)
QUICKLY = {cls: quick(cls) for cls in FROZEN}
values = st.lists(st.integers() | st.text(max_size=3) | st.none(), min_size=10, max_size=10)


@frozen
class Sparse:
    """Has every kind of default."""

    first: int
    second: str = "second"
    third: list[int] = Factory(list)
    fourth: int = field(default=4, kw_only=True)


@pytest.mark.parametrize("cls", FROZEN, ids=lambda cls: cls.__name__)
@given(values)
def test_quick_construction_gives_what_the_constructor_gives(cls, given_values):
    """PERF-3, HIST-1: of the same class, equal, with the same hash and words, for any values."""
    arguments = given_values[: len(fields(cls))]
    arguments += [None] * (len(fields(cls)) - len(arguments))
    made, expected = QUICKLY[cls](*arguments), cls(*arguments)
    assert type(made) is cls
    assert (made, hash(made), repr(made)) == (expected, hash(expected), repr(expected))


def test_quick_construction_keeps_defaults_and_keywords():
    """PERF-3: what may be left out or named may be here too, and what must be given must be."""
    make: Callable[..., Any] = quick(Sparse)
    assert make(1) == Sparse(1)
    assert make(first=1, second="2", third=[3], fourth=5) == Sparse(1, "2", [3], fourth=5)
    assert make(1).third is not make(1).third
    with pytest.raises(TypeError):
        make()
    with pytest.raises(TypeError):
        make(1, "2", [3], 5)


def test_what_is_made_quickly_is_frozen_copied_and_kept_like_any_other():
    """HIST-1: nobody can set or delete a field of it afterwards; it copies and pickles."""
    made: Any = quick(Task)("1:call", "call", "qualify")
    with pytest.raises(FrozenInstanceError):
        made.code = "other"
    with pytest.raises(FrozenInstanceError):
        del made.code
    with pytest.raises(AttributeError):
        object.__setattr__(made, "unknown", 1)
    assert copy.deepcopy(made) == made == pickle.loads(pickle.dumps(made))
    assert type(pickle.loads(pickle.dumps(made))) is Task


@given(some.opportunities())
def test_a_record_is_made_of_its_values_in_order(record):
    """HIST-1: reading all values of a record and making one of them gives the record."""
    made = shape(Opportunity).make(*shape(Opportunity).read(record))
    assert type(made) is Opportunity
    assert made == record
    with pytest.raises(TypeError):
        shape(Opportunity).make(*shape(Opportunity).read(record)[1:])


@frozen
class Finished:
    """Does something of its own once its fields are set."""

    id: str

    def __attrs_post_init__(self) -> None:
        assert self.id


@frozen
class Converted:
    """Changes what it is given."""

    id: str = field(converter=str)


@pytest.mark.parametrize("cls", [Money, Reason, Finished, Converted], ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("how", [quick, quick_by_position], ids=lambda how: how.__name__)
def test_a_class_that_checks_its_values_cannot_be_made_quickly(cls, how):
    """PERF-3: no validator, converter or initialiser is ever passed over for speed."""
    with pytest.raises(TypeError, match=f"{cls.__name__} checks or changes"):
        how(cls)
