"""``python -m retrieval.openvino_export MODEL FOLDER hub|local``: export a model for OpenVINO.

By way of ONNX, which OpenVINO reads without its converter of torch models.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from retrieval.errors import EmbedderUnavailable
from retrieval.openvino_embedder import (
    EXPORT_FORMAT,
    OpenVinoEmbedder,
    export_checksums,
    imported_openvino,
)
from retrieval.sentence_transformer import SentenceTransformerEmbedder, model_sha256

_LEAST_COSINE = 0.999
_PROBES = (
    "What is the notice period?",
    "Le préavis est de trois mois.",
    "One sentence follows another until the text is long. " * 40,
    "§ 4.2",
)


def export_model(name: str, folder: Path, *, hub: bool = False) -> None:
    """Export a sentence-transformers model into a folder, all of it or nothing.

    Raises:
        EmbedderUnavailable: The model is of a kind that OpenVINO does not reproduce.
    """
    import torch

    original = SentenceTransformerEmbedder(name, hub=hub)
    original.transformer.float()
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    # One that was killed may have had the same number, as in a container.
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        _write_export(original, temporary)
        _require_same_vectors(original, OpenVinoEmbedder(temporary))
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except (RuntimeError, TypeError, AttributeError, torch.onnx.errors.OnnxExporterError) as error:
        raise EmbedderUnavailable(f"The model {name!r} cannot be exported: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_export(original: SentenceTransformerEmbedder, folder: Path) -> None:
    openvino = imported_openvino()
    _write_onnx(original, folder / "model.onnx")
    model = openvino.Core().read_model(folder / "model.onnx")
    openvino.save_model(model, folder / "model.xml", compress_to_fp16=False)
    (folder / "model.onnx").unlink()
    original.transformer.tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    described = {**asdict(original.model), "languages": sorted(original.model.languages)}
    facts = {
        "format": EXPORT_FORMAT,
        "model": described,
        "source": model_sha256(original.folder) if original.folder else "",
        "sha256": export_checksums(folder),
    }
    (folder / "embedder.json").write_text(json.dumps(facts))


def _write_onnx(original: SentenceTransformerEmbedder, path: Path) -> None:
    import torch

    class Pooled(torch.nn.Module):
        """All modules of the transformer as one graph of token ids."""

        def __init__(self) -> None:
            super().__init__()
            self.modules_in_order = torch.nn.ModuleList(original.transformer)

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            for module in self.modules_in_order:
                features = module(features)
            return features["sentence_embedding"]

    ids = torch.ones(2, 16, dtype=torch.long)
    axes = {0: "batch", 1: "tokens"}
    torch.onnx.export(
        Pooled().eval(),
        (ids, ids),
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=["embedding"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "embedding": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )


def _require_same_vectors(
    original: SentenceTransformerEmbedder, exported: OpenVinoEmbedder
) -> None:
    expected, got = (embedder.embed_documents(_PROBES) for embedder in (original, exported))
    cosine = float((expected * got).sum(axis=1).min())
    if cosine < _LEAST_COSINE:
        raise EmbedderUnavailable(f"The export differs from the model: cosine {cosine:.4f}.")


def main() -> int:
    """Export, or leave a note that the model cannot be exported."""
    name, folder, hub = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "hub"
    try:
        export_model(name, folder, hub=hub)
    except EmbedderUnavailable as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
