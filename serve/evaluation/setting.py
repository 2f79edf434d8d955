"""What an evaluation compares: ways to answer, by a short text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from retrieval.fusion import FusionWeights
from retrieval.retriever import RetrieverOptions
from retrieval.support import THRESHOLD
from serve.errors import InvalidSetting

_MOST = {"dense_weight": 1.0, "name_weight": 10.0, "candidates": 10_000.0, "threshold": 1.0}


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to answer, by a name for people."""

    label: str = "default"
    options: RetrieverOptions = field(default_factory=RetrieverOptions)
    threshold: float = THRESHOLD


def parsed_setting(text: str) -> Setting:
    """The setting that ``dense_weight=0.5,name_weight=0`` stands for, and the default for the rest.

    Raises:
        InvalidSetting: It is not understood.
    """
    given = dict(_pair(part) for part in text.split(","))
    default = Setting()
    candidates = given.get("candidates", default.options.candidates)
    return Setting(
        label=text,
        options=RetrieverOptions(_weights(given), max(1, int(candidates))),
        threshold=given.get("threshold", default.threshold),
    )


def _weights(given: dict[str, float]) -> FusionWeights | None:
    if "dense_weight" in given:
        weights = FusionWeights(given["dense_weight"])
        return replace(weights, name=given.get("name_weight", weights.name))
    if "name_weight" in given:
        raise InvalidSetting(
            "name_weight needs dense_weight beside it, which by itself follows the language.",
            advice="For example: dense_weight=0.5,name_weight=0",
        )
    return None


def _pair(part: str) -> tuple[str, float]:
    name, _, value = (piece.strip() for piece in part.partition("="))
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if name not in _MOST or not 0.0 <= number <= _MOST[name]:
        known = ", ".join(f"{each}=0..{most:g}" for each, most in _MOST.items())
        raise InvalidSetting(f"{part!r} is not understood.", advice=f"Known are {known}.")
    return name, number
