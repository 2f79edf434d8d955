"""Taking a received file in: original, document and job, acknowledged only when all are durable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from ingest import jobs
from ingest.errors import ClosedDuplicate, EmptyFile
from ingest.files import Originals, display_name
from ingest.formats import media_type_of
from retrieval.database import Database
from retrieval.errors import CloisterError
from retrieval.faults import fault
from retrieval.store import (
    NewDocument,
    add_document,
    contents_in_use,
    delete_document,
    get_collection,
    get_document,
    is_content_used,
)
from retrieval.types import Document, DocumentState
from retrieval.versions import documents_named, later_versions


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A complete file on this machine, which the receiver removes in the end."""

    path: Path
    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a received file; ``is_new`` is false if its content was here already."""

    document: Document
    job_id: int
    is_new: bool


IntakeAct = Literal["uploaded", "deleted"]

Noted = Callable[[Connection, IntakeAct, Document], None]
"""What is told of a document that comes in or goes out, within the same transaction."""


def not_noted(_connection: Connection, _act: IntakeAct, _document: Document) -> None:
    """Nothing."""


class Uploader:
    """Who brings a file; this one sees every document and may bring as many as there are."""

    @property
    def id(self) -> int | None:
        """Whose jobs take turns with those of others; None is nobody in particular."""
        return None

    def closed_to(self, connection: Connection) -> frozenset[int]:
        """The documents that the uploader may not see, and so neither replaces nor is told of."""
        return frozenset()

    def check(self, connection: Connection, document: Document) -> None:
        """Refuse a new document, by an error, within the transaction that would keep it."""


ANYBODY = Uploader()


class Intake:
    """The door by which files come in and go out."""

    def __init__(self, database: Database, originals: Originals, noted: Noted = not_noted) -> None:
        self._database = database
        self._originals = originals
        self._noted = noted

    def accept(
        self, file: ReceivedFile, collection_id: int, uploader: Uploader = ANYBODY
    ) -> Receipt:
        """The document of a file, queued for ingestion if it is new or failed before.

        Raises:
            UnsupportedFormat, EmptyFile: The file cannot become a document; nothing is kept.
            ClosedDuplicate: Its content is there already, where the uploader may not see it.
            CloisterError: The uploader may not bring it; nothing is kept.
        """
        if file.size_bytes == 0:
            raise EmptyFile("The file is empty.", advice="Check that it was copied completely.")
        new = NewDocument(
            collection_id=collection_id,
            name=display_name(file.name),
            content_sha256=file.sha256,
            size_bytes=file.size_bytes,
            media_type=media_type_of(file.path, file.name),
        )
        self._originals.save(file.path, file.sha256)
        if __debug__:
            fault("upload_saved")
        try:
            receipt, unused = self._kept(file, new, uploader)
        except CloisterError:
            self.forget([file.sha256])
            raise
        if __debug__:
            fault("upload_committed")
        if unused:
            self.forget(unused)
        return receipt

    def _kept(
        self, file: ReceivedFile, new: NewDocument, uploader: Uploader
    ) -> tuple[Receipt, list[str]]:
        """The receipt, once it is durable, and the SHA-256 of files that nothing needs any more."""
        with self._database.write() as connection:
            get_collection(connection, new.collection_id)
            closed = uploader.closed_to(connection)
            receipt, unused = _registered(connection, new, closed, uploader.id)
            if receipt.is_new:
                uploader.check(connection, receipt.document)
            self._noted(connection, "uploaded", receipt.document)
            # A deletion of the same content may have come between.
            self._originals.save(file.path, file.sha256)
        return receipt, unused

    def delete(self, document_id: int) -> None:
        """Delete a document, from the very next search on, and its file if nothing else has it."""
        with self._database.write() as connection:
            document = get_document(connection, document_id)
            unused = delete_document(connection, document_id)
            self._noted(connection, "deleted", document)
        if __debug__:
            fault("document_deleted")
        self.forget(unused)

    def forget(self, hashes: list[str]) -> None:
        """Delete originals that no document has, and what is left of deleted rows."""
        for sha256 in hashes:
            with self._database.write() as connection:
                if not is_content_used(connection, sha256):
                    self._originals.delete(sha256)
            if __debug__:
                fault("original_deleted")
        self._database.forget_deleted()

    def sweep(self) -> int:
        """Delete originals that a crash left without a document, or half written; how many.

        Only while nothing is being received.
        """
        self._originals.clear_unfinished()
        with self._database.read() as connection:
            used = contents_in_use(connection)
        orphans = [sha for sha in self._originals if sha not in used]
        self.forget(orphans)
        return len(orphans)


def _registered(
    connection: Connection, new: NewDocument, closed: frozenset[int], owner_id: int | None
) -> tuple[Receipt, list[str]]:
    """The receipt, and the SHA-256 of files that nothing needs any more."""
    document, is_new = add_document(connection, new, closed)
    if is_new:
        job_id = jobs.enqueue(connection, document.id, new.size_bytes, owner_id)
        return Receipt(document, job_id, is_new), []
    if document.id in closed:
        raise ClosedDuplicate(
            "The same content is in the collection already, in a document that is closed to you.",
            advice="Ask a manager of the collection.",
        )
    if document.state is DocumentState.READY:
        return _seen_again(connection, document, new.name, closed)
    if later_versions(connection, document.id):
        # It came before them and is to follow them: it queues anew, as the latest.
        delete_document(connection, document.id)
        return _registered(connection, new, closed, owner_id)
    job = jobs.job_of_document(connection, document.id)
    if document.state is DocumentState.FAILED:
        jobs.retry(connection, job.id)
    return Receipt(document, job.id, is_new), []


def _seen_again(
    connection: Connection, document: Document, name: str, closed: frozenset[int]
) -> tuple[Receipt, list[str]]:
    """A file whose content is searchable already: what else bears its name is outdated."""
    named = documents_named(connection, document.collection_id, name)
    outdated = named - {document.id} - closed
    unused = [sha for each in sorted(outdated) for sha in delete_document(connection, each)]
    job = jobs.job_of_document(connection, document.id)
    return Receipt(document, job.id, is_new=False), unused
