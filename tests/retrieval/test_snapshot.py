from __future__ import annotations

import json
import logging
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.dense import DenseIndex
from retrieval.faiss_tiers import Tier, Tiers
from retrieval.snapshot import load_snapshot, save_snapshot
from retrieval.types import Scope

DIMENSIONS = 8
GENERATION = "model@1"
ALL = Scope(collections=frozenset({0, 1}))
TIERS = {Tier.EXACT: Tiers(), Tier.IVF: Tiers(ivf_from=50), Tier.IVF_SQ8: Tiers(50, 100)}


def vectors_of(rows: int, seed: int, dimensions: int = DIMENSIONS) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).standard_normal((rows, dimensions)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def example(tiers: Tiers) -> DenseIndex:
    """A main part, a tail, removed documents in both, and a document without chunks."""
    index = DenseIndex(DIMENSIONS, tiers)
    for document_id in range(40):
        ids = range(document_id * 10, document_id * 10 + 5)
        index.add(document_id, document_id % 2, ids, vectors_of(5, document_id))
    index.merge()
    index.add(100, 0, range(1000, 1003), vectors_of(3, 100))
    index.add(101, 1, range(1010, 1013), vectors_of(3, 101))
    index.add(102, 1, [], vectors_of(0, 1))
    index.remove_document(7)
    index.remove_document(100)
    return index


def damaged(path: Path, data: bytes) -> None:
    """What a damaged file has to come to: no snapshot, no exception, no leftover."""
    path.write_bytes(data)
    assert load_snapshot(path, GENERATION) is None
    assert list(path.parent.iterdir()) == [path]


@pytest.fixture(params=list(Tier))
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, DenseIndex, Tiers]:
    tiers = TIERS[request.param]
    index = example(tiers)
    path = tmp_path / "dense.snapshot"
    save_snapshot(index, path, GENERATION, 17)
    assert index.state.main.tier is request.param
    return path, index, tiers


def test_loaded_index_answers_and_goes_on_alike(saved: tuple[Path, DenseIndex, Tiers]) -> None:
    path, index, tiers = saved
    loaded = load_snapshot(path, GENERATION, tiers)
    assert loaded is not None
    copy, seq = loaded
    assert seq == 17
    for change in (_nothing, _change, DenseIndex.merge):
        change(index)
        change(copy)
        assert copy.documents() == index.documents()
        assert len(copy) == len(index)
        for query in vectors_of(20, 500):
            assert copy.search(query, ALL, 15) == index.search(query, ALL, 15)


def _nothing(index: DenseIndex) -> None:
    pass


def _change(index: DenseIndex) -> None:
    index.add(200, 0, range(2000, 2004), vectors_of(4, 200))
    index.remove_document(3)
    index.remove_document(101)


def test_empty_index_survives(tmp_path: Path) -> None:
    path = tmp_path / "dense.snapshot"
    save_snapshot(DenseIndex(DIMENSIONS), path, GENERATION, 0)
    loaded = load_snapshot(path, GENERATION)
    assert loaded is not None
    assert len(loaded[0]) == 0


def test_file_cut_anywhere_is_not_used(saved: tuple[Path, DenseIndex, Tiers]) -> None:
    path, _, _ = saved
    data = path.read_bytes()
    cuts = {0, 1, 8, 47, 48, 49, len(data) - 1, *range(0, len(data), 1024)}
    for cut in sorted(cuts):
        damaged(path, data[:cut])
    damaged(path, data + b"\0")


def test_flipped_bit_anywhere_is_not_used(saved: tuple[Path, DenseIndex, Tiers]) -> None:
    path, _, _ = saved
    data = path.read_bytes()
    random = np.random.default_rng(4)
    positions = [*range(48), *random.integers(0, len(data), 60).tolist()]
    for position in positions:
        flipped = bytearray(data)
        flipped[position] ^= 1 << int(random.integers(8))
        damaged(path, bytes(flipped))


def test_zeroed_page_is_not_used(saved: tuple[Path, DenseIndex, Tiers]) -> None:
    path, _, _ = saved
    data = path.read_bytes()
    for page in range(0, len(data), 4096):
        zeroed = data[:page] + bytes(len(data[page : page + 4096])) + data[page + 4096 :]
        if zeroed != data:
            damaged(path, zeroed)


def test_foreign_future_and_missing_files_are_not_used(
    saved: tuple[Path, DenseIndex, Tiers], caplog: pytest.LogCaptureFixture
) -> None:
    path, _, _ = saved
    data = path.read_bytes()
    caplog.set_level(logging.INFO)
    assert load_snapshot(path, "model@2") is None
    damaged(path, data[:8] + struct.pack("<I", 2) + data[12:])
    damaged(path, b"something else entirely" * 100)
    path.unlink()
    assert load_snapshot(path, GENERATION) is None
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 4
    for message, reason in zip(
        messages, ["'model@1'", "format", "no snapshot", "no dense"], strict=True
    ):
        assert reason in message
        assert str(path) in message


def test_folder_in_place_of_the_file_is_not_used(tmp_path: Path) -> None:
    assert load_snapshot(tmp_path, GENERATION) is None


def test_rebuild_after_damage_answers_right(saved: tuple[Path, DenseIndex, Tiers]) -> None:
    path, index, tiers = saved
    path.write_bytes(path.read_bytes()[:-10])
    assert load_snapshot(path, GENERATION, tiers) is None
    rebuilt = example(tiers)
    save_snapshot(rebuilt, path, GENERATION, 18)
    loaded = load_snapshot(path, GENERATION, tiers)
    assert loaded is not None
    query = vectors_of(1, 9)[0]
    assert loaded[0].search(query, ALL, 10) == index.search(query, ALL, 10)


def test_leftover_of_a_killed_save_is_cleaned(saved: tuple[Path, DenseIndex, Tiers]) -> None:
    path, _, tiers = saved
    leftover = path.with_name(path.name + ".tmp")
    leftover.write_bytes(b"half a snapshot")
    assert load_snapshot(path, GENERATION, tiers) is not None
    assert not leftover.exists()


def test_failed_save_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "dense.snapshot"
    save_snapshot(example(Tiers()), path, GENERATION, 1)
    leftover = path.with_name(path.name + ".tmp")
    leftover.mkdir()
    with pytest.raises(OSError, match="directory"):
        save_snapshot(example(Tiers()), path, GENERATION, 2)
    leftover.rmdir()
    loaded = load_snapshot(path, GENERATION)
    assert loaded is not None
    assert loaded[1] == 1


def test_header_is_readable_json(tmp_path: Path) -> None:
    path = tmp_path / "dense.snapshot"
    save_snapshot(example(Tiers()), path, GENERATION, 1)
    data = path.read_bytes()
    length = struct.unpack("<I", data[12:16])[0]
    header = json.loads(data[48 : 48 + length])
    assert (header["generation"], header["seq"], header["dimensions"]) == (GENERATION, 1, 8)


def test_fifty_thousand_vectors_load_in_under_a_second(tmp_path: Path) -> None:
    index = DenseIndex(384)
    for start in range(0, 50_000, 5_000):
        index.add(start, 0, range(start, start + 5_000), vectors_of(5_000, start, 384))
    index.merge()
    path = tmp_path / "dense.snapshot"
    save_snapshot(index, path, GENERATION, 1)
    started = time.process_time()
    assert load_snapshot(path, GENERATION) is not None
    assert time.process_time() - started < 1.0
