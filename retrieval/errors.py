"""The error tree. Every class has a stable ``code``; messages say what to do next.

CloisterError
├── NotFound                      not_found
├── Refused                       refused
│   ├── CollectionExists          collection_exists
│   ├── DataFolderInUse           data_folder_in_use
│   ├── DataFormatTooNew          data_format_too_new
│   ├── DatabaseInUse             database_in_use
│   ├── DatabaseUnusable          database_unusable
│   └── EmbedderMismatch          embedder_mismatch
├── EmbedderUnavailable           embedder_unavailable
│   └── WeightsChanged            weights_changed
├── EmbeddingRefused              embedding_refused
└── EmbeddingInvalid              embedding_invalid

``ingest.errors`` and ``serve.errors`` add their leaves under these.
"""

from __future__ import annotations


class CloisterError(Exception):
    """Anything that Cloister reports to a person on purpose."""

    code = "error"

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class NotFound(CloisterError):
    """The thing asked for does not exist, or the asker may not know that it does."""

    code = "not_found"


class Refused(CloisterError):
    """The request is understood and not carried out."""

    code = "refused"


class CollectionExists(Refused):
    """A collection of that name exists."""

    code = "collection_exists"


class DataFolderInUse(Refused):
    """Another server process holds the data folder."""

    code = "data_folder_in_use"


class DataFormatTooNew(Refused):
    """The database was written by a newer release."""

    code = "data_format_too_new"


class DatabaseInUse(Refused):
    """Another server process works with the database."""

    code = "database_in_use"


class DatabaseUnusable(Refused):
    """The database cannot be opened under its URL."""

    code = "database_unusable"


class EmbedderMismatch(Refused):
    """The stored vectors come from another embedder than the configured one."""

    code = "embedder_mismatch"


class EmbedderUnavailable(CloisterError):
    """The embedder cannot be loaded or reached."""

    code = "embedder_unavailable"


class WeightsChanged(EmbedderUnavailable):
    """The weights on disk are not the ones whose checksum is pinned."""

    code = "weights_changed"


class EmbeddingRefused(CloisterError):
    """The embedder does not take a text, and would not take it the next time either."""

    code = "embedding_refused"


class EmbeddingInvalid(CloisterError):
    """The embedder returned vectors of a wrong shape, or not finite, or zero."""

    code = "embedding_invalid"
