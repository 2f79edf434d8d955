"""Boxes survive packing, and a highlight covers what it should and little else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from retrieval.boxes import packed_boxes, span_rects, unpacked_boxes
from retrieval.types import Boxes, Span

_any_boxes = st.integers(0, 60).flatmap(
    lambda n: arrays(np.float32, (n, 4), elements=st.floats(-20_000, 20_000, width=32))
)


def line(count: int, x: float = 0, y: float = 0, width: float = 5, height: float = 10) -> Boxes:
    return np.array(
        [[x + n * width, y, x + (n + 1) * width, y + height] for n in range(count)], np.float32
    )


def turned(boxes: Boxes) -> Boxes:
    return boxes[:, [1, 0, 3, 2]]


@given(_any_boxes)
def test_boxes_survive_packing_within_half_a_step(boxes: Boxes) -> None:
    step = max(0.05, float(np.abs(boxes).max(initial=0)) / 32_000)
    unpacked = unpacked_boxes(packed_boxes(boxes), len(boxes))
    assert unpacked.shape == boxes.shape
    np.testing.assert_allclose(unpacked, boxes, atol=0.51 * step + 1e-3)


def test_no_box_stays_no_box() -> None:
    boxes = np.concatenate([line(3), np.zeros((2, 4), np.float32), line(3, x=40)])
    assert not unpacked_boxes(packed_boxes(boxes))[3:5].any()


def test_a_wrong_count_is_refused() -> None:
    with pytest.raises(ValueError, match="3 boxes instead of 4"):
        unpacked_boxes(packed_boxes(line(3)), 4)


def test_damaged_boxes_are_refused() -> None:
    packed = packed_boxes(line(300))
    with pytest.raises(ValueError, match="reshape"):
        unpacked_boxes(packed[: len(packed) // 2])


def test_a_line_is_one_rectangle() -> None:
    assert span_rects(line(10), Span(2, 6)) == [(10, 0, 30, 10)]


def test_each_line_is_a_rectangle() -> None:
    boxes = np.concatenate([line(10, y=12), line(10, y=0)])
    assert span_rects(boxes, Span(5, 15)) == [(25, 12, 50, 22), (0, 0, 25, 10)]


def test_characters_without_a_box_do_not_part_a_line() -> None:
    boxes = line(10)
    boxes[4] = 0
    assert span_rects(boxes, Span(0, 10)) == [(0, 0, 50, 10)]


def test_columns_are_not_joined() -> None:
    boxes = np.concatenate([line(5), line(5, x=300)])
    assert span_rects(boxes, Span(0, 10)) == [(0, 0, 25, 10), (300, 0, 325, 10)]


def test_a_line_that_runs_upwards_is_one_rectangle() -> None:
    assert span_rects(turned(line(10)), Span(0, 10)) == [(0, 0, 10, 50)]


def test_an_empty_span_has_no_rectangle() -> None:
    assert span_rects(line(10), Span(3, 3)) == []
    assert span_rects(np.zeros((10, 4), np.float32), Span(0, 10)) == []


@given(st.integers(1, 30), st.integers(0, 29), st.integers(0, 30))
def test_every_character_is_covered(count: int, start: int, length: int) -> None:
    boxes = line(count, width=6)
    span = Span(min(start, count), min(start + length, count))
    rects = span_rects(boxes, span)
    for x0, y0, x1, y1 in boxes[span.start : span.end].tolist():
        assert any(a <= x0 and b <= y0 and c >= x1 and d >= y1 for a, b, c, d in rects)


def test_an_index_at_an_end_is_marked_without_what_stands_over_it() -> None:
    """As of two numbers behind a letter, one raised and one lowered, the second alone is of it."""
    lowered = np.array([(50, -3, 54, 4)], np.float32)
    at_the_end = np.concatenate([line(10), lowered])
    assert span_rects(at_the_end, Span(0, 11)) == [(0, 0, 50, 10), (50, -3, 54, 4)]
    at_the_start = np.concatenate([lowered - (54, 0, 54, 0), line(10)])
    assert span_rects(at_the_start, Span(0, 11)) == [(-4, -3, 0, 4), (0, 0, 50, 10)]
    between = np.concatenate([line(10), lowered, line(4, x=54)])
    assert span_rects(between, Span(0, 15)) == [(0, -3, 74, 10)]
