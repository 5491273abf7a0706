"""The work of a training, counted from its spec alone, and the measured cost of it.

Each count has a price in seconds or bytes (`core.plan.calibration`). Counts are of programs that are traced and
compiled once, of an update's launches, products and moved numbers, and of measurements. Their names are stored in the
database: `look` there stands for measuring epoch 0 or the probe batch.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.plan.equal_layers import equal_layers
from core.plan.families import FAMILIES
from core.plan.graphs import has_large_kernels, trains_plainly
from core.plan.widths import groups_of, width_for
from gradlab.measurement.kinds import KINDS, names_from
from gradlab.measurement.kinds.boundary import PLANE_POINTS
from gradlab.measurement.kinds.kind import Form, Source
from gradlab.spec.experiment import ExperimentSpec
from gradlab.spec.network import NamedLayer
from gradlab.spec.recording import PROBE_SAMPLES

Counts = dict[str, float]

# Passes of a training sample: a forward multiply-add has two backward, by the weights and by the inputs.
WAYS = 3
# Time of large products with two threads, as a share of that with one. Convolutions gain a tenth of it, or nothing.
SHARE_WITH_TWO_THREADS = 0.7
# Training samples that are measured at epoch 0: as many as leave so many numbers (400 MB) in the layers for the way
# back, in bounds. More of large images took seconds and gigabytes for a first answer (docs/decisions/0101-*.md).
MIN_INITIAL_SAMPLES, MAX_INITIAL_SAMPLES, MAX_INITIAL_NUMBERS = 512, 4096, 100_000_000
# Multiply-adds of the forward pass of these samples from which on the graph that measures them runs for longer than
# some threads' changes take: its three passes are 0.1 s of a core at least.
MIN_LONG_OPERATIONS = 1e9
# Prefix of the counts of epochs in which one layer is pretrained. Their prices are those of epochs.
PRETRAINED = "pretrained_"
# Layers that are priced by their inputs: the backward pass of a maximum, and drawing random numbers.
MOVING = (("max_pooling1d", "max_pooling2d", "max_pooling3d"), FAMILIES["random"])


@dataclass(frozen=True)
class Plan:
    """The counted work of a spec.

    Attributes:
        start: once, up to the measurement of the first group's epoch 0, compilation included.
        group: for each further group of seeds.
        epoch: for each epoch of a group.
        groups: number of groups of seeds, priced as if they trained one after another.
        epochs: number of epochs of all groups together, at most.
        bytes: peak memory by the shipped numbers.
    """

    start: Counts
    group: Counts
    epoch: Counts
    groups: int
    epochs: int
    bytes: int


@dataclass(frozen=True)
class Measured:
    """The measured cost of a whole training.

    Attributes:
        start_seconds: up to the measurement of the first group's epoch 0, compilation included.
        rest_seconds: after that, without the time that the receiver of the chunks took.
        groups: number of groups of seeds.
        epochs: number of trained epochs of all groups together.
        bytes: highest rise of the process's resident size; None if the system does not report it.
    """

    start_seconds: float
    rest_seconds: float
    groups: int
    epochs: int
    bytes: int | None


def start_counts(spec: ExperimentSpec) -> Counts:
    """Return the work that is done once: building networks in Keras and, if there is an update, compilation."""
    counts: Counts = {"build": 1, "build_layers": len(spec.layers), "stages": _stages(spec)}
    answers = sum(output.layer.output_shape[-1] for output in spec.outputs)
    counts["dataset"] = spec.dataset.sample_count * (spec.dataset.value_count + answers)
    counts |= initial_probe_counts(spec) | _pretraining(spec)
    counts |= _probed(spec)
    if spec.training.epochs:
        counts |= _program(spec)
    return counts


def group_counts(spec: ExperimentSpec) -> Counts:
    """Return the work for each further group of seeds."""
    return initial_probe_counts(spec) | _pretraining(spec)


def _program(spec: ExperimentSpec) -> Counts:
    """Count the parts of a training program. A smaller last batch that cannot be filled up is traced once more.

    Of equal layers all are traced, but XLA compiles one.
    """
    layers, training, train = spec.layers, spec.training, spec.dataset.train_count
    apart = train % min(training.batch_size, train) and any(layer.spec.mixes_samples for layer in layers)
    copies = 2 if apart and train > training.batch_size else 1
    begun, alike = ("trace", []) if trains_plainly(spec) else ("compile", _alike(layers))
    counts: Counts = {
        "program": 1,
        "layers": copies * (len(layers) - len(alike)),
        "tensors": sum(len(each.tensors) for each in layers) - sum(len(each.tensors) for each in alike),
    }
    of_kind = _kinds(layers)
    for family, kinds in FAMILIES.items():
        counts[family] = copies * sum(of_kind[kind] for kind in kinds)
    counts["stacked"] = len(layers) * (width_for(spec) > 1)
    counts["slots"] = training.optimizer.slots
    named: Counts = {f"{begun}_{name}": count for name, count in counts.items()}
    return named | {"trace_layers": copies * len(alike)} if alike else named


def _alike(layers: Sequence[NamedLayer]) -> list[NamedLayer]:
    """Return all but the first of each set of equal layers."""
    shapes = [tuple(tensor.shape for tensor in layer.tensors) for layer in layers]
    equal = equal_layers(shapes)
    return [layer for i, layer in enumerate(layers) if shapes[i] in equal and shapes[i] in shapes[:i]]


def _probed(spec: ExperimentSpec) -> Counts:
    """Count the layers of the graph that probes them, which is traced for epoch 0."""
    if not any(kind in spec.layout for kind in names_from("flows")):
        return {}
    return {"probe_layers": len([layer for layer in spec.layers if layer.spec.watched(layer.input_shape) is not None])}


def _kinds(layers: Iterable[NamedLayer]) -> Counter[str]:
    """Count the layers of each kind, those inside others by their own; a bidirectional one has two."""
    of_kind: Counter[str] = Counter()
    for layer in layers:
        held = getattr(layer.spec, "layer", layer.spec)
        of_kind[held.kind] += 2 if layer.spec.kind == "bidirectional" else 1
    return of_kind


def _stages(spec: ExperimentSpec) -> int:
    """Return the number of pretrained layers, each with a program of its own: all with weights but the last."""
    return max(0, sum(bool(layer.tensors) for layer in spec.layers) - 1) if spec.training.pretraining else 0


def _pretraining(spec: ExperimentSpec) -> Counts:
    """Return the work of pretraining epochs, each of one layer and an output."""
    pretraining, stages = spec.training.pretraining, _stages(spec)
    epochs = stages * pretraining.epochs if pretraining else 0
    share = epochs / len(spec.layers)
    return {f"{PRETRAINED}{name}": share * count for name, count in epoch_counts(spec).items()} if epochs else {}


def initial_probe_counts(spec: ExperimentSpec) -> Counts:
    """Return the work of a group's epoch 0: new weights, losses of all samples, a gradient over many."""
    width, dataset = width_for(spec), spec.dataset
    passes = WAYS * initial_samples(spec) + dataset.sample_count - dataset.train_count
    steps = sum(layer.spec.time_steps(layer.input_shape) or 0 for layer in spec.layers)
    return {
        "look": 1,
        "look_layers": len(spec.layers),
        **_multiplied(spec, width * passes, "look_products", "look_products"),
        "look_values": width * passes * sum(kept(layer) for layer in spec.layers),
        "look_steps": steps,
    }


