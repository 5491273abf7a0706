"""A training loop of one's own with Keras and TensorFlow, watched: begin, step, epoch, end.

python examples/keras-custom-loop.py [report.html]
"""

import sys

import keras
import numpy as np
import tensorflow as tf

from gradlab.keras import Watch

BATCH, EPOCHS = 32, 15

keras.utils.set_random_seed(0)
random = np.random.default_rng(1)
x = random.normal(size=(320, 2)).astype("float32")
y = (x[:, :1] * x[:, 1:] > 0).astype("float32")

model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(1, "sigmoid")])
optimizer, loss_function = keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy()

watch = Watch(data=(x, y), name="a loop of one's own")
watch.begin(
    model,
    optimizer=optimizer,
    loss=loss_function,
    epochs=EPOCHS,
    steps_per_epoch=len(x) // BATCH,
    batch_size=BATCH,
)


@tf.function
def train_step(batch_x: tf.Tensor, batch_y: tf.Tensor) -> tf.Tensor:
    """One update."""
    with tf.GradientTape() as tape:
        loss = loss_function(batch_y, model(batch_x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply(gradients, model.trainable_variables)
    return loss


for _ in range(EPOCHS):
    losses = []
    for batch in np.split(random.permutation(len(x)), len(x) // BATCH):
        losses.append(float(train_step(tf.constant(x[batch]), tf.constant(y[batch]))))
        watch.step(losses[-1], batch=(x[batch], y[batch]))
    watch.epoch({"loss": np.mean(losses)})
watch.end()

page, _ = watch.report(sys.argv[1] if len(sys.argv) > 1 else "report.html")
print(f"{watch.diagnosis().verdict}; the report is {page}")
