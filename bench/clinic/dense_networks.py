"""Healthy networks of dense layers, with and without normalisation, dropout and residual blocks, on flat features."""

from bench.clinic import changes as ill
from bench.clinic.healthy_network import BINARY, CLASSES, SQUARES, HealthyNetwork, adam, dense, sgd
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

DENSE_NETWORKS = (
    HealthyNetwork(
        "plane relu", of(PLANE, "circles", "moons", "xor", "spirals", "gaussian_quantiles"),
        (dense(16, "relu", "he_uniform", 3),), (1, "sigmoid"), BINARY, sgd(0.05), 50,
        (ill.DEAD_BY_BIAS, ill.DEAD_BY_RATE, ill.EQUAL_WEIGHTS, ill.ONE_SIDED_WEIGHTS, ill.RATE_TOO_LOW,
         ill.LARGE_INPUTS, ill.output("linear")),
        ("he_normal",),
    ),
    HealthyNetwork(
        "plane tanh", HARD, (dense(16, "tanh", "glorot_uniform", 4),), (1, "sigmoid"), BINARY, sgd(0.05), 50,
        (ill.SMALL_WEIGHTS, ill.SATURATED_BY_WEIGHTS, ill.SATURATED_BY_BIAS, ill.ONE_SIDED_WEIGHTS,
         ill.VANISHING_BY_SIGMOID), ("orthogonal",),
    ),
    HealthyNetwork(
        "plane tanh", of(PLANE, "classification", "blobs"), (dense(16, "tanh", "glorot_uniform", 4),), (1, "sigmoid"),
        BINARY, sgd(0.05), 50, (ill.SMALL_WEIGHTS, ill.SATURATED_BY_BIAS), ("orthogonal",),
    ),
    HealthyNetwork(
        "plane deep tanh", of(PLANE, "circles", "spirals", "gaussian_quantiles"),
        (dense(16, "tanh", "orthogonal", 8),), (1, "sigmoid"), BINARY, sgd(0.03), 60,
        (ill.SMALL_WEIGHTS, ill.ONE_SIDED_WEIGHTS, ill.VANISHING_BY_SIGMOID, ill.RATE_TOO_LOW,
         ill.SATURATED_BY_WEIGHTS), ("glorot_normal",),
    ),
    HealthyNetwork(
        "plane elu", of(PLANE, "moons", "spirals", "circles"), (dense(24, "elu", "he_normal", 2),), (1, "sigmoid"),
        BINARY, adam(0.01), 40,
        (ill.ZERO_WEIGHTS, ill.RATE_TOO_LOW, ill.output("softmax"), ill.OSCILLATING_ADAM), ("he_uniform",),
    ),
    HealthyNetwork(
        "wide relu", NOISY[:12], (dense(64, "relu", "he_uniform", 2),), (1, "sigmoid"), BINARY, adam(0.003), 20,
        (ill.few(24),),
    ),
    HealthyNetwork(
        "relu on ten", of(TEN), (dense(32, "relu", "he_uniform", 3),), (1, "sigmoid"), BINARY, sgd(0.02), 30,
        (ill.DEAD_BY_BIAS, ill.LARGE_WEIGHTS, ill.ONE_SIDED_WEIGHTS, ill.RATE_TOO_LOW), ("he_normal",),
    ),
    HealthyNetwork(
        "selu on ten", of(TEN, "gaussian_quantiles", "hastie_10_2", "classification"),
        (dense(32, "selu", "lecun_normal", 4),), (1, "sigmoid"), BINARY, adam(0.003), 25,
        (ill.VANISHING_BY_SIGMOID, ill.EXPLODING_BY_RATE, ill.output("linear"), ill.OSCILLATING_ADAM),
         ("lecun_uniform",),
    ),
    HealthyNetwork(
        "relu for values", of(TENTHS, "friedman", "sparse_uncorrelated"), (dense(32, "relu", "he_uniform", 2),),
        (1, "linear"), SQUARES, sgd(0.01), 40,
        (ill.EXPLODING_BY_RATE, ill.DEAD_BY_BIAS, ill.output("relu"), ill.output("softmax")),
        ("glorot_uniform",),
    ),
    HealthyNetwork(
        "relu for values", of(TENTHS, "regression"), (dense(32, "relu", "he_uniform", 2),), (1, "linear"), SQUARES,
        sgd(0.01), 40,
        (ill.LARGE_TARGETS, ill.DEAD_BY_BIAS, ill.EXPLODING_BY_RATE, ill.output("softmax")), ("glorot_uniform",),
    ),
    HealthyNetwork(
        "relu for values", of(TENTHS, "diabetes"), (dense(32, "relu", "he_uniform", 2),), (1, "linear"), SQUARES,
        sgd(0.002), 20,
        (ill.LARGE_TARGETS, ill.EXPLODING_BY_RATE, ill.DEAD_BY_BIAS, ill.output("relu")), ("glorot_uniform",),
    ),
    HealthyNetwork(
        "wide tanh", NOISY[8:16], (dense(64, "tanh", "glorot_uniform", 2),), (1, "sigmoid"), BINARY, adam(0.01), 50,
        (ill.few(20), ill.OSCILLATING_ADAM),
    ),
    HealthyNetwork(
        "tanh for values", of(TENTHS, "friedman", "sparse_uncorrelated", "regression"),
        (dense(24, "tanh", "glorot_uniform", 3),), (1, "linear"), SQUARES, sgd(0.01), 50,
        (ill.SATURATED_BY_BIAS, ill.LARGE_INPUTS, ill.OSCILLATING_BY_RATE, ill.ONE_SIDED_WEIGHTS, ill.SMALL_WEIGHTS),
         ("lecun_normal",),
    ),
    HealthyNetwork(
        "gelu", of(ROLLS), (dense(24, "gelu", "he_normal", 3),), (1, "linear"), SQUARES, adam(0.01), 40,
        (ill.ZERO_WEIGHTS, ill.RATE_TOO_LOW, ill.output("sigmoid"), ill.OSCILLATING_ADAM, ill.LARGE_INPUTS),
         ("he_uniform",),
    ),
    HealthyNetwork(
        "softsign", of(ROLLS), (dense(24, "softsign", "glorot_uniform", 4),), (1, "linear"), SQUARES, sgd(0.05), 60,
        (ill.SATURATED_BY_BIAS, ill.ONE_SIDED_WEIGHTS, ill.SMALL_WEIGHTS, ill.VANISHING_BY_SIGMOID), ("orthogonal",),
    ),
    HealthyNetwork(
        "tanh", of(FLOWERS), (dense(16, "tanh", "glorot_uniform", 3),), (3, "softmax"), CLASSES, sgd(0.03), 60,
        (ill.SMALL_WEIGHTS, ill.ONE_SIDED_WEIGHTS, ill.SATURATED_BY_BIAS, ill.output("relu"), ill.RATE_TOO_LOW,
         ill.LARGE_INPUTS), ("glorot_normal",),
    ),
    HealthyNetwork(
        "leaky_relu", of(WINES), (dense(16, "leaky_relu", "he_uniform", 2),), (3, "softmax"), CLASSES, sgd(0.03), 50,
        (ill.LARGE_INPUTS, ill.ZERO_WEIGHTS, ill.EXPLODING_BY_RATE, ill.output("linear")), ("he_normal",),
    ),
    HealthyNetwork(
        "sigmoid", of(WINES), (dense(16, "sigmoid", "glorot_uniform"),), (3, "softmax"), CLASSES, sgd(0.1), 60,
        (ill.SATURATED_BY_BIAS, ill.RATE_TOO_LOW, ill.EQUAL_WEIGHTS), ("glorot_normal",),
    ),
    HealthyNetwork(
        "relu", of(TUMOURS, "breast_cancer"), (dense(16, "relu", "he_uniform", 2),), (1, "sigmoid"), BINARY,
        sgd(0.02), 40, (ill.RAW_INPUTS, ill.DEAD_BY_RATE, ill.EXPLODING_BY_RATE, ill.DEAD_BY_BIAS), ("he_normal",),
    ),
    HealthyNetwork(
        "relu", of(TUMOURS, "classification"), (dense(16, "relu", "he_uniform", 2),), (1, "sigmoid"), BINARY,
        sgd(0.02), 40, (ill.LARGE_INPUTS, ill.DEAD_BY_RATE, ill.EXPLODING_BY_RATE, ill.DEAD_BY_BIAS), ("he_normal",),
    ),
    HealthyNetwork(
        "relu", DIGITS, (dense(32, "relu", "he_uniform", 3),), (10, "softmax"), CLASSES, sgd(0.03), 20,
        (ill.DEAD_BY_BIAS, ill.DEAD_BY_RATE, ill.LARGE_WEIGHTS, ill.ONE_SIDED_WEIGHTS, ill.output("linear"),
         ill.EQUAL_WEIGHTS, ill.LARGE_INPUTS),
        ("he_normal",),
    ),
    HealthyNetwork(
        "sigmoid after batch normalisation", DIGITS,
        2 * (
            dense(32, "linear", "glorot_uniform"),
            {"kind": "batch_normalization"},
            {"kind": "activation", "activation": "sigmoid"},
        ),
        (10, "softmax"), CLASSES, sgd(0.05), 20,
        (ill.ZERO_WEIGHTS, ill.RATE_TOO_LOW, ill.OSCILLATING_BY_RATE), ("glorot_normal",),
    ),
    HealthyNetwork(
        "silu after layer normalisation", DIGITS,
        2 * (
            dense(32, "linear", "he_uniform"),
            {"kind": "layer_normalization"},
            {"kind": "activation", "activation": "silu"},
        ),
        (10, "softmax"), CLASSES, adam(0.003), 20,
        (ill.RATE_TOO_LOW, ill.EQUAL_WEIGHTS, ill.OSCILLATING_ADAM), ("he_normal",),
    ),
    HealthyNetwork(
        "residual", DIGITS,
        (
            dense(24, "relu", "he_uniform"),
            {"kind": "residual", "layers": [dense(24, "relu", "he_uniform")], "scale": 0.4, "repeat": 6},
        ),
        (10, "softmax"), CLASSES, sgd(0.02), 20,
        (ill.LARGE_WEIGHTS, ill.UNSCALED_BLOCKS, ill.DEAD_BY_BIAS, ill.RATE_TOO_LOW), ("he_normal",),
    ),
    HealthyNetwork(
        "elu and dropout", LABELS, (dense(32, "elu", "he_uniform"), {"kind": "dropout", "rate": 0.1}), (4, "sigmoid"),
        BINARY, adam(0.005), 25, (ill.output("linear"), ill.OSCILLATING_ADAM, ill.LARGE_INPUTS), ("he_normal",),
    ),
    HealthyNetwork(
        "tanh", EXERCISES, (dense(8, "tanh", "glorot_uniform"),), (3, "linear"), SQUARES, sgd(0.02), 80,
        (ill.RATE_TOO_LOW, ill.SATURATED_BY_BIAS), ("glorot_normal",),
    ),
)  # fmt: skip
