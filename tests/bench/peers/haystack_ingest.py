"""Haystack: its converters, cleaner, splitter and in-memory store in a pipeline, at defaults."""

from measured import Measurement

measurement = Measurement()

from haystack import Pipeline  # noqa: E402
from haystack.components.converters import PyPDFToDocument, TextFileToDocument  # noqa: E402
from haystack.components.joiners import DocumentJoiner  # noqa: E402
from haystack.components.preprocessors import DocumentCleaner, DocumentSplitter  # noqa: E402
from haystack.components.writers import DocumentWriter  # noqa: E402
from haystack.document_stores.in_memory import InMemoryDocumentStore  # noqa: E402
from haystack.utils import ComponentDevice  # noqa: E402
from haystack_integrations.components.embedders.sentence_transformers import (  # noqa: E402
    SentenceTransformersDocumentEmbedder,
)

store = InMemoryDocumentStore()
embedder = SentenceTransformersDocumentEmbedder(
    model=measurement.model_folder,
    device=ComponentDevice.from_str("cpu"),
    model_kwargs={"dtype": measurement.dtype},
    progress_bar=False,
)
pipeline = Pipeline()
parts = {
    "pdf": PyPDFToDocument(),
    "text": TextFileToDocument(),
    "join": DocumentJoiner(),
    "clean": DocumentCleaner(),
    "split": DocumentSplitter(),
    "embed": embedder,
    "write": DocumentWriter(store),
}
for name, part in parts.items():
    pipeline.add_component(name, part)
for one, other in (
    ("pdf", "join"),
    ("text", "join"),
    ("join", "clean"),
    ("clean", "split"),
    ("split", "embed"),
    ("embed", "write"),
):
    pipeline.connect(one, other)
pipeline.warm_up()
embedder.run([])
measurement.start()
pipeline.run(
    {
        "pdf": {"sources": [name for name in measurement.files if name.endswith(".pdf")]},
        "text": {"sources": [name for name in measurement.files if name.endswith(".txt")]},
    }
)
measurement.stop()
measurement.report([document.content for document in store.filter_documents()])
