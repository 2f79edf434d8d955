"""What a run of the benchmarks was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ingest.chunking import ChunkSize

_ROOT = Path(__file__).parents[2]
_MAKE_A_CORPUS = (
    "ingest/chunking.py",
    "ingest/pieces.py",
    "ingest/parsers/text.py",
    "retrieval/sentences.py",
)


@dataclass(frozen=True, slots=True)
class Options:
    """Where the data lies, where to keep what was made, and whether to be brief."""

    data: Path
    cache: Path
    corpora: Path
    quick: bool = False

    @property
    def repeats(self) -> int:
        """How often a timing is taken."""
        return 1 if self.quick else 3

    @property
    def models(self) -> Path:
        """The folder of exported models."""
        return self.cache / "models"


def corpora_folder(cache: Path) -> Path:
    """A folder for corpora that belongs to the code by which they are made, as it is now."""
    digest = sha256(repr(ChunkSize()).encode())
    for name in _MAKE_A_CORPUS:
        digest.update((_ROOT / name).read_bytes())
    folder = cache / f"corpora-{digest.hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    models = cache / "models"
    models.mkdir(exist_ok=True)
    if not (folder / "models").exists():
        (folder / "models").symlink_to(models.absolute())
    return folder
