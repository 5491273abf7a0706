"""Serialisation of a training's state: an NPZ archive, read without pickle.

A checkpoint of several groups of seeds that train at a time holds those of each: an archive of archives.
"""

import io
from collections.abc import Sequence

import numpy as np

from gradlab.measurement.history import Checkpoint


def pack(state: list[np.ndarray]) -> bytes:
    """Return the arrays as the bytes of an NPZ archive, without any loss."""
    buffer = io.BytesIO()
    np.savez(buffer, *state)
    return buffer.getvalue()


def unpack(packed: bytes) -> list[np.ndarray]:
    """Return the arrays that were packed, in the same order."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as archive:
        return [archive[f"arr_{i}"] for i in range(len(archive.files))]


def join(checkpoints: Sequence[Checkpoint]) -> Checkpoint:
    """Join the checkpoints of groups that train at a time, the first group's first; one alone stays as it is."""
    if len(checkpoints) == 1:
        return checkpoints[0]
    buffer, places = io.BytesIO(), np.array([(each.seed, each.epoch) for each in checkpoints], np.int64)
    states = {f"state_{i}": np.frombuffer(each.state, np.uint8) for i, each in enumerate(checkpoints)}
    np.savez(buffer, allow_pickle=False, places=places, **states)
    return Checkpoint(checkpoints[0].seed, sum(each.epoch for each in checkpoints), buffer.getvalue())


def split(checkpoint: Checkpoint) -> list[Checkpoint]:
    """Return the checkpoint of each group, the reverse of `join`."""
    with np.load(io.BytesIO(checkpoint.state), allow_pickle=False) as archive:
        if "places" not in archive.files:
            return [checkpoint]
        return [
            Checkpoint(seed, epoch, archive[f"state_{i}"].tobytes())
            for i, (seed, epoch) in enumerate(archive["places"].tolist())
        ]
