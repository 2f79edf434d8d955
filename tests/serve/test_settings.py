from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from retrieval.sentence_transformer import PACKAGED_MODEL
from serve.errors import InvalidSetting
from serve.settings import Settings, load_settings, quiet_libraries, variable_of

DOCS = Path(__file__).parent.parent.parent / "docs" / "settings.md"


def test_defaults() -> None:
    settings = load_settings({})
    assert settings == Settings()
    assert settings.data == Path("data")
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.embedder == PACKAGED_MODEL
    assert 1 <= settings.workers <= 4


def test_values_are_read() -> None:
    settings = load_settings(
        {
            "CLOISTER_DATA": "/srv/x",
            "CLOISTER_PORT": "0",
            "CLOISTER_ALLOW_HUB": "yes",
            "CLOISTER_MAX_UPLOAD_BYTES": "2 MiB",
            "CLOISTER_LOG_LEVEL": "DEBUG",
            "CLOISTER_WORKERS": "",
            "PATH": "/bin",
        }
    )
    assert settings.data == Path("/srv/x")
    assert settings.port == 0
    assert settings.allow_hub
    assert settings.max_upload_bytes == 2 << 20
    assert settings.log_level == "debug"


@pytest.mark.parametrize("name", ["LLM_URL", "GUARD_URL", "EMBEDDER_URL", "OTEL_ENDPOINT"])
def test_a_password_in_an_address_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(InvalidSetting, match=f"CLOISTER_{name}.* no name or password") as caught:
        load_settings({f"CLOISTER_{name}": "http://me:hush@127.0.0.1:8000/v1"})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("PORT", "http", "whole number from 0 to 65535"),
        ("PORT", "65536", "65535"),
        ("PORT", "٣", "whole number"),
        ("WORKERS", "-1", "0 to 64"),
        ("ALLOW_HUB", "maybe", "1 or 0"),
        ("MAX_UPLOAD_BYTES", "lots", "1GiB"),
        ("MAX_UPLOAD_BYTES", "9999999999 TiB", "1GiB"),
        ("LOG_LEVEL", "loud", "debug, info"),
        ("FAULT_POINT", "nowhere", "upload_saved"),
        ("SERVER", "localhost", "http://127.0.0.1:8080"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(name: str, value: str, wanted: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        load_settings({f"CLOISTER_{name}": value})
    assert f"CLOISTER_{name}" in refused.value.message
    assert repr(value) in refused.value.message
    assert wanted in refused.value.message


def test_an_unknown_variable_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="CLOISTER_WORKER"):
        load_settings({"CLOISTER_WORKER": "2"})


def test_options_win_over_the_environment() -> None:
    settings = load_settings({"CLOISTER_PORT": "1"}, port=2, host=None)
    assert (settings.port, settings.host) == (2, "127.0.0.1")
    with pytest.raises(InvalidSetting, match="--port"):
        load_settings({}, port=99_999)


def test_secrets_are_not_shown() -> None:
    assert "hidden" not in repr(load_settings({"CLOISTER_EMBEDDER_KEY": "hidden"}))


def test_libraries_are_told_to_stay_quiet() -> None:
    environ = {"HF_HUB_OFFLINE": "0"}
    quiet_libraries(Settings(), environ)
    assert environ["HF_HUB_OFFLINE"] == "1"
    assert environ["HF_HUB_DISABLE_TELEMETRY"] == "1"
    assert environ["TOKENIZERS_PARALLELISM"] == "false"
    assert environ["AWS_EC2_METADATA_DISABLED"] == "true"


def test_credentials_of_the_machine_are_asked_for_only_where_somebody_says_so() -> None:
    environ = {"AWS_EC2_METADATA_DISABLED": "false"}
    quiet_libraries(Settings(), environ)
    assert environ["AWS_EC2_METADATA_DISABLED"] == "false"


def test_the_hub_is_reached_only_where_allowed() -> None:
    environ: dict[str, str] = {}
    quiet_libraries(Settings(allow_hub=True), environ)
    assert "HF_HUB_OFFLINE" not in environ
    assert environ["HF_HUB_DISABLE_TELEMETRY"] == "1"


def test_the_page_on_settings_is_complete_and_true() -> None:
    rows = re.findall(r"^\| `(CLOISTER_\w+)` \| `?(.*?)`? \| (.*) \|$", DOCS.read_text(), re.M)
    expected = [
        (
            variable_of(each.name),
            each.metadata["shown"] or str(each.default),
            each.metadata["help"],
        )
        for each in dataclasses.fields(Settings)
    ]
    assert rows == expected


def test_spaces_around_a_prefix_count() -> None:
    settings = load_settings(
        {"CLOISTER_EMBEDDER_QUERY_PREFIX": "query: ", "CLOISTER_EMBEDDER_DOCUMENT_PREFIX": "  "}
    )
    assert settings.embedder_query_prefix == "query: "
    assert settings.embedder_document_prefix == ""
