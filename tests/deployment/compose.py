"""docker-compose.yml as Compose would see it, by profile and environment."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
COMPOSE_FILE = ROOT / "docker-compose.yml"
EXAMPLE = ROOT / "deploy" / "example.env"
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)(?::-((?:[^{}]|\{[^{}]*\})*))?\}")


@dataclass(frozen=True, slots=True)
class Service:
    """One service, with its variables filled in."""

    name: str
    fields: dict[str, Any]

    @property
    def profiles(self) -> list[str]:
        """The profiles that it belongs to; none where it always runs."""
        return list(self.fields.get("profiles", []))

    @property
    def networks(self) -> dict[str, list[str]]:
        """Its networks with its names there, besides its own."""
        given = self.fields["networks"]
        named = given if isinstance(given, dict) else dict.fromkeys(given)
        return {name: list((more or {}).get("aliases", [])) for name, more in named.items()}

    @property
    def environment(self) -> dict[str, str]:
        """Its environment variables."""
        return dict(self.fields.get("environment", {}))

    @property
    def command(self) -> list[str]:
        """Its command as the words of a shell."""
        return shlex.split(self.fields.get("command", ""))

    @property
    def runs_vllm(self) -> bool:
        """Whether vLLM runs in it."""
        return str(self.fields["image"]).startswith("vllm/")

    @property
    def limits(self) -> dict[str, Any]:
        """What it may take."""
        return dict(self.fields["deploy"]["resources"]["limits"])

    @property
    def graphics_cards(self) -> int:
        """How many graphics cards are kept for it."""
        reserved = self.fields["deploy"]["resources"].get("reservations", {})
        return sum(
            each.get("count") or len(each["device_ids"]) for each in reserved.get("devices", [])
        )

    def sources_of(self, target: str) -> list[str]:
        """What is mounted at a path."""
        found = []
        for volume in self.fields.get("volumes", []):
            if isinstance(volume, dict):
                source, at = volume["source"], volume["target"]
            else:
                source, at = volume.split(":")[:2]
            if at == target:
                found.append(source)
        return found


@dataclass(frozen=True, slots=True)
class Compose:
    """The whole file."""

    content: dict[str, Any]
    services: dict[str, Service]

    def active(self, *profiles: str) -> list[Service]:
        """The services that run with these profiles."""
        return [
            each
            for each in self.services.values()
            if not each.profiles or set(each.profiles) & set(profiles)
        ]

    def is_internal(self, network: str) -> bool:
        """Whether nothing leads out of a network."""
        return bool((self.content["networks"][network] or {}).get("internal"))


def compose(environment: Mapping[str, str] | None = None) -> Compose:
    """The file under an environment, which is empty unless given."""
    values = environment or {}

    def fill(match: re.Match[str]) -> str:
        return values.get(match[1]) or match[2] or ""

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(each) for name, each in value.items()}
        if isinstance(value, list):
            return [filled(each) for each in value]
        return VARIABLE.sub(fill, value) if isinstance(value, str) else value

    content: dict[str, Any] = filled(yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8")))
    services = {name: Service(name, fields) for name, fields in content["services"].items()}
    return Compose(content, services)


def choices() -> list[dict[str, str]]:
    """The environments that example.env offers: what is set, and each profile with it."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    fixed = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]", line))
    offered = [line.removeprefix("#") for line in lines if re.match(r"#[A-Z]", line)]
    found = [fixed]
    for profile, url in pairwise(offered):
        if profile.startswith("COMPOSE_PROFILES="):
            found.append(fixed | dict(each.split("=", 1) for each in (profile, url)))
    return found
