"""Markdown: headings as sections, tables as rows, code as written, the rest without its marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.pages import BlockKind, DocumentInfo, ParsedPage
from ingest.parsers.html import blocks_in
from ingest.parsers.page_text import Sections, TextBlock, one_line, pages_of
from ingest.parsers.table import MAX_CELL_CHARACTERS, table_rows
from ingest.parsers.text import decoded

_YAML = re.compile(r"\s*[\w-]+\s*:\s")
_BREAK = re.compile(r"<br\b", re.I)


def parse(path: Path) -> Iterator[DocumentInfo | ParsedPage]:
    """The text in parts; the first heading of the first level is the title."""
    text = _without_front_matter(decoded(path.read_bytes()))
    tokens = _tokens(text)
    yield DocumentInfo(_title(tokens))
    yield from pages_of(_blocks(tokens))


def _without_front_matter(text: str) -> str:
    if text.startswith("---\n"):
        end = text.find("\n---\n", 4)
        if end > 0 and _YAML.match(text, 4):
            return text[end + 5 :]
    return text


def _tokens(text: str) -> list[Token]:
    """The tokens, after one that stands for the beginning."""
    start = Token("start", "", 0)
    return [start, *MarkdownIt("commonmark").enable("table").parse(text)]


def _title(tokens: Sequence[Token]) -> str:
    for token, following in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h1":
            return _plain(following)
    return ""


def _blocks(tokens: Sequence[Token]) -> Iterator[TextBlock]:
    sections = Sections()
    marker = ""
    table: list[list[str]] = []
    for before, token in pairwise(tokens):
        if token.type == "list_item_open":
            marker = f"{token.info}{token.markup} " if token.info else "- "
        elif token.type == "tr_open":
            table.append([])
        elif token.type == "table_close":
            yield from table_rows(table, sections.path)
            table = []
        elif token.type == "inline" and before.type in ("th_open", "td_open"):
            table[-1].append(one_line(_plain(token), MAX_CELL_CHARACTERS))
        else:
            for text, kind in _texts(before, token):
                if kind == "heading":
                    sections.enter(int(before.tag[1]), text)
                yield TextBlock(marker + text, kind, sections.path)
                marker = ""


def _texts(before: Token, token: Token) -> Iterator[tuple[str, BlockKind]]:
    """The text of a token outside tables."""
    if token.type == "inline":
        yield _plain(token), "heading" if before.type == "heading_open" else "paragraph"
    elif token.type in ("fence", "code_block"):
        yield token.content.rstrip(), "paragraph"
    elif token.type == "html_block":
        for block in blocks_in(token.content):
            yield block.text, "paragraph"


def _plain(inline: Token) -> str:
    """The words of a paragraph, without the marks around them."""
    pieces: list[str] = []
    for token in inline.children or []:
        if token.type in ("text", "code_inline"):
            pieces.append(token.content)
        elif token.type == "softbreak":
            pieces.append(" ")
        elif token.type == "hardbreak" or _is_break(token):
            pieces.append("\n")
        elif token.type == "image":
            pieces.append(token.content)
    return "\n".join(line.strip() for line in "".join(pieces).split("\n")).strip()


def _is_break(token: Token) -> bool:
    return token.type == "html_inline" and _BREAK.match(token.content) is not None
