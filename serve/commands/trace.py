"""How an answer came about, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from serve.commands.passages import place

Json = dict[str, Any]


def print_trace(trace: Json, hits: list[Json]) -> None:
    """Print queries, passages, verdicts, tokens and times, and the prompt word for word."""
    for line in _lines(trace, hits):
        typer.echo(line)


def _lines(trace: Json, hits: list[Json]) -> Iterator[str]:
    yield ""
    yield f"writer:     {trace['llm']}"
    for query in trace["queries"]:
        yield f"query:      {query}"
    for hit in hits:
        yield f"passage {hit['n']:>3} {hit['score']:6.3f}  {place(hit)}"
    for quote in trace["quotes"]:
        yield f"{quote['verdict'] + ':':<12}{quote['source']}: {quote['text']}"
    yield f"seconds:    {trace['retrieved_seconds']:.3f} retrieval, {trace['seconds']:.3f} in all"
    if trace["report"]:
        yield from _report_lines(trace["report"])


def _report_lines(report: Json) -> Iterator[str]:
    usage = report["usage"]
    yield f"model:      {report['model']}, finished: {report['finish_reason']}"
    yield (
        f"tokens:     {usage['prompt_tokens']} of prompt ({usage['cached_tokens']} cached), "
        f"{usage['completion_tokens']} written"
    )
    yield f"first token: {report['first_token_seconds']:.3f} s after the request"
    if report["left_out"]:
        yield f"no room for: {', '.join(map(str, report['left_out']))}"
    for message in report["prompt"]:
        yield f"--- {message['role']}"
        yield message["content"]
