from __future__ import annotations

import importlib
import pkgutil
from typing import get_args, get_type_hints

import ingest
import retrieval
import serve
from ingest.errors import LimitExceeded
from retrieval.errors import CloisterError, NotFound
from serve.problems import STATUS, problem_of, recorded_problem

CLIENT_SIDE = {"no_data_folder", "no_server_wanted"}


def all_errors() -> set[type[CloisterError]]:
    for package in (retrieval, ingest, serve):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if ".migrations" not in module.name and "__main__" not in module.name:
                importlib.import_module(module.name)
    found: set[type[CloisterError]] = {CloisterError}
    waiting = [CloisterError]
    while waiting:
        children = waiting.pop().__subclasses__()
        found.update(children)
        waiting.extend(children)
    return found


def test_every_code_has_a_status() -> None:
    codes = {error.code for error in all_errors()}
    codes |= set(get_args(get_type_hints(LimitExceeded.__init__)["code"]))
    assert sorted(codes - STATUS.keys() - CLIENT_SIDE) == []


def test_a_problem_says_what_to_do() -> None:
    problem = problem_of(NotFound("No document 7.", advice="List them."))
    assert (problem.status, problem.code, problem.title) == (404, "not_found", "Not Found")
    assert (problem.detail, problem.advice) == ("No document 7.", "List them.")


def test_an_unknown_code_is_our_fault() -> None:
    assert recorded_problem("nobody_knows", "?").status == 500
