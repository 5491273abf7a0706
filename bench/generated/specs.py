"""Random valid specs."""

import math
from collections.abc import Sequence
from random import Random
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bench.generated.fields import FieldDrawer, Fields
from bench.generated.graphs import merging_graph
from bench.generated.networks import NetworkDrawer
from bench.generated.scale import Scale
from gradlab.frozen import kind_of
from gradlab.spec import ExperimentSpec
from gradlab.spec.recording import BUNDLES, RecordSpec
from gradlab.spec.training import PRETRAINABLE, PRETRAININGS, EarlyStopping
from gradlab.vocabulary.datasets import AnyDataset, DatasetSpec
from gradlab.vocabulary.datasets.registry import DATASETS
from gradlab.vocabulary.layers import LAYERS
from gradlab.vocabulary.layers.merging import Merging
from gradlab.vocabulary.losses import BY_KIND, Loss, LossFunction, losses_for
from gradlab.vocabulary.metrics import default_metrics, metrics_for
from gradlab.vocabulary.optimizers import OPTIMIZERS, Optimizer

# Probability of an option that is off by default.
RARELY = 0.2


def random_spec(seed: int, scale: Scale) -> ExperimentSpec:
    """Return a valid spec within the scale; equal seeds give equal specs."""
    return _Draw(seed, scale).spec()


class _Draw:
    def __init__(self, seed: int, scale: Scale) -> None:
        self._seed, self._scale, self._random = seed, scale, Random(seed)
        special = {"samples": lambda _: self._samples(), "train_size": lambda _: None}
        self._fields = FieldDrawer(self._random, scale.size, special)
        # Each kind of layer in turn, so that a few specs contain all of them.
        self._focus = LAYERS[seed % len(LAYERS)]
        self._pretrains = kind_of(self._focus) in PRETRAINABLE and self._random.random() < RARELY
        self._members = [each for each in LAYERS if not self._pretrains or kind_of(each) in PRETRAINABLE]

    def spec(self) -> ExperimentSpec:
        """Draw parts, each valid by itself, until they are valid together."""
        while True:
            try:
                spec = ExperimentSpec.model_validate(self._parts())
            except ValidationError:
                continue
            forward = sum(layer.spec.operations(layer.input_shape) for layer in spec.layers)
            has_focus = any(isinstance(layer.spec, self._focus) for layer in spec.layers)
            if has_focus and forward * spec.dataset.sample_count <= self._scale.epoch_operations:
                return spec

    def _parts(self) -> Fields:
        dataset = self._dataset()
        fitting = [BY_KIND[kind] for kind in losses_for(dataset.target)]
        if dataset.target.kind == "values":  # which reach beyond 0 and 1
            fitting = [each for each in fitting if not each.unit_per_share]
        loss = self._valid(Loss, fitting)
        layers = NetworkDrawer(self._random, self._scale, self._members, self._focus).network(dataset, loss)
        return {
            "name": f"generated {self._seed}",
            "dataset": dataset.model_dump(),
            "model": self._model(layers, dataset),
            "training": self._training(dataset, loss),
            "record": self._record(dataset),
            "seeds": self._seeds(),
        }

    def _model(self, layers: list[Fields], dataset: DatasetSpec) -> Fields:
        """Return a chain; a graph where the focus is a kind of layer that takes several inputs."""
        if not issubclass(self._focus, Merging):
            return {"layers": layers}
        return merging_graph(self._random, layers, self._fields.model(self._focus), dataset.feature_shape)

    def _dataset(self) -> DatasetSpec:
        member = self._random.choice(DATASETS)
        while True:
            dataset: DatasetSpec = self._valid(AnyDataset, [member])
            if dataset.sample_count * dataset.value_count <= self._scale.values:
                return dataset

    def _valid(self, union: Any, members: Sequence[Any]) -> Any:
        """Draw a member whose fields are valid together."""
        while True:
            try:
                return TypeAdapter(union).validate_python(self._fields.model(self._random.choice(members)))
            except ValidationError:
                continue

    def _training(self, dataset: DatasetSpec, loss: LossFunction) -> Fields:
        metrics = self._metrics(dataset)
        measured = default_metrics(dataset.target) if metrics is None else metrics
        training: Fields = {
            "loss": loss.model_dump(),
            "optimizer": self._valid(Optimizer, OPTIMIZERS).model_dump(),
            "epochs": self._random.randint(0, self._scale.epochs),
            "batch_size": self._batch_size(dataset.train_count),
            "metrics": metrics,
        }
        if self._random.random() < RARELY:
            monitors = [part + name for part in ("", "val_") for name in ("loss", *measured)]
            training["early_stopping"] = {
                **self._fields.model(EarlyStopping, monitor=self._random.choice(monitors)),
            }
        if self._pretrains:
            kind = self._random.choice(PRETRAININGS)
            training["pretraining"] = self._fields.model(
                kind, epochs=self._random.randint(1, 1 + self._scale.epochs // 4)
            )
        return training

    def _metrics(self, dataset: DatasetSpec) -> list[str] | None:
        suited = metrics_for(dataset.target)
        return (
            None if self._random.random() < 0.5 else self._random.sample(suited, self._random.randint(0, len(suited)))
        )

    def _record(self, dataset: DatasetSpec) -> Any:
        if self._random.random() < 0.5:
            return self._random.choice(list(BUNDLES))
        record = self._fields.model(RecordSpec)
        return record if dataset.has_boundary else record | {"boundary": None}

    def _samples(self) -> int:
        return int(math.exp(self._random.uniform(math.log(4), math.log(self._scale.samples))))

    def _batch_size(self, train_count: int) -> int:
        """Draw a batch size from 1 to twice the samples, with at most 200 batches per epoch."""
        smallest = max(1, train_count // 200)
        return int(math.exp(self._random.uniform(math.log(smallest), math.log(2 * train_count + 1))))

    def _seeds(self) -> list[int]:
        count = self._random.choice([1, 1, self._random.randint(1, self._scale.seeds)])
        return self._random.sample([*range(2 * count), 2**32 - 1], count)
