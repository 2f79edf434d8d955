"""What a safetensors file holds, by its header alone: no weight is loaded."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LENGTH_BYTES = 8
_LARGEST_HEADER = 100_000_000
_BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "I64": 64,
    "U64": 64,
    "F64": 64,
}


class DamagedWeights(ValueError):
    """A file of weights that cannot be what it should be; the message says why."""


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file of weights."""

    name: str
    tensors: frozenset[str]
    tensor_bytes: int


def read_weights_file(path: Path) -> WeightsFile:
    """What a file says it holds, once its length and every place in it agree.

    Raises:
        DamagedWeights: They do not.
    """
    length = path.stat().st_size
    with path.open("rb") as file:
        head = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if length < _LENGTH_BYTES or not 2 <= head <= min(length - _LENGTH_BYTES, _LARGEST_HEADER):
            raise DamagedWeights("it does not begin as a safetensors file does")
        try:
            header = json.loads(file.read(head))
        except (ValueError, RecursionError):
            raise DamagedWeights("its header cannot be read") from None
    if not isinstance(header, dict):
        raise DamagedWeights("its header cannot be read")
    header.pop("__metadata__", None)
    data = _laid_out(header)
    if length != _LENGTH_BYTES + head + data:
        wanted = _LENGTH_BYTES + head + data
        raise DamagedWeights(f"it has {length} bytes and should have {wanted}: copied in part?")
    return WeightsFile(path.name, frozenset(header), data)


def _laid_out(header: dict[str, Any]) -> int:
    """The bytes of all tensors, which follow each other without a gap."""
    places = sorted(_place(name, entry) for name, entry in header.items())
    end = 0
    for begin, stop in places:
        if begin != end:
            raise DamagedWeights("its tensors overlap or leave gaps")
        end = stop
    return end


def _place(name: str, entry: Any) -> tuple[int, int]:
    try:
        begin, end = (int(each) for each in entry["data_offsets"])
        shape = [int(each) for each in entry["shape"]]
        bits = _BITS.get(str(entry["dtype"]))
    except (TypeError, KeyError, ValueError):
        raise DamagedWeights(f"its entry for {name!r} cannot be read") from None
    if begin < 0 or end < begin or min(shape, default=0) < 0:
        raise DamagedWeights(f"its entry for {name!r} cannot be")
    # A kind of number that is newer than this list is judged by its place alone.
    if bits is not None and (end - begin) * 8 != math.prod(shape) * bits:
        raise DamagedWeights(f"its tensor {name!r} has another size than its shape says")
    return begin, end
