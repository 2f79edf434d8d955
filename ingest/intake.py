"""Taking a received file in: original, document and job, acknowledged only when all are durable."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from ingest import jobs
from ingest.errors import ClosedDuplicate, EmptyFile, OriginalsUnusable
from ingest.files import OWNER_FILE, Originals, display_name
from ingest.formats import media_type_of
from ingest.job_listing import job_of_document
from retrieval.database import Database
from retrieval.errors import CloisterError
from retrieval.faults import fault
from retrieval.store import (
    NewDocument,
    Replaced,
    add_document,
    contents_in_use,
    delete_document,
    get_collection,
    get_document,
    installation_id,
    is_content_used,
    replace_document,
)
from retrieval.types import Document, DocumentState, Scope
from retrieval.versions import (
    documents_named,
    give_up_name,
    keep,
    later_versions,
    names_of,
    remember_name,
    replace_once_visible,
)

log = logging.getLogger(__name__)


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

Noted = Callable[[Connection, IntakeAct, Document, int | None], None]
"""What is told of a document that comes in or goes out, within the same transaction.

The number is the id of the document that has its place from now on, if one does.
"""


def not_noted(
    _connection: Connection, _act: IntakeAct, _document: Document, _successor_id: int | None
) -> None:
    """Nothing."""


class Uploader:
    """Who brings a file; this one sees every document and may bring as many as there are."""

    @property
    def id(self) -> int | None:
        """Whose jobs take turns with those of others; None is nobody in particular."""
        return None

    def check_writes(self, connection: Connection, collection_id: int) -> None:
        """Refuse, by an error, who may bring nothing into a collection, or not any more."""

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
            OriginalsUnusable: Its bytes cannot be kept; nothing is kept.
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
            self.forget_or_leave([file.sha256])
            raise
        if __debug__:
            fault("upload_committed")
        if unused:
            self.forget_or_leave(unused)
        return receipt

    def _kept(
        self, file: ReceivedFile, new: NewDocument, uploader: Uploader
    ) -> tuple[Receipt, list[str]]:
        """The receipt, once it is durable, and the SHA-256 of files that nothing needs any more."""
        with self._database.write() as connection:
            get_collection(connection, new.collection_id)
            uploader.check_writes(connection, new.collection_id)
            closed = uploader.closed_to(connection)
            receipt, unused = _registered(connection, new, closed, uploader.id, self._replaced)
            if receipt.is_new:
                uploader.check(connection, receipt.document)
            self._noted(connection, "uploaded", receipt.document, None)
            # A deletion of the same content may have come between.
            self._originals.save(file.path, file.sha256)
        return receipt, unused

    def _replaced(self, connection: Connection, document: Document, successor_id: int) -> None:
        self._noted(connection, "deleted", document, successor_id)

    def delete(self, document_id: int, uploader: Uploader = ANYBODY) -> None:
        """Delete a document, from the very next search on, and its file if nothing else has it.

        Raises:
            NotFound: There is none, or the uploader may not see it.
            CloisterError: The uploader may not write in its collection.
        """
        with self._database.write() as connection:
            document = get_document(connection, document_id)
            uploader.check_writes(connection, document.collection_id)
            seen = Scope(
                frozenset({document.collection_id}), excluded=uploader.closed_to(connection)
            )
            get_document(connection, document_id, seen)
            unused = delete_document(connection, document_id)
            self._noted(connection, "deleted", document, None)
        if __debug__:
            fault("document_deleted")
        self.forget(unused)

    def forget(self, hashes: list[str]) -> None:
        """Delete originals that no document has, and what is left of deleted rows.

        Raises:
            OriginalsUnusable: They cannot be deleted now, but will be by ``sweep``.
        """
        try:
            for sha256 in hashes:
                with self._database.write() as connection:
                    if not is_content_used(connection, sha256):
                        self._originals.delete(sha256)
                if __debug__:
                    fault("original_deleted")
        finally:
            self._database.forget_deleted()

    def forget_or_leave(self, hashes: list[str]) -> None:
        """``forget`` now, or at the next start where bytes cannot be deleted now."""
        try:
            self.forget(hashes)
        except (OriginalsUnusable, OSError) as error:
            log.warning("Unused original files stay until the next start. %s", error)

    def sweep(self) -> int:
        """Delete originals that a crash left without a document, or half written; how many.

        Only while nothing is being received.

        Raises:
            OriginalsUnusable: They are of another database, or cannot be reached.
        """
        with self._database.read() as connection:
            used = contents_in_use(connection)
            self._make_sure_of_owner(installation_id(connection), has_documents=bool(used))
        self._originals.clear_unfinished()
        orphans = [sha for sha in self._originals if sha not in used]
        self.forget(orphans)
        return len(orphans)

    def _make_sure_of_owner(self, database: str, *, has_documents: bool) -> None:
        owner = self._originals.owner()
        if owner is None and (has_documents or not any(self._originals)):
            self._originals.claim(database)
        elif owner != database:
            raise OriginalsUnusable(
                "The original files are of another database.",
                advice="Name that database, by CLOISTER_DATABASE_URL or CLOISTER_DATA, or another "
                "place for the files, by CLOISTER_ORIGINALS_URL. If that database is gone for "
                f"good, write {database} to the file {OWNER_FILE!r} beside them: those without a "
                "document are deleted then.",
            )


def _registered(
    connection: Connection,
    new: NewDocument,
    closed: frozenset[int],
    owner_id: int | None,
    replaced: Replaced,
) -> tuple[Receipt, list[str]]:
    """The receipt, and the SHA-256 of files that nothing needs any more."""
    document, is_new = add_document(connection, new, closed)
    if document.id in closed:
        raise ClosedDuplicate(
            "The same content is in the collection already, in a document that is closed to you.",
            advice="Ask a manager of the collection.",
        )
    give_up_name(connection, new.name, document.id, closed)
    if is_new:
        job_id = jobs.enqueue(connection, document.id, new.size_bytes, owner_id)
        return Receipt(document, job_id, is_new), []
    keep(connection, document.id)
    remember_name(connection, document.id, new.name)
    outdated = documents_named(connection, document.collection_id, new.name)
    outdated -= {document.id} | closed
    if document.state is DocumentState.READY:
        return _seen_again(connection, document, outdated, replaced)
    if later_versions(connection, document.id):
        # It came before them and is to follow them: it queues anew, as the latest.
        names = names_of(connection, document.id)
        delete_document(connection, document.id)
        receipt, unused = _registered(connection, new, closed, owner_id, replaced)
        for name in names:
            remember_name(connection, receipt.document.id, name)
        replaced(connection, document, receipt.document.id)
        return receipt, unused
    replace_once_visible(connection, outdated, document.id)
    job = job_of_document(connection, document.id)
    jobs.retry(connection, job.id)
    return Receipt(document, job.id, is_new), []


def _seen_again(
    connection: Connection, document: Document, outdated: set[int], replaced: Replaced
) -> tuple[Receipt, list[str]]:
    """A file whose content is searchable already: what else bears its name is outdated."""
    unused = [
        sha
        for each in sorted(outdated)
        for sha in replace_document(connection, each, document.id, replaced)
    ]
    job = job_of_document(connection, document.id)
    return Receipt(document, job.id, is_new=False), unused
