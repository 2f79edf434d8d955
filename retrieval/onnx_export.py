"""``python -m retrieval.onnx_export MODEL FOLDER hub|local``: export a model for onnxruntime."""

from __future__ import annotations

import sys
from pathlib import Path

from retrieval.errors import EmbedderUnavailable
from retrieval.onnx_embedder import export_onnx


def main() -> int:
    """Export, or leave a note that the model cannot be exported."""
    name, folder, hub = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "hub"
    try:
        export_onnx(name, folder, hub=hub)
    except EmbedderUnavailable as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
