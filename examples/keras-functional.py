"""A Keras model with two inputs and a connection past its layers, watched.

python examples/keras-functional.py [report.html]
"""

import sys

import keras
import numpy as np

from gradlab.keras import Watch

keras.utils.set_random_seed(0)
random = np.random.default_rng(1)
left, right = (random.normal(size=(500, 4)).astype("float32") for _ in range(2))
y = (left[:, :1] * right[:, :1] > 0).astype("float32")

inputs = [keras.Input((4,), name=name) for name in ("left", "right")]
joined = keras.layers.Concatenate()(inputs)
wide = keras.layers.Dense(16, "relu", name="wide")(joined)
deep = keras.layers.Dense(16, "relu", name="deep")(wide)
output = keras.layers.Dense(1, "sigmoid", name="answer")(keras.layers.Add()([wide, deep]))
model = keras.Model(inputs, output)
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])

watch = Watch(data=([left, right], y), name="two inputs")
model.fit([left, right], y, epochs=20, callbacks=[watch], verbose=0)

page, _ = watch.report(sys.argv[1] if len(sys.argv) > 1 else "report.html")
print(f"{watch.diagnosis().verdict}; the report is {page}")
