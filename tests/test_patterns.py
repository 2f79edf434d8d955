"""No text, however long and repetitive, makes a pattern hold up the server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PATIENCE = 120.0
"""In seconds: all of it takes about ten."""


def test_no_pattern_takes_long_on_any_text() -> None:
    command = [sys.executable, "-m", "tests.fixtures.pattern_trial"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            told, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            told, _ = process.communicate()
            pytest.fail(f"it does not end: {told.splitlines()[-1:]}")
    names = told.splitlines()
    assert [each for each in names if each.startswith("too long")] == []
    assert process.returncode == 0
    assert {"ingest.formats._HTML", "retrieval.topics._NUMBERING"} <= set(names)