def epoch_counts(spec: ExperimentSpec) -> Counts:
    """Return the work of one epoch of all seeds side by side."""
    dataset, layout, width = spec.dataset, spec.layout, width_for(spec)
    train, validation = dataset.train_count, dataset.sample_count - dataset.train_count
    updates, layers = math.ceil(train / spec.training.batch_size), spec.layers
    values, operations = (sum(map(count, layers)) for count in (kept, _operations))
    pooled, drawn = (sum(math.prod(each.input_shape) for each in layers if each.spec.kind in kinds) for kinds in MOVING)
    numbers, steps = width * spec.parameter_count, sum(each.spec.time_steps(each.input_shape) or 0 for each in layers)
    passes = width * (WAYS * train + validation)
    # Places that fill a group up are trained and not measured.
    measured = len(spec.seeds) / len(groups_of(spec.seeds, width))
    measured_numbers = measured * spec.parameter_count
    every = {kind: 1 / layout[kind].every if kind in layout else 0.0 for kind in layout_kinds(spec)}
    probes = max(every.get(kind, 0.0) for kind in names_from("flows"))
    probed = measured * probes * min(PROBE_SAMPLES, train)
    of_gradients, of_weights = (_times(every, source, "vector") for source in ("gradients", "weights"))
    multiplied = _multiplied(spec, passes, "products", "convolutions")
    for name, count in _multiplied(spec, probed * WAYS, "look_products", "look_products").items():
        multiplied[name] = multiplied.get(name, 0.0) + count
    return {
        **multiplied,
        "epoch": 1,
        "updates": updates,
        "update_layers": updates * len(layers),
        "update_numbers": updates * numbers * (2 + spec.training.optimizer.slots),
        "steps": updates * steps,
        "values": passes * values,
        "pooled": width * train * pooled,
        "drawn": width * train * drawn,
        "gradient_statistics": updates * measured_numbers * _times(every, "gradients", "statistic"),
        "weight_statistics": measured_numbers * _times(every, "weights", "statistic"),
        "histograms": (updates * of_gradients + of_weights) * measured_numbers,
        "look_values": probed * values,
        "look_steps": probes * measured * steps,
        "boundary": width * _times(every, "plane", "plane") * PLANE_POINTS**2 * (operations + values),
    }


