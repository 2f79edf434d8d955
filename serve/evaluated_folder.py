"""What a data folder holds, measured beside whoever works with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from socket import gethostname
from tempfile import TemporaryDirectory

from retrieval.database import Database
from retrieval.errors import DatabaseInUse, DataFolderInUse
from retrieval.indexes import Indexes
from retrieval.retriever import Retriever
from serve.backend import chosen_embedder, opened_database
from serve.caller import OPERATOR
from serve.data_folder import DataFolder
from serve.evaluation.evaluation import Evaluation
from serve.scope import scope_of
from serve.searching import matching_embedder
from serve.settings import Settings

_WHERE = "unix:cloister-eval"


@contextmanager
def evaluated_folder(
    settings: Settings, collections: Sequence[str], k: int
) -> Iterator[Evaluation]:
    """An evaluation over some collections of a data folder, or over all, whether a server runs.

    Its indexes are its own, made from the stored texts and vectors, and gone when the block ends.

    Raises:
        DataFormatTooNew: A newer release wrote the data.
        EmbedderMismatch: The stored vectors are of another embedder than the one that is set.
        NotFound: There is no such collection.
    """
    folder = DataFolder(settings.data)
    with (
        closing(opened_database(settings, folder)) as database,
        TemporaryDirectory(prefix="cloister-eval-") as indexes_folder,
    ):
        _migrate_unless_held(database, folder)
        with database.read() as connection:
            scope = scope_of(connection, OPERATOR, collections)
        embedder = matching_embedder(database, chosen_embedder(settings, folder))
        with closing(Indexes(database, embedder.model, Path(indexes_folder))) as indexes:
            indexes.maintain()
            retriever = Retriever(database, embedder, indexes)
            yield Evaluation(database, embedder, retriever, scope, k)


def _migrate_unless_held(database: Database, folder: DataFolder) -> None:
    try:
        with (
            folder.held(_WHERE),
            database.held(f"cloister eval on {gethostname()}"),
        ):
            database.migrate()
    except (DataFolderInUse, DatabaseInUse):
        # Whoever holds it has done so.
        return
