"""The SHA-256 sums of the files of a folder, as ``sha256sum`` writes and reads them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SUMS_FILE = "SHA256SUMS"

_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](.+)")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the files of a folder are, beside what its list of sums says."""

    same: int
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]
    unreadable_lines: int


def files_of(folder: Path) -> Iterator[str]:
    """The files below a folder, but for hidden ones and the list itself, in the order of names."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = Path(parent).relative_to(folder)
        found += [(inside / name).as_posix() for name in names if not name.startswith(".")]
    return iter(sorted(set(found) - {SUMS_FILE}))


def write_sums(folder: Path, on_file: Callable[[str], None] = lambda name: None) -> int:
    """Write the list of a folder, whole or not at all; how many files it lists."""
    lines = []
    for name in files_of(folder):
        on_file(name)
        lines.append(f"{_sum_of(folder / name)}  {name}\n")
    beside = folder / f".{SUMS_FILE}.new"
    beside.write_text("".join(lines), encoding="utf-8")
    beside.replace(folder / SUMS_FILE)
    return len(lines)


def compare_sums(folder: Path, on_file: Callable[[str], None] = lambda name: None) -> Comparison:
    """The files of a folder beside its list, which must be there."""
    listed, unreadable = _listed(folder / SUMS_FILE)
    present = set(files_of(folder))
    changed = []
    for name in sorted(listed.keys() & present):
        on_file(name)
        if _sum_of(folder / name) != listed[name]:
            changed.append(name)
    return Comparison(
        same=len(listed.keys() & present) - len(changed),
        changed=tuple(changed),
        missing=tuple(sorted(listed.keys() - present)),
        unlisted=tuple(sorted(present - listed.keys())),
        unreadable_lines=unreadable,
    )


def _listed(path: Path) -> tuple[dict[str, str], int]:
    sums: dict[str, str] = {}
    unreadable = 0
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        match = _LINE.fullmatch(line)
        if match:
            sums[match[2].removeprefix("./")] = match[1].lower()
        elif line.strip():
            unreadable += 1
    return sums, unreadable


def _sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
