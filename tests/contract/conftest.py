"""The packaged model, exported once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.embedder_choice import EmbedderChoice, query_embedder


@pytest.fixture(scope="session")
def packaged_choice(tmp_path_factory: pytest.TempPathFactory) -> EmbedderChoice:
    """The packaged model with its export made."""
    choice = EmbedderChoice(Path(tmp_path_factory.mktemp("embedders")))
    query_embedder(choice)
    return choice
