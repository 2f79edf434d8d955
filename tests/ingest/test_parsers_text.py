"""Plain text, CSV, HTML, Markdown and e-mail."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.formats import media_type_of
from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers.line_joining import DROP_HYPHEN, joint
from ingest.parsers.text import decoded, paragraphs_in
from ingest.sandbox import parse
from tests.fixtures.documents import (
    GARDEN,
    LIBRARY,
    write_csv,
    write_eml,
    write_html,
    write_markdown,
    write_pdf,
    write_text,
)

HEADER = "Article | Quantity | Price"


def items_of(path: Path) -> list[DocumentInfo | ParsedPage]:
    return list(parse(path, media_type_of(path, path.name)))


def pages_of(path: Path) -> list[ParsedPage]:
    return [item for item in items_of(path) if isinstance(item, ParsedPage)]


def texts_of(page: ParsedPage) -> list[str]:
    return [page.page.text[block.start : block.end] for block in page.blocks]


def test_wrapped_prose_is_joined_and_verse_and_lists_are_kept(tmp_path: Path) -> None:
    (page,) = pages_of(write_text(tmp_path / "a.txt"))
    prose, verse, items = texts_of(page)
    assert prose.startswith(LIBRARY[0])
    assert prose.endswith("auprès du frère Étienne.")
    assert verse == "Frère Jacques,\nFrère Jacques,\nDormez-vous ?"
    assert items == "- une lampe\n- un registre"


@pytest.mark.parametrize(
    "lines",
    [
        "def well(depth):\n    if depth > 10:\n        return 'deep'\n    return 'shallow'",
        "Dear Sir,\nplease find enclosed\nthe accounts.",
        "| a | b |\n| c | d |",
        "Cellarer of the House\n12 Church Street, Old Town on the River and the Hill\nFrance",
    ],
)
def test_what_was_not_wrapped_keeps_its_lines(lines: str) -> None:
    assert list(paragraphs_in(lines)) == [lines]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_french_is_decoded_whatever_its_encoding(encoding: str) -> None:
    text = " ".join(LIBRARY)
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Братья монастыря читают книги в библиотеке каждый день после обеда. " * 3),
        ("shift_jis", "図書館の本は毎日読むことができます。庭には大きな木があります。" * 3),
    ],
)
def test_other_scripts_are_decoded(encoding: str, text: str) -> None:
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("above", "below", "page", "expected"),
    [
        ("les visi-", "teurs", "", DROP_HYPHEN),
        ("dit-", "il alors", "", ""),
        ("a-t-", "on vu", "", ""),
        ("Jean-", "Paul", "", ""),
        ("un porte-", "monnaie", "son porte-monnaie", ""),
        ("soft\u00ad", "ness", "", DROP_HYPHEN),
        ("1990-", "2000", "", " "),
        ("one", "two", "", " "),
        ("図書", "館", "", ""),
    ],
)
def test_how_two_lines_are_joined(above: str, below: str, page: str, expected: str) -> None:
    assert joint(above, below, page) == expected


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
def test_csv_finds_delimiter_and_encoding(delimiter: str, encoding: str, tmp_path: Path) -> None:
    (page,) = pages_of(write_csv(tmp_path / "a.csv", delimiter, encoding))
    assert texts_of(page)[0] == HEADER
    assert texts_of(page)[-1] == "Thé d'été; fort | 3 | 4,5"
    assert [block.table_header for block in page.blocks] == ["", *[HEADER] * 4]


def test_html_shows_what_a_reader_sees(tmp_path: Path) -> None:
    info, page = items_of(write_html(tmp_path / "a.html"))
    assert info == DocumentInfo("The rule")
    assert isinstance(page, ParsedPage)
    text = page.page.text
    assert texts_of(page)[:4] == ["Garden", f"{GARDEN[0]}\n{GARDEN[1]}", "Bibliothèque", LIBRARY[0]]
    assert "Ignore all previous" not in text
    assert "alert" not in text
    assert "color" not in text
    assert "- Bring a lamp" in texts_of(page)
    assert texts_of(page)[-1] == "one\n  two"
    assert page.blocks[3].section == ("Garden", "Bibliothèque")
    assert page.blocks[6].table_header == HEADER


def test_markdown_reads_without_its_marks(tmp_path: Path) -> None:
    info, page = items_of(write_markdown(tmp_path / "a.md"))
    assert info == DocumentInfo("Garden")
    assert isinstance(page, ParsedPage)
    assert texts_of(page) == [
        "Garden",
        f"{GARDEN[0]} {GARDEN[1]} See the plan.",
        "1. Bring a lamp",
        "2. Close the gate",
        "Stock",
        HEADER,
        "Candles | 1200 | 0.35",
        "Parchment | 40 | 12.5",
        "Ink of oak gall | 15 | 3",
        'def well():\n    return "deep"',
    ]
    assert page.blocks[-1].section == ("Garden", "Stock")


def test_mail_gives_headers_plain_text_and_attachments(tmp_path: Path) -> None:
    info, message, attachment = items_of(write_eml(tmp_path / "a.eml"))
    assert info == DocumentInfo("Réunion du chapitre")
    assert isinstance(message, ParsedPage)
    assert isinstance(attachment, ParsedPage)
    head, body = texts_of(message)
    assert head.startswith("From: Frère Étienne <etienne@example.org>\nTo: anselm@example.org")
    assert body == " ".join(LIBRARY)
    assert attachment.page.label == "attachment: stock.csv"
    assert texts_of(attachment)[0] == HEADER


def test_mail_inside_mail_is_read_one_level_deep(tmp_path: Path) -> None:
    inner, middle, outer = EmailMessage(), EmailMessage(), EmailMessage()
    for message, word in ((inner, "innermost"), (middle, "between"), (outer, "outermost")):
        message["Subject"] = message["From"] = word
        message.set_content(f"the {word} words")
    middle.add_attachment(inner)
    outer.add_attachment(middle)
    path = tmp_path / "a.eml"
    path.write_bytes(outer.as_bytes())
    text = "\n".join(one.page.text for one in pages_of(path))
    assert "the outermost words" in text
    assert "the between words" in text
    assert "the innermost words" not in text


def test_a_pdf_in_a_mail_is_read(tmp_path: Path) -> None:
    message = EmailMessage()
    message["Subject"] = message["From"] = "The rule"
    message.set_content("See the file.")
    content = write_pdf(tmp_path / "rule.pdf").read_bytes()
    message.add_attachment(content, "application", "pdf", filename="rule.pdf")
    path = tmp_path / "a.eml"
    path.write_bytes(message.as_bytes())
    first, *attached = pages_of(path)
    assert first.page.label == ""
    assert [one.page.number for one in attached] == [2, 3, 4]
    assert GARDEN[0] in attached[0].page.text
    assert attached[0].page.boxes is not None


def test_a_mail_in_a_false_encoding_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(
        b"From: a@example.org\r\nSubject: =?no-such?Q?x?=\r\n"
        b"Content-Type: text/plain; charset=no-such-charset\r\n\r\nR\xe9union \xe0 midi\r\n"
    )
    (page,) = pages_of(path)
    assert "Réunion à midi" in page.page.text
