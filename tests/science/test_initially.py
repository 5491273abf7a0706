"""The short way to epoch 0 of the tests beside this one, held against the training that users see."""

import numpy as np
import pytest

from core.spec import ExperimentSpec
from core.training.train import train
from tests.science.initially import before, deep, normal
from tests.science.test_time import recurrent

SPECS = {
    "dense, side by side": deep(3, 16, "relu", normal(2.0), bias=0.1, features=2, seeds=(5, 3, 8)),
    "recurrent": recurrent({"kind": "simple_rnn", "units": 4}, 20, (2, 1)),
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_it_is_what_the_compiled_training_records_at_epoch_0(spec: ExperimentSpec):
    found, seeds = before(spec), []
    for chunk in train(spec):
        for run in (run for run in chunk.runs if run.history.first_epoch == 0):
            assert found.keys() == run.history.series.keys()
            for kind, values in run.history.series.items():
                # Rounding decides what is exactly 0 or on which side of a limit; the rest is equal to the last digits.
                np.testing.assert_allclose(found[kind][len(seeds)], values[0], rtol=2e-4, atol=1e-6)
            seeds.append(run.seed)
    assert seeds == list(spec.seeds)
