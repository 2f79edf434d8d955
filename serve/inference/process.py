"""A vLLM of our own on this machine: started, waited for, and ended with whoever started it.

It is never imported: it lives in an environment of its own, because it pins another torch.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from serve.errors import BindRefused, InvalidSetting, LLMUnavailable, ServeError
from serve.inference import keeper
from serve.inference.client import InferenceClient, InferenceServer
from serve.inference.model_folder import ModelFolder
from serve.inference.probe import Capabilities, probe
from serve.inference.sizing import GIB, Card, ModelSize, Plan, processor_cache_gib

ENVIRONMENT = Path(".venv-vllm")

_START_SECONDS = 3_600.0
_POLL_SECONDS = 0.5
_STOP_SECONDS = 20.0
_LOG_LINES = 15
_WAITING = 64
_MIB = 1 << 20
_QUERY = ("--query-gpu=memory.total,compute_cap,name", "--format=csv,noheader,nounits")
_ALWAYS = (
    "--generation-config",
    "vllm",
    "--enable-prompt-tokens-details",
    "--disable-uvicorn-access-log",
    "--structured-outputs-config",
    json.dumps({"backend": "guidance", "disable_any_whitespace": True}),
)


@dataclass(frozen=True, slots=True)
class Launch:
    """What is started: the Python that has vLLM, what it is told, and where it will listen."""

    python: Path
    model: Path
    name: str
    port: int
    flags: tuple[str, ...]
    key: str = ""

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def command(self) -> list[str]:
        """The command; the key is not in it, for everybody can read commands."""
        # As a module, because the `vllm` command of some builds does not find itself.
        module = "vllm.entrypoints.openai.api_server"
        named = ("--model", str(self.model), "--served-model-name", self.name)
        place = ("--host", "127.0.0.1", "--port", str(self.port))
        return [str(self.python), "-m", module, *named, *place, *_ALWAYS, *self.flags]


def flags_of(plan: Plan) -> tuple[str, ...]:
    """The flags of a plan, with a bound on the queue in front of it."""
    # The flag counts those that run and those that wait, in spite of its name.
    return (*plan.flags, "--max-num-queued-reqs", str(plan.requests + _WAITING))


def vllm_python(environment: Path) -> Path:
    """The Python of an environment that has vLLM.

    Raises:
        InvalidSetting: There is none.
    """
    python = environment.expanduser().absolute() / "bin" / "python"
    if not python.exists():
        raise InvalidSetting(
            f"There is no Python with vLLM in {str(environment)!r}.",
            advice="Make the environment as docs/deployment.md says, or name it: --environment.",
        )
    return python


def cards_here() -> tuple[Card, ...]:
    """The graphics cards of this machine, as their driver tells."""
    if not (program := shutil.which("nvidia-smi")):
        return ()
    try:
        asked = subprocess.run(
            [program, *_QUERY], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return read_cards(asked.stdout) if asked.returncode == 0 else ()


def read_cards(text: str) -> tuple[Card, ...]:
    """The cards in what nvidia-smi printed; lines that tell of none are passed over."""
    found = []
    for line in text.splitlines():
        memory, _, rest = line.partition(",")
        capability, _, name = rest.partition(",")
        with suppress(ValueError):
            found.append(Card(int(memory) * _MIB / GIB, float(capability), name.strip()))
    return tuple(found)


def size_of(folder: ModelFolder) -> ModelSize:
    """What counts of a model for its flags.

    Raises:
        LLMUnavailable: Its config.json does not say.
    """
    config = json.loads((folder.path / "config.json").read_text(encoding="utf-8"))
    try:
        heads = int(config["num_attention_heads"])
        key_heads = int(config.get("num_key_value_heads") or heads)
        head = int(config.get("head_dim") or config["hidden_size"] // heads)
        token_bytes = 2 * 2 * int(config["num_hidden_layers"]) * key_heads * head
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        raise LLMUnavailable(
            f"config.json in {str(folder.path)!r} does not tell the size of the model."
        ) from None
    return ModelSize(
        folder.weight_bytes, token_bytes, folder.context or 4096, heads, folder.quantized
    )


def extra_environment(launch: Launch, model: ModelSize, plan: Plan) -> dict[str, str]:
    """The variables that vLLM gets besides what every process of ours gets."""
    found = {
        "VLLM_NO_USAGE_STATS": "1",
        # What its processes say to each other stays on this machine.
        "VLLM_HOST_IP": "127.0.0.1",
    }
    if launch.key:
        found["VLLM_API_KEY"] = launch.key
    if not plan.cards:
        found["VLLM_CPU_KVCACHE_SPACE"] = str(processor_cache_gib(model, plan))
        found["VLLM_CPU_OMP_THREADS_BIND"] = "nobind"
    return found


class InferenceProcess:
    """A running vLLM; ``wait_until_it_writes`` before it is used."""

    def __init__(self, launch: Launch, process: subprocess.Popen[bytes], log: Path) -> None:
        self.launch = launch
        self.log = log
        self._process = process

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self._process.poll() is None

    def wait_until_it_writes(self, seconds: float = _START_SECONDS) -> Capabilities:
        """What it can do, once it has written a token.

        Raises:
            LLMUnavailable: It died, or took longer than this.
        """
        deadline = time.monotonic() + seconds
        while self.running and time.monotonic() < deadline:
            found = asyncio.run(_probed(self.launch))
            if found.writes:
                return found
            time.sleep(_POLL_SECONDS)
        if self.running:
            raise self._failed(f"vLLM does not write yet after {seconds:.0f} seconds")
        raise self._failed("vLLM did not start")

    def wait(self) -> None:
        """Return never, but by a signal.

        Raises:
            LLMUnavailable: It died.
        """
        self._process.wait()
        raise self._failed("vLLM ended by itself")

    def _failed(self, what: str) -> LLMUnavailable:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        last = "\n".join(f"  {line[:300]}" for line in lines[-_LOG_LINES:])
        return LLMUnavailable(
            f"{what}. The last it said:\n{last}", advice=f"All that it said: {self.log}"
        )


@contextmanager
def running_vllm(launch: Launch, environment: Mapping[str, str]) -> Iterator[InferenceProcess]:
    """A vLLM for as long as the block lasts, and not a moment longer, however it ends.

    Raises:
        BindRefused: The port is taken, perhaps by another one.
    """
    _require_free(launch.port)
    handle, name = tempfile.mkstemp(prefix="cloister-vllm-", suffix=".log")
    log = Path(name)
    with open(handle, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", keeper.__file__, *launch.command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )
    try:
        yield InferenceProcess(launch, process, log)
    except LLMUnavailable:
        raise
    except BaseException:
        log.unlink(missing_ok=True)
        raise
    else:
        log.unlink(missing_ok=True)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _require_free(port: int) -> None:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        raise BindRefused(f"Port {port} is taken.", advice="Give another --port.") from None


async def _probed(launch: Launch) -> Capabilities:
    client = InferenceClient(InferenceServer(launch.url, launch.key))
    try:
        return await probe(client, launch.name)
    except ServeError as error:
        return Capabilities(trouble=error.message)
    finally:
        await client.close()
