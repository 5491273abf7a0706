"""Serialisation of a training's state: an NPZ archive, read without pickle.

A checkpoint of several groups of seeds that train at a time holds those of each: an archive of archives.
"""

import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from zipfile import BadZipFile

import numpy as np
from numpy.lib.npyio import NpzFile

from core.plan.widths import EARLIER_WIDTHS
from gradlab.errors import reason
from gradlab.measurement.history import Checkpoint

# Errors of NumPy and zipfile where bytes are damaged; RuntimeError where a damaged flag means encryption, for example.
UNREADABLE = (OSError, ValueError, LookupError, TypeError, EOFError, RuntimeError, BadZipFile, zlib.error)


class UnreadableError(ValueError):
    """A state that is damaged, or was written by a version that has another form of it."""


def pack(state: list[np.ndarray]) -> bytes:
    """Return the arrays as the bytes of an NPZ archive, without any loss."""
    buffer = io.BytesIO()
    np.savez(buffer, *state)
    return buffer.getvalue()


def checkpoint_of(state: list[np.ndarray], seed: int, epoch: int) -> Checkpoint:
    """Return the checkpoint of a group: its first seed, its epoch, and the values of all variables."""
    return Checkpoint(seed=seed, epoch=epoch, state=pack(state))


def unpack(packed: bytes) -> list[np.ndarray]:
    """Return the arrays that were packed, in the same order. Raises UnreadableError."""
    with _opened(packed) as archive:
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
    """Return the checkpoint of each group, the reverse of `join`. Raises UnreadableError.

    A state that is damaged by itself is empty then.
    """
    with _opened(checkpoint.state) as archive:
        if "places" not in archive.files:
            return [checkpoint]
        return [
            Checkpoint(seed, epoch, _state(archive, f"state_{i}"))
            for i, (seed, epoch) in enumerate(archive["places"].tolist())
        ]


def width_of(state: Sequence[np.ndarray], parameters: int) -> int:
    """Return how many seeds stand side by side in a state. Raises UnreadableError if its weights are others.

    Args:
        state: the values of all variables, the weights first.
        parameters: the count of a network's weights.
    """
    shape = state[0].shape if state else ()
    if shape not in [(width, parameters) for width in EARLIER_WIDTHS]:
        raise UnreadableError(f"variable 0: expected {parameters} weights of each seed; received {shape}")
    return shape[0]


def _state(archive: NpzFile, name: str) -> bytes:
    try:
        return bytes(archive[name].tobytes())
    except UNREADABLE:
        return b""


@contextmanager
def _opened(packed: bytes) -> Iterator[NpzFile]:
    """Open an archive for a block. Raises UnreadableError, also for what the block cannot read of it."""
    try:
        with NpzFile(io.BytesIO(packed), allow_pickle=False) as archive:
            yield archive
    except UNREADABLE as error:
        raise UnreadableError(f"the state is no archive of arrays: {reason(error)}") from error
