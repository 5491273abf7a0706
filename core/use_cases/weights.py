"""The use-cases of uploaded weights: receive, find the file, load them for a training, delete."""

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.blobs import BlobStore
from core.store import ExperimentStore
from core.weights import WeightsCheck, WeightsRecord
from gradlab.schemas.datasets import ID_PREFIX
from gradlab.spec import ExperimentSpec
from gradlab.tensor_file import map_tensors


def receive(
    file: BinaryIO,
    digest: str,
    *,
    name: str,
    size: int,
    check: WeightsCheck,
    store: ExperimentStore,
    blobs: BlobStore,
) -> tuple[WeightsRecord, bool]:
    """Store an uploaded file as weights. Return them, and True if they are new.

    The same bytes are the same weights. They are written even if the storage has them: bytes of deleted weights, which
    the sweep is about to collect, are young again.

    Args:
        file: the user's bytes, at any position.
        digest: their SHA-256, as 64 hexadecimal digits.
        name: of new weights.
        size: of the file, in bytes.
        check: of the file, which has ended.
        store: the store of their row.
        blobs: the store of their bytes.
    """
    blobs.put(file, digest)
    shapes = {tensor: entry.shape for tensor, entry in check.entries.items()}
    return store.weights.add(ID_PREFIX + digest, name, size, shapes)


def file_of(id: str, *, store: ExperimentStore, blobs: BlobStore) -> Path:
    """Return the file of uploaded weights, on this machine.

    Raises:
        NotFound: there are no such weights, or the storage has lost them.
    """
    return blobs.fetch(store.weights.get(id).id.removeprefix(ID_PREFIX))


def load(spec: ExperimentSpec, *, store: ExperimentStore, blobs: BlobStore) -> Mapping[str, np.ndarray] | None:
    """Return the tensors that a spec's runs begin with, mapped; None if the spec names none.

    Raises:
        NotFound: the weights have been deleted, or the storage has lost them.
        Unavailable: the database or the storage does not answer.
    """
    start = spec.training.initial_weights
    return None if start is None else map_tensors(file_of(start.id, store=store, blobs=blobs))[0]


def delete(id: str, *, store: ExperimentStore) -> None:
    """Delete uploaded weights. Their bytes are left to the sweep: the same file may be arriving again.

    Raises:
        NotFound: there are no such weights.
        Conflict: specs name them.
    """
    store.weights.delete(id)
