"""Asking in the chat as a person does, and scripts of what the model writes then."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from serve.scripted.replies import Reply, Script
from tests.browser.visit import Visit

_SOURCE = re.compile(r'<src n="(\d+)"[^>]*>(.*?)</src>', re.DOTALL)
FOREIGN = "Which sonata did the violinist rehearse in Lisbon?"
PARTLY = (
    'The keeper climbs many steps: <q s="1">The lighthouse keeper climbs 217 steps every '
    'evening</q>. He sings on the way: <q s="1">Songs of the sea are sung on every step</q>. '
    'The lamp came from France: <q s="1">The lamp was made in Paris by Barbier Its light '
    "reaches 21 miles</q>."
)
RICH = """## What the keeper does

He climbs every evening: <q s="1">The lighthouse keeper climbs 217 steps every evening</q>.

| Part | Where from | Figure |
|---|---|---:|
| Lamp | Paris | 1 |
| Steps | stone | 217 |

1. Climb the steps.
2. Light the lamp.

```python
steps = 217
for step in range(steps): climb(step, with_a_lamp=True, a_line="to be scrolled sideways")
```

> A quotation of nobody, and `a word of code`.
"""
HOSTILE = """See ![a picture](https://evil.example/p.png?d=1) and <img src="https://evil.example/i.png">
<script>window.harmed = 1</script>

[a script](javascript:window.harmed=1) and [a link](https://evil.example/page) and
[1]: https://evil.example/one
www.evil.example/bare

It says: <q s="1">The lighthouse keeper climbs 217 steps every evening</q>.
"""


def writing(text: str, **pace: Any) -> Script:
    """The model writes this, whatever it is asked."""
    return lambda body: Reply(text, **pace)


def quoting_words(words: str) -> Script:
    """The model quotes these words as they stand in the source that has them."""
    letters = re.compile(r"\s*".join(re.escape(each) for each in words if not each.isspace()))

    def script(body: dict[str, Any]) -> Reply:
        told = "".join(str(message.get("content")) for message in body["messages"])
        for number, text in _SOURCE.findall(told):
            if found := letters.search(text):
                return Reply(f'So it is: <q s="{number}">{found[0]}</q>.')
        return Reply("Nothing of that.")

    return script


def ask(page: Page, question: str) -> None:
    """Ask by the composer."""
    page.locator(".composer textarea").fill(question)
    page.keyboard.press("Enter")


def answered(page: Page, count: int = 1) -> Locator:
    """The last answer, once it and what can be done with it are there."""
    expect(page.locator(".answer-actions")).to_have_count(count)
    return page.locator(".answer").last


def is_sound(visit: Visit) -> None:
    """Nothing wrong for axe, nothing too wide, and the composer wholly in sight."""
    assert visit.axe() == []
    assert visit.sideways() == 0
    assert visit.page.locator(".composer").count() == 1
    assert visit.composer_is_in_sight()
