"""The files of a tantivy index, read without tantivy: are they whole?

tantivy writes a checksum at the end of each file and does not look at it when it opens an index.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path

# The footer as of tantivy 0.27: JSON with "crc", its length and this number, both 32 bit.
_FOOTER_MAGIC = 1337
_READ_BYTES = 1 << 20
_KINDS = ("fast", "fieldnorm", "idx", "pos", "store", "term")


class SegmentsDamaged(Exception):
    """A file of the index is missing, cut or changed."""


def check_segments(folder: Path) -> None:
    """Read every file of the last commit against its checksum (about 1 GB/s).

    Raises ``SegmentsDamaged`` for the first that does not agree.
    """
    for path in _committed_files(folder):
        try:
            _check(path)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SegmentsDamaged(f"{path.name}: {error!r}") from error


def _committed_files(folder: Path) -> list[Path]:
    try:
        meta = json.loads((folder / "meta.json").read_bytes())
        return [path for entry in meta["segments"] for path in _files(folder, entry)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SegmentsDamaged(f"meta.json: {error!r}") from error


def _files(folder: Path, entry: dict[str, object]) -> list[Path]:
    """The files of one segment."""
    name = str(entry["segment_id"]).replace("-", "")
    files = [folder / f"{name}.{kind}" for kind in _KINDS]
    deletes = entry["deletes"]
    if isinstance(deletes, dict):
        files.append(folder / f"{name}.{int(deletes['opstamp'])}.del")
    return files


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
