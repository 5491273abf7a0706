"""Measurements of trained epochs, and those of consecutive blocks as one."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.training.recorder import Series

# What a block of epochs left at its end, and the measurements of it that are under way.
Block = tuple[Any, Future[tuple[Series, np.ndarray | None]]]


@dataclass(frozen=True, eq=False)
class TrainedEpochs:
    """Measurements of the epochs that one call trained.

    Attributes:
        done: (places,) epochs trained by each seed; fewer than the call's epochs if the run ended.
        finite: (places,) True if all values were finite at the seed's last epoch.
        stopped: (places,) True if early stopping ended the run.
        metrics: (epochs, seeds, metrics) float32, of the places that are measured.
        series: kind -> (recorded epochs, seeds, tensors, columns) float32.
    """

    done: np.ndarray
    finite: np.ndarray
    stopped: np.ndarray
    metrics: np.ndarray
    series: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Earlier:
    """Epochs that were trained, ended no run, and may still be measured.

    Attributes:
        first_epoch: the number of the first.
        live: (seeds,) True for runs that train.
        blocks: what the program left behind.
    """

    first_epoch: int
    live: np.ndarray
    blocks: list[Block]


def trained_count(blocks: Sequence[Block]) -> int:
    """Return the number of epochs of consecutive blocks."""
    return sum(len(metrics) for (*_, metrics), _ in blocks)


def are_measured(blocks: Sequence[Block]) -> bool:
    """Return True if no measurement of these blocks is under way any more."""
    return all(recorded.done() for _, recorded in blocks)


def concatenated(blocks: Sequence[Block]) -> TrainedEpochs:
    """Concatenate the measurements of consecutive blocks; wait for those that are under way."""
    dones, finites, stops, metrics = zip(*(trained for trained, _ in blocks), strict=True)
    series, norms = zip(*(recorded.result() for _, recorded in blocks), strict=True)
    whole = np.concatenate(metrics)
    if norms[0] is not None:
        whole = np.concatenate([whole, np.concatenate(norms)], axis=2)
    return TrainedEpochs(
        done=np.sum(dones, axis=0),
        finite=np.all(finites, axis=0),
        stopped=stops[-1],
        metrics=whole,
        series={kind: np.concatenate([each[kind] for each in series]) for kind in series[0]},
    )
