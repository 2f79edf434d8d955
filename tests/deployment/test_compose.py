from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from serve.oidc.options import oidc_options
from serve.settings import Settings, load_settings
from tests.deployment.compose import (
    COMPOSE_FILE,
    EXAMPLE,
    ROOT,
    VARIABLE,
    Service,
    choices,
    compose,
)

COMPOSE = compose()
SERVICES = list(COMPOSE.services.values())
VLLM = [each for each in SERVICES if each.runs_vllm]
PROFILES = ["gpu", "gpu-70b", "gpu-405b", "cpu", "embeddings"]
SILENT = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
}

each_service = pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
each_vllm = pytest.mark.parametrize("service", VLLM, ids=lambda each: each.name)


def test_the_file_is_as_the_specification_has_it() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    ran = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", COMPOSE_FILE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def docker_compose() -> list[str]:
    """The command of Compose, if this machine has one that follows today's specification."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            asked = subprocess.run(
                [*command, "version", "--short"], capture_output=True, text=True, check=False
            )
            # The first releases know a format of their own.
            if asked.returncode == 0 and not asked.stdout.startswith("1."):
                return command
    return []


@pytest.mark.skipif(not docker_compose(), reason="no Docker Compose here")
@pytest.mark.parametrize("profile", ["", *PROFILES])
def test_compose_itself_reads_the_file(profile: str) -> None:
    environment = {"PATH": os.environ["PATH"], "COMPOSE_PROFILES": profile}
    command = [*docker_compose(), "--file", str(COMPOSE_FILE), "config", "--quiet"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@each_service
def test_a_service_is_confined(service: Service) -> None:
    fields = service.fields
    user, _, group = fields["user"].partition(":")
    assert int(user) > 0
    assert group.isdigit()
    assert fields["read_only"] is True
    assert fields["cap_drop"] == ["ALL"]
    assert fields["security_opt"] == ["no-new-privileges:true"]
    opening = {"cap_add", "privileged", "devices", "pid", "ipc", "network_mode", "extra_hosts"}
    assert not opening & set(fields)
    assert "docker.sock" not in json.dumps(fields)
    assert fields["ulimits"]["core"] == 0


@each_service
def test_a_service_has_limits_and_comes_back(service: Service) -> None:
    assert re.fullmatch(r"\d+[mg]", service.limits["memory"])
    assert 0 < service.limits["pids"] <= 16384
    assert service.fields["restart"] == "unless-stopped"
    assert service.fields["healthcheck"]["start_period"]
    assert service.fields["logging"]["options"]["max-size"]


@each_vllm
def test_vllm_may_take_long_to_start(service: Service) -> None:
    assert int(service.fields["healthcheck"]["start_period"].removesuffix("m")) >= 15
    assert service.fields["shm_size"]


@each_service
def test_an_image_is_pinned(service: Service) -> None:
    image = service.fields["image"]
    assert re.search(r":v?\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$", image), image
    # What is built here is never looked for in a registry, where anybody could offer its name.
    assert ("build" in service.fields) == (service.fields.get("pull_policy") == "never")


def test_nothing_but_the_proxy_has_a_way_out_or_a_port() -> None:
    for service in SERVICES:
        internal = all(COMPOSE.is_internal(name) for name in service.networks)
        assert internal == (service.name != "proxy"), service.name
        assert ("ports" in service.fields) == (service.name == "proxy")
        assert (service.fields.get("dns") == ["127.0.0.1"]) == (service.name != "proxy")


def test_the_proxy_reaches_the_socket_and_nothing_else() -> None:
    proxy, app = COMPOSE.services["proxy"], COMPOSE.services["app"]
    for service in SERVICES:
        if service.name != "proxy":
            assert not set(service.networks) & set(proxy.networks)
    users = [each.name for each in SERVICES if each.sources_of("/run/cloister")]
    assert users == ["proxy", "app"]
    assert proxy.sources_of("/run/cloister") == app.sources_of("/run/cloister") == ["socket"]
    assert proxy.fields["user"].split(":")[1] == app.fields["user"].split(":")[1]
    owner = COMPOSE.content["volumes"]["socket"]["driver_opts"]["o"]
    assert f"uid={app.fields['user'].split(':')[0]}," in owner
    assert f"gid={app.fields['user'].split(':')[1]}," in owner
    assert "mode=0750" in owner


def test_by_default_only_this_machine_reaches_the_proxy() -> None:
    assert COMPOSE.services["proxy"].fields["ports"] == ["127.0.0.1:8443:8443"]
    opened = compose({"SITE_LISTEN": "443"})
    assert opened.services["proxy"].fields["ports"] == ["443:8443"]


def test_only_the_application_has_the_data() -> None:
    assert [each.name for each in SERVICES if "data" in each.sources_of("/data")] == ["app"]


def test_folders_of_the_machine_are_only_read() -> None:
    for service in SERVICES:
        for volume in service.fields.get("volumes", []):
            if isinstance(volume, dict):
                assert volume["read_only"] is True
            else:
                assert volume.split(":")[0] in COMPOSE.content["volumes"]


def offered() -> dict[str, str]:
    """What the example offers for signing in with a provider."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    found = [line.removeprefix("#") for line in lines if line.startswith("#CLOISTER_OIDC_")]
    return dict(line.split("=", 1) for line in found)


