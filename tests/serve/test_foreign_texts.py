"""What strangers send is read in one go, however it is made.

Each text here is so long that to read it again from each of its places would take hours: only
the limit of any test ends one that does.
"""

from __future__ import annotations

import json

from starlette.datastructures import Headers

from serve.answers.prompt import without_quotes
from serve.files.downloads import is_known
from serve.openai_door.tasks import chore_done

MANY = 300_000


def test_what_a_chore_brings_along_may_never_end() -> None:
    never = "<chat_history>" * MANY
    (title,) = json.loads(chore_done(f'### Task: "title" {never}')).values()
    assert title.startswith('"title"')
    said = f"<chat_history>USER: Why?</chat_history>{never}"
    assert json.loads(chore_done(f'### Task: "title" {said}')) == {"title": "Why?"}


def test_quotes_of_an_answer_may_never_end() -> None:
    never = '<q s="1">' * MANY
    assert without_quotes(never) == never
    assert without_quotes(f'A <q s="1">x</q>. {never}') == f"A. {never}"


def test_versions_that_somebody_has_may_stand_far_apart() -> None:
    far = " " * 2_000_000
    assert is_known('"b"', Headers({"If-None-Match": f'"a"{far}, {far}"b"'}))
    assert not is_known('"b"', Headers({"If-None-Match": f'"a"{far}"b"'}))
