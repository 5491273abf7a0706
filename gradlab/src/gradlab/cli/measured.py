"""What the terminal shows of an experiment, from a service or from a file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gradlab.client.client import Client, Refused
from gradlab.measurement.history import Culprit, Layout
from gradlab.measurement.kinds import BY_NAME, GRADIENTS, KINDS
from gradlab.schemas.experiments import ExperimentResponse

# Kind, statistic and heading of what is shown of each layer after the last epoch.
ROWS = sorted(((kind, row) for kind in KINDS for row in kind.terminal), key=lambda each: each[1].rank)
STATES = tuple((kind.name, row.statistic, row.heading) for kind, row in ROWS)
GRADIENT, PARAMETER = str(GRADIENTS.default), "kernel"


@dataclass(frozen=True)
class Layered:
    """One statistic, layer by layer.

    Attributes:
        layers: input side first.
        values: (seeds, epochs, layers) float32, NaN after a run's last epoch.
        lengths: (seeds,) recorded epochs of each run.
    """

    layers: tuple[str, ...]
    values: np.ndarray
    lengths: np.ndarray

    @classmethod
    def received(cls, arrays: Mapping[str, np.ndarray]) -> "Layered":
        """As the client got it."""
        return cls(tuple(arrays["layers"].tolist()), arrays["values"], arrays["lengths"])


@dataclass(frozen=True)
class Measured:
    """What is shown.

    Attributes:
        seeds: one per run.
        metric_names: along the last axis of `metrics`.
        metrics: (seeds, epochs, metrics) float32, NaN after a run's last epoch.
        lengths: (seeds,) epochs of each run.
        gradients: the mean absolute gradient of each kernel; None where gradients are not recorded.
        states: heading -> how each layer is after an epoch, for what is recorded.
        culprits: seed -> where its first value was that was not finite.
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
        """What a service has measured of an experiment so far."""
        history = client.history(experiment.id)
        asked = {heading: _recorded(client, experiment, kind, statistic) for kind, statistic, heading in STATES}
        return cls(
            seeds=tuple(history["seeds"].tolist()),
            metric_names=tuple(history["metrics"].tolist()),
            metrics=history["values"],
            lengths=history["lengths"],
            gradients=_recorded(client, experiment, GRADIENTS.name, GRADIENT),
            states={heading: found for heading, found in asked.items() if found is not None},
            culprits={run.seed: Culprit(**vars(run.culprit)) for run in experiment.runs if run.culprit},
        )

    @classmethod
    def read(
        cls, layout: Layout, seeds: tuple[int, ...], arrays: Mapping[str, np.ndarray], culprits: dict[int, Culprit]
    ) -> "Measured":
        """What `worker.train` has measured, without epoch 0."""

        def trained(kind: str) -> list[np.ndarray]:
            return [arrays[f"{kind}_{i}"][arrays[f"epochs_{kind}_{i}"] > 0] for i in range(len(seeds))]

        metrics = trained("metrics")
        asked = {heading: _chosen(layout, trained, kind, statistic) for kind, statistic, heading in STATES}
        return cls(
            seeds=seeds,
            metric_names=layout.metrics,
            metrics=_padded(metrics),
            lengths=np.array([len(of_run) for of_run in metrics]),
            gradients=_chosen(layout, trained, GRADIENTS.name, GRADIENT),
            states={heading: found for heading, found in asked.items() if found is not None},
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
    """(epochs, n) each, to (runs, longest, n) with NaN after a run's last epoch."""
    padded = np.full((len(runs), max(map(len, runs)), runs[0].shape[1]), np.nan, np.float32)
    for i, of_run in enumerate(runs):
        padded[i, : len(of_run)] = of_run
    return padded
