"""Operations that XLA's translation handles directly compute what those in whose place they stand compute."""

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.function_pb2 import FunctionDef

from core.training.compiled import Compiled
from core.training.definitions import trace


def test_relu_and_its_slope_are_the_same_bits_without_the_operations_of_tensorflow():
    edges = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-45, -1e-45, 3.0]
    x = tf.constant(np.array([edges, edges[::-1]], np.float32))

    def of_rows(x: Any) -> Any:
        """Of each row in a function of its own, whose result is that of the operation."""
        with tf.GradientTape() as tape:
            tape.watch(x)
            made = tf.vectorized_map(tf.nn.relu, x)
        return made, tape.gradient(made, x, output_gradients=x + 2.0)

    compiled = Compiled(of_rows, jit=True)
    expected = tf.function(of_rows, jit_compile=True)(x)
    for found, other in zip(compiled(x), expected, strict=True):
        assert found.numpy().tobytes() == other.numpy().tobytes()
    assert compiled.jit, "XLA refused the function"
    definition, _ = trace(of_rows, (x,), jit=True, name="relus", variables=())
    operations = {node.op for _, each in definition.functions for node in FunctionDef.FromString(each).node_def}
    assert {"Maximum", "SelectV2"} <= operations
    assert not {"Relu", "ReluGrad"} & operations
