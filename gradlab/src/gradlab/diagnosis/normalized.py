"""The number of values over which each normalisation of a network takes its mean and variance.

Batch normalisation takes them over the samples of a batch and all places of a map or sequence. Layer normalisation
takes them over the units of a sample, group normalisation over a group of its channels at all places. Over one value x
the result is (x − x)/√(0 + ε) = 0: the output is the offset, whatever the input.
"""

import math
from dataclasses import dataclass

from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.modes import is_batch_normalization
from gradlab.diagnosis.wired import batch_of

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
    return _elsewhere(run) if isinstance(run, ExternalRun) else _here(run)


def _here(run: Run) -> tuple[Group, ...]:
    samples = run.spec.dataset.train_count
    batch = min(run.spec.training.batch_size, samples)
    rest = samples % batch or batch
    result = []
    for layer in run.spec.layers:
        if layer.spec.kind == BATCH:
            places = math.prod(layer.input_shape[:-1])
            result.append(Group(layer.name, BATCH, batch * places, rest * places))
        elif layer.spec.kind == LAYER:
            result.append(Group(layer.name, LAYER, layer.input_shape[-1], layer.input_shape[-1]))
    return tuple(result)


def _elsewhere(run: ExternalRun) -> tuple[Group, ...]:
    """The groups that the sender describes; the size of an epoch's last batch is unknown, and taken as a full one."""
    batch, result = batch_of(run), []
    for layer in run.external.layers:
        over_batch = is_batch_normalization(layer)
        if layer.normalized_values is None or (over_batch and batch is None):
            continue
        values = layer.normalized_values * (batch or 1 if over_batch else 1)
        result.append(Group(layer.name, BATCH if over_batch else LAYER, values, values))
    return tuple(result)
