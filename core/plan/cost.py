"""What a training has to do, counted from its spec alone, and what doing it took.

A plan's work is a handful of counts, each of which costs its own number of seconds or bytes (`core.plan.calibration`):
what is traced and compiled once, what each update launches, multiplies and moves, what measuring adds.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from core.plan.widths import MAX_INITIAL_SAMPLES, keeps_gradients, stackable, width_for
from gradlab.measurement.kinds import KINDS, names_from
from gradlab.measurement.kinds.boundary import PLANE_POINTS
from gradlab.measurement.kinds.kind import Form, Source
from gradlab.spec.experiment import ExperimentSpec
from gradlab.spec.network import NamedLayer
from gradlab.spec.recording import PROBE_SAMPLES

Counts = dict[str, float]

# A multiply-add forward makes two backward: by the weights and by the inputs.
WAYS = 3
# Kinds of layers whose operations cost alike to trace and compile; all others are `layers` alone.
FAMILIES = {
    "normalization": ("batch_normalization", "layer_normalization"),
    "convolutions": ("conv1d", "conv2d"),
    "simple_recurrent": ("simple_rnn",),
    "gated_recurrent": ("gru", "lstm"),
    "attention": ("multi_head_attention",),
    "embedding": ("embedding",),
    "random": ("dropout", "gaussian_noise"),
}

# Stands before the counts of epochs in which a layer is trained by itself: they cost what epochs cost.
PRETRAINED = "pretrained_"
# What XLA does slowly number by number: the way back through a maximum, and drawing random numbers.
MOVING = (("max_pooling1d", "max_pooling2d"), FAMILIES["random"])


@dataclass(frozen=True)
class Plan:
    """The counted work of a spec.

    Attributes:
        start: once, until the first group of seeds was looked at before its first update: what is compiled among it.
        group: for each further group of seeds.
        epoch: for each epoch of a group.
        groups: how many groups of seeds train one after another.
        epochs: how many epochs all groups together train at most.
        bytes: the most memory at a time, as shipped numbers have it.
    """

    start: Counts
    group: Counts
    epoch: Counts
    groups: int
    epochs: int
    bytes: int


@dataclass(frozen=True)
class Measured:
    """What a whole training took.

    Attributes:
        start_seconds: until the first group of seeds was looked at before its first update; compiling is part of it.
        rest_seconds: everything after that, without what the receiver of the chunks did.
        groups: how many groups of seeds were trained one after another.
        epochs: how many epochs all groups together were trained.
        bytes: by how much the process's resident size rose at most; None where the system does not say.
    """

    start_seconds: float
    rest_seconds: float
    groups: int
    epochs: int
    bytes: int | None


def start_counts(spec: ExperimentSpec) -> Counts:
    """What is done once: building networks in Keras always, tracing and compiling where there is an update."""
    counts: Counts = {"build": 1, "build_layers": len(spec.layers), "stages": _stages(spec)}
    values = spec.dataset.sample_count * (spec.dataset.value_count + spec.layers[-1].output_shape[-1])
    counts["dataset"] = values
    counts |= initial_probe_counts(spec) | _pretraining(spec)
    counts |= {f"probe_{name}": count for name, count in _probed(spec).items()}
    if spec.training.epochs:
        counts |= {f"compile_{name}": count for name, count in _compiled(spec).items()}
    return counts


def group_counts(spec: ExperimentSpec) -> Counts:
    """What is done for each further group of seeds."""
    return initial_probe_counts(spec) | _pretraining(spec)


def _compiled(spec: ExperimentSpec) -> Counts:
    """What a training program is made of; a smaller last batch that cannot be filled up is traced once more."""
    layers, training, train = spec.layers, spec.training, spec.dataset.train_count
    apart = train % min(training.batch_size, train) and any(layer.spec.mixes_samples for layer in layers)
    copies = 2 if apart and train > training.batch_size else 1
    counts: Counts = {
        "program": 1,
        "layers": copies * len(layers),
        "tensors": sum(len(each.tensors) for each in layers),
    }
    for family, kinds in FAMILIES.items():
        counts[family] = copies * sum(_copies(layer, kinds) for layer in layers)
    counts["stacked"] = len(layers) * (width_for(spec) > 1)
    counts["slots"] = training.optimizer.slots
    counts["measured"] = 1.0 * ("gradients" in spec.layout and not keeps_gradients(spec, width_for(spec)))
    return counts


def _probed(spec: ExperimentSpec) -> Counts:
    """The look at what flows through the layers, traced for epoch 0; networks that cannot be stacked are compiled."""
    if not any(kind in spec.layout for kind in names_from("flows")):
        return {}
    watched = [layer for layer in spec.layers if layer.spec.watched(layer.input_shape) is not None]
    if stackable(spec):
        return {"graph_layers": len(watched)}
    counts: Counts = {"program": 1, "layers": len(spec.layers), "watched": len(watched)}
    return counts | {family: sum(_copies(layer, kinds) for layer in watched) for family, kinds in FAMILIES.items()}


def _copies(layer: NamedLayer, kinds: tuple[str, ...]) -> int:
    """How many layers of these kinds it is: a bidirectional one is two."""
    held = getattr(layer.spec, "layer", None)
    return 2 * (held.kind in kinds) if held else int(layer.spec.kind in kinds)


def _stages(spec: ExperimentSpec) -> int:
    """Layers that are trained one by one before the whole, each by a program of its own: with weights, but the last."""
    return max(0, sum(bool(layer.tensors) for layer in spec.layers) - 1) if spec.training.pretraining else 0


def _pretraining(spec: ExperimentSpec) -> Counts:
    """The epochs before the whole is trained, each of one layer and an output."""
    pretraining, stages = spec.training.pretraining, _stages(spec)
    epochs = stages * pretraining.epochs if pretraining else 0
    share = epochs / len(spec.layers)
    return {f"{PRETRAINED}{name}": share * count for name, count in epoch_counts(spec).items()} if epochs else {}


def initial_probe_counts(spec: ExperimentSpec) -> Counts:
    """Epoch 0 of a group: new weights, the losses of all samples, the gradient over many."""
    width, dataset = width_for(spec), spec.dataset
    looked_at = WAYS * min(MAX_INITIAL_SAMPLES, dataset.train_count) + dataset.sample_count - dataset.train_count
    steps = sum(layer.spec.time_steps(layer.input_shape) or 0 for layer in spec.layers)
    return {
        "look": 1,
        "look_layers": len(spec.layers),
        "look_products": width * looked_at * sum(_operations(layer) for layer in spec.layers),
        "look_values": width * looked_at * sum(kept(layer) for layer in spec.layers),
        "look_steps": steps,
    }


def epoch_counts(spec: ExperimentSpec) -> Counts:
    """One epoch of all seeds side by side."""
    dataset, layout, width = spec.dataset, spec.layout, width_for(spec)
    train, validation = dataset.train_count, dataset.sample_count - dataset.train_count
    updates, layers = math.ceil(train / spec.training.batch_size), spec.layers
    convolving = [layer for layer in layers if layer.spec.kind in FAMILIES["convolutions"]]
    convolutions, operations = (sum(map(_operations, some)) for some in (convolving, layers))
    values = sum(kept(layer) for layer in layers)
    pooled, drawn = (sum(math.prod(each.input_shape) for each in layers if each.spec.kind in kinds) for kinds in MOVING)
    numbers, steps = width * spec.parameter_count, sum(each.spec.time_steps(each.input_shape) or 0 for each in layers)
    passes = width * (WAYS * train + validation)
    every = {kind: 1 / layout[kind].every if kind in layout else 0.0 for kind in layout_kinds(spec)}
    looks = max(every.get(kind, 0.0) for kind in names_from("flows"))
    probe = width * looks * min(PROBE_SAMPLES, train)
    histograms = updates * _times(every, "gradients", "vector") + _times(every, "weights", "vector")
    return {
        "epoch": 1,
        "updates": updates,
        "update_layers": updates * len(layers),
        "update_numbers": updates * numbers * (2 + spec.training.optimizer.slots),
        "steps": updates * steps,
        "products": passes * (operations - convolutions),
        "convolutions": passes * convolutions,
        "values": passes * values,
        "pooled": width * train * pooled,
        "drawn": width * train * drawn,
        "gradient_statistics": updates * numbers * _times(every, "gradients", "statistic"),
        "weight_statistics": numbers * _times(every, "weights", "statistic"),
        "histograms": histograms * numbers,
        "look_products": probe * WAYS * operations,
        "look_values": probe * values,
        "look_steps": looks * width * steps,
        "boundary": width * _times(every, "plane", "plane") * PLANE_POINTS**2 * (operations + values),
    }


def _times(every: Mapping[str, float], source: Source, form: Form) -> float:
    """How often an epoch is recorded, all kinds together that are measured from the same thing in the same form."""
    return sum(every.get(kind.name, 0.0) for kind in KINDS if (kind.source, kind.shown_as) == (source, form))


def layout_kinds(spec: ExperimentSpec) -> tuple[str, ...]:
    """The kinds of series that are recorded."""
    return tuple(series.kind for series in spec.layout.series)


def _operations(layer: NamedLayer) -> float:
    return layer.spec.operations(layer.input_shape)


def kept(layer: NamedLayer) -> int:
    """How many numbers one sample leaves in a layer until the backward pass."""
    numbers = math.prod(layer.output_shape)
    # A recurrent layer keeps its gates and its states at every step.
    for tensor in layer.tensors:
        if tensor.parameter.endswith("recurrent_kernel"):
            units, gates = tensor.shape[-2:]
            numbers += layer.input_shape[0] * (gates + 2 * units)
    # Attention keeps for each head how much every position looks at every other, before and after the softmax.
    heads = getattr(layer.spec, "num_heads", 0)
    return numbers + 2 * heads * layer.input_shape[0] ** 2
