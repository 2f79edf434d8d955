"""Whatever people do, in whatever order, nobody is told what they may not see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import RunningServer, ServerFactory
from tests.fixtures.canaries import canaries_in
from tests.fixtures.rights_desk import Tally
from tests.fixtures.rights_readings import RightsMachine, telling
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.waiting import until

BUDGET = settings(
    max_examples=9,
    stateful_step_count=50,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm(telling) as running:
        yield running


@pytest.fixture(scope="module")
def site(llm: ScriptedLlm, module_server: ServerFactory) -> RunningServer:
    server = module_server(LLM_URL=llm.url, LOG_LEVEL="debug")
    until(lambda: server.http.get("/api/v1/status").json()["ready"])
    until(lambda: server.http.get("/api/v1/status").json()["llm"]["writes"])
    return server


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nobody_is_told_what_they_may_not_see(site: RunningServer, llm: ScriptedLlm) -> None:
    class Machine(RightsMachine):
        server = site
        tally = Tally()

    Machine.llm = llm
    run_state_machine_as_test(Machine, settings=BUDGET)
    assert Machine.tally.replies > 500
    assert Machine.tally.sightings > Machine.tally.replies
    assert Machine.tally.prompts > 50
    assert canaries_in(site.log.read_text()) == set()
