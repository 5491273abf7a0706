"""The state of a training as bytes, and back: an NPZ archive, read with pickle off."""

import io

import numpy as np


def pack(state: list[np.ndarray]) -> bytes:
    """The arrays as one NPZ archive, bit for bit."""
    buffer = io.BytesIO()
    np.savez(buffer, *state)
    return buffer.getvalue()


def unpack(packed: bytes) -> list[np.ndarray]:
    """What was packed: the arrays in the same order."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as archive:
        return [archive[f"arr_{i}"] for i in range(len(archive.files))]
