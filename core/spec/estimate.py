"""What an experiment will cost, from its spec alone, and whether that is within the service's bounds.

The constants were measured on two x86-64 cores with TensorFlow 2.21: updates of batches of 32 in one program compiled
by XLA, gradient statistics included, over networks from 5 layers of 5 units to 3 of 1024, recurrent ones of 50 and 200
steps and convolutions of 8×8 and 28×28 pixels. They are right within a factor of about three.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from core.datasets.dataset import PLANE_POINTS
from core.errors import Invalid, Problem
from core.settings import Settings
from core.spec.bounds import exceeded
from core.spec.experiment import ExperimentSpec
from core.spec.network import NamedLayer, layer_count
from core.spec.side_by_side import (
    MOST_CHUNK_EPOCHS,
    MOST_INITIAL_SAMPLES,
    MOST_ORDER_ENTRIES,
    MOST_SERIES_NUMBERS,
    PROBE_SAMPLES,
    block_for,
    looks_for,
    traced_numbers,
    width_for,
)

# Tracing and compiling: once, and for each layer.
COMPILE_SECONDS, COMPILE_SECONDS_PER_LAYER = 2.5, 0.25
COMPILE_BYTES, COMPILE_BYTES_PER_LAYER = 200_000_000, 8_000_000
# One layer's share of an update, and one time step's, forward and backward.
UPDATE_SECONDS_PER_LAYER, UPDATE_SECONDS_PER_STEP = 4e-6, 4e-5
# Multiply-adds per second in matrix products and in convolutions.
OPERATIONS_PER_SECOND = 2.5e10
# Sorting one number into the bins of a histogram.
HISTOGRAM_SECONDS = 1.5e-8
# A multiply-add forward makes two backward: by the weights and by the inputs.
WAYS = 3

NUMBER_BYTES = 4
# Weights, gradients and slots are held so often: as variables, in the program's loop, in checkpoints, in statistics.
STATE_COPIES = 8
# Values held for each number that flows through a layer: before and after the activation, and what comes back.
FLOW_COPIES = 3
# The same for what is looked at, about which statistics are worked out one by one.
LOOK_COPIES = 12
# What a block of epochs leaves behind is held by the program, by NumPy and by the statistics worked out from it.
TRACE_COPIES = 8
# A dataset is drawn and scaled as float64 and kept as float32.
DATASET_BYTES_PER_VALUE = 8 + 8 + 4
# The network itself is kept as it was before the first update and after the last.
NETWORKS_KEPT = 2
# Arrays that go into the program or come out of it are held by NumPy, by TensorFlow and by the program.
BOUNDARY_COPIES = 3


@dataclass(frozen=True)
class Estimate:
    """What an experiment will cost.

    Attributes:
        parameters: trainable numbers in the network.
        series_bytes: what its recorded series and its networks take in the database, all runs together.
        memory_bytes: the most memory that training takes beyond the loaded TensorFlow's.
        seconds: training time of all runs on a two-core machine, compilation included.
        compile_seconds: what of it passes before the first epoch.
    """

    parameters: int
    series_bytes: int
    memory_bytes: int
    seconds: float
    compile_seconds: float


def estimate(spec: ExperimentSpec) -> Estimate:
    """Foresee the cost of `spec`."""
    stages = 1 + _pretrained_layers(spec)
    compiling = stages * (COMPILE_SECONDS + COMPILE_SECONDS_PER_LAYER * len(spec.layers))
    pretraining = spec.training.pretraining
    epochs = spec.training.epochs + (_pretrained_layers(spec) * pretraining.epochs if pretraining else 0)
    return Estimate(
        parameters=spec.parameter_count,
        series_bytes=_series_bytes(spec),
        memory_bytes=sum(memory(spec).values()),
        seconds=compiling + len(spec.seeds) * epochs * sum(epoch_seconds(spec).values()),
        compile_seconds=compiling,
    )


def epoch_seconds(spec: ExperimentSpec) -> dict[str, float]:
    """What one epoch of one run takes, by what is done."""
    dataset = spec.dataset
    updates = math.ceil(dataset.train_count / spec.training.batch_size)
    forward = sum(_forward_seconds(layer) for layer in spec.layers)
    steps = sum(layer.spec.time_steps(layer.input_shape) or 0 for layer in spec.layers)
    looks = max((1 / spec.layout[kind].every for kind in ("activations", "signals") if kind in spec.layout), default=0)
    counted = {"gradient_histograms": updates, "weight_histograms": 1}
    counts = sum(times / spec.layout[kind].every for kind, times in counted.items() if kind in spec.layout)
    probe = min(PROBE_SAMPLES, dataset.train_count)
    boundaries = 1 / spec.layout["boundary"].every if "boundary" in spec.layout else 0
    return {
        "products": WAYS * forward * dataset.train_count,
        "steps": updates * (len(spec.layers) * UPDATE_SECONDS_PER_LAYER + steps * UPDATE_SECONDS_PER_STEP),
        "validation": forward * (dataset.sample_count - dataset.train_count),
        "looking": looks * (WAYS * forward * probe + steps * UPDATE_SECONDS_PER_STEP),
        "histograms": counts * spec.parameter_count * HISTOGRAM_SECONDS,
        "boundary": boundaries * forward * PLANE_POINTS**2,
    }


def memory(spec: ExperimentSpec) -> dict[str, int]:
    """The most bytes that are held at a time, by what they hold."""
    dataset, width = spec.dataset, width_for(spec)
    train, validation = dataset.train_count, dataset.sample_count - dataset.train_count
    values = math.prod(dataset.feature_shape) + math.prod(spec.layers[-1].output_shape)
    flow = sum(_kept(layer) for layer in spec.layers)
    widest = max(math.prod(layer.input_shape) + _kept(layer) for layer in spec.layers)
    looked_at = max(min(spec.training.batch_size, train), min(MOST_INITIAL_SAMPLES, train))
    state = spec.parameter_count * (2 + spec.training.optimizer.slots) + sum(
        layer.spec.state_size(layer.input_shape) for layer in spec.layers
    )
    orders = max(train * width, min(MOST_ORDER_ENTRIES, MOST_CHUNK_EPOCHS * train * width))
    numbers = width * sum(math.prod(series.shape) / series.every for series in spec.layout.series)
    series = max(numbers, min(MOST_SERIES_NUMBERS, MOST_CHUNK_EPOCHS * numbers))
    points = PLANE_POINTS**2 if "boundary" in spec.layout else 0
    return {
        "dataset": dataset.sample_count * values * DATASET_BYTES_PER_VALUE + NUMBER_BYTES * train * width * values,
        "state": NUMBER_BYTES * STATE_COPIES * width * state,
        "flow": NUMBER_BYTES * width * max(FLOW_COPIES * flow * looked_at, widest * validation),
        "orders": NUMBER_BYTES * BOUNDARY_COPIES * orders,
        "series": math.ceil(NUMBER_BYTES * BOUNDARY_COPIES * series),
        "boundary": NUMBER_BYTES * FLOW_COPIES * width * widest * points,
        "looks": NUMBER_BYTES * LOOK_COPIES * looks_for(spec) * flow * min(PROBE_SAMPLES, train),
        "traces": NUMBER_BYTES * TRACE_COPIES * block_for(spec, width) * traced_numbers(spec, width),
        "compilation": COMPILE_BYTES + COMPILE_BYTES_PER_LAYER * len(spec.layers),
    }


def _series_bytes(spec: ExperimentSpec) -> int:
    epochs, layout = spec.training.epochs, spec.layout
    numbers = (epochs + 1) * len(layout.metrics)
    numbers += sum((epochs // series.every + 1) * math.prod(series.shape) for series in layout.series)
    return NUMBER_BYTES * (numbers + NETWORKS_KEPT * _network_numbers(spec)) * len(spec.seeds)


def _network_numbers(spec: ExperimentSpec) -> int:
    """All numbers in a network, trained or not."""
    return spec.parameter_count + sum(layer.spec.state_size(layer.input_shape) for layer in spec.layers)


def _pretrained_layers(spec: ExperimentSpec) -> int:
    """Layers that are trained one by one before the whole: all with weights but the last."""
    return max(0, sum(bool(layer.tensors) for layer in spec.layers) - 1) if spec.training.pretraining else 0


def _forward_seconds(layer: NamedLayer) -> float:
    """One sample's way through a layer."""
    return layer.spec.operations(layer.input_shape) / OPERATIONS_PER_SECOND


