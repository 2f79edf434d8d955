"""Excel (xlsx): the rows of each sheet, with values as a person would write them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from ingest.errors import DamagedFile
from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers.archive import opened
from ingest.parsers.page_text import one_line, pages_of
from ingest.parsers.table import MAX_CELL_CHARACTERS, table_rows

_BROKEN = (InvalidFileException, ValueError, KeyError, TypeError, AttributeError, IndexError)
"""What openpyxl raises on damaged files."""


def parse(path: Path) -> Iterator[DocumentInfo | ParsedPage]:
    """The sheets in order, each in parts labelled with its name.

    Raises DamagedFile, PasswordNeeded or LimitExceeded.
    """
    with opened(path):
        pass
    warnings.simplefilter("ignore")  # openpyxl warns of every extension that it does not know
    try:
        # As an open file: given a path, openpyxl judges by its ending, and originals have none.
        with path.open("rb") as file, closing(_book(file)) as book:
            yield DocumentInfo(one_line(book.properties.title or "", 500))
            number = 1
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # the declared dimension may lie, and rows would be lost
                rows = table_rows(_rows(sheet), (one_line(sheet.title, 200),))
                for parsed in pages_of(rows, sheet.title, number):
                    yield parsed
                    number += 1
    except _BROKEN as error:
        raise DamagedFile(f"The Excel file is damaged ({one_line(str(error), 200)}).") from error


def _book(file: BinaryIO) -> Any:
    return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)


def _rows(sheet: Any) -> Iterator[list[str]]:
    for row in sheet.iter_rows():
        cells = [_written(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        yield cells


def _written(cell: Any) -> str:
    """The value as text: no needless midnight, no floating-point dust, percent as percent."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | int):
        return _number(value, str(cell.number_format))
    if isinstance(value, datetime):
        midnight = not (value.hour or value.minute or value.second)
        return value.date().isoformat() if midnight else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time | timedelta):
        return str(value)
    return one_line(str(value), MAX_CELL_CHARACTERS)


def _number(value: float, number_format: str) -> str:
    if "%" in number_format:
        return f"{value * 100:.10g}%"
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.12g}"
