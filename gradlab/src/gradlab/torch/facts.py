"""Facts about the samples of a PyTorch training, worked out in its own process. No sample is among them."""

import numpy as np

from gradlab.facts import Facts, of_external
from gradlab.spec.external import ExternalSpec
from gradlab.torch.samples import Samples

# Samples that facts are worked out from: a share of them is known to one hundredth, and reading them takes seconds.
MAX_FACTS_SAMPLES = 10_000


def facts_of(spec: ExternalSpec, samples: Samples, validation: Samples | None) -> Facts | None:
    """Return the facts of a training; None for samples with several inputs or targets."""
    train = samples.arrays(MAX_FACTS_SAMPLES)
    if train is None:
        return None
    val = None if validation is None else validation.arrays(MAX_FACTS_SAMPLES)
    val_x, val_y = (None, None) if val is None else val
    x = _channels_last(train[0], spec)
    facts = of_external(spec, x, train[1], None if val_x is None else _channels_last(val_x, spec), val_y)
    counts = {"train_count": samples.count, "val_count": 0 if validation is None else validation.count}
    return facts.model_copy(update=counts)


def _channels_last(x: np.ndarray, spec: ExternalSpec) -> np.ndarray:
    """Turn images to the order of axes of the first layer's `input_shape`, where that is Keras's."""
    shape = next((each.input_shape for each in spec.layers if each.inbound == ()), None)
    moved = np.moveaxis(x, 1, -1) if x.ndim > 2 else x
    return moved if shape is not None and x.shape[1:] != shape and moved.shape[1:] == shape else x
