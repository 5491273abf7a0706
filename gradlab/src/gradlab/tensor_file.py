"""Files of tensors in the safetensors format: a header of JSON, then the numbers. They hold no code.

A file begins with the length of its header, 8 bytes, little-endian. The header has an entry for each tensor: its type,
its shape, and where it begins and ends behind the header. https://huggingface.co/docs/safetensors gives the format.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

# Bytes before the header: its length.
LENGTH_BYTES = 8
# The header's length is a multiple of it, as the format's own library writes it, so that numbers are aligned.
ALIGNMENT = 8
METADATA = "__metadata__"
DTYPES = {"BOOL": "bool", "U8": "uint8", "I32": "int32", "I64": "int64", "F32": "float32", "F64": "float64"}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
MAX_AXES, MAX_BYTES = 32, 2**53


@dataclass(frozen=True)
class TensorEntry:
    """One tensor of a file.

    Attributes:
        dtype: NumPy's name of its type.
        shape: its shape.
        begin, end: where it is, in bytes behind the header.
    """

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def parse_header(text: bytes) -> tuple[dict[str, TensorEntry], dict[str, str]]:
    """Parse a header. Return its tensors in the order of their bytes, which leave no gap, and its metadata.

    Raises:
        ValueError: it is no such header; the message says what it should have.
    """
    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=_once)  # json takes UTF-16 as well
    except (ValueError, RecursionError) as error:
        raise ValueError(f"a header of JSON, with each name once: {error}") from None
    if not isinstance(header, dict):
        raise ValueError("a header of JSON: an object with an entry for each tensor")
    metadata = header.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(each, str) for each in metadata.values()):
        raise ValueError(f"texts in {METADATA}")
    entries = sorted(((name, _entry(name, each)) for name, each in header.items()), key=lambda each: each[1].begin)
    at = 0
    for name, entry in entries:
        if entry.begin != at:
            raise ValueError(f"tensors one behind another; {name} begins at byte {entry.begin:,} and not at {at:,}")
        at = entry.end
    return dict(entries), metadata


def map_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return a file's tensors and its metadata. The tensors are read-only and mapped: only what is used is loaded.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file.
    """
    with path.open("rb") as file:
        size = int.from_bytes(file.read(LENGTH_BYTES), "little")
        if size > path.stat().st_size - LENGTH_BYTES:
            raise ValueError(f"{path.name} is no safetensors file: its header would be longer than the file")
        entries, metadata = parse_header(file.read(size))
    end = max((entry.end for entry in entries.values()), default=0)
    offset = LENGTH_BYTES + size
    if path.stat().st_size < offset + end:
        raise ValueError(f"{path.name} is cut off: {end:,} bytes of tensors expected")
    data = np.memmap(path, np.uint8, "r", offset=offset).view(np.ndarray) if end else np.zeros(0, np.uint8)
    tensors = {name: data[each.begin : each.end].view(each.dtype).reshape(each.shape) for name, each in entries.items()}
    return tensors, metadata


def write_tensors(tensors: Mapping[str, np.ndarray], path: Path) -> None:
    """Write tensors as a file, in their order. Equal tensors make equal bytes.

    Raises:
        OSError: the file cannot be written.
    """
    header, at = {}, 0
    # Not np.ascontiguousarray, which gives a single number an axis.
    arrays = {name: np.asarray(each, order="C") for name, each in tensors.items()}
    for name, array in arrays.items():
        offsets = [at, at := at + array.nbytes]
        header[name] = {"dtype": NAMES[array.dtype.name], "shape": list(array.shape), "data_offsets": offsets}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(LENGTH_BYTES, "little") + text)
        for array in arrays.values():
            file.write(array.data)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("a name is there twice")
    return named


def _entry(name: str, fields: Any) -> TensorEntry:
    if not isinstance(fields, dict) or fields.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"dtype, shape and data_offsets of {name}")
    shape, offsets, dtype = fields["shape"], fields["data_offsets"], DTYPES.get(str(fields["dtype"]))
    if dtype is None:
        raise ValueError(f"a type of {', '.join(DTYPES)}; {name} has {str(fields['dtype'])[:20]}")
    if not _are_sizes(shape) or len(shape) > MAX_AXES or not _are_sizes(offsets) or len(offsets) != 2:
        raise ValueError(f"a shape of at most {MAX_AXES} sizes, and two offsets, whole numbers all, of {name}")
    begin, end = offsets
    if math.prod(shape) * np.dtype(dtype).itemsize != end - begin:
        raise ValueError(f"as many bytes as its shape has; {name} of {fields['dtype']} {shape} has {end - begin:,}")
    return TensorEntry(dtype, tuple(shape), begin, end)


def _are_sizes(values: Any) -> bool:
    is_list = isinstance(values, list)
    return is_list and all(type(each) is int and 0 <= each <= MAX_BYTES for each in values)
