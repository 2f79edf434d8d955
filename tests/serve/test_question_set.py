from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from serve.evaluation.question_set import (
    Converted,
    Question,
    QuestionSetInvalid,
    convert_squad,
    read_questions,
    write_questions,
)


def test_written_questions_are_read_again(tmp_path: Path) -> None:
    questions = [
        Question("Combien de jours ?", "congés.pdf", 3, "« 25 jours » — \u2028 ici"),
        Question("Who is the king?", answerable=False),
    ]
    write_questions(questions, tmp_path / "q.jsonl")
    assert read_questions(tmp_path / "q.jsonl") == questions
    assert "page" not in (tmp_path / "q.jsonl").read_text().splitlines()[-1]


def test_byte_order_mark_and_empty_lines_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"question": "Why?", "page": null}\r\n\r\n')
    assert read_questions(path) == [Question("Why?")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "an object"),
        ('{"question": " "}', "missing or empty"),
        ('{"quote": "x"}', "missing or empty"),
        ('{"question": "x", "page": 0}', "counts from 1"),
        ('{"question": "x", "page": true}', "'page' must be a whole number"),
        ('{"question": "x", "answerable": null}', "'answerable' must be true or false"),
        ('{"question": "x", "answers": []}', "unknown field 'answers'"),
    ],
)
def test_bad_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"question": "fine"}\n' + line + "\n")
    with pytest.raises(QuestionSetInvalid, match=f"q.jsonl, line 2: .*{reason}") as caught:
        read_questions(path)
    assert caught.value.code == "question_set_invalid"


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe{}"])
def test_file_without_questions_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "q.jsonl"
    path.write_bytes(content)
    with pytest.raises(QuestionSetInvalid):
        read_questions(path)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QuestionSetInvalid, match="cannot be read"):
        read_questions(tmp_path / "none.jsonl")


def squad(path: Path, *articles: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"version": "2.0", "data": list(articles)}))
    return path


def article(title: str, *paragraphs: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "title": title,
        "paragraphs": [{"context": context, "qas": qas} for context, qas in paragraphs],
    }


def asked(question: str, *answers: dict[str, Any], impossible: bool = False) -> dict[str, Any]:
    return {"id": "1", "question": question, "answers": answers, "is_impossible": impossible}


PARIS = "Paris has 2 airports. Dr. Roissy has 3 terminals! Orly has 2 runways."


def test_articles_become_documents(tmp_path: Path) -> None:
    source = squad(
        tmp_path / "s.json",
        article(
            "Paris",
            (
                PARIS,
                [
                    asked("How many runways has Orly?", {"text": "2"}),
                    asked("How many terminals?", {"text": "3", "answer_start": 37}),
                    asked("Who built it?", impossible=True),
                ],
            ),
            ("\ufeffLyon is south.", [asked("Where is Lyon?", {"text": "south"})]),
        ),
        article("<i>A/B : c?</i>", ("Text.", [])),
        article("a_b _ c", ("Text.", [])),
    )
    converted = convert_squad(source, tmp_path / "out", "article")
    assert converted == Converted(documents=3, questions=4, unanswerable=1)
    assert read_questions(tmp_path / "out" / "questions.jsonl") == [
        Question("How many runways has Orly?", "Paris.txt", None, "Orly has 2 runways."),
        Question("How many terminals?", "Paris.txt", None, "Dr. Roissy has 3 terminals!"),
        Question("Who built it?", "Paris.txt", answerable=False),
        Question("Where is Lyon?", "Paris.txt", None, "Lyon is south."),
    ]
    documents = tmp_path / "out" / "documents"
    assert (documents / "Paris.txt").read_text() == f"{PARIS}\n\nLyon is south.\n"
    assert {path.name for path in documents.iterdir()} == {
        "Paris.txt",
        "A_B _ c.txt",
        "a_b _ c (2).txt",
    }


def test_paragraphs_become_documents(tmp_path: Path) -> None:
    source = squad(
        tmp_path / "s.json",
        article("T", ("One.", [asked("?", {"text": "One"})]), ("Two.", [asked("!")])),
    )
    assert convert_squad(source, tmp_path / "out", "paragraph") == Converted(2, 2, 1)
    assert read_questions(tmp_path / "out" / "questions.jsonl") == [
        Question("?", "T 001.txt", None, "One."),
        Question("!", "T 002.txt", answerable=False),
    ]


@pytest.mark.parametrize(
    "content",
    ["[]", "3", "{", '{"data": [{"title": "x"}]}', '{"data": [{"title": "x", "paragraphs": [3]}]}'],
)
def test_other_forms_are_refused_and_nothing_is_written(tmp_path: Path, content: str) -> None:
    source = tmp_path / "s.json"
    source.write_text(content)
    with pytest.raises(QuestionSetInvalid):
        convert_squad(source, tmp_path / "out", "article")
    assert not (tmp_path / "out").exists()


def test_a_folder_with_content_is_not_touched(tmp_path: Path) -> None:
    source = squad(tmp_path / "s.json", article("T", ("One.", [])))
    with pytest.raises(QuestionSetInvalid, match="not empty"):
        convert_squad(source, tmp_path, "article")
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]
