#!/usr/bin/env python3
"""Carry out the Dockerfile without Docker, and try what comes of it as its container would run.

Each stage becomes a folder with a whole Debian (made by debootstrap), each RUN is run in it. The
result is then started with no network, nothing to write but what it is given, no capability and
another user; it must get well, take a page and a scan in, and answer.

    deploy/try_image.py FOLDER [--expose PATH]...

It runs as root on Debian, takes some minutes and about 8 GB in FOLDER, and begins anew each time
but for the first Debian. --expose shows a file or folder of this machine inside, such as the
configuration of pip where packages come from an index of one's own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEBIAN = re.compile(r"debian:12\.\d+-slim(@sha256:[0-9a-f]{64})?")
SUITE = "bookworm"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a Dockerfile."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """Its arguments."""
        return shlex.split(self.text)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: what it begins with, and what is done to that."""

    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)

    def every(self, name: str) -> list[Instruction]:
        """Its instructions of one kind."""
        return [each for each in self.instructions if each.name == name]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that it sets."""
        return dict(each.text.split("=", 1) for each in self.every("ENV"))


def stages(text: str) -> dict[str, Stage]:
    """The stages of a Dockerfile by name; each instruction stands on one line."""
    found: dict[str, Stage] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        name, rest = line.split(" ", 1)
        if name == "FROM":
            base, _, own = rest.partition(" AS ")
            found[own] = Stage(own, base)
        else:
            list(found.values())[-1].instructions.append(Instruction(name, rest))
    return found


class Builder:
    """Makes the folders of stages."""

    def __init__(self, folder: Path, dockerfile: dict[str, Stage], exposed: Sequence[Path]) -> None:
        self.folder = folder
        self.stages = dockerfile
        self.exposed = [*exposed, Path("/etc/resolv.conf")]
        self.built: dict[str, Path] = {}

    def build(self, name: str) -> Path:
        """The folder of a stage."""
        if name in self.built:
            return self.built[name]
        stage = self.stages[name]
        base = self.build(stage.base) if stage.base in self.stages else self._debian(stage.base)
        root = self.folder / name
        shutil.rmtree(root, ignore_errors=True)
        run(["cp", "--archive", "--reflink=auto", str(base), str(root)])
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        for each in stage.instructions:
            say(f"{name}: {each.name} {each.text[:90]}")
            if each.name == "ARG" and each.text in os.environ:
                variables[each.text] = os.environ[each.text]
            elif each.name == "COPY":
                self._copy(each, root)
            elif each.name == "RUN":
                self._run(each, root, variables)
        self.built[name] = root
        return root

    def _debian(self, image: str) -> Path:
        if not DEBIAN.fullmatch(image):
            raise SystemExit(f"{image} is no Debian that this script can make")
        root = self.folder / "debian"
        if not (root / "etc" / "debian_version").exists():
            say(f"making {image} with debootstrap")
            run(["debootstrap", "--variant=minbase", SUITE, str(root)])
            for own in (Path("/etc/apt/sources.list.d"), Path("/etc/apt/apt.conf.d")):
                shutil.copytree(own, root / own.relative_to("/"), dirs_exist_ok=True)
            (root / "etc" / "apt" / "sources.list").unlink(missing_ok=True)
        return root

    def _copy(self, instruction: Instruction, root: Path) -> None:
        *sources, target = instruction.words
        begins = ROOT
        if sources[0].startswith("--from="):
            begins = self.build(sources.pop(0).removeprefix("--from="))
        for source in sources:
            at = begins / source.removeprefix("/")
            goal = root / target.removeprefix("/")
            if target.endswith("/"):
                goal /= at.name
            goal.parent.mkdir(parents=True, exist_ok=True)
            if at.is_dir():
                shutil.copytree(
                    at,
                    goal,
                    symlinks=True,
                    dirs_exist_ok=True,
                    ignore=None if begins != ROOT else shutil.ignore_patterns("__pycache__"),
                )
            else:
                shutil.copy2(at, goal)

    def _run(self, instruction: Instruction, root: Path, variables: dict[str, str]) -> None:
        passed = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        with Shown(root, [*self.exposed, Path("/dev")]):
            run(
                [
                    "unshare",
                    "--pid",
                    "--fork",
                    "--mount-proc",
                    f"--root={root}",
                    *instruction.words,
                ],
                env=passed | variables,
            )


class Shown:
    """Paths of this machine inside a folder, for as long as the block lasts."""

    def __init__(self, root: Path, paths: Sequence[Path]) -> None:
        self._points = [(path, root / path.relative_to("/")) for path in paths]

    def __enter__(self) -> None:
        for path, point in self._points:
            if path.is_dir():
                point.mkdir(parents=True, exist_ok=True)
            else:
                point.parent.mkdir(parents=True, exist_ok=True)
                point.touch()
            run(["mount", "--rbind", "--make-rslave", str(path), str(point)])

    def __exit__(self, *_: object) -> None:
        for _path, point in reversed(self._points):
            run(["umount", "--recursive", "--lazy", str(point)])


def enter(root: Path, place: Path, data: Path) -> list[str]:
    """The words that start a shell script in namespaces with the root as a container has it."""
    script = f"""
        set -eu
        mount --bind {root} {place}
        mount -o remount,bind,ro {place}
        mount -t proc proc {place}/proc
        mount --rbind /dev {place}/dev
        mount -t tmpfs -o mode=1777,nosuid,nodev,noexec tmpfs {place}/tmp
        mount --bind {data} {place}/data
        mount -t tmpfs -o uid=10001,gid=10001,mode=0750 tmpfs {place}/run/cloister
        ip link set lo up 2>/dev/null || true
        exec "$@"
    """
    return ["unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "sh", "-c", script, "sh"]


def try_out(root: Path, stage: Stage, folder: Path) -> None:
    """Start the image, and have it take in and answer."""
    place, data = folder / "place", folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    for each in (place, data):
        each.mkdir(exist_ok=True)
    user, group = (int(each) for each in stage.every("USER")[0].text.split(":"))
    os.chown(data, user, group)
    data.chmod(0o700)
    health = json.loads(stage.every("HEALTHCHECK")[0].text.split(" CMD ", 1)[1])
    start = json.loads(stage.every("ENTRYPOINT")[0].text) + json.loads(stage.every("CMD")[0].text)
    inside = (ROOT / "deploy" / "try_inside.py").read_text(encoding="utf-8")
    told = json.dumps({"start": start, "health": health})
    identity = [
        "setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups",
        "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all",
    ]  # fmt: skip
    variables = [f"{name}={value}" for name, value in stage.environment.items()]
    words = [
        *enter(root, place, data), "chroot", str(place), *identity,
        "env", "--ignore-environment", *variables, "python", "-c", inside, told,
    ]  # fmt: skip
    run(words)


def say(text: str) -> None:
    """A line on stderr, with the time."""
    sys.stderr.write(f"[{time.strftime('%H:%M:%S')}] {text}\n")


def run(words: Sequence[str], env: dict[str, str] | None = None) -> None:
    """Run a command; the script ends if it fails."""
    if subprocess.run(words, env=env, check=False).returncode:
        raise SystemExit(f"failed: {shlex.join(words)[:400]}")


def main() -> None:
    """Build the image of the application, and try it out."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--expose", type=Path, action="append", default=[])
    asked.add_argument("--only-try", action="store_true", help="take what was built before")
    given = asked.parse_args()
    folder = given.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    dockerfile = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    begun = time.monotonic()
    root = folder / "app"
    if not given.only_try:
        root = Builder(folder, dockerfile, given.expose).build("app")
    say(f"built after {time.monotonic() - begun:.0f} s")
    try_out(root, dockerfile["app"], folder)
    say("tried out")


if __name__ == "__main__":
    main()
