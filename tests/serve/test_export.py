"""What leaves as a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from retrieval.database import Database
from retrieval.store import delete_document
from serve.answers.events import Failed
from serve.conversations.export import file_name, markdown_of
from serve.conversations.store import Conversation
from serve.conversations.turns import TurnState
from tests.fixtures.answers import BAIL, NOTICE, RENT, Archive


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with closing(Database(f"sqlite:///{tmp_path}/cloister.db")) as database:
        database.migrate()
        yield Archive(database)


def exported(archive: Archive, conversation: int, *turns: int) -> str:
    return markdown_of(archive.shown(conversation), [archive.turn(turn) for turn in turns])


def test_an_english_conversation(archive: Archive) -> None:
    archive.document("lease.pdf", NOTICE)
    document = archive.document("money.pdf", "Nothing here.", RENT)
    conversation = archive.conversation()
    first = archive.answered(conversation, "What is the <notice> period?\nIn *months*.", NOTICE)
    second = archive.answered(conversation, "And the rent?", RENT)
    text = exported(archive, conversation, first, second)
    assert text == (
        "# What is the \\<notice\\> period? In \\*months\\*.\n\n"
        "## Question 1\n\n"
        "> What is the \\<notice\\> period?\n> In \\*months\\*.\n\n"
        "### Answer\n\n"
        f"So it is: {NOTICE} [^1]. Surely.\n\n"
        "## Question 2\n\n"
        "> And the rent?\n\n"
        "### Answer\n\n"
        f"So it is: {RENT} [^2]. Surely.\n\n"
        f"[^1]: **lease.pdf**, p. 1: “{NOTICE}”\n\n"
        f"[^2]: **money.pdf**, p. 2: “{RENT}”\n"
    )
    with archive.database.write() as connection:
        delete_document(connection, document)
    text = exported(archive, conversation, first, second)
    assert "So it is: […] [^2]. Surely." in text
    assert text.endswith("[^2]: This source is not available any more.\n")
    assert RENT not in text
    assert "money.pdf" not in text


def test_a_french_conversation(archive: Archive) -> None:
    archive.document("bail.pdf", BAIL)
    conversation = archive.conversation("Le bail")
    first = archive.asked(conversation, "Quel est le préavis ?")
    archive.finished(first, archive.quoting(BAIL, language="fr"))
    failed = archive.asked(conversation, "Et le loyer ?")
    broken = replace(
        archive.quoting(BAIL, language="fr", text="", failure=Failed("llm_busy", "Too_busy.")),
        citations=(),
    )
    archive.finished(failed, broken, TurnState.FAILED)
    waiting = archive.asked(conversation, "Et encore ?")
    assert exported(archive, conversation, first, failed, waiting) == (
        "# Le bail\n\n"
        "## Question 1\n\n"
        "> Quel est le préavis ?\n\n"
        "### Réponse\n\n"
        f"So it is: {BAIL} [^1]. Surely.\n\n"
        "## Question 2\n\n"
        "> Et le loyer ?\n\n"
        "### Réponse\n\n"
        "*La réponse a échoué : Le modèle de langage est trop sollicité. "
        "Réessayez dans un instant.*\n\n"
        "## Question 3\n\n"
        "> Et encore ?\n\n"
        "### Réponse\n\n"
        "*La réponse est en cours de rédaction.*\n\n"
        f"[^1]: **bail.pdf**, p. 1 : « {BAIL} »\n"
    )


def test_nothing_in_a_file_becomes_html(archive: Archive) -> None:
    quote = "The sign says <script>alert(1)</script> & more."
    archive.document("<b>bad</b>.pdf", quote)
    conversation = archive.conversation("<img src=x>")
    turn = archive.answered(conversation, "<svg onload=x>", quote)
    text = exported(archive, conversation, turn)
    assert "<" not in text.replace("\\<", "")


def test_an_empty_conversation(archive: Archive) -> None:
    conversation = archive.conversation()
    assert exported(archive, conversation) == f"# Question {conversation}\n"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Le préavis du bail ?", "Le préavis du bail.md"),
        ("../../etc/passwd", "etc passwd.md"),
        ('a"b\r\nSet-Cookie: x=1', "a b Set-Cookie x 1.md"),
        ("", "conversation-7.md"),
        ("…", "conversation-7.md"),
        ("x" * 300, "x" * 80 + ".md"),
    ],
)
def test_file_names_are_safe(archive: Archive, title: str, name: str) -> None:
    shown = archive.shown(archive.conversation("t"))
    header = file_name(replace_title(shown, title), "md")
    plain, _, encoded = header.partition("; filename*=UTF-8''")
    assert plain == 'attachment; filename="conversation-7.md"'
    assert unquote(encoded) == name
    assert header.isascii()
    assert header.isprintable()


def replace_title(conversation: Conversation, title: str) -> Conversation:
    return replace(conversation, id=7, title=title)
