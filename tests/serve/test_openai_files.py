"""Files, vector stores and embeddings over the OpenAI door, with OpenAI's own client."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import openai
import pytest

from tests.fixtures.programs import openai_client, pdf_of_pages
from tests.fixtures.waiting import until

if TYPE_CHECKING:
    from openai import OpenAI

    from tests.conftest import RunningServer

LEASE = b"The notice period of this lease is three months to the end of a quarter."
NOTICE = "What is the notice period of the lease?"


@pytest.fixture
def client(shared_server: RunningServer) -> Iterator[OpenAI]:
    with openai_client(shared_server) as made:
        yield made


def named(name: str, content: bytes) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


def test_a_file_comes_goes_and_is_read_again(client: OpenAI) -> None:
    made = client.files.create(file=named("lease.txt", LEASE), purpose="assistants")
    assert (made.filename, made.bytes, made.purpose) == ("lease.txt", len(LEASE), "assistants")
    until(lambda: client.files.retrieve(made.id).status == "processed")
    assert made.id in [each.id for each in client.files.list()]
    assert client.files.content(made.id).read() == LEASE
    assert client.files.create(file=named("again.txt", LEASE), purpose="user_data").id == made.id
    assert client.files.delete(made.id).deleted
    for unknown in (made.id, "file-999999", "file-0", "nonsense"):
        with pytest.raises(openai.NotFoundError):
            client.files.retrieve(unknown)


def test_a_file_goes_into_the_collection_that_is_named(
    client: OpenAI, shared_server: RunningServer
) -> None:
    shared_server.collection("contracts")
    made = client.files.create(
        file=named("lease.txt", LEASE),
        purpose="assistants",
        extra_body={"collection": "contracts"},
    )
    shown = shared_server.http.get("/api/v1/documents", params={"collection": "contracts"}).json()
    assert [f"file-{each['id']}" for each in shown["items"]] == [made.id]


def test_lists_go_on_after_an_id(client: OpenAI, shared_server: RunningServer) -> None:
    store = client.vector_stores.create(name="paged")
    texts = {f"{n}.txt": f"Text number {n}.".encode() for n in range(5)}
    shared_server.ingest(texts, "paged")
    pages = client.vector_stores.files.list(store.id, limit=2)
    assert len(pages.data) == 2
    assert len([each.id for each in pages]) == 5
    everything = [each.id for each in client.files.list(limit=2)]
    assert len(everything) == len(set(everything)) >= 5
    stores = [each.id for each in client.vector_stores.list(limit=1)]
    assert store.id in stores
    with pytest.raises(openai.BadRequestError, match="cursor"):
        client.files.list(after="nonsense")


def test_a_file_for_another_purpose_is_refused(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="purpose"):
        client.files.create(file=named("x.txt", b"A text."), purpose="fine-tune")


def test_what_is_to_expire_is_refused_and_not_kept(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="expires_after") as file:
        client.files.create(
            file=named("soon.txt", b"A text."),
            purpose="assistants",
            expires_after={"anchor": "created_at", "seconds": 3600},
        )
    with pytest.raises(openai.BadRequestError, match="expires_after") as store:
        client.vector_stores.create(
            name="soon", expires_after={"anchor": "last_active_at", "days": 1}
        )
    assert file.value.code == store.value.code == "invalid_request"
    assert "soon.txt" not in [each.filename for each in client.files.list()]
    assert "soon" not in [each.name for each in client.vector_stores.list()]


def test_a_file_that_cannot_be_read_is_refused_in_openais_shape(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as empty:
        client.files.create(file=named("empty.txt", b""), purpose="assistants")
    assert empty.value.code == "empty_file"
    with pytest.raises(openai.APIStatusError) as unknown:
        client.files.create(file=named("a.exe", b"MZ\x00\x01" * 99), purpose="assistants")
    assert (unknown.value.code, unknown.value.status_code) == ("unsupported_format", 415)


def test_a_large_file_passes_where_a_large_body_does_not(client: OpenAI) -> None:
    large = b"A line of a long text.\n" * 60_000
    made = client.files.create(file=named("large.txt", large), purpose="assistants")
    assert made.bytes == len(large)
    client.files.delete(made.id)
    with pytest.raises(openai.APIStatusError) as error:
        client.responses.create(model="all", input=large.decode())
    assert error.value.status_code == 413


def test_a_file_is_taken_into_a_store_and_found(client: OpenAI) -> None:
    store = client.vector_stores.create(name="leases")
    pages = pdf_of_pages("Nothing is said here.", "The notice period is three months.")
    file = client.files.create(file=named("lease.pdf", pages), purpose="assistants")
    taken = client.vector_stores.files.create_and_poll(
        file.id, vector_store_id=store.id, poll_interval_ms=100
    )
    assert (taken.id, taken.status, taken.last_error) == (file.id, "completed", None)
    shown = client.vector_stores.retrieve(store.id)
    assert (shown.file_counts.completed, shown.status) == (1, "completed")
    assert shown.usage_bytes == len(pages)
    best = client.vector_stores.search(store.id, query=NOTICE, max_num_results=2).data[0]
    assert best.filename == "lease.pdf"
    assert "three months" in best.content[0].text
    assert (best.attributes or {})["page"] == 2
    again = client.vector_stores.files.create(vector_store_id=store.id, file_id=file.id)
    assert again.status == "completed"
    assert client.vector_stores.retrieve(store.id).file_counts.total == 1


def test_upload_and_poll_and_delete(client: OpenAI) -> None:
    store = client.vector_stores.create(name="polled")
    taken = client.vector_stores.files.upload_and_poll(
        vector_store_id=store.id, file=named("polled.txt", b"It was polled at noon.")
    )
    assert taken.status == "completed"
    assert client.vector_stores.search(store.id, query="polled at noon").data
    deleted = client.vector_stores.files.delete(taken.id, vector_store_id=store.id)
    assert deleted.deleted
    assert client.vector_stores.search(store.id, query="polled at noon").data == []
    assert client.files.retrieve(taken.id).filename == "polled.txt"
    assert client.vector_stores.delete(store.id).deleted
    for unknown in (store.id, "vs_999999", "vs_0", "nonsense"):
        with pytest.raises(openai.NotFoundError):
            client.vector_stores.retrieve(unknown)


def test_a_damaged_file_fails_with_a_reason(client: OpenAI) -> None:
    store = client.vector_stores.create(name="damaged")
    file = client.files.create(
        file=named("broken.pdf", b"%PDF-1.7\n" + b"garbage " * 50), purpose="assistants"
    )
    taken = client.vector_stores.files.create_and_poll(
        file.id, vector_store_id=store.id, poll_interval_ms=100
    )
    assert taken.status == "failed"
    assert taken.last_error
    assert taken.last_error.code == "invalid_file"
    until(lambda: client.files.retrieve(file.id).status == "error")


def test_a_store_is_made_with_files_and_its_name_once(client: OpenAI) -> None:
    file = client.files.create(
        file=named("made.txt", b"It was made with it."), purpose="assistants"
    )
    store = client.vector_stores.create(name="made with files", file_ids=[file.id])
    assert store.file_counts.total == 1
    with pytest.raises(openai.ConflictError) as error:
        client.vector_stores.create(name="made with files")
    assert error.value.response.headers["X-Should-Retry"] == "false"
    with pytest.raises(openai.NotFoundError):
        client.vector_stores.create(name="never made", file_ids=["file-999999"])
    assert "never made" not in [each.name for each in client.vector_stores.list(limit=100)]
    assert client.vector_stores.create().name
    with pytest.raises(openai.BadRequestError, match="filters"):
        client.vector_stores.search(
            store.id, query="made", filters={"type": "eq", "key": "k", "value": "v"}
        )


def test_embeddings_are_the_same_in_both_encodings(
    client: OpenAI, shared_server: RunningServer
) -> None:
    coded = client.embeddings.create(model="hash", input=["A text.", "Another one."])
    plain = client.embeddings.create(model="hash", input="A text.", encoding_format="float")
    assert coded.data[0].embedding == pytest.approx(plain.data[0].embedding)
    assert sum(each**2 for each in plain.data[0].embedding) == pytest.approx(1)
    assert coded.usage.prompt_tokens > plain.usage.prompt_tokens
    body = {"model": "embedder", "input": "A text.", "encoding_format": "base64"}
    raw = shared_server.http.post("/v1/embeddings", json=body).json()["data"][0]["embedding"]
    packed = base64.b64decode(raw)
    unpacked = struct.unpack(f"<{len(packed) // 4}f", packed)
    assert list(unpacked) == pytest.approx(plain.data[0].embedding)


@pytest.mark.parametrize(
    "given",
    [[1, 2, 3], [[1, 2], [3]], [], [""], ["x"] * 257, ["x" * 32_001]],
    ids=["tokens", "lists of tokens", "nothing", "empty", "too many", "too long"],
)
def test_embeddings_of_anything_but_some_texts_are_refused(client: OpenAI, given: Any) -> None:
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model="hash", input=given)


def test_bounds_of_embeddings_are_reached(client: OpenAI) -> None:
    assert len(client.embeddings.create(model="hash", input=["x"] * 256).data) == 256
    assert client.embeddings.create(model="hash", input=["x" * 32_000]).data
    with pytest.raises(openai.NotFoundError, match="'hash'"):
        client.embeddings.create(model="text-embedding-3-small", input="A text.")
    with pytest.raises(openai.BadRequestError, match="dimensions"):
        client.embeddings.create(model="hash", input="A text.", dimensions=7)
