"""What the server refuses, in the words of vLLM 0.32."""

from __future__ import annotations

from typing import Any

BUSY = (
    "The engine is currently busy and cannot accept new requests. Please try again later or on a "
    "different instance."
)
DEAD = "EngineCore encountered an issue. See stack trace (above) for the root cause."
EMPTY = "Cannot apply chat template to an empty conversation. Provide at least one message."
TWO_CONSTRAINTS = (
    "You can only use one kind of constraints for structured outputs ('json', 'regex' or 'choice')."
)
_MISSING = (
    "1 validation error:\n  {'type': 'missing', 'loc': 'body.messages', 'msg': 'Field required', "
    "'input': '<dict of 2 items>'}"
)
_NO_JSON = (
    "1 validation error:\n  {'type': 'json_invalid', 'loc': 'body.0', 'msg': 'JSON decode error', "
    "'input': '<dict of 0 items>', 'ctx': {'error': 'Expecting value'}}"
)


class Refused(Exception):
    """A request that gets a status and a body instead of an answer.

    ``retry_after`` is in seconds; 0 says nothing of it.
    """

    def __init__(self, status: int, body: dict[str, Any], retry_after: int = 0) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = {"Retry-After": str(retry_after)} if retry_after else {}


def error_body(code: int, message: str, kind: str, param: str | None = None) -> dict[str, Any]:
    """The body of an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def bad_request(message: str, param: str | None = None) -> Refused:
    """Status 400."""
    return Refused(400, error_body(400, message, "BadRequestError", param))


def no_json() -> Refused:
    """The body is no JSON."""
    return Refused(400, error_body(400, _NO_JSON, "Bad Request", "body.0"))


def no_messages() -> Refused:
    """A field is missing."""
    return Refused(400, error_body(400, _MISSING, "Bad Request", "body.messages"))


def no_model(name: str, models: str) -> Refused:
    """There is no such model."""
    message = f"The model `{name}` does not exist. Valid aliases: {models}."
    return Refused(404, error_body(404, message, "NotFoundError", "model"))


def too_few_tokens(asked: int) -> Refused:
    """Nothing may be written."""
    message = f"max_tokens must be at least 1, got {asked}."
    return bad_request(f"{message} (parameter=max_tokens, value={asked})", "max_tokens")


def too_many_tokens(asked: int, window: int) -> Refused:
    """More may be written than the window holds."""
    message = (
        f"max_tokens={asked} cannot be greater than max_model_len={window}. Please request fewer "
        f"output tokens. (parameter=max_tokens, value={asked})"
    )
    return bad_request(message, "max_tokens")


def prompt_too_long(window: int) -> Refused:
    """The prompt fills the window; how long it is, vLLM does not say."""
    message = (
        f"This model's maximum context length is {window} tokens. However, your prompt contains at "
        f"least {window + 1} input tokens, which exceeds this limit even without any output "
        "tokens. Please reduce the length of the input prompt. "
        f"(parameter=input_tokens, value={window + 1})"
    )
    return bad_request(message, "input_tokens")


def bad_grammar(why: str) -> Refused:
    """The grammar cannot be read."""
    return bad_request(
        "Invalid grammar specification: Failed to convert the grammar from GBNF to Lark: " + why
    )


def busy(retry_after: int = 0) -> Refused:
    """The queue is full; a router may say when to come again, vLLM does not."""
    return Refused(503, error_body(503, BUSY, "Service Unavailable"), retry_after)


def dead() -> Refused:
    """The engine has died."""
    return Refused(500, error_body(500, DEAD, "InternalServerError"))
