"""Reads the tensors of a safetensors file: eight bytes of length, a JSON header, raw numbers."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainstay.ports.failures import EncoderUnavailable

_HEADER_MAX = 16 << 20
_FILE_MAX = 4 << 30
_LENGTH = 8

Weights = Mapping[str, NDArray[np.float32]]
"""Tensors by name."""


def read_weights(path: Path) -> Weights:
    """Read every floating-point tensor of a safetensors file as float32; raises EncoderUnavailable.

    Source of the format: the safetensors specification (header, then one buffer with offsets).
    """
    size = path.stat().st_size
    if size > _FILE_MAX:
        raise EncoderUnavailable(f"{path} is larger than {_FILE_MAX >> 30} GiB: choose a smaller model.")
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH), "little")
        if not 0 < length <= min(_HEADER_MAX, size - _LENGTH):
            raise EncoderUnavailable(f"{path} is not a safetensors file: fetch it again.")
        raw = file.read(length)
    try:
        header = json.loads(raw)
        buffer = np.memmap(path, np.uint8, "r", offset=_LENGTH + length)
        tensors = {name: _tensor(entry, buffer) for name, entry in header.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise EncoderUnavailable(f"{path} is damaged ({problem}): fetch it again.") from problem
    return {name: tensor for name, tensor in tensors.items() if tensor is not None}


def _tensor(entry: Mapping[str, object], buffer: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    start, end = (int(place) for place in _numbers(entry["data_offsets"]))
    shape = _numbers(entry["shape"])
    if not 0 <= start <= end <= buffer.size:
        raise ValueError("a tensor lies outside the file")
    raw = bytes(buffer[start:end])
    match entry["dtype"]:
        case "F32":
            return np.frombuffer(raw, "<f4").reshape(shape).astype(np.float32)
        case "F16":
            return np.frombuffer(raw, "<f2").reshape(shape).astype(np.float32)
        case "BF16":  # the upper half of a float32
            wide = np.frombuffer(raw, "<u2").astype(np.uint32) << 16
            return wide.view(np.float32).reshape(shape)
        case _:
            return None


def _numbers(value: object) -> list[int]:
    if not isinstance(value, list) or not all(isinstance(number, int) and number >= 0 for number in value):
        raise ValueError("a list of sizes is malformed")
    return value
