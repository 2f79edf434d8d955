"""Vectors of the embedder that is set, for all documents of a data folder that no server holds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from socket import gethostname

from retrieval.embedder_choice import document_embedder
from retrieval.reembedding import reembed
from serve.backend import chosen_embedder, opened_database
from serve.data_folder import DataFolder
from serve.settings import Settings

_WHERE = "unix:cloister-reembed"


def reembed_folder(settings: Settings, report: Callable[[int, int], None]) -> int:
    """Replace all vectors, as ``retrieval.reembedding.reembed`` does; how many there are.

    Raises:
        DataFolderInUse: A server or another command holds the data folder.
        EmbedderUnavailable: There is no such embedder; nothing is lost.
    """
    folder, lanes = DataFolder(settings.data), max(1, settings.workers)
    with (
        folder.held(_WHERE),
        closing(opened_database(settings, folder)) as database,
        database.held(f"cloister reembed on {gethostname()}"),
    ):
        database.migrate()
        embedder = document_embedder(chosen_embedder(settings, folder), lanes)
        return reembed(database, embedder, report, lanes)
