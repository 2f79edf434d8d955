"""Under ``python -O``, as ``make run`` starts, nothing of the fault points is left."""

from __future__ import annotations

import ast
import dis
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

import ingest
import retrieval
import serve
from retrieval.faults import POINTS, arm, fault

PACKAGES = [Path(package.__path__[0]) for package in (retrieval, ingest, serve)]
SOURCES = [
    path
    for package in PACKAGES
    for path in package.rglob("*.py")
    if path != PACKAGES[0] / "faults.py"
]


def uses_of_fault(code: CodeType) -> Iterator[str]:
    """Where a code object, or one inside it, gets hold of ``fault``."""
    for instruction in dis.get_instructions(code):
        if instruction.argval == "fault" and instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield code.co_qualname
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from uses_of_fault(constant)


def uses(optimize: int) -> list[str]:
    return [
        f"{path}: {use}"
        for path in SOURCES
        for use in uses_of_fault(compile(path.read_text(), path, "exec", optimize=optimize))
    ]


def test_no_call_is_left_in_production() -> None:
    assert uses(optimize=1) == []


def test_the_check_would_find_a_call() -> None:
    assert len(uses(optimize=0)) >= len(POINTS)


def test_each_point_is_somewhere_in_the_program() -> None:
    named = {
        node.args[0].value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "fault"
        and isinstance(node.args[0], ast.Constant)
    }
    assert named == set(POINTS)


def test_an_unknown_point_is_refused() -> None:
    with pytest.raises(ValueError, match="no_such_point"):
        arm("no_such_point")


def test_a_point_that_is_not_armed_does_nothing() -> None:
    fault(POINTS[0])


def test_an_armed_point_kills_only_without_optimisation() -> None:
    script = (
        "from retrieval.faults import arm, fault\n"
        f"arm({POINTS[0]!r})\n"
        f"if __debug__: fault({POINTS[0]!r})\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    survived = subprocess.run([sys.executable, "-O", "-c", script], check=False)
    assert (killed.returncode, survived.returncode) == (-signal.SIGKILL, 0)