def _multiplied(spec: ExperimentSpec, passes: float, by_others: str, by_convolutions: str) -> Counts:
    """Count multiply-adds of so many passes of a sample; in a plain graph convolutions have a price of their own."""
    by_convolutions = "plain_convolutions" if trains_plainly(spec) else by_convolutions
    share = SHARE_WITH_TWO_THREADS if has_large_kernels(spec) else 1.0
    counts = {by_others: 0.0, by_convolutions: 0.0}
    for layer in spec.layers:
        slides = layer.spec.kind in FAMILIES["convolutions"]
        counts[by_convolutions if slides else by_others] += passes * (1.0 if slides else share) * _operations(layer)
    return counts


def _times(every: Mapping[str, float], source: Source, form: Form) -> float:
    """Return the recordings per epoch of all kinds with the same source and form."""
    return sum(every.get(kind.name, 0.0) for kind in KINDS if (kind.source, kind.shown_as) == (source, form))


def layout_kinds(spec: ExperimentSpec) -> tuple[str, ...]:
    """Return the kinds of series that are recorded."""
    return tuple(series.kind for series in spec.layout.series)


def _operations(layer: NamedLayer) -> float:
    return layer.spec.operations(layer.input_shape)


def initial_samples(spec: ExperimentSpec) -> int:
    """Return the number of training samples that are measured at epoch 0, all at once: the dataset's first ones."""
    each = sum(kept(layer) for layer in spec.layers)
    return min(spec.dataset.train_count, MAX_INITIAL_SAMPLES, max(MIN_INITIAL_SAMPLES, MAX_INITIAL_NUMBERS // each))


def measures_long(spec: ExperimentSpec) -> bool:
    """Return True if the graph that measures epoch 0 runs for long enough to trace the program meanwhile.

    Where it does not, threads would wait for Python's lock: epoch 0 would be later than the program is earlier.
    """
    return initial_samples(spec) * sum(map(_operations, spec.layers)) >= MIN_LONG_OPERATIONS


def kept(layer: NamedLayer) -> int:
    """Return the count of numbers that a layer holds for one sample until the backward pass."""
    numbers = math.prod(layer.output_shape)
    # A recurrent layer holds its gates and its states of every step.
    for parameter, shape in layer.spec.parameters(layer.input_shape).items():
        if parameter.endswith("recurrent_kernel"):
            units, gates = shape[-2:]
            places = math.prod(layer.output_shape[1 - len(shape) : -1]) if len(shape) > 2 else 1
            numbers += layer.input_shape[0] * places * (gates + 2 * units)
    # Attention holds each head's weights between all positions, before and after the softmax.
    return numbers + 2 * heads_of(layer) * layer.input_shape[0] ** 2


def heads_of(layer: NamedLayer) -> int:
    """Return the number of heads of an attention layer, each with a weight between any two positions; else 0."""
    if layer.spec.kind not in FAMILIES["attention"]:
        return 0
    return int(getattr(layer.spec, "num_heads", getattr(layer.spec, "num_query_heads", 1)))
