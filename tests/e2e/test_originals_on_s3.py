"""A server with its original files on S3: from upload to deletion, and while the store is away."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import pytest

from tests.conftest import CloisterCommand, ServerFactory
from tests.contract.object_store import ObjectStore, reach_s3_at, served

TEXT = b"The mill by the river grinds rye and barley for both houses."
SHA = sha256(TEXT).hexdigest()
OWNER = "originals/owner"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    with served() as store:
        reach_s3_at(store.address, monkeypatch)
        yield store


@pytest.fixture
def bucket(store: ObjectStore) -> str:
    return store.new_bucket()


def test_an_original_comes_and_goes(server: ServerFactory, store: ObjectStore, bucket: str) -> None:
    running = server(ORIGINALS_URL=f"s3://{bucket}/originals")
    (document,) = running.ingest({"mill.txt": TEXT})
    assert store.keys(bucket) == [f"originals/{SHA[:2]}/{SHA}", OWNER]
    address = f"/api/v1/documents/{document}"
    assert running.http.get(f"{address}/content").content == TEXT
    part = running.http.get(f"{address}/content", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"mill")
    assert running.http.delete(address).status_code == 204
    assert store.keys(bucket) == [OWNER]
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()


def test_what_a_crash_left_without_a_document_is_swept(
    server: ServerFactory, store: ObjectStore, bucket: str
) -> None:
    running = server(ORIGINALS_URL=f"s3://{bucket}/originals")
    running.stop()
    for key in (f"originals/{SHA[:2]}/{SHA}", "of others"):
        store.client().put_object(Bucket=bucket, Key=key, Body=TEXT)
    server(running.data, ORIGINALS_URL=f"s3://{bucket}/originals")
    assert store.keys(bucket) == ["of others", OWNER]


def test_without_its_store_a_server_keeps_nothing_by_halves(
    server: ServerFactory, store: ObjectStore, bucket: str
) -> None:
    running = server(ORIGINALS_URL=f"s3://{bucket}/originals")
    (document,) = running.ingest({"mill.txt": TEXT})
    with store.away():
        (item,) = running.upload({"well.txt": b"The well stands in the garden."})
        assert (item["error"]["code"], item["error"]["status"]) == ("originals_unusable", 503)
        assert item["document_id"] is None
        content = running.http.get(f"/api/v1/documents/{document}/content")
        assert (content.status_code, content.json()["code"]) == (503, "originals_unusable")
        assert content.headers["Retry-After"]
    listed = running.http.get("/api/v1/documents").json()["items"]
    assert [each["name"] for each in listed] == ["mill.txt"]
    assert running.http.get(f"/api/v1/documents/{document}/content").content == TEXT
    running.ingest({"well.txt": b"The well stands in the garden."})
    assert len(store.keys(bucket)) == 3


def test_a_deletion_counts_though_the_store_is_away(
    server: ServerFactory, store: ObjectStore, bucket: str
) -> None:
    running = server(ORIGINALS_URL=f"s3://{bucket}/originals")
    (document,) = running.ingest({"mill.txt": TEXT})
    with store.away():
        deleted = running.http.delete(f"/api/v1/documents/{document}")
    assert (deleted.status_code, deleted.json()["code"]) == (503, "originals_unusable")
    assert running.http.get(f"/api/v1/documents/{document}").status_code == 404
    running.stop()
    server(running.data, ORIGINALS_URL=f"s3://{bucket}/originals")
    assert store.keys(bucket) == [OWNER]


def test_a_server_over_another_database_takes_no_file_away(
    server: ServerFactory, cloister: CloisterCommand, store: ObjectStore, bucket: str
) -> None:
    running = server(ORIGINALS_URL=f"s3://{bucket}/originals")
    running.ingest({"mill.txt": TEXT})
    ran = cloister("serve", "--port", "0", ORIGINALS_URL=f"s3://{bucket}/originals")
    assert ran.code == 1
    assert "of another database" in ran.err
    assert "Traceback" not in ran.err
    assert store.keys(bucket) == [f"originals/{SHA[:2]}/{SHA}", OWNER]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://no-such-bucket/originals", "bucket does not exist"),
        ("foo://bucket/originals", "Protocol not known: foo"),
    ],
)
@pytest.mark.usefixtures("store")
def test_a_server_refuses_a_store_that_it_cannot_use(
    cloister: CloisterCommand, url: str, words: str
) -> None:
    ran = cloister("serve", "--port", "0", ORIGINALS_URL=url)
    assert ran.code == 1
    assert words in ran.err
    assert "CLOISTER_ORIGINALS_URL" in ran.err
    assert "Traceback" not in ran.err


def test_a_server_refuses_a_store_that_is_away(
    cloister: CloisterCommand, store: ObjectStore, bucket: str
) -> None:
    with store.away():
        ran = cloister("serve", "--port", "0", ORIGINALS_URL=f"s3://{bucket}/originals")
    assert ran.code == 1
    assert "Could not connect" in ran.err
    assert "Traceback" not in ran.err
