"""The number of values over which each normalisation of a network takes its mean and variance.

Batch normalisation takes them over the samples of a batch and all places of a map or sequence. Layer normalisation
takes them over the units of a sample, group normalisation over a group of its channels at all places. Over one value x
the result is (x − x)/√(0 + ε) = 0: the output is the offset, whatever the input.
"""

import math
from dataclasses import dataclass

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.layers import LayerView
from gradlab.diagnosis.modes import is_batch_normalization
from gradlab.diagnosis.unknown import Unknown

BATCH, LAYER = "batch_normalization", "layer_normalization"


@dataclass(frozen=True)
class Group:
    """The values over which one normalisation takes its mean and variance.

    Attributes:
        layer: the layer's name.
        kind: ``batch_normalization`` or ``layer_normalization``.
        values: the number of values in a full batch.
        rest: the number of values in the last batch of an epoch, which may be smaller.
    """

    layer: str
    kind: str
    values: int
    rest: int


def groups(run: Run) -> tuple[Group, ...]:
    """Return the groups of a run's normalisations; without those that an external training does not describe."""
    result = []
    for layer in run.view.layers:
        if layer.kind != LAYER and not _is_over_batch(layer) and not (layer.sent and layer.sent.normalized_values):
            continue
        over_batch, places = _is_over_batch(layer), _values_of(layer)
        batch, rest = _batches(run) if over_batch else (1, 1)
        result.append(Group(layer.name, BATCH if over_batch else LAYER, batch * places, rest * places))
    return tuple(result)


def _is_over_batch(layer: LayerView) -> bool:
    return layer.kind == BATCH or (layer.sent is not None and is_batch_normalization(layer.sent))


def _values_of(layer: LayerView) -> int:
    """The number of a sample's values that share one mean."""
    if layer.sent is not None and layer.sent.normalized_values is not None:
        return layer.sent.normalized_values
    shape = layer.input_shape
    return math.prod(shape[:-1]) if _is_over_batch(layer) else shape[-1]


def _batches(run: Run) -> tuple[int, int]:
    """The number of samples in a full batch, and in the last one of an epoch; where unknown, a full one again."""
    size = run.view.batch_size
    try:
        samples = run.view.train_count
    except Unknown:
        return size, size
    batch = min(size, samples)
    return batch, samples % batch or batch
