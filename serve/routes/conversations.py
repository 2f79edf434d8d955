"""Conversations: list, search, make, show, name, export, delete."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from serve.audit.acts import Act
from serve.backend import Backend
from serve.caller import Caller
from serve.conversations.export import file_name, markdown_of
from serve.conversations.opening import Reading
from serve.conversations.schemas import (
    ConversationBody,
    ConversationDetail,
    ConversationList,
    ConversationOut,
    ConversationPatch,
)
from serve.conversations.shapes import conversation_detail, conversation_export
from serve.conversations.store import (
    Conversation,
    ConversationFilter,
    Position,
    create_conversation,
    delete_conversation,
    list_conversations,
    name_conversation,
    show_branch,
)
from serve.errors import InvalidRequest
from serve.routes.parts import BackendPart, CallerPart, IdPath
from serve.schemas import LARGEST_ID
from serve.scope import whole_scope

router = APIRouter(prefix="/api/v1/conversations", tags=["conversations"])

_CURSOR = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)_(\d{1,19})", re.ASCII)


def _position(cursor: Annotated[str, Query(max_length=50)] = "") -> Position | None:
    if not cursor:
        return None
    match = _CURSOR.fullmatch(cursor)
    if match is None or int(match[2]) > LARGEST_ID:
        raise InvalidRequest(f"The cursor {cursor!r} is none of ours.")
    return Position(float(match[1]), int(match[2]))


PositionPart = Annotated[Position | None, Depends(_position)]


@router.post("", status_code=201)
def create(backend: BackendPart, caller: CallerPart, body: ConversationBody) -> ConversationOut:
    """Make a conversation."""
    with backend.database.write() as connection:
        made = create_conversation(connection, caller, body.title or "")
    return ConversationOut.model_validate(made)


@router.get("")
def list_some(
    backend: BackendPart,
    caller: CallerPart,
    after: PositionPart,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    q: Annotated[str, Query(max_length=200)] = "",
) -> ConversationList:
    """Conversations, the one last changed first; with q, those that have all its words."""
    with backend.database.read() as connection:
        words = q.replace("\0", "")
        wanted = ConversationFilter(caller, whole_scope(connection, caller), words, after, limit)
        found = list_conversations(connection, wanted)
    following = _cursor_after(found[-1]) if len(found) == limit else None
    return ConversationList(
        items=[ConversationOut.model_validate(each) for each in found], next_cursor=following
    )


def _cursor_after(conversation: Conversation) -> str:
    return f"{conversation.updated_at.timestamp()!r}_{conversation.id}"


@router.get("/{conversation_id}")
def show(
    backend: BackendPart,
    caller: CallerPart,
    conversation_id: IdPath,
) -> ConversationDetail:
    """One conversation, with the branch that is shown."""
    return _detail(backend, caller, conversation_id)


@router.patch("/{conversation_id}")
def change(
    backend: BackendPart, caller: CallerPart, conversation_id: IdPath, body: ConversationPatch
) -> ConversationDetail:
    """Name a conversation, or show another branch."""
    with backend.database.write() as connection:
        if body.title is not None:
            name_conversation(connection, caller, conversation_id, body.title)
        if body.leaf_id is not None:
            show_branch(connection, caller, conversation_id, body.leaf_id)
    return _detail(backend, caller, conversation_id)


@router.delete("/{conversation_id}", status_code=204)
def delete(backend: BackendPart, caller: CallerPart, conversation_id: IdPath) -> Response:
    """Delete a conversation with everything in it."""
    with backend.database.write() as connection:
        delete_conversation(connection, caller, conversation_id)
    backend.database.forget_deleted()
    return Response(status_code=204)


@router.get("/{conversation_id}/export", response_class=Response)
def export(
    backend: BackendPart,
    caller: CallerPart,
    conversation_id: IdPath,
    format: Literal["md", "json"] = "md",
) -> Response:
    """A conversation as a file: the branch that is shown in Markdown, or all turns in JSON."""
    reading = Reading(backend.database, backend.journal, caller)
    opened = reading.opened(conversation_id, Act.CONVERSATION_EXPORTED)
    conversation = opened.conversation
    headers = {"Content-Disposition": file_name(conversation, format)}
    if format == "json":
        exported = conversation_export(conversation, opened.tree, opened.turns)
        content = exported.model_dump_json(indent=2)
        return Response(content, headers=headers, media_type="application/json")
    branch = [opened.turns[each] for each in opened.tree.path(conversation.leaf_id)]
    return Response(markdown_of(conversation, branch), headers=headers, media_type="text/markdown")


def _detail(backend: Backend, caller: Caller, conversation_id: int) -> ConversationDetail:
    opened = Reading(backend.database, backend.journal, caller).opened(conversation_id)
    return conversation_detail(opened.conversation, opened.tree, opened.turns)