def _kept(layer: NamedLayer) -> int:
    """How many numbers one sample leaves in a layer until the backward pass."""
    kept = math.prod(layer.output_shape)
    # A recurrent layer keeps its gates and its states at every step.
    for tensor in layer.tensors:
        if tensor.parameter.endswith("recurrent_kernel"):
            units, gates = tensor.shape[-2:]
            kept += layer.input_shape[0] * (gates + 2 * units)
    # Attention keeps for each head how much every position looks at every other, before and after the softmax.
    heads = getattr(layer.spec, "num_heads", 0)
    return kept + 2 * heads * layer.input_shape[0] ** 2


def check_bounds(spec: ExperimentSpec, settings: Settings) -> None:
    """Refuse what is larger than this service allows.

    Raises:
        Invalid: one problem for each bound that is exceeded, saying by how much.
    """
    if problems := tuple(_exceeded(spec, settings)):
        raise Invalid(*problems)


def _exceeded(spec: ExperimentSpec, settings: Settings) -> Iterator[Problem]:
    dataset, cost = spec.dataset, estimate(spec)
    sizes: tuple[tuple[str, str, float], ...] = (
        ("model.layers", "max_layers", layer_count(spec.model.layers)),
        ("model.layers", "max_parameters", cost.parameters),
        ("dataset.samples", "max_samples", dataset.sample_count),
        ("dataset", "max_values", dataset.sample_count * math.prod(dataset.feature_shape)),
        ("training.epochs", "max_epochs", spec.training.epochs),
        ("seeds", "max_seeds", len(spec.seeds)),
        ("(the whole spec)", "max_seconds", cost.seconds),
        ("(the whole spec)", "max_memory_bytes", cost.memory_bytes),
        ("(the whole spec)", "max_series_bytes", cost.series_bytes),
    )
    for field, bound, size in sizes:
        if problem := exceeded(settings, bound, field, size):
            yield problem
