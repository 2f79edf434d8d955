from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import CloisterCommand, ServerFactory

ARTICLES = {
    "data": [
        {
            "title": "Candles",
            "paragraphs": [
                {
                    "context": "Candles are poured on Tuesdays. Each candle burns for nine hours.",
                    "qas": [
                        {"question": "When are candles poured?", "answers": [{"text": "Tuesdays"}]},
                        {"question": "What is a whale?", "is_impossible": True, "answers": []},
                    ],
                }
            ],
        },
        {
            "title": "Bread",
            "paragraphs": [
                {
                    "context": "Rye bread is baked at dawn. The oven holds forty loaves.",
                    "qas": [
                        {"question": "What holds forty loaves?", "answers": [{"text": "oven"}]}
                    ],
                }
            ],
        },
    ]
}


@pytest.fixture
def questions(tmp_path: Path, cloister: CloisterCommand) -> Path:
    """A converted set whose documents are taken in."""
    source = tmp_path / "set.json"
    source.write_text(json.dumps(ARTICLES))
    converted = cloister("eval", "convert", str(source), str(tmp_path / "out"), "--json")
    assert json.loads(converted.out) == {"documents": 2, "questions": 3, "unanswerable": 1}
    assert cloister("ingest", str(tmp_path / "out" / "documents")).code == 0
    return tmp_path / "out" / "questions.jsonl"


def written(path: Path, lines: Sequence[object]) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def test_a_question_set_is_measured_from_end_to_end(
    cloister: CloisterCommand, questions: Path
) -> None:
    arguments = ("eval", "run", str(questions), "--compare", "dense_weight=0,name_weight=0")
    as_json = cloister(*arguments, "--json")
    assert as_json.code == 0, as_json.err
    found = json.loads(as_json.out)
    assert (found["questions"], found["missing_documents"]) == (3, [])
    default, lexical = found["settings"]
    assert default["document"]["hit_at_5"] == lexical["document"]["hit_at_5"] == 1.0
    assert default["evidence"] == {"750": 1.0, "1500": 1.0}
    assert default["answers"]["citations"]["not_verbatim"] == 0
    plain = cloister(*arguments, "--limit", "2")
    assert plain.code == 0, plain.err
    assert "dense_weight=0,name_weight=0" in plain.out.splitlines()[0]
    assert "evidence within 750 tokens" in plain.out


def test_documents_that_are_not_there_are_told(
    cloister: CloisterCommand, questions: Path, tmp_path: Path
) -> None:
    some = [{"question": "Candles?", "document": "Candles.txt"}, {"question": "?", "document": "x"}]
    ran = cloister("eval", "run", written(tmp_path / "q", some), "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["missing_documents"] == ["x"]
    ran = cloister("eval", "run", written(tmp_path / "q", some[1:]))
    assert (ran.code, ran.out) == (3, "")
    assert "None of the documents" in ran.err


def test_wrong_use_is_told_from_other_errors(
    cloister: CloisterCommand, questions: Path, tmp_path: Path
) -> None:
    assert cloister("eval", "run", str(tmp_path / "none.jsonl")).code == 2
    assert cloister("eval", "run", str(questions), "--compare", "weight=1").code == 2
    assert cloister("eval", "run", str(questions), "-c", "nowhere").code == 1
    bad = cloister("eval", "run", written(tmp_path / "bad", [{"quote": 3}]))
    assert bad.code == 1
    assert "line 1" in bad.err
    ran = cloister("eval", "run", str(questions), data=tmp_path / "never")
    assert ran.code == 1
    assert "no data" in ran.err
    assert not (tmp_path / "never").exists()


def test_a_server_may_run_meanwhile(
    cloister: CloisterCommand, server: ServerFactory, questions: Path, tmp_path: Path
) -> None:
    alone = cloister("eval", "run", str(questions), "--json")
    running = server(tmp_path / "data")
    beside = cloister("eval", "run", str(questions), "--json")
    assert beside.code == 0, beside.err
    assert json.loads(beside.out) == json.loads(alone.out)
    assert running.http.get("/readyz").status_code == 200


def test_a_server_that_is_named_is_not_asked(cloister: CloisterCommand, questions: Path) -> None:
    url = "http://127.0.0.1:9"
    ran = cloister("--server", url, "eval", "run", str(questions))
    assert ran.code == 1
    assert url in ran.err
