"""The same databases as for retrieval."""

from tests.retrieval.conftest import database, postgres_url

__all__ = ["database", "postgres_url"]
