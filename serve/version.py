"""Which release this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """The version of this installation."""
    try:
        return version("cloister")
    except PackageNotFoundError:
        return "0 (not installed)"
