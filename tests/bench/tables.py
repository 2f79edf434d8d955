"""Tables as Markdown, so that what a run prints can stand in a page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table under a title."""
    print(f"\n### {title}\n", flush=True)
    for cells in (heads, ["---"] * len(heads), *rows):
        print("| " + " | ".join(cells) + " |")
    print(flush=True)


def percent(share: float | None) -> str:
    """A share, or a dash where there is none."""
    return "-" if share is None else f"{100 * share:.1f} %"


def milliseconds(seconds: Sequence[float]) -> str:
    """The median and the 95th percentile of durations."""
    p50, p95 = np.percentile(np.asarray(seconds) * 1_000, [50, 95])
    return f"{p50:.1f} / {p95:.1f}"


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """The least, the median and the greatest."""
    return " / ".join(f"{value:{form}}" for value in np.percentile(values, [0, 50, 100]))
