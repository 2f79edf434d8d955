"""The plans for machines whose room was worked out by hand."""

from __future__ import annotations

import pytest

from serve.errors import LLMUnavailable
from serve.inference.process import read_cards
from serve.inference.sizing import GIB, Card, ModelSize, Plan, plan_for, processor_cache_gib

KIB = 1 << 10
LLAMA_8B = ModelSize(16_060_000_000, 128 * KIB, 131_072, 32)
LLAMA_8B_INT4 = ModelSize(5_700_000_000, 128 * KIB, 131_072, 32, quantized=True)
LLAMA_70B = ModelSize(141_100_000_000, 320 * KIB, 131_072, 64)
LLAMA_70B_FP8 = ModelSize(70_600_000_000, 320 * KIB, 131_072, 64, quantized=True)
LLAMA_405B_FP8 = ModelSize(406_000_000_000, 504 * KIB, 131_072, 128, quantized=True)
L4 = Card(22.5, 8.9, "L4")
RTX_4090 = Card(24.0, 8.9)
RTX_3090 = Card(24.0, 8.6)
A100 = Card(80.0, 8.0)
H100 = Card(79.6, 9.0)


@pytest.mark.parametrize(
    ("model", "cards", "flags"),
    [
        (
            LLAMA_8B,
            [RTX_4090],
            "--quantization fp8 --kv-cache-dtype fp8 --max-model-len 16384 --max-num-seqs 32",
        ),
        (
            LLAMA_8B,
            [L4],
            "--quantization fp8 --kv-cache-dtype fp8 --max-model-len 16384 --max-num-seqs 32",
        ),
        (LLAMA_8B, [RTX_3090], "--max-model-len 8192 --max-num-seqs 8"),
        (LLAMA_8B_INT4, [RTX_3090], "--max-model-len 16384 --max-num-seqs 32"),
        (LLAMA_8B, [H100], "--max-model-len 32768 --max-num-seqs 128"),
        (LLAMA_8B, [A100] * 4, "--max-model-len 32768 --max-num-seqs 128"),
        (
            LLAMA_8B,
            [RTX_3090] * 2,
            "--tensor-parallel-size 2 --max-model-len 16384 --max-num-seqs 32",
        ),
        (
            LLAMA_70B_FP8,
            [H100] * 2,
            "--tensor-parallel-size 2 --kv-cache-dtype fp8 --max-model-len 32768"
            " --max-num-seqs 128",
        ),
        (
            LLAMA_70B,
            [A100] * 2,
            "--tensor-parallel-size 2 --max-model-len 8192 --max-num-seqs 8",
        ),
        (
            LLAMA_70B,
            [A100] * 4,
            "--tensor-parallel-size 4 --max-model-len 32768 --max-num-seqs 128",
        ),
        (
            LLAMA_405B_FP8,
            [H100] * 8,
            "--tensor-parallel-size 8 --max-model-len 32768 --max-num-seqs 64",
        ),
        (LLAMA_8B, [], "--dtype bfloat16 --enforce-eager --max-model-len 8192 --max-num-seqs 4"),
    ],
)
def test_the_flags_for_a_machine(model: ModelSize, cards: list[Card], flags: str) -> None:
    assert " ".join(plan_for(model, cards).flags) == flags


@pytest.mark.parametrize(
    ("model", "cards"),
    [
        (LLAMA_8B, [Card(8.0, 8.9)]),
        (LLAMA_70B, [H100]),
        (LLAMA_70B_FP8, [Card(48.0, 8.0)]),
        (LLAMA_405B_FP8, [H100] * 4),
        # Seven cards are four: the heads are split evenly, in powers of two.
        (LLAMA_405B_FP8, [H100] * 7),
    ],
)
def test_what_does_not_fit_is_said(model: ModelSize, cards: list[Card]) -> None:
    with pytest.raises(LLMUnavailable, match="no room"):
        plan_for(model, cards)


@pytest.mark.parametrize("model", [LLAMA_8B, LLAMA_70B, LLAMA_70B_FP8, LLAMA_405B_FP8])
@pytest.mark.parametrize("gib", [16, 24, 40, 48, 80, 141])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
def test_a_plan_stays_within_the_cards(model: ModelSize, gib: int, count: int) -> None:
    try:
        plan = plan_for(model, [Card(gib, 9.0)] * count)
    except LLMUnavailable:
        return
    assert 1 <= plan.cards <= count
    weights = model.weight_bytes / (2 if plan.fp8_weights else 1)
    token_bytes = model.token_bytes / (2 if plan.fp8_cache else 1)
    assert weights + plan.context * token_bytes < plan.cards * gib * GIB * 0.92
    assert plan.context <= plan.room
    assert plan.requests >= 1
    assert not (plan.fp8_weights and model.quantized)


def test_a_short_model_keeps_its_own_context() -> None:
    plan = plan_for(ModelSize(1_000_000, 1_024, 2_048, 2), [H100] * 2)
    assert plan == Plan(cards=1, context=2_048, requests=256, room=plan.room)


def test_the_memory_for_contexts_on_the_processor() -> None:
    toy = ModelSize(1_000_000, 256, 2_048, 2)
    assert processor_cache_gib(toy, plan_for(toy, [])) == 1
    assert processor_cache_gib(LLAMA_8B, plan_for(LLAMA_8B, [])) == 4
    assert processor_cache_gib(LLAMA_70B, plan_for(LLAMA_70B, [])) == 8


def test_cards_as_their_driver_tells_them() -> None:
    text = "23034, 8.9, NVIDIA L4\n81559, 9.0, NVIDIA H100 80GB HBM3\n[N/A], [N/A], Odd, one\n\n"
    assert read_cards(text) == (
        Card(23034 / 1024, 8.9, "NVIDIA L4"),
        Card(81559 / 1024, 9.0, "NVIDIA H100 80GB HBM3"),
    )
    assert read_cards("No devices were found") == ()
