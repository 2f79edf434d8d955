"""Traces: whole at the collector, without a word of anybody, and never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from serve.errors import InvalidSetting
from serve.settings import Settings, load_settings, quiet_libraries
from serve.telemetry.export import Collector, SpanExport
from serve.telemetry.spans import Span as OwnSpan
from serve.telemetry.spans import request_traced, traced
from serve.telemetry.trace_context import context_in, new_context
from serve.tracing import headers_in
from tests.conftest import ROOT, cloister_environment
from tests.fixtures.otlp_receiver import OtlpReceiver, attributes_of, otlp_receiver
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.waiting import until
from tests.serve.test_logs import CANARY, use_everything
from tests.serve.test_metrics import numbers

if TYPE_CHECKING:
    from tests.conftest import CloisterCommand, RunningServer, ServerFactory

QUESTION = "How many steps does the lighthouse keeper climb?"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CHAT = "POST /api/v1/chat"


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm() as running:
        yield running


@pytest.fixture(scope="module")
def receiver() -> Iterator[OtlpReceiver]:
    with otlp_receiver() as running:
        yield running


@pytest.fixture(scope="module")
def site(llm: ScriptedLlm, receiver: OtlpReceiver, module_server: ServerFactory) -> RunningServer:
    server = module_server(
        LLM_URL=llm.url,
        OTEL_ENDPOINT=receiver.url,
        OTEL_HEADERS="x-tenant=law%20firm,x-key=secret",
        OTEL_SERVICE_NAME="reading room",
    )
    server.ingest({"lighthouse.txt": b"The lighthouse keeper climbs 217 steps every evening."})
    until(lambda: server.http.get("/api/v1/status").json()["llm"]["writes"])
    return server


def ask(server: RunningServer, **headers: str) -> str:
    """Ask; the id of the request."""
    body = {"question": QUESTION}
    with server.http.stream("POST", "/api/v1/chat", json=body, headers=headers) as response:
        assert response.status_code == 200
        response.read()
        return response.headers["x-request-id"]


def request_span(receiver: OtlpReceiver, request_id: str) -> Span:
    """The span of a request, once it has come."""

    def found() -> list[Span]:
        return [
            span
            for span in receiver.spans()
            if attributes_of(list(span.attributes)).get("cloister.request_id") == request_id
        ]

    until(found)
    (span,) = found()
    return span


def below(receiver: OtlpReceiver, root: Span) -> dict[str, Span]:
    """The spans below a request's, by name."""
    return {span.name: span for span in receiver.spans() if span.parent_span_id == root.span_id}


def test_a_question_leaves_a_whole_trace(site: RunningServer, receiver: OtlpReceiver) -> None:
    root = request_span(receiver, ask(site))
    assert (root.name, root.kind) == (CHAT, Span.SPAN_KIND_SERVER)
    assert root.parent_span_id == b""
    assert attributes_of(list(root.attributes)) | {"cloister.request_id": ""} == {
        "http.request.method": "POST",
        "http.route": "/api/v1/chat",
        "http.response.status_code": 200,
        "cloister.request_id": "",
    }
    spans = below(receiver, root)
    assert spans.keys() == {"answer", "retrieval", "chat"}
    for span in spans.values():
        assert span.trace_id == root.trace_id
        assert root.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.end_time_unix_nano <= root.end_time_unix_nano + 1_000_000
    assert attributes_of(list(spans["retrieval"].attributes)) == {"cloister.passages": 1}
    answer = attributes_of(list(spans["answer"].attributes))
    assert answer["cloister.outcome"] == "answered"
    assert 0 < answer["cloister.first_text_seconds"] < 60  # type: ignore[operator]
    call = attributes_of(list(spans["chat"].attributes))
    assert spans["chat"].kind == Span.SPAN_KIND_CLIENT
    assert call["gen_ai.request.model"] == "scripted"
    assert call["gen_ai.usage.output_tokens"] > 0  # type: ignore[operator]
    assert call["cloister.first_token_seconds"] > 0  # type: ignore[operator]


def test_it_comes_to_the_address_with_headers_and_a_name(
    site: RunningServer, receiver: OtlpReceiver
) -> None:
    request_span(receiver, ask(site))
    assert set(receiver.paths) == {"/v1/traces"}
    headers = receiver.headers[-1]
    assert (headers["x-tenant"], headers["x-key"]) == ("law firm", "secret")
    assert headers["content-type"] == "application/x-protobuf"
    told = attributes_of(list(receiver.exports[-1].resource_spans[0].resource.attributes))
    assert told.keys() == {"service.name", "service.version"}
    assert told["service.name"] == "reading room"
    until(lambda: numbers(site).get(("cloister_spans_total", "sent"), 0) > 0)


def test_a_trace_goes_on_through_us_to_the_model(
    site: RunningServer, receiver: OtlpReceiver, llm: ScriptedLlm
) -> None:
    root = request_span(receiver, ask(site, traceparent=f"00-{TRACE}-{PARENT}-01"))
    assert root.trace_id.hex() == TRACE
    assert root.parent_span_id.hex() == PARENT
    call = below(receiver, root)["chat"]
    assert llm.server.traceparents[-1] == f"00-{TRACE}-{call.span_id.hex()}-01"


