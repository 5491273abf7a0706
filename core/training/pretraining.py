"""The values that a training begins with: drawn, given, or trained layer by layer.

In layer-wise pre-training the hidden layers are trained one by one before the whole network. Each stage is a small
network of a hidden layer and an output. Its inputs are the outputs of the layers before it. Stages use the same engine
as any training; stages with equal layers share a compiled program.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from core.training.data import Data
from core.training.given import with_given
from core.training.network import LayerValues, initial_values
from core.training.program_cache import lend
from core.training.sample_order import sample_order
from gradlab.spec import ExperimentSpec, ModelSpec, NamedLayer, TrainingSpec
from gradlab.spec.recording import BUNDLES, RecordSpec
from gradlab.spec.training import Autoencoder, dense_blocks
from gradlab.vocabulary.datasets import Dataset, DatasetSpec
from gradlab.vocabulary.layers.dense import Dense
from gradlab.vocabulary.layers.layer import LayerSpec, Shape
from gradlab.vocabulary.losses import LossFunction, MeanSquaredError
from gradlab.vocabulary.optimizers import GradientOptimizer
from gradlab.vocabulary.targets import Target

# The samples of stages are ordered by `sample_order` for epochs with numbers that no training reaches.
BEYOND = 1_000_000_000


class StageDataset(DatasetSpec):
    """The dataset of a stage: its samples are computed, so only their shapes are given here."""

    kind: str = "given"
    shape: Shape
    counts: tuple[int, int]
    answers: Target

    @property
    def train_count(self) -> int:
        return self.counts[0]

    @property
    def sample_count(self) -> int:
        return sum(self.counts)

    @property
    def feature_shape(self) -> Shape:
        return self.shape

    @property
    def target(self) -> Target:
        return self.answers


def starting_values(
    spec: ExperimentSpec, seed: int, data: Data, weights: Mapping[str, np.ndarray] | None = None
) -> list[LayerValues]:
    """Return the layers' values before the first update: drawn, given, or pre-trained, as the spec says.

    Args:
        spec: the experiment.
        seed: of the draws.
        data: its samples.
        weights: the tensors of the file that `initial_weights` names; None where it names none.
    """
    with tf.variable_creator_scope(_value):
        drawn = initial_values(spec, seed)
    values = with_given(spec, drawn, weights)
    if spec.training.pretraining is None:
        return values
    samples, begin = data.samples, 0
    blocks = dense_blocks(spec.layers)
    for number, block in enumerate(blocks[:-1]):
        places = slice(begin, begin + len(block))
        stage = _stage(spec, block, blocks[-1], samples)
        with_targets = samples if not isinstance(spec.training.pretraining, Autoencoder) else _autoencoding(samples)
        values[places], output, samples = _train_stage(stage, seed, number, values[places], with_targets, samples)
        if number == len(blocks) - 2 and not isinstance(spec.training.pretraining, Autoencoder):
            values[-len(blocks[-1]) :] = output
        begin += len(block)
    return values


def _value(_make: Any, *, initial_value: Callable[[], Any], **_: Any) -> Any:
    """Return a variable's initial value in its place: making the variable takes longer than drawing the value."""
    return tf.convert_to_tensor(initial_value())


def _stage(spec: ExperimentSpec, block: list[NamedLayer], output: list[NamedLayer], samples: Dataset) -> ExperimentSpec:
    features, training = samples.train_x.shape[1:], spec.training
    assert training.pretraining is not None
    counts = len(samples.train_x), len(samples.val_x)
    loss: LossFunction = MeanSquaredError()
    if isinstance(training.pretraining, Autoencoder):
        target = Target("values", features[0])
        top: list[LayerSpec] = [Dense(units=features[0])]
    else:
        target, loss = spec.dataset.target, spec.only_output.loss
        top = [layer.spec.model_copy(update={"repeat": 1}) for layer in output]
    inner = [layer.spec.model_copy(update={"repeat": 1}) for layer in block]
    optimizer: GradientOptimizer = training.optimizer
    return ExperimentSpec.model_construct(
        name="stage",
        dataset=StageDataset(shape=features, counts=counts, answers=target),
        model=ModelSpec.model_construct(layers=(*inner, *top)),
        training=TrainingSpec.model_construct(
            loss=loss,
            optimizer=optimizer,
            epochs=training.pretraining.epochs,
            batch_size=training.batch_size,
            metrics=(),
        ),
        record=RecordSpec.model_validate(BUNDLES["nothing"]),
        seeds=(0,),
    )


def _autoencoding(samples: Dataset) -> Dataset:
    return replace(samples, train_y=samples.train_x, val_y=samples.val_x)


def _train_stage(
    stage: ExperimentSpec, seed: int, number: int, values: list[LayerValues], with_targets: Dataset, samples: Dataset
) -> tuple[list[LayerValues], list[LayerValues], Dataset]:
    """Train a stage.

    Returns:
        Values of the hidden layers, values of the output, and the samples as the hidden layers transform them.
    """
    count, data = stage.dataset.train_count, Data(stage, with_targets)
    with lend(stage, 1) as program:
        program.begin(stage, [[*values, *initial_values(stage, seed)[len(values) :]]])
        first, last = BEYOND + number * stage.training.epochs + 1, BEYOND + (number + 1) * stage.training.epochs
        for begin in range(first, last + 1, program.capacity):
            epochs = range(begin, min(begin + program.capacity, last + 1))
            permutations = np.array([[sample_order(seed, epoch, count)] for epoch in epochs])
            program.run(data, permutations, begin, 1)
        program.stack.write_back()
        layers = program.stack.network.layers
        trained = [LayerValues.of(layer.keras) for layer in layers]

        def through(x: np.ndarray) -> np.ndarray:
            y = tf.constant(x)
            for layer in layers[: len(values)]:
                y = layer([y], False)
            passed: np.ndarray = y.numpy()
            return passed

        onward = replace(samples, train_x=through(samples.train_x), val_x=through(samples.val_x))
    return trained[: len(values)], trained[len(values) :], onward
