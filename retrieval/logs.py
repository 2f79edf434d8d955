"""What a process writes to its log: what happened, where and when, and never what it was about.

Questions, documents, names and keys come into messages by two ways that nobody sees in the code:
the text of an exception, and what libraries say of what they were given. So an exception is written
as its type and its place, and of a library's message only what its authors wrote.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

_OWN = ("serve", "ingest", "retrieval")
_SPOKEN = (*_OWN, "uvicorn", "alembic")
"""Whose messages are written in full."""


def write_logs(level: str, form: str = "text") -> None:
    """Have this process write our own log from a level on, in the form ``text`` or ``json``."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in _OWN:
        logging.getLogger(name).setLevel(level.upper())


class TextLines(logging.Formatter):
    """A line a record, then a line for each place that an exception came through."""

    def format(self, record: logging.LogRecord) -> str:
        """The lines of a record."""
        parts = [f"{_moment(record)} {record.levelname} {record.name}: {_message(record)}"]
        parts += [f"    {line}" for line in _exception(record)]
        return "\n".join(parts)


class JsonLines(logging.Formatter):
    """A JSON object a record; what it counts stands in fields of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line: dict[str, Any] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **getattr(record, "fields", {}),
        }
        if exception := _exception(record):
            line["exception"] = exception
        return json.dumps(line, ensure_ascii=False)


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _message(record: logging.LogRecord) -> str:
    if record.name.split(".")[0] in _SPOKEN:
        return record.getMessage()
    said = str(record.msg) if record.args else "a message"
    return f"{said} [{record.module}:{record.lineno}]"


def _exception(record: logging.LogRecord) -> list[str]:
    """The types of an exception and its causes, each with the places that it came through."""
    error = record.exc_info[1] if record.exc_info else None
    lines: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        lines.append(_kind(error))
        lines += [
            f"  {frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        hidden = error.__suppress_context__
        error = error.__cause__ or (None if hidden else error.__context__)
    return lines


def _kind(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, OSError) and error.strerror:
        return f"{kind}: {error.strerror}"
    return kind
