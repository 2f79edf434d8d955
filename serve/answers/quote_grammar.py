"""A grammar in which whatever a model quotes stands in the sources.

It is GBNF as llama.cpp reads it and vLLM converts it (llguidance's ``gbnf_to_lark``): literals
escape only what JSON escapes as well, and other characters stand as they are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from retrieval.sentences import sentence_spans
from serve.answers.llm import NO_ANSWER, Source
from serve.answers.wording import Token, tokens

_FEWEST_WORDS, _MOST_WORDS = 4, 25
_LONGEST_BODY = 1_000
_LETTERS_OF_A_WORD = 3
"""In scripts that put no spaces between words."""

_MOST_SENTENCES = 12
_CLAUSE_ENDS = frozenset(",;:.!?)、，；：。") | {"-", "..."}

# Control characters have no escape that all can read, and count as spaces in a wording.
_CONTROLS = dict.fromkeys([*range(0x20), 0x7F, *range(0xD800, 0xE000)], " ")
_ESCAPES = str.maketrans(
    _CONTROLS
    | {ord(letter): f"\\{escape}" for letter, escape in zip('\\"\n\r\t', '\\"nrt', strict=True)}
    | {ord("<"): "\uff1c"}
)


def quote_grammar(
    sources: Sequence[Source],
    shown: Callable[[str], str] = str,
    most_sentences: int = _MOST_SENTENCES,
) -> str:
    """A grammar of ``NO_ANSWER`` and of sentences that each end in quotes, all of them exact.

    A quote is a sentence of a source, or a clause of one that has more than 25 words; all of a
    source can be quoted. ``shown`` makes of a text what the prompt shows of it. The grammar is
    about as long as the sources.
    """
    bodies = {source.n: _bodies(source.text) for source in sources}
    quotable = {n: found for n, found in bodies.items() if found}
    abstention = _literal(NO_ANSWER)
    if not quotable:
        return f"root ::= {abstention}\n"
    rules = [
        f"root ::= {abstention} | sentence{{1,{most_sentences}}}",
        'sentence ::= claim quotes "."?',
        "claim ::= [ \\n]? [^<>[\\]\\t\\r\\n .,;:_] [^<>[\\]\\t\\r\\n_]{1,400}",
        # It calls itself, lest the converter make one lexeme of it all.
        'quotes ::= quote | quote " " quotes',
        "quote ::= " + " | ".join(f"quote-{n}" for n in quotable),
    ]
    for n, found in quotable.items():
        opening, closing = _tag(f'<q s="{n}">'), _tag("</q>")
        rules.append(f"quote-{n} ::= {opening} body-{n} {closing}")
        rules.append(f"body-{n} ::= " + " | ".join(_literal(shown(body)) for body in found))
    return "\n".join(rules) + "\n"


def _tag(tag: str) -> str:
    return _literal(tag).replace("\uff1c", "<")


def _literal(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


# A conversation shows a source once and may quote it in all of its answers.
@lru_cache(1_024)
def _bodies(text: str) -> tuple[str, ...]:
    """What may be quoted of a text, in its order and each once."""
    found: dict[str, None] = {}
    for sentence in _sentences(text):
        for clause in _clauses(sentence, text):
            body = text[clause[0].start : clause[-1].end]
            if len(body) <= _LONGEST_BODY and any(token.is_word for token in clause):
                found[body] = None
    return tuple(found)


def _sentences(text: str) -> Iterator[list[Token]]:
    """The sentences as tokens; those that no quotation may part stay together."""
    starts = deque(span.start for span in sentence_spans(text))
    sentence: list[Token] = []
    for token in tokens(text):
        begins = False
        while starts and token.start >= starts[0]:
            starts.popleft()
            begins = True
        if begins and sentence and _may_part(sentence[-1], token, text):
            yield sentence
            sentence = []
        sentence.append(token)
    if sentence:
        yield sentence


def _clauses(sentence: list[Token], text: str) -> Iterator[list[Token]]:
    """A sentence, or if it is long its clauses, as long as may be; without any, pieces of it."""
    weights = list(map(_weight, sentence))
    while sum(weights) > _MOST_WORDS:
        end = _clause_end(sentence, weights, text)
        if end is None:
            break
        yield sentence[:end]
        sentence, weights = sentence[end:], weights[end:]
    yield sentence


def _clause_end(sentence: list[Token], weights: list[float], text: str) -> int | None:
    """How many tokens of a long sentence come before the best place to part it."""
    least: int | None = None
    anywhere: int | None = None
    at_mark: int | None = None
    words, rest = 0.0, sum(weights)
    for end, (token, after) in enumerate(pairwise(sentence), start=1):
        words, rest = words + weights[end - 1], rest - weights[end - 1]
        if not _may_part(token, after, text):
            continue
        least = least or end
        if words > _MOST_WORDS:
            break
        if min(words, rest) >= _FEWEST_WORDS:
            anywhere = end
            at_mark = end if token.form in _CLAUSE_ENDS else at_mark
    return at_mark or anywhere or least


def _weight(token: Token) -> float:
    if token.is_unspaced:
        return 1 / _LETTERS_OF_A_WORD
    return 1.0 if token.is_word else 0.0


def _may_part(left: Token, right: Token, text: str) -> bool:
    """Whether a quotation may end with the one token and another begin with the next."""
    if not (left.closes and right.opens):
        return False
    unspaced = right.is_unspaced and (left.is_unspaced or not left.is_word)
    return unspaced or any(map(str.isspace, text[left.end : right.start]))
