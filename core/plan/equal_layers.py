"""Layers that are equal to others of their network: XLA compiles them once (`core.training.equal_layers`)."""

import math
from collections import Counter
from collections.abc import Collection, Sequence

# Shapes of the trainable tensors of a layer.
Shapes = tuple[tuple[int, ...], ...]

# An argument for each equal layer costs each call some microseconds, a fusion to compile 16 ms once.
MIN_EQUAL = 3
# Numbers of a layer. Those of smaller ones are read by each fusion that works with them, where a begin that is not
# known costs up to a fifth of an epoch, and may change last digits. Larger kernels are copied out of the row anyway.
MIN_NUMBERS = 1_000


def equal_layers(shapes: Sequence[Shapes]) -> Collection[Shapes]:
    """Return the shapes that at least MIN_EQUAL layers of MIN_NUMBERS numbers have. `shapes`: those of each layer."""
    return {
        each
        for each, count in Counter(shapes).items()
        if count >= MIN_EQUAL and sum(map(math.prod, each)) >= MIN_NUMBERS
    }
