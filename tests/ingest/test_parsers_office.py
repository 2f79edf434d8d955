"""Word, PowerPoint, Excel and OpenDocument text."""

from __future__ import annotations

import zipfile
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.oxml import OxmlElement, parse_xml
from odf import opendocument
from odf.draw import Frame, TextBox
from odf.text import P

from ingest.errors import DamagedFile, NoTextFound
from ingest.formats import media_type_of
from ingest.pages import ParsedPage
from ingest.parsers.page_text import MAX_PART_CHARACTERS
from ingest.sandbox import parse
from tests.fixtures.documents import (
    GARDEN,
    LIBRARY,
    opendocument_table,
    write_docx,
    write_odt,
    write_pptx,
    write_xlsx,
    write_zip,
)

HEADER = "Article | Quantity | Price"


def pages_of(path: Path) -> list[ParsedPage]:
    media_type = media_type_of(path, path.name)
    return [item for item in parse(path, media_type) if isinstance(item, ParsedPage)]


def texts_of(page: ParsedPage) -> list[str]:
    return [page.page.text[block.start : block.end] for block in page.blocks]


def test_word_is_read_in_order_with_its_headings(tmp_path: Path) -> None:
    (page,) = pages_of(write_docx(tmp_path / "a.docx"))
    assert texts_of(page) == [
        "Garden",
        " ".join(GARDEN),
        "Opening hours",
        "Monday to Friday",
        "Bibliothèque",
        " ".join(LIBRARY),
        HEADER,
        "Candles | 1200 | 0.35",
        "Parchment | 40 | 12.5",
        "Ink of oak gall | 15 | 3",
        "After the table.",
    ]
    assert page.blocks[3].section == ("Garden", "Opening hours")
    assert page.blocks[5].section == ("Bibliothèque",)
    assert [block.table_header for block in page.blocks[6:]] == ["", HEADER, HEADER, HEADER, ""]


