"""Requests made from the API's own document, as the operator and as an ordinary person.

Schemathesis at its default budget in all its phases, links between operations included. The stream
of jobs has no end, and is left to the tests.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.bench.options import Options
from tests.bench.tables import print_table
from tests.conftest import RunningServer, start_server
from tests.fixtures.people import Town

_ENDLESS = "/api/v1/jobs/events"
_CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance"
_SETTINGS = {"REQUESTS_PER_MINUTE": "1000000"}


def run(options: Options) -> None:
    """Both runs, each against a server of its own, since the operator may change everything."""
    rows = []
    for name, client_of in (("the operator", _operator), ("an ordinary person", _person)):
        with TemporaryDirectory() as folder:
            site = start_server(Path(folder) / "data", **_SETTINGS)
            try:
                site.ingest({"lighthouse.txt": b"The keeper climbs 217 steps every evening."})
                town = Town(site)
                rows.append([name, *_row(site, client_of(town), Path(folder), options)])
                town.close()
            finally:
                site.stop()
    heads = [
        "as", "requests", "server errors", "must", "undocumented answers", "must", "seconds",
    ]  # fmt: skip
    print_table("Requests made from the document", heads, rows)


def _operator(town: Town) -> httpx.Client:
    return town.operator


def _person(town: Town) -> httpx.Client:
    person = town.person("Ada")
    (home,) = town.operator.get("/api/v1/collections").json()["items"]
    town.granted(home["id"], person, "writer")
    return town.key(person, "search", "ask", "ingest")


def _row(site: RunningServer, http: httpx.Client, folder: Path, options: Options) -> list[str]:
    report, begun = folder / "report.json", time.monotonic()
    brief = ["--max-examples", "2"] if options.quick else []
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"{site.url}/openapi.json",
            "--header", f"Authorization: {http.headers['Authorization']}",
            "--checks", _CHECKS, "--exclude-path", _ENDLESS, "--generation-database", "none",
            "--warnings", "off", "--suppress-health-check", "all", "--continue-on-failure",
            "--no-color", "--report", "json", "--report-json-path", str(report), *brief,
        ],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    sys.stderr.write(done.stdout[-20_000:] + done.stderr)
    site.http.get("/healthz").raise_for_status()
    told = json.loads(report.read_text())
    assert told["complete"], told
    found = Counter({each["type"]: each["count"] for each in told["failures"]})
    faults = found.pop("ServerError", 0) + told["test_cases"]["errored"]
    counts = (told["test_cases"]["generated"], faults, 0, found.total(), 0)
    return [*(f"{each:,}" for each in counts), f"{time.monotonic() - begun:.0f}"]
