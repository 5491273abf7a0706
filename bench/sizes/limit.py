"""The distance from what the machine can: floating-point operations of an epoch, and those of one product a second."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradlab.spec import ExperimentSpec

# One product of two square matrices, of which the library is at its best: 17 ms at 128 billion operations a second.
SIDE, PRODUCTS = 1024, 5


def operations_of_epoch(spec: ExperimentSpec) -> float:
    """Return the floating-point operations of an epoch's updates and of its validation.

    A forward pass has two for each multiply-add. A backward pass has as many by the weights, and as many again by the
    inputs where a layer before it has weights.
    """
    train, validation = spec.dataset.train_count, spec.dataset.sample_count - spec.dataset.train_count
    return sum(2.0 * each * (passes * train + validation) for each, passes in _multiply_adds(spec))


def _multiply_adds(spec: ExperimentSpec) -> Iterator[tuple[float, int]]:
    """Yield multiply-adds of a sample's forward pass and the number of passes of a training sample, by layer."""
    learnt: set[str] = set()
    for layer in spec.layers:
        is_behind = any(name in learnt for name in layer.inputs)
        has_weights = bool(layer.tensors) or bool(layer.shares)
        yield layer.spec.operations(layer.input_shape), 1 + has_weights + is_behind
        if is_behind or has_weights:
            learnt.add(layer.name)


def product_rate() -> float:
    """Return the floating-point operations a second of one product of matrices by TensorFlow, the best of a few."""
    import tensorflow as tf

    random = np.random.default_rng(0)
    left, right = (tf.constant(random.standard_normal((SIDE, SIDE), np.float32)) for _ in range(2))
    return 2.0 * SIDE**3 / min(_seconds(left, right) for _ in range(PRODUCTS))


def _seconds(left: Any, right: Any) -> float:
    import tensorflow as tf

    begun = time.perf_counter()
    tf.matmul(left, right).numpy()
    return time.perf_counter() - begun
