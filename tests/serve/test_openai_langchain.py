"""The OpenAI door with LangChain, which keeps citations when it speaks the Responses API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai import DefaultHttpxClient
from pydantic import SecretStr

from tests.fixtures.programs import SECONDS, key_of, pdf_of_pages

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory

STEPS = "How many steps does the lighthouse keeper climb?"
QUOTE = "The lighthouse keeper climbs 217 steps every evening."


@pytest.fixture(scope="module")
def site(module_server: ServerFactory) -> RunningServer:
    server = module_server()
    server.ingest({"lighthouse.pdf": pdf_of_pages("Built of granite.", QUOTE)})
    return server


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[DefaultHttpxClient]:
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.setenv(name, "false")
    with DefaultHttpxClient(trust_env=False, timeout=SECONDS) as client:
        yield client


@pytest.fixture
def chat(site: RunningServer, http: DefaultHttpxClient) -> ChatOpenAI:
    return ChatOpenAI(
        model="default",
        base_url=f"{site.url}/v1",
        api_key=SecretStr(key_of(site)),
        http_client=http,
        use_responses_api=True,
        max_retries=0,
    )


def citations(content: Any) -> list[dict[str, Any]]:
    return [each for block in content for each in block.get("annotations", [])]


def test_invoke_keeps_page_and_quote(chat: ChatOpenAI) -> None:
    answer = chat.invoke(STEPS)
    assert QUOTE in answer.text
    (cited,) = citations(answer.content)
    assert cited["type"] == "file_citation"
    assert (cited["filename"], cited["page"], cited["quote"]) == ("lighthouse.pdf", 2, QUOTE)


def test_stream_keeps_page_and_quote(chat: ChatOpenAI) -> None:
    chunks = list(chat.stream([("human", "Hello."), ("ai", "Hello!"), ("human", STEPS)]))
    answer = chunks[0]
    for chunk in chunks[1:]:
        answer += chunk
    assert QUOTE in answer.text
    (cited,) = citations(answer.content)
    assert (cited["page"], cited["quote"]) == (2, QUOTE)
    assert answer.usage_metadata


def test_chat_completions_have_the_links_in_their_text(
    site: RunningServer, http: DefaultHttpxClient
) -> None:
    chat = ChatOpenAI(
        model="all", base_url=f"{site.url}/v1", api_key=SecretStr(key_of(site)), http_client=http
    )
    assert "- [1] [lighthouse.pdf, p. 2](" in chat.invoke(STEPS).text


def test_embeddings(site: RunningServer, http: DefaultHttpxClient) -> None:
    embeddings = OpenAIEmbeddings(
        model="embedder",
        base_url=f"{site.url}/v1",
        api_key=SecretStr(key_of(site)),
        http_client=http,
        check_embedding_ctx_length=False,
    )
    one, other = embeddings.embed_documents(["A text.", "Another one."])
    assert len(one) == len(other) == 256
