"""What may stand nowhere in our sources, beside what tests/test_architecture.py forbids, and which
addresses may stand in what a browser gets from us."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ui_build
from tests.test_architecture import ROOT, SOURCES, dotted, place, syntax_of

MODULES = {
    "jinja2", "mako", "fastapi.templating", "starlette.templating",
    "fastapi.middleware.cors", "starlette.middleware.cors",
    "code", "codeop", "runpy", "commands", "pty",
}  # fmt: skip
"""Templates, other sites' pages let in, and ways to run what somebody wrote."""

NAMES = {
    "os.system", "os.popen", "os.popen2", "yaml.load", "yaml.unsafe_load", "yaml.full_load",
    "string.Template", "subprocess.getoutput", "subprocess.getstatusoutput", "builtins.eval",
    "builtins.exec", "asyncio.create_subprocess_shell", "pickle.loads", "torch.load",
}  # fmt: skip
BUILTINS = {"eval", "exec", "compile", "__import__"}

READ_ADDRESS = re.compile(rb"(?:https?|wss?):(?:\\?/){2}([A-Za-z0-9.-]*)", re.IGNORECASE)
LOADED = re.compile(
    r"""(?:url\(|@import|\b(?:src|href|action)=)\s*["']?(?:[a-z]+:)?//([\w.-]+)""", re.IGNORECASE
)
"""What a browser fetches by itself, also without a scheme."""

NEVER_FETCHED = {
    "": "built of something else at run time: a link that somebody wrote, such as www.example.org",
    "www.w3.org": "names of XML namespaces",
    "www.xfa.org": "names of XML namespaces, in PDF.js",
    "ns.adobe.com": "names of XML namespaces, in PDF.js",
    "www.apache.org": "licences, in comments and beside fonts",
    "scripts.sil.org": "licence of fonts",
    "creativecommons.org": "licence of colour profiles",
    "fedoraproject.org": "maker, inside a font",
    "www.ascendercorp.com": "maker, inside a font",
    "react.dev": "where React's errors are explained; part of a message",
    "github.com": "where an error of react-markdown is explained; part of a message",
    "foo.bar": "base for parsing file names, in PDF.js",
    "example.com": "base for parsing links, in PDF.js",
    "localhost": "this machine",
    "127.0.0.1": "this machine",
}
"""The hosts whose names stand in what is served, and why nothing is fetched from them."""


def bans_of(tree: ast.Module) -> Iterator[ast.stmt | ast.expr]:
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {each.asname or each.name: each.name for each in node.names}
            if any(is_banned(each.name) for each in node.names):
                yield node
        elif isinstance(node, ast.ImportFrom):
            full = {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
            known |= full
            if is_banned(node.module or "") or any(map(is_banned, full.values())):
                yield node
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, _, rest = dotted(node).partition(".")
            if f"{known.get(first, first)}.{rest}" in NAMES:
                yield node
        if isinstance(node, ast.Name) and node.id in BUILTINS:
            yield node


def is_banned(name: str) -> bool:
    return name in NAMES or any(name == each or name.startswith(f"{each}.") for each in MODULES)


def test_nothing_that_is_banned_is_used() -> None:
    assert len(SOURCES) > 200
    assert [place(path, node) for path in SOURCES for node in bans_of(syntax_of(path))] == []


@pytest.mark.parametrize(
    "code",
    [
        "import jinja2", "from jinja2 import Template", "from string import Template",
        "import string\nstring.Template(text)", "import string as s\ns.Template(text)",
        "from starlette.middleware.cors import CORSMiddleware", "from os import system as run",
        "from fastapi.middleware import cors", "import os as o\no.system(text)",
        "from yaml import load", "import yaml as y\ny.load(text)", "run = eval",
        "compile(text, '', 'exec')", "__import__(name)", "import code",
        "import asyncio\nasyncio.create_subprocess_shell(text)",
    ],
)  # fmt: skip
def test_what_is_banned_is_seen(code: str) -> None:
    assert list(bans_of(ast.parse(code)))


@pytest.mark.parametrize("code", ["import re\nre.compile(text)", "import codecs", "x.eval()"])
def test_what_only_looks_like_it_is_not(code: str) -> None:
    assert not list(bans_of(ast.parse(code)))


def foreign_in(content: bytes) -> set[str]:
    """The hosts in a file that we have no word for, and those that a browser would ask."""
    named = {host.decode().lower() for host in READ_ADDRESS.findall(content)}
    loaded = set(LOADED.findall(content.decode("utf-8", "replace")))
    return (named - NEVER_FETCHED.keys()) | loaded


def foreign_under(folder: Path) -> dict[str, set[str]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    found = {str(path.relative_to(folder)): foreign_in(path.read_bytes()) for path in files}
    return {name: hosts for name, hosts in found.items() if hosts}


def test_no_source_of_the_pages_names_a_foreign_address() -> None:
    for folder in ("src", "public"):
        assert foreign_under(ui_build.UI / folder) == {}
    assert foreign_in((ui_build.UI / "index.html").read_bytes()) == set()


@pytest.mark.skipif(not ui_build.DIST.is_dir(), reason="the pages are not built")
def test_nothing_that_is_built_fetches_from_elsewhere() -> None:
    assert foreign_under(ui_build.DIST) == {}


def test_no_other_page_names_an_address() -> None:
    for name in ("web.py", "reference.py", "routes/reference.py"):
        assert foreign_in((ROOT / "serve" / name).read_bytes()) == set(), name


@pytest.mark.parametrize(
    "content",
    [
        b'<script src="https://cdn.example.net/x.js">', b"<img src=//cdn.example.net/x.png>",
        b"@import '//fonts.example.net/css';", b"url(//fonts.example.net/a.woff2)",
        b'fetch("https:\\/\\/api.example.net")', b'new WebSocket("wss://api.example.net")',
        b'<link href="https://react.dev/style.css">',
    ],
)  # fmt: skip
def test_a_foreign_address_is_seen(content: bytes) -> None:
    assert foreign_in(content)


def test_every_exception_is_in_use() -> None:
    if not ui_build.DIST.is_dir():
        pytest.skip("the pages are not built")
    served = b"".join(path.read_bytes() for path in ui_build.DIST.rglob("*") if path.is_file())
    named = {host.decode().lower() for host in READ_ADDRESS.findall(served)}
    assert NEVER_FETCHED.keys() - named <= {"localhost", "127.0.0.1"}
