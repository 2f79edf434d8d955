"""What the numbers of a run were taken on."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

_FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def describe() -> str:
    """The processor, its features that matter, cores, memory, and how busy it is."""
    text = _text("/proc/cpuinfo")
    model = re.search(r"model name\s*:\s*(.+)", text)
    memory = re.search(r"MemTotal:\s*(\d+)", _text("/proc/meminfo"))
    gib = int(memory[1]) / (1 << 20) if memory else 0.0
    return (
        f"{model[1] if model else platform.processor()}, {os.cpu_count()} cores, {gib:.0f} GiB; "
        f"{', '.join(name for name in _FEATURES if name in text) or 'no vector extensions'}; "
        f"Python {platform.python_version()}; load {os.getloadavg()[0]:.1f} when it began"
    )


def has_bf16() -> bool:
    """Whether the processor multiplies bf16 matrices."""
    text = _text("/proc/cpuinfo")
    return "amx_bf16" in text or "avx512_bf16" in text


def _text(path: str) -> str:
    file = Path(path)
    return file.read_text() if file.exists() else ""
