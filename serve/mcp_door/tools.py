"""The tools, as clients of the API: they can do nothing that their caller could not do there."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError

from retrieval.errors import CloisterError, NotFound
from serve.errors import InvalidRequest
from serve.mcp_door.api import Api, Json
from serve.mcp_door.schemas import (
    AskArguments,
    AskResult,
    Cited,
    FetchArguments,
    FetchedPassage,
    FetchResult,
    FoundPassage,
    Metadata,
    SearchArguments,
    SearchResult,
)
from serve.problems import MOST_FIELD_ERRORS
from serve.remote_problem import RemoteError

PART_CHARACTERS = 20_000

_ID = re.compile(r"([0-9]{1,19})(?:-([0-9]{1,19}))?")
_UNKNOWN = (404, 422)


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that an assistant can have done; ``run`` is given what ``arguments`` takes in."""

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    result: type[BaseModel]
    run: Callable[[Api, Any], Awaitable[BaseModel]]

    async def called(self, api: Api, given: Json) -> BaseModel:
        """The result of a call.

        Raises:
            CloisterError: It cannot be carried out; the message is for the assistant.
        """
        try:
            arguments = self.arguments.model_validate(given)
        except ValidationError as error:
            raise InvalidRequest(_broken_rules(error)) from None
        return await self.run(api, arguments)


def _broken_rules(error: ValidationError) -> str:
    """Which arguments break which rule, without what was given."""
    return "; ".join(
        f"{'.'.join(map(str, each['loc'])) or 'arguments'}: {each['msg']}"
        for each in islice(error.errors(include_input=False, include_url=False), MOST_FIELD_ERRORS)
    )


async def _search(api: Api, arguments: SearchArguments) -> SearchResult:
    body = {"query": arguments.query, "k": arguments.k, **_part_of(arguments.collection)}
    found = await api.post("/api/v1/search", body)
    return SearchResult(
        results=[
            FoundPassage(
                id=_passage_id(hit),
                document_id=str(hit["document_id"]),
                title=hit["document_name"],
                text=hit["quote"],
                page=_page_of(hit),
                section=hit["section"],
                score=hit["score"],
                url=_url_of(hit),
            )
            for hit in found["items"]
        ],
        language=found["language"],
    )


async def _ask(api: Api, arguments: AskArguments) -> AskResult:
    body = {"question": arguments.question, **_part_of(arguments.collection)}
    answer = await api.post("/api/v1/chat", body, {"stream": "false"})
    return AskResult(
        answer=answer["answer"],
        language=answer["language"],
        abstained=answer["abstained"],
        grounded=answer["grounded"],
        truncated=answer["truncated"],
        citations=[
            Cited(
                n=each["n"],
                id=_passage_id(each),
                document_id=str(each["document_id"]),
                title=each["document_name"],
                page=_page_of(each),
                quote=each["quote"],
                verdict=each["verdict"],
                url=_url_of(each),
            )
            for each in answer["citations"]
        ],
        degraded=answer["degraded"]["detail"] if answer["degraded"] else None,
    )


async def _fetch(api: Api, arguments: FetchArguments) -> FetchResult:
    match = _ID.fullmatch(arguments.id)
    unknown = NotFound("There is no document and no passage with this id.")
    if match is None:
        raise unknown
    document_id, chunk_id = match.groups()
    path = f"/api/v1/documents/{int(document_id)}"
    try:
        document = await api.get(path)
        text = await api.text(f"{path}/text")
        chunk = await api.get(f"{path}/chunks/{int(chunk_id)}") if chunk_id else None
    except RemoteError as error:
        raise unknown if error.status in _UNKNOWN else error from None
    passage = _placed(chunk, text) if chunk else None
    return _fetched(document, text, passage, arguments)


def _fetched(
    document: Json, text: str, passage: FetchedPassage | None, arguments: FetchArguments
) -> FetchResult:
    part_count = max(1, -(-len(text) // PART_CHARACTERS))
    part = arguments.part or (passage.start // PART_CHARACTERS + 1 if passage else 1)
    if part > part_count:
        raise InvalidRequest(f"part: the text has {part_count}.")
    start = (part - 1) * PART_CHARACTERS
    return FetchResult(
        id=arguments.id,
        document_id=str(document["id"]),
        title=document["title"] or document["name"],
        text=text[start : start + PART_CHARACTERS],
        url=f"/d/{document['id']}",
        part=part,
        part_count=part_count,
        metadata=Metadata.model_validate(document),
        passage=passage,
    )


def _placed(chunk: Json, text: str) -> FetchedPassage:
    """A passage of a page as a span of the whole text, whose pages form feeds divide."""
    before = text.split("\f")[: chunk["page"] - 1]
    offset = sum(map(len, before)) + len(before)
    span = chunk["span"]
    return FetchedPassage(
        text=chunk["quote"],
        page=_page_of(chunk),
        start=offset + span["start"],
        end=offset + span["end"],
    )


def _part_of(collection: int | str | None) -> dict[str, Json]:
    return {} if collection is None else {"collections": [collection]}


def _passage_id(passage: Json) -> str:
    return f"{passage['document_id']}-{passage['chunk_id']}"


def _page_of(passage: Json) -> int | None:
    return int(passage["page"]) if passage["paged"] else None


def _url_of(passage: Json) -> str:
    """Where our viewer shows a passage, or the words of one that are cited."""
    span = passage["span"]
    place = f"page={passage['page']}&c={passage['chunk_id']}&s={span['start']}-{span['end']}"
    return f"/d/{passage['document_id']}#{place}"


def message_of(error: CloisterError) -> str:
    """What an assistant is told of an error."""
    return f"{error.message} {error.advice}".strip()


TOOLS = (
    Tool(
        name="search",
        title="Search the documents",
        description="Passages of the organisation's documents that fit a query best, word for "
        "word, with the document and the page. Give an id to fetch to read on.",
        arguments=SearchArguments,
        result=SearchResult,
        run=_search,
    ),
    Tool(
        name="fetch",
        title="Read a document",
        description="The whole text of a document with its metadata, by the id of the document "
        f"or of a passage in it. A long text comes in parts of {PART_CHARACTERS} characters.",
        arguments=FetchArguments,
        result=FetchResult,
        run=_fetch,
    ),
    Tool(
        name="ask",
        title="Ask the documents",
        description="An answer from the organisation's documents alone. Its quotes are checked "
        "word for word; it says so where the documents do not hold the answer.",
        arguments=AskArguments,
        result=AskResult,
        run=_ask,
    ),
)
