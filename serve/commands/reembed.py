"""``cloister reembed``."""

from __future__ import annotations

import typer

from serve.commands.invocation import JsonOption, invocation_of, print_json

_INTERRUPTED = 130


def reembed(context: typer.Context, as_json: JsonOption = False) -> None:
    """Make the vectors of all documents anew, by the embedding model that is set now.

    The former model stays usable until all are there. Stopped early, it goes on where it was.
    """
    settings = invocation_of(context).folder_settings("cloister reembed")
    # Imported here, so that help is there at once.
    from serve.commands.embedding_progress import EmbeddingProgress
    from serve.reembedding import reembed_folder

    progress = EmbeddingProgress()
    try:
        with progress.bars:
            count = reembed_folder(settings, progress.show)
    except KeyboardInterrupt:
        typer.echo(
            "Stopped. Nothing is lost: run the same command again for the rest. Until then the "
            "former embedding model can be used as before.",
            err=True,
        )
        raise typer.Exit(_INTERRUPTED) from None
    if as_json:
        print_json({"embedder": settings.embedder, "chunks": count})
    else:
        typer.echo(f"All {count} chunks have vectors of {settings.embedder}.")
