"""The file that a dense index is started from, trusted only when every byte agrees.

Layout: magic, version and length of the header (little endian, 32 bit each), SHA-256 of the header,
the header as JSON, then the sections that it lists, each from a multiple of 4096 bytes. FAISS's own
files have no checksum: a zeroed page loads and answers wrongly (research/reliability-security.md,
B2). The store stays the truth, so every doubt ends in "no snapshot".
"""

from __future__ import annotations

import hashlib
import json
import logging
import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from retrieval.dense import DenseIndex, DenseState, Tail
from retrieval.document_rows import DocumentRows
from retrieval.faiss_tiers import Tier, Tiers, exact_index, ivf_bytes, ivf_from_bytes, main_of
from retrieval.faults import fault

FORMAT_VERSION = 1

_LOG = logging.getLogger(__name__)

_MAGIC = b"CLOISTER"
_PREFIX = struct.Struct("<8sII32s")
_ALIGNMENT = mmap.ALLOCATIONGRANULARITY
_HEADER_LIMIT = 1 << 20
_BLOCK_BYTES = 1 << 22


class _SnapshotInvalid(Exception):
    """The file is not a snapshot that may be used."""


@dataclass(frozen=True, slots=True)
class _Section:
    """One array in the file: its length in bytes and what they hash to."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Header:
    """What the file says about itself. ``generation`` names the embedder that made the vectors."""

    generation: str
    seq: int
    dimensions: int
    tier: str
    sections: tuple[_Section, ...]

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> _Header:
        fields = json.loads(text)
        sections = tuple(_Section(**section) for section in fields.pop("sections"))
        return cls(sections=sections, **fields)


def save_snapshot(index: DenseIndex, path: Path, generation: str, seq: int) -> None:
    """Write the index to ``path``, whole or not at all, durable on return.

    Changes that the index takes in meanwhile are not in it. ``seq`` must not be later than what the
    index holds: read it before this call. Raises ``OSError`` where the disk does not take it; the
    file at ``path`` is then the old one.
    """
    state = index.state
    temporary = _temporary(path)
    try:
        with temporary.open("wb") as file:
            _write(file, state, index.dimensions, generation, seq)
            file.flush()
            os.fsync(file.fileno())
        if __debug__:
            fault("snapshot_written")
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def load_snapshot(
    path: Path, generation: str, tiers: Tiers | None = None
) -> tuple[DenseIndex, int] | None:
    """The index at ``path`` with its ``seq``; None, and a log line that says why, on any doubt.

    Reads and hashes the whole file. Vectors of the IVF tiers stay in the file, mapped into memory.
    """
    _temporary(path).unlink(missing_ok=True)
    try:
        return _read(path, generation, tiers)
    except FileNotFoundError:
        _LOG.info("no dense snapshot at %s", path)
    except (OSError, ValueError, _SnapshotInvalid) as error:
        _LOG.warning("dense snapshot at %s is not used: %s", path, error)
    return None


def _temporary(path: Path) -> Path:
    return path.with_name(path.name + ".tmp")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(file: BinaryIO, state: DenseState, dimensions: int, generation: str, seq: int) -> None:
    arrays = [(name, _bytes_of(array)) for name, array in _arrays(state)]
    sections = tuple(_Section(name, len(data), _sha256(data)) for name, data in arrays)
    header = _Header(generation, seq, dimensions, state.main.tier, sections).to_bytes()
    digest = hashlib.sha256(header).digest()
    file.write(_PREFIX.pack(_MAGIC, FORMAT_VERSION, len(header), digest) + header)
    for _, data in arrays:
        file.write(bytes(_gap(file.tell())))
        file.write(data)


def _arrays(state: DenseState) -> Iterator[tuple[str, NDArray[Any]]]:
    """The sections in file order."""
    rows, tail, main = state.rows, state.tail, state.main
    yield "documents", rows.documents
    yield "collections", rows.collections
    yield "lengths", rows.lengths
    yield "living", rows.living
    yield "main_ids", main.chunk_ids
    yield "tail_ids", tail.chunk_ids[: tail.rows]
    yield "tail_vectors", tail.vectors[: tail.rows].astype(np.float16)
    yield "main_vectors", main.vectors
    if main.tier is not Tier.EXACT:
        yield "ivf", ivf_bytes(main.index)


def _read(path: Path, generation: str, tiers: Tiers | None) -> tuple[DenseIndex, int]:
    with path.open("rb") as file:
        header = _read_header(file)
        if header.generation != generation:
            raise _SnapshotInvalid(f"its generation is {header.generation!r}, not {generation!r}")
        mapped = _Mapped(file, _check_sections(file, header))
        state = _state_from(mapped, header)
    return DenseIndex.of_state(header.dimensions, state, tiers), header.seq


def _state_from(mapped: _Mapped, header: _Header) -> DenseState:
    tier, dimensions = Tier(header.tier), header.dimensions
    vectors = mapped.array("main_vectors", np.float16).reshape(-1, dimensions)
    if tier is Tier.EXACT:
        index = exact_index(vectors)
    else:
        index = ivf_from_bytes(mapped.array("ivf", np.uint8))
    rows = DocumentRows.of(
        mapped.array("documents", np.int64),
        mapped.array("collections", np.int64),
        mapped.array("lengths", np.int64),
        mapped.array("living", np.bool_),
    )
    tail = Tail.of(
        np.array(mapped.array("tail_ids", np.int64)),
        mapped.array("tail_vectors", np.float16).reshape(-1, dimensions).astype(np.float32),
    )
    main_ids = np.array(mapped.array("main_ids", np.int64))
    return DenseState(main_of(tier, main_ids, vectors, index), tail, rows)


def _read_header(file: BinaryIO) -> _Header:
    prefix = file.read(_PREFIX.size)
    if len(prefix) < _PREFIX.size:
        raise _SnapshotInvalid("it ends early")
    magic, version, length, digest = _PREFIX.unpack(prefix)
    if magic != _MAGIC:
        raise _SnapshotInvalid("it is no snapshot")
    if version != FORMAT_VERSION:
        raise _SnapshotInvalid(f"its format is {version}, not {FORMAT_VERSION}")
    header = file.read(min(length, _HEADER_LIMIT))
    if hashlib.sha256(header).digest() != digest:
        raise _SnapshotInvalid("its header is damaged")
    return _Header.from_bytes(header)


def _check_sections(file: BinaryIO, header: _Header) -> dict[str, tuple[int, int]]:
    """Offset and size of every section, once all bytes up to the end of the file have agreed."""
    places = {}
    for section in header.sections:
        gap = _gap(file.tell())
        if file.read(gap) != bytes(gap):
            raise _SnapshotInvalid(f"the bytes before {section.name} are damaged")
        places[section.name] = (file.tell(), section.size)
        if _sha256_of_file(file, section.size) != section.sha256:
            raise _SnapshotInvalid(f"its {section.name} are damaged")
    if file.read(1):
        raise _SnapshotInvalid("it goes on after its end")
    return places


@dataclass(frozen=True, slots=True)
class _Mapped:
    """The sections of an open file as arrays over its pages."""

    file: BinaryIO
    places: dict[str, tuple[int, int]]

    def array(self, name: str, kind: type[Any]) -> NDArray[Any]:
        if name not in self.places:
            raise _SnapshotInvalid(f"it has no {name}")
        offset, size = self.places[name]
        if size == 0:
            return np.zeros(0, kind)
        length = size // np.dtype(kind).itemsize
        return np.memmap(self.file, kind, mode="r", offset=offset, shape=(length,))


def _gap(position: int) -> int:
    """Bytes up to where the next section may start."""
    return -position % _ALIGNMENT


def _bytes_of(array: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _sha256(data: memoryview) -> str:
    return hashlib.sha256(data).hexdigest()


def _sha256_of_file(file: BinaryIO, size: int) -> str:
    digest = hashlib.sha256()
    while size > 0 and (block := file.read(min(_BLOCK_BYTES, size))):
        digest.update(block)
        size -= len(block)
    return digest.hexdigest()
