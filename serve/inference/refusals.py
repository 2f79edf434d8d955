"""What an inference server's refusals mean.

Its own words are not passed on: they may quote the prompt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from serve.errors import LLMBusy, LLMRefused, LLMUnavailable, PromptTooLong, ServeError

_DEFAULT_RETRY, _LONGEST_RETRY = 5, 3_600
_TOO_LONG = re.compile(r"context.?(length|size|window)|too many tokens", re.IGNORECASE)
_WINDOW = re.compile(r"context length is (\d{1,9}) tokens")
_PLAIN = re.compile(r"[\w.\[\] -]{1,60}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response that is not 200; ``settings`` is how the settings of this server begin."""

    status: int
    body: bytes
    retry_after: str
    settings: str

    def error(self, model: str, models: Sequence[str]) -> ServeError:
        """The error for it; ``models`` are those that the server has, as far as is known."""
        if self.status in (401, 403):
            return LLMRefused(
                "The inference server refuses the key.", advice=f"Set {self.settings}_KEY."
            )
        if self.status == 404:
            return self._not_found(model, models)
        if self.status in (429, 503):
            return self._busy()
        if self.status >= 500:
            return LLMUnavailable(f"The inference server failed with status {self.status}.")
        if self.status >= 400 and _TOO_LONG.search(
            f"{self._field('message')} {self._field('type')}"
        ):
            return self._too_long()
        return self._refused()

    def _not_found(self, model: str, models: Sequence[str]) -> ServeError:
        if models and model not in models:
            return LLMRefused(
                f"The inference server has no model {model!r}; it has {', '.join(models)}.",
                advice=f"Set {self.settings}_MODEL to one of them.",
            )
        return LLMRefused(
            "The inference server has no chat completions at its address.",
            advice=f"{self.settings}_URL ends in /v1 for most servers.",
        )

    def _busy(self) -> ServeError:
        if "loading model" in self._field("message").lower():
            return LLMUnavailable("The inference server is still loading its model.")
        asked = int(self.retry_after) if self.retry_after.strip().isdecimal() else _DEFAULT_RETRY
        return LLMBusy(
            "The inference server takes no further request just now.",
            retry_after=min(max(asked, 1), _LONGEST_RETRY),
        )

    def _too_long(self) -> ServeError:
        window = _WINDOW.search(self._field("message"))
        of = f" of {window[1]} tokens" if window else ""
        return PromptTooLong(f"The prompt does not fit into the model's context window{of}.")

    def _refused(self) -> ServeError:
        names = [self._field("type"), self._field("param")]
        why = ", ".join([str(self.status), *(name for name in names if _PLAIN.fullmatch(name))])
        advice = ""
        if self._field("param") == "max_tokens":
            advice = f"Lower {self.settings}_ANSWER_TOKENS."
        return LLMRefused(f"The inference server refuses the request ({why}).", advice=advice)

    def _field(self, name: str) -> str:
        error = self._error()
        if isinstance(error, str):
            return error if name == "message" else ""
        value = error.get(name)
        return value if isinstance(value, str) else ""

    def _error(self) -> dict[str, Any] | str:
        try:
            answer = json.loads(self.body)
        except (ValueError, RecursionError):
            return self.body.decode(errors="replace")
        error = answer.get("error", answer) if isinstance(answer, dict) else ""
        return error if isinstance(error, dict | str) else ""
