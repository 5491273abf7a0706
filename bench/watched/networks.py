"""Networks of `bench.watch`: the tutorial's, and two whose batches take longer than 20 ms."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradlab.vocabulary.datasets.circles import Circles
from gradlab.watch.pending import MAX_PENDING

EXAMPLES = Path(__file__).parents[2] / "examples"
# The examples that are the tutorial's networks of one and of five hidden layers.
TUTORIAL = ("tutorial-1-one-tanh", "tutorial-2-deep-tanh", "tutorial-3-deep-relu")
# Turns of each kind of training of a network of the tutorial. Each is as long as records wait at most to be measured
# together, so that it has its share of that.
TURNS = 4
# Samples of a slow network's batch.
BATCH = 512
# Batches of an epoch, which share what a record costs: as many as MNIST has, and as CIFAR-10 has.
DENSE_BATCHES, CONVOLUTIONAL_BATCHES = 118, 98
CLASSES = 10

Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Network:
    """A network with its samples, as each framework builds it.

    Attributes:
        name: the name in the table.
        units: the units of its dense layers, the output's at the end.
        activation: that of its hidden layers.
        initializer: `(minval, maxval)` of uniform weights, or ``he_uniform``, or ``glorot_uniform``.
        filters: those of the convolutions before the dense layers.
        data, validation: x and y.
        batch: samples in a batch.
        turns: how often each kind of training takes its turn.
        epochs: epochs of a turn.
    """

    name: str
    units: tuple[int, ...]
    activation: str
    initializer: tuple[float, float] | str
    filters: tuple[int, ...]
    data: Arrays
    validation: Arrays
    batch: int
    turns: int
    epochs: int

    @property
    def has_classes(self) -> bool:
        """True for a softmax over classes; False for one sigmoid."""
        return self.units[-1] > 1

    @property
    def batches(self) -> int:
        """Batches of an epoch."""
        return -(-len(self.data[0]) // self.batch)


def tutorial(name: str) -> Network:
    """Return one of the tutorial's networks, from its spec in `examples`."""
    spec = json.loads((EXAMPLES / f"{name}.json").read_text())
    layers = [each for each in spec["model"]["layers"] for _ in range(each.get("repeat", 1))]
    samples = Circles(**{**spec["dataset"], "scale": tuple(spec["dataset"]["scale"])}).load()
    return Network(
        name,
        units=tuple(each["units"] for each in layers),
        activation=layers[0]["activation"],
        initializer=_initializer(layers[0].get("kernel_initializer", "glorot_uniform")),
        filters=(),
        data=(samples.train_x.astype(np.float32), samples.train_y.reshape(-1, 1).astype(np.float32)),
        validation=(samples.val_x.astype(np.float32), samples.val_y.reshape(-1, 1).astype(np.float32)),
        batch=spec["training"]["batch_size"],
        turns=TURNS,
        epochs=MAX_PENDING,
    )


def _initializer(value: Any) -> tuple[float, float] | str:
    return value if isinstance(value, str) else (value["minval"], value["maxval"])


def dense() -> Network:
    """Return three layers of 1,024 units over images of 784 pixels: 2.9 million weights."""
    return _slow(
        "dense 784-1024-1024-1024-10", (784,), units=(1024, 1024, 1024, CLASSES), filters=(), batches=DENSE_BATCHES
    )


def convolutional() -> Network:
    """Return three convolutions and two dense layers over images of 32 by 32 pixels and three colours."""
    shape, filters = (32, 32, 3), (16, 32, 32)
    return _slow("convolutions 32x32x3", shape, units=(64, CLASSES), filters=filters, batches=CONVOLUTIONAL_BATCHES)


def _slow(
    name: str, shape: tuple[int, ...], *, units: tuple[int, ...], filters: tuple[int, ...], batches: int
) -> Network:
    random = np.random.default_rng(0)
    count = batches * BATCH
    x, y = random.standard_normal((count, *shape), np.float32), random.integers(0, CLASSES, count)
    few = slice(0, BATCH)
    arrays = ((x, y), (x[few], y[few]))
    return Network(name, units, "relu", "he_uniform", filters, *arrays, batch=BATCH, turns=3, epochs=1)


# Name -> a function that returns the network.
NETWORKS = {name: lambda name=name: tutorial(name) for name in TUTORIAL} | {
    "dense": dense,
    "convolutional": convolutional,
}
