"""Valid things with one word: specs, chunks, a clock, and a training that costs nothing."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from core.history import Checkpoint, Chunk, History, StoppedBy
from core.spec import ExperimentSpec

MINUTE = timedelta(minutes=1)


def a_spec(
    *, epochs: int = 6, seeds: Sequence[int] = (0,), layers: int = 2, units: int = 3, **more: Any
) -> ExperimentSpec:
    """A small network on a small dataset."""
    hidden = {"kind": "dense", "units": units, "activation": "relu", "kernel_initializer": "he_uniform"}
    fields: dict[str, Any] = {
        "name": "small",
        "dataset": {"kind": "circles", "samples": 64, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 32},
        "model": {"layers": [hidden] * (layers - 1) + [{"kind": "dense", "units": 1, "activation": "sigmoid"}]},
        "training": {
            "loss": "binary_crossentropy",
            "optimizer": {"kind": "sgd", "learning_rate": 0.05},
            "epochs": epochs,
            "batch_size": 16,
        },
        "seeds": list(seeds),
    }
    return ExperimentSpec.model_validate(fields | more)


def measured(spec: ExperimentSpec, seed: int, first_epoch: int, epochs: int) -> History:
    """Numbers that depend on the seed and the epoch alone, as a training's do."""
    layout = spec.layout
    shapes = [(len(layout.metrics),), (len(layout.tensors), len(layout.statistics))]
    rows: list[list[np.ndarray]] = [[], []]
    for epoch in range(first_epoch, first_epoch + epochs):
        random = np.random.default_rng([seed, epoch])
        for kind, shape in zip(rows, shapes, strict=True):
            kind.append(random.standard_normal(shape, dtype=np.float32))
    empty = [np.zeros((0, *shape), np.float32) for shape in shapes]
    metrics, gradients = (np.stack(kind) if kind else none for kind, none in zip(rows, empty, strict=True))
    return History(layout, first_epoch, metrics, gradients)


def a_chunk(
    spec: ExperimentSpec,
    *,
    seed: int | None = None,
    first_epoch: int = 1,
    epochs: int = 2,
    history: History | None = None,
    stopped_by: StoppedBy | None = None,
    run_ended: bool | None = None,
    compiled: bool = True,
) -> Chunk:
    """Some epochs of a run; it ends with the spec's last epoch unless told otherwise."""
    seed = spec.seeds[0] if seed is None else seed
    history = history or measured(spec, seed, first_epoch, epochs)
    last = history.last_epoch
    ended = bool(stopped_by) or last == spec.training.epochs if run_ended is None else run_ended
    state = f"{seed}:{last}:{ended}".encode()
    return Chunk(seed, history, ended, stopped_by, compiled, lambda: Checkpoint(seed, last, state))


def a_training(
    *, length: int = 2, before: Callable[[int, int], None] = lambda seed, epoch: None
) -> Callable[[ExperimentSpec, Checkpoint | None], Iterator[Chunk]]:
    """A trainer with chunks of `length` epochs. `before` is called ahead of each with its seed and first epoch."""

    def train(spec: ExperimentSpec, resume: Checkpoint | None = None) -> Iterator[Chunk]:
        for seed in spec.seeds[spec.seeds.index(resume.seed) if resume else 0 :]:
            epoch = resume.epoch if resume and resume.seed == seed else 0
            while epoch < spec.training.epochs:
                before(seed, epoch + 1)
                count = min(length, spec.training.epochs - epoch)
                yield a_chunk(spec, seed=seed, first_epoch=epoch + 1, epochs=count)
                epoch += count

    return train


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, time: timedelta) -> None:
        """Let some time pass."""
        self.now += time


class Bell:
    """A queue that only remembers; `rings` may raise."""

    def __init__(self, rings: Callable[[Any], None] = lambda experiment_id: None) -> None:
        self.rung: list[Any] = []
        self.rings = rings

    def publish(self, experiment_id: Any) -> None:
        """Remember who was asked for."""
        self.rings(experiment_id)
        self.rung.append(experiment_id)
