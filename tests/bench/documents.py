"""Documents for measuring ingestion: PDFs and texts made of the open sets, and real PDFs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from fpdf import FPDF
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from tests.bench.options import Options

_PARAGRAPHS = 3
_LARGEST_QUICK = 100_000


def made_documents(options: Options) -> Path:
    """A folder of 200 documents, eight in ten of them PDFs made of open texts, kept once made."""
    count = 12 if options.quick else 200
    folder = options.cache / f"documents-{count}"
    if folder.exists():
        return folder
    unfinished = options.cache / f"documents-{count}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    real = list(_readable(options.data / "pdf", options))[: 2 if options.quick else None]
    for path in real:
        shutil.copy(path, unfinished)
    texts = _texts(options.data)
    for number in range(count - len(real)):
        title, paragraphs = next(texts)
        if number < 0.8 * count:
            _write_pdf(unfinished / f"made {number:03}.pdf", title, paragraphs)
        else:
            text = "\n\n".join((title, *paragraphs)) + "\n"
            (unfinished / f"made {number:03}.txt").write_text(text, encoding="utf-8")
    unfinished.rename(folder)
    return folder


def _texts(data: Path) -> Iterator[tuple[str, Sequence[str]]]:
    """Titles with a few paragraphs each, English and French by turns."""
    streams = [_paragraphs(data / name) for name in ("squad2-dev-open.json", "piaf-open.json")]
    number = 0
    while streams:
        stream = streams[number % len(streams)]
        taken = [next(stream, "") for _ in range(_PARAGRAPHS)]
        if not all(taken):
            streams.remove(stream)
            continue
        number += 1
        yield f"Document {number}", taken


def _paragraphs(path: Path) -> Iterator[str]:
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            yield " ".join(paragraph["context"].split())


def _write_pdf(path: Path, title: str, paragraphs: Sequence[str]) -> None:
    page = FPDF()
    page.add_page()
    page.set_font("Helvetica", "B", 16)
    page.multi_cell(0, 9, title, new_x="LMARGIN", new_y="NEXT")
    page.set_font("Helvetica", "", 11)
    for paragraph in paragraphs:
        text = paragraph.encode("cp1252", "replace").decode("cp1252")
        page.multi_cell(0, 5.5, text.encode("latin-1", "replace").decode("latin-1"), align="J")
        page.ln(3)
    page.output(str(path))


def _readable(folder: Path, options: Options) -> Iterator[Path]:
    """The PDFs that need no password and whose text pypdf, which the peers use, can read."""
    for path in sorted(folder.glob("*.pdf")):
        if options.quick and path.stat().st_size > _LARGEST_QUICK:
            continue
        try:
            reader = PdfReader(path)
            if not reader.is_encrypted and any(page.extract_text() for page in reader.pages):
                yield path
        except (PyPdfError, ValueError, KeyError):
            continue
