"""Tokens as a model would have them: pieces of words, control tokens, and a cache of prefixes."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

_TOKEN = re.compile(r"<\|[a-z_0-9]+\|>|\s?\w{1,6}|\s|[^\w\s]")
_REMEMBERED = 1 << 16


def tokens_of(text: str) -> list[str]:
    """The tokens, which joined are the text."""
    return _TOKEN.findall(text)


def prompt_tokens(messages: Sequence[dict[str, Any]]) -> list[str]:
    """The tokens of a conversation in the template of Llama 3.1, up to where an answer begins."""
    return _tokens(messages, _header("assistant"))


def continued_tokens(messages: Sequence[dict[str, Any]]) -> list[str]:
    """The same, where the last message is an answer that goes on."""
    *before, begun = messages
    return _tokens(before, _header(str(begun.get("role"))) + _content(begun).strip())


def _tokens(messages: Sequence[dict[str, Any]], end: str) -> list[str]:
    turns = [_turn(str(message.get("role")), _content(message)) for message in messages]
    return tokens_of(f"<|begin_of_text|>{''.join(turns)}{end}")


def _turn(role: str, content: str) -> str:
    return f"{_header(role)}{content.strip()}<|eot_id|>"


def _header(role: str) -> str:
    return f"<|start_header_id|>{role}<|end_header_id|>\n\n"


def _content(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return str(content or "")


class PrefixCache:
    """Which beginnings of prompts were computed already, in blocks of tokens."""

    def __init__(self, block: int) -> None:
        self._block = block
        self._blocks: OrderedDict[int, None] = OrderedDict()
        self.queries = 0
        self.hits = 0

    def cached(self, tokens: Sequence[str], *, among: tuple[str, str]) -> int:
        """How many tokens are there already; from now on all are.

        Only prompts of the same model and with the same salt, ``among``, share anything.
        """
        # The last token is always computed: the next one follows from it.
        whole = (len(tokens) - 1) // self._block
        key, hits, hitting = hash(among), 0, True
        for n in range(whole):
            key = hash((key, *tokens[n * self._block : (n + 1) * self._block]))
            hitting = hitting and key in self._blocks
            hits += hitting
            self._blocks[key] = None
            self._blocks.move_to_end(key)
        while len(self._blocks) > _REMEMBERED:
            self._blocks.popitem(last=False)
        self.queries += len(tokens)
        self.hits += hits * self._block
        return hits * self._block
