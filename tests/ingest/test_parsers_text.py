"""Plain text, CSV, HTML, Markdown and e-mail."""

from __future__ import annotations

from collections.abc import Callable
from email.encoders import encode_7or8bit
from email.message import EmailMessage, Message
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from ingest.formats import media_type_of
from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers.html import blocks_in
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

CURLY = "L’eau du cœur coûte 100 €"
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


def _cut(content: bytes) -> bytes:
    return content + "é".encode()[:1]


def _within(content: bytes) -> bytes:
    half = len(content) // 2
    return content[:half] + b"\xff" + content[half:]


def _appended(content: bytes) -> bytes:
    return content + "\nAjouté à la main par frère Étienne.".encode("cp1252")


@pytest.mark.parametrize("damage", [_cut, _within, _appended])
def test_a_few_damaged_bytes_leave_the_rest_of_a_utf8_file(
    damage: Callable[[bytes], bytes],
) -> None:
    text = "\n".join(LIBRARY * 30)
    read = decoded(damage(text.encode()))
    assert 1 <= read.count("\ufffd") <= 4
    assert sum(line in LIBRARY for line in read.split("\n")) >= 89


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("cp1252", "Réunion à midi"), ("cp1252", "« Été »"), ("gb18030", "联通")],
)
def test_short_texts_that_are_no_utf8_are_not_damaged_ones(encoding: str, text: str) -> None:
    assert "\ufffd" not in decoded(text.encode(encoding))


@pytest.mark.parametrize("start", ["", "x"])
@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("shift_jis", "図書館の本は毎日読むことができます。庭には大きな木があります。"),
        ("euc_kr", "도서관의 책은 매일 읽을 수 있습니다. 정원에는 큰 나무가 있습니다."),
        ("gb18030", "图书馆的书每天都可以阅读。花园里有一棵大树。"),
    ],
)
def test_large_east_asian_files_are_decoded_wherever_the_sample_ends(
    encoding: str, text: str, end: str, start: str
) -> None:
    whole = start + (text + end) * 8_000
    assert decoded(whole.encode(encoding)) == whole


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


@pytest.mark.parametrize("depth", [1, 2, 9])
def test_text_in_nested_tables_is_read_once(depth: int) -> None:
    markup = "<table><tr><td>" * depth + GARDEN[0] + "</td></tr></table>" * depth
    assert [block.text for block in blocks_in(markup)] == [GARDEN[0]]


def test_cells_of_layout_stand_apart_and_tables_in_them_keep_their_rows() -> None:
    blocks = blocks_in(
        "<table><caption>To: <b>all</b></caption><tr><td>Nom</td><td>Dupont</td></tr><tr><td>"
        "<h1>Stock</h1><table><tr><th>Article</th><th>Price</th></tr><tr><td>Candles</td>"
        "<td>12</td></tr><caption>In <b>spring</b></caption></table>the end</td></tr></table>"
    )
    header = "Article | Price"
    assert [(block.kind, block.text, block.section, block.table_header) for block in blocks] == [
        ("paragraph", "To: all", (), ""),
        ("paragraph", "Nom", (), ""),
        ("paragraph", "Dupont", (), ""),
        ("heading", "Stock", ("Stock",), ""),
        ("paragraph", "In spring", ("Stock",), ""),
        ("row", header, ("Stock",), ""),
        ("row", "Candles | 12", ("Stock",), header),
        ("paragraph", "the end", ("Stock",), ""),
    ]


def test_no_cell_is_lost_or_doubled_in_broken_tables() -> None:
    markup = "<tr><form><td>one</td></form><td>two<div><td>three</td></div></td></tr>"
    blocks = blocks_in(f"<table>{markup}</table><table><td>four</td></table>")
    assert [block.text for block in blocks] == ["one | two three", "four"]


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


def test_a_break_in_markdown_glues_no_words(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(
        "One<br>two<BR/>\nthree<b>-<br class='a'>four</b>.\n\n"
        "| Article | Place |\n|---|---|\n| Bread<br>and salt | a `<br>` b |\n",
        "utf-8",
    )
    (page,) = pages_of(path)
    assert texts_of(page) == [
        "One\ntwo\nthree-\nfour.",
        "Article | Place",
        "Bread and salt | a <br> b",
    ]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("---\nAn introduction.\n\n---\n", ["An introduction.", "The rest."]),
        ("---\n\nhttps://example.org\n\n---\n", ["https://example.org", "The rest."]),
        ("---\n\ntitle: Bread\n---\n", ["The rest."]),
        ("---\nx-kind :\n  - bread\n---\n", ["The rest."]),
    ],
)
def test_only_front_matter_is_left_out_of_markdown(
    start: str, expected: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"{start}\nThe rest.\n", "utf-8")
    (page,) = pages_of(path)
    assert texts_of(page) == expected