def test_a_provider_reaches_the_application_whole(tmp_path: Path) -> None:
    given = offered()
    settings = {f"CLOISTER_{each.name.upper()}" for each in dataclasses.fields(Settings)}
    wanted = {name for name in settings if name.startswith("CLOISTER_OIDC_")}
    # A certificate needs a mount of its own, and the secret stands in a file.
    wanted -= {"CLOISTER_OIDC_CA_FILE", "CLOISTER_OIDC_CLIENT_SECRET"}
    assert given.keys() == wanted | {"CLOISTER_OIDC_CLIENT_SECRET_FILE"}
    app = compose(given).services["app"]
    kept = {name: value for name, value in app.environment.items() if "OIDC" in name}
    assert kept == given
    secret = tmp_path / "secret"
    secret.write_text("the-secret\n")
    options = oidc_options(load_settings(kept | {"CLOISTER_OIDC_CLIENT_SECRET_FILE": str(secret)}))
    assert options is not None
    assert options.client_secret == "the-secret"
    assert options.issuer == given["CLOISTER_OIDC_ISSUER"]
    assert options.makes_accounts


def test_all_settings_of_models_reach_the_application() -> None:
    names = {f"CLOISTER_{each.name.upper()}" for each in dataclasses.fields(Settings)}
    wanted = {
        name
        for name in names
        if name.startswith(("CLOISTER_LLM_", "CLOISTER_GUARD_", "CLOISTER_CITATIONS"))
    } - {"CLOISTER_LLM_KEY", "CLOISTER_GUARD_KEY"}
    given = {name: f"value of {name}" for name in wanted}
    app = compose(given).services["app"]
    assert given.items() <= app.environment.items()
    for name in ("CLOISTER_LLM_KEY", "CLOISTER_GUARD_KEY"):
        assert app.environment[f"{name}_FILE"] == "/run/secrets/llm_key"
    plain = compose({}).services["app"].environment
    kept = {name: plain[name] for name in wanted}
    assert load_settings(kept) == load_settings({})


def test_without_a_provider_there_is_none() -> None:
    plain = COMPOSE.services["app"].environment
    kept = {name: value for name, value in plain.items() if "OIDC" in name}
    assert set(kept.values()) == {""}
    assert load_settings(kept) == load_settings({})


def test_secrets_come_from_files() -> None:
    for service in SERVICES:
        for name, value in service.environment.items():
            # Tokens of a model are counted, not kept.
            if re.search("KEY|TOKEN(?!S$|_SECONDS$)|PASSWORD|SECRET", name):
                assert name.endswith("_FILE")
                given = value or offered()[name]
                assert given.removeprefix("/run/secrets/") in service.fields["secrets"]
    assert COMPOSE.content["secrets"]
    for secret in COMPOSE.content["secrets"].values():
        assert list(secret) == ["file"]
        assert secret["file"].startswith("./secrets/")


