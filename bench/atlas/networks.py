"""Specs of the examples: small, quick to train, each ill in one way."""

from typing import Any

# Batches without a smaller last one compile in half the time.
CIRCLES = {"kind": "circles", "samples": 1012, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 512}
FRIEDMAN = {"kind": "friedman", "samples": 1012, "scale": "standard", "train_size": 512}
SUMS = {"kind": "adding", "samples": 600, "length": 30, "train_size": 416}
U01 = {"kind": "random_uniform", "minval": 0, "maxval": 1}


def dense(units: int, activation: str, kernel: Any = "he_uniform", repeat: int = 1) -> dict[str, Any]:
    """Return dense layers in the form of a spec."""
    return {"kind": "dense", "units": units, "activation": activation, "kernel_initializer": kernel, "repeat": repeat}


def variance(times_fan_in: float) -> dict[str, Any]:
    """Return an initialiser of normal weights with the variance `times_fan_in` / inputs; relu needs 2, tanh 1."""
    return {"kind": "variance_scaling", "scale": times_fan_in, "distribution": "untruncated_normal"}


SIGMOID, VALUE = dense(1, "sigmoid", "glorot_uniform"), dense(1, "linear", "glorot_uniform")


def network(
    name: str, *layers: dict[str, Any], dataset: dict[str, Any] = CIRCLES, loss: str = "binary_crossentropy",
    rate: float = 0.01, momentum: float = 0.9, adam: bool = False, epochs: int = 60, seeds: int = 3,
    batch_size: int = 32,
) -> dict[str, Any]:  # fmt: skip
    """Return a spec, trained by SGD, or by Adam."""
    optimizer: dict[str, Any] = {"kind": "adam"} if adam else {"kind": "sgd", "momentum": momentum}
    training = {"loss": loss, "optimizer": optimizer | {"learning_rate": rate}, "epochs": epochs}
    training |= {"batch_size": batch_size}
    fields = {"name": name, "dataset": dataset, "model": {"layers": list(layers)}, "training": training}
    return {**fields, "seeds": list(range(seeds))}


SQUARES = "mean_squared_error"
DEEP_TANH = network(
    "five tanh layers, U(0, 1)", dense(5, "tanh", U01, 5), dense(1, "sigmoid", U01), epochs=100, seeds=4
)
NARROW = network("twenty relu layers of five units", dense(5, "relu", repeat=20), SIGMOID, seeds=8)
SIGMOIDS = network("twelve sigmoid layers", dense(8, "sigmoid", "glorot_uniform", 12), SIGMOID, epochs=40)
SMALL = network("ten relu layers, weights too small", dense(16, "relu", variance(0.2), 10), SIGMOID)
LARGE = network(
    "six relu layers, weights too large", dense(32, "relu", variance(40.0), 6), SIGMOID, rate=1e-4, epochs=30
)
GAMBLE = network("twenty relu layers of ten units", dense(10, "relu", repeat=20), SIGMOID, epochs=30, seeds=8)
DIVERGING = network(
    "one linear unit, learning rate 1", VALUE, dataset=FRIEDMAN, loss=SQUARES, rate=1.0, momentum=0.0, epochs=60
)
FAST = network("two relu layers, learning rate 1", dense(16, "relu", repeat=2), SIGMOID, rate=1.0, epochs=40, seeds=4)
FASTER = network(
    "two tanh layers, learning rate 10", dense(16, "tanh", "glorot_uniform", 2), SIGMOID, rate=10.0, epochs=40, seeds=4
)
SLOW = network("two relu layers, learning rate 1e-6", dense(16, "relu", repeat=2), SIGMOID, rate=1e-6, epochs=40)
SOFTMAX = network("softmax over one unit", dense(16, "relu", repeat=2), dense(1, "softmax"), epochs=40)
SURE = network(
    "softmax over one unit, an easy task", dense(16, "relu", repeat=2), dense(1, "softmax"), adam=True, epochs=40,
    dataset={**CIRCLES, "factor": 0.3},
)  # fmt: skip
CANCER = network(
    "inputs as they were measured", dense(16, "relu", repeat=2), SIGMOID, epochs=40,
    dataset={"kind": "breast_cancer", "train_size": 320},
)  # fmt: skip
LABELS = network(
    "twenty rare labels", dense(16, "relu"), dense(20, "sigmoid", "glorot_uniform"), epochs=30,
    dataset={"kind": "multilabel", "samples": 600, "labels": 20, "labels_per_sample": 1, "train_size": 320},
)  # fmt: skip
ALONE = network(
    "batch normalisation, one sample a batch", dense(8, "linear"), {"kind": "batch_normalization"},
    {"kind": "activation", "activation": "relu"}, SIGMOID, epochs=20, batch_size=1,
)  # fmt: skip
TARGETS = network(
    "targets as they come", dense(16, "relu", repeat=2), VALUE, loss=SQUARES, epochs=40,
    dataset={"kind": "regression", "samples": 640, "train_size": 320},
)  # fmt: skip
EMBEDDED = network(
    "an embedding behind a dense layer", dense(8, "relu6", variance(20.0)),
    {"kind": "embedding", "input_dim": 7, "output_dim": 4}, {"kind": "flatten"}, SIGMOID,
    adam=True, rate=0.02, epochs=40,
)  # fmt: skip
FORGETFUL = network(
    "a simple recurrent layer", {"kind": "simple_rnn", "units": 8}, VALUE, dataset=SUMS, loss=SQUARES, adam=True,
    rate=0.001, epochs=30,
)  # fmt: skip
ECHOING = network(
    "a recurrent relu layer, recurrent weights too large",
    {"kind": "simple_rnn", "units": 8, "activation": "relu", "recurrent_initializer": variance(4.0)}, VALUE,
    dataset=SUMS, loss=SQUARES, rate=1e-6, epochs=10,
)  # fmt: skip
SPIKY = network(
    "a recurrent layer, learning rate 0.1", {"kind": "simple_rnn", "units": 16}, VALUE, dataset=SUMS, loss=SQUARES,
    rate=0.1, epochs=60, seeds=8,
)  # fmt: skip
BREAKING = network("three relu layers, learning rate 0.4", dense(16, "relu", repeat=3), SIGMOID, rate=0.4, seeds=8)
BY_HEART = network(
    "two layers of 128 units for 64 samples", dense(128, "relu", repeat=2), SIGMOID, adam=True, rate=0.01, epochs=100,
    dataset={"kind": "moons", "samples": 400, "noise": 0.3, "seed": 1, "scale": "standard", "train_size": 64},
)  # fmt: skip
ABSOLUTE = network(
    "the mean absolute error of a class", dense(16, "tanh", "glorot_uniform"), SIGMOID, loss="mean_absolute_error",
    dataset={"kind": "xor", "samples": 1012, "seed": 1, "scale": [-1, 1], "train_size": 512}, rate=0.003, epochs=40,
)  # fmt: skip
STRAIGHT = network(
    "three layers without activation", dense(16, "linear", "glorot_uniform", 3), SIGMOID, rate=0.05, epochs=30
)
SELDOM = network("the whole set as one batch", dense(16, "tanh", "glorot_uniform"), SIGMOID, rate=0.15, momentum=0.0)
SELDOM["training"]["batch_size"] = 512
SIGNS = {
    "source": "external", "name": "labels of -1 and 1", "metrics": ["loss", "accuracy"], "record": {"gradients": 0},
    "layers": [{"name": "output", "class_name": "Linear", "output_shape": [1], "activation": "sigmoid"}],
    "loss": {"kind": "binary_crossentropy"}, "epochs": 40, "seeds": [0, 1, 2],
}  # fmt: skip
