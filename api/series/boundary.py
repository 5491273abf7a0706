"""Networks of two inputs: their outputs on a grid over the plane, and the samples in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core.records import SubmittedExperiment
from gradlab.errors import NotFound
from gradlab.facts.measurement import Load, drawn
from gradlab.measurement.history import SeriesLayout
from gradlab.measurement.plane import Plane
from gradlab.measurement.rows import Rows
from gradlab.schemas.series import BoundaryResponse, RunBoundaryResponse, SamplesPartResponse, SamplesResponse
from gradlab.series.epochs import Cut, Span, cut, nonfinite
from gradlab.spec import ExperimentSpec, ExternalSpec
from gradlab.spec.output import answer_threshold, answer_threshold_elsewhere
from gradlab.vocabulary.datasets import Dataset, DatasetSpec


def dataset_of(experiment: SubmittedExperiment) -> DatasetSpec:
    """Return the dataset of an experiment.

    Raises:
        NotFound: it is an external training.
    """
    if isinstance(experiment.spec, ExternalSpec):
        raise NotFound("There are no samples in this experiment: it is trained elsewhere, and its data are not sent.")
    dataset: DatasetSpec = experiment.spec.dataset
    return dataset


def in_plane(experiment: SubmittedExperiment) -> DatasetSpec:
    """Return the dataset of an experiment whose samples have two inputs.

    Raises:
        NotFound: it is an external training, or its samples do not have two inputs.
    """
    dataset = dataset_of(experiment)
    if not dataset.in_plane:
        raise NotFound(f"The samples of {dataset.kind} cannot be shown in a plane: expected a dataset with two inputs.")
    return dataset


@lru_cache(maxsize=256)
def axes(dataset: DatasetSpec, load: Load = drawn) -> tuple[np.ndarray, np.ndarray]:
    """Axes of the grid, (32,) float32 each. Cached: it may take a second to load the samples that they span."""
    return load(dataset).plane()


@dataclass(frozen=True)
class Boundary:
    """Outputs of networks on the grid: seed -> (epochs, units, points) float32, all stored epochs.

    Attributes:
        layer: the output layer.
        classes: the class of each output unit; class 1 for a single unit.
        threshold: the output above which a single unit predicts class 1; None if the largest output decides.
        x, y: the axes of the first and of the second input, (32,) float32 each, scaled as the network receives them.
        runs: the outputs of each seed.
        cut: the epochs of the response.
    """

    layer: str
    classes: tuple[int, ...]
    threshold: float | None
    x: np.ndarray
    y: np.ndarray
    runs: dict[int, Rows]
    cut: Cut

    @classmethod
    def of(
        cls, spec: ExperimentSpec, layout: SeriesLayout, runs: dict[int, Rows], span: Span, load: Load = drawn
    ) -> "Boundary":
        """Build it from runs of (epochs, units, points); `load` loads the samples that the grid is around.

        Raises:
            Invalid: the span ends before it begins.
        """
        classes = tuple(int(tensor.parameter.removeprefix("class_")) for tensor in layout.tensors)
        threshold = answer_threshold(spec) if len(classes) == 1 else None
        x, y = axes(spec.dataset, load)
        return cls(layout.tensors[0].layer, classes, threshold, x, y, runs, cut(runs, span))

    @classmethod
    def elsewhere(
        cls, spec: ExternalSpec, planes: Mapping[int, tuple[int, Plane]], seeds: Sequence[int], span: Span
    ) -> "Boundary":
        """Build it from what the sender of a training has sent: seed -> epoch and outputs; of some seeds.

        Raises:
            NotFound: there is nothing, or a single output's threshold is unknown.
            Invalid: the span ends before it begins.
        """
        if not planes:
            raise NotFound("There are no decision boundaries in this experiment: its sender has sent none.")
        first = next(iter(planes.values()))[1]
        units = len(first.outputs)
        threshold = answer_threshold_elsewhere(spec) if units == 1 else None
        if units == 1 and threshold is None:
            raise NotFound("What the network's single output means is unknown: its loss is none of this service's.")
        chosen = {seed: planes[seed] for seed in seeds if seed in planes}
        epochs = np.unique(np.array([epoch for epoch, _ in chosen.values()], np.int64))
        nothing = np.full((len(epochs), units, first.outputs[0].size), np.nan, np.float32)
        runs = dict.fromkeys(seeds, Rows(epochs[:0], nothing[:0]))
        for seed, (epoch, plane) in chosen.items():  # runs share an axis of epochs: NaN where another run has its own
            own = epochs[epochs <= epoch]
            runs[seed] = Rows(own, np.concatenate([nothing[: len(own) - 1], plane.outputs.reshape(1, units, -1)]))
        classes = (1,) if units == 1 else tuple(range(units))
        return cls(spec.layers[-1].name, classes, threshold, first.x, first.y, runs, cut(runs, span))

    @property
    def _shape(self) -> tuple[int, ...]:
        return len(self.classes), len(self.y), len(self.x)

    def response(self, experiment: SubmittedExperiment) -> BoundaryResponse:
        """Build the response for JSON."""
        return BoundaryResponse(
            experiment_id=experiment.id,
            status=experiment.status,
            layer=self.layer,
            classes=list(self.classes),
            threshold=self.threshold,
            x=self.x.tolist(),
            y=self.y.tolist(),
            epochs=self.cut.epochs.tolist(),
            sampling=self.cut.sampling,
            runs=[self._run(seed, rows) for seed, rows in self.runs.items()],
        )

    def _run(self, seed: int, rows: Rows) -> RunBoundaryResponse:
        return RunBoundaryResponse.model_construct(
            seed=seed,
            values=self.cut.of(rows).reshape(-1, *self._shape).tolist(),
            first_nonfinite=nonfinite(rows.epochs, rows.values),
        )

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Iterate over the rows of a tidy table, the header first."""
        yield ("seed", "epoch", "class", "x", "y", "value")
        points = [(x, y) for y in self.y.tolist() for x in self.x.tolist()]
        for seed, rows in self.runs.items():
            for epoch, units in zip(self.cut.epochs, self.cut.of(rows), strict=False):
                for class_, values in zip(self.classes, units, strict=True):
                    for point, value in zip(points, values, strict=True):
                        yield (seed, epoch, class_, *point, value)

    def arrays(self) -> dict[str, np.ndarray]:
        """Build named arrays: `values` (seeds, epochs, classes, y, x) is NaN after a run's last epoch, see `lengths`.

        `threshold` is NaN if the largest output decides.
        """
        stacked = self.cut.stacked(self.runs, (len(self.classes), len(self.x) * len(self.y)))
        values = stacked.pop("values")
        return {
            "layer": np.array(self.layer),
            "classes": np.array(self.classes, np.int64),
            "threshold": np.array(np.nan if self.threshold is None else self.threshold, np.float32),
            "x": self.x,
            "y": self.y,
            **stacked,
            "values": values.reshape(*values.shape[:2], *self._shape),
        }


