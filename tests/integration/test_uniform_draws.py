"""Initial weights that are drawn uniformly are those that Keras draws, bit by bit."""

from typing import Any

import keras
import numpy as np
import pytest

from core.training.uniform_draws import Initializers

RULES = [
    ("Zeros", {}),
    ("GlorotUniform", {}),
    ("HeUniform", {}),
    ("LecunUniform", {}),
    ("RandomUniform", {"minval": -0.3, "maxval": 0.7}),
    ("VarianceScaling", {"scale": 0.37, "mode": "fan_out", "distribution": "uniform"}),
    ("RandomUniform", {"minval": -1e-38, "maxval": 1e-38}),  # steps that TensorFlow takes as 0
    ("VarianceScaling", {"scale": 1e-80, "distribution": "uniform"}),
    ("VarianceScaling", {"scale": 3.7, "mode": "fan_avg", "distribution": "uniform"}),
    ("HeNormal", {}),
    ("VarianceScaling", {"distribution": "untruncated_normal"}),
]


@pytest.mark.parametrize(("name", "parameters"), RULES)
def test_weights_are_those_of_keras(name: str, parameters: dict[str, Any]):
    for seed in (0, 7, 2**31 - 3, 2**31 - 2, 2**31 - 1):  # Keras takes them modulo the last but one
        seeded = parameters if name == "Zeros" else parameters | {"seed": seed}
        for shape in ((2, 5), (5, 1), (1, 1), (3,), (1,), (61, 7), (0, 3), (3, 3, 4, 8), (70_000, 1)):
            drawn = np.asarray(getattr(Initializers().initializers, name)(**seeded)(shape, dtype="float32"))
            expected = getattr(keras.initializers, name)(**seeded)(shape, dtype="float32").numpy()
            assert drawn.dtype == expected.dtype
            assert drawn.shape == expected.shape
            assert drawn.tobytes() == expected.tobytes()
