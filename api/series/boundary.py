"""The plane of two inputs: what networks answer all over it, and the samples that lie in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from api.series.epochs import Cut, Span, cut, nonfinite
from core.records import Experiment, Rows
from gradlab.errors import NotFound
from gradlab.measurement.history import SeriesLayout
from gradlab.schemas.series import BoundaryResponse, RunBoundaryResponse, SamplesPartResponse, SamplesResponse
from gradlab.spec import ExperimentSpec, ExternalSpec
from gradlab.spec.output import answer_threshold
from gradlab.vocabulary.datasets import Dataset, DatasetSpec


def dataset_of(experiment: Experiment) -> DatasetSpec:
    """What an experiment learns from. Raises NotFound: it is trained elsewhere."""
    if isinstance(experiment.spec, ExternalSpec):
        raise NotFound("There are no samples in this experiment: it is trained elsewhere, and its data are not known.")
    found: DatasetSpec = experiment.spec.dataset
    return found


def in_plane(experiment: Experiment) -> DatasetSpec:
    """The same, of samples with two inputs. Raises NotFound: they have no place in the plane."""
    dataset = dataset_of(experiment)
    if not dataset.in_plane:
        raise NotFound(f"The samples of {dataset.kind} have no place in the plane: only those of two inputs have one.")
    return dataset


@lru_cache(maxsize=256)
def axes(dataset: DatasetSpec) -> tuple[np.ndarray, np.ndarray]:
    """The plane's two axes, (32,) float32 each: they follow from the spec, and samples may take a second to draw."""
    return dataset.load().plane()


@dataclass(frozen=True)
class Boundary:
    """What networks answer over the plane: seed -> (epochs, units, points) float32, all stored epochs.

    Attributes:
        layer: the output layer.
        classes: for which class each output unit speaks; a single unit speaks for class 1.
        threshold: above which a single unit says class 1; None where the largest output decides.
        x, y: the axes of the first and of the second input, (32,) float32 each, as the network is given them.
    """

    layer: str
    classes: tuple[int, ...]
    threshold: float | None
    x: np.ndarray
    y: np.ndarray
    runs: dict[int, Rows]
    cut: Cut

    @classmethod
    def of(cls, spec: ExperimentSpec, layout: SeriesLayout, runs: dict[int, Rows], span: Span) -> "Boundary":
        """Of runs of (epochs, units, points). Raises Invalid where the epochs asked for end before they begin."""
        classes = tuple(int(tensor.parameter.removeprefix("class_")) for tensor in layout.tensors)
        threshold = answer_threshold(spec) if len(classes) == 1 else None
        x, y = axes(spec.dataset)
        return cls(layout.tensors[0].layer, classes, threshold, x, y, runs, cut(runs, span))

    @property
    def _shape(self) -> tuple[int, ...]:
        return len(self.classes), len(self.y), len(self.x)

    def answer(self, experiment: Experiment) -> BoundaryResponse:
        """As JSON."""
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
        """As the rows of a tidy table, its head first."""
        yield ("seed", "epoch", "class", "x", "y", "value")
        points = [(x, y) for y in self.y.tolist() for x in self.x.tolist()]
        for seed, rows in self.runs.items():
            for epoch, units in zip(self.cut.epochs, self.cut.of(rows), strict=False):
                for each, values in zip(self.classes, units, strict=True):
                    for point, value in zip(points, values, strict=True):
                        yield (seed, epoch, each, *point, value)

    def arrays(self) -> dict[str, np.ndarray]:
        """As named arrays; `values` (seeds, epochs, classes, y, x) is NaN after a run's last epoch, see `lengths`.

        `threshold` is NaN where the largest output decides.
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
    """The samples of data with two inputs, the first so many of each part.

    Attributes:
        spec: the dataset's.
        data: all its samples.
        most: how many of each part are shown at most.
    """

    spec: DatasetSpec
    data: Dataset
    most: int

    @classmethod
    def of(cls, spec: DatasetSpec, most: int) -> "Samples":
        """Draw them again: they follow from the spec."""
        return cls(spec, spec.load(), most)

    def _parts(self) -> Iterator[tuple[str, int, np.ndarray, np.ndarray]]:
        """Each part's name, how many samples it has, and the places, (shown, 2), and answers, (shown,), of some."""
        data = self.data
        for name, x, y in (("training", data.train_x, data.train_y), ("validation", data.val_x, data.val_y)):
            shown = min(len(x), self.most)
            answers = y[:shown].reshape(shown, -1)[:, 0]
            if self.spec.target.kind != "values":
                answers = answers.astype(np.int64)
            yield name, len(x), x[:shown].reshape(shown, 2), answers

    def answer(self, experiment: Experiment) -> SamplesResponse:
        """As JSON."""
        parts = {
            name: SamplesPartResponse(total=total, x=x[:, 0].tolist(), y=x[:, 1].tolist(), answers=answers.tolist())
            for name, total, x, answers in self._parts()
        }
        return SamplesResponse(
            experiment_id=experiment.id, dataset=self.spec.kind, target=self.spec.target.kind, **parts
        )

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """As the rows of a tidy table, its head first."""
        yield ("part", "x", "y", "answer")
        for name, _, points, answers in self._parts():
            for (x, y), answer in zip(points, answers, strict=True):
                yield (name, x, y, answer)

    def arrays(self) -> dict[str, np.ndarray]:
        """As named arrays: `training` and `validation` (samples, 2), `training_answers` and `validation_answers`."""
        found: dict[str, np.ndarray] = {}
        for name, _, points, answers in self._parts():
            found |= {name: points, f"{name}_answers": answers}
        return found
