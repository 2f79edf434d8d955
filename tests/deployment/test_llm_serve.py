"""``cloister llm serve`` with a stand-in for the environment of vLLM, and with the real one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import httpx
import pytest

from tests.conftest import ROOT, cloister_environment
from tests.fixtures.toy_llama import toy_llama

if TYPE_CHECKING:
    from tests.conftest import CloisterCommand

# In the place of vLLM, our own scripted server: it is told and started as vLLM is, keeps what it
# was told, and has a child, as vLLM has.
STAND_IN = """\
#!{python}
import json, os, subprocess, sys
sys.path.insert(0, {root!r})
words = sys.argv[1:]
told = dict(zip(words, words[1:]))
with open({record!r}, "w") as file:
    json.dump({{"words": words, "environment": dict(os.environ), "group": os.getpgid(0)}}, file)
print("loading the weights", flush=True)
if "--fail" in words:
    sys.exit("no memory is left on the card")
child = subprocess.Popen(["sleep", "600"])
import asyncio
from serve.scripted.server import ScriptedOptions, ScriptedServer
async def serve():
    key = os.environ.get("VLLM_API_KEY", "")
    options = ScriptedOptions(models=(told["--served-model-name"],), key=key)
    await ScriptedServer(options=options, port=int(told["--port"])).start()
    await asyncio.Event().wait()
asyncio.run(serve())
"""


@dataclass(slots=True)
class Running:
    """A running ``cloister llm serve``."""

    process: subprocess.Popen[str]
    record: Path
    port: int
    lines: list[str] = field(default_factory=list)

    def wait_until_it_writes(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if "Stop it" in line:
                return
        raise AssertionError(self.lines)

    @property
    def told(self) -> dict[str, object]:
        """What the stand-in was told, once it was started."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                found: dict[str, object] = json.loads(self.record.read_text())
            except (OSError, ValueError):
                time.sleep(0.05)
            else:
                return found
        raise AssertionError("it was not started")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_llama(tmp_path_factory.mktemp("models") / "Llama-Toy")


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A folder like that of an environment with vLLM."""
    python = tmp_path / "vllm" / "bin" / "python"
    python.parent.mkdir(parents=True)
    text = STAND_IN.format(
        python=sys.executable, root=str(ROOT), record=str(tmp_path / "record.json")
    )
    python.write_text(text)
    python.chmod(0o755)
    return tmp_path / "vllm"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(
    model: Path, environment: Path, *flags: str, errors: IO[str] | None = None, **settings: str
) -> Iterator[Running]:
    port = free_port()
    words = ["--environment", str(environment), "--port", str(port), *flags]
    process = subprocess.Popen(
        [sys.executable, "-m", "serve", "llm", "serve", str(model), *words],
        cwd=ROOT,
        # The log of one that is killed stays behind.
        env=cloister_environment(**settings) | {"TMPDIR": str(model.parent)},
        stdout=subprocess.PIPE,
        stderr=errors or subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Running(process, environment.parent / "record.json", port)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def members(group: int) -> list[int]:
    """The living processes of a group."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, _, own = (entry / "stat").read_text().rpartition(") ")[2].split()[:3]
        except OSError:
            continue
        if int(own) == group and state != "Z":
            found.append(int(entry.name))
    return found