def test_what_is_not_to_be_recorded_is_only_handed_on(
    site: RunningServer, receiver: OtlpReceiver, llm: ScriptedLlm
) -> None:
    other = "5" * 32
    ask(site, traceparent=f"00-{other}-{PARENT}-00")
    assert llm.server.traceparents[-1].startswith(f"00-{other}-")
    assert llm.server.traceparents[-1].endswith("-00")
    request_span(receiver, ask(site))
    assert other not in {span.trace_id.hex() for span in receiver.spans()}


@pytest.mark.parametrize(
    "given",
    [
        [], [""], ["canary"], [f"00-{TRACE}-{PARENT}"], [f"01-{TRACE}-{PARENT}-01"],
        [f"00-{'0' * 32}-{PARENT}-01"], [f"00-{TRACE}-{'0' * 16}-01"],
        [f"00-{TRACE.upper()}-{PARENT}-01"], [f"00-{TRACE}-{PARENT}-01-x"],
        [f"00-{TRACE}-{PARENT}-01\n"], [f"00-{TRACE}-{PARENT}-01"] * 2,
    ],
)  # fmt: skip
def test_another_traceparent_is_none(given: list[str]) -> None:
    assert context_in(given) is None


def test_a_failure_is_marked(site: RunningServer, receiver: OtlpReceiver) -> None:
    reply = site.http.post("/api/v1/chat", json={"question": QUESTION, "model": "nothing"})
    assert reply.status_code < 500
    spans: list[OwnSpan] = []
    with pytest.raises(KeyError), request_traced(new_context(), spans.append), traced("work"):
        raise KeyError("canary")
    assert [(each.name, each.failed) for each in spans] == [("work", True), ("request", True)]
    assert {each.attributes["error.type"] for each in spans} == {"KeyError"}
    export = SpanExport(Collector(receiver.url), lambda *_: None)
    spans[0].name = "failed work"
    export.add(spans[0])
    export.start()
    export.stop()
    (span,) = receiver.named("failed work")
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert span.status.message == ""


def test_no_word_of_anybody_is_in_a_trace(llm: ScriptedLlm, server: ServerFactory) -> None:
    with otlp_receiver() as receiver:
        running = server(
            LLM_URL=llm.url, LLM_KEY="canary-key", LLM_IDLE_SECONDS="5", OTEL_ENDPOINT=receiver.url
        )
        until(lambda: running.http.get("/api/v1/status").json()["llm"]["writes"], patience=30)
        use_everything(running, llm)
        running.http.post("/api/v1/people", json={"name": "Canary"})
        running.http.get("/api/v1/documents", params={"q": "canary"})
        running.http.post("/api/v1/chat", json={"question": "canary?", "model": "canary"})
        model = {"model": "canary", "messages": [{"role": "user", "content": "canary"}]}
        running.http.post("/v1/chat/completions", json=model)
        headers = {"traceparent": "canary", "baggage": "canary=1", "tracestate": "canary=1"}
        ask(running, **headers)
        running.stop()
        assert {"answer", "retrieval", "chat", CHAT} <= {span.name for span in receiver.spans()}
        sent = b"".join(receiver.bodies).decode("utf-8", "replace")
        assert CANARY.findall(sent) == []


def dropped(running: RunningServer) -> float:
    return numbers(running).get(("cloister_spans_total", "dropped"), 0)


def drops_more(running: RunningServer, before: float) -> bool:
    return dropped(running) > before


def test_answers_go_on_without_the_collector(llm: ScriptedLlm, server: ServerFactory) -> None:
    with otlp_receiver() as gone:
        pass
    running = server(LLM_URL=llm.url, OTEL_ENDPOINT=gone.url)
    running.ingest({"lighthouse.txt": b"The lighthouse keeper climbs 217 steps every evening."})
    until(lambda: running.http.get("/api/v1/status").json()["llm"]["writes"])
    for _ in range(3):
        before = dropped(running)
        ask(running)
        until(partial(drops_more, running, before))
    with otlp_receiver(int(gone.url.rpartition(":")[2])) as back:
        until(lambda: (ask(running), back.spans())[1])
        until(lambda: "takes traces again" in running.log.read_text())
        assert running.stop() == 0
    lines = [line for line in running.log.read_text().splitlines() if "not take traces" in line]
    assert len(lines) == 1
    assert "WARNING serve.telemetry.export" in lines[0]
    assert gone.url in lines[0]


def test_a_full_queue_drops_and_counts() -> None:
    counted: list[tuple[str, int]] = []
    with otlp_receiver() as receiver:
        export = SpanExport(Collector(receiver.url), lambda *told: counted.append(told), 3)
        for number in range(5):
            export.add(OwnSpan(f"span {number}", context=new_context()))
        assert counted == [("dropped", 1), ("dropped", 1)]
        export.start()
        export.stop()
        assert [span.name for span in receiver.spans()] == ["span 0", "span 1", "span 2"]
        assert counted[2:] == [("sent", 3)]


