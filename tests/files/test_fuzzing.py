"""Fuzzing of every decoder: briefly here, with a million inputs in the long profile (REL-8)."""

import re
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from tests.files import fuzzing
from tests.files.decoding import CORPUS, Decoder, as_text
from tests.files.fuzzing import DECODERS, Account, fuzz, mutated, seeds_of, shared_out, try_out

QUICK, LONG = 3_000, 1_000_000
SEED = 1
FEW = max(5, settings().max_examples // 5)


@pytest.mark.parametrize("name", DECODERS)
def test_whatever_is_read_is_a_value_or_a_refusal(name):
    """REL-8: mutated files and values give a value that is written back equal, or a typed error, and soon."""
    account = fuzz(name, shared_out(QUICK)[name], SEED)
    assert account.faults == {}


@pytest.mark.long
@pytest.mark.parametrize("name", DECODERS)
def test_so_is_whatever_else_is_read(name):
    """REL-8: the same with a million inputs; `python -m tests.files.fuzzing` prints what came of them."""
    account = fuzz(name, shared_out(LONG)[name], SEED + 1)
    print(f"{name:<18} {account}")
    assert account.faults == {}


ANYTHING = st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))


@settings(max_examples=FEW * 10)
@given(st.sampled_from(sorted(DECODERS)), ANYTHING)
def test_so_is_anything_at_all(name, content):
    """REL-8: bytes and text that no seed looks like."""
    account = Account()
    try_out(account, DECODERS[name], content)
    assert account.faults == {}


@settings(max_examples=FEW * 10)
@given(st.sampled_from(sorted(DECODERS)), st.randoms(use_true_random=False))
def test_so_is_a_seed_that_shrinks(name, random):
    """REL-8: mutations drawn one by one, so that what goes wrong is told as the smallest of its kind."""
    account = Account()
    try_out(account, DECODERS[name], mutated(random, DECODERS[name].seeds))
    assert account.faults == {}


@pytest.mark.parametrize("name", DECODERS)
def test_sound_seeds_are_read_and_written_back(name):
    """REL-8: some seed of each decoder is sound, else its fuzzing would try nothing; none comes back as another."""
    account = Account()
    for seed in DECODERS[name].seeds:
        try_out(account, DECODERS[name], seed)
    assert account.values > 0
    assert account.faults == {}
    assert account.unwritten == 0


def test_bad_files_are_seeds_too():
    """REL-8: each folder of the corpus belongs to a decoder, whose fuzzing begins with its files as well."""
    folders = {path.name for path in CORPUS.iterdir()}
    assert folders <= DECODERS.keys()
    assert all(set(seeds_of(name)) > set(DECODERS[name].seeds) for name in folders)


def test_the_same_seed_gives_the_same_inputs():
    """REL-8: what went wrong once can be seen again."""
    first, second, other = ([mutated(random, (b"a = 1",)) for _ in range(50)] for random in map(Random, (1, 1, 2)))
    assert first == second != other
    assert len(set(first)) > 25


def test_runs_are_shared_out_whole():
    """REL-8: a million runs are a million, and no decoder is left out."""
    for runs in (len(DECODERS), 10_000, LONG):
        shares = shared_out(runs)
        assert min(shares.values()) >= 1
        assert sum(shares.values()) >= runs
    assert sum(shared_out(LONG).values()) == LONG
    assert shared_out(10, ["money", "rule"]).keys() == {"money", "rule"}


def broken(content: bytes) -> str:
    """A decoder that is wrong in every way there is."""
    text = as_text(content)
    if "[" in text:
        raise KeyError(text)
    if "]" in text:
        raise InvalidInput("", text, "has no place")
    enough = time.thread_time() + 0.005
    while "}" in text and time.thread_time() < enough:
        pass
    return text


def again(value: str) -> bool | None:
    """And so is its writer."""
    if "=" in value:
        raise RuntimeError(value)
    return None if "." in value else "," not in value


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"[", r"KeyError: test_fuzzing\.py:\d+ in broken"), (b"]", "a refusal without a place"),
        (b"=", "not read back: RuntimeError"), (b",", "read back as something else"), (b"}", "too slow"),
    ],
)  # fmt: skip
def test_a_broken_decoder_is_caught(content, wrong):
    """REL-8: a fuzzer that cannot fail would prove nothing."""
    account = Account()
    try_out(account, Decoder(broken, (InvalidInput,), (b"x",), again, seconds=0.001), content)
    assert len(account.faults) == 1
    assert re.match(wrong, next(iter(account.faults)))


@pytest.mark.parametrize(("content", "values", "unwritten"), [(b"x", 1, 0), (b".", 1, 1)])
def test_what_is_sound_is_counted(content, values, unwritten):
    """REL-8: the figures tell what was read, and what of it could not be written."""
    account = Account()
    try_out(account, Decoder(broken, (InvalidInput,), (b"x",), again), content)
    assert (account.runs, account.values, account.unwritten, account.faults) == (1, values, unwritten, {})
    assert str(account).split()[:4] == ["1", str(values), "0", str(unwritten)]


def test_refusals_of_many_lines_and_of_no_end_are_unfit():
    """REL-8: a refusal is one line of a log, and nobody reads a hundred thousand characters."""
    assert fuzzing.unfit(ValueError("a\nb"))
    assert fuzzing.unfit(ValueError("x" * 200_000))
    assert fuzzing.unfit(InvalidInput("amount", "x", "is none")) is None


def test_the_door_prints_what_came_of_it(tmp_path, monkeypatch, capsys):
    """REL-8: a line for each decoder, faults by name with the input kept, and their number."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(DECODERS, "money", Decoder(broken, (), (b"x[",), share=1))
    assert fuzzing.main(60, 1, ["money", "name"]) > 0
    told = capsys.readouterr().out
    assert "name " in told
    assert "KeyError" in told
    (kept, *_) = (tmp_path / "build" / "fuzzing").iterdir()
    assert kept.name.startswith("money_")
    assert fuzzing.main(5, 1, ["name"]) == 0
