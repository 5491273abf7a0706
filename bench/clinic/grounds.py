"""Healthy networks with the datasets that they suit, and what is done to each of them.

Datasets of one shape share a network and so its compiled program: of that the clinic's time is made. Every dataset and
every family of layers of the shelves is among them.
"""

from dataclasses import dataclass
from typing import Any

from bench.clinic import changes as ill
from bench.clinic.changes import Change, Fields


@dataclass(frozen=True)
class Ground:
    """A healthy network with its training, the datasets that it suits, and the changes that are made.

    Attributes:
        name: what sets it apart.
        datasets: each makes a family of cases.
        layers: hidden layers; the last one stands in `output`.
        output: units and activation of the last layer.
        loss, optimizer, epochs, batch_size: as in a spec.
        also: initialisers of the hidden kernels that are as good: further healthy cases.
        changes: what makes its families ill.
    """

    name: str
    datasets: tuple[Fields, ...]
    layers: tuple[Fields, ...]
    output: tuple[int, str]
    loss: str
    optimizer: Fields
    epochs: int
    changes: tuple[Change, ...]
    also: tuple[Any, ...] = ()
    batch_size: int = 32

    def fields(self, dataset: Fields) -> Fields:
        """The fields of the healthy spec on one of its datasets."""
        units, activation = self.output
        last = {"kind": "dense", "units": units, "activation": activation}
        training = {"loss": self.loss, "optimizer": self.optimizer, "epochs": self.epochs}
        return {
            "dataset": dataset,
            "model": {"layers": [*self.layers, last]},
            "training": {**training, "batch_size": self.batch_size},
        }


def dense(units: int, activation: str, initializer: Any, repeat: int = 1) -> Fields:
    """Dense layers."""
    return {
        "kind": "dense",
        "units": units,
        "activation": activation,
        "kernel_initializer": initializer,
        "repeat": repeat,
    }


def sgd(rate: float) -> Fields:
    """SGD with momentum."""
    return {"kind": "sgd", "learning_rate": rate, "momentum": 0.9}


def adam(rate: float) -> Fields:
    """Adam."""
    return {"kind": "adam", "learning_rate": rate}


def data(*kinds: str, **shared: Any) -> dict[str, Fields]:
    """Datasets with the same fields, by kind."""
    return {kind: {"kind": kind, **shared} for kind in kinds}


BINARY, CLASSES, SQUARES = "binary_crossentropy", "categorical_crossentropy", "mean_squared_error"
HALF = {"scale": "standard"}

# Two numbers, two classes.
PLANE = data("circles", "moons", "xor", "spirals", "blobs", samples=800, train_size=400, scale=(-1, 1))
PLANE["circles"] |= {"factor": 0.4}
PLANE["spirals"] |= {"noise": 0.05, "turns": 0.6}
PLANE["blobs"] |= {"centers": 2, "seed": 3}
PLANE["gaussian_quantiles"] = {"kind": "gaussian_quantiles", "classes": 2, "samples": 800, "train_size": 400}
PLANE["classification"] = {
    "kind": "classification", "features": 2, "redundant": 0, "class_sep": 1.5, "samples": 800, "train_size": 400,
}  # fmt: skip
# The same with so much noise that it can be learnt by heart: what is peculiar to few samples helps with no others.
NOISY = tuple(
    {**each, "seed": seed}
    for seed in (5, 6, 7, 8)
    for each in (
        {**PLANE["circles"], "noise": 0.3},
        {**PLANE["moons"], "noise": 0.4},
        {**PLANE["xor"], "noise": 0.4},
        {**PLANE["classification"], "flip_y": 0.2},
    )
)

# Ten numbers, two classes.
TEN = data("hastie_10_2", "gaussian_quantiles", "blobs", "classification", samples=1500, train_size=1000, **HALF)
TEN["gaussian_quantiles"] |= {"features": 10, "classes": 2}
TEN["blobs"] |= {"features": 10, "centers": 2, "cluster_std": 4.0}
TEN["classification"] |= {"features": 10, "informative": 4}

