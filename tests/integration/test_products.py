"""Small dense layers as sums with the samples along the last axis: Keras's numbers, forward and in all gradients."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.training.forms import rewrite_layers
from core.training.network import BuiltLayer
from core.training.products import MAX_SUMMED
from core.training.stack import LOGITS
from gradlab.spec.experiment import ModelSpec
from gradlab.spec.network import walk

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


def forth_and_back(case: str, *, rewritten: bool) -> tuple[list[np.ndarray], bool]:
    """The output of a layer, its logits, the gradients of a weighted sum of it; and True if it has been rewritten."""
    shape, fields = CASES[case]
    (spec,) = ModelSpec.model_validate({"layers": [{"kind": "dense"} | fields]}).layers
    (named,) = walk([spec], shape[1:])
    layer = spec.build(keras, name="any", seeds=iter(range(99)))
    spec.create_weights(layer, shape[1:])
    random = np.random.default_rng(0)
    for variable in layer.trainable_variables:  # biases, too
        variable.assign(random.normal(size=variable.shape))
    x = tf.constant(random.normal(size=shape).astype(np.float32))
    if rewritten:
        rewrite_layers([BuiltLayer(named, layer)], plainly=False)
    with tf.GradientTape() as tape:
        tape.watch(x)
        out = layer(x, training=True)
        total = tf.reduce_sum(out * np.random.default_rng(1).normal(size=out.shape).astype(np.float32))
    by = tape.gradient(total, [x, *(each.value for each in layer.trainable_variables)])
    logits = [getattr(out, LOGITS)] if hasattr(out, LOGITS) else []
    return [each.numpy() for each in (out, *by, *logits)], "call" in vars(layer)


@pytest.mark.parametrize("case", CASES)
def test_outputs_logits_and_gradients_are_kerass(case):
    (mine, is_rewritten), (expected, _) = (forth_and_back(case, rewritten=rewritten) for rewritten in (True, False))
    features, units = CASES[case][0][-1], CASES[case][1]["units"]
    assert is_rewritten == (features * units <= MAX_SUMMED)
    for one, other in zip(mine, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
