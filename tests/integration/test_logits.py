"""Keras's cross-entropies of an output that is called logits and is none: a softmax undone or applied twice.

Each case is trained as the engine does it, in a compiled graph; the loss is compared with both readings.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.training.network import Network
from core.training.train import train
from gradlab.spec import ExperimentSpec
from gradlab.spec.output import answer_threshold, loss_takes_logits
from tests.builders import a_spec

# Keras warns, as it should.
pytestmark = pytest.mark.filterwarnings("ignore:.*received `from_logits=True`")

DROPOUT, NO_DROPOUT = {"kind": "dropout", "rate": 0.5}, {"kind": "dropout", "rate": 0.0}
BINARY, CATEGORICAL = "binary_crossentropy", "categorical_crossentropy"


def dense(activation: str, units: int = 3) -> dict:
    return {"kind": "dense", "units": units, "activation": activation}


def through(activation: str) -> dict:
    return {"kind": "activation", "activation": activation}


def a_network(loss: str, *layers: dict, epochs: int = 2) -> ExperimentSpec:
    classes = layers[0]["units"] if layers[0]["units"] > 1 else 2
    return a_spec(
        model={"layers": list(layers)},
        dataset={"kind": "blobs", "centers": classes, "samples": 64, "train_size": 32, "scale": "standard"},
        training={"loss": {"kind": loss, "from_logits": True}, "optimizer": "sgd", "epochs": epochs},
    )


CASES = [
    (CATEGORICAL, (dense("softmax"),), True),
    (CATEGORICAL, (dense("linear"), through("softmax")), True),
    (CATEGORICAL, (dense("softmax"), through("linear")), True),
    (CATEGORICAL, (dense("softmax"), NO_DROPOUT), True),
    (CATEGORICAL, (dense("softmax"), DROPOUT), False),
    (CATEGORICAL, (dense("softmax"), {"kind": "gaussian_noise", "stddev": 0.1}), False),
    (CATEGORICAL, (dense("softmax"), {"kind": "reshape", "target_shape": [3]}), False),
    (CATEGORICAL, (dense("softmax"), {"kind": "flatten"}), False),
    (CATEGORICAL, (dense("softmax"), through("relu")), False),
    (CATEGORICAL, (dense("sparsemax"),), False),
    (CATEGORICAL, (dense("linear"),), False),
    ("categorical_focal_crossentropy", (dense("softmax"),), False),
    (BINARY, (dense("sigmoid", 1),), True),
    (BINARY, (dense("linear", 1), through("sigmoid")), True),
    (BINARY, (dense("sigmoid", 1), DROPOUT), False),
    (BINARY, (dense("hard_sigmoid", 1),), False),
    ("binary_focal_crossentropy", (dense("sigmoid", 1),), False),
]


@pytest.mark.parametrize(("loss", "layers", "undone"), CASES, ids=str)
def test_the_loss_is_taken_from_what_went_into_the_last_activation_where_the_spec_says_so(loss, layers, undone):
    spec = a_network(loss, *layers)
    network, function = Network(spec, 0), spec.training.loss.build(keras)
    random = np.random.default_rng(0)
    x = random.normal(0, 3, (32, 2)).astype(np.float32)
    classes = np.arange(32) % max(2, spec.layers[-1].output_shape[-1])
    y = np.eye(3, dtype=np.float32)[classes] if spec.one_hot else classes[:, None].astype(np.float32)

    @tf.function(jit_compile=True)
    def trained(x, y):
        p = network.model(x, training=True)
        return function(y, p), p

    losses, p = trained(x, y)
    plain = getattr(keras.losses, loss)
    once, twice = (plain(y, tf.constant(p.numpy()), from_logits=logits).numpy() for logits in (False, True))
    assert np.nanmax(np.abs(once - twice)) > 0.01  # NaN where dropout leaves no class
    np.testing.assert_allclose(losses.numpy(), once if undone else twice, rtol=1e-3, atol=1e-3)
    assert loss_takes_logits(spec) == undone


def test_the_accuracy_of_a_sigmoid_that_is_called_logits_is_taken_at_one_half():
    spec = a_network(BINARY, dense("sigmoid", 1), epochs=60)
    assert answer_threshold(spec) == 0.5
    assert answer_threshold(a_network(BINARY, dense("linear", 1))) == 0
    histories = [run.history for chunk in train(spec) for run in chunk.runs]
    names = histories[-1].layout.metrics
    accuracy = histories[-1].metrics[-1, names.index("accuracy")]
    assert accuracy > 0.9  # at a threshold of 0 always yes: 0.5
