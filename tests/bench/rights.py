"""What asking who somebody is, and what they may see, costs a search."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from sqlalchemy import Connection

from retrieval.database import Database
from serve.caller import OPERATOR, Caller
from serve.people.keys import caller_of_key
from serve.people.sessions import caller_of_session
from serve.scope import whole_scope
from tests.bench.options import Options
from tests.bench.tables import milliseconds, print_table
from tests.conftest import RunningServer, start_server
from tests.fixtures.people import Town
from tests.fixtures.waiting import until

_COLLECTIONS, _GROUPS, _QUESTIONS = 1_000, 200, 300
_RESTRICTED = 50
_QUERY = {"query": "When does the lighthouse open?", "k": 8}


def run(options: Options) -> None:
    """A person in every group, each of which is granted its share of the collections."""
    collections, groups = (60, 12) if options.quick else (_COLLECTIONS, _GROUPS)
    questions = 20 if options.quick else _QUESTIONS
    with TemporaryDirectory() as folder:
        site = start_server(Path(folder) / "data")
        try:
            until(lambda: site.http.get("/readyz").status_code == 200, 60)
            town = Town(site)
            person = _granted(town, collections, groups)
            key = town.key(person, "search")
            _time_searches(site, key, person, questions)
            _time_checks(site, key, person, questions)
            town.close()
        finally:
            site.stop()
    print(f"{collections:,} collections, {groups} groups, {_RESTRICTED} restricted documents")


def _granted(town: Town, collections: int, groups: int) -> httpx.Client:
    person = town.person("Ada")
    own = town.id_of(person)
    group_ids = [_made(town, "groups", f"group {n}") for n in range(groups)]
    for each in group_ids:
        town.operator.put(f"/api/v1/groups/{each}/members", json={"people": [own]})
    for n in range(collections):
        home = _made(town, "collections", f"collection {n}")
        body = {"group": f"group {n % groups}", "role": "reader"}
        town.operator.put(f"/api/v1/collections/{home}/grants", json=body)
        if n < 2 * _RESTRICTED:
            _filled(town, f"collection {n}", n)
    return person


def _made(town: Town, kind: str, name: str) -> int:
    made = town.operator.post(f"/api/v1/{kind}", json={"name": name})
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


def _filled(town: Town, collection: str, number: int) -> None:
    text = f"The lighthouse number {number} opens in May and closes in June.".encode()
    [document] = town.server.ingest({f"{number}.txt": text}, collection)
    if number % 2:
        path = f"/api/v1/documents/{document}/readers"
        town.operator.put(path, json={"readers": [{"group": "group 0"}]})


def _time_searches(
    site: RunningServer, key: httpx.Client, session: httpx.Client, questions: int
) -> None:
    """The same search by turns of everybody, over HTTP."""
    askers = {"operator": site.http, "key": key, "session": session}
    times: dict[str, list[float]] = {name: [] for name in askers}
    for number in range(questions + 10):
        for name, http in askers.items():
            begun = time.perf_counter()
            done = http.post("/api/v1/search", json=_QUERY)
            taken = time.perf_counter() - begun
            assert done.status_code == 200, done.text
            if number >= 10:
                times[name].append(taken)
    rows = [[name, milliseconds(each)] for name, each in times.items()]
    print_table("A search over HTTP", ["who asks", "p50 / p95, ms"], rows)


def _time_checks(
    site: RunningServer, key: httpx.Client, session: httpx.Client, questions: int
) -> None:
    """The sign-in check and the scope alone, in this process over the same database."""
    token = key.headers["Authorization"].removeprefix("Bearer ")
    cookie = next(iter(session.cookies.values()))
    ways: dict[str, Callable[[Connection], Caller | None]] = {
        "operator": lambda _: OPERATOR,
        "key": lambda connection: _caller(caller_of_key(connection, token)),
        "session": lambda connection: _caller(caller_of_session(connection, cookie)),
    }
    database = Database(f"sqlite:///{site.data / 'cloister.db'}")
    rows = []
    for name, who in ways.items():
        checks, scopes = [], []
        for number in range(questions + 10):
            begun = time.perf_counter()
            with database.read() as connection:
                caller = who(connection)
            checked = time.perf_counter()
            assert caller is not None
            with database.read() as connection:
                scope = whole_scope(connection, caller)
            ended = time.perf_counter()
            assert scope.collections
            if number >= 10:
                checks.append(checked - begun)
                scopes.append(ended - checked)
        both = [one + other for one, other in zip(checks, scopes, strict=True)]
        rows.append([name, *(milliseconds(each) for each in (checks, scopes, both))])
    database.close()
    heads = ["who asks", "sign-in check", "scope", "both, p50 / p95, ms"]
    print_table("Of it, who asks and what they see", heads, rows)


def _caller(found: Any) -> Caller | None:
    return found.caller if found else None
