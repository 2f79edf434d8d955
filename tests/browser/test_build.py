"""What is built of serve/ui, and what it is built of."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import ui_build
from tests.browser.api_types import GENERATED, api_types

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def dist() -> Path:
    ui_build.build()
    return ui_build.DIST


def _read(dist: Path) -> str:
    return (dist / "index.html").read_text(encoding="utf-8")


def test_what_pdfjs_fetches_is_there(dist: Path) -> None:
    (folder,) = (dist / "assets").glob("pdfjs-*")
    for name in ("cmaps/Adobe-Japan1-0.bcmap", "standard_fonts/LiberationSans-Regular.ttf"):
        assert (folder / name).is_file(), name
    assert list((folder / "wasm").glob("*.wasm"))


def test_the_page_names_no_other_host(dist: Path) -> None:
    assert re.findall(r"(?:src|href)=\"(?!/)[^\"]*", _read(dist)) == []


def test_a_build_of_the_same_sources_is_not_made_again(dist: Path) -> None:
    before = (dist / "index.html").stat().st_mtime_ns
    ui_build.build()
    assert (dist / "index.html").stat().st_mtime_ns == before


def test_the_types_are_those_of_the_api() -> None:
    told = "The API has changed: run `make ui-types`."
    assert GENERATED.read_text(encoding="utf-8") == api_types(), told


def test_packages_are_exact_and_locked_without_addresses() -> None:
    package = json.loads((ui_build.UI / "package.json").read_text(encoding="utf-8"))
    wanted = package["dependencies"] | package["devDependencies"]
    assert [each for each in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", each[1])] == []
    lock = json.loads((ui_build.UI / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert [name for name, each in packages.items() if "resolved" in each] == []
    assert [name for name, each in packages.items() if "integrity" not in each] == []


@pytest.mark.slow
def test_a_wheel_has_the_built_pages(tmp_path: Path) -> None:
    names = ("hatch_build.py", "ui_build.py", "pyproject.toml", "README.md", "LICENSE")
    for name in names:
        shutil.copy(ROOT / name, tmp_path)
    for name in ("retrieval", "ingest", "serve"):
        shutil.copytree(
            ROOT / name,
            tmp_path / name,
            ignore=shutil.ignore_patterns("__pycache__", "node_modules", "dist", ".building"),
        )
    shutil.copy(ROOT / ".gitignore", tmp_path)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "-w", "out", "."]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=280)
    (wheel,) = (tmp_path / "out").glob("*.whl")
    held = zipfile.ZipFile(wheel).namelist()
    assert "serve/ui/dist/index.html" in held
    assert [name for name in held if re.search(r"\.tsx?$|node_modules|package-lock", name)] == []