@dataclass(frozen=True)
class Samples:
    """The first samples of each part of a dataset with two inputs.

    Attributes:
        spec: the dataset's spec.
        data: all its samples.
        max_samples: maximum number of samples of each part.
    """

    spec: DatasetSpec
    data: Dataset
    max_samples: int

    @classmethod
    def of(cls, spec: DatasetSpec, max_samples: int, load: Load = drawn) -> "Samples":
        """Generate the samples from the spec."""
        return cls(spec, load(spec), max_samples)

    def _parts(self) -> Iterator[tuple[str, int, np.ndarray, np.ndarray]]:
        """Iterate over name and size of each part, and inputs (count, 2) and targets (count,) of its first samples."""
        data = self.data
        for name, x, y in (("training", data.train_x, data.train_y), ("validation", data.val_x, data.val_y)):
            count = min(len(x), self.max_samples)
            targets = y[:count].reshape(count, -1)[:, 0]
            if self.spec.target.kind != "values":
                targets = targets.astype(np.int64)
            yield name, len(x), x[:count].reshape(count, 2), targets

    def response(self, experiment: SubmittedExperiment) -> SamplesResponse:
        """Build the response for JSON."""
        parts = {
            name: SamplesPartResponse(total=total, x=x[:, 0].tolist(), y=x[:, 1].tolist(), answers=targets.tolist())
            for name, total, x, targets in self._parts()
        }
        return SamplesResponse(
            experiment_id=experiment.id, dataset=self.spec.kind, target=self.spec.target.kind, **parts
        )

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Iterate over the rows of a tidy table, the header first."""
        yield ("part", "x", "y", "answer")
        for name, _, points, targets in self._parts():
            for (x, y), target in zip(points, targets, strict=True):
                yield (name, x, y, target)

    def arrays(self) -> dict[str, np.ndarray]:
        """Build named arrays: `training` and `validation` (samples, 2), `training_answers` and `validation_answers`."""
        arrays: dict[str, np.ndarray] = {}
        for name, _, points, targets in self._parts():
            arrays |= {name: points, f"{name}_answers": targets}
        return arrays
