"""What the server says by codes has words in the page, in each language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from retrieval.types import DocumentState, FlagCode
from serve.audit.acts import Act
from serve.people.passwords import Reason
from serve.problems import STATUS

TEXTS = Path(__file__).parents[2] / "serve" / "ui" / "src" / "i18n"
OWN_WORDS = {"weak_password", "too_many_attempts"}
"""Told with their reason, or with how long to wait."""
NEVER_ON_A_PAGE = {
    "error",
    "refused",
    "serve_error",
    "data_folder_in_use",
    "data_format_too_new",
    "database_in_use",
    "bind_refused",
    "invalid_setting",
    "server_unreachable",
    "method_not_allowed",
    "range_not_satisfiable",
    "question_set_invalid",
}
"""Of the command line, of other programs, or the root of a family of errors."""
OF_THE_BROWSER = {"unreachable", "unreadable", "lost"}
"""What happens before the server knows of it."""
ACTS = {each.value for each in Act}


def keys_of(language: str, area: str, name: str) -> set[str]:
    """The keys of a table in a file of texts."""
    text = (TEXTS / language / f"{area}.ts").read_text(encoding="utf-8")
    found = re.search(rf"^( *)(?:const )?{name}\b[^\n]*{{\n(.*?)^\1}}", text, re.M | re.S)
    assert found, f"{language}/{area}.ts has no {name}"
    indent = f"{found[1]}  "
    return set(re.findall(rf'^{indent}"?([\w.]+)"?:', found[2], re.M))


def languages() -> list[str]:
    return sorted(each.name for each in TEXTS.iterdir() if each.is_dir())


def test_each_language_is_a_folder_that_is_registered() -> None:
    registry = (TEXTS / "languages.ts").read_text(encoding="utf-8")
    registered = re.findall(r'import\("\./(\w+)"\)', registry)
    assert sorted(registered) == languages()
    assert {"en", "fr"} <= set(registered)


@pytest.mark.parametrize("language", languages())
def test_every_code_has_words(language: str) -> None:
    """A new code fails here until it has words, or is said never to come to a page."""
    by_code = keys_of(language, "problems", "byCode")
    reasons = keys_of(language, "documents", "reasons")
    assert set(STATUS) - by_code - reasons == NEVER_ON_A_PAGE | OWN_WORDS
    assert (by_code | reasons) - set(STATUS) == OF_THE_BROWSER
    assert keys_of(language, "problems", "weakPassword") == set(get_args(Reason))


@pytest.mark.parametrize("language", languages())
def test_every_act_of_the_audit_log_has_words(language: str) -> None:
    assert keys_of(language, "admin", "acts") == ACTS
    groups = {each.split(".")[0] for each in ACTS}
    assert keys_of(language, "admin", "actGroups") == groups


@pytest.mark.parametrize("language", languages())
def test_every_state_and_flag_of_a_document_has_words(language: str) -> None:
    states = {each.value for each in DocumentState}
    assert keys_of(language, "documents", "stateOf") == states
    assert keys_of(language, "documents", "flagCodes") == set(get_args(FlagCode))


def test_every_text_is_used() -> None:
    """At least there is something of that name that is read somewhere."""
    own = [each for each in TEXTS.parent.rglob("*.ts*") if TEXTS not in each.parents]
    sources = "\n".join(each.read_text(encoding="utf-8") for each in own)
    words = set(re.findall(r"[.\"](\w+)", sources))
    for file in (TEXTS / "en").glob("*.ts"):
        text = file.read_text(encoding="utf-8").split(f"export const {file.stem}")[-1]
        names = set(re.findall(r"^  (\w+):", text, re.M))
        assert names - words == set(), file.name
