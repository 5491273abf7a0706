"""A `model.fit` of your own, seen in Gradient Lab: start the service (`make serve`), then run this.

python examples/send-your-own-training.py [http://127.0.0.1:8000]
"""

import sys

import keras
import numpy as np

from gradlab import Sender
from gradlab.keras import GradientStatistics

URL = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
SEEDS, EPOCHS = (0, 1), 20


def a_model() -> keras.Model:
    """Five tanh layers whose weights are all drawn positive: it will not learn, and the map shows why."""
    positive = keras.initializers.RandomUniform(0, 1)
    hidden = [keras.layers.Dense(5, "tanh", kernel_initializer=positive) for _ in range(5)]
    model = keras.Sequential([*hidden, keras.layers.Dense(1, "sigmoid", kernel_initializer=positive)])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    return model


random = np.random.default_rng(1)
x = random.normal(size=(256, 2)).astype("float32")
y = (np.square(x).sum(axis=1, keepdims=True) > 1.4).astype("float32")

with Sender(URL, name="my own training", seeds=SEEDS) as sender:
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        callbacks = [GradientStatistics(listener=sender)]
        a_model().fit(x, y, epochs=EPOCHS, validation_split=0.25, callbacks=callbacks, verbose=0)

print(f"{URL}/#/experiment/{sender.experiment_id}")