def test_deleted_words_are_gone_and_inserted_ones_there(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The gate is ")
    for tag, text_tag, word in (("w:del", "w:delText", "closed"), ("w:ins", "w:t", "open")):
        change, run, text = OxmlElement(tag), OxmlElement("w:r"), OxmlElement(text_tag)
        text.text = word
        run.append(text)
        change.append(run)
        paragraph._p.append(change)
    document.save(str(tmp_path / "a.docx"))
    (page,) = pages_of(tmp_path / "a.docx")
    assert page.page.text == "The gate is open"


def test_a_nested_table_is_read_once(tmp_path: Path) -> None:
    document = docx.Document()
    outer = document.add_table(rows=1, cols=2)
    outer.cell(0, 0).text = "outer"
    inner = outer.cell(0, 1).add_table(rows=1, cols=1)
    inner.cell(0, 0).text = "inner"
    document.add_paragraph("end")
    document.save(str(tmp_path / "a.docx"))
    (page,) = pages_of(tmp_path / "a.docx")
    assert page.page.text == "outer | inner\n\nend"


BOX = """<w:p xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"
  xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:r><mc:AlternateContent>
  <mc:Choice Requires="wps"><w:txbxContent>{inside}</w:txbxContent></mc:Choice>
  <mc:Fallback><w:txbxContent>{inside}</w:txbxContent></mc:Fallback>
  </mc:AlternateContent></w:r><w:r><w:t>beside the box</w:t></w:r></w:p>"""


def test_a_table_in_a_text_box_of_word_is_read_where_it_stands(tmp_path: Path) -> None:
    document = docx.Document()
    boxed = document.add_table(rows=0, cols=2)
    for row in (("Candles", "1200"), ("Ink", "15")):
        for cell, text in zip(boxed.add_row().cells, row, strict=True):
            cell.text = text
    boxed.cell(1, 1).add_table(rows=1, cols=1).cell(0, 0).text = "of it black"
    boxed._tbl.addprevious(parse_xml(BOX.format(inside=boxed._tbl.xml)))
    boxed._tbl.getparent().remove(boxed._tbl)
    document.add_paragraph("between")
    document.add_table(rows=1, cols=1).cell(0, 0).text = "another"
    document.save(str(tmp_path / "a.docx"))
    (page,) = pages_of(tmp_path / "a.docx")
    assert texts_of(page) == [
        "Candles\t1200\nInk\t15 of it black\nbeside the box",
        "between",
        "another",
    ]


def test_a_table_in_a_text_box_of_opendocument_is_read_where_it_stands(tmp_path: Path) -> None:
    document = opendocument.OpenDocumentText()
    paragraph, frame, box = P(), Frame(), TextBox()
    box.addElement(opendocument_table(("Candles", "1200"), ("Ink", "15")))
    frame.addElement(box)
    paragraph.addElement(frame)
    paragraph.addText("beside the box")
    document.text.addElement(paragraph)
    document.text.addElement(P(text="between"))
    document.text.addElement(opendocument_table(("another",)))
    document.save(str(tmp_path / "a.odt"))
    (page,) = pages_of(tmp_path / "a.odt")
    assert texts_of(page) == [
        "Candles\t1200\nInk\t15\nbeside the box",
        "between",
        "another",
    ]


MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def test_formulas_in_word_are_read(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Soit ")
    formula = "<m:r><m:t>E=mc</m:t></m:r><m:sSup><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
    half = "<m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
    paragraph._p.append(parse_xml(f"<m:oMath {MATH}>{formula}</m:oMath>"))
    paragraph.add_run(" et ")
    paragraph._p.append(parse_xml(f"<m:oMath {MATH}>{half}</m:oMath>"))
    document.save(str(tmp_path / "a.docx"))
    (page,) = pages_of(tmp_path / "a.docx")
    assert page.page.text == "Soit E=mc2 et 1/2"


def test_long_documents_are_divided_at_paragraphs(tmp_path: Path) -> None:
    document = docx.Document()
    for number in range(400):
        document.add_paragraph(f"{number}. {GARDEN[0]} {GARDEN[1]}")
    document.save(str(tmp_path / "a.docx"))
    pages = pages_of(tmp_path / "a.docx")
    assert len(pages) > 2
    assert all(len(one.page.text) <= MAX_PART_CHARACTERS for one in pages)
    texts = [text for one in pages for text in texts_of(one)]
    assert [int(text.split(".")[0]) for text in texts] == list(range(400))


def test_slides_are_pages_with_titles_tables_and_notes(tmp_path: Path) -> None:
    first, second = pages_of(write_pptx(tmp_path / "a.pptx"))
    assert (first.page.label, second.page.label) == ("Garden", "Stock")
    assert texts_of(first) == ["Garden", *GARDEN]
    assert texts_of(second)[1:3] == [HEADER, "Candles | 1200 | 0.35"]
    assert texts_of(second)[-1] == LIBRARY[0]
    assert second.blocks[-1].section == ("Stock", "Notes")


def test_sheets_are_written_as_people_write(tmp_path: Path) -> None:
    stock, costs = pages_of(write_xlsx(tmp_path / "a.xlsx"))
    assert (stock.page.label, costs.page.label) == ("Stock", "Dépenses")
    assert texts_of(stock)[:3] == ["Stock of the cellar", HEADER, "Candles | 1200 | 0.35"]
    assert stock.blocks[2].table_header == HEADER
    assert texts_of(costs)[1:] == [
        "2024-03-01 | 12.5% | 0.3",
        "2024-03-02 14:30 | 50% | 1200",
    ]


def test_no_row_is_lost_where_the_dimension_lies(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for number in range(3000):
        sheet.append([f"row {number}", number])
    book.save(tmp_path / "plain.xlsx")
    path = tmp_path / "lie.xlsx"
    _rewritten(tmp_path / "plain.xlsx", path, b'ref="A1:B3000"', b'ref="A1:A1"')
    texts = [text for one in pages_of(path) for text in texts_of(one)]
    assert texts[2999] == "row 2999 | 2999"


def _rewritten(source: Path, target: Path, old: bytes, new: bytes) -> None:
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    changed = {name: content.replace(old, new) for name, content in members.items()}
    assert changed != members
    write_zip(target, changed)


def test_opendocument_is_read_in_order(tmp_path: Path) -> None:
    (page,) = pages_of(write_odt(tmp_path / "a.odt"))
    assert texts_of(page)[:5] == [
        "Garden",
        " ".join(GARDEN),
        "Bibliothèque",
        " ".join(LIBRARY),
        "- Bring a lamp",
    ]
    assert page.blocks[3].section == ("Garden", "Bibliothèque")
    assert page.blocks[-1].table_header == HEADER


def test_an_empty_document_says_so(tmp_path: Path) -> None:
    docx.Document().save(str(tmp_path / "a.docx"))
    with pytest.raises(NoTextFound):
        pages_of(tmp_path / "a.docx")


def test_a_broken_member_is_damage(tmp_path: Path) -> None:
    whole = write_docx(tmp_path / "a.docx")
    cut = tmp_path / "cut.docx"
    _rewritten(whole, cut, b"</w:body>", b"</w:b")
    with pytest.raises(DamagedFile):
        pages_of(cut)
