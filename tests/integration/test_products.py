"""Small dense layers as sums with the samples along the last axis: Keras's numbers, forward and in all gradients."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from core.training.forms import rewrite_layers
from core.training.products import MAX_SUMMED
from core.training.stack import LOGITS
from tests.layers import a_layer, forth_and_back

CASES: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "no activation": ((7, 3), {"units": 4}),
    "tanh": ((7, 3), {"units": 4, "activation": "tanh"}),
    "no bias": ((7, 3), {"units": 4, "activation": "gelu", "use_bias": False}),
    "one unit, with logits": ((7, 5), {"units": 1, "activation": "sigmoid"}),
    "units that are one": ((7, 3), {"units": 4, "activation": "softmax"}),
    "time steps": ((2, 6, 3), {"units": 4, "activation": "sigmoid"}),
    "as many samples as units": ((4, 3), {"units": 4, "activation": "relu"}),
    "images": ((2, 3, 5, 1), {"units": 2, "activation": "softmax"}),
    "the largest": ((2, 10), {"units": 10, "activation": "relu"}),
    "one too large": ((2, 10), {"units": 11, "activation": "relu"}),
}


def called(case: str, *, rewritten: bool) -> tuple[list[np.ndarray], bool]:
    """The output of a layer, the gradients of a weighted sum of it, its logits; and True if it has been rewritten."""
    shape, fields = CASES[case]
    built, x = a_layer({"kind": "dense"} | fields, shape)
    if rewritten:
        rewrite_layers([built], plainly=False)
    out, by = forth_and_back(built.keras, x)
    logits = [getattr(out, LOGITS)] if hasattr(out, LOGITS) else []
    return [each.numpy() for each in (out, *by, *logits)], "call" in vars(built.keras)


@pytest.mark.parametrize("case", CASES)
def test_outputs_logits_and_gradients_are_kerass(case):
    (mine, is_rewritten), (expected, _) = (called(case, rewritten=rewritten) for rewritten in (True, False))
    features, units = CASES[case][0][-1], CASES[case][1]["units"]
    assert is_rewritten == (features * units <= MAX_SUMMED)
    for one, other in zip(mine, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def stacked(*, rewritten: bool) -> tuple[list[np.ndarray], int]:
    """The output of two layers, gradients by the inputs and all weights, and the number of transpositions forward."""
    (first, x), (second, _) = (a_layer({"kind": "dense", "units": 4, "activation": "tanh"}, (7, n)) for n in (3, 4))
    if rewritten:
        rewrite_layers([first, second], plainly=False)
    weights = [each.value for layer in (first, second) for each in layer.keras.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch(x)
        out = second.keras(first.keras(x))
        total = tf.reduce_sum(out * out)
    graph = tf.function(lambda x: second.keras(first.keras(x)), autograph=False).get_concrete_function(x).graph
    count = [each.type for each in graph.get_operations()].count("Transpose")
    return [each.numpy() for each in (out, *tape.gradient(total, [x, *weights]))], count


def test_one_layer_behind_another_takes_its_samples_where_they_are():
    (mine, transposed), (expected, _) = (stacked(rewritten=rewritten) for rewritten in (True, False))
    assert transposed == 3, "the inputs once, and each layer's outputs"
    for one, other in zip(mine, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