@each_service
def test_nothing_is_reported_to_anybody(service: Service) -> None:
    if service.name != "proxy":
        assert service.environment.items() >= SILENT.items()


@each_vllm
def test_vllm_serves_a_folder_and_bounds_its_queue(service: Service) -> None:
    model, *flags = service.command
    assert model.startswith("/models/")
    assert service.sources_of("/models") == ["./models"]
    assert {"--served-model-name", "--max-num-queued-reqs", "--max-model-len"} <= set(flags)
    # The port and the address are the script's, and the key comes from its file.
    assert not {"--host", "--port", "--api-key"} & set(flags)
    cards = dict(pairwise(flags)).get("--tensor-parallel-size")
    assert service.graphics_cards == int(cards or service.graphics_cards)
    assert (service.graphics_cards == 0) == (service.name == "llm-cpu")


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_whole(profile: str) -> None:
    active = COMPOSE.active(profile)
    names = {each.name for each in active}
    assert names > {"proxy", "app"}
    assert len(names) == 3
    for service in active:
        assert set(service.fields.get("depends_on", [])) <= names
    assert {name for each in SERVICES for name in each.profiles} == set(PROFILES)


@pytest.mark.parametrize("chosen", choices(), ids=lambda each: each.get("COMPOSE_PROFILES", "-"))
def test_what_the_example_offers_fits_together(chosen: dict[str, str], tmp_path: Path) -> None:
    made = compose(chosen)
    app = made.services["app"]
    key = tmp_path / "key"
    key.write_text("the-key")
    environment = {
        name: str(key) if name.endswith("_FILE") else value
        for name, value in app.environment.items()
    }
    settings = load_settings(environment)
    assert settings.llm_key == "the-key"
    assert settings.public_host == chosen["CLOISTER_PUBLIC_HOST"]
    if "COMPOSE_PROFILES" not in chosen:
        assert settings.llm_url == ""
        return
    (named,) = [
        each
        for each in made.active(chosen["COMPOSE_PROFILES"])
        for network, aliases in each.networks.items()
        if network in app.networks and urlsplit(settings.llm_url).hostname in [each.name, *aliases]
    ]
    assert named.runs_vllm
    assert urlsplit(settings.llm_url).port == 8000


def test_the_example_offers_every_profile_with_a_model() -> None:
    offered = [each["COMPOSE_PROFILES"] for each in choices()[1:]]
    assert offered == ["gpu", "gpu-70b", "gpu-405b", "cpu"]
    assert "embeddings" in EXAMPLE.read_text(encoding="utf-8")


def test_every_variable_has_a_default_and_is_explained() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    explained = page + EXAMPLE.read_text(encoding="utf-8")
    found = VARIABLE.findall(COMPOSE_FILE.read_text(encoding="utf-8"))
    assert found
    assert COMPOSE_FILE.read_text(encoding="utf-8").count("${") == len(found)
    assert [name for name, _ in found if not re.search(rf"\b{name}\b", explained)] == []


def vllm_python() -> Path:
    """The Python of an environment with vLLM."""
    return Path(os.environ.get("VLLM_VENV") or ROOT / ".venv-vllm") / "bin" / "python"


_PARSE = """
import json, sys
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser
parser = make_arg_parser(FlexibleArgumentParser())
for words in json.loads(sys.argv[1]):
    parser.parse_args(words)
"""


@pytest.mark.vllm
def test_vllm_knows_every_flag() -> None:
    commands = [each.command[1:] for each in VLLM]
    commands += [compose({"LLM_FLAGS": f}).services["llm-8b"].command[1:] for f in offered_flags()]
    ran = subprocess.run(
        [str(vllm_python()), "-c", _PARSE, json.dumps(commands)],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **SILENT},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2_000:]


def offered_flags() -> list[str]:
    """The flags that the example and the page on deployment name."""
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    text = page + EXAMPLE.read_text(encoding="utf-8")
    return re.findall(r"LLM_FLAGS=['\"]?(--[^'\"`\n]+)", text)
