"""The state of a training as bytes, and back: an NPZ archive, read with pickle off."""

import io

import numpy as np


def pack(state: list[np.ndarray], *, run_ended: bool) -> bytes:
    """The arrays as one NPZ archive, bit for bit, and whether the run goes on after them."""
    buffer = io.BytesIO()
    np.savez(buffer, *state, run_ended=np.array(run_ended))
    return buffer.getvalue()


def unpack(packed: bytes) -> tuple[list[np.ndarray], bool]:
    """What was packed: the arrays in the same order, and whether the run had ended."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as archive:
        return [archive[f"arr_{i}"] for i in range(len(archive.files) - 1)], bool(archive["run_ended"])
