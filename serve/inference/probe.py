"""What an inference server can do, found out by small real requests.

A server passes over what it does not know without a word, so that only its output tells whether it
was held to a schema or a grammar: each is asked for a word that nothing else would bring about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from serve.errors import Busy, LLMRefused, LLMTimeout, LLMUnavailable, PromptTooLong
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

    ``models`` are all that it has by name, ``model`` the one that is used. ``salts`` says that it
    takes a cache salt, heeding it or not. ``in_doubt`` says that
    an ability did not show, for the server had too much to do, and may be there all the same.
    """

    models: tuple[str, ...] = ()
    model: str = ""
    context_tokens: int | None = None
    writes: bool = False
    tokenizes: bool = False
    json_schema: bool = False
    grammar: bool = False
    salts: bool = False
    is_llama: bool = False
    in_doubt: bool = False
    trouble: str = ""


async def probe(
    client: InferenceClient, model: str = "", known: Capabilities | None = None
) -> Capabilities:
    """What the server can do with a model, by default the first that it has.

    What does not show now is as it was ``known`` of the same model.

    Raises:
        LLMBusy: It is there, but takes no further request just now.
        LLMTimeout: It is there, but did not write in time.
    """
    try:
        found = await _written(client, await _described(client, model))
    except LLMTimeout:
        raise
    except LLMUnavailable as error:
        return _down(error)
    before = known if known and known.model == found.model else Capabilities()
    in_json = await _held_to(client, found.model, JsonSchema(_SCHEMA))
    in_grammar = await _held_to(client, found.model, Grammar(_GRAMMAR))
    return replace(
        found,
        tokenizes=await client.count_tokens(_PROMPT, found.model) is not None or before.tokenizes,
        json_schema=before.json_schema if in_json is None else _is_word_in_json(in_json),
        grammar=before.grammar if in_grammar is None else in_grammar == _WORD,
        in_doubt=None in (in_json, in_grammar),
    )


async def _written(client: InferenceClient, found: Capabilities) -> Capabilities:
    """The server, once it has written a token.

    Raises:
        LLMUnavailable, LLMBusy: It did not.
    """
    request = _request(found.model, tokens=1)
    try:
        await client.complete(replace(request, cache_salt="probe"), _SECONDS)
    except LLMRefused:
        # Some take no field that they do not know.
        await client.complete(request, _SECONDS)
        return replace(found, writes=True)
    return replace(found, writes=True, salts=True)


async def seen_again(
    client: InferenceClient, model: str, known: Capabilities
) -> Capabilities | None:
    """What is ``known`` of a server that writes, if it is still there with the same model.

    Nothing is written for it: a server may be busy with the questions of others. None says that
    there is something else now, which must be probed.

    Raises:
        LLMTimeout: It is there, but did not tell in time.
    """
    try:
        found = await _described(client, model)
    except LLMTimeout:
        raise
    except LLMUnavailable as error:
        return _down(error)
    if (found.model, found.context_tokens) != (known.model, known.context_tokens):
        return None
    return replace(known, models=found.models, is_llama=found.is_llama)


async def still_writes(client: InferenceClient, known: Capabilities) -> Capabilities:
    """What is ``known`` of a server, if it still writes.

    Raises:
        LLMBusy: It is there, but takes no further request just now.
        LLMTimeout: It is there, but did not write in time.
    """
    try:
        await client.complete(_request(known.model, tokens=1), _SECONDS)
    except LLMTimeout:
        raise
    except LLMUnavailable as error:
        return _down(error)
    return known


async def _described(client: InferenceClient, model: str) -> Capabilities:
    """What the server says of itself.

    Raises:
        LLMUnavailable: It cannot be asked, or has no such model.
        LLMTimeout: It did not tell in time.
    """
    models = await client.models()
    used = _chosen(models, model)
    return Capabilities(
        models=tuple(each.id for each in models),
        model=used.id,
        context_tokens=_context(used, models),
        is_llama=_is_llama(used),
    )


def _down(error: LLMUnavailable) -> Capabilities:
    return Capabilities(trouble=f"{error.message} {error.advice}".strip())


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


async def _held_to(client: InferenceClient, model: str, constraint: Constraint) -> str | None:
    """What the model writes under a constraint, empty if the server refuses it.

    None says that there is no telling: it was busy, slow, or broke off.
    """
    try:
        request = _request(model, tokens=_TOKENS, constraint=constraint)
        text, _ = await client.complete(request, _SECONDS)
    except (LLMRefused, PromptTooLong):
        return ""
    except (Busy, LLMUnavailable):
        return None
    return text.strip()


def _is_word_in_json(text: str) -> bool:
    try:
        return bool(json.loads(text) == {"word": _WORD})
    except ValueError:
        return False


def _request(model: str, tokens: int, constraint: Constraint | None = None) -> CompletionRequest:
    return CompletionRequest(_PROMPT, model, tokens, constraint=constraint, request_id="probe")
