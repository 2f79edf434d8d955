"""What is asked of a language model, and what an answer comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a completion cost; ``cached_tokens`` of the prompt were not computed anew."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """The text must be JSON that fits a schema."""

    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Grammar:
    """The text must be a sentence of a grammar in GBNF; only vLLM and llama.cpp know this."""

    gbnf: str


Constraint = JsonSchema | Grammar


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What a model is to continue.

    With ``continues`` the last message is the model's own, and it goes on in the middle of it.
    ``cache_salt`` keeps those with different salts from learning, by the time that it takes, what
    the other has asked. ``request_id`` is found again in the server's log.
    """

    messages: tuple[Message, ...]
    model: str
    max_tokens: int
    temperature: float = 0.0
    seed: int | None = None
    constraint: Constraint | None = None
    continues: bool = False
    cache_salt: str = ""
    request_id: str = ""

    def body(self) -> dict[str, Any]:
        """The JSON of a streamed chat completion."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": messages_json(self.messages),
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if self.seed is not None:
            body["seed"] = self.seed
        if self.continues:
            # vLLM's names; servers that do so by themselves, such as llama.cpp's, pass over them.
            body |= {"add_generation_prompt": False, "continue_final_message": True}
        if self.cache_salt:
            body["cache_salt"] = self.cache_salt
        return body | _constraint_json(self.constraint)


@dataclass(frozen=True, slots=True)
class Completed:
    """A completion has come to its end; ``first_token_seconds`` runs from the request."""

    finish_reason: FinishReason
    usage: Usage
    model: str
    first_token_seconds: float


def messages_json(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    """Messages as OpenAI's API has them."""
    return [{"role": message.role, "content": message.content} for message in messages]


def _constraint_json(constraint: Constraint | None) -> dict[str, Any]:
    match constraint:
        case None:
            return {}
        case JsonSchema(schema):
            named = {"name": "answer", "schema": dict(schema), "strict": True}
            return {"response_format": {"type": "json_schema", "json_schema": named}}
        case Grammar(gbnf):
            # vLLM's name for it and llama.cpp's; each passes over the other's.
            return {"structured_outputs": {"grammar": gbnf}, "grammar": gbnf}
