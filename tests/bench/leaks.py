"""Leaks in a long random history of people, rights, documents and questions.

Takes a quarter of an hour; a leak ends it, with the steps that led there.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.bench.options import Options
from tests.bench.tables import print_table
from tests.conftest import start_server
from tests.fixtures.canaries import canaries_in
from tests.fixtures.rights_desk import Tally
from tests.fixtures.rights_readings import RightsMachine, telling
from tests.fixtures.scripted_llm import scripted_llm
from tests.fixtures.waiting import until

_STEPS, _QUICK_STEPS = 10_000, 200
_ROUND = settings(
    max_examples=10,
    stateful_step_count=50,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def run(options: Options) -> None:
    """Run the state machine of the tests until it has made so many steps."""
    wanted = _QUICK_STEPS if options.quick else _STEPS
    begun = time.monotonic()
    with TemporaryDirectory() as folder, scripted_llm(telling) as model:
        site = start_server(Path(folder) / "data", LLM_URL=model.url, LOG_LEVEL="debug")
        try:
            until(lambda: site.http.get("/readyz").status_code == 200, 60)
            until(lambda: site.http.get("/api/v1/status").json()["llm"]["writes"], 60)

            class Machine(RightsMachine):
                server = site
                llm = model
                tally = Tally()

            while Machine.tally.steps < wanted:
                run_state_machine_as_test(Machine, settings=_ROUND)
                sys.stderr.write(f"leaks: {Machine.tally}\n")
        finally:
            site.stop()
        logged = canaries_in(site.log.read_text())
    tally = Machine.tally
    counted = (tally.steps, tally.replies, tally.prompts, tally.sightings, 0, len(logged))
    print_table(
        "A random history",
        ["steps", "replies", "prompts", "canaries rightly seen", "leaks", "in the log", "seconds"],
        [[f"{each:,}" for each in (*counted, round(time.monotonic() - begun))]],
    )
