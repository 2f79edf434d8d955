"""The main job with the real embedder: a folder of documents in, cited answers out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from retrieval.sentence_transformer import PACKAGED_MODEL
from tests.conftest import Ran, RunningServer, run_cloister, start_server
from tests.fixtures.documents import (
    write_docx,
    write_encrypted_pdf,
    write_markdown,
    write_pdf,
    write_xlsx,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("documents")
    (made / "rules").mkdir()
    write_pdf(made / "rules" / "house.pdf")
    write_docx(made / "letter.docx")
    write_xlsx(made / "stock.xlsx")
    write_markdown(made / "well.md")
    (made / "notes.txt").write_text("The mill by the river grinds rye and barley for both houses.")
    write_encrypted_pdf(made / "locked.pdf", user_password="secret")
    return made


@pytest.fixture(scope="module")
def main_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    server = start_server(tmp_path_factory.mktemp("main") / "data", EMBEDDER=PACKAGED_MODEL)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def ingested(main_server: RunningServer, folder: Path) -> Ran:
    return run_cloister(main_server.data, "ingest", str(folder))


def asked(server: RunningServer, question: str) -> dict[str, Any]:
    ran = run_cloister(server.data, "ask", question, "--json")
    answer: dict[str, Any] = json.loads(ran.out)
    assert ran.code == (3 if answer["abstained"] else 0)
    return answer


def test_each_file_gets_a_clear_word(ingested: Ran) -> None:
    lines = ingested.out.splitlines()
    assert "ready: rules/house.pdf (3 pages" in ingested.out
    assert any(line.startswith("failed: locked.pdf") and "password" in line for line in lines)
    assert len(lines) == 6
    assert ingested.code == 1


@pytest.mark.parametrize(
    ("question", "words", "page"),
    [
        ("Who laid out the garden of the cloister?", "Brother Anselm", 1),
        ("Combien de manuscrits la bibliothèque conserve-t-elle ?", "trois cent douze", 2),
        ("De quelle année date le plus ancien manuscrit ?", "1089", 2),
    ],
)
def test_answers_quote_the_page_with_boxes(
    main_server: RunningServer, ingested: Ran, question: str, words: str, page: int
) -> None:
    answer = asked(main_server, question)
    assert not answer["abstained"]
    citation = answer["citations"][0]
    assert citation["document_name"] == "rules/house.pdf"
    assert citation["page"] == page
    assert words in citation["quote"]
    assert f"[{citation['n']}]" in answer["answer"]
    assert citation["rects"]
    stored = main_server.http.get(
        f"/api/v1/documents/{citation['document_id']}/pages/{citation['page']}"
    ).json()
    span = slice(citation["span"]["start"], citation["span"]["end"])
    assert stored["text"][span] == citation["quote"]


def test_a_question_that_the_documents_do_not_answer(
    main_server: RunningServer, ingested: Ran
) -> None:
    answer = asked(main_server, "Which striker scored twice in the stadium of Madrid?")
    assert answer["abstained"]
    assert answer["citations"] == []
    assert answer["answer"] == "The documents do not hold the answer."


def test_after_a_restart_the_answer_is_the_same(
    main_server: RunningServer, ingested: Ran, folder: Path
) -> None:
    before = asked(main_server, "Who laid out the garden of the cloister?")
    main_server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{main_server.url}/healthz", trust_env=False)
    without_server = run_cloister(
        main_server.data,
        "ask",
        "Who laid out the garden of the cloister?",
        "--json",
        EMBEDDER=PACKAGED_MODEL,
    )
    after = json.loads(without_server.out)
    assert after["citations"] == before["citations"]
    again = run_cloister(main_server.data, "ingest", str(folder), EMBEDDER=PACKAGED_MODEL)
    assert again.out.count("already here: ") == 5
