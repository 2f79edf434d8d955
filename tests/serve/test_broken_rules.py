"""Of a body that breaks rules a million times so much is told as somebody reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, ValidationError

import serve.app
from serve.openai_door.bodies import OpenAIBody
from serve.problems import MOST_FIELD_ERRORS
from serve.schemas import MAX_FIELDS, Body
from tests.conftest import ServerFactory
from tests.fixtures.people import Town, problem

MANY = 2_000
"""More than any list may hold, unless its items are told one by one."""


@pytest.fixture(scope="module")
def town(module_server: ServerFactory) -> Iterator[Town]:
    with closing(Town(module_server(WORKERS="0"))) as town:
        yield town


def sign_in(town: Town, fields: int) -> list[dict[str, str]]:
    """What is told of an attempt with so many fields that do not exist."""
    body = {f"field_{n}": n for n in range(fields)}
    told = problem(town.browser().post("/api/v1/auth/login", json=body), 422, "invalid_request")
    assert told["detail"].count(";") == len(told["errors"]) - 1
    errors: list[dict[str, str]] = told["errors"]
    return errors


def test_who_is_not_signed_in_is_told_a_few_broken_rules(town: Town) -> None:
    assert len(sign_in(town, MOST_FIELD_ERRORS - 3)) == MOST_FIELD_ERRORS - 1
    assert len(sign_in(town, MAX_FIELDS)) == MOST_FIELD_ERRORS
    (error,) = sign_in(town, MAX_FIELDS + 1)
    assert error["message"].endswith(f"holds more than {MAX_FIELDS} fields")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", {"model": "embedder", "input": [None] * MANY}),
        ("/v1/responses", {"model": "all", "input": [0] * MANY}),
        ("/v1/chat/completions", {"model": "all", "messages": [0] * MANY}),
        (
            "/v1/chat/completions",
            {"model": "all", "messages": [{"role": "user", "content": [0] * MANY}]},
        ),
    ],
)
def test_the_door_tells_the_first_item_that_breaks_a_rule(
    town: Town, path: str, body: dict[str, Any]
) -> None:
    response: httpx.Response = town.operator.post(path, json=body)
    assert response.status_code == 400
    assert len(response.json()["error"]["message"]) < 500


def places_of(schema: dict[str, Any], root: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The fields of a schema that hold lists, at any depth; of what is in a list, `[]`."""
    if "$ref" in schema:
        yield from places_of(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
        return
    for arm in schema.get("anyOf", ()):
        yield from places_of(arm, root)
    for name, inner in schema.get("properties", {}).items():
        yield from ((name, *rest) for rest in places_of(inner, root))
    if schema.get("type") == "array":
        yield ()
        yield from (("[]", *rest) for rest in places_of(schema.get("items", {}), root))


def filled(place: tuple[str, ...]) -> object:
    """A value that breaks a rule in each of many items at a place."""
    if not place:
        return [{"no such": "item"}] * MANY
    name, *rest = place
    inner = filled(tuple(rest))
    return [inner] if name == "[]" else {name: inner}


def kinds(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in kind.__subclasses__():
        yield each
        yield from kinds(each)


BODIES = [
    each
    for base in (Body, OpenAIBody)
    for each in kinds(base)
    if each.__module__.startswith(f"{serve.__name__}.")
]
LISTS = [
    (kind, place)
    for kind in BODIES
    for schema in [kind.model_json_schema()]
    for place in dict.fromkeys(places_of(schema, schema))
]


def broken(kind: type[BaseModel], value: object) -> int:
    """How many broken rules would be told."""
    try:
        kind.model_validate(value)
    except ValidationError as error:
        return error.error_count()
    return 0


@pytest.mark.parametrize(
    ("kind", "place"), LISTS, ids=[f"{kind.__name__} {'.'.join(place)}" for kind, place in LISTS]
)
def test_no_list_is_told_item_by_item(kind: type[BaseModel], place: tuple[str, ...]) -> None:
    assert 0 < broken(kind, filled(place)) <= MOST_FIELD_ERRORS


@pytest.mark.parametrize("kind", BODIES)
def test_no_object_is_told_field_by_field(kind: type[BaseModel]) -> None:
    assert broken(kind, {f"field_{n}": n for n in range(MANY)}) <= MOST_FIELD_ERRORS
