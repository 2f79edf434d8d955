"""Character boxes: packed for storage, and merged into rectangles for a highlight."""

from __future__ import annotations

import statistics
import struct
import zlib
from itertools import chain, takewhile

import numpy as np

from retrieval.types import Boxes, Span

Rect = tuple[float, float, float, float]

_FINEST_STEP = 0.05
# How many times the usual height an index or an exponent has at most.
_SMALL = 0.85
_HEADER = struct.Struct("<fI")


def packed_boxes(boxes: Boxes) -> bytes:
    """Boxes as compressed 16-bit steps of at most 1/20 point (coarser only beyond 1,638 points)."""
    extent = float(np.abs(boxes).max(initial=0.0))
    step = max(_FINEST_STEP, extent / 32_000)
    steps = np.rint(boxes / step).astype("<i2")
    deltas = np.diff(steps, axis=0, prepend=np.zeros((1, 4), "<i2"))
    return _HEADER.pack(step, len(boxes)) + zlib.compress(deltas.T.tobytes(), 6)


def unpacked_boxes(packed: bytes, count: int | None = None) -> Boxes:
    """The inverse of ``packed_boxes``, within half a step; never inflates beyond the boxes.

    Raises ValueError if there are not ``count`` of them, where that is given.
    """
    step, stored = _HEADER.unpack_from(packed)
    if count is not None and stored != count:
        raise ValueError(f"{stored} boxes instead of {count}")
    size = stored * 4 * np.dtype("<i2").itemsize
    steps = zlib.decompressobj().decompress(packed[_HEADER.size :], max(1, size))
    deltas = np.frombuffer(steps, "<i2").reshape(4, stored).T
    summed = np.cumsum(deltas, axis=0, dtype=np.int16)
    return summed.astype(np.float32) * np.float32(step)


def span_rects(boxes: Boxes, span: Span) -> list[Rect]:
    """The rectangles that cover a span, one for each run of characters on a line, in points."""
    runs: list[list[Rect]] = []
    for x0, y0, x1, y1 in boxes[span.start : span.end].tolist():
        if x1 <= x0 or y1 <= y0:
            continue
        box = (x0, y0, x1, y1)
        if runs and (_continues(runs[-1][-1], box, 0) or _continues(runs[-1][-1], box, 1)):
            runs[-1].append(box)
        else:
            runs.append([box])
    if not runs:
        return []
    usual = statistics.median(chain.from_iterable(map(_heights, runs)))
    runs[:1] = _parted(runs[0], usual)
    runs[-1:] = [run[::-1] for run in reversed(_parted(runs[-1][::-1], usual))]
    return [_covering(run) for run in runs]


def _parted(run: list[Rect], usual: float) -> list[list[Rect]]:
    """The small characters that a run begins with, and the rest of it.

    A span that begins or ends at an index of a formula leaves out what stands over or under it.
    """
    small = [height < _SMALL * usual for height in _heights(run)]
    count = len(list(takewhile(bool, small)))
    return [part for part in (run[:count], run[count:]) if part]


def _covering(run: list[Rect]) -> Rect:
    x0, y0, x1, y1 = zip(*run, strict=True)
    return (round(min(x0), 2), round(min(y0), 2), round(max(x1), 2), round(max(y1), 2))


def _heights(run: list[Rect]) -> list[float]:
    across = 1 - _axis(run)
    return [box[across + 2] - box[across] for box in run]


def _axis(run: list[Rect]) -> int:
    """Whether a line runs along x (0) or along y (1)."""
    return 0 if _extent(run, 0) >= _extent(run, 1) else 1


def _extent(run: list[Rect], axis: int) -> float:
    return max(box[axis + 2] for box in run) - min(box[axis] for box in run)


def _continues(previous: Rect, box: Rect, along: int) -> bool:
    """Whether a character box follows another on a line that runs along x (0) or along y (1)."""
    across = 1 - along
    thickness = [b[across + 2] - b[across] for b in (previous, box)]
    shared = min(previous[across + 2], box[across + 2]) - max(previous[across], box[across])
    gap = max(box[along] - previous[along + 2], previous[along] - box[along + 2])
    return shared > 0.5 * min(thickness) and gap < 1.5 * max(thickness)
