"""Tables as text: one line for each row, with the header row carried along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from ingest.parsers.page_text import TextBlock

MAX_CELL_CHARACTERS = 1_000_000
"""What is longer is no cell; Excel itself allows 32,767."""

_LOOKED_AHEAD = 100
_SEPARATOR = " | "


def table_rows(rows: Iterable[Sequence[str]], section: tuple[str, ...] = ()) -> Iterator[TextBlock]:
    """The rows as blocks; empty rows and columns are left out.

    A row of words above a row of the table is its header; an empty row ends a table.
    """
    source = iter(rows)
    first = list(islice(source, _LOOKED_AHEAD))
    used = _used_columns(first)
    header = ""
    at_top = True
    for cells in _chained(first, source):
        line = _line(cells, used)
        if not line:
            header, at_top = "", True
            continue
        if at_top and _is_title(cells):
            yield TextBlock(line, "paragraph", section)
            continue
        yield TextBlock(line, "row", section, header)
        if at_top:
            header = line if _is_header(cells) else ""
            at_top = False


def _chained(
    first: Sequence[Sequence[str]], rest: Iterable[Sequence[str]]
) -> Iterator[Sequence[str]]:
    yield from first
    yield from rest


def _used_columns(rows: Iterable[Sequence[str]]) -> frozenset[int]:
    """Columns with a value in the rows looked at."""
    return frozenset(index for cells in rows for index, cell in enumerate(cells) if cell)


def _line(cells: Sequence[str], used: frozenset[int]) -> str:
    """The row's text; an empty cell keeps its place where its column is used."""
    kept = [cell for index, cell in enumerate(cells) if cell or index in used]
    while kept and not kept[-1]:
        kept.pop()
    return _SEPARATOR.join(kept)


def _is_title(cells: Sequence[str]) -> bool:
    """Whether one cell alone is filled in a table of several columns."""
    return len(cells) > 1 and sum(map(bool, cells)) == 1


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a row names columns: at least two cells, none a plain number."""
    filled = [cell for cell in cells if cell]
    return len(filled) > 1 and not any(_is_number(cell) for cell in filled)


def _is_number(cell: str) -> bool:
    digits = sum(map(str.isdigit, cell))
    is_year = len(cell) == 4 and cell.isdigit() and cell[:2] in ("19", "20")
    return not is_year and digits > 0 and not any(map(str.isalpha, cell))
