"""With which flags a model is served on the cards that there are: arithmetic, and nothing tried.

The rule: the fewest cards that leave room for a context of 16,384 tokens or more; on them, the
longest context, and of equals the one that changes the model least. The numbers are estimates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from serve.errors import LLMUnavailable

GIB = 1 << 30

_SHARE = 0.92
_OVERHEAD_GIB = 2.0
_ADA = 8.9
_CARD_COUNTS = (1, 2, 4, 8)
_GOOD_CONTEXT = 16_384
# The longest context that still leaves room for several at once, by the tokens that fit.
_CONTEXTS = ((262_144, 32_768), (98_304, 16_384), (24_576, 8_192), (8_192, 4_096))
_TOKENS_OF_A_REQUEST = 3_584
_MOST_REQUESTS = 256
_CPU_CONTEXT, _CPU_REQUESTS, _CPU_CACHE_GIB = 8_192, 4, 8


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card: its memory, and what its maker calls its compute capability."""

    gib: float
    capability: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class ModelSize:
    """What counts of a model."""

    weight_bytes: int
    token_bytes: int
    context: int
    heads: int
    quantized: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """How to serve it; ``room`` is how many tokens fit into the cards beside the weights."""

    cards: int
    context: int
    requests: int
    room: int
    fp8_weights: bool = False
    fp8_cache: bool = False

    @property
    def flags(self) -> tuple[str, ...]:
        """What vLLM is told."""
        return (
            *(("--tensor-parallel-size", str(self.cards)) if self.cards > 1 else ()),
            *(("--quantization", "fp8") if self.fp8_weights else ()),
            *(("--kv-cache-dtype", "fp8") if self.fp8_cache else ()),
            *(("--dtype", "bfloat16", "--enforce-eager") if not self.cards else ()),
            *("--max-model-len", str(self.context), "--max-num-seqs", str(self.requests)),
        )


def plan_for(model: ModelSize, cards: Sequence[Card]) -> Plan:
    """The flags for these cards, or for the processor if there are none.

    Raises:
        LLMUnavailable: The model does not fit.
    """
    if not cards:
        return _on_the_processor(model)
    usable = [count for count in _CARD_COUNTS if count <= len(cards) and not model.heads % count]
    best: Plan | None = None
    for count in usable:
        for plan in _plans(model, cards[:count]):
            if best is None or plan.context > best.context:
                best = plan
        if best is not None and best.context >= min(_GOOD_CONTEXT, model.context):
            break
    if best is None:
        raise _too_large(model, cards)
    return best


def _plans(model: ModelSize, cards: Sequence[Card]) -> Iterator[Plan]:
    """The ways that fit, those that change the model least first."""
    # What is split over cards is split evenly, so that the smallest one decides.
    memory = (min(card.gib for card in cards) * _SHARE - _OVERHEAD_GIB) * len(cards) * GIB
    ways = [(False, False)]
    if min(card.capability for card in cards) >= _ADA:
        ways.append((False, True))
        # Weights are loaded as they are before they are made smaller.
        if not model.quantized and model.weight_bytes < memory:
            ways.append((True, True))
    for fp8_weights, fp8_cache in ways:
        weights = model.weight_bytes / (2 if fp8_weights else 1)
        token_bytes = model.token_bytes / (2 if fp8_cache else 1)
        room = int((memory - weights) / token_bytes)
        context = next((context for least, context in _CONTEXTS if room >= least), 0)
        if context:
            yield Plan(
                cards=len(cards),
                context=min(context, model.context),
                requests=_requests(room),
                room=room,
                fp8_weights=fp8_weights,
                fp8_cache=fp8_cache,
            )


def _requests(room: int) -> int:
    """How many are answered at once: a power of two, so that graphs made for it fit."""
    wanted = max(1, min(_MOST_REQUESTS, room // _TOKENS_OF_A_REQUEST))
    return 1 << (wanted.bit_length() - 1)


def _on_the_processor(model: ModelSize) -> Plan:
    context = min(_CPU_CONTEXT, model.context)
    return Plan(0, context, _CPU_REQUESTS, context * _CPU_REQUESTS)


def processor_cache_gib(model: ModelSize, plan: Plan) -> int:
    """The memory for the contexts of a model on the processor; it is taken at once."""
    wanted = -(-plan.room * model.token_bytes // GIB)
    return max(1, min(_CPU_CACHE_GIB, wanted))


def _too_large(model: ModelSize, cards: Sequence[Card]) -> LLMUnavailable:
    total = sum(card.gib for card in cards)
    return LLMUnavailable(
        f"The weights take {model.weight_bytes / GIB:.0f} GiB, and {len(cards)} card(s) with "
        f"{total:.0f} GiB leave no room for a context beside them.",
        advice="Take a smaller model, one that is quantized, or more cards.",
    )
