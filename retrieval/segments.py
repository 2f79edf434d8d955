"""The files of a tantivy index, read without tantivy: are they whole, how much in them is dead?

tantivy writes a checksum at the end of each file and does not look at it when it opens an index.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path

# The footer as of tantivy 0.27: JSON with "crc", its length and this number, both 32 bit.
_FOOTER_MAGIC = 1337
_READ_BYTES = 1 << 20
_KINDS = ("fast", "fieldnorm", "idx", "pos", "store", "term")


class SegmentsDamaged(Exception):
    """A file of the index is missing, cut or changed."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One immutable part of the index: all its documents, the dead among them, its files."""

    documents: int
    dead: int
    files: tuple[Path, ...]


def committed_segments(folder: Path) -> list[Segment]:
    """The segments of the last commit. Raises ``SegmentsDamaged`` where ``meta.json`` is unfit."""
    try:
        meta = json.loads((folder / "meta.json").read_bytes())
        return [_segment(folder, entry) for entry in meta["segments"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SegmentsDamaged(f"meta.json: {error!r}") from error


def check_segments(folder: Path) -> None:
    """Read every file of the last commit against its checksum (about 1 GB/s).

    Raises ``SegmentsDamaged`` for the first that does not agree.
    """
    for segment in committed_segments(folder):
        for path in segment.files:
            try:
                _check(path)
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise SegmentsDamaged(f"{path.name}: {error!r}") from error


def dead_share(folder: Path) -> float:
    """The dead documents of the last commit over all of them, 0..1."""
    segments = committed_segments(folder)
    documents = sum(segment.documents for segment in segments)
    return sum(segment.dead for segment in segments) / documents if documents else 0.0


def _segment(folder: Path, entry: dict[str, object]) -> Segment:
    name = str(entry["segment_id"]).replace("-", "")
    files = [folder / f"{name}.{kind}" for kind in _KINDS]
    dead = 0
    deletes = entry["deletes"]
    if isinstance(deletes, dict):
        files.append(folder / f"{name}.{int(deletes['opstamp'])}.del")
        dead = int(deletes["num_deleted_docs"])
    return Segment(int(str(entry["max_doc"])), dead, tuple(files))


def _check(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 8))
        tail = file.read(8)
        length = int.from_bytes(tail[:4], "little")
        body = size - 8 - length
        if int.from_bytes(tail[4:], "little") != _FOOTER_MAGIC or body < 0:
            raise SegmentsDamaged(f"{path.name}: no footer")
        file.seek(body)
        expected = json.loads(file.read(length))["crc"]
        file.seek(0)
        found = 0
        while body > 0:
            block = file.read(min(_READ_BYTES, body))
            if not block:
                raise SegmentsDamaged(f"{path.name}: it ends early")
            found = zlib.crc32(block, found)
            body -= len(block)
    if found != expected:
        raise SegmentsDamaged(f"{path.name}: its checksum does not agree")