# Ten numbers, one value, in the sizes of the diabetes data.
TENTHS = data("friedman", "regression", "sparse_uncorrelated", samples=442, train_size=300, **HALF)
TENTHS["diabetes"] = {"kind": "diabetes", "train_size": 300, **HALF}
TENTHS["friedman"] |= {"noise": 0.5}
TENTHS["regression"] |= {"informative": 5, "noise": 5.0}
for _each in TENTHS.values():
    _each["target_scale"] = "standard"

ROLLS = data("swiss_roll", "s_curve", samples=800, train_size=500, target_scale="standard", **HALF)
FLOWERS = {
    "iris": {"kind": "iris", "train_size": 100, **HALF},
    "blobs": {"kind": "blobs", "features": 4, "samples": 150, "train_size": 100, "cluster_std": 2.0, **HALF},
}
WINES = {
    "wine": {"kind": "wine", "train_size": 120, **HALF},
    "classification": {
        "kind": "classification", "features": 13, "informative": 4, "classes": 3, "clusters_per_class": 1,
        "class_sep": 2.0, "samples": 178, "train_size": 120, **HALF,
    },
}  # fmt: skip
TUMOURS = {
    "breast_cancer": {"kind": "breast_cancer", "train_size": 400, **HALF},
    "classification": {
        "kind": "classification", "features": 30, "informative": 6, "class_sep": 2.0, "samples": 569,
        "train_size": 400, **HALF,
    },
}  # fmt: skip
DIGITS = tuple({"kind": "digits", "scale": (0, 1), "train_size": 600, "seed": seed} for seed in (0, 1))
IMAGES = tuple({**each, "form": "image"} for each in DIGITS)
ROWS = tuple({**each, "form": "rows"} for each in DIGITS)
LABELS = tuple(
    {"kind": "multilabel", "samples": 1000, "train_size": 600, "labels": 4, "seed": seed, **HALF} for seed in (0, 1)
)
EXERCISES = ({"kind": "linnerud", "seed": 8, "train_size": 15, "target_scale": "standard", **HALF},)
WAVES = tuple({"kind": "sine", "length": 12, "samples": 500, "train_size": 300, "seed": seed} for seed in (0, 1))
SUMS = tuple({"kind": "adding", "length": 20, "samples": 900, "train_size": 700, "seed": seed} for seed in range(6))
SHORT_SUMS = ({"kind": "adding", "length": 8, "samples": 700, "train_size": 500},)
COPY = {"kind": "copy_memory", "symbols": 2, "alphabet": 3, "length": 6, "samples": 400, "train_size": 300}


def of(datasets: dict[str, Fields], *kinds: str) -> tuple[Fields, ...]:
    """Some of them, or all."""
    return tuple(datasets[kind] for kind in kinds or datasets)


HARD = of(PLANE, "circles", "spirals", "gaussian_quantiles", "xor")


