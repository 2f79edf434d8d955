"""Every look that ``make screenshots`` draws, judged: axe, the width of the page, the composer."""

from __future__ import annotations

import sys

from tests.bench.options import Options
from tests.bench.tables import print_table
from tests.browser.screenshots import CORNERS, STATES, VARIANTS, looked_at, looks


def run(options: Options) -> None:
    """Print how many looks there are, and what is wrong with how many of them."""
    variants = CORNERS if options.quick else VARIANTS
    count, violations, sideways, hidden = 0, 0, 0, 0
    with looked_at() as (browser, site):
        for name, seen in looks(browser, site, variants, STATES):
            count += 1
            found = seen.axe()
            violations += len(found)
            sideways += _told(name, "too wide by", seen.sideways())
            hidden += _told(name, "composer out of sight", not seen.composer_is_in_sight())
            for each in found:
                sys.stderr.write(f"{name}: {each}\n")
    print_table(
        f"{len(STATES)} states in {len(variants)} variants of language, scheme and width",
        ["looks", "axe violations", "scroll sideways", "composer out of sight", "must"],
        [[str(count), str(violations), str(sideways), str(hidden), "0"]],
    )


def _told(name: str, what: str, amount: int) -> bool:
    if amount:
        sys.stderr.write(f"{name}: {what} {int(amount)}\n")
    return bool(amount)
