"""Character boxes: packed for storage, and merged into rectangles for a highlight."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from retrieval.types import Boxes, Span

Rect = tuple[float, float, float, float]

_FINEST_STEP = 0.05
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
    rects: list[Rect] = []
    previous: Rect | None = None
    for x0, y0, x1, y1 in boxes[span.start : span.end].tolist():
        if x1 <= x0 or y1 <= y0:
            continue
        box = (x0, y0, x1, y1)
        if previous and (_continues(previous, box, 0) or _continues(previous, box, 1)):
            last = rects[-1]
            rects[-1] = (min(last[0], x0), min(last[1], y0), max(last[2], x1), max(last[3], y1))
        else:
            rects.append(box)
        previous = box
    return [(round(a, 2), round(b, 2), round(c, 2), round(d, 2)) for a, b, c, d in rects]


def _continues(previous: Rect, box: Rect, along: int) -> bool:
    """Whether a character box follows another on a line that runs along x (0) or along y (1)."""
    across = 1 - along
    thickness = [b[across + 2] - b[across] for b in (previous, box)]
    shared = min(previous[across + 2], box[across + 2]) - max(previous[across], box[across])
    gap = max(box[along] - previous[along + 2], previous[along] - box[along + 2])
    return shared > 0.5 * min(thickness) and gap < 1.5 * max(thickness)
