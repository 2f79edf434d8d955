"""CSV: the delimiter and the encoding are found out; rows carry the header row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from ingest.errors import DamagedFile
from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers.page_text import pages_of
from ingest.parsers.table import table_rows
from ingest.parsers.text import decoded

_SAMPLE_LINES = 20
_DELIMITERS = ";,\t|"


def parse(path: Path) -> Iterator[DocumentInfo | ParsedPage]:
    """The rows in parts. Raises DamagedFile where a field never ends."""
    text = decoded(path.read_bytes())
    yield DocumentInfo()
    reader = csv.reader(StringIO(text), delimiter=_delimiter(text))
    rows = ([" ".join(cell.split()) for cell in row] for row in reader)
    try:
        yield from pages_of(table_rows(rows))
    except csv.Error as error:
        raise DamagedFile(f"The CSV breaks off: {error}.") from error


def _delimiter(text: str) -> str:
    """The candidate that divides the first lines most evenly into most fields."""
    lines = [line for line in text.split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES] if line.strip()]

    def evenness(delimiter: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        usual = max(set(counts), key=counts.count, default=1)
        return (counts.count(usual) if usual > 1 else 0), usual

    try:
        return max(_DELIMITERS, key=evenness)
    except csv.Error:
        return ","
