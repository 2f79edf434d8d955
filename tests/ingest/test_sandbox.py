"""The sandbox keeps its promises against children that misbehave."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from ingest.child import Child, spawned
from ingest.errors import JobCancelled, LimitExceeded, NoTextFound, ParserDied
from ingest.pages import DocumentInfo, ParsedPage
from ingest.sandbox import Limits, parse
from ingest.sandbox_child import __file__ as child_program
from ingest.sandbox_lines import MalformedLine, decoded, encoded
from retrieval.types import Page
from tests.fixtures.processes import is_alive
from tests.fixtures.waiting import until

TEXT = "text/plain"


def a_text(folder: Path, characters: int = 100_000) -> Path:
    path = folder / "a.txt"
    sentence = "The cloister has a garden and a library. "
    paragraph = sentence * 20 + "\n\n"
    path.write_text(paragraph * (characters // len(paragraph)), "utf-8")
    return path


def lines_of(
    script: str, wall: float = 10, stall: float = 5, line: int = 1 << 20, total: int = 1 << 24
) -> Iterator[bytes]:
    with Child(spawned([sys.executable, "-c", script], {})) as child:
        yield from child.lines(
            wall_seconds=wall, stall_seconds=stall, max_line_bytes=line, max_total_bytes=total
        )


def test_a_file_comes_back_as_facts_and_pages(tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    path = a_text(tmp_path)
    items = list(parse(path, TEXT, on_page=lambda done, total: progress.append((done, total))))
    assert isinstance(items[0], DocumentInfo)
    pages = [item.page for item in items[1:] if isinstance(item, ParsedPage)]
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))
    assert len(pages) > 3
    assert all(len(page.text) <= 20_000 for page in pages)
    assert progress == [(number, 0) for number in range(1, len(pages) + 1)]


def test_nothing_is_left_behind_when_the_consumer_stops(tmp_path: Path) -> None:
    me = psutil.Process()
    before = set(me.children())
    path = a_text(tmp_path, 5_000_000)
    with closing(parse(path, TEXT)) as items:  # type: ignore[type-var]
        next(items)
        (child,) = set(me.children()) - before
        folder = Path(child.cwd())
        assert folder.is_dir()
    assert not child.is_running()
    assert not folder.exists()


def test_the_child_limits_itself() -> None:
    script = (
        "import os, sys, json; sys.path.append(sys.argv[2]);"
        "from sandbox_child import confine;"
        "confine(json.loads(sys.argv[1]), os.getppid());"
        "import resource;"
        "print(json.dumps([resource.getrlimit(resource.RLIMIT_AS)[0],"
        "resource.getrlimit(resource.RLIMIT_CORE)[0]]))"
    )
    limits = {
        "memory_bytes": 1 << 30,
        "cpu_seconds": 5,
        "open_files": 32,
        "file_bytes": 1 << 20,
    }
    command = [sys.executable, "-c", script, json.dumps(limits), str(Path(child_program).parent)]
    answer = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert answer == [1 << 30, 0]


def test_the_environment_of_the_child_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOISTER_SECRET", "not for parsers")
    path = a_text(tmp_path, 5_000_000)
    items = parse(path, TEXT)
    with closing(items):  # type: ignore[type-var]
        next(items)
        (child,) = [one for one in psutil.Process().children() if str(path) in str(one.cmdline())]
        assert "CLOISTER_SECRET" not in child.environ()
        assert child.environ()["TMPDIR"] == child.cwd()


def test_a_cancelled_job_ends_at_once(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(JobCancelled):
        list(parse(a_text(tmp_path), TEXT, cancelled=lambda: True))
    assert time.monotonic() - started < 20


def test_a_silent_child_is_stopped() -> None:
    with pytest.raises(LimitExceeded) as caught:
        list(lines_of("import time; time.sleep(60)", stall=0.5))
    assert caught.value.code == "too_slow"


def test_a_child_that_goes_on_for_ever_is_stopped() -> None:
    script = "import time\nwhile True: print(1, flush=True); time.sleep(0.05)"
    with pytest.raises(LimitExceeded) as caught:
        list(lines_of(script, wall=1))
    assert caught.value.code == "too_slow"


@pytest.mark.parametrize("script", ["print('x' * 9_000_000)", "while True: print('x' * 1000)"])
def test_a_flood_is_stopped(script: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        list(lines_of(script))
    assert caught.value.code == "too_much_text"


def test_a_killed_child_takes_its_children_along() -> None:
    script = (
        "import subprocess, sys;"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid,"
        "flush=True); import time; time.sleep(60)"
    )
    lines = lines_of(script)
    grandchild = psutil.Process(int(next(lines)))
    assert isinstance(lines, Iterator)
    lines.close()  # type: ignore[attr-defined]
    until(lambda: not is_alive(grandchild.pid))


def test_without_free_descriptors_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            Child(spawned([sys.executable], {}))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "name"), [(11, "SIGSEGV"), (6, "SIGABRT"), (9, "SIGKILL")])
def test_a_crash_is_told_by_its_signal(number: int, name: str) -> None:
    script = (
        "import os, sys; sys.stderr.write('last words'); sys.stderr.flush();"
        f"os.kill(os.getpid(), {number})"
    )
    with Child(spawned([sys.executable, "-c", script], {})) as child:
        assert not list(
            child.lines(wall_seconds=5, stall_seconds=5, max_line_bytes=99, max_total_bytes=99)
        )
        code, stderr = child.died()
    assert (code, stderr) == (-number, "last words")


def test_a_crash_of_the_parser_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ParserDied):
        list(parse(a_text(tmp_path), TEXT, Limits(memory_bytes=20 << 20)))


def test_processor_time_is_limited(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<html><body>" + "<p>a b c<b>d</b></p>" * 600_000, "utf-8")
    with pytest.raises(LimitExceeded) as caught:
        list(parse(path, "text/html", Limits(cpu_seconds=1)))
    assert caught.value.code == "too_slow"


def test_pages_and_characters_are_limited(tmp_path: Path) -> None:
    path = a_text(tmp_path)
    with pytest.raises(LimitExceeded) as caught:
        list(parse(path, TEXT, Limits(max_pages=2)))
    assert caught.value.code == "too_many_pages"
    with pytest.raises(LimitExceeded) as caught:
        list(parse(path, TEXT, Limits(max_characters=30_000)))
    assert caught.value.code == "too_much_text"


def test_the_clocks_stop_while_the_consumer_works() -> None:
    # Each line is more than a pipe holds, so that some of it comes after the consumer's work.
    lines = 0
    for _ in lines_of("for n in range(4): print('x' * 200_000)", wall=5, stall=3):
        time.sleep(3.1 if lines < 2 else 0)
        lines += 1
    assert lines == 4


def test_a_file_without_text_says_so(tmp_path: Path) -> None:
    path = tmp_path / "empty.html"
    path.write_text("<html><script>1</script></html>")
    with pytest.raises(NoTextFound):
        list(parse(path, "text/html"))


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[]",
        b'{"surprise": 1}',
        b'{"info": {"title": 1, "paged": true, "page_count": 1}}',
        b'{"page": [1, "", 1, 1, 0], "text": "", "boxes": null, "blocks": [[0, 3, "row", [], ""]]}',
        b'{"page": [1, "", 1, 1, 0], "text": "ab", "boxes": "AAAA", "blocks": []}',
        b'{"page": [1, "", 1, 1, 0], "text": "a\\u0000", "boxes": null, "blocks": []}',
        b'{"page": [1, "", 1, 1, 0], "text": "a\\ud800", "boxes": null, "blocks": []}',
        b'{"page": [1, "", Infinity, 1, 0], "text": "a", "boxes": null, "blocks": []}',
        b'{"error": "no such code", "message": "", "advice": ""}',
        b"[" * 100_000,
    ],
)
def test_a_malformed_line_is_refused(line: bytes) -> None:
    with pytest.raises(MalformedLine):
        decoded(line)


def test_hostile_text_is_cleaned_before_it_leaves_the_child() -> None:
    text = "a\x00b\ud800c\ufffe\x02d\u202ee\U0001f600"
    item = decoded(encoded(ParsedPage(Page(1, text), ())))
    assert isinstance(item, ParsedPage)
    assert item.page.text == "ab\ufffdcd\u202ee\U0001f600"


def test_the_child_ends_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import sys, os; sys.path.insert(0, sys.argv[1]);"
        "from pathlib import Path; from ingest.sandbox import parse;"
        "items = parse(Path(sys.argv[2]), 'text/plain'); next(items);"
        "import psutil; print(psutil.Process().children()[0].pid, flush=True);"
        "os.kill(os.getpid(), 9)"
    )
    root = str(Path(child_program).parent.parent)
    command = [sys.executable, "-c", script, root, str(a_text(tmp_path, 5_000_000))]
    answer = subprocess.run(command, capture_output=True, check=False)
    pid = int(answer.stdout)
    until(lambda: not is_alive(pid))
    assert os.getpid() != pid
