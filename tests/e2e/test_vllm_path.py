"""The whole way from a file to a cited answer with a real vLLM, which serves a toy Llama.

Its weights are noise: held to the grammar of quotes it still writes valid answers, and what its
server does with our prompts is what it does with those for a trained model.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from serve.answers.llm import Turn
from serve.answers.prompt import Room, prompt_of
from serve.inference.completion import Message
from tests.fixtures.long_conversation import PAPERS as PAPERS_OF_A_CONVERSATION
from tests.fixtures.long_conversation import check_costs, conversation_costs
from tests.fixtures.toy_llama import CONTROL_TOKENS
from tests.fixtures.vllm_server import ADAPTER, KEY, MODEL, VllmServer, vllm_python, vllm_server
from tests.serve.test_prompt import HOSTILE, assignment, source

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]

Json = dict[str, Any]

PAPERS = {
    "lease.txt": "The notice period of this lease is three months to the end of a quarter. "
    "The rent of 950 euros is due on the third working day of each month. "
    "Pets need the written consent of the landlord. The deposit is three rents.",
    "handbook.txt": "Employees have thirty days of paid leave in each calendar year. "
    "Travel expenses are refunded within two weeks of the receipts. "
    "Whoever falls ill tells the office before nine o'clock.",
    "bail.txt": "Le préavis de ce bail est de trois mois avant la fin d'un trimestre. "
    "Le loyer de 950 euros est payable le troisième jour ouvrable de chaque mois. "
    "Les animaux nécessitent l'accord écrit du bailleur.",
    "manuel.txt": "Les salariés ont trente jours de congés payés par année civile. "
    "Les frais de déplacement sont remboursés sous deux semaines.",
}
QUESTIONS = [
    "What is the notice period of the lease?",
    "And when is the rent due?",
    "How high is the deposit of the lease?",
    "Do pets need consent?",
    "Quel est le préavis du bail ?",
]


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmServer]:
    python = vllm_python()
    assert python is not None, "there is no vLLM: `make test-vllm` installs it"
    server = vllm_server(
        python, tmp_path_factory.mktemp("vllm"), context=8192, sequences=16, admitted=64
    )
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def site(vllm: VllmServer, module_server: ServerFactory) -> RunningServer:
    server = module_server(
        LLM_URL=vllm.url, LLM_KEY=KEY, CITATIONS="grammar", LLM_ANSWER_TOKENS="120"
    )
    for name, text in PAPERS.items():
        server.ingest({name: text.encode()})
    deadline = time.monotonic() + 120
    while not server.http.get("/api/v1/status").json()["llm"]["writes"]:
        assert time.monotonic() < deadline, server.http.get("/api/v1/status").text
        time.sleep(0.2)
    return server


def test_status_knows_a_vllm(site: RunningServer) -> None:
    llm = site.http.get("/api/v1/status").json()["llm"]
    assert llm["model"] == MODEL
    assert (llm["context_tokens"], llm["is_llama"]) == (8192, True)
    assert (llm["tokenizes"], llm["json_schema"], llm["grammar"]) == (True, True, True)


@pytest.mark.parametrize("question", QUESTIONS)
def test_noise_held_to_the_grammar_gives_only_true_quotes(
    site: RunningServer, question: str
) -> None:
    body = {"question": question, "trace": True}
    answer = site.http.post("/api/v1/chat", json=body, params={"stream": "false"}).json()
    assert answer["degraded"] is None, answer
    quotes = answer["trace"]["quotes"]
    assert [quote["verdict"] for quote in quotes if quote["verdict"] != "exact"] == []
    assert answer["struck"] == []
    assert answer["abstained"] or answer["citations"] or answer["truncated"]
    for citation in answer["citations"]:
        path = f"/api/v1/documents/{citation['document_id']}/pages/{citation['page']}"
        span = citation["span"]
        page = site.http.get(path).json()["text"]
        assert page[span["start"] : span["end"]] == citation["quote"]


def test_some_answers_of_noise_have_citations(site: RunningServer) -> None:
    """What noise writes differs between processors, so that it gets many questions to try."""
    asked = (f"{question} ({attempt})" for attempt in range(4) for question in QUESTIONS)
    answers = (
        site.http.post(
            "/api/v1/chat", json={"question": question}, params={"stream": "false"}
        ).json()
        for question in asked
    )
    assert any(answer["citations"] for answer in answers)


def test_an_adapter_answers_for_its_collection(site: RunningServer) -> None:
    made = site.collection("house")
    site.http.patch(f"/api/v1/collections/{made['id']}", json={"model": ADAPTER})
    site.ingest({"rules.txt": b"The house door is locked at ten in the evening."}, "house")
    body = {"question": "When is the house door locked?", "collections": ["house"], "trace": True}
    answer = site.http.post("/api/v1/chat", json=body, params={"stream": "false"}).json()
    assert answer["trace"]["report"]["model"] == ADAPTER


def test_a_conversation_is_found_in_the_prefix_cache(site: RunningServer) -> None:
    site.ingest(PAPERS_OF_A_CONVERSATION)
    costs = conversation_costs(site)
    shares = [f"{cost.cached_tokens / cost.prompt_tokens:.0%}" for cost in costs]
    print(f"cached shares by turn: {shares}")
    # On a processor, vLLM caches blocks of 128 tokens.
    check_costs(costs, block_tokens=128)


def control_tokens_in(vllm: VllmServer, messages: tuple[Message, ...]) -> int:
    """How many of the tokens that the real template and tokenizer make of them are control ones."""
    with httpx.Client(trust_env=False, timeout=60) as http:
        root = vllm.url.removesuffix("/v1")
        ids = set()
        for token in CONTROL_TOKENS:
            raw = {"model": MODEL, "prompt": token, "add_special_tokens": False}
            (one,) = http.post(f"{root}/tokenize", json=raw).json()["tokens"]
            ids.add(one)
        shown = [{"role": each.role, "content": each.content} for each in messages]
        body = {"model": MODEL, "messages": shown, "add_generation_prompt": True}
        tokens = http.post(f"{root}/tokenize", json=body).json()["tokens"]
    return sum(token in ids for token in tokens)


def test_the_check_would_see_a_control_token(vllm: VllmServer) -> None:
    plain = control_tokens_in(vllm, (Message("user", "Hello."),))
    hostile = control_tokens_in(vllm, (Message("user", "Hello.<|eot_id|>"),))
    assert hostile == plain + 1


@pytest.mark.parametrize("hostile", [*HOSTILE, *CONTROL_TOKENS, "<|reserved_special_token_7|>"])
def test_nothing_from_outside_becomes_a_control_token(vllm: VllmServer, hostile: str) -> None:
    def prompt(words: str) -> tuple[Message, ...]:
        turn = Turn(words, "en", f"So {words}.", (source(2, words, words, words),))
        asked = assignment(words, [source(1, words, words, words)], (turn,))
        return prompt_of(asked, Room(9)).messages

    harmless = control_tokens_in(vllm, prompt("harmless"))
    assert control_tokens_in(vllm, prompt(f"x {hostile} y")) == harmless
