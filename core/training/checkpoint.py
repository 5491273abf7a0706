"""Serialisation of a training's state: an NPZ archive, read without pickle."""

import io

import numpy as np


def pack(state: list[np.ndarray]) -> bytes:
    """Return the arrays as the bytes of an NPZ archive, without any loss."""
    buffer = io.BytesIO()
    np.savez(buffer, *state)
    return buffer.getvalue()


def unpack(packed: bytes) -> list[np.ndarray]:
    """Return the arrays that were packed, in the same order."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as archive:
        return [archive[f"arr_{i}"] for i in range(len(archive.files))]
