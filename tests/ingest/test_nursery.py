from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from ingest.errors import IngestError, JobCancelled, ParserDied
from ingest.pages import DocumentInfo, ParsedPage
from ingest.sandbox import Limits, Sandbox, parse
from tests.fixtures.documents import WRITERS
from tests.fixtures.processes import is_alive
from tests.fixtures.waiting import until

_ROOT = Path(__file__).parent.parent.parent
_TEXT = "text/plain"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


def a_text(folder: Path, name: str = "a.txt", characters: int = 5_000_000) -> Path:
    path = folder / name
    paragraph = f"The cloister {name} has a garden and a library. " * 20 + "\n\n"
    path.write_text(paragraph * (1 + characters // len(paragraph)), "utf-8")
    return path


def texts(items: Iterator[DocumentInfo | ParsedPage]) -> list[str]:
    return [item.page.text for item in items if isinstance(item, ParsedPage)]


def nurseries() -> list[psutil.Process]:
    mine = psutil.Process().children()
    return [one for one in mine if "sandbox_child" in " ".join(one.cmdline())]


def test_it_reads_what_a_spawned_parser_reads(sandbox: Sandbox, tmp_path: Path) -> None:
    path = WRITERS["pdf"](tmp_path / "a.pdf")
    pdf = "application/pdf"
    for _ in range(2):
        assert texts(sandbox.parse(path, pdf, Limits())) == texts(parse(path, pdf))


def test_one_nursery_serves_file_after_file(sandbox: Sandbox, tmp_path: Path) -> None:
    before = set(nurseries())
    for number in range(3):
        path = a_text(tmp_path, f"{number}.txt", 1_000)
        assert f"{number}.txt" in texts(sandbox.parse(path, _TEXT, Limits()))[0]
    assert len(set(nurseries()) - before) == 1


def test_threads_have_nurseries_of_their_own(sandbox: Sandbox, tmp_path: Path) -> None:
    paths = [a_text(tmp_path, f"{number}.txt", 200_000) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda path: texts(sandbox.parse(path, _TEXT, Limits())), paths))
    for path, found in zip(paths, read, strict=True):
        assert found
        assert all(path.name in text for text in found)


def test_nothing_is_left_behind_when_the_consumer_stops(sandbox: Sandbox, tmp_path: Path) -> None:
    path = a_text(tmp_path)
    with closing(sandbox.parse(path, _TEXT, Limits())) as items:  # type: ignore[type-var]
        next(items)
        (child,) = [child for one in nurseries() for child in one.children()]
        folder = Path(child.cwd())
        assert folder.is_dir()
    assert not child.is_running()
    assert not folder.exists()
    assert texts(sandbox.parse(a_text(tmp_path, "b.txt", 100), _TEXT, Limits()))


def test_a_child_knows_nothing_of_our_environment(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOISTER_EMBEDDER_KEY", "secret")
    with closing(sandbox.parse(a_text(tmp_path), _TEXT, Limits())) as items:  # type: ignore[type-var]
        next(items)
        for process in nurseries():
            for one in (process, *process.children()):
                assert "secret" not in str(one.environ())


def test_a_cancelled_job_ends_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(JobCancelled):
        list(sandbox.parse(a_text(tmp_path), _TEXT, Limits(), cancelled=lambda: True))


def test_limits_hold_and_the_next_file_is_not_touched(sandbox: Sandbox, tmp_path: Path) -> None:
    small = Limits(memory_bytes=200 << 20)
    with pytest.raises(IngestError):
        list(sandbox.parse(a_text(tmp_path, characters=60_000_000), _TEXT, small))
    assert texts(sandbox.parse(a_text(tmp_path, "b.txt", 100), _TEXT, Limits()))


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_a_child_that_crashes_is_told_by_its_signal(
    sandbox: Sandbox, tmp_path: Path, number: signal.Signals
) -> None:
    items = sandbox.parse(a_text(tmp_path), _TEXT, Limits())
    next(items)
    (child,) = [child for one in nurseries() for child in one.children()]
    child.send_signal(number)
    with pytest.raises(ParserDied, match=number.name):
        list(items)
    assert texts(sandbox.parse(a_text(tmp_path, "b.txt", 100), _TEXT, Limits()))


def test_a_nursery_that_dies_is_replaced(sandbox: Sandbox, tmp_path: Path) -> None:
    items = sandbox.parse(a_text(tmp_path), _TEXT, Limits())
    next(items)
    for process in nurseries():
        process.kill()
    with pytest.raises(ParserDied):
        list(items)
    assert texts(sandbox.parse(a_text(tmp_path, "b.txt", 100), _TEXT, Limits()))


def test_nursery_and_child_end_with_whoever_started_them(tmp_path: Path) -> None:
    script = (
        "import os, psutil, sys; from pathlib import Path;"
        "from ingest.sandbox import Limits, Sandbox;"
        "items = Sandbox().parse(Path(sys.argv[1]), 'text/plain', Limits()); next(items);"
        "print(*(one.pid for one in psutil.Process().children(recursive=True)), flush=True);"
        "os.kill(os.getpid(), 9)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, str(a_text(tmp_path))],
        cwd=_ROOT,
        capture_output=True,
        check=False,
    )
    pids = [int(pid) for pid in answer.stdout.split()]
    assert len(pids) == 2
    until(lambda: not any(map(is_alive, pids)))
    assert os.getpid() not in pids
