"""A number that outlives the process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class NumberFile:
    """A number in a file, 0 where there is none; written whole or not at all."""

    path: Path

    def read(self) -> int:
        """The number. Raises ``OSError`` where it cannot be read."""
        try:
            return int(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def write(self, value: int) -> None:
        """Keep a number. Raises ``OSError`` where the disk does not take it."""
        temporary = self.path.with_name(self.path.name + ".tmp")
        temporary.write_text(str(value))
        temporary.replace(self.path)
