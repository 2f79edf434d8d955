"""LangChain: its loaders, RecursiveCharacterTextSplitter and FAISS, as its tutorial has them."""

from measured import Measurement

measurement = Measurement()

from langchain_community.document_loaders import PyPDFLoader, TextLoader  # noqa: E402
from langchain_community.vectorstores import FAISS  # noqa: E402
from langchain_huggingface import HuggingFaceEmbeddings  # noqa: E402
from langchain_text_splitters import RecursiveCharacterTextSplitter  # noqa: E402

embedding = HuggingFaceEmbeddings(
    model_name=measurement.model_folder,
    model_kwargs={"device": "cpu", "model_kwargs": {"dtype": measurement.dtype}},
)
splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
embedding.embed_query("warm")
measurement.start()
documents = []
for name in measurement.files:
    loader = PyPDFLoader(name) if name.endswith(".pdf") else TextLoader(name, encoding="utf-8")
    documents += loader.load()
chunks = splitter.split_documents(documents)
store = FAISS.from_documents(chunks, embedding)
measurement.stop()
measurement.report([chunk.page_content for chunk in chunks])
