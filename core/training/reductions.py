"""Sums and means inside `tf.vectorized_map`, with axes that stay numbers.

TensorFlow's own conversion moves the axes by one with operations of the graph. The gradient's shape then hangs on a
tensor, XLA takes all that is near it for constants, weights and samples included, and compiles anew for every call.
Importing this module puts ours in its place.
"""

from functools import partial
from typing import Any

import tensorflow as tf
from tensorflow.python.ops.parallel_for import pfor


def _reduction(reduce: Any, inside: Any) -> Any:
    """Reduce a stacked tensor along the axes, counted without the stack's, that the operation names."""
    axes = tf.get_static_value(inside.unstacked_input(1))
    if axes is None:
        raise ValueError("a reduction along axes that only the running program knows cannot be stacked")
    keepdims = inside.get_attr("keep_dims")
    return pfor.wrap(reduce(inside.stacked_input(0), (axes + (axes >= 0)).tolist(), keepdims=keepdims), True)


for _name in ("Sum", "Mean", "Max", "Min", "Prod"):
    pfor._pfor_converter_registry[_name] = partial(_reduction, getattr(tf, f"reduce_{_name.lower()}"))
