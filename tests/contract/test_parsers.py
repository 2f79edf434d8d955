"""What every parser promises, checked on what comes out of the sandbox."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.formats import media_type_of
from ingest.pages import DocumentInfo, ParsedPage
from ingest.sandbox import parse
from tests.fixtures.documents import (
    IMAGE_ENDINGS,
    WRITERS,
    write_image,
    write_pdf_with_attachment,
    write_scanned_pdf,
)
from tests.fixtures.tesseract import need_tesseract

CASES: dict[str, Callable[[Path], Path]] = {
    **WRITERS,
    "attachment.pdf": write_pdf_with_attachment,
    "scan.pdf": write_scanned_pdf,
    **dict.fromkeys(IMAGE_ENDINGS, write_image),
}


@pytest.fixture(scope="module", params=CASES)
def parsed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[DocumentInfo | ParsedPage]:
    case = str(request.param)
    if case in (*IMAGE_ENDINGS, "scan.pdf"):
        need_tesseract()
    path = CASES[case](tmp_path_factory.mktemp("documents") / f"a.{case}")
    media_type = media_type_of(path, path.name)
    # As originals are stored: their names say nothing of what they hold.
    return list(parse(path.rename(path.with_name("original")), media_type))


def pages_of(parsed: list[DocumentInfo | ParsedPage]) -> list[ParsedPage]:
    return [item for item in parsed if isinstance(item, ParsedPage)]


def test_facts_come_first_and_once(parsed: list[DocumentInfo | ParsedPage]) -> None:
    assert [isinstance(item, DocumentInfo) for item in parsed] == [True] + [False] * (
        len(parsed) - 1
    )


def test_pages_are_numbered_from_one(parsed: list[DocumentInfo | ParsedPage]) -> None:
    pages = pages_of(parsed)
    assert [one.page.number for one in pages] == list(range(1, len(pages) + 1))
    assert any(one.page.text for one in pages)


def test_blocks_are_in_order_inside_the_text(parsed: list[DocumentInfo | ParsedPage]) -> None:
    for one in pages_of(parsed):
        end = 0
        for block in one.blocks:
            assert end <= block.start < block.end <= len(one.page.text)
            end = block.end
            words = one.page.text[block.start : block.end]
            assert words.strip()
            assert words == words.strip()


def test_all_text_is_in_blocks(parsed: list[DocumentInfo | ParsedPage]) -> None:
    for one in pages_of(parsed):
        inside = sum(block.end - block.start for block in one.blocks)
        outside = one.page.text[one.blocks[-1].end :] if one.blocks else ""
        assert not outside.strip()
        assert inside >= len("".join(one.page.text.split("\n"))) - 1


def test_every_character_has_a_box_or_none_has(parsed: list[DocumentInfo | ParsedPage]) -> None:
    for one in pages_of(parsed):
        boxes = one.page.boxes
        if boxes is None:
            continue
        assert boxes.shape == (len(one.page.text), 4)
        assert (boxes[:, 2] >= boxes[:, 0]).all()
        assert (boxes[:, 3] >= boxes[:, 1]).all()
        visible = [index for index, letter in enumerate(one.page.text) if not letter.isspace()]
        assert (boxes[visible, 2] > boxes[visible, 0]).mean() > 0.98 if visible else True


def test_text_is_clean(parsed: list[DocumentInfo | ParsedPage]) -> None:
    for one in pages_of(parsed):
        for letter in one.page.text:
            assert letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs")


def test_a_parser_imports_only_what_it_needs() -> None:
    script = (
        "import sys; from ingest.parsers import parser_for; parser_for('text/plain');"
        "print([name for name in ('lxml', 'pypdfium2', 'openpyxl', 'PIL', 'bs4', 'pypdf')"
        " if name in sys.modules])"
    )
    root = Path(__file__).parent.parent.parent
    command = [sys.executable, "-c", script]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
