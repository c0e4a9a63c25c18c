"""
Mutation fuzzing of every decoder: a value or one of its own refusals, soon, whatever it is given (REL-8).

    python -m tests.files.fuzzing RUNS SEED [DECODER …]

tries so many inputs, shared out among the decoders, and prints a line for each. The same runs and seed try the same
inputs. What went wrong is written below ``build/fuzzing`` and named; the exit code is 1 then.
"""

from __future__ import annotations

import re
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from random import Random

from attrs import define, field

from salesflow.errors import InvalidInput
from tests.files.decoding import CORPUS, Decoder
from tests.files.file_decoders import FILE_DECODERS
from tests.files.hostile import BYTES, NUMBERS, SIGNS, WORDS
from tests.files.timing import best_time
from tests.files.value_decoders import VALUE_DECODERS

LONGEST = 16_000
"""An input has at most so many bytes: what size alone does is tried apart, with the corpus."""

LONGEST_ANSWER = 100_000
"""A refusal says what is wrong in at most so many characters."""

DECODERS: dict[str, Decoder] = {**FILE_DECODERS, **VALUE_DECODERS}
"""Every decoder by its name."""

_TOKENS = re.compile(rb"[A-Za-z0-9_.+-]+|\s+|[^A-Za-z0-9_\s]", re.DOTALL)
_NUMBER = re.compile(rb"-?\d[\d.eE:-]*")
_NESTS = ((b"[", b"]"), (b"{", b"}"), (b"(", b")"), (b'{"a":', b"}"), (b"a.", b""), (b"~", b""))
_ENCODINGS = ("utf-16", "utf-16-le", "utf-8-sig", "gb18030", "latin-1", "utf-32", "utf-7")
_QUOTED = re.compile(rb'"[^"\n]*"|\'[^\'\n]*\'')


def mutated(random: Random, seeds: tuple[bytes, ...]) -> bytes:
    """Return one of *seeds*, changed once to eight times."""
    content = random.choice(seeds)
    for _ in range(1 + int(min(7, random.expovariate(0.7)))):
        content = random.choice(_CHANGES)(random, content, seeds)[:LONGEST]
    return content


def _place(random: Random, content: bytes) -> tuple[int, int]:
    start = random.randint(0, len(content))
    return start, min(len(content), start + int(min(400, random.expovariate(0.1))))