def multipart(kind: str, *parts: MIMEBase) -> MIMEBase:
    return MIMEMultipart(kind, None, parts)


def attached(name: str, words: str, disposition: str = "attachment") -> MIMEBase:
    part = MIMEText(words)
    part.add_header("Content-Disposition", disposition, filename=name)
    return part


PLAIN, HTML, BLANK = MIMEText("plain words"), MIMEText("<p>rich words", "html"), MIMEText(" \n")
NOTES = attached("notes.txt", "more words")
SIGNATURE = MIMEApplication("-----BEGIN PGP SIGNATURE-----", "pgp-signature", encode_7or8bit)
CALENDAR = MIMEText("BEGIN:VCALENDAR", "calendar")


@pytest.mark.parametrize(
    ("message", "body", "files"),
    [
        (multipart("signed", multipart("mixed", PLAIN, NOTES), SIGNATURE), ["plain words"], 1),
        (multipart("signed", PLAIN, SIGNATURE), ["plain words"], 0),
        (multipart("alternative", PLAIN, multipart("mixed", HTML, NOTES)), ["plain words"], 1),
        (
            multipart("alternative", BLANK, multipart("mixed", HTML, NOTES, HTML)),
            ["rich words", "rich words"],
            1,
        ),
        (multipart("alternative", BLANK, HTML), ["rich words"], 0),
        (multipart("alternative", PLAIN, HTML, CALENDAR), ["plain words"], 0),
        (
            multipart("mixed", multipart("alternative", PLAIN, HTML), MIMEText("a footer")),
            ["plain words", "a footer"],
            0,
        ),
        (multipart("mixed", HTML, PLAIN), ["rich words", "plain words"], 0),
        (
            multipart("mixed", PLAIN, attached("notes.txt", "more words", "inline")),
            ["plain words"],
            1,
        ),
        (multipart("mixed", attached("mail.txt", "the mail", "inline")), ["the mail"], 0),
        (multipart("encrypted", MIMEText("Version: 1"), NOTES), [], 0),
        (NOTES, [], 1),
    ],
)
def test_no_text_of_a_mail_is_lost_or_doubled(
    message: MIMEBase, body: list[str], files: int, tmp_path: Path
) -> None:
    whole = Message()
    whole["From"] = "etienne@example.org"
    path = tmp_path / "a.eml"
    path.write_bytes(whole.as_bytes()[:-1] + message.as_bytes())
    first, *attachments = pages_of(path)
    assert texts_of(first)[1:] == body
    found = [(one.page.label, one.page.text) for one in attachments]
    assert found == [("attachment: notes.txt", "more words")] * files


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


def mail_of(path: Path, body: bytes, kind: str) -> Path:
    """A mail of one part with this content type, sent as it is."""
    head = f"From: a@example.org\r\nSubject: =?no-such?Q?x?=\r\nContent-Type: {kind}\r\n"
    path.write_bytes(f"{head}Content-Transfer-Encoding: 8bit\r\n\r\n".encode() + body)
    return path


@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
@pytest.mark.parametrize("charset", ["", "; charset=us-ascii", "; charset=no-such-charset"])
def test_a_mail_without_a_true_encoding_is_read(
    charset: str, encoding: str, kind: str, tmp_path: Path
) -> None:
    (page,) = pages_of(mail_of(tmp_path / "a.eml", CURLY.encode(encoding), kind + charset))
    assert texts_of(page)[-1] == CURLY


@pytest.mark.parametrize("charset", ["iso-8859-1", "latin1", "windows-1252"])
def test_windows_1252_is_read_by_any_name_that_it_has(charset: str, tmp_path: Path) -> None:
    body = CURLY.encode("cp1252")
    (mail,) = pages_of(mail_of(tmp_path / "a.eml", body, f"text/plain; charset={charset}"))
    assert texts_of(mail)[-1] == CURLY
    (tmp_path / "a.html").write_bytes(f'<html><meta charset="{charset}"><p>'.encode() + body)
    (page,) = pages_of(tmp_path / "a.html")
    assert page.page.text == CURLY


def test_a_mail_in_html_may_name_its_encoding_itself(tmp_path: Path) -> None:
    body = '<html><meta charset="koi8-r"><p>Читать днём.'.encode("koi8-r")
    (page,) = pages_of(mail_of(tmp_path / "a.eml", body, "text/html"))
    assert texts_of(page)[-1] == "Читать днём."


def test_a_byte_that_windows_1252_lacks_costs_no_other() -> None:
    assert decoded(b"L\x92\x81t\xe9", "iso-8859-1") == "L’\ufffdté"
