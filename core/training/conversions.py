"""Operations inside `tf.vectorized_map`, with axes, orders and multiples as Python numbers.

TensorFlow's own conversion computes them by operations of the graph, for the axis of the stack, and the gradient takes
them from the forward pass. XLA then treats whatever the forward pass takes as constants, weights and samples included,
and compiles again at every call. The import of this module replaces TensorFlow's conversion, and its gradient of a
transposition. Each operation that is not made spares its share of a trace as well.
"""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import ops
from tensorflow.python.ops.parallel_for import pfor

SIDE_BY_SIDE = "seeds side by side need constants"


# True while networks are computed side by side: of the thread that traces, as others may trace a network by itself.
_beside: ContextVar[bool] = ContextVar("_beside", default=False)


def side_by_side(compute: Callable[[Any], Any], arguments: Any) -> Any:
    """Return `tf.vectorized_map(compute, arguments)`."""
    token = _beside.set(True)
    try:
        return tf.vectorized_map(compute, arguments)
    finally:
        _beside.reset(token)


def is_beside() -> bool:
    """Return True inside of `side_by_side`, where gradients of functions are dropped."""
    return _beside.get()


def _constant(inside: Any, place: int) -> np.ndarray:
    """Return a constant input of an operation."""
    value: np.ndarray | None = tf.get_static_value(inside.unstacked_input(place))
    if value is None:
        raise ValueError(f"{inside.op_type}: expected a constant input {place}, received a tensor; {SIDE_BY_SIDE}")
    return value


def _reduction(reduce: Any, inside: Any) -> Any:
    """Reduce a stacked tensor along the operation's axes, which are counted without the axis of the stack."""
    axes = _constant(inside, 1)
    keepdims = inside.get_attr("keep_dims")
    return pfor.wrap(reduce(inside.stacked_input(0), (axes + (axes >= 0)).tolist(), keepdims=keepdims), True)


def _with_gradient(compute: Callable[..., Any], gradient: Callable[[Any], Any], tensors: Sequence[Any]) -> Any:
    """Return `compute(*tensors)`, whose gradient is computed by `gradient` instead of by TensorFlow."""
    result = tf.custom_gradient(lambda *each: (compute(*each), gradient))(*tensors)
    return pfor.wrap(result, True)


def _concatenation(inside: Any) -> Any:
    """Concatenate stacked tensors along the operation's axis."""
    last = inside.num_inputs - 1
    inside.stack_inputs(stack_indices=range(last))
    axis, tensors = int(_constant(inside, last)), [each.t for each in inside.inputs[:last]]
    axis += axis >= 0
    sizes = [tensor.shape[axis] for tensor in tensors]
    return _with_gradient(
        lambda *each: tf.concat(each, axis), lambda gradient: tf.split(gradient, sizes, axis), tensors
    )


def _transposition(inside: Any) -> Any:
    """Transpose a stacked tensor, whose first axis stays."""
    return pfor.wrap(tf.transpose(inside.stacked_input(0), [0, *(_constant(inside, 1) + 1).tolist()]), True)


def _gradient_of_transposition(op: Any, gradient: Any) -> list[Any]:
    """Return the gradient of a transposition, whose order is a number wherever it is known."""
    order = tf.get_static_value(op.inputs[1])
    back = tf.math.invert_permutation(op.inputs[1]) if order is None else np.argsort(order).astype(np.int32)
    return [tf.transpose(gradient, back), None]


def _expansion(inside: Any) -> Any:
    """Insert an axis into a stacked tensor; it is counted without the axis of the stack."""
    axis = int(_constant(inside, 1))
    return pfor.wrap(tf.expand_dims(inside.stacked_input(0), axis + (axis >= 0)), True)


def _reshaping(inside: Any) -> Any:
    """Reshape a stacked tensor, whose first axis stays."""
    tensor, shape = inside.stacked_input(0), tf.get_static_value(inside.unstacked_input(1))
    if shape is None or tensor.shape[0] is None:
        return _of_tensors(inside)
    return pfor.wrap(tf.reshape(tensor, [tensor.shape[0], *shape.tolist()]), True)


def _repetition(inside: Any) -> Any:
    """Repeat a stacked tensor along its axes, the first excepted; its gradient is the sum over the copies."""
    tensor, (one, repeated) = inside.stacked_input(0), (inside.op.inputs[0].shape, inside.op.outputs[0].shape)
    if not repeated.is_fully_defined():
        raise ValueError(f"{inside.op_type}: expected constant multiples, received a tensor; {SIDE_BY_SIDE}")
    multiples = [1, *(after // before for before, after in zip(one, repeated, strict=True))]
    copies = [size for pair in zip(multiples, tensor.shape, strict=True) for size in pair]
    copied = [*range(0, len(copies), 2)]
    return _with_gradient(
        partial(tf.tile, multiples=multiples),
        lambda gradient: tf.reduce_sum(tf.reshape(gradient, copies), copied),
        [tensor],
    )


_of_tensors = pfor._pfor_converter_registry["Reshape"]
_REDUCTIONS = ("Sum", "Mean", "Max", "Min", "Prod")
pfor._pfor_converter_registry.update(
    {name: partial(_reduction, getattr(tf, f"reduce_{name.lower()}")) for name in _REDUCTIONS}
    | {"ConcatV2": _concatenation, "Transpose": _transposition, "Tile": _repetition}
    | {"ExpandDims": _expansion, "Reshape": _reshaping}
)
ops.gradient_registry._registry["Transpose"]["type"] = _gradient_of_transposition
