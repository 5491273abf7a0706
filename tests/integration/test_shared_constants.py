"""Constants of a traced graph: equal ones are one operation, others stay apart."""

from contextlib import nullcontext
from typing import Any

import numpy as np
import tensorflow as tf

from core.training.shared_constants import shared


def constants(function: Any, block: Any = shared) -> list[Any]:
    with block():
        graph = tf.function(function, autograph=False).get_concrete_function(tf.zeros((2, 3))).graph
    return [each for each in graph.get_operations() if each.type == "Const"]


def test_equal_constants_are_one_operation():
    def sums(x: Any) -> Any:
        return tf.reduce_sum(x, 1), tf.reduce_max(x, 1), tf.reshape(x, [3, 2]), tf.reshape(-x, np.array([3, 2]))

    assert len(constants(sums)) == 3, "the axis; the shape in 32 bits, and in 64"


def test_constants_that_python_takes_for_equal_stay_apart():
    kept: list[Any] = [1, True, 1.0, np.int64(1), [1, 0], [True, False]]

    def made(x: Any) -> Any:
        return [tf.constant(each) for each in kept]

    several, alone = (
        [tf.get_static_value(each.outputs[0]) for each in constants(made, block)] for block in (shared, nullcontext)
    )
    assert len(alone) == len(kept)
    assert [(each.dtype, each.tobytes()) for each in several] == [(each.dtype, each.tobytes()) for each in alone]


def test_graphs_share_no_constants():
    def branches(x: Any) -> Any:
        return tf.cond(x[0, 0] > 0, lambda: tf.reduce_sum(x, 1), lambda: tf.reduce_max(x, 1))

    with shared():
        traced = tf.function(branches, autograph=False).get_concrete_function(tf.zeros((2, 3)))
    np.testing.assert_array_equal(traced(tf.ones((2, 3))), [3, 3])
    np.testing.assert_array_equal(traced(-tf.ones((2, 3))), [-1, -1])


def test_floating_point_constants_stay_apart_as_a_gradient_may_be_taken_by_one_of_them():
    def gradients(x: Any) -> Any:
        one, other, third = tf.zeros((3,)), tf.zeros((3,)), tf.constant(0, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch([one, other, third])
            total = tf.reduce_sum(one + 2.0 * other + 4.0 * third)
        return tape.gradient(total, [one, other, third])

    with shared():
        traced = tf.function(gradients, autograph=False).get_concrete_function(tf.zeros((2, 3)))
    one, other, third = traced(tf.zeros((2, 3)))
    assert (one.numpy().tolist(), other.numpy().tolist(), float(third)) == ([1.0] * 3, [2.0] * 3, 12.0)
