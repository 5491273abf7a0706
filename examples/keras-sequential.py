"""Why does this network not learn? Two lines in your own Keras script answer it; no service is needed.

python examples/keras-sequential.py [report.html]
"""

import sys

import keras
import numpy as np

from gradlab.keras import Watch

keras.utils.set_random_seed(0)
random = np.random.default_rng(1)
y = np.arange(1000)[:, None] % 2
angle, radius = random.uniform(0, 2 * np.pi, (1000, 1)), np.where(y, 0.8, 1.0)  # two rings, one in the other
x = radius * np.hstack([np.cos(angle), np.sin(angle)]) + random.normal(scale=0.1, size=(1000, 2))
(x, val_x), (y, val_y) = np.split(x / np.abs(x).max(axis=0), [500]), np.split(y, [500])

positive = keras.initializers.RandomUniform(0, 1)  # weights of one sign: what is wrong with it
hidden = [keras.layers.Dense(5, "tanh", kernel_initializer=positive) for _ in range(5)]
model = keras.Sequential([keras.Input((2,)), *hidden, keras.layers.Dense(1, "sigmoid", kernel_initializer=positive)])
optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])

watch = Watch(data=(x, y), validation_data=(val_x, val_y), name="five tanh layers")
model.fit(x, y, epochs=60, validation_data=(val_x, val_y), callbacks=[watch], verbose=0)

page, _ = watch.report(sys.argv[1] if len(sys.argv) > 1 else "report.html")
print(f"{watch.diagnosis().root_cause}; the report is {page}")
