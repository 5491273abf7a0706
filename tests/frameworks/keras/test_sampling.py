"""A Watch that records `lean`: the gradients of some batches of a record, which are those that it says."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from gradlab.keras import Watch
from tests.frameworks.sampling import BATCHES, EPOCHS, EVERY, check_counts, check_means_over_sampled_batches

RANDOM = np.random.default_rng(0)
X = RANDOM.random((96, 8)).astype("float32")
Y = (X.sum(1) > 4).astype("float32")[:, None]
BATCH = 8


class Cut(layers.Layer):
    """Passes its input on, and a gradient of 0 back."""

    def call(self, x):
        return ops.stop_gradient(x) + 0.0 * x


def fitted(*callbacks, between=(), **compiled) -> list[np.ndarray]:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [layers.Input((8,)), layers.Dense(5, "tanh"), *[each() for each in between], layers.Dense(1, "sigmoid")]
    )
    optimizer = keras.optimizers.SGD(0.5, global_clipnorm=0.05)
    model.compile(**{"optimizer": optimizer, "loss": "binary_crossentropy"} | compiled)
    model.fit(X, Y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=list(callbacks))
    return model.get_weights()


def watching(record, every="epoch") -> Watch:
    return Watch(data=(X, Y), record=record, every=every, report_at_end=False)


@pytest.mark.parametrize("eagerly", [False, True] if keras.backend.backend() == "tensorflow" else [False])
def test_lean_records_are_the_means_over_every_sixth_of_twelve_batches(eagerly):
    watches = watching("lean"), watching({"gradients": 1}, every=1)
    weights = [fitted(each, run_eagerly=eagerly) for each in watches]
    for one, other, alone in zip(*weights, fitted(run_eagerly=eagerly), strict=True):
        np.testing.assert_array_equal(one, alone)
        np.testing.assert_array_equal(other, alone)
    run = check_means_over_sampled_batches(watches[0].recorder, watches[1].recorder.runs()[0].history)
    check_counts(run, EPOCHS * BATCHES // EVERY)


@pytest.mark.filterwarnings("ignore")
def test_layers_without_a_gradient_in_any_measured_batch_have_the_diagnosis_of_all_batches():
    watches = [watching(record) for record in ("lean", {"gradients": 1})]
    for each in watches:
        fitted(each, between=[Cut], optimizer="sgd")
    lean, whole = (each.diagnosis() for each in watches)
    assert (lean.verdict, lean.root_cause) == (whole.verdict, whole.root_cause)
    assert lean.root_cause is not None
    (run,) = watches[0].recorder.runs()
    assert [each.zero == each.batches for each in run.wiring.tensors.values()] == [True, True, False, False]
