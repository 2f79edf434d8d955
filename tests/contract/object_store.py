"""An S3 of our own on loopback, by moto, in a thread."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

_REGION = "us-east-1"


@dataclass(slots=True)
class ObjectStore:
    """S3 at an address; who asks may do everything there."""

    server: ThreadedMotoServer
    address: str

    def new_bucket(self) -> str:
        """The name of a bucket that nobody else has."""
        name = f"bucket-{uuid4().hex}"
        self.client().create_bucket(Bucket=name)
        return name

    def client(self) -> Any:
        """Another program at the same store."""
        return boto3.client(
            "s3",
            endpoint_url=self.address,
            aws_access_key_id="tester",
            aws_secret_access_key="secret",
            region_name=_REGION,
        )

    def keys(self, bucket: str) -> list[str]:
        """What is in a bucket."""
        return [
            each["Key"] for each in self.client().list_objects_v2(Bucket=bucket).get("Contents", [])
        ]

    def empty(self, bucket: str) -> None:
        """Delete all that is in a bucket."""
        for key in self.keys(bucket):
            self.client().delete_object(Bucket=bucket, Key=key)

    def drop(self, bucket: str) -> None:
        """Delete a bucket with all that is in it."""
        self.empty(bucket)
        self.client().delete_bucket(Bucket=bucket)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody answers at the address until the block ends; what is stored stays."""
        _, port = self.server.get_host_and_port()
        self.server.stop()
        try:
            yield
        finally:
            self.server = _started(port)


@contextmanager
def served() -> Iterator[ObjectStore]:
    """A store, until the block ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = _started(0)
    host, port = server.get_host_and_port()
    store = ObjectStore(server, f"http://{host}:{port}")
    try:
        yield store
    finally:
        store.server.stop()


def _started(port: int) -> ThreadedMotoServer:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    return server


def reach_s3_at(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process and its children look for S3 at an address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tester")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", _REGION)
    # A file system of before would go on with the address that it knows.
    fsspec.get_filesystem_class("s3").clear_instance_cache()
