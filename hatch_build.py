"""The wheel's build hook: a wheel has the browser's part built, an editable install does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BrowserPart(BuildHookInterface):
    """Builds serve/ui/dist before a wheel is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it, in a process of its own."""
        if version != "editable":
            subprocess.run([sys.executable, Path(self.root, "ui_build.py")], check=True)
