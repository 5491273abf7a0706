"""Networks that do not learn with the samples that they were trained on, as the files that a person has.

Each is a Keras model in a `.keras` file, with its compile configuration where the person compiled it, and a file of
samples: CSV, Parquet or NPZ. They are made anew at each call, from fixed seeds.
"""

import csv
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 1_000


@dataclass(frozen=True)
class Doctored:
    """A network and its samples, and what is wrong.

    Attributes:
        name: in a few words.
        model: writes the model to a `.keras` file.
        data: writes the samples to a file, and returns its name.
        root_causes: rules of which one is the right root cause.
        epochs: in which the training shows what is wrong, and a cure works.
        cured: the validation accuracy, or R² for values, above which the cured training is.
        arguments: further arguments of `gradlab doctor`.
    """

    name: str
    model: Callable[[Path], None]
    data: Callable[[Path], Path]
    root_causes: tuple[str, ...]
    epochs: int
    cured: float
    arguments: tuple[str, ...] = ()


def tutorial_network(file: Path) -> None:
    """Write the tutorial's second network: five layers of five tanh units, weights drawn from 0 to 1."""
    import keras

    def dense(units: int, activation: str) -> Any:
        drawn = keras.initializers.RandomUniform(0.0, 1.0)
        return keras.layers.Dense(units, activation=activation, kernel_initializer=drawn)

    model = keras.Sequential([keras.Input((2,)), *(dense(5, "tanh") for _ in range(5)), dense(1, "sigmoid")])
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    save(model, file)


def circles(folder: Path) -> Path:
    """Write two noisy circles, scaled to -1 and 1, as CSV."""
    from sklearn.datasets import make_circles
    from sklearn.preprocessing import MinMaxScaler

    x, y = make_circles(n_samples=ROWS, noise=0.1, random_state=1)
    x = MinMaxScaler((-1, 1)).fit_transform(x)
    return write_csv(folder / "circles.csv", ("x1", "x2", "label"), np.column_stack([x, y]))


def skip_network(file: Path) -> None:
    """Write a functional network on digits whose second hidden layer is skipped by an addition."""
    import keras

    entry = keras.Input((64,), name="pixels")
    first = keras.layers.Dense(32, activation="relu", name="first")(entry)
    second = keras.layers.Dense(32, activation="relu", name="second")(first)
    joined = keras.layers.Add(name="skip")([first, second])
    output = keras.layers.Dense(10, activation="softmax", name="digit")(joined)
    model = keras.Model(entry, output)
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    save(model, file)


def raw_digits(folder: Path) -> Path:
    """Write the digits of scikit-learn as raw pixels from 0 to 255, with their numbers, as NPZ."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    file = folder / "digits.npz"
    np.savez(file, x=(digits.data * (255 / 16)).astype(np.uint8), y=digits.target)
    return file


def sequence_network(file: Path) -> None:
    """Write a simple recurrent network over 16 steps, whose recurrent kernel begins near 0."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((16, 2)),
            keras.layers.SimpleRNN(16, recurrent_initializer=keras.initializers.RandomNormal(stddev=0.01)),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.003), "binary_crossentropy", metrics=["accuracy"])
    save(model, file)


def signals(folder: Path) -> Path:
    """Write a series of which the target repeats a sign of 15 rows before, but for 3 %, beside noise, as CSV."""
    rng = np.random.default_rng(0)
    rows = 3 * ROWS
    noise, sign = rng.normal(0, 0.5, rows), rng.integers(0, 2, rows)
    target = np.roll(sign, 15) ^ (rng.random(rows) < 0.03)
    return write_csv(folder / "signals.csv", ("noise", "sign", "target"), np.column_stack([noise, sign, target]))


def price_network(file: Path) -> None:
    """Write a network for values that was not compiled, on targets of hundreds of thousands."""
    import keras

    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1, name="price")]
    )
    model.compile(keras.optimizers.SGD(0.01), "mean_squared_error")
    save(model, file)


def prices(folder: Path) -> Path:
    """Write prices of hundreds of thousands that follow from four features, as Parquet."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 4)).astype(np.float32)
    price = 300_000 + 80_000 * x[:, 0] - 50_000 * x[:, 1] * x[:, 2] + 10_000 * rng.normal(size=ROWS)
    names = ("area", "age", "distance", "rooms")
    file = folder / "prices.parquet"
    parquet.write_table(pa.table({**{name: x[:, i] for i, name in enumerate(names)}, "price": price}), file)
    return file


DOCTORED = (
    Doctored(
        name="network 2 of the tutorial, circles as CSV",
        model=tutorial_network,
        data=circles,
        root_causes=("nonzero_mean_initialization",),
        epochs=300,
        cured=0.7,
        arguments=("--target", "label"),
    ),
    Doctored(
        name="a skip connection, raw digits as NPZ",
        model=skip_network,
        data=raw_digits,
        root_causes=("input_range",),
        epochs=60,
        cured=0.9,
    ),
    Doctored(
        name="a recurrent network, windows of a CSV",
        model=sequence_network,
        data=signals,
        root_causes=("vanishing_through_time",),
        epochs=20,
        cured=0.9,
    ),
    Doctored(
        name="prices in Parquet, not scaled",
        model=price_network,
        data=prices,
        root_causes=("target_range",),
        epochs=60,
        cured=0.8,
    ),
)


def save(model: Any, file: Path) -> None:
    """Write a Keras model to a `.keras` file."""
    with warnings.catch_warnings():
        # Keras 3.15 converts TensorFlow's variables by a call that NumPy 2 has deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        model.save(file)


def write_csv(file: Path, names: tuple[str, ...], values: np.ndarray) -> Path:
    """Write a table of numbers, (rows, columns), as CSV, and return the file's name."""
    with file.open("w", newline="") as output:
        writer = csv.writer(output)
        writer.writerow(names)
        writer.writerows(values.tolist())
    return file
