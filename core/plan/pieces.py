"""Pieces in which large uploaded datasets are worked on: a worker holds little more than the samples themselves.

Datasets that are drawn from their spec are worked on as a whole, whatever their size: sums over pieces round otherwise.
"""

import math

from core.plan.cost import kept
from gradlab.spec.ends import NetworkOutput
from gradlab.spec.experiment import ExperimentSpec

# Numbers of the samples that an epoch's copy in its order may take, all seeds together: 64 MB. The samples of larger
# ones are gathered batch by batch.
MAX_ORDERED_NUMBERS = 16_000_000
# Numbers that flow at a time while validation samples are evaluated: 16 MB, which is some ten thousands of rows.
MAX_FLOWING_NUMBERS = 4_000_000
# Numbers of one-hot targets: 64 MB. More are held as numbers of classes.
MAX_ONE_HOT_NUMBERS = 16_000_000


def gathers_batches(spec: ExperimentSpec, width: int) -> bool:
    """Return True if a program for `width` seeds gathers samples batch by batch.

    False if an epoch begins with a copy of all samples in its order.
    """
    dataset = spec.dataset
    return not dataset.is_drawn and width * dataset.train_count * dataset.value_count > MAX_ORDERED_NUMBERS


def validation_rows(spec: ExperimentSpec, width: int) -> int:
    """Return the number of validation samples that are evaluated at a time, of `width` seeds side by side.

    They are the fewest for their number of pieces: the last one is filled up.
    """
    dataset = spec.dataset
    validation = dataset.sample_count - dataset.train_count
    if dataset.is_drawn:
        return validation
    flow = width * sum(kept(layer) for layer in spec.layers)
    rows = max(1, min(validation, MAX_FLOWING_NUMBERS // max(1, flow)))
    # A masked loss is a mean over the steps that count in a batch.
    whole = spec.training.batch_size if rows < validation and any(output.mask for output in spec.outputs) else 1
    pieces = math.ceil(validation / max(whole, rows - rows % whole))
    return math.ceil(validation / pieces / whole) * whole


def holds_class_numbers(spec: ExperimentSpec, output: NetworkOutput) -> bool:
    """Return True if an output's targets are held as numbers of classes, and become one-hot batch by batch."""
    dataset, target = spec.dataset, output.target
    numbers = dataset.sample_count * math.prod(target.steps) * target.count
    return not dataset.is_drawn and output.one_hot and numbers > MAX_ONE_HOT_NUMBERS
