"""A real server with the built pages, documents, people and a scripted language model."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ui_build
from tests.conftest import ServerFactory
from tests.fixtures.documents import write_docx, write_pdf
from tests.fixtures.people import Town
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.waiting import until

ADMINISTRATOR, READER = "Ada", "Rémi"
LIGHTHOUSE = (
    b"The lighthouse keeper climbs 217 steps every evening. "
    b"The lamp was made in Paris by Barbier. Its light reaches 21 miles."
)
STEPS = "How many steps does the lighthouse keeper climb?"
QUOTE = "The lighthouse keeper climbs 217 steps every evening"


@dataclass(frozen=True, slots=True)
class Site:
    """Where browsers go: ``documents`` are ids by name."""

    town: Town
    llm: ScriptedLlm
    documents: dict[str, int]

    @contextmanager
    def without_model(self) -> Iterator[None]:
        """The model is down until the block ends, and seen to be up again after it."""
        self.llm.stop()
        try:
            yield
            # Requests have failed, so it is looked at soon; a look must not come after the start.
            until(lambda: not self.model_writes())
        finally:
            self.llm.start()
            until(self.model_writes)

    def model_writes(self) -> bool:
        """Whether the server takes the model to be up."""
        status: dict[str, Any] = self.town.operator.get("/api/v1/status").json()
        return bool(status["llm"]["writes"])


@contextmanager
def open_site(server: ServerFactory) -> Iterator[Site]:
    """The site, until the block ends: an administrator, a reader, three documents."""
    ui_build.build()
    with scripted_llm() as llm:
        running = server(LLM_URL=llm.url, LLM_STREAMS="2", LLM_QUEUE="4")
        files = _files()
        documents = dict(zip(files, running.ingest(files), strict=True))
        town = Town(running)
        collection = running.http.get("/api/v1/collections").json()["items"][0]["id"]
        town.granted(collection, town.person(ADMINISTRATOR, administrator=True), "manager")
        town.granted(collection, town.person(READER), "reader")
        opened = Site(town, llm, documents)
        until(opened.model_writes)
        yield opened
        town.close()


def _files() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        rule, minutes = write_pdf(Path(folder, "rule.pdf")), write_docx(Path(folder, "visit.docx"))
        return {
            "rule.pdf": rule.read_bytes(),
            "visit.docx": minutes.read_bytes(),
            "lighthouse.txt": LIGHTHOUSE,
        }
