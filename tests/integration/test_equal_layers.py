"""Equal layers read their weights by the same code in a compiled program, and the same weights."""

import re
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from core.training.compiled import Compiled
from core.training.network import Network
from core.training.stack import Stack
from tests.integration.test_training import OUTPUT, a_spec

EQUAL = {"kind": "dense", "units": 32, "activation": "relu", "repeat": 5}


def a_stack(width: int) -> tuple[Stack, Any]:
    stack = Stack(Network(a_spec(layers=[EQUAL, OUTPUT]), 0), width)
    return stack, tf.constant(np.random.default_rng(0).normal(size=stack.weights.shape).astype(np.float32))


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "plain"])
def test_each_tensor_is_read_from_its_place(jit: bool):
    stack, rows = a_stack(2)

    def of_rows(rows: Any, begins: Any) -> Any:
        with stack.reading(begins):
            return stack.split(rows)

    compiled = Compiled(of_rows, jit=jit)
    for found, expected in zip(compiled(rows, stack.begins), stack.split(rows), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert compiled.jit is jit, "XLA refused the function"


def test_no_place_of_an_equal_layer_is_a_constant():
    """A begin that is a constant for XLA is no parameter of the program, which slices at that place."""
    stack, rows = a_stack(1)

    def of_rows(rows: Any, begins: Any) -> Any:
        def body(number: Any, total: Any) -> tuple[Any, Any]:
            return number + 1, total + sum(map(tf.reduce_sum, stack.split(rows)))

        with stack.reading(begins):
            return tf.while_loop(lambda number, _: number < 3, body, (0, 0.0))[1]

    traced = tf.function(of_rows, jit_compile=True, autograph=False)
    entry = traced.experimental_get_compiler_ir(rows, stack.begins)(stage="hlo").split("ENTRY")[1]
    assert len(re.findall(r"= s32\[2\]\S* parameter\(", entry)) == 4, "the first of five layers has other inputs"