def _flip(random: Random, content: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    at = random.randint(0, len(content))
    return content[:at] + bytes(each ^ (1 << random.randint(0, 7)) for each in content[at : at + 1]) + content[at + 1 :]


def _insert(random: Random, content: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    at = random.randint(0, len(content))
    return content[:at] + random.choice(random.choice((SIGNS, SIGNS, BYTES, NUMBERS, WORDS))) + content[at:]


def _delete(random: Random, content: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    start, end = _place(random, content)
    return content[:start] + content[end:]


def _duplicate(random: Random, content: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    start, end = _place(random, content)
    return content[:end] + content[start:end] * random.choice((1, 1, 1, 2, 30)) + content[end:]


def _splice(random: Random, content: bytes, seeds: tuple[bytes, ...]) -> bytes:
    other = random.choice(seeds)
    start, end = _place(random, other)
    at, to = _place(random, content)
    return content[:at] + other[start:end] + content[random.choice((at, to)) :]


def _cut(random: Random, content: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    at = random.randint(0, len(content))
    return random.choice((content[:at], content[:at], content[at:]))


def _exchange(form: re.Pattern[bytes], make: Callable[[Random, bytes], bytes]) -> Callable[..., bytes]:
    def change(random: Random, content: bytes, _seeds: tuple[bytes, ...]) -> bytes:
        found = list(form.finditer(content))
        if not found:
            return content
        one = random.choice(found)
        return content[: one.start()] + make(random, one[0]) + content[one.end() :]

    return change


def _quoted(random: Random, old: bytes) -> bytes:
    return old[:1] + random.choice(WORDS) + old[-1:]


def _tokens(random: Random, content: bytes, seeds: tuple[bytes, ...]) -> bytes:
    """Swap two words, leave one out, put one twice, or take one from elsewhere."""
    words = _TOKENS.findall(content)
    if not words:
        return content
    at, other = random.randrange(len(words)), random.randrange(len(words))
    match random.randrange(4):
        case 0:
            words[at], words[other] = words[other], words[at]
        case 1:
            del words[at]
        case 2:
            words.insert(at, words[other])
        case _:
            words[at] = random.choice(_TOKENS.findall(random.choice(seeds)) or [b""])
    return b"".join(words)


def _lines(random: Random, content: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    lines = content.split(b"\n")
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(3):
        case 0:
            lines[at], lines[other] = lines[other], lines[at]
        case 1:
            del lines[at]
        case _:
            lines.insert(at, lines[other])
    return b"\n".join(lines)


def _nest(random: Random, content: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    at = random.randint(0, len(content))
    opening, closing = random.choice(_NESTS)
    deep = random.choice((2, 9, 25, 60, 2_000))
    return content[:at] + opening * deep + closing * random.choice((0, deep, deep)) + content[at:]


def _repeat(random: Random, content: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    """The same sign again and again: what is looked at once for each of them shows here."""
    at = random.randint(0, len(content))
    piece = random.choice(SIGNS) * random.choice((1, 1, 2)) + random.choice((b"", b"", random.choice(SIGNS)))
    return content[:at] + (piece * LONGEST)[: random.choice((9, 300, 4_000, 12_000))] + content[at:]


def _other_encoding(random: Random, content: bytes, _seeds: tuple[bytes, ...]) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(random.choice(_ENCODINGS), "replace")


_CHANGES: tuple[Callable[[Random, bytes, tuple[bytes, ...]], bytes], ...] = (
    *(_flip, _insert, _insert, _delete, _duplicate, _splice, _cut, _tokens, _tokens, _tokens, _lines, _nest, _repeat),
    *(_exchange(_NUMBER, lambda random, _: random.choice(NUMBERS)),) * 2,
    *(_exchange(_QUOTED, _quoted),) * 2,
)  # fmt: skip


@define
class Account:
    """
    What came of the inputs that one decoder was tried with.

    Attributes:
        runs: How many inputs.
        values: How many of them were read.
        unwritten: How many of those their writer refused, by its own error.
        slowest: The longest answer, in processor seconds.
        faults: The first input of each thing that went wrong, by what it was.
    """

    runs: int = 0
    values: int = 0
    unwritten: int = 0
    slowest: float = 0.0
    faults: dict[str, bytes] = field(factory=dict)

    def __str__(self) -> str:
        refused = self.runs - self.values - len(self.faults)
        return f"{self.runs:>9,} {self.values:>9,} {refused:>9,} {self.unwritten:>7,} {self.slowest * 1000:>8.1f}"


def try_out(account: Account, decoder: Decoder, content: bytes) -> None:
    """Give *content* to *decoder*, and note in *account* what came of it."""
    account.runs += 1
    begun = time.thread_time()
    try:
        value = decoder.decode(content)
    except decoder.refusals as refusal:
        spent = time.thread_time() - begun
        wrong = unfit(refusal)
    except Exception as problem:
        spent = time.thread_time() - begun
        wrong = f"{type(problem).__name__}: {_where(problem)}"
    else:
        spent = time.thread_time() - begun
        account.values += 1
        wrong = _written(account, decoder, value)
    if spent > decoder.seconds:
        spent = _again_timed(decoder, content)
    account.slowest = max(account.slowest, spent)
    if spent > decoder.seconds:
        wrong = wrong or "too slow"
    if wrong is not None:
        account.faults.setdefault(wrong, content)


def _again_timed(decoder: Decoder, content: bytes) -> float:
    """What is slow once may have been the machine."""

    def call() -> None:
        try:
            decoder.decode(content)
        except Exception:
            return

    return best_time(call, decoder.seconds)[0]


def _written(account: Account, decoder: Decoder, value: object) -> str | None:
    if decoder.again is None:
        return None
    try:
        came_back = decoder.again(value)
    except Exception as problem:
        return f"not read back: {type(problem).__name__}: {_where(problem)}"
    account.unwritten += came_back is None
    return "read back as something else" if came_back is False else None


def unfit(refusal: Exception) -> str | None:
    """Return what is wrong with a refusal itself: it has a place, is short, and is one line of a log."""
    text = str(refusal)
    if len(text) > LONGEST_ANSWER:
        return "a refusal of very many characters"
    if isinstance(refusal, InvalidInput) and not refusal.what:
        return "a refusal without a place"
    if any(sign in text for sign in "\n\r\x00\x1b\x85\u2028\u202e"):
        return "a refusal of several lines, or with hidden characters"
    return None


def _where(problem: Exception) -> str:
    """The innermost line of the library that a problem came through: what is one fault, and what is another."""
    frames = [frame for frame in traceback.extract_tb(problem.__traceback__) if "salesflow" in frame.filename]
    last = (frames or traceback.extract_tb(problem.__traceback__))[-1]
    return f"{Path(last.filename).name}:{last.lineno} in {last.name}"


def seeds_of(name: str) -> tuple[bytes, ...]:
    """Return the seeds of a decoder: the sound ones, twice as many as the small files that it refuses already."""
    sound = DECODERS[name].seeds
    paths = sorted((CORPUS / name).glob("*.*"))
    bad = [path.read_bytes() for path in paths if path.name != "expected.tsv" and path.stat().st_size < LONGEST]
    return (*sound * (1 + 2 * len(bad) // len(sound)), *bad)


def fuzz(name: str, runs: int, seed: int, *, pause: float = 0.0) -> Account:
    """
    Try a decoder with so many inputs.

    Args:
        name: A key of `DECODERS`.
        runs: How many.
        seed: Of the inputs; the same one makes the same.
        pause: How long to rest after a thousand inputs, in seconds.
    """
    random = Random(f"{name} {seed}")
    account, seeds = Account(), seeds_of(name)
    for number in range(runs):
        content = mutated(random, seeds)
        if random.random() < 0.01:
            content = _other_encoding(random, content, seeds)
        try_out(account, DECODERS[name], content)
        if pause and number % 1000 == 999:
            time.sleep(pause)
    return account


def shared_out(runs: int, names: Iterable[str] = ()) -> dict[str, int]:
    """Return how many of *runs* each decoder gets, at least one; the rounding goes to the first."""
    chosen = {name: DECODERS[name] for name in names} or DECODERS
    whole = sum(decoder.share for decoder in chosen.values())
    shares = {name: max(1, runs * decoder.share // whole) for name, decoder in chosen.items()}
    first = next(iter(shares))
    shares[first] += max(0, runs - sum(shares.values()))
    return shares


def main(runs: int, seed: int, names: Iterable[str]) -> int:
    """Try every decoder, print what came of it, keep the faulty inputs, and return how many faults there are."""
    kept = Path("build") / "fuzzing"
    whole = Account()
    faults = 0
    print(f"{'decoder':<18} {'runs':>9} {'values':>9} {'refused':>9} {'unwrit.':>7} {'slowest':>8} ms", flush=True)
    for name, count in shared_out(runs, names).items():
        account = fuzz(name, count, seed, pause=0.01)
        print(f"{name:<18} {account}", flush=True)
        for wrong, content in account.faults.items():
            kept.mkdir(parents=True, exist_ok=True)
            path = kept / f"{name}_{sha256(content).hexdigest()[:12]}"
            path.write_bytes(content)
            print(f"  {wrong}: {path}", flush=True)
        whole = Account(
            whole.runs + account.runs, whole.values + account.values, whole.unwritten + account.unwritten,
            max(whole.slowest, account.slowest),
        )  # fmt: skip
        faults += len(account.faults)
    print(f"{'all':<18} {whole}\n{faults} faults", flush=True)
    return faults


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]) > 0)
