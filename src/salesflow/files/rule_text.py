"""
Visibility rules as text: what a rule prints as is what reads back as the same rule (VIS-14).

    (owner.is_viewer | team.includes_viewer(role='joint')) & (record.amount >= Money('1000000', 'CNY'))

The text is read by a grammar of its own and never run: it can name the words of the vocabulary, the fields of a
record, and the rules that the application hands over by name, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn, TypeVar

from salesflow.errors import InvalidInput
from salesflow.model import Money
from salesflow.visibility.filters import OPERATORS
from salesflow.visibility.rules import Rule, both, either, everybody, is_rule
from salesflow.visibility.vocabulary import owner, pool, record, team

LONGEST_RULE = 4_000
"""A rule's text has at most so many characters."""

DEEPEST_RULE = 50
"""So many parentheses may stand within each other."""

_TOKEN = re.compile(
    r"""\s*+(?:
        (?P<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
      | (?P<number>-?[0-9]+(?:\.[0-9]+)?)
      | (?P<name>[^\W\d]\w*)
      | (?P<sign>==|!=|<=|>=|[()\[\],.=&|~<>])
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", '"': '"'}
_Made = TypeVar("_Made")
_NO_RULES: Mapping[str, Rule] = MappingProxyType({})

_OWNER = "is_viewer is_below_viewer answers_to_viewer is_in_viewers_department".split()
_TEAM = "includes_viewer includes_below_viewer includes_who_answers_to_viewer includes_viewers_department".split()
_POOL = "admits_viewer is_dispatched_by_viewer".split()
_VALUES: Mapping[str, Callable[..., Any]] = {
    "Money": Money,
    "Decimal": Decimal,
    "date": date,
    "datetime.fromisoformat": datetime.fromisoformat,
}
_PLAIN = {"True": True, "False": False}


def parse_rule(text: str, names: Mapping[str, Rule] = _NO_RULES) -> Rule:
    """
    Return the rule that *text* tells.

    Args:
        text: At most 4,000 characters.
        names: Rules of the application's own that the text may name.

    Raises:
        InvalidInput: It tells none; the error says where, and what would do.

    Source: VIS-14.
    """
    if not isinstance(text, str):
        raise InvalidInput("rule", text, "must be text")
    if len(text) > LONGEST_RULE:
        raise InvalidInput("rule", text, f"must be at most {LONGEST_RULE:,} characters long")
    return _Reader(text, names).whole()


def names_in(text: str) -> tuple[str, ...]:
    """Return every name that stands in *text*, as often as it does; of what cannot be a rule, none."""
    if len(text) > LONGEST_RULE:
        return ()
    try:
        return tuple(token.text for token in _tokens(text) if token.kind == "name")
    except InvalidInput:
        return ()


def rule_text(rule: Rule) -> str:
    """
    Return the text that `parse_rule` reads as *rule*.

    Raises:
        InvalidInput: It holds a term of the application's own, which has no words; give that rule a name.

    Source: VIS-14.
    """
    if not is_rule(rule):
        raise InvalidInput("rule", rule, "must be a rule")
    text = repr(rule)
    try:
        is_told = parse_rule(text) == rule
    except InvalidInput:
        is_told = False
    if not is_told:
        raise InvalidInput("rule", text, "cannot be written: it is too long, or holds a term of the application's own")
    return text


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    found, end = [], len(text.rstrip())
    at = 0
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise _wrong(text[at], at, "cannot stand in a rule")
        kind = str(match.lastgroup)
        found.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return [*found, _Token("end", "the end", end)]


class _Reader:
    """Reads one text, word by word."""

    def __init__(self, text: str, names: Mapping[str, Rule]) -> None:
        self._tokens, self._next, self._names = _tokens(text), 0, names
        self._depth = 0

    def whole(self) -> Rule:
        """Read the text to its end."""
        found = self._either()
        if self._tokens[self._next].kind != "end":
            self._refuse("must be & or | before another rule")
        return found

    def _either(self) -> Rule:
        parts = [self._both()]
        while self._took("|"):
            parts.append(self._both())
        return either(parts)

    def _both(self) -> Rule:
        parts = [self._one()]
        while self._took("&"):
            parts.append(self._one())
        return both(parts)

    def _one(self) -> Rule:
        is_negated = False
        while self._took("~"):
            is_negated = not is_negated
        found = self._grouped() if self._took("(") else self._named()
        return ~found if is_negated else found

    def _grouped(self) -> Rule:
        self._depth += 1
        if self._depth > DEEPEST_RULE:
            self._next -= 1
            self._refuse(f"is nested deeper than {DEEPEST_RULE} parentheses")
        found = self._either()
        self._take(")")
        self._depth -= 1
        return found

    def _named(self) -> Rule:
        word = self._word("everybody, owner, team, pool, record or ~ or (", *self._names)
        match word.text:
            case "everybody":
                return everybody
            case "owner":
                return self._owner_rule()
            case "team":
                self._take(".")
                name = self._choice(_TEAM)
                make: Callable[..., Rule] = getattr(team, name)
                return self._made(word, make, **self._named_values("role", "access"))
            case "pool":
                self._take(".")
                its: Rule = getattr(pool, self._choice(_POOL))
                return its
            case "record":
                return self._comparison(word)
            case name if name in self._names:
                return self._names[name]
            case name:
                known = ", ".join(["everybody", "owner", "team", "pool", "record", *self._names])
                raise _wrong(name, word.at, f"must be one of {known}")

    def _owner_rule(self) -> Rule:
        self._take(".")
        word = self._tokens[self._next]
        name = self._choice([*_OWNER, "shares_with_viewer"])
        if name == "shares_with_viewer":
            return self._made(word, owner.shares_with_viewer, **self._named_values("access"))
        found: Rule = getattr(owner, name)
        return found

    def _comparison(self, word: _Token) -> Rule:
        field: Any = record
        while field is record or self._tokens[self._next].text in (".", "["):
            if field is not record and self._took("["):
                field = self._made(word, field.__getitem__, self._text())
                self._take("]")
            else:
                self._take(".")
                name = self._word("the name of a field")
                if name.text.startswith("_"):
                    raise _wrong(name.text, name.at, "is no field of a record")
                field = self._made(name, getattr, field, name.text)
        sign = self._tokens[self._next]
        if sign.text not in OPERATORS:
            self._refuse(f"must be one of {' '.join(OPERATORS)}")
        self._next += 1
        compare: Callable[[Any, Any], Any] = OPERATORS[sign.text]
        found: Rule = self._made(sign, compare, field, self._value())  # a field, not its value, is compared
        return found

    def _value(self) -> Any:
        token = self._tokens[self._next]
        if token.kind in ("text", "number"):
            return self._constant()
        known = [*_PLAIN, *_VALUES]
        name = self._word("a value", *known).text
        if name in _PLAIN:
            return _PLAIN[name]
        if self._took("."):
            name += f".{self._word('a name').text}"
        if name not in _VALUES:
            raise _wrong(name, token.at, f"must be a text in quotes, a number or one of {', '.join(known)}")
        self._take("(")
        given = [self._constant()]
        while self._took(","):
            given.append(self._constant())
        self._take(")")
        return self._made(token, _VALUES[name], *given)

    def _named_values(self, *known: str) -> dict[str, Any]:
        """Read ``(name=value, …)``."""
        self._take("(")
        given: dict[str, Any] = {}
        while not self._took(")"):
            if given:
                self._take(",")
            name = self._choice([each for each in known if each not in given])
            self._take("=")
            given[name] = self._texts() if name == "role" and self._took("[") else self._text()
        return given

    def _texts(self) -> list[str]:
        texts = [self._text()]
        while self._took(","):
            texts.append(self._text())
        self._take("]")
        return texts

    def _text(self) -> str:
        if self._tokens[self._next].kind != "text":
            self._refuse("must be a text in quotes")
        return str(self._constant())

    def _constant(self) -> str | int | Decimal:
        token = self._tokens[self._next]
        if token.kind not in ("text", "number"):
            self._refuse("must be a text in quotes or a number")
        self._next += 1
        if token.kind == "text":
            return _ESCAPE.sub(lambda found: self._unescaped(found[1], token.at + 1 + found.start()), token.text[1:-1])
        if len(token.text.replace(".", "").lstrip("-")) > 19:
            raise _wrong(token.text, token.at, "has more than 19 digits")
        return Decimal(token.text) if "." in token.text else int(token.text)

    @staticmethod
    def _unescaped(code: str, at: int) -> str:
        if len(code) == 1:
            if code not in _ESCAPED:
                raise _wrong(f"\\{code}", at, f"must be \\ before one of {' '.join(_ESCAPED)} or before x, u, U")
            return _ESCAPED[code]
        number = int(code[1:], 16)
        if number > 0x10FFFF:
            raise _wrong(f"\\{code}", at, "is no character")
        return chr(number)

    def _made(self, word: _Token, make: Callable[..., _Made], *values: Any, **named: Any) -> _Made:
        """Return what *make* makes of the values; its refusal becomes one with a place."""
        try:
            return make(*values, **named)
        except InvalidInput as error:
            raise _wrong(error.value, word.at, error.rule) from None
        except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
            raise _wrong(word.text, word.at, f"cannot take {', '.join(map(repr, values))}: {error}") from None

    def _word(self, *wanted: str) -> _Token:
        token = self._tokens[self._next]
        if token.kind != "name":
            self._refuse(f"must be {', '.join(wanted)}")
        self._next += 1
        return token

    def _choice(self, known: Sequence[str]) -> str:
        token = self._tokens[self._next]
        if token.kind != "name" or token.text not in known:
            self._refuse(f"must be one of {', '.join(known)}" if known else "is one too many")
        self._next += 1
        return token.text

    def _took(self, sign: str) -> bool:
        token = self._tokens[self._next]
        found = token.kind == "sign" and token.text == sign
        self._next += found
        return found

    def _take(self, sign: str) -> None:
        if not self._took(sign):
            self._refuse(f"must be {sign}")

    def _refuse(self, rule: str) -> NoReturn:
        token = self._tokens[self._next]
        raise _wrong(token.text, token.at, rule)


def _wrong(text: str, at: int, rule: str) -> InvalidInput:
    return InvalidInput(f"rule, character {at + 1}", text, rule)
