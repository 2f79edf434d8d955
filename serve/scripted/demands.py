"""What a request asks for, once it has passed vLLM's own checks."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from serve.scripted import refusals
from serve.scripted.gbnf import BadGrammar, Gbnf
from serve.scripted.json_value import least_value
from serve.scripted.refusals import Refused
from serve.scripted.replies import question_of
from serve.scripted.tokens import continued_tokens, prompt_tokens


@dataclass(frozen=True, slots=True)
class Demand:
    """A request that can be carried out; ``most`` tokens may be written.

    ``refused_in_stream`` is what vLLM finds out only once it has begun to stream.
    """

    body: dict[str, Any]
    model: str
    prompt: list[str]
    most: int
    schema: dict[str, Any] | None = None
    grammar: Gbnf | None = None
    choices: tuple[str, ...] = ()
    refused_in_stream: Refused | None = None

    @property
    def salt(self) -> str:
        """Keeps its prefixes apart from those with another."""
        return str(self.body.get("cache_salt") or "")

    def obeyed_by(self, text: str) -> str:
        """The text, or one that the constraint allows where this is not.

        A script that writes JSON is trusted to know the schema.
        """
        if self.schema is not None and not _is_json(text):
            value = least_value(self.schema, question_of(self.body))
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if self.grammar is not None:
            return text if self.grammar.allows(text) else self.grammar.sentence()
        if self.choices and text not in self.choices:
            return self.choices[0]
        return text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def demand_of(data: bytes, models: tuple[str, ...], window: int) -> Demand:
    """What the body of a request asks for.

    Raises:
        Refused: vLLM would not do it.
    """
    try:
        body = json.loads(data)
    except ValueError:
        raise refusals.no_json() from None
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
        raise refusals.no_messages()
    model = str(body.get("model") or models[0])
    if model not in models:
        raise refusals.no_model(model, models[0])
    asked = body.get("max_tokens")
    if asked is not None and asked < 1:
        raise refusals.too_few_tokens(asked)
    if asked is not None and asked > window:
        raise refusals.too_many_tokens(asked, window)
    if not body["messages"]:
        raise refusals.bad_request(refusals.EMPTY)
    goes_on = bool(body.get("continue_final_message"))
    prompt = (continued_tokens if goes_on else prompt_tokens)(body["messages"])
    if len(prompt) >= window:
        raise refusals.prompt_too_long(window)
    room = window - len(prompt)
    demand = Demand(body, model, prompt, min(asked or room, room))
    try:
        return _constrained(demand, body)
    except Refused as refused:
        if not body.get("stream"):
            raise
        return replace(demand, refused_in_stream=refused)


def _constrained(demand: Demand, body: dict[str, Any]) -> Demand:
    """As in vLLM, ``guided_json`` and the like are passed over."""
    asked = dict(body.get("structured_outputs") or {})
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        asked["json"] = form["json_schema"]["schema"]
    if len(asked) > 1:
        raise refusals.bad_request(refusals.TWO_CONSTRAINTS)
    schema = asked.get("json")
    return replace(
        demand,
        schema=json.loads(schema) if isinstance(schema, str) else schema,
        grammar=_grammar(asked["grammar"]) if "grammar" in asked else None,
        choices=tuple(asked.get("choice") or ()),
    )


def _grammar(text: str) -> Gbnf:
    try:
        return Gbnf(text)
    except BadGrammar as error:
        raise refusals.bad_grammar(str(error)) from None