GROUNDS = (
    Ground(
        "plane relu", of(PLANE, "circles", "moons", "xor", "spirals", "gaussian_quantiles"),
        (dense(16, "relu", "he_uniform", 3),), (1, "sigmoid"), BINARY, sgd(0.05), 50,
        (ill.OFF, ill.KILL, ill.EQUAL, ill.ONE_SIDED, ill.SLOW, ill.LARGE_INPUTS, ill.output("linear")),
        ("he_normal",),
    ),
    Ground(
        "plane tanh", HARD, (dense(16, "tanh", "glorot_uniform", 4),), (1, "sigmoid"), BINARY, sgd(0.05), 50,
        (ill.SMALL, ill.SWITCHED, ill.BIASED, ill.ONE_SIDED, ill.SIGMOID), ("orthogonal",),
    ),
    Ground(
        "plane tanh", of(PLANE, "classification", "blobs"), (dense(16, "tanh", "glorot_uniform", 4),), (1, "sigmoid"),
        BINARY, sgd(0.05), 50, (ill.SMALL, ill.BIASED), ("orthogonal",),
    ),
    Ground(
        "plane deep tanh", of(PLANE, "circles", "spirals", "gaussian_quantiles"),
        (dense(16, "tanh", "orthogonal", 8),), (1, "sigmoid"), BINARY, sgd(0.03), 60,
        (ill.SMALL, ill.ONE_SIDED, ill.SIGMOID, ill.SLOW, ill.SWITCHED), ("glorot_normal",),
    ),
    Ground(
        "plane elu", of(PLANE, "moons", "spirals", "circles"), (dense(24, "elu", "he_normal", 2),), (1, "sigmoid"),
        BINARY, adam(0.01), 40, (ill.ZERO, ill.SLOW, ill.output("softmax"), ill.SWING_OF_ADAM), ("he_uniform",),
    ),
    Ground(
        "wide relu", NOISY[:12], (dense(64, "relu", "he_uniform", 2),), (1, "sigmoid"), BINARY, adam(0.003), 20,
        (ill.few(24),),
    ),
    Ground(
        "relu on ten", of(TEN), (dense(32, "relu", "he_uniform", 3),), (1, "sigmoid"), BINARY, sgd(0.02), 30,
        (ill.OFF, ill.LARGE, ill.ONE_SIDED, ill.SLOW), ("he_normal",),
    ),
    Ground(
        "selu on ten", of(TEN, "gaussian_quantiles", "hastie_10_2", "classification"),
        (dense(32, "selu", "lecun_normal", 4),), (1, "sigmoid"), BINARY, adam(0.003), 25,
        (ill.SIGMOID, ill.EXPLODE, ill.output("linear"), ill.SWING_OF_ADAM), ("lecun_uniform",),
    ),
    Ground(
        "relu for values", of(TENTHS, "friedman", "sparse_uncorrelated"), (dense(32, "relu", "he_uniform", 2),),
        (1, "linear"), SQUARES, sgd(0.01), 40, (ill.EXPLODE, ill.OFF, ill.output("relu"), ill.output("softmax")),
        ("glorot_uniform",),
    ),
    Ground(
        "relu for values", of(TENTHS, "regression"), (dense(32, "relu", "he_uniform", 2),), (1, "linear"), SQUARES,
        sgd(0.01), 40, (ill.LARGE_TARGETS, ill.OFF, ill.EXPLODE, ill.output("softmax")), ("glorot_uniform",),
    ),
    Ground(
        "relu for values", of(TENTHS, "diabetes"), (dense(32, "relu", "he_uniform", 2),), (1, "linear"), SQUARES,
        sgd(0.002), 20, (ill.LARGE_TARGETS, ill.EXPLODE, ill.OFF, ill.output("relu")), ("glorot_uniform",),
    ),
    Ground(
        "wide tanh", NOISY[8:16], (dense(64, "tanh", "glorot_uniform", 2),), (1, "sigmoid"), BINARY, adam(0.01), 20,
        (ill.few(20), ill.SWING_OF_ADAM),
    ),
    Ground(
        "tanh for values", of(TENTHS, "friedman", "sparse_uncorrelated", "regression"),
        (dense(24, "tanh", "glorot_uniform", 3),), (1, "linear"), SQUARES, sgd(0.01), 50,
        (ill.BIASED, ill.LARGE_INPUTS, ill.SWING, ill.ONE_SIDED, ill.SMALL), ("lecun_normal",),
    ),
    Ground(
        "gelu", of(ROLLS), (dense(24, "gelu", "he_normal", 3),), (1, "linear"), SQUARES, adam(0.01), 40,
        (ill.ZERO, ill.SLOW, ill.output("sigmoid"), ill.SWING_OF_ADAM, ill.LARGE_INPUTS), ("he_uniform",),
    ),
    Ground(
        "softsign", of(ROLLS), (dense(24, "softsign", "glorot_uniform", 4),), (1, "linear"), SQUARES, sgd(0.05), 60,
        (ill.BIASED, ill.ONE_SIDED, ill.SMALL, ill.SIGMOID), ("orthogonal",),
    ),
    Ground(
        "tanh", of(FLOWERS), (dense(16, "tanh", "glorot_uniform", 3),), (3, "softmax"), CLASSES, sgd(0.03), 60,
        (ill.SMALL, ill.ONE_SIDED, ill.BIASED, ill.output("relu"), ill.SLOW, ill.LARGE_INPUTS), ("glorot_normal",),
    ),
    Ground(
        "leaky_relu", of(WINES), (dense(16, "leaky_relu", "he_uniform", 2),), (3, "softmax"), CLASSES, sgd(0.03), 50,
        (ill.LARGE_INPUTS, ill.ZERO, ill.EXPLODE, ill.output("linear")), ("he_normal",),
    ),
    Ground(
        "sigmoid", of(WINES), (dense(16, "sigmoid", "glorot_uniform"),), (3, "softmax"), CLASSES, sgd(0.1), 60,
        (ill.BIASED, ill.SLOW, ill.EQUAL), ("glorot_normal",),
    ),
    Ground(
        "relu", of(TUMOURS, "breast_cancer"), (dense(16, "relu", "he_uniform", 2),), (1, "sigmoid"), BINARY,
        sgd(0.02), 40, (ill.RAW_INPUTS, ill.KILL, ill.EXPLODE, ill.OFF), ("he_normal",),
    ),
    Ground(
        "relu", of(TUMOURS, "classification"), (dense(16, "relu", "he_uniform", 2),), (1, "sigmoid"), BINARY,
        sgd(0.02), 40, (ill.LARGE_INPUTS, ill.KILL, ill.EXPLODE, ill.OFF), ("he_normal",),
    ),
    Ground(
        "relu", DIGITS, (dense(32, "relu", "he_uniform", 3),), (10, "softmax"), CLASSES, sgd(0.03), 20,
        (ill.OFF, ill.KILL, ill.LARGE, ill.ONE_SIDED, ill.output("linear"), ill.EQUAL, ill.LARGE_INPUTS), ("he_normal",),
    ),
    Ground(
        "sigmoid after batch normalisation", DIGITS,
        2 * (
            dense(32, "linear", "glorot_uniform"),
            {"kind": "batch_normalization"},
            {"kind": "activation", "activation": "sigmoid"},
        ),
        (10, "softmax"), CLASSES, sgd(0.05), 20, (ill.ZERO, ill.SLOW, ill.SWING), ("glorot_normal",),
    ),
    Ground(
        "silu after layer normalisation", DIGITS,
        2 * (
            dense(32, "linear", "he_uniform"),
            {"kind": "layer_normalization"},
            {"kind": "activation", "activation": "silu"},
        ),
        (10, "softmax"), CLASSES, adam(0.003), 20, (ill.SLOW, ill.EQUAL, ill.SWING_OF_ADAM), ("he_normal",),
    ),
    Ground(
        "residual", DIGITS,
        (
            dense(24, "relu", "he_uniform"),
            {"kind": "residual", "layers": [dense(24, "relu", "he_uniform")], "scale": 0.4, "repeat": 6},
        ),
        (10, "softmax"), CLASSES, sgd(0.02), 20, (ill.LARGE, ill.UNSCALED_BLOCKS, ill.OFF, ill.SLOW), ("he_normal",),
    ),
    Ground(
        "elu and dropout", LABELS, (dense(32, "elu", "he_uniform"), {"kind": "dropout", "rate": 0.1}), (4, "sigmoid"),
        BINARY, adam(0.005), 25, (ill.output("linear"), ill.SWING_OF_ADAM, ill.LARGE_INPUTS), ("he_normal",),
    ),
    Ground(
        "tanh", EXERCISES, (dense(8, "tanh", "glorot_uniform"),), (3, "linear"), SQUARES, sgd(0.01), 60,
        (ill.SLOW, ill.BIASED), ("glorot_normal",),
    ),
    Ground(
        "conv2d", IMAGES,
        (
            {"kind": "gaussian_noise", "stddev": 0.05},
            {"kind": "conv2d", "filters": 8, "kernel_size": 3, "activation": "relu", "kernel_initializer": "he_uniform"},
            {"kind": "reshape", "target_shape": (6, 6, 8)},
            {"kind": "max_pooling2d"},
            {"kind": "flatten"},
            dense(32, "relu", "he_uniform"),
        ),
        (10, "softmax"), CLASSES, sgd(0.02), 12, (ill.OFF, ill.SLOW, ill.LARGE_INPUTS, ill.KILL), ("he_normal",),
    ),
    Ground(
        "tanh conv2d", IMAGES,
        (
            {"kind": "conv2d", "filters": 8, "kernel_size": 3, "activation": "tanh", "padding": "same"},
            {"kind": "average_pooling2d"},
            {"kind": "conv2d", "filters": 16, "kernel_size": 3, "activation": "tanh", "padding": "same"},
            {"kind": "conv2d", "filters": 16, "kernel_size": 3, "activation": "tanh"},
            {"kind": "global_average_pooling2d"},
        ),
        (10, "softmax"), CLASSES, sgd(0.1), 15, (ill.SMALL, ill.BIASED, ill.ZERO, ill.SIGMOID), ("glorot_normal",),
    ),
    Ground(
        "conv1d", ROWS,
        (
            {"kind": "conv1d", "filters": 16, "kernel_size": 3, "activation": "relu", "kernel_initializer": "he_uniform"},
            {"kind": "max_pooling1d"},
            {"kind": "flatten"},
        ),
        (10, "softmax"), CLASSES, sgd(0.03), 12, (ill.OFF, ill.ZERO, ill.output("linear"), ill.LARGE_INPUTS, ill.SWING), ("he_normal",),
    ),
    Ground(
        "conv1d", WAVES,
        (
            {"kind": "conv1d", "filters": 16, "kernel_size": 5, "activation": "elu", "kernel_initializer": "he_uniform"},
            {"kind": "average_pooling1d"},
            {"kind": "flatten"},
        ),
        (1, "linear"), SQUARES, sgd(0.02), 25, (ill.SLOW, ill.EXPLODE), ("he_normal",),
    ),
    Ground(
        "attention", ROWS,
        (
            {"kind": "conv1d", "filters": 16, "kernel_size": 3, "activation": "relu", "padding": "same"},
            {"kind": "residual", "layers": [{"kind": "multi_head_attention", "num_heads": 2, "key_dim": 8}]},
            {"kind": "layer_normalization"},
            {"kind": "global_max_pooling1d"},
        ),
        (10, "softmax"), CLASSES, adam(0.01), 15, (ill.SLOW, ill.output("linear"), ill.EXPLODE), ("he_uniform",),
    ),
    Ground(
        "bidirectional", ROWS,
        ({"kind": "bidirectional", "layer": {"kind": "simple_rnn", "units": 16}},),
        (10, "softmax"), CLASSES, sgd(0.03), 15, (ill.SLOW, ill.BIASED, ill.STRONG),
    ),
    Ground(
        "lstm", WAVES, ({"kind": "lstm", "units": 8},), (1, "linear"), SQUARES, adam(0.02), 15, (ill.SLOW,),
    ),
    Ground(
        "gru", SHORT_SUMS, ({"kind": "gru", "units": 12},), (1, "linear"), SQUARES, adam(0.02), 25, (ill.SLOW,),
    ),
    Ground(
        "gru after an embedding", ({**COPY, "one_hot": False},),
        ({"kind": "embedding", "input_dim": 5, "output_dim": 6}, {"kind": "gru", "units": 16, "return_sequences": True}),
        (4, "softmax"), CLASSES, adam(0.03), 30, (ill.SLOW,),
    ),
    Ground(
        "relu simple_rnn", SUMS,
        (
            {
                "kind": "simple_rnn", "units": 16, "activation": "relu",
                "kernel_initializer": {"kind": "random_normal", "stddev": 0.1}, "recurrent_initializer": "identity",
            },
        ),
        (1, "linear"), SQUARES, adam(0.007), 25, (ill.SHORT, ill.FORGETFUL, ill.FLAT),
    ),
    Ground(
        "relu simple_rnn", WAVES,
        ({"kind": "simple_rnn", "units": 12, "activation": "relu"},),
        (1, "linear"), SQUARES, sgd(0.01), 20, (ill.STRONG, ill.OFF, ill.EXPLODE),
    ),
)  # fmt: skip
