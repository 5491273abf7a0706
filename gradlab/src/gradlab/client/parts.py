"""Parts of an external training that are sent one after another: epochs, documents, and the ends of runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from gradlab.facts import Facts, Wiring
from gradlab.measurement.kinds import GRADIENTS
from gradlab.measurement.plane import Plane


@dataclass(frozen=True, eq=False)
class Epoch:
    """Epoch of a run.

    Attributes:
        seed: seed of the run.
        epoch: number of the epoch.
        names: names of the metrics.
        metrics: (metrics,) float32, in the order of `names`.
        gradients: (tensors, statistics) float32; None if the experiment has no gradients.
        series: kind -> (tensors, columns) float32, for further kinds that are due.
    """

    seed: int
    epoch: int
    names: tuple[str, ...]
    metrics: np.ndarray
    gradients: np.ndarray | None
    series: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def all_series(self) -> dict[str, np.ndarray]:
        """All its series by kind."""
        own = {} if self.gradients is None else {GRADIENTS.name: self.gradients}
        return {**own, **self.series}

    @property
    def numbers(self) -> int:
        """Number of its values."""
        return int(self.metrics.size + sum(values.size for values in self.all_series.values()))


@dataclass(frozen=True, eq=False)
class Boundary:
    """Outputs of a run's network over the plane of its two inputs, after an epoch."""

    epoch: int
    plane: Plane


@dataclass(frozen=True)
class Document:
    """Facts about the data, the wiring of a run, or its decision boundary, in place of what was sent before."""

    seed: int
    content: Facts | Wiring | Boundary


@dataclass(frozen=True)
class Ended:
    """End of a run; a run with an error has failed."""

    seed: int
    error: str | None


@dataclass(frozen=True)
class Resumed:
    """Continuation of a run of an experiment that the service has, before anything of it is sent.

    Attributes:
        experiment_id: id of the experiment.
        seed: seed of the run.
        after: epoch from whose state it goes on; None for the last one.
        epochs: last planned epoch.
    """

    experiment_id: UUID
    seed: int
    after: int | None
    epochs: int


Part = Epoch | Document | Ended
