"""LlamaIndex: its reader, SentenceSplitter and in-memory vector store, at their defaults."""

from measured import Measurement

measurement = Measurement()

from llama_index.core import Settings, SimpleDirectoryReader, VectorStoreIndex  # noqa: E402
from llama_index.core.node_parser import SentenceSplitter  # noqa: E402
from llama_index.embeddings.huggingface import HuggingFaceEmbedding  # noqa: E402

Settings.llm = None
Settings.embed_model = HuggingFaceEmbedding(
    model_name=measurement.model_folder,
    device="cpu",
    model_kwargs={"dtype": measurement.dtype},
)
splitter = SentenceSplitter()
if measurement.variant == "chunks of 256":
    splitter = SentenceSplitter(chunk_size=256, chunk_overlap=20)
Settings.embed_model.get_text_embedding("warm")
measurement.start()
documents = SimpleDirectoryReader(input_files=measurement.files).load_data()
index = VectorStoreIndex.from_documents(documents, transformations=[splitter])
measurement.stop()
measurement.report(
    [node.get_content(metadata_mode="embed") for node in index.docstore.docs.values()]
)
