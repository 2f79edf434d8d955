"""What documents speak of, by their own headings and the names in them, to suggest questions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from pathlib import PurePath

from sqlalchemy import Connection, exists, not_, select

from retrieval.contents import section_of
from retrieval.schema import chunks, document_flags, documents
from retrieval.sentences import sentence_spans
from retrieval.store import inside
from retrieval.types import Scope

_DOCUMENTS = 24
_CHUNKS = 60
_TOPICS_OF_ONE = 3
_SHORTEST, _LONGEST = 4, 70

_NUMBERING = re.compile(r"^(?:(?:\d++[.)]?+|[IVX]+[.)]|[A-Z][.)])[\s\u2013-]*+)++(?=\D)")
_WORDY = re.compile(r"[^\W\d_]{3}")
_GENERIC = re.compile(
    r"(?:sheet|feuille?|slide|diapositive|page|part|partie|chapter|chapitre|section)\W*\w{0,4}"
    r"|(?:table of )?contents|sommaire|table des matières|index|introduction|conclusions?|preface"
    r"|avant-propos|références|references|bibliograph(?:y|ie)|appendi(?:x|ces)|annexes?"
    r"|abstract|summary|résumé|figures?|tables?|notes?|untitled|sans titre",
    re.IGNORECASE,
)
_STANDING_ALONE = re.compile(r"^(?=[^\W_])[^\n|]{4,80}(?<![.,;:!?])$(?=\n+[^\n]{20})", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_JOINERS = frozenset(("of", "the", "de", "du", "des", "la", "le", "les", "von", "van", "der"))


@dataclass(frozen=True, slots=True)
class Topic:
    """Something that a document speaks of, in its own words; the whole document where empty."""

    document_id: int
    document_title: str
    words: str


def read_topics(connection: Connection, scope: Scope, limit: int) -> list[Topic]:
    """Topics of the latest documents inside the scope, of each document one before a second.

    Documents with passages that speak to a language model are left out: what is returned here is
    meant to be asked by a click.
    """
    flagged = exists().where(document_flags.c.document_id == documents.c.id)
    latest = connection.execute(
        select(documents.c.id, documents.c.name, documents.c.title)
        .where(inside(scope), documents.c.seq.is_not(None), not_(flagged))
        .order_by(documents.c.seq.desc())
        .limit(_DOCUMENTS)
    ).all()
    found = [_topics(connection, row.id, _title(row.title, row.name)) for row in latest]
    in_turns = (each for each in chain.from_iterable(zip_longest(*found)) if each is not None)
    return list(islice(_distinct(in_turns), limit))


def _title(title: str, name: str) -> str:
    return _tidied(title) or PurePath(name).stem


def _topics(connection: Connection, document_id: int, title: str) -> list[Topic]:
    rows = connection.execute(
        select(chunks.c.section, chunks.c.text)
        .where(chunks.c.document_id == document_id)
        .order_by(chunks.c.id)
        .limit(_CHUNKS)
    ).all()
    headings = (heading for row in rows for heading in _headings(row.section, row.text))
    names = (name for row in rows for name in names_in(row.text))
    every = dict.fromkeys(filter(None, map(_tidied, chain(headings, names))))
    words = [each for each in every if each.casefold() != title.casefold()]
    return [Topic(document_id, title, each) for each in words[:_TOPICS_OF_ONE] or [""]]


def _headings(section: str, text: str) -> Iterator[str]:
    """The innermost heading of a passage, and those inside it, which stand alone on their lines."""
    yield from section_of(section)[-1:]
    for line in _STANDING_ALONE.finditer(text):
        if _NUMBERING.sub("", line.group(), count=1)[:1].isupper():
            yield line.group()


def _tidied(heading: str) -> str:
    """A heading without its number; empty if it says nothing of its own."""
    words = _NUMBERING.sub("", " ".join(heading.split()), count=1).strip(" .:;\u2013\u2014-")
    is_told = _SHORTEST <= len(words) <= _LONGEST and _WORDY.search(words)
    return words if is_told and not _GENERIC.fullmatch(words) else ""


def names_in(text: str) -> Iterator[str]:
    """Names of two words and more inside sentences: Brother Anselm, Conseil d'État."""
    for span in sentence_spans(text):
        words = list(_WORD.finditer(text, span.start, span.end))[1:]
        run: list[re.Match[str]] = []
        for word in words:
            if run and text[run[-1].end() : word.start()] != " ":
                yield from _name(text, run)
                run = []
            if _begins_large(word.group()) or (run and word.group() in _JOINERS):
                run.append(word)
            else:
                yield from _name(text, run)
                run = []
        yield from _name(text, run)


def _name(text: str, run: list[re.Match[str]]) -> Iterator[str]:
    while run and not _begins_large(run[-1].group()):
        run = run[:-1]
    if len(run) > 1:
        yield text[run[0].start() : run[-1].end()]


def _begins_large(word: str) -> bool:
    bare = re.sub(r"^[dlDL]['\u2019]", "", word)
    return bare[:1].isupper() and len(bare) > 2


def _distinct(topics: Iterable[Topic]) -> Iterator[Topic]:
    seen: set[str] = set()
    for topic in topics:
        key = (topic.words or topic.document_title).casefold()
        if key not in seen:
            seen.add(key)
            yield topic
