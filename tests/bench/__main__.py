"""``make bench``: every number beside another of the same run, none asserted."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from serve.settings import Settings, quiet_libraries
from tests.bench.machine import describe
from tests.bench.options import Options, corpora_folder

SUBJECTS = (
    "quality",
    "extractive",
    "quotes",
    "search",
    "start",
    "embedders",
    "llm",
    "ingest",
    "leaks",
    "rights",
    "schemas",
    "flood",
    "highlights",
    "folder",
    "page",
    "looks",
)


def main() -> None:
    """Run the subjects that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path(".bench"))
    parser.add_argument("--only", default=",".join(SUBJECTS), metavar="NAME,...")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one repeat")
    given = parser.parse_args()
    names = given.only.split(",")
    if unknown := set(names) - set(SUBJECTS):
        parser.error(f"no such subject: {', '.join(sorted(unknown))}; there are {SUBJECTS}")
    quiet_libraries(Settings())
    cache = given.cache.absolute()
    options = Options(given.data.absolute(), cache, corpora_folder(cache), given.quick)
    print(f"# Benchmarks{' (quick)' if options.quick else ''}\n\n{describe()}", flush=True)
    for name in names:
        _run(name, options)


def _run(name: str, options: Options) -> None:
    subject: Callable[[Options], None] = import_module(f"tests.bench.{name}").run
    print(f"\n## {name}", flush=True)
    begun = time.monotonic()
    load = os.getloadavg()[0]
    if (
        name in ("quality", "extractive", "quotes", "ingest", "highlights")
        and not options.data.is_dir()
    ):
        print(f"Skipped: there is no {options.data}; name the open question sets with --data.")
        return
    subject(options)
    seconds = time.monotonic() - begun
    sys.stderr.write(f"{name}: {seconds:.0f} s, load {load:.1f} at its start\n")


if __name__ == "__main__":
    main()
