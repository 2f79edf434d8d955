"""Every hostile file ends as ready or failed, in time, and never grows the process that asked."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from ingest.errors import IngestError, UnsupportedFormat
from ingest.formats import media_type_of
from ingest.pages import ParsedPage
from ingest.sandbox import Limits, parse
from tests.fixtures.hostile_files import HOSTILE

LIMITS = Limits(
    memory_bytes=1 << 30,
    cpu_seconds=3,
    wall_seconds=30,
    stall_seconds=20,
    max_pages=1_000,
    max_characters=2_000_000,
    max_line_bytes=16 << 20,
    max_output_bytes=64 << 20,
)
LONGEST = 45.0
MOST_GROWTH = 60 << 20

READY = {"external_entity", "outline_cycle", "far_cell", "nested_arrays"}
"""What holds real text and must not be refused."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_ends_in_time_and_harms_nobody(name: str, folder: Path) -> None:
    ending, write = HOSTILE[name]
    path = folder / f"{name}.{ending}"
    write(path)
    process = psutil.Process()
    children = len(process.children())
    before = process.memory_info().rss
    started = time.monotonic()
    error: IngestError | None = None
    text = ""
    peak = before
    try:
        for item in parse(path, media_type_of(path, path.name), LIMITS):
            peak = max(peak, process.memory_info().rss)
            if isinstance(item, ParsedPage):
                text = text[-10_000:] + item.page.text[-10_000:]
    except IngestError as caught:
        error = caught
    outcome = f"{error.code}: {error.message}" if error else "ready"
    print(f"{name}: {outcome}, {time.monotonic() - started:.1f} s, +{(peak - before) >> 20} MB")
    assert time.monotonic() - started < LONGEST
    assert peak - before < MOST_GROWTH
    assert len(process.children()) == children
    assert not isinstance(error, UnsupportedFormat)
    assert error is None or error.message
    if name in READY:
        assert error is None
        assert text
    if name == "external_entity":
        assert "root:" not in text
    if name == "far_cell":
        assert text.endswith("last")
    path.unlink()
