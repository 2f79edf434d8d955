"""Whether a folder holds a model that can be served, found out without loading it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from serve.inference.checksums import SUMS_FILE, compare_sums
from serve.inference.safetensors_file import DamagedWeights, WeightsFile, read_weights_file

Level = Literal["ok", "warning", "problem"]

_INDEX = "model.safetensors.index.json"
_LARGEST_JSON = 64 << 20
_END_OF_TURN = "<|eot_id|>"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    check: str
    text: str


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """What a folder holds, and all that was found."""

    path: Path
    architecture: str
    context: int
    weight_bytes: int
    quantized: bool
    findings: tuple[Finding, ...]

    @property
    def is_llama(self) -> bool:
        """Whether the model is a Llama."""
        return self.architecture == "LlamaForCausalLM"

    @property
    def ok(self) -> bool:
        """Whether nothing stands against serving it."""
        return all(each.level != "problem" for each in self.findings)


def verify(
    path: Path, *, hashes: bool = True, on_file: Callable[[str], None] = lambda name: None
) -> ModelFolder:
    """What a folder holds; ``hashes`` reads every byte of it, the rest takes no time."""
    config = _json(path / "config.json") or {}
    named = config.get("architectures")
    architecture = str(named[0]) if isinstance(named, list) and named else ""
    weights, about_weights = _weights(path, config)
    writes = architecture.endswith("ForCausalLM")
    findings = [
        *_about_config(path, config, architecture),
        *about_weights,
        *_about_tokenizer(path, writes=writes),
        *(_about_ends(path, config) if writes else ()),
        *_about_licence(path, architecture),
        *_about_strays(path),
        *(_about_sums(path, on_file) if hashes else ()),
    ]
    return ModelFolder(
        path=path,
        architecture=architecture,
        context=_whole(config.get("max_position_embeddings")),
        weight_bytes=sum(each.tensor_bytes for each in weights),
        quantized="quantization_config" in config,
        findings=tuple(findings),
    )


def _json(path: Path) -> dict[str, Any] | None:
    """The object in a file; None if there is no such file or no such object."""
    try:
        if path.stat().st_size > _LARGEST_JSON:
            return None
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _some(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _about_config(path: Path, config: dict[str, Any], architecture: str) -> Iterator[Finding]:
    if not config:
        text = "There is no config.json that can be read."
        if (path / "adapter_config.json").exists():
            text = "This is a LoRA adapter, not a model; it is served beside one."
        elif (path / "params.json").exists():
            text = "This is Meta's own format; take the folder with the safetensors files."
        yield Finding("problem", "config", text)
        return
    if architecture == "LlamaForCausalLM":
        layers, context = config.get("num_hidden_layers"), config.get("max_position_embeddings")
        yield Finding("ok", "config", f"A Llama with {layers} layers and a context of {context}.")
    elif architecture.endswith("ForCausalLM"):
        text = f"{architecture} is no Llama; Cloister is made for Llama 3.1 and tried with it."
        yield Finding("warning", "config", text)
    else:
        yield Finding("warning", "config", f"{architecture or 'This'} is no model that writes.")
    if "auto_map" in config:
        yield Finding("warning", "config", "It wants to bring code of its own, which never runs.")


def _weights(path: Path, config: dict[str, Any]) -> tuple[list[WeightsFile], list[Finding]]:
    """The files of weights that can be read, and what is to be said of them."""
    index = _json(path / _INDEX)
    if index is None and (path / _INDEX).exists():
        return [], [Finding("problem", "weights", f"{_INDEX} cannot be read.")]
    mapped = index.get("weight_map") if index else None
    if index and not (isinstance(mapped, dict) and mapped):
        return [], [Finding("problem", "weights", f"{_INDEX} names no weights.")]
    names = sorted({str(name) for name in mapped.values()}) if mapped else ["model.safetensors"]
    strange = [name for name in names if Path(name).name != name]
    if strange:
        return [], [Finding("problem", "weights", f"{_INDEX} names files elsewhere.")]
    missing = [name for name in names if not (path / name).is_file()]
    if missing:
        return [], [_about_missing(path, missing)]
    files, findings = [], []
    for name in names:
        try:
            files.append(read_weights_file(path / name))
        except DamagedWeights as damage:
            findings.append(Finding("problem", "weights", f"{name} is damaged: {damage}."))
    if not findings:
        findings = list(_about_tensors(files, mapped or {}, config))
    return files, findings


def _about_missing(path: Path, missing: list[str]) -> Finding:
    others = sorted(each.name for each in path.glob("pytorch_model*.bin"))
    if others and missing == ["model.safetensors"]:
        text = f"The weights are only there as {_some(others)}, which cannot be checked."
        return Finding("warning", "weights", text)
    return Finding("problem", "weights", f"Missing: {_some(missing)}.")


def _about_tensors(
    files: list[WeightsFile], mapped: dict[str, Any], config: dict[str, Any]
) -> Iterator[Finding]:
    held = {tensor: each.name for each in files for tensor in each.tensors}
    absent = sorted(name for name, file in mapped.items() if held.get(name) != file)
    if absent:
        text = f"Not in the file that {_INDEX} names: {_some(absent)}."
        yield Finding("problem", "weights", text)
    prefixes = {tensor.rsplit(".layers.", 1)[-1].split(".")[0] for tensor in held}
    layers = range(_whole(config.get("num_hidden_layers")))
    without = [str(layer) for layer in layers if str(layer) not in prefixes]
    if without and any(".layers." in tensor for tensor in held):
        yield Finding("problem", "weights", f"There are no weights for layer {_some(without)}.")
    size = sum(each.tensor_bytes for each in files)
    if not absent and not without:
        text = f"{len(held)} tensors in {len(files)} files, {size / 1e9:.1f} GB."
        yield Finding("ok", "weights", text)


def _about_tokenizer(path: Path, *, writes: bool) -> Iterator[Finding]:
    if _json(path / "tokenizer.json") is not None:
        yield Finding("ok", "tokenizer", "tokenizer.json is there.")
    elif (path / "tokenizer.json").exists() or not list(path.glob("*.model")):
        yield Finding("problem", "tokenizer", "There is no tokenizer.json that can be read.")
    else:
        yield Finding("warning", "tokenizer", "There is a tokenizer, but no tokenizer.json.")
    if not writes:
        return
    settings = _json(path / "tokenizer_config.json") or {}
    if settings.get("chat_template") or (path / "chat_template.jinja").exists():
        yield Finding("ok", "chat template", "It is there.")
    else:
        text = "There is none: this is a base model. Take the one whose name ends in -Instruct."
        yield Finding("problem", "chat template", text)


def _about_ends(path: Path, config: dict[str, Any]) -> Iterator[Finding]:
    """Whether the model knows when its turn is over; without that, answers run on."""
    end_of_turn = _token_id(path, _END_OF_TURN)
    if end_of_turn is None:
        return
    settings = _json(path / "generation_config.json") or config
    given = settings.get("eos_token_id")
    ends = given if isinstance(given, list) else [given]
    if end_of_turn in ends:
        yield Finding("ok", "end tokens", f"{_END_OF_TURN} ({end_of_turn}) ends an answer.")
        return
    text = (
        f"{_END_OF_TURN} ({end_of_turn}) is not among the eos_token_id of generation_config.json "
        f"({given}): answers would not end."
    )
    yield Finding("problem", "end tokens", text)


def _token_id(path: Path, token: str) -> int | None:
    added = (_json(path / "tokenizer.json") or {}).get("added_tokens")
    for each in added if isinstance(added, list) else []:
        if isinstance(each, dict) and each.get("content") == token:
            return int(each["id"]) if isinstance(each.get("id"), int) else None
    return None


def _about_licence(path: Path, architecture: str) -> Iterator[Finding]:
    if architecture == "LlamaForCausalLM" and not list(path.glob("LICENSE*")):
        text = "There is no LICENSE; the agreement belongs beside a copy of the weights."
        yield Finding("warning", "licence", text)


def _about_strays(path: Path) -> Iterator[Finding]:
    if (path / "original").is_dir():
        yield Finding("warning", "files", "original/ is not needed and can be deleted.")
    root = path.resolve()
    links = [
        each.name
        for each in sorted(path.iterdir())
        if each.is_symlink() and not each.resolve().is_relative_to(root)
    ]
    if links:
        text = f"Links that lead out of the folder: {_some(links)}. Copy what they name (cp -L)."
        yield Finding("warning", "files", text)


def _about_sums(path: Path, on_file: Callable[[str], None]) -> Iterator[Finding]:
    if not (path / SUMS_FILE).is_file():
        text = f"There is no {SUMS_FILE}; make one where the weights came from, with --write."
        yield Finding("warning", "hashes", text)
        return
    found = compare_sums(path, on_file)
    if found.changed:
        yield Finding("problem", "hashes", f"Not as listed: {_some(found.changed)}.")
    if found.missing:
        yield Finding("problem", "hashes", f"Listed, but not there: {_some(found.missing)}.")
    if found.unreadable_lines:
        text = f"{found.unreadable_lines} lines of {SUMS_FILE} cannot be read."
        yield Finding("problem", "hashes", text)
    if found.unlisted:
        yield Finding("warning", "hashes", f"There, but not listed: {_some(found.unlisted)}.")
    if not (found.changed or found.missing or found.unreadable_lines):
        yield Finding("ok", "hashes", f"{found.same} files are as listed.")
