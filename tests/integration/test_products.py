"""Small dense layers as sums with the samples along the last axis: Keras's numbers, forward and in all gradients."""

from typing import Any

import numpy as np
import pytest

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
