from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from safetensors.numpy import load_file, save_file

from serve.inference.checksums import SUMS_FILE, write_sums
from serve.inference.model_folder import verify
from serve.inference.safetensors_file import DamagedWeights, read_weights_file
from tests.fixtures.toy_llama import toy_adapter, toy_llama

if TYPE_CHECKING:
    from tests.conftest import CloisterCommand

INDEX = "model.safetensors.index.json"


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy Llama in two shards, as the large ones come."""
    folder = toy_llama(tmp_path_factory.mktemp("llama"))
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(tensors)
    parts = {
        "model-00001-of-00002.safetensors": names[:10],
        "model-00002-of-00002.safetensors": names[10:],
    }
    for file, held in parts.items():
        save_file({name: tensors[name] for name in held}, folder / file)
    weight_map = {name: file for file, held in parts.items() for name in held}
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (folder / "LICENSE").write_text("The agreement.")
    return folder


@pytest.fixture
def model(pristine: Path, tmp_path: Path) -> Path:
    """A copy of it that may be harmed."""
    return Path(shutil.copytree(pristine, tmp_path / "model"))


def problems(folder: Path) -> list[tuple[str, str]]:
    return [(e.check, e.text) for e in verify(folder).findings if e.level == "problem"]


def warnings(folder: Path) -> list[tuple[str, str]]:
    return [(e.check, e.text) for e in verify(folder).findings if e.level == "warning"]


def change(path: Path, **fields: Any) -> None:
    content = json.loads(path.read_text())
    content |= fields
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}))


def test_a_whole_folder(model: Path) -> None:
    write_sums(model)
    found = verify(model)
    assert [each for each in found.findings if each.level != "ok"] == []
    assert found.ok
    assert found.is_llama
    assert (
        found.context == json.loads((model / "config.json").read_text())["max_position_embeddings"]
    )
    held = load_file(model / "model-00001-of-00002.safetensors").values()
    held2 = load_file(model / "model-00002-of-00002.safetensors").values()
    assert found.weight_bytes == sum(each.nbytes for each in [*held, *held2])


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{" * 100_000)


def shard_missing(folder: Path) -> None:
    (folder / "model-00002-of-00002.safetensors").unlink()


def shard_cut(folder: Path) -> None:
    path = folder / "model-00001-of-00002.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def shard_empty(folder: Path) -> None:
    (folder / "model-00001-of-00002.safetensors").write_bytes(b"")


def shard_is_a_pointer(folder: Path) -> None:
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    (folder / "model-00001-of-00002.safetensors").write_text(text)


def shards_swapped(folder: Path) -> None:
    one, two = (folder / f"model-0000{n}-of-00002.safetensors" for n in (1, 2))
    kept = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(kept)


def layer_missing(folder: Path) -> None:
    change(folder / "config.json", num_hidden_layers=3)


def index_leads_out(folder: Path) -> None:
    (folder / INDEX).write_text(json.dumps({"weight_map": {"x": "../model.safetensors"}}))


def index_empty(folder: Path) -> None:
    (folder / INDEX).write_text(json.dumps({"weight_map": {}}))


def index_broken(folder: Path) -> None:
    (folder / INDEX).write_text("[]")


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def a_base_model(folder: Path) -> None:
    change(folder / "tokenizer_config.json", chat_template=None)


def ends_forgotten(folder: Path) -> None:
    change(folder / "generation_config.json", eos_token_id=1)


def no_ends_at_all(folder: Path) -> None:
    (folder / "generation_config.json").unlink()
    change(folder / "config.json", eos_token_id=None)


@pytest.mark.parametrize(
    ("harm", "check", "said"),
    [
        (no_config, "config", "no config.json"),
        (broken_config, "config", "no config.json"),
        (shard_missing, "weights", "Missing: model-00002-of-00002.safetensors"),
        (shard_cut, "weights", "copied in part"),
        (shard_empty, "weights", "does not begin as"),
        (shard_is_a_pointer, "weights", "does not begin as"),
        (shards_swapped, "weights", "Not in the file that"),
        (layer_missing, "weights", "no weights for layer 2"),
        (index_leads_out, "weights", "elsewhere"),
        (index_empty, "weights", "names no weights"),
        (index_broken, "weights", "cannot be read"),
        (no_tokenizer, "tokenizer", "no tokenizer.json"),
        (a_base_model, "chat template", "-Instruct"),
        (ends_forgotten, "end tokens", "answers would not end"),
        (no_ends_at_all, "end tokens", "answers would not end"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_wrong_is_said(
    model: Path, harm: Callable[[Path], None], check: str, said: str
) -> None:
    harm(model)
    assert not verify(model).ok
    found = problems(model)
    assert any(each[0] == check and said in each[1] for each in found), found


def test_changed_missing_and_new_files_are_told_apart(model: Path) -> None:
    write_sums(model)
    path = model / "model-00001-of-00002.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    (model / "LICENSE").unlink()
    (model / "new.txt").write_text("new")
    with (model / SUMS_FILE).open("a") as file:
        file.write("no sum at all\n")
    assert problems(model) == [
        ("hashes", "Not as listed: model-00001-of-00002.safetensors."),
        ("hashes", "Listed, but not there: LICENSE."),
        ("hashes", "1 lines of SHA256SUMS cannot be read."),
    ]
    assert ("hashes", "There, but not listed: new.txt.") in warnings(model)
    assert not [each for each in verify(model, hashes=False).findings if each.check == "hashes"]


def test_the_sums_are_those_of_sha256sum(model: Path) -> None:
    (model / "original").mkdir()
    (model / "original" / "a name.txt").write_text("x")
    assert write_sums(model) == 9
    listed = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", SUMS_FILE], cwd=model, check=False
    )
    assert listed.returncode == 0
    (model / SUMS_FILE).unlink()
    made = subprocess.run(
        "find . -type f ! -name SHA256SUMS -exec sha256sum --binary {} + > SHA256SUMS",
        shell=True,
        cwd=model,
        check=False,
    )
    assert made.returncode == 0
    assert verify(model).ok
    assert ("files", "original/ is not needed and can be deleted.") in warnings(model)


def test_what_is_no_llama(model: Path) -> None:
    change(model / "config.json", architectures=["MistralForCausalLM"])
    assert any("no Llama" in text for _, text in warnings(model))
    change(model / "config.json", architectures=["XLMRobertaModel"])
    (model / "tokenizer_config.json").unlink()
    found = verify(model)
    assert found.ok
    assert not found.is_llama
    assert any("no model that writes" in text for _, text in warnings(model))


def test_links_that_lead_out_are_named(model: Path, tmp_path: Path) -> None:
    (tmp_path / "blob").write_text("x")
    (model / "link.txt").symlink_to(tmp_path / "blob")
    assert any("link.txt" in text and "cp -L" in text for _, text in warnings(model))


def test_other_folders_are_known(tmp_path: Path) -> None:
    adapter = toy_adapter(tmp_path / "adapter")
    assert any("LoRA" in text for _, text in problems(adapter))
    meta = tmp_path / "meta"
    meta.mkdir()
    (meta / "params.json").write_text("{}")
    assert any("Meta's own format" in text for _, text in problems(meta))


def header(content: object, data: bytes = b"") -> bytes:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return len(text).to_bytes(8, "little") + text + data


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 7,
        b"\xff" * 8,
        header(b"[]"),
        header(b"{\xff}"),
        header(b"[" * 100_000),
        header({"a": None}),
        header({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}),
        header({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}),
        header({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"1234"),
        header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"1234"),
        header({"a": {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}}, b"12"),
        header({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}, b"12"),
        header({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1 << 70]}}, b"1"),
    ],
)
def test_damaged_weights_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(DamagedWeights):
        read_weights_file(path)


def test_numbers_of_a_newer_kind_are_judged_by_their_place(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    entry = {"dtype": "F4", "shape": [3], "data_offsets": [0, 2]}
    path.write_bytes(header({"__metadata__": {}, "a": entry}, b"12"))
    assert read_weights_file(path).tensor_bytes == 2


def test_the_command(model: Path, cloister: CloisterCommand) -> None:
    ran = cloister("models", "verify", str(model), "--write")
    assert ran.code == 0, ran.err
    assert "Reading model-00001-of-00002.safetensors" in ran.err
    ran = cloister("models", "verify", str(model), "--json")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert told["ok"]
    assert told["is_llama"]
    assert {each["level"] for each in told["findings"]} == {"ok"}
    os.truncate(model / "model-00001-of-00002.safetensors", 100)
    ran = cloister("models", "verify", str(model), "--no-hashes")
    assert ran.code == 1
    assert "problem: weights: model-00001-of-00002.safetensors is damaged" in ran.out
    assert "It cannot be served" in ran.out
    assert cloister("models", "verify", str(model / "none")).code == 2
