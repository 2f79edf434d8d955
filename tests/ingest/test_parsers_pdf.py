"""PDF: paragraphs, boxes, sections, rotation, encryption, attachments."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pypdfium2
import pytest

from ingest.errors import DamagedFile, PasswordNeeded
from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers import pdf_fallback
from ingest.sandbox import parse
from retrieval.boxes import span_rects
from retrieval.types import Span
from tests.fixtures.documents import (
    GARDEN,
    LIBRARY,
    TWO_COLUMNS,
    write_encrypted_pdf,
    write_pdf,
    write_pdf_with_attachment,
    write_sideways_pdf,
    write_turned_pdf,
    write_two_column_pdf,
)
from tests.fixtures.pdf_source import (
    pdf_with_content,
    pdf_with_deep_font,
    pdf_with_form,
    pdf_with_text_mapping,
)

PDF = "application/pdf"
COLUMNS = [" ".join(column) for column in TWO_COLUMNS]


def pages_of(path: Path) -> list[ParsedPage]:
    return [item for item in parse(path, PDF) if isinstance(item, ParsedPage)]


def blocks_of(page: ParsedPage) -> list[str]:
    return [page.page.text[block.start : block.end] for block in page.blocks]


def squashed(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).lower()))


def test_title_labels_and_sections_come_from_the_file(tmp_path: Path) -> None:
    items = list(parse(write_pdf(tmp_path / "a.pdf"), PDF))
    assert items[0] == DocumentInfo("The rule of the house", paged=True, page_count=3)
    first, second, third = (item for item in items if isinstance(item, ParsedPage))
    assert [one.page.label for one in (first, second, third)] == ["i", "1", "2"]
    assert first.blocks[0].kind == "heading"
    assert {block.section for block in first.blocks} == {("Garden",)}
    sections = [block.section for block in second.blocks]
    assert sections[0] == ("Library",)
    assert sections[-1] == ("Library", "Règlement")
    assert third.blocks[0].section == ("Library", "Règlement")


def test_lines_are_joined_and_hyphens_resolved(tmp_path: Path) -> None:
    page = pages_of(write_pdf(tmp_path / "a.pdf"))[1]
    text = page.page.text
    assert "que les visiteurs doivent laisser leurs affaires au vestiaire." in text
    assert "dit-il, garde un porte-monnaie oublié depuis la Saint-Michel." in text


def test_rows_of_a_table_stay_rows(tmp_path: Path) -> None:
    page = pages_of(write_pdf(tmp_path / "a.pdf"))[2]
    assert blocks_of(page)[1] == "Candles 1200 0.35"
    assert {block.kind for block in page.blocks} == {"row"}
    assert [block.table_header for block in page.blocks] == ["", *["Article Quantity Price"] * 3]


def test_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    (page,) = pages_of(write_two_column_pdf(tmp_path / "a.pdf"))
    assert blocks_of(page) == COLUMNS


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_and_cropped_page_reads_the_same(rotation: int, tmp_path: Path) -> None:
    (page,) = pages_of(write_turned_pdf(tmp_path / "a.pdf", rotation))
    assert blocks_of(page) == COLUMNS
    assert page.page.rotation == rotation
    assert (page.page.width, page.page.height) == (510, 400)


def test_text_that_runs_upwards_is_joined_too(tmp_path: Path) -> None:
    (page,) = pages_of(write_sideways_pdf(tmp_path / "a.pdf"))
    assert blocks_of(page) == COLUMNS[:1]


@pytest.mark.parametrize("rotation", [0, 90])
def test_rects_of_a_span_lie_on_its_letters(rotation: int, tmp_path: Path) -> None:
    path = write_turned_pdf(tmp_path / "a.pdf", rotation)
    (page,) = pages_of(path)
    assert page.page.boxes is not None
    with pypdfium2.PdfDocument(path) as document:
        reader = document[0].get_textpage()
        for start in range(0, len(page.page.text) - 60, 7):
            rects = span_rects(page.page.boxes, Span(start, start + 60))
            inside = "".join(
                reader.get_text_bounded(x0 + 0.3, y0 + 2, x1 - 0.3, y1 - 2)
                for x0, y0, x1, y1 in rects
            )
            assert squashed(inside) == squashed(page.page.text[start : start + 60])
        reader.close()


def test_aes_with_an_empty_password_opens(tmp_path: Path) -> None:
    (page,) = pages_of(write_encrypted_pdf(tmp_path / "a.pdf"))
    assert GARDEN[1] in page.page.text


def test_a_needed_password_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(PasswordNeeded) as caught:
        pages_of(write_encrypted_pdf(tmp_path / "a.pdf", user_password="vespers"))
    assert "without a password" in caught.value.advice


def test_text_attachments_become_pages(tmp_path: Path) -> None:
    first, second = pages_of(write_pdf_with_attachment(tmp_path / "a.pdf"))
    assert GARDEN[0] in first.page.text
    assert second.page.label == "attachment: library.txt"
    assert second.page.text == " ".join(LIBRARY)


@pytest.mark.parametrize("turn", ["1 0 0 1", "0 1 -1 0"])
def test_a_sign_whose_font_claims_three_lines_has_a_box_of_its_own_height(
    turn: str, tmp_path: Path
) -> None:
    (page,) = pages_of(pdf_with_deep_font(tmp_path / "a.pdf", turn))
    assert page.page.text == "before + after"
    assert page.page.boxes is not None
    x0, y0, x1, y1 = page.page.boxes[7]
    along, across = (x1 - x0, y1 - y0) if turn.startswith("1") else (y1 - y0, x1 - x0)
    assert 4 < along < 10
    assert 11.9 < across < 12.1
    assert len(span_rects(page.page.boxes, Span(0, 14))) == 1


def test_ligatures_are_expanded_and_share_the_box(tmp_path: Path) -> None:
    path = pdf_with_text_mapping(tmp_path / "a.pdf", "oABce", {"A": "\ufb03", "B": "\u00ad"})
    (page,) = pages_of(path)
    assert page.page.text == "office"
    assert page.page.boxes is not None
    widths = page.page.boxes[1:4, 2] - page.page.boxes[1:4, 0]
    assert widths.std() < 0.06
    assert (page.page.boxes[1:4, 2] <= page.page.boxes[2:5, 0] + 0.06).all()


def test_characters_outside_the_basic_plane_keep_one_box_each(tmp_path: Path) -> None:
    path = pdf_with_text_mapping(tmp_path / "a.pdf", "xAy", {"A": "\U0001d54f"})
    (page,) = pages_of(path)
    assert page.page.text == "x\U0001d54fy"
    assert page.page.boxes is not None
    assert len(page.page.boxes) == 3


def test_controls_in_the_mapping_are_dropped_with_their_boxes(tmp_path: Path) -> None:
    path = pdf_with_text_mapping(tmp_path / "a.pdf", "xAyBz", {"A": "\x01", "B": "\x0c"})
    (page,) = pages_of(path)
    assert page.page.text == "xyz"
    assert page.page.boxes is not None
    assert len(page.page.boxes) == 3


def test_a_list_keeps_its_items(tmp_path: Path) -> None:
    lines = [
        "The visitor brings with him, for the night office in the chapel of the north,",
        "(a) a lamp of clear glass with enough oil to last until the bells of the morning",
        "and a spare wick;",
        "(b) a book.",
    ]
    text = "".join(f"1 0 0 1 72 {700 - 14 * index} Tm ({_escaped(line)}) Tj\n"
                   for index, line in enumerate(lines))  # fmt: skip
    (page,) = pages_of(pdf_with_content(tmp_path / "a.pdf", f"BT /F 11 Tf {text} ET"))
    assert blocks_of(page) == [lines[0], f"{lines[1]} {lines[2]}", lines[3]]


def test_filled_fields_are_text_on_the_page(tmp_path: Path) -> None:
    (page,) = pages_of(pdf_with_form(tmp_path / "a.pdf"))
    assert page.page.text == "Name: Brother Anselm"


def test_pypdf_reads_what_pdfium_cannot_open(tmp_path: Path) -> None:
    items = list(pdf_fallback.parse(write_pdf(tmp_path / "a.pdf")))
    assert items[0] == DocumentInfo(paged=True, page_count=3)
    assert isinstance(items[1], ParsedPage)
    assert items[1].page.boxes is None
    assert GARDEN[0] in items[1].page.text


def _escaped(line: str) -> str:
    return line.replace("(", r"\(").replace(")", r"\)")


def test_a_truncated_file_is_read_as_far_as_possible_or_called_damaged(tmp_path: Path) -> None:
    whole = write_pdf(tmp_path / "a.pdf").read_bytes()
    cut = tmp_path / "cut.pdf"
    cut.write_bytes(whole[: len(whole) // 2])
    try:
        pages = pages_of(cut)
    except DamagedFile as error:
        assert error.advice or "damaged" in error.message
    else:
        assert "garden" in pages[0].page.text


def test_garbage_after_the_signature_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\n" + b"nothing of use\n" * 100)
    with pytest.raises(DamagedFile):
        pages_of(path)


@pytest.mark.parametrize("ligature", ["\ufefb", "\u0644\u0627"])
def test_arabic_is_read_in_logical_order_with_its_ligatures(ligature: str, tmp_path: Path) -> None:
    from_the_left = {"A": "م", "B": ligature, "C": "س", "D": "ل", "E": "ا"}
    (page,) = pages_of(pdf_with_text_mapping(tmp_path / "a.pdf", "ABCDE", from_the_left))
    assert page.page.text == "السلام"
    assert page.page.boxes is not None
    lefts = page.page.boxes[:, 0].tolist()
    assert lefts == sorted(lefts, reverse=True)
