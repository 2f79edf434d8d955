"""``cloister ask``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serve.answers.phrases import phrase, why
from serve.commands.invocation import (
    NOTHING_FOUND,
    CollectionsOption,
    JsonOption,
    invocation_of,
    print_json,
)
from serve.commands.passages import quoted
from serve.commands.trace import print_trace

if TYPE_CHECKING:
    from serve.client import Client

_CHAT = "/api/v1/chat"
_NEAREST = 3

Json = dict[str, Any]


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="The question.")],
    collection: CollectionsOption = None,
    k: Annotated[int, typer.Option("-k", help="How many passages to use.", min=1, max=100)] = 8,
    trace: Annotated[bool, typer.Option("--trace", help="Show how the answer came about.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the documents, with sources."""
    body = {"question": question, "collections": collection or [], "k": k, "trace": trace}
    with invocation_of(context).connected() as client:
        if as_json:
            answer = client.post(_CHAT, body, {"stream": "false"})
            print_json(answer)
            abstained = answer["abstained"]
        else:
            abstained = _Printed().stream(client, body)
    if abstained:
        raise typer.Exit(NOTHING_FOUND)


@dataclass(slots=True, eq=False)
class _Printed:
    """An answer on the terminal while it comes."""

    language: str = "en"
    text: str = ""
    hits: list[Json] = field(default_factory=list)
    citations: list[Json] = field(default_factory=list)
    struck: list[Json] = field(default_factory=list)
    trace: Json | None = None

    def stream(self, client: Client, body: Json) -> bool:
        """Print an answer; whether it is that the documents do not hold it."""
        last: Json = {}
        for last in client.events(_CHAT, body):
            self._take(last)
        typer.echo()
        self._list_unverified()
        self._list_sources()
        if last.get("abstained"):
            self._list_nearest()
        if last.get("truncated"):
            self._warn(phrase("truncated", self.language))
        if self.trace:
            print_trace(self.trace, self.hits)
        if last.get("type") == "failed":
            self._warn(self._why(last["error"]))
            raise typer.Exit(1)
        return bool(last.get("abstained"))

    def _take(self, event: Json) -> None:
        match event["type"]:
            case "retrieved":
                self.language, self.hits = event["language"], event["hits"]
            case "queued":
                place = phrase("queued", self.language).format(event["place"])
                typer.echo(place, err=True)
            case "degraded":
                stand_in = phrase("stand_in", self.language)
                self._warn(f"{stand_in} ({self._why(event['error'])})")
            case "text":
                self.text += event["delta"]
                typer.echo(event["delta"], nl=False)
            case "cited":
                self.citations.append(event["citation"])
            case "struck":
                self.struck.append(event)
            case "trace":
                self.trace = event["trace"]

    def _why(self, error: Json) -> str:
        message = f"{error['detail']} {error.get('advice') or ''}".strip()
        return why(error["code"], message, self.language)

    def _warn(self, text: str) -> None:
        typer.secho(text, fg=typer.colors.RED, err=True)

    def _list_unverified(self) -> None:
        for one in self.struck:
            sentence = self.text[one["start"] : one["end"]].strip()
            self._warn(phrase("struck", self.language).format(sentence))

    def _list_sources(self) -> None:
        if self.citations:
            typer.echo("\n" + phrase("sources", self.language))
        for citation in self.citations:
            mark = "≈ " if citation["verdict"] == "approximate" else ""
            typer.echo(f"[{citation['n']}] {mark}{quoted(citation, self.language)}")

    def _list_nearest(self) -> None:
        if self.hits:
            typer.echo("\n" + phrase("nearest", self.language))
        for hit in self.hits[:_NEAREST]:
            typer.echo(f"- {quoted(hit, self.language)}")
