from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serve.scripted.replies import Reply, quoting
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.waiting import until

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory

QUESTION = "How many steps does the zeppelin keeper climb?"
LABELS = {"route", "method", "status", "outcome", "verdict", "kind", "state", "role", "place",
          "version", "le"}  # fmt: skip


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm() as running:
        yield running


@pytest.fixture(scope="module")
def site(llm: ScriptedLlm, module_server: ServerFactory) -> RunningServer:
    server = module_server(LLM_URL=llm.url)
    server.ingest({"zeppelin.txt": b"The zeppelin keeper climbs 217 steps every evening."})
    until(lambda: server.http.get("/api/v1/status").json()["llm"]["writes"])
    return server


def numbers(server: RunningServer) -> dict[tuple[str, ...], float]:
    """The samples by their name and the values of their labels."""
    response = server.http.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def ask(server: RunningServer) -> None:
    with server.http.stream("POST", "/api/v1/chat", json={"question": QUESTION}) as response:
        response.read()


def test_what_the_server_holds(site: RunningServer) -> None:
    until(lambda: numbers(site)[("cloister_index_lag",)] == 0)
    seen = numbers(site)
    assert seen[("cloister_documents", "ready")] == 1
    assert seen[("cloister_documents", "failed")] == 0
    assert seen[("cloister_chunks",)] == 1
    assert seen[("cloister_jobs",)] == 0
    assert seen[("cloister_ready",)] == 1
    assert seen[("cloister_model_up", "answers")] == 1
    assert seen[("cloister_questions", "running")] == 0
    assert seen[("cloister_questions", "waiting")] == 0
    assert seen[("cloister_data_bytes",)] > 1_000
    assert seen[("process_open_fds",)] > 0


def test_requests_are_counted_by_template(site: RunningServer) -> None:
    before = numbers(site)
    for path in ("/api/v1/documents/1", "/api/v1/documents/77", "/api/v1/zeppelin"):
        site.http.get(path)
    site.http.request("PROPFIND", "/healthz")
    after = numbers(site)

    def counted(*labels: str) -> float:
        return after[("cloister_requests_total", *labels)] - before.get(
            ("cloister_requests_total", *labels), 0
        )

    template = "/api/v1/documents/{document_id}"
    assert counted("GET", template, "200") == 1
    assert counted("GET", template, "404") == 1
    assert counted("GET", "(none)", "404") == 1
    assert counted("OTHER", "/healthz", "405") == 1
    assert after[("cloister_request_seconds_count", "GET", template)] >= 2


def test_answers_are_counted(site: RunningServer, llm: ScriptedLlm) -> None:
    before = numbers(site)
    ask(site)
    llm.server.script = lambda body: Reply('Not so: <q s="1">words of nobody at all</q>.')
    ask(site)
    llm.server.script = lambda body: Reply("NO_ANSWER")
    ask(site)
    llm.server.script = lambda body: Reply("word " * 20, fault="cut", after=5)
    ask(site)
    llm.server.script = quoting
    until(lambda: site.http.get("/api/v1/status").json()["llm"]["writes"])
    after = numbers(site)
    changes = {key: after[key] - before.get(key, 0) for key in after}
    assert changes[("cloister_answers_total", "answered")] == 2
    assert changes[("cloister_answers_total", "abstained")] == 1
    assert changes[("cloister_answers_total", "failed")] == 1
    assert changes[("cloister_quotes_total", "exact")] == 1
    assert changes[("cloister_quotes_total", "struck")] == 1
    assert changes[("cloister_tokens_total", "prompt")] > 100
    assert changes[("cloister_tokens_total", "written")] > 5
    assert changes[("cloister_first_text_seconds_count",)] >= 3


def test_an_answer_that_is_given_up(site: RunningServer, llm: ScriptedLlm) -> None:
    llm.server.script = lambda body: Reply("word " * 1_000, token_seconds=1.0)
    with site.http.stream("POST", "/api/v1/chat", json={"question": QUESTION}) as response:
        lines = response.iter_lines()
        while '"text"' not in next(lines):
            pass
        assert numbers(site)[("cloister_questions", "running")] == 1
    until(lambda: numbers(site)[("cloister_answers_total", "interrupted")] == 1)
    llm.server.script = quoting


def test_no_label_holds_what_anybody_wrote(site: RunningServer) -> None:
    ask(site)
    site.http.get("/zeppelin", params={"q": "zeppelin"})
    text = site.http.get("/metrics").text
    assert "zeppelin" not in text.lower()
    names = {
        name
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for name in sample.labels
    }
    assert names <= LABELS


def test_without_a_model(server: ServerFactory) -> None:
    running = server(WORKERS="0")
    seen = numbers(running)
    assert ("cloister_model_up", "answers") not in seen
    assert seen[("cloister_answers_total", "answered")] == 0
