"""Grammars in GBNF: whether a text is a sentence of one, and a sentence that is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

_TOKEN = re.compile(
    r"""(?P<space>(?:\s|\#[^\n]*)+)
    |(?P<define>[A-Za-z][\w-]*\s*::=)
    |(?P<name>[A-Za-z][\w-]*)
    |(?P<text>"(?:[^"\\\n]|\\.)*")
    |(?P<chars>\[\^?(?:[^\]\\]|\\.)*\])
    |(?P<times>\{\d+(?:,\d*)?\}|[*+?])
    |(?P<sign>[|().])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r"}
_TIMES: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_PLEASANT = "It says so here. "
_DEEPEST = 12


class BadGrammar(ValueError):
    """What is wrong with a grammar."""


@dataclass(frozen=True, slots=True)
class _Text:
    text: str


@dataclass(frozen=True, slots=True)
class _Chars:
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Name:
    name: str


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    options: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Repeated:
    part: _Node
    least: int
    most: int | None


_Node = _Text | _Chars | _Name | _Sequence | _Choice | _Repeated


class Gbnf:
    """A grammar, read from its text.

    Raises:
        BadGrammar: It cannot be read.
    """

    def __init__(self, text: str) -> None:
        self._rules = dict(_Reader(text).rules())
        if "root" not in self._rules:
            raise BadGrammar("Expected a rule named root")
        if missing := {name for rule in self._rules.values() for name in _names(rule)} - set(
            self._rules
        ):
            raise BadGrammar(f"There is no rule {min(missing)}")

    def allows(self, text: str) -> bool:
        """Whether a text is a whole sentence of the grammar."""
        return len(text) in self._ends(self._rules["root"], text, {0})

    def sentence(self) -> str:
        """A sentence of the grammar: of several ways the last, and no more than must be."""
        letters = cycle(_PLEASANT)
        return "".join(self._written(self._rules["root"], letters, 0))

    def _ends(self, node: _Node, text: str, starts: set[int]) -> set[int]:
        """Where a part may end that begins at one of these places."""
        if not starts:
            return starts
        match node:
            case _Text(own):
                return {start + len(own) for start in starts if text.startswith(own, start)}
            case _Chars(pattern):
                return {start + 1 for start in starts if pattern.match(text, start)}
            case _Name(name):
                return self._ends(self._rules[name], text, starts)
            case _Sequence(parts):
                for part in parts:
                    starts = self._ends(part, text, starts)
                return starts
            case _Choice(options):
                return set().union(*(self._ends(option, text, starts) for option in options))
            case _Repeated():
                return self._repeated_ends(node, text, starts)

    def _repeated_ends(self, node: _Repeated, text: str, starts: set[int]) -> set[int]:
        for _ in range(node.least):
            starts = self._ends(node.part, text, starts)
        found, count = set(starts), node.least
        while starts and (node.most is None or count < node.most):
            starts = self._ends(node.part, text, starts) - found
            found |= starts
            count += 1
        return found

    def _written(self, node: _Node, letters: Iterator[str], depth: int) -> Iterator[str]:
        match node:
            case _Text(text):
                yield text
            case _Chars(pattern):
                yield _letter(pattern, letters)
            case _Name(name):
                yield from self._written(self._rules[name], letters, depth + 1)
            case _Sequence(parts):
                for part in parts:
                    yield from self._written(part, letters, depth)
            case _Choice(options):
                plain = [option for option in options if not any(_names(option))]
                chosen = options[-1] if depth < _DEEPEST or not plain else plain[0]
                yield from self._written(chosen, letters, depth)
            case _Repeated(part, least, _):
                for _ in range(least):
                    yield from self._written(part, letters, depth)


def _letter(pattern: re.Pattern[str], letters: Iterator[str]) -> str:
    for _ in _PLEASANT:
        if pattern.match(letter := next(letters)):
            return letter
    return next(letter for letter in map(chr, range(0x20, 0x110000)) if pattern.match(letter))


def _names(node: _Node) -> Iterator[str]:
    match node:
        case _Name(name):
            yield name
        case _Sequence(parts) | _Choice(parts):
            for part in parts:
                yield from _names(part)
        case _Repeated(part, _, _):
            yield from _names(part)


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    def rules(self) -> Iterator[tuple[str, _Node]]:
        while self._at < len(self._tokens):
            kind, text = self._next()
            if kind != "define":
                raise BadGrammar(f"Expected ::= and not {text!r}")
            yield text.removesuffix("::=").strip(), self._choice()

    def _choice(self) -> _Node:
        options = [self._sequence()]
        while self._peek() == ("sign", "|"):
            self._next()
            options.append(self._sequence())
        return options[0] if len(options) == 1 else _Choice(tuple(options))

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while (token := self._peek())[0] not in ("end", "define") and token[1] not in ("|", ")"):
            parts.append(self._repeated(self._atom()))
        return _Sequence(tuple(parts))

    def _repeated(self, part: _Node) -> _Node:
        while self._peek()[0] == "times":
            _, text = self._next()
            part = _Repeated(part, *_TIMES[text] if text in _TIMES else _bounds(text))
        return part

    def _atom(self) -> _Node:
        match self._next():
            case "text", text:
                return _Text(_ESCAPE.sub(_unescaped, text[1:-1]))
            case "chars", text:
                return _Chars(re.compile(_ESCAPE.sub(_in_class, text), re.DOTALL))
            case "name", text:
                return _Name(text)
            case "sign", ".":
                return _Chars(re.compile(".", re.DOTALL))
            case "sign", "(":
                inner = self._choice()
                if self._next() != ("sign", ")"):
                    raise BadGrammar("Expected )")
                return inner
            case _, text:
                raise BadGrammar(f"Unexpected {text!r}")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "the end")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found or not found.lastgroup:
            line = text.count("\n", 0, at) + 1
            raise BadGrammar(f"Unexpected character at line {line}, {text[at : at + 10]!r}")
        if found.lastgroup != "space":
            yield found.lastgroup, found.group()
        at = found.end()


def _bounds(text: str) -> tuple[int, int | None]:
    least, comma, most = text[1:-1].partition(",")
    if not comma:
        return int(least), int(least)
    return int(least), int(most) if most else None


def _unescaped(escape: re.Match[str]) -> str:
    if code := escape[1] or escape[2] or escape[3]:
        return chr(int(code, 16))
    return _CONTROLS.get(escape[4], escape[4])


def _in_class(escape: re.Match[str]) -> str:
    return re.escape(_unescaped(escape))
