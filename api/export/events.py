"""Encoder of TensorBoard's events: the few fields of its protocol buffers that exports need.

The messages are `Event`, `Summary`, `SummaryMetadata` and `TensorProto` of TensorBoard's `compat/proto`. Their encoding
is described at https://protobuf.dev/programming-guides/encoding/.
"""

import struct
from collections.abc import Sequence

import numpy as np

VARINT, EIGHT_BYTES, DELIMITED, FOUR_BYTES = 0, 1, 2, 5
FLOAT = 1  # DataType.DT_FLOAT
TENSOR = 2  # DataClass.DATA_CLASS_TENSOR


def varint(number: int) -> bytes:
    """Encode a whole number ≥ 0: seven bits a byte, the lowest first."""
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])


def message(field: int, content: bytes) -> bytes:
    """Encode a field that holds text, bytes or another message."""
    return varint(field << 3 | DELIMITED) + varint(len(content)) + content


def whole(field: int, number: int) -> bytes:
    """Encode a field that holds a whole number ≥ 0."""
    return varint(field << 3 | VARINT) + varint(number)


def event(wall_time: float, step: int, summary: bytes) -> bytes:
    """Encode an Event: wall time, step (the epoch) and summary."""
    return varint(1 << 3 | EIGHT_BYTES) + struct.pack("<d", wall_time) + whole(2, step) + message(5, summary)


def version(wall_time: float) -> bytes:
    """Encode the first Event of a file, which holds the version of the format."""
    return varint(1 << 3 | EIGHT_BYTES) + struct.pack("<d", wall_time) + message(3, b"brain.Event:2")


def scalars(tags: Sequence[str], values: np.ndarray) -> list[bytes]:
    """Encode each row of (rows, tags) float32 as a Summary with a scalar for each tag. NaN keeps all of its bits."""
    parts = [message(1, tag.encode()) + bytes([2 << 3 | FOUR_BYTES]) for tag in tags]  # Value.tag, Value.simple_value
    heads = [varint(1 << 3 | DELIMITED) + varint(len(part) + 4) + part for part in parts]
    ends = np.cumsum([len(head) + 4 for head in heads])
    template = np.frombuffer(b"".join(head + bytes(4) for head in heads), np.uint8)
    rows = np.tile(template, (len(values), 1))
    holes = (ends[:, None] - 4 + np.arange(4)).reshape(-1)
    rows[:, holes] = np.ascontiguousarray(values, "<f4").view(np.uint8).reshape(len(values), -1)
    return [row.tobytes() for row in rows]


def histogram(tag: str, buckets: np.ndarray) -> bytes:
    """Encode a Summary with one histogram, (buckets, 3) float32 of left, right, count, in the form of TensorFlow 2."""
    shape = b"".join(message(2, whole(1, size)) for size in buckets.shape)
    tensor = whole(1, FLOAT) + message(2, shape) + message(4, np.ascontiguousarray(buckets, "<f4").tobytes())
    plugin = message(1, message(1, b"histograms")) + whole(4, TENSOR)
    return message(1, message(1, tag.encode()) + message(9, plugin) + message(8, tensor))
