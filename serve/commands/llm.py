"""``cloister llm ...``."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retrieval.errors import CloisterError
from serve.commands.invocation import invocation_of
from serve.settings import foreign_environment

if TYPE_CHECKING:
    from serve.inference.model_folder import ModelFolder
    from serve.inference.probe import Capabilities
    from serve.inference.process import Launch
    from serve.inference.sizing import Card, ModelSize, Plan

_PASSED_ON = {"allow_extra_args": True}

app = typer.Typer(help="Run what writes answers.", no_args_is_help=True)


@app.command("scripted")
def scripted(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8000,
    tokens_per_second: Annotated[float, typer.Option(help="How fast it writes.", min=0.1)] = 40.0,
) -> None:
    """Serve a stand-in for a model, which quotes the best passage: for trying and developing."""
    # Imported here, so that help is there at once.
    from serve.scripted.foreground import serve_until_stopped

    serve_until_stopped(port, tokens_per_second, _announce)


def _announce(url: str) -> None:
    typer.echo(f"The scripted model listens on {url}")
    typer.echo(f"Use it:   CLOISTER_LLM_URL={url} cloister serve")
    typer.echo("Stop it with Ctrl-C.")


@app.command("serve", context_settings=_PASSED_ON)
def serve(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help="The folder of a model.", exists=True, file_okay=False)
    ],
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65_535)] = 8000,
    environment: Annotated[Path, typer.Option(help="The environment that has vLLM.")] = Path(
        ".venv-vllm"
    ),
    name: Annotated[
        str | None, typer.Option(help="Name to serve it under.", show_default="the folder's")
    ] = None,
    only_print: Annotated[
        bool, typer.Option("--print", help="Print the flags for this machine, and start nothing.")
    ] = False,
) -> None:
    """Serve a model with vLLM until stopped; flags of vLLM after -- win over ours."""
    # Imported here, so that help is there at once.
    from serve.inference.process import Launch, cards_here, flags_of, size_of, vllm_python
    from serve.inference.sizing import plan_for

    found = _servable(folder)
    size, cards = size_of(found), cards_here()
    plan = plan_for(size, cards)
    flags = (*flags_of(plan), *context.args)
    if only_print:
        typer.echo(" ".join(flags))
        return
    settings = invocation_of(context).settings()
    launch = Launch(
        python=vllm_python(environment),
        model=folder.absolute(),
        name=name or folder.absolute().name,
        port=port,
        flags=flags,
        key=settings.llm_key,
    )
    typer.echo(_planned(plan, cards), err=True)
    with _until_stopped():
        _run(launch, size, plan, is_llama=found.is_llama)


def _servable(folder: Path) -> ModelFolder:
    """What is in the folder, if it can be served."""
    from serve.inference.model_folder import verify

    found = verify(folder, hashes=False)
    if not found.ok:
        reasons = " ".join(each.text for each in found.findings if each.level == "problem")
        raise CloisterError(
            f"{str(folder)!r} cannot be served: {reasons}",
            advice=f"cloister models verify {folder}",
        )
    return found


def _planned(plan: Plan, cards: tuple[Card, ...]) -> str:
    if not cards:
        return "There is no graphics card that nvidia-smi knows; the processor writes, slowly."
    return f"{plan.cards} of {len(cards)} card(s), room for about {plan.room} tokens."


@contextmanager
def _until_stopped() -> Iterator[None]:
    """A block that SIGTERM ends as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(launch: Launch, size: ModelSize, plan: Plan, *, is_llama: bool) -> None:
    from serve.inference.process import extra_environment, running_vllm

    extra = extra_environment(launch, size, plan)
    with running_vllm(launch, foreign_environment(launch.python.parent, extra)) as vllm:
        typer.echo(f"vLLM starts, which takes minutes; it logs to {vllm.log}", err=True)
        _announce_vllm(launch, vllm.wait_until_it_writes(), is_llama=is_llama)
        vllm.wait()


def _announce_vllm(launch: Launch, found: Capabilities, *, is_llama: bool) -> None:
    typer.echo(f"{found.model} writes at {launch.url}, up to {found.context_tokens} tokens.")
    if is_llama:
        typer.echo("Built with Llama.")
    key = " CLOISTER_LLM_KEY=..." if launch.key else ""
    typer.echo(f"Use it:   CLOISTER_LLM_URL={launch.url}{key} cloister serve")
    typer.echo("Stop it with Ctrl-C.")
