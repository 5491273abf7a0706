"""Valid things with one word: specs, chunks, a clock, and a training that costs nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np

from gradlab.measurement.history import (
    Architecture,
    Checkpoint,
    Chunk,
    Culprit,
    History,
    RunChunk,
    Snapshot,
    StoppedBy,
    Variable,
)
from gradlab.spec import AnySpec, ExperimentSpec, ExternalSpec

MINUTE = timedelta(minutes=1)
ARCHITECTURE = Architecture(
    '{"class_name": "Functional"}',
    (
        Variable("layers/dense/vars/0", (2, 3), "float32"),
        Variable("layers/dense/vars/1", (3,), "float32"),
        Variable(None, (2,), "uint32"),
    ),
    "3.15.1",
)


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


def a_large_spec() -> ExperimentSpec:
    """A network and a dataset whose own arrays take some 400 MB."""
    hidden = {"kind": "dense", "units": 700, "activation": "relu", "repeat": 2}
    return a_spec(
        name="large",
        dataset={"kind": "gaussian_quantiles", "samples": 20_000, "features": 300, "classes": 3},
        model={"layers": [hidden, {"kind": "dense", "units": 3, "activation": "softmax"}]},
        training={"loss": "categorical_crossentropy", "optimizer": "sgd", "epochs": 50, "batch_size": 32},
    )


def an_external_spec(*, epochs: int = 6, seeds: Sequence[int] = (0,), layers: int = 2, **more: Any) -> ExternalSpec:
    """A small network that is trained elsewhere."""
    widths = [2, *[3] * (layers - 1), 1]
    fields: dict[str, Any] = {
        "source": "external",
        "name": "elsewhere",
        "layers": [
            {
                "name": f"dense_{i}",
                "class_name": "Dense",
                "output_shape": [widths[i]],
                "parameters": [
                    {"name": "kernel", "shape": [widths[i - 1], widths[i]]},
                    {"name": "bias", "shape": [widths[i]]},
                ],
            }
            for i in range(1, layers + 1)
        ],
        "metrics": ["loss", "accuracy", "val_loss", "val_accuracy"],
        "epochs": epochs,
        "seeds": list(seeds),
    }
    return ExternalSpec.model_validate(fields | more)


def measured(spec: AnySpec, seed: int, first_epoch: int, epochs: int) -> History:
    """Numbers that depend on the seed and the epoch alone, as a training's do."""
    layout, last = spec.layout, first_epoch + epochs - 1
    metrics = np.zeros((epochs, len(layout.metrics)), np.float32)
    kept = {each.kind: each.recorded(first_epoch, last) for each in layout.series}
    series = {each.kind: np.zeros((len(kept[each.kind]), *each.shape), np.float32) for each in layout.series}
    for row, epoch in enumerate(range(first_epoch, last + 1)):
        random = np.random.default_rng([seed, epoch])
        metrics[row] = random.standard_normal(metrics.shape[1], np.float32)
        for each in layout.series:
            numbers = random.standard_normal(each.shape, np.float32)
            if epoch in kept[each.kind]:
                series[each.kind][kept[each.kind].index(epoch)] = numbers
    return History(layout, first_epoch, metrics, series)


def a_run(
    spec: ExperimentSpec,
    *,
    seed: int,
    first_epoch: int = 1,
    epochs: int = 2,
    history: History | None = None,
    stopped_by: StoppedBy | None = None,
    run_ended: bool | None = None,
    culprit: Culprit | None = None,
) -> RunChunk:
    """Some epochs of a run; it ends with the spec's last epoch unless told otherwise."""
    history = history or measured(spec, seed, first_epoch, epochs)
    ended = bool(stopped_by) or history.last_epoch == spec.training.epochs if run_ended is None else run_ended
    snapshot = a_snapshot(seed, history.last_epoch) if ended or history.last_epoch == 0 else None
    return RunChunk(seed, history, ended, stopped_by, culprit, snapshot)


def a_snapshot(seed: int, epoch: int) -> Snapshot:
    """A network of the form `ARCHITECTURE`: numbers that depend on the seed and the epoch alone."""
    random = np.random.default_rng([seed, epoch])
    kernel, bias = random.standard_normal((2, 3), np.float32), np.array([np.nan, np.inf, 0], np.float32)
    return Snapshot(epoch, (kernel, bias, random.integers(0, 9, 2, np.uint32)))


def a_group(group: Sequence[int], *runs: RunChunk, compiled: bool = True) -> Chunk:
    """Some epochs of runs that are trained side by side."""
    last = max(run.history.last_epoch for run in runs)
    ended = all(run.run_ended for run in runs)
    state = f"{group[0]}:{last}:{ended}".encode()
    return Chunk(tuple(group), runs, compiled, lambda: Checkpoint(group[0], last, state), lambda: ARCHITECTURE)


def a_chunk(spec: ExperimentSpec, *, seed: int | None = None, compiled: bool = True, **run: Any) -> Chunk:
    """Some epochs of a run that is trained alone."""
    seed = spec.seeds[0] if seed is None else seed
    return a_group((seed,), a_run(spec, seed=seed, **run), compiled=compiled)


def a_training(
    *,
    length: int = 2,
    side_by_side: int = 1,
    stops: Mapping[int, int] = MappingProxyType({}),
    before: Callable[[int, int], None] = lambda seed, epoch: None,
) -> Callable[[ExperimentSpec, Checkpoint | None], Iterator[Chunk]]:
    """A trainer whose first chunk is epoch 0, and the others `length` epochs.

    Args:
        length: of a chunk, in epochs.
        side_by_side: how many seeds form a group.
        stops: seed -> the epoch in which it leaves the finite numbers.
        before: called ahead of each chunk with the group's first seed and the chunk's first epoch.
    """

    def train(spec: ExperimentSpec, resume: Checkpoint | None = None) -> Iterator[Chunk]:
        ends = {seed: stops.get(seed, spec.training.epochs) for seed in spec.seeds}
        begin = spec.seeds.index(resume.seed) if resume else 0
        for place in range(begin, len(spec.seeds), side_by_side):
            group = spec.seeds[place : place + side_by_side]
            epoch = resume.epoch if resume and resume.seed == group[0] else -1
            while going := [seed for seed in group if ends[seed] > epoch]:
                before(group[0], epoch + 1)
                last = min(epoch + length, spec.training.epochs) if epoch >= 0 else 0
                yield a_group(
                    group, *(_until(spec, seed, epoch + 1, min(last, ends[seed]), ends[seed]) for seed in going)
                )
                epoch = last

    return train


def _until(spec: ExperimentSpec, seed: int, first_epoch: int, last_epoch: int, end: int) -> RunChunk:
    stopped: StoppedBy | None = "nonfinite" if last_epoch == end < spec.training.epochs else None
    return a_run(spec, seed=seed, first_epoch=first_epoch, epochs=last_epoch + 1 - first_epoch, stopped_by=stopped)


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