def test_a_collector_that_never_answers_does_not_hold_up_the_end() -> None:
    counted: list[tuple[str, int]] = []
    held = threading.Event()
    with otlp_receiver() as receiver:
        receiver.held = held
        export = SpanExport(Collector(receiver.url), lambda *told: counted.append(told))
        export.add(OwnSpan("span", context=new_context()))
        export.start()
        until(lambda: receiver.bodies)
        export.stop()
        held.set()
        assert counted == [("dropped", 1)]


def test_nobody_else_is_contacted(monkeypatch: pytest.MonkeyPatch) -> None:
    with otlp_receiver() as receiver, otlp_receiver() as other:
        monkeypatch.setenv("HTTP_PROXY", other.url)
        monkeypatch.setenv("ALL_PROXY", other.url)
        receiver.status, receiver.location = 307, f"{other.url}/v1/traces"
        counted: list[tuple[str, int]] = []
        export = SpanExport(Collector(receiver.url), lambda *told: counted.append(told))
        export.add(OwnSpan("span", context=new_context()))
        export.start()
        export.stop()
        assert receiver.bodies
        assert other.bodies == []
        assert counted == [("dropped", 1)]


def test_the_standard_variables_count_where_ours_say_nothing() -> None:
    standard = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318/",
        "OTEL_EXPORTER_OTLP_HEADERS": "a=b, c=d%20e",
        "OTEL_SERVICE_NAME": "library",
    }
    read = load_settings(standard)
    assert (read.otel_endpoint, read.otel_service_name) == ("http://127.0.0.1:4318", "library")
    assert headers_in(read.otel_headers) == {"a": "b", "c": "d e"}
    assert "d%20e" not in repr(read)
    own = load_settings(standard | {"CLOISTER_OTEL_ENDPOINT": "http://127.0.0.1:1"})
    assert own.otel_endpoint == "http://127.0.0.1:1"
    assert load_settings(standard | {"OTEL_SDK_DISABLED": "True"}) == load_settings({})


def test_other_switches_of_opentelemetry_are_off() -> None:
    environ = {"OTEL_PYTHON_TRACER_PROVIDER": "x", "FASTAPI_OTEL_AUTO_CONFIGURE": "true"}
    quiet_libraries(Settings(), environ)
    assert "OTEL_PYTHON_TRACER_PROVIDER" not in environ
    assert environ["FASTAPI_OTEL_AUTO_CONFIGURE"] == "false"
    assert environ["OTEL_TRACES_EXPORTER"] == "none"


_LOADED = """
import sys
from serve.app import create_app
from serve.settings import load_settings
sys.modules.update(dict.fromkeys({blocked!r}))
app = create_app(load_settings())
print([name for name in sys.modules if name.startswith(("opentelemetry.proto", "opentelemetry.sdk",
    "opentelemetry.exporter"))])
"""


def created(blocked: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
    """What becomes of an application made in a Python of its own."""
    return subprocess.run(
        [sys.executable, "-c", _LOADED.format(blocked=blocked)],
        cwd=ROOT, env=cloister_environment(**settings), capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_nothing_is_loaded_where_nothing_is_configured() -> None:
    done = created([])
    assert done.stdout.strip() == "[]", done.stderr
    loaded = created([], OTEL_ENDPOINT="http://127.0.0.1:4318").stdout
    assert "opentelemetry.proto" in loaded
    assert "opentelemetry.sdk" not in loaded


def test_what_is_missing_is_said() -> None:
    done = created(["opentelemetry.proto"], OTEL_ENDPOINT="http://127.0.0.1:4318")
    assert done.returncode != 0
    assert "InvalidSetting" in done.stderr
    assert "not installed" in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_ENDPOINT", "collector:4318"), ("OTEL_ENDPOINT", "http://me:word@collector"),
        ("OTEL_ENDPOINT", "http://collector/?key=1"),
    ],
)  # fmt: skip
def test_a_bad_setting_is_refused(cloister: CloisterCommand, name: str, value: str) -> None:
    done = cloister("serve", "--port", "0", **{name: value})
    assert done.code == 2
    assert f"CLOISTER_{name}" in done.err


def test_headers_that_are_none_are_refused_unseen(cloister: CloisterCommand) -> None:
    to = "http://127.0.0.1:4318"
    done = cloister("serve", "--port", "0", OTEL_ENDPOINT=to, OTEL_HEADERS="hidden")
    assert done.code != 0
    assert "CLOISTER_OTEL_HEADERS" in done.err
    assert "hidden" not in done.out + done.err
    for text in ("no pair", "a=b\nc: d", "a=%0d%0ab: c", "=b", "a="):
        with pytest.raises(InvalidSetting):
            headers_in(text)


def test_the_doctor_names_the_collector(cloister: CloisterCommand) -> None:
    done = cloister("doctor", "--egress", OTEL_ENDPOINT="http://127.0.0.1:4318")
    assert "Traces go to: http://127.0.0.1:4318" in done.out
    assert "Traces go to: nobody" in cloister("doctor", "--egress").out
    assert os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") is None
