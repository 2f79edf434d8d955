"""On a full disk what is there stays readable, nothing is half, and work goes on afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.driver import Expectation, Order
from tests.faults.sound import assert_settles, assert_sound

_SCRIPT = """
mount -t tmpfs -o size=24m tmpfs "$1" || exit 77
exec "$2" -m tests.faults.full_disk "$3" "$1" "$4"
"""


def ran(command: list[str]) -> dict[str, Any]:
    """What a program reports."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"mount namespaces are not permitted here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def on_a_small_disk(program: str, folder: Path) -> dict[str, Any]:
    """What a program reports that ran in a mount namespace of its own, on a tmpfs of 24 MB."""
    disk = folder / "disk"
    disk.mkdir()
    command = ["unshare", "-Urm", "sh", "-c", _SCRIPT, "sh"]
    return ran([*command, str(disk), sys.executable, program, str(folder)])


def test_documents_that_do_not_fit_are_refused_and_the_others_kept(tmp_path: Path) -> None:
    check(on_a_small_disk("documents_come_in", tmp_path), tmp_path / "data")


def test_the_same_where_files_may_not_grow(tmp_path: Path) -> None:
    """Needs no namespace, so that it also runs where those are not permitted."""
    command = [sys.executable, "-m", "tests.faults.full_disk", "files_stop_growing"]
    check(ran([*command, str(tmp_path), str(tmp_path)]), tmp_path / "data")


def check(facts: dict[str, Any], data: Path) -> None:
    assert facts["failed_adds"] > 0
    assert facts["found_while_full"]
    assert_sound(data)
    orders = [Order("add", name, 1) for name in facts["acknowledged"]]
    Expectation({}).after(orders, None).check(assert_settles(data))


def test_indexes_stay_as_they_are_and_follow_once_there_is_room(tmp_path: Path) -> None:
    facts = on_a_small_disk("indexes_follow", tmp_path)
    assert facts["failures"] == 2
    assert facts["while_full"] == [1, 300]
    assert facts["freed"] == [300, 300]
