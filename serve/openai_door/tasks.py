"""Open WebUI's chores, done without a model: a title, and nothing where only a model could think.

It asks in words and wants JSON back, whose one key tells the chores apart.
"""

from __future__ import annotations

import json
import re

from serve.errors import LLMUnavailable

_LONGEST_TITLE = 60
_KEY = re.compile(r'"(title|tags|follow_ups|queries|text)"')
_BROUGHT = re.compile(r"<(context|chat_history)>")
_SPEAKER = re.compile(r"^[^\S\n]*+(?:USER|User|user)\s*:\s*", re.MULTILINE)


def chore_done(prompt: str) -> str:
    """What a prompt that begins with ``### Task:`` asks for, as far as no model is needed.

    Raises:
        LLMUnavailable: It asks for something else, such as an answer from what it brings along.
    """
    task = _without_brought(prompt)
    key = _KEY.search(task)
    if "<context>" in prompt or (key is None and "title" not in task):
        raise LLMUnavailable(
            "This task needs a model, and none can be used.",
            advice="Set CLOISTER_LLM_URL, or ask without a file of Open WebUI's own.",
        )
    if key is None or key[1] == "title":
        title = _title(prompt)
        return json.dumps({"title": title}, ensure_ascii=False) if key else title
    empty: str | list[str] = "" if key[1] == "text" else []
    return json.dumps({key[1]: empty})


def _without_brought(prompt: str) -> str:
    """The task alone, up to something brought along that never ends."""
    kept, at = [], 0
    while begin := _BROUGHT.search(prompt, at):
        closing = f"</{begin[1]}>"
        end = prompt.find(closing, begin.end())
        # Each of many that never end would be sought to the end again.
        if end < 0:
            break
        kept.append(prompt[at : begin.start()])
        at = end + len(closing)
    return "".join((*kept, prompt[at:]))


def _title(prompt: str) -> str:
    """The beginning of the first question of the chat."""
    _, _, brought = prompt.partition("<chat_history>")
    history, closing, _ = brought.partition("</chat_history>")
    said = _SPEAKER.split(history if closing else prompt.removeprefix("### Task:"))
    first = next((each for each in said if each.strip()), "").strip()
    line = first.splitlines()[0].strip() if first else ""
    if len(line) <= _LONGEST_TITLE:
        return line
    return line[:_LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"
