"""Series that the terminal shows, from a service or from a file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gradlab.client.client import Client, Refused
from gradlab.measurement.history import Culprit, Layout
from gradlab.measurement.kinds import BY_NAME, GRADIENTS, KINDS
from gradlab.schemas.experiments import ExperimentResponse

# Kind, statistic and heading of the columns of the table of layers.
ROWS = sorted(((kind, row) for kind in KINDS for row in kind.terminal), key=lambda pair: pair[1].rank)
STATES = tuple((kind.name, row.statistic, row.heading) for kind, row in ROWS)
# Heading -> when a layer has no such number; empty if every layer has one.
MISSING = {row.heading: kind.statistic(row.statistic).missing for kind, row in ROWS}
GRADIENT, PARAMETER = str(GRADIENTS.default), "kernel"


@dataclass(frozen=True)
class Layered:
    """Values of one statistic, layer by layer.

    Attributes:
        layers: names of the layers, input side first.
        values: (seeds, epochs, layers) float32, NaN after a run's last epoch.
        lengths: (seeds,) number of recorded epochs of each run.
    """

    layers: tuple[str, ...]
    values: np.ndarray
    lengths: np.ndarray

    @classmethod
    def received(cls, arrays: Mapping[str, np.ndarray]) -> "Layered":
        """Build it from the client's arrays."""
        return cls(tuple(arrays["layers"].tolist()), arrays["values"], arrays["lengths"])


@dataclass(frozen=True)
class Measured:
    """Series of an experiment that are shown.

    Attributes:
        seeds: the seed of each run.
        metric_names: names along the last axis of `metrics`.
        metrics: (seeds, epochs, metrics) float32, NaN after a run's last epoch.
        lengths: (seeds,) number of epochs of each run.
        gradients: mean absolute gradient of each kernel; None if gradients are not recorded.
        states: heading -> values of each layer; recorded kinds only.
        culprits: seed -> its first value that was not finite.
    """

    seeds: tuple[int, ...]
    metric_names: tuple[str, ...]
    metrics: np.ndarray
    lengths: np.ndarray
    gradients: Layered | None
    states: dict[str, Layered]
    culprits: dict[int, Culprit]

    @classmethod
    def by(cls, client: Client, experiment: ExperimentResponse) -> "Measured":
        """Fetch the series of an experiment from a service."""
        history = client.history(experiment.id)
        states = {heading: _recorded(client, experiment, kind, statistic) for kind, statistic, heading in STATES}
        return cls(
            seeds=tuple(history["seeds"].tolist()),
            metric_names=tuple(history["metrics"].tolist()),
            metrics=history["values"],
            lengths=history["lengths"],
            gradients=_recorded(client, experiment, GRADIENTS.name, GRADIENT),
            states={heading: layered for heading, layered in states.items() if layered is not None},
            culprits={run.seed: Culprit(**vars(run.culprit)) for run in experiment.runs if run.culprit},
        )

    @classmethod
    def read(
        cls, layout: Layout, seeds: tuple[int, ...], arrays: Mapping[str, np.ndarray], culprits: dict[int, Culprit]
    ) -> "Measured":
        """Read the series that `worker.train` has written, without epoch 0."""

        def trained(kind: str) -> list[np.ndarray]:
            return [arrays[f"{kind}_{i}"][arrays[f"epochs_{kind}_{i}"] > 0] for i in range(len(seeds))]

        metrics = trained("metrics")
        states = {heading: _chosen(layout, trained, kind, statistic) for kind, statistic, heading in STATES}
        return cls(
            seeds=seeds,
            metric_names=layout.metrics,
            metrics=_padded(metrics),
            lengths=np.array([len(of_run) for of_run in metrics]),
            gradients=_chosen(layout, trained, GRADIENTS.name, GRADIENT),
            states={heading: layered for heading, layered in states.items() if layered is not None},
            culprits=culprits,
        )


def _recorded(client: Client, experiment: ExperimentResponse, kind: str, statistic: str) -> Layered | None:
    try:
        return Layered.received(client.series(experiment.id, kind, statistic=statistic, from_epoch=1))
    except Refused as refusal:
        if refusal.problem.status != 404:
            raise
        return None


def _chosen(layout: Layout, trained: Callable[[str], list[np.ndarray]], kind: str, statistic: str) -> Layered | None:
    if kind not in layout:
        return None
    names, parameter = layout[kind], PARAMETER if BY_NAME[kind].has_parameters else None
    chosen = [i for i, tensor in enumerate(names.tensors) if parameter in (None, tensor.parameter)]
    runs = [of_run[:, chosen, names.columns.index(statistic)] for of_run in trained(kind)]
    lengths = np.array([len(of_run) for of_run in runs])
    return Layered(tuple(names.tensors[i].layer for i in chosen), _padded(runs), lengths)


def _padded(runs: list[np.ndarray]) -> np.ndarray:
    """Stack runs of (epochs, n) to (runs, maximum of epochs, n), with NaN after a run's last epoch."""
    padded = np.full((len(runs), max(map(len, runs)), runs[0].shape[1]), np.nan, np.float32)
    for i, of_run in enumerate(runs):
        padded[i, : len(of_run)] = of_run
    return padded
