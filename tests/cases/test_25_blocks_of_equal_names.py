"""Blocks whose inner layers have equal names, inside a base inside a model; and the same in a subclassed model.

The person's `fit` runs, and every layer of every block is seen under a name of its own.
"""

import keras
import numpy as np
import pytest

from tests.cases.lab import sent_by_fit, sent_gradients
from tests.keras_models import Subclassed, custom, nested


@pytest.mark.parametrize("build", [nested, Subclassed, custom], ids=["nested", "subclassed", "custom layer"])
def test_it_is_sent_with_a_name_for_each_layer(build):
    random = np.random.default_rng(0)
    x = random.random((64, 8)).astype("float32")

    def compiled() -> keras.Model:
        model = build()
        model.compile("adam", "binary_crossentropy")
        return model

    spec, (run,) = sent_by_fit(compiled, x, (x.sum(1) > 4).astype("float32"), seeds=(0,), epochs=2)
    names = [layer.name for layer in spec.layers]
    assert len(set(names)) == len(names)
    kernels = [tensor.layer for tensor in spec.layout["gradients"].tensors if tensor.parameter == "kernel"]
    assert len(kernels) == {nested: 5, Subclassed: 11, custom: 5}[build]
    assert len(run.history) == 2
    assert np.isfinite(sent_gradients(run)).all()
