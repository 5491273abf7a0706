"""Evidence that rules look at, also where it is no number."""

import math

import numpy as np
import pytest

from gradlab.diagnosis.evidence import arriving
from tests.unit.diagnosis.histories import a_run, by_layer

ROOT_5 = math.sqrt(5)  # units of the hidden layers, beside one of the output


@pytest.mark.parametrize(
    ("first", "output", "share"),
    [
        (0.2, 0.1, 2 * ROOT_5),
        (0.0, 0.1, 0.0),
        (math.inf, 0.1, math.inf),
        (0.2, 0.0, math.nan),
        (0.0, 0.0, math.nan),
        (math.inf, math.inf, math.nan),
        (math.nan, 0.1, math.nan),
    ],
)
def test_the_share_of_the_signal_that_arrives_at_the_first_layer(first, output, share):
    found = arriving(a_run(series={"signals.rms": by_layer(first, 0.1, 0.1, output)}))
    assert found is not None
    assert found.tensors[0].layer == "dense_1"
    assert np.allclose(found.values, share, equal_nan=True)
