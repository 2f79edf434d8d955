"""``cloister eval``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serve.commands.invocation import (
    NOTHING_FOUND,
    CollectionsOption,
    JsonOption,
    invocation_of,
    print_json,
)

if TYPE_CHECKING:
    from serve.evaluation.evaluation import Evaluation, Figures
    from serve.evaluation.question_set import Question
    from serve.evaluation.setting import Setting

app = typer.Typer(
    help="Measure retrieval, abstention and citations on a question set.", no_args_is_help=True
)


class Division(StrEnum):
    """What becomes a document of its own."""

    ARTICLE = "article"
    PARAGRAPH = "paragraph"


@app.command()
def run(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="Question set: JSON lines.", exists=True, dir_okay=False)
    ],
    collection: CollectionsOption = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            "--compare",
            metavar="SETTING",
            help="Also measure with e.g. dense_weight=0.5,name_weight=0; also candidates, "
            "threshold. May be given again.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Use so many questions, spread evenly.", min=1)
    ] = None,
    answers: Annotated[int, typer.Option(help="Answer so many of them in full.", min=0)] = 200,
    k: Annotated[int, typer.Option("-k", help="Passages an answer uses.", min=1, max=50)] = 8,
    as_json: JsonOption = False,
) -> None:
    """Measure on a question set over the documents of this data folder."""
    # Imported here, so that help is there at once.
    from serve.commands.eval_tables import print_figures
    from serve.evaluated_folder import evaluated_folder
    from serve.evaluation.evaluation import spread
    from serve.evaluation.question_set import read_questions
    from serve.evaluation.setting import Setting, parsed_setting

    settings = [Setting(), *map(parsed_setting, compare or [])]
    questions = read_questions(file)
    questions = spread(questions, limit or len(questions))
    folder_settings = invocation_of(context).folder_settings("cloister eval")
    with evaluated_folder(folder_settings, collection or [], k) as evaluation:
        missing = _missing(evaluation, questions)
        if missing:
            typer.echo(f"{len(missing)} expected documents are not there.", err=True)
        found = _measured(evaluation, questions, settings, answers)
    if as_json:
        print_json(
            {"questions": len(questions), "k": k, "missing_documents": missing}
            | {"settings": [asdict(each) for each in found]}
        )
    else:
        print_figures(found, k)
    _require_true_citations(found)


@app.command()
def convert(
    file: Annotated[
        Path, typer.Argument(help="A file in the form of SQuAD.", exists=True, dir_okay=False)
    ],
    out: Annotated[Path, typer.Argument(help="A new folder, for documents and questions.")],
    by: Annotated[Division, typer.Option(help="What becomes a document.")] = Division.ARTICLE,
    as_json: JsonOption = False,
) -> None:
    """Make documents and a question set of a SQuAD-shaped file."""
    from serve.evaluation.question_set import convert_squad

    made = convert_squad(file, out, "article" if by is Division.ARTICLE else "paragraph")
    if as_json:
        print_json(asdict(made))
        return
    typer.echo(
        f"{made.documents} documents and {made.questions} questions "
        f"({made.unanswerable} unanswerable) are in {out}."
    )
    typer.echo(f"Next: cloister ingest {out}/documents", err=True)
    typer.echo(f"Then: cloister eval run {out}/questions.jsonl", err=True)


@app.command()
def feedback(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="A file for the questions.", dir_okay=False)],
    as_json: JsonOption = False,
) -> None:
    """Make a question set of the answers that people judged."""
    with invocation_of(context).connected() as client:
        lines = client.text("/api/v1/feedback/questions")
    out.write_text(lines, encoding="utf-8", newline="\n")
    count = len(lines.splitlines())
    if as_json:
        print_json({"questions": count})
        return
    typer.echo(f"{count} {'question is' if count == 1 else 'questions are'} in {out}.")
    typer.echo(f"Next: cloister eval run {out}", err=True)


def _missing(evaluation: Evaluation, questions: list[Question]) -> list[str]:
    """The names of expected documents that are not in the scope; ends the command if none is."""
    from retrieval.store import DocumentFilter, list_documents

    wanted = {question.document for question in questions if question.document}
    everything = DocumentFilter(evaluation.scope, limit=1_000_000)
    with evaluation.database.read() as connection:
        here = {d.name for d in list_documents(connection, everything) if d.seq is not None}
    if not here or (wanted and wanted.isdisjoint(here)):
        typer.echo("None of the documents that the questions are about is there.", err=True)
        raise typer.Exit(NOTHING_FOUND)
    return sorted(wanted - here)


def _measured(
    evaluation: Evaluation, questions: list[Question], settings: list[Setting], answers: int
) -> list[Figures]:
    """The figures of each setting, with progress on stderr."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)

    def watched(items: Iterable[Question], text: str) -> Iterable[Question]:
        return track(items, text, console=console, transient=True)

    return [
        evaluation.figures(questions, setting, answers, watched if console.is_terminal else None)
        for setting in settings
    ]


def _require_true_citations(found: list[Figures]) -> None:
    """End with 1 where a citation is not true: none may ever be."""
    if any(each.answers and each.answers.citations.validity not in (None, 1.0) for each in found):
        typer.secho("There are citations that are not true.", fg=typer.colors.RED, err=True)
        raise typer.Exit(1)