def wait_until_gone(group: int, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while left := members(group):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_it_ends_with_its_command(model: Path, environment: Path, number: int) -> None:
    with served(model, environment) as running:
        running.wait_until_it_writes()
        group = running.told["group"]
        assert isinstance(group, int)
        assert group != os.getpgid(running.process.pid)
        assert len(members(group)) == 2
        running.process.send_signal(number)
        code = running.process.wait(30)
        assert code == (0 if number != signal.SIGKILL else -signal.SIGKILL)
        wait_until_gone(group)
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{running.port}/health", trust_env=False)


def test_it_ends_while_it_starts(model: Path, environment: Path) -> None:
    with served(model, environment) as running:
        group = running.told["group"]
        assert isinstance(group, int)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(30) == 0
        wait_until_gone(group)


def test_when_it_dies_its_last_words_are_told(
    model: Path, environment: Path, tmp_path: Path
) -> None:
    with (
        (tmp_path / "errors").open("w") as errors,
        served(model, environment, errors=errors) as running,
    ):
        running.wait_until_it_writes()
        group = running.told["group"]
        assert isinstance(group, int)
        os.kill(group, signal.SIGKILL)
        assert running.process.wait(30) == 1
        wait_until_gone(group)
    said = (tmp_path / "errors").read_text()
    assert "vLLM ended by itself" in said
    assert "loading the weights" in said
    log = Path(said.rsplit("All that it said: ", 1)[1].strip())
    assert "loading the weights" in log.read_text()
    log.unlink()


def test_when_it_does_not_start_its_last_words_are_told(
    model: Path, environment: Path, cloister: CloisterCommand
) -> None:
    words = ["--environment", str(environment), "--port", str(free_port())]
    ran = cloister("llm", "serve", str(model), *words, "--", "--fail")
    assert ran.code == 1
    assert "no memory is left on the card" in ran.err
    assert "Traceback" not in ran.err
    Path(ran.err.rsplit("All that it said: ", 1)[1].strip()).unlink()


def test_what_it_is_told(model: Path, environment: Path) -> None:
    flags = ("--", "--max-num-seqs", "2")
    with served(model, environment, *flags, LLM_KEY="the-key", PORT="1") as running:
        told = running.told
        running.wait_until_it_writes()
    words, variables = told["words"], told["environment"]
    assert isinstance(words, list)
    assert isinstance(variables, dict)
    assert words[:2] == ["-m", "vllm.entrypoints.openai.api_server"]
    assert words[-2:] == ["--max-num-seqs", "2"]
    assert words[words.index("--host") + 1] == "127.0.0.1"
    assert words[words.index("--served-model-name") + 1] == "Llama-Toy"
    assert "the-key" not in words
    assert variables["VLLM_API_KEY"] == "the-key"
    assert variables["VLLM_NO_USAGE_STATS"] == variables["HF_HUB_OFFLINE"] == "1"
    assert variables["DO_NOT_TRACK"] == "1"
    assert variables["PATH"].startswith(f"{environment / 'bin'}:")
    assert [name for name in variables if name.startswith(("CLOISTER_", "PYTHON"))] == []
    output = "".join(running.lines)
    assert f"CLOISTER_LLM_URL=http://127.0.0.1:{running.port}/v1" in output
    assert "Built with Llama" in output
    assert "the-key" not in output


def test_wrong_usage(
    model: Path, environment: Path, tmp_path: Path, cloister: CloisterCommand
) -> None:
    ran = cloister("llm", "serve", str(model), "--environment", str(tmp_path / "none"))
    assert ran.code == 2
    assert "--environment" in ran.err
    (tmp_path / "empty").mkdir()
    ran = cloister("llm", "serve", str(tmp_path / "empty"), "--environment", str(environment))
    assert ran.code == 1
    assert "cloister models verify" in ran.err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = ["--environment", str(environment), "--port", str(taken.getsockname()[1])]
        ran = cloister("llm", "serve", str(model), *words)
    assert ran.code == 2
    assert "is taken" in ran.err
    assert not (tmp_path / "record.json").exists()


def test_the_flags_alone(model: Path, cloister: CloisterCommand) -> None:
    ran = cloister("llm", "serve", str(model), "--print")
    assert ran.code == 0
    context = json.loads((model / "config.json").read_text())["max_position_embeddings"]
    assert (
        f"--max-model-len {min(context, 8_192)} --max-num-seqs 4 --max-num-queued-reqs 68\n"
        in ran.out
    )


@pytest.mark.vllm
@pytest.mark.timeout(600)
def test_the_real_vllm(model: Path) -> None:
    environment = Path(os.environ.get("VLLM_VENV") or ROOT / ".venv-vllm")
    with served(model, environment, LLM_KEY="the-key") as running:
        running.wait_until_it_writes()
        headers = {"Authorization": "Bearer the-key"}
        url = f"http://127.0.0.1:{running.port}/v1/models"
        assert httpx.get(url, trust_env=False).status_code == 401
        (answered,) = httpx.get(url, headers=headers, trust_env=False).json()["data"]
        assert answered["id"] == "Llama-Toy"
        (keeper,) = children_of(running.process.pid)
        (vllm,) = children_of(keeper)
        assert os.getpgid(vllm) == vllm
        assert len(members(vllm)) >= 3
        running.process.kill()
        wait_until_gone(vllm, 30)


def children_of(pid: int) -> list[int]:
    tasks = Path("/proc", str(pid), "task", str(pid), "children")
    return [int(each) for each in tasks.read_text().split()]
