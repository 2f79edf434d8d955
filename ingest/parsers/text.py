"""Plain text: the encoding is found out, hard-wrapped lines are joined to paragraphs."""

from __future__ import annotations

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
_LIKELY = ("cp1250", "cp1251", "cp1253", "cp1255", "cp1256", "shift_jis", "gb18030", "euc_kr")
_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_MIN_WRAP, _MAX_WRAP = 45, 160
_CODE = re.compile(r"^(?: {4}|\t)|[{};]\s*$|^\s*[|+#>]|\S {3,}\S")


def parse(path: Path) -> Iterator[DocumentInfo | ParsedPage]:
    """Paragraphs in parts."""
    yield DocumentInfo()
    text = decoded(path.read_bytes())
    yield from pages_of(TextBlock(paragraph) for paragraph in paragraphs_in(text))


def decoded(content: bytes) -> str:
    """Bytes as text with ``\\n`` line ends: UTF-8 or by byte order mark if valid, else guessed."""
    return _LINE_ENDS.sub("\n", _decoded(content))


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    sample = content[:_SAMPLE_BYTES]
    if _is_western(sample):
        return content.decode("cp1252", "replace")
    best = charset_normalizer.from_bytes(sample, cp_isolation=list(_LIKELY)).best()
    return content.decode(best.encoding if best else "cp1252", "replace")


def _is_western(sample: bytes) -> bool:
    """Whether it reads as Windows-1252: accents and quotes of western Europe, not too many."""
    beyond = [letter for letter in sample.decode("cp1252", "replace") if letter > "\x7f"]
    known = sum(letter in _WESTERN for letter in beyond)
    return known > 0.9 * len(beyond) and len(beyond) < _MOST_WESTERN * len(sample)


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
