"""Networks of dense layers, with and without normalisation, dropout and residual blocks, on plain numbers."""

from bench.clinic import changes as ill
from bench.clinic.ground import BINARY, CLASSES, SQUARES, Ground, adam, dense, sgd
from bench.clinic.samples import (
    DIGITS,
    EXERCISES,
    FLOWERS,
    LABELS,
    NOISY,
    PLANE,
    ROLLS,
    TEN,
    TENTHS,
    TUMOURS,
    WINES,
    of,
)

HARD = of(PLANE, "circles", "spirals", "gaussian_quantiles", "xor")

FLAT = (
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
        "wide tanh", NOISY[8:16], (dense(64, "tanh", "glorot_uniform", 2),), (1, "sigmoid"), BINARY, adam(0.01), 50,
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
        (ill.OFF, ill.KILL, ill.LARGE, ill.ONE_SIDED, ill.output("linear"), ill.EQUAL, ill.LARGE_INPUTS),
        ("he_normal",),
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
        "tanh", EXERCISES, (dense(8, "tanh", "glorot_uniform"),), (3, "linear"), SQUARES, sgd(0.02), 80,
        (ill.SLOW, ill.BIASED), ("glorot_normal",),
    ),
)  # fmt: skip
