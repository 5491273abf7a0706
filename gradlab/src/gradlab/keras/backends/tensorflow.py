"""Keras on TensorFlow: the training step is a traced function that updates the variables that it captures."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from gradlab.keras.namespace import xp
from gradlab.measurement.statistics import histogram

VERSIONS = {"tensorflow": tf.__version__}
# The compiled step gets an iterator, and computes the numbers of a batch itself.
BATCHES_IN = "step"
# True if a step runs operation by operation: what it adds up may wait.
IS_EAGER = False
# A step copies a variable of which it writes a part.
WRITES_IN_PLACE = False
# Sums side by side in a large tensor.
COLUMNS = 128


def dense(gradient: Any) -> Any:
    """Return the gradient as a dense tensor. An embedding's gradient has only the rows that were looked up."""
    return tf.convert_to_tensor(gradient) if isinstance(gradient, tf.IndexedSlices) else gradient


def as_row(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Return a dense gradient of any precision as (1, *shape) float32."""
    return ops.reshape(ops.cast(gradient, "float32"), (1, *shape))


def flat(rows: Sequence[Any]) -> Any:
    """Return tensors as one row."""
    return ops.concatenate([ops.reshape(row, (-1,)) for row in rows])


def sums_of_large(g: Any) -> tuple[Any, ...]:
    """Return Σg, Σ|g|, Σg², the number of zeros and max|g| of (seeds, tensors, n): (seeds, tensors) each."""
    zeros = tf.cast(tf.equal(g, 0.0), tf.float32)
    largest = tf.maximum(tf.reduce_max(g, axis=-1), -tf.reduce_min(g, axis=-1))
    return _sum(g), _sum(tf.abs(g)), _sum(tf.square(g)), _sum(zeros), largest


def _sum(x: Any) -> Any:
    """Add along the last axis: a product with ones is faster than a sum, and adds columns side by side."""
    n = x.shape[-1]
    whole = n // COLUMNS * COLUMNS
    columns = tf.reshape(x if whole == n else x[..., :whole], (*x.shape[:-1], whole // COLUMNS, COLUMNS))
    total = tf.reduce_sum(tf.linalg.matmul(tf.ones((*x.shape[:-1], 1, whole // COLUMNS)), columns), axis=[-2, -1])
    return total if whole == n else total + tf.reduce_sum(x[..., whole:], axis=-1)


def bin_counts(x: Any) -> Any:
    """Return the histogram of (seeds, tensors, n): (seeds, tensors, bins) float32; a NaN is in no bin."""
    return histogram(x, xp)


def is_sparse(gradient: Any) -> bool:
    """True if the gradient has only some rows of its tensor."""
    return isinstance(gradient, tf.IndexedSlices)


def replicas() -> int:
    """Return the number of devices that train side by side, each on a share of every batch."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync)


def outside_of_step() -> Any:
    """Return a context in which variables may be created while the training step is traced."""
    return tf.init_scope()


def attach(optimizer: Any, variables: Sequence[Any]) -> None:
    """Let the training step update these variables. TensorFlow's step updates every variable that it captures."""


def detach(optimizer: Any, variables: Sequence[Any]) -> None:
    """Undo `attach`."""


def unconverted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that TensorFlow traces as it is: in a user's `tf.function` it would rewrite our code, too."""
    return tf.autograph.experimental.do_not_convert(function)


def see_batches(model: Any, see: Callable[[Any], None], is_over: Callable[[], bool]) -> None:
    """Call a function with each batch of the train function. Here `train_step` shows them."""


def synchronize(model: Any) -> None:
    """Bring the variables up to date in the middle of an epoch. TensorFlow's always are."""


def loss_sum(model: Any) -> tuple[float, float]:
    """Return the sum of the samples' losses and their number, since the metrics were last reset."""
    tracker = model._loss_tracker
    return float(tracker.total), float(tracker.count)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of tensors without side effects."""
    # TensorFlow warns of functions that are traced often, and takes methods of several objects for one function.
    return tf.function(functools.partial(function), autograph=False)


def value_and_gradients(function: Callable[[list[Any]], tuple[Any, Any]], arguments: list[Any]) -> tuple[Any, Any, Any]:
    """Return a function's value, what else it returns, and the value's derivatives by its arguments; None for none."""
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        value, more = function(arguments)
    return value, more, tape.gradient(value, arguments)


def constants(arrays: Sequence[np.ndarray]) -> list[Any]:
    """Convert arrays to tensors."""
    return [tf.constant(each) for each in arrays]


def values(variables: Sequence[Any]) -> list[Any]:
    """Return the variables' present values as tensors."""
    return [tf.convert_to_tensor(variable.value) for variable in variables]


def flat_values(variables: Sequence[Any]) -> Any:
    """Return the variables' present values as one row of float32, a copy."""
    return np.concatenate([np.asarray(variable.numpy(), np.float32).reshape(-1) for variable in variables])


@contextlib.contextmanager
def random_state_kept() -> Iterator[None]:
    """Keep the state of the backend's own random generator. Keras on TensorFlow has its own generators."""
    yield
