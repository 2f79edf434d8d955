from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from serve.errors import InvalidSetting
from serve.settings import Settings, load_settings, variable_of

SECRETS = [variable_of(each.name) for each in dataclasses.fields(Settings) if not each.repr]


def test_every_key_is_a_secret() -> None:
    words = re.compile("key|secret|headers")
    names = [each.name for each in dataclasses.fields(Settings) if words.search(each.name)]
    keys = {variable_of(name) for name in names}
    assert keys
    assert set(SECRETS) == keys


@pytest.mark.parametrize("variable", SECRETS)
def test_a_secret_is_read_from_its_file(variable: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("  the-key\n")
    settings = load_settings({f"{variable}_FILE": str(path), variable: " "})
    assert getattr(settings, variable.removeprefix("CLOISTER_").lower()) == "the-key"
    assert "the-key" not in repr(settings)


def test_an_empty_name_of_a_file_is_as_good_as_none() -> None:
    assert load_settings({"CLOISTER_EMBEDDER_KEY_FILE": ""}) == Settings()


def test_both_at_once_are_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("one")
    environ = {
        "CLOISTER_EMBEDDER_KEY": "another",
        "CLOISTER_EMBEDDER_KEY_FILE": str(tmp_path / "key"),
    }
    with pytest.raises(InvalidSetting) as refused:
        load_settings(environ)
    assert "CLOISTER_EMBEDDER_KEY_FILE" in refused.value.message
    assert "another" not in refused.value.message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"", "one line"),
        (b" \n", "one line"),
        (b"one\ntwo", "one line"),
        (b"x" * 10_000, "one line"),
        (b"\xff\xfe", "plain text"),
    ],
)
def test_a_file_without_a_secret_is_refused(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidSetting, match=reason) as refused:
        load_settings({"CLOISTER_EMBEDDER_KEY_FILE": str(path)})
    assert "two" not in refused.value.message


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="directory"):
        load_settings({"CLOISTER_EMBEDDER_KEY_FILE": str(tmp_path)})


def test_what_is_no_secret_has_no_file() -> None:
    with pytest.raises(InvalidSetting, match="CLOISTER_PORT_FILE"):
        load_settings({"CLOISTER_PORT_FILE": "x"})
