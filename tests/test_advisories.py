"""The audit of dependencies reads what the programs tell, and takes silence for no answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.advisories import read_node, read_python

SOUND = {"name": "attrs", "version": "26.1.0", "vulns": []}
BAD = {"name": "jinja2", "version": "2.4.1", "vulns": [{"id": "PYSEC-2014-8"}]}
SKIPPED = {"name": "yarl", "skip_reason": "Dependency not found on PyPI: yarl (1.25.1)"}


@pytest.mark.parametrize(
    ("dependencies", "asked", "found", "line"),
    [
        ([SOUND], 1, (), "P: no known holes in 1 packages"),
        ([SOUND, BAD], 2, ("jinja2 2.4.1 (PYSEC-2014-8)",), "KNOWN HOLES in jinja2 2.4.1"),
        ([SKIPPED], 0, (), "NOT AUDITED"),
        ([SOUND, SKIPPED], 1, (), "NOT ALL, 1 of 2 packages are unknown"),
        ([BAD, SKIPPED], 1, ("jinja2 2.4.1 (PYSEC-2014-8)",), "KNOWN HOLES"),
    ],
)
def test_what_pip_audit_tells(
    dependencies: list[dict[str, Any]], asked: int, found: tuple[str, ...], line: str
) -> None:
    audit = read_python("P", {"dependencies": dependencies, "fixes": []})
    assert (audit.asked, audit.found) == (asked, found)
    assert line in audit.line


def npm(**vulnerabilities: dict[str, str]) -> dict[str, Any]:
    return {
        "auditReportVersion": 2,
        "vulnerabilities": vulnerabilities,
        "metadata": {"dependencies": {"prod": 90, "dev": 200}},
    }


def test_what_npm_tells() -> None:
    assert read_node("N", npm()).line == "N: no known holes in 90 packages"
    assert read_node("N", npm(katex={"severity": "high"})).found == ("katex (high)",)
    refused = {"message": "405 Method Not Allowed", "statusCode": 405}
    assert "NOT AUDITED" in read_node("N", refused).line
    assert "status 405" in read_node("N", refused).line


def test_silence_is_no_answer() -> None:
    for audit in (read_python("P", {}, "no network"), read_node("N", {}, "no network")):
        assert audit.asked == 0
        assert "NOT AUDITED" in audit.line
        assert "no network" in audit.line
