"""Reductions inside `tf.vectorized_map`, with axes as Python numbers.

TensorFlow's own conversion shifts the axes by operations of the graph, so the gradient's shape depends on a tensor. XLA
then treats the values around it as constants, weights and samples included, and compiles again at every call. The
import of this module replaces TensorFlow's conversion.
"""

from functools import partial
from typing import Any

import tensorflow as tf
from tensorflow.python.ops.parallel_for import pfor


def _reduction(reduce: Any, inside: Any) -> Any:
    """Reduce a stacked tensor along the operation's axes, which are counted without the axis of the stack."""
    axes = tf.get_static_value(inside.unstacked_input(1))
    if axes is None:
        raise ValueError(
            "axes of a reduction: expected constants, received a tensor; seeds side by side need constant axes"
        )
    keepdims = inside.get_attr("keep_dims")
    return pfor.wrap(reduce(inside.stacked_input(0), (axes + (axes >= 0)).tolist(), keepdims=keepdims), True)


for _name in ("Sum", "Mean", "Max", "Min", "Prod"):
    pfor._pfor_converter_registry[_name] = partial(_reduction, getattr(tf, f"reduce_{_name.lower()}"))
