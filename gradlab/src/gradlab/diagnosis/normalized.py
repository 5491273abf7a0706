"""Over how many values each normalisation of a network takes its mean and variance.

Batch normalisation does it over the samples of a batch and all places of a map or sequence, layer normalisation over
the units of a sample, group normalisation over a group of its channels at all places. Over one value x it is
(x − x)/√(0 + ε) = 0: whatever comes in, out comes the offset.
"""

import math
from dataclasses import dataclass

from gradlab.diagnosis.evidence import ExternalRun, Run

BATCH, LAYER = "batch_normalization", "layer_normalization"


@dataclass(frozen=True)
class Group:
    """What a normalisation takes its mean and variance over.

    Attributes:
        layer: its name.
        kind: ``batch_normalization``, ``layer_normalization`` ...
        values: how many values in a full batch.
        rest: how many in the last batch of an epoch, where that one is smaller.
    """

    layer: str
    kind: str
    values: int
    rest: int


def groups(run: Run) -> tuple[Group, ...]:
    """The normalisations of a run's network, as far as they and the batches are known."""
    return _elsewhere(run) if isinstance(run, ExternalRun) else _here(run)


def _here(run: Run) -> tuple[Group, ...]:
    samples = run.spec.dataset.train_count
    batch = min(run.spec.training.batch_size, samples)
    rest = samples % batch or batch
    found = []
    for layer in run.spec.layers:
        if layer.spec.kind == BATCH:
            places = math.prod(layer.input_shape[:-1])
            found.append(Group(layer.name, BATCH, batch * places, rest * places))
        elif layer.spec.kind == LAYER:
            found.append(Group(layer.name, LAYER, layer.input_shape[-1], layer.input_shape[-1]))
    return tuple(found)


def _elsewhere(run: ExternalRun) -> tuple[Group, ...]:
    """What the sender says; the size of an epoch's last batch is not known."""
    batch, found = run.external.batch_size, []
    for layer in run.external.layers:
        over_batch = layer.class_name == "BatchNormalization"
        if layer.normalized_values is None or (over_batch and batch is None):
            continue
        values = layer.normalized_values * (batch or 1 if over_batch else 1)
        found.append(Group(layer.name, BATCH if over_batch else LAYER, values, values))
    return tuple(found)
