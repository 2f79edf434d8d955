"""What an inference server can do, found out by small real requests.

A server passes over what it does not know without a word, so that only its output tells whether it
was held to a schema or a grammar: each is asked for a word that nothing else would bring about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from serve.errors import Busy, LLMUnavailable
from serve.inference.client import InferenceClient, Model
from serve.inference.completion import CompletionRequest, Constraint, Grammar, JsonSchema, Message

_WORD = "heliotrope"
_SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string", "enum": [_WORD]}},
    "required": ["word"],
    "additionalProperties": False,
}
_GRAMMAR = f'root ::= "{_WORD}"'
_PROMPT = (Message("user", "Say hello."),)
_TOKENS = 48
# A first request may load and compile; a processor without a card takes its time over any.
_SECONDS = 90.0
# Not what only serves one: Ollama, or a folder of llama.cpp.
_LLAMA = re.compile(r"(?<!o)llama(?!\.cpp)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server can do for us; ``trouble`` says why it cannot write.

    ``models`` are all that it has by name, ``model`` the one that is used.
    """

    models: tuple[str, ...] = ()
    model: str = ""
    context_tokens: int | None = None
    writes: bool = False
    tokenizes: bool = False
    json_schema: bool = False
    grammar: bool = False
    is_llama: bool = False
    trouble: str = ""


async def probe(client: InferenceClient, model: str = "") -> Capabilities:
    """What the server can do with a model, by default the first that it has.

    Raises:
        LLMBusy: It is there, but takes no further request just now.
    """
    try:
        models = await client.models()
        used = _chosen(models, model)
        await client.complete(_request(used.id, tokens=1), _SECONDS)
    except LLMUnavailable as error:
        return Capabilities(trouble=f"{error.message} {error.advice}".strip())
    return Capabilities(
        models=tuple(each.id for each in models),
        model=used.id,
        context_tokens=_context(used, models),
        writes=True,
        tokenizes=await client.count_tokens(_PROMPT, used.id) is not None,
        json_schema=_is_word_in_json(await _held_to(client, used.id, JsonSchema(_SCHEMA))),
        grammar=await _held_to(client, used.id, Grammar(_GRAMMAR)) == _WORD,
        is_llama=_is_llama(used),
    )


def _chosen(models: Sequence[Model], name: str) -> Model:
    if not models:
        raise LLMUnavailable("The inference server has no model.")
    if not name:
        return models[0]
    for each in models:
        if each.id == name:
            return each
    listed = ", ".join(each.id for each in models)
    raise LLMUnavailable(f"The inference server has no model {name!r}; it has {listed}.")


def _context(model: Model, models: Sequence[Model]) -> int | None:
    """An adapter has the window of what it adapts."""
    known = {each.id: each.context_tokens for each in models}
    return model.context_tokens or known.get(model.parent)


def _is_llama(model: Model) -> bool:
    names = (model.id, model.parent, model.root)
    return any(_LLAMA.search(name.rstrip("/").rpartition("/")[2]) for name in names)


async def _held_to(client: InferenceClient, model: str, constraint: Constraint) -> str:
    """What the model writes under a constraint; nothing if the server refuses it."""
    try:
        request = _request(model, tokens=_TOKENS, constraint=constraint)
        text, _ = await client.complete(request, _SECONDS)
    except Busy:
        raise
    except LLMUnavailable:
        return ""
    return text.strip()


def _is_word_in_json(text: str) -> bool:
    try:
        return bool(json.loads(text) == {"word": _WORD})
    except ValueError:
        return False


def _request(model: str, tokens: int, constraint: Constraint | None = None) -> CompletionRequest:
    return CompletionRequest(_PROMPT, model, tokens, constraint=constraint, request_id="probe")
