"""ExperimentSpec: everything needed to repeat a training."""

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator

from core.datasets import AnyDataset
from core.errors import Invalid
from core.frozen import Frozen
from core.history import Layout
from core.layers import Layer
from core.losses import BY_KIND, Loss
from core.optimizers import Optimizer
from core.spec.network import NamedLayer, layer_count, walk
from core.spec.problems import from_pydantic, impossible, without_tags
from core.statistics import GRADIENT_STATISTIC_NAMES

# Far beyond any bound that a service sets: it only keeps the check itself from taking long.
MOST_LAYERS = 10_000


class ModelSpec(Frozen):
    """The network: layers from the input to the output."""

    layers: Annotated[tuple[Layer, ...], Field(strict=False, min_length=1)]
    """From the input side to the output; the last one's units are the prediction."""

    @field_validator("layers")
    @classmethod
    def _countable(cls, layers: tuple[Any, ...]) -> tuple[Any, ...]:
        if (count := layer_count(layers)) > MOST_LAYERS:
            raise impossible(
                "", f"at most {MOST_LAYERS} layers, repeats counted", f"{count} layers, {count - MOST_LAYERS} too many"
            )
        return layers


class TrainingSpec(Frozen):
    """How the network is trained. Each epoch visits the training samples once, in an order drawn anew."""

    loss: Loss
    """What is minimised."""
    optimizer: Optimizer
    """How a gradient becomes an update."""
    epochs: int = Field(ge=1, le=10_000_000)
    """Passes over the training samples."""
    batch_size: int = Field(default=32, ge=1, le=1_000_000)
    """Samples per update; the last batch of an epoch may be smaller."""


class ExperimentSpec(Frozen):
    """Everything needed to repeat a training: the same spec gives the same numbers."""

    name: str = Field(default="untitled", min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
    """For people; nothing depends on it."""
    dataset: AnyDataset
    """What is learnt."""
    model: ModelSpec
    """What learns."""
    training: TrainingSpec
    """How it learns."""
    seeds: Annotated[tuple[Annotated[int, Field(ge=0, le=2**32 - 1)], ...], Field(strict=False, min_length=1)] = (0,)
    """One run each: a seed decides the initial weights, the order of the samples and what dropout drops."""

    @field_validator("seeds")
    @classmethod
    def _each_once(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("each seed once: equal seeds give equal runs")
        return seeds

    @model_validator(mode="after")
    def _output_fits_the_task(self) -> "ExperimentSpec":
        units, classes, loss = self.layers[-1].output_shape[-1], self.dataset.class_count, self.training.loss
        fitting = BY_KIND[loss].units_for(classes)
        if not fitting:
            raise impossible(
                "training.loss",
                f"a loss for {classes} classes: categorical_crossentropy with {classes} softmax units",
                f"{loss}, which tells two classes apart",
            )
        if units not in fitting:
            where = f"model.layers[{len(self.model.layers) - 1}]"
            wanted = " or ".join(map(str, fitting))
            raise impossible(
                where,
                f"{wanted} output unit{'s' * (fitting != (1,))} for {loss} on {self.dataset.kind}, "
                f"which has {classes} classes{_advice(loss, classes)}",
                f"{units} units",
            )
        return self

    @cached_property
    def layers(self) -> tuple[NamedLayer, ...]:
        """The network's layers, named, repeats written out."""
        return walk(self.model.layers, (self.dataset.feature_count,))

    @cached_property
    def layout(self) -> Layout:
        """The names of everything that will be recorded."""
        return Layout(
            metrics=("loss", "accuracy", "val_loss", "val_accuracy"),
            tensors=tuple(tensor for layer in self.layers for tensor in layer.tensors),
            statistics=GRADIENT_STATISTIC_NAMES,
        )

    @property
    def parameter_count(self) -> int:
        """Trainable numbers in the network."""
        return sum(layer.parameter_count for layer in self.layers)

    @property
    def one_hot(self) -> bool:
        """Whether targets are one-hot rows, one unit per class, rather than a single 0 or 1."""
        return self.layers[-1].output_shape[-1] > 1

    def canonical(self) -> str:
        """The one JSON text for this spec: every default written out, keys sorted."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)

    def fingerprint(self) -> str:
        """SHA-256 of the canonical text, in hexadecimal: equal specs, equal fingerprints."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def _advice(loss: str, classes: int) -> str:
    """The usual output layer, said only where one is usual."""
    if loss == "binary_crossentropy":
        return ": end with 1 sigmoid unit, or use categorical_crossentropy with 2 softmax units"
    if loss == "categorical_crossentropy":
        return f": end with {classes} softmax units"
    return ""


def parse(body: str | bytes) -> ExperimentSpec:
    """Read a spec from JSON.

    Raises:
        Invalid: with one problem for each thing that is wrong.
    """
    try:
        return ExperimentSpec.model_validate_json(body)
    except ValidationError as error:
        try:
            data = json.loads(body)
        except ValueError:
            data = None
        errors = [{**each, "loc": without_tags(each["loc"], data)} for each in error.errors(include_url=False)]
        raise Invalid(*from_pydantic(errors)) from error
