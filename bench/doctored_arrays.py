"""Networks that do not learn with samples that are arrays: texts, images with a number as answer, inputs as targets."""

from pathlib import Path

import numpy as np

from bench.doctored import ROWS, Doctored, save

# Tokens of the texts; 0 is padding.
TOKENS, STEPS, TOPICS = 400, 30, 3
SIDE = 12


def text_network(file: Path) -> None:
    """Write a classifier of texts: an embedding with a mask, the mean over the tokens, and small steps of SGD."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((STEPS,)),
            keras.layers.Embedding(TOKENS, 16, mask_zero=True),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(TOPICS, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
    save(model, file)


def texts(folder: Path) -> Path:
    """Write texts of 8 to 30 tokens, padded with 0, of which a third belong to the text's topic, as NPZ."""
    rng = np.random.default_rng(0)
    topic = rng.integers(0, TOPICS, ROWS)
    own = 1 + topic[:, None] + TOPICS * rng.integers(0, (TOKENS - 1) // TOPICS, (ROWS, STEPS))
    x = np.where(rng.random((ROWS, STEPS)) < 1 / 3, own, rng.integers(1, TOKENS, (ROWS, STEPS)))
    x[np.arange(STEPS) >= rng.integers(8, STEPS + 1, (ROWS, 1))] = 0
    file = folder / "texts.npz"
    np.savez(file, x=x.astype(np.int32), y=topic)
    return file


def image_network(file: Path) -> None:
    """Write a small convolutional network with one linear output unit, and SGD."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(0.01), "mean_squared_error")
    save(model, file)


def images(folder: Path) -> Path:
    """Write photographs of one bright spot in the noise, from 0 to 255, with the spot's area in pixels, as NPZ."""
    rng = np.random.default_rng(0)
    radius, centre = rng.uniform(1, 4.5, ROWS), rng.uniform(4, SIDE - 5, (ROWS, 2))
    row, column = np.mgrid[:SIDE, :SIDE]
    distance = np.hypot(row - centre[:, 0, None, None], column - centre[:, 1, None, None])
    pixels = 180 / (1 + np.exp(2 * (distance - radius[:, None, None]))) + rng.uniform(0, 60, (ROWS, SIDE, SIDE))
    file = folder / "spots.npz"
    np.savez(file, x=pixels.astype(np.uint8)[..., None], y=np.pi * radius**2)
    return file


def autoencoder(file: Path) -> None:
    """Write an autoencoder of digits with sigmoid outputs and the binary cross-entropy, as for pixels from 0 to 1."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(24, activation="relu"),
            keras.layers.Dense(64, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    save(model, file)


def pixels_alone(folder: Path) -> Path:
    """Write the digits of scikit-learn as raw pixels from 0 to 255, without their numbers, as NPZ."""
    from sklearn.datasets import load_digits

    file = folder / "pixels.npz"
    np.savez(file, x=(load_digits().data * (255 / 16)).astype(np.uint8))
    return file


ARRAYS = (
    Doctored(
        name="texts as sequences of tokens",
        model=text_network,
        data=texts,
        root_causes=("learning_rate",),
        epochs=30,
        cured=0.8,
    ),
    Doctored(
        name="images with a number as answer",
        model=image_network,
        data=images,
        root_causes=("input_range",),
        epochs=40,
        cured=0.8,
    ),
    Doctored(
        name="an autoencoder on raw pixels",
        model=autoencoder,
        data=pixels_alone,
        root_causes=("target_encoding",),
        epochs=60,
        cured=0.5,
    ),
)
