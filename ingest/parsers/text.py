"""Plain text: the encoding is found out, hard-wrapped lines are joined to paragraphs."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import charset_normalizer

from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers.line_joining import DROP_HYPHEN, ends_sentence, joint, starts_item
from ingest.parsers.page_text import TextBlock, pages_of

_SAMPLE_BYTES = 1 << 18
_WESTERN = frozenset("àâäáãåçéèêëíîïìñóôöòõøúùûüÿœæßÀÂÄÉÈÊËÎÏÔÖÙÛÜÇŒÆÑ’‘“”«»„–—…•€£§°²³µ·\u00a0")
_MOST_WESTERN = 0.15
_ADJACENT = re.compile(rb"[\x80-\xff]{2}")
_FEW_DAMAGED = 3
_LIKELY = ("cp1250", "cp1251", "cp1253", "cp1255", "cp1256", "shift_jis", "gb18030", "euc_kr")
_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_MIN_WRAP, _MAX_WRAP = 45, 160
_CODE = re.compile(r"^(?: {4}|\t)|[{};]\s*$|^\s*[|+#>]|\S {3,}\S")


def parse(path: Path) -> Iterator[DocumentInfo | ParsedPage]:
    """Paragraphs in parts."""
    yield DocumentInfo()
    text = decoded(path.read_bytes())
    yield from pages_of(TextBlock(paragraph) for paragraph in paragraphs_in(text))


def decoded(content: bytes, declared: str = "") -> str:
    """Bytes as text with ``\\n`` line ends: in the encoding that is declared, if that can be true.

    Else it is UTF-8, or told by a byte order mark, or guessed.
    """
    text = _as_declared(content, declared)
    return _LINE_ENDS.sub("\n", _decoded(content) if text is None else text)


def _as_declared(content: bytes, declared: str) -> str | None:
    """Bytes in an encoding by its name; None where it says nothing or something false."""
    try:
        name = codecs.lookup(declared).name
        if name == "iso8859-1":  # written by programs that mean Windows-1252, as browsers know
            return content.decode("cp1252", "replace")
        return None if name == "ascii" else content.decode(name)
    except (LookupError, ValueError):
        return None


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    text = content.decode("utf-8-sig", "replace")
    return text if _is_utf8(text) else content.decode(_guessed(content), "replace")


def _is_utf8(text: str) -> bool:
    """Whether what was decoded as UTF-8 is that, but for a few bytes that are damaged.

    Other encodings have such sequences only by chance, among far more that are none.
    """
    damaged = text.count("\ufffd")
    if not damaged:
        return True
    valid = len(text) - len(text.encode("ascii", "ignore")) - damaged
    return valid >= 2 * damaged and damaged <= max(_FEW_DAMAGED, valid // 10)


def _guessed(content: bytes) -> str:
    """The encoding of text that is not UTF-8."""
    if _is_western(content[:_SAMPLE_BYTES]):
        return "cp1252"
    found = [
        charset_normalizer.from_bytes(sample, cp_isolation=list(_LIKELY)).best()
        for sample in _samples(content)
    ]
    likely = [match for match in found if match]
    return min(likely, key=lambda match: match.chaos).encoding if likely else "cp1252"


def _samples(content: bytes) -> list[bytes]:
    """The beginning, up to a line end; else one of the ends is not inside a character."""
    sample = content[:_SAMPLE_BYTES]
    if sample == content:
        return [sample]
    end = sample.rfind(b"\n")
    if end > _SAMPLE_BYTES // 2:
        return [sample[:end]]
    return [sample[: _SAMPLE_BYTES - shorter] for shorter in range(4)]


def _is_western(sample: bytes) -> bool:
    """Whether it reads as Windows-1252: accents and quotes of western Europe, few or apart."""
    beyond = [letter for letter in sample.decode("cp1252", "replace") if letter > "\x7f"]
    known = sum(letter in _WESTERN for letter in beyond)
    few = len(beyond) < _MOST_WESTERN * len(sample) or not _ADJACENT.search(sample)
    return few and known > 0.9 * len(beyond)


def paragraphs_in(text: str) -> Iterator[str]:
    """The paragraphs between empty lines; inside, wrapped lines are joined and others kept."""
    group: list[str] = []
    for line in text.split("\n"):
        if line.strip():
            group.append(line.rstrip())
        elif group:
            yield _joined(group)
            group = []
    if group:
        yield _joined(group)


def _joined(lines: Sequence[str]) -> str:
    """The lines as one text; a newline stays where the line was not wrapped."""
    if len(lines) == 1 or not _is_wrapped(lines):
        return "\n".join(lines)
    width = max(len(line) for line in lines)
    out = [lines[0]]
    above = lines[0]
    for line in lines[1:]:
        stripped = line.strip()
        first_word = len(stripped.split(" ", 1)[0])
        early = len(above) + 1 + first_word < width - 3 and ends_sentence(above)
        between = "\n" if early or starts_item(stripped) else joint(above, stripped)
        if between == DROP_HYPHEN:
            out[-1] = out[-1][:-1]
            between = ""
        out.append(between + stripped)
        above = line
    return "".join(out)


def _is_wrapped(lines: Sequence[str]) -> bool:
    """Whether lines break at a width (prose), not by sense (verse, lists, code, addresses)."""
    if any(_CODE.search(line) for line in lines):
        return False
    width = max(len(line) for line in lines)
    if not _MIN_WRAP <= width <= _MAX_WRAP:
        return False
    filled = 0
    for above, below in pairwise(lines):
        word = below.split(maxsplit=1)[0]
        filled += len(above) + 1 + len(word) > width - 3
    return filled >= 0.7 * (len(lines) - 1)
