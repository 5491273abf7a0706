"""The third set: networks and datasets that occur in neither half, made before any tuning on them.

No threshold may be tuned on these cases: `python -m bench.clinic --part unseen` runs once, for the published accuracy.
The healthy networks and their changes were chosen by their scores (`python -m bench.clinic.check`), without any rule.
"""

from bench.clinic import changes as ill
from bench.clinic.healthy_network import BINARY, CLASSES, SQUARES, HealthyNetwork, adam, conv, dense, sgd
from bench.clinic.samples import BOARDS, LINES, LONG_SEQUENCES, PICTURES, ROUGH_BOARDS, SEQUENCES, SERIES, SURFACES

UNSEEN: tuple[HealthyNetwork, ...] = (
    HealthyNetwork(
        "mish on squares", BOARDS, (dense(40, "mish", "he_normal", 2),), (1, "sigmoid"), BINARY, adam(0.01), 50,
        (ill.ZERO_WEIGHTS, ill.RATE_TOO_LOW, ill.output("linear"), ill.OSCILLATING_ADAM), ("he_uniform",),
    ),
    HealthyNetwork(
        "narrowing relu on squares", BOARDS, (dense(48, "relu", "he_normal"), dense(24, "relu", "he_normal")),
        (1, "sigmoid"), BINARY, sgd(0.05), 60,
        (ill.DEAD_BY_BIAS, ill.DEAD_BY_RATE, ill.EQUAL_WEIGHTS, ill.ONE_SIDED_WEIGHTS, ill.LARGE_INPUTS,
         ill.output("softmax")), ("he_uniform",),
    ),
    HealthyNetwork(
        "five tanh on squares", BOARDS, (dense(20, "tanh", "glorot_normal", 5),), (1, "sigmoid"), BINARY, adam(0.005),
        60,
        (ill.SMALL_WEIGHTS, ill.SATURATED_BY_WEIGHTS, ill.SATURATED_BY_BIAS, ill.VANISHING_BY_SIGMOID,
         ill.ONE_SIDED_WEIGHTS), ("orthogonal",),
    ),
    HealthyNetwork(
        "wide relu on rough squares", ROUGH_BOARDS, (dense(96, "relu", "he_normal", 2),), (1, "sigmoid"), BINARY,
        adam(0.003), 30, (ill.few(24),),
    ),
    HealthyNetwork(
        "celu on a surface", SURFACES, (dense(32, "celu", "he_normal", 2),), (1, "linear"), SQUARES, adam(0.01), 50,
        (ill.EXPLODING_BY_RATE, ill.LARGE_INPUTS, ill.output("softmax"), ill.RATE_TOO_LOW), ("he_uniform",),
    ),
    HealthyNetwork(
        "hard_tanh on a surface", SURFACES, (dense(24, "hard_tanh", "glorot_uniform", 3),), (1, "linear"), SQUARES,
        adam(0.01), 50, (ill.SATURATED_BY_BIAS, ill.ONE_SIDED_WEIGHTS, ill.OSCILLATING_ADAM), ("glorot_normal",),
    ),
    HealthyNetwork(
        "residual silu on a surface", SURFACES,
        (
            dense(20, "silu", "he_normal"),
            {"kind": "residual", "layers": [dense(20, "silu", "he_normal")], "scale": 0.5, "repeat": 4},
        ),
        (1, "linear"), SQUARES, adam(0.01), 50,
        (ill.LARGE_WEIGHTS, ill.RATE_TOO_LOW, ill.EXPLODING_BY_RATE), ("he_uniform",),
    ),
    HealthyNetwork(
        "leaky_relu after batch normalisation on lines", LINES,
        2 * (
            dense(40, "linear", "he_normal"),
            {"kind": "batch_normalization"},
            {"kind": "activation", "activation": "leaky_relu"},
        ),
        (1, "sigmoid"), BINARY, sgd(0.03), 40, (ill.RATE_TOO_LOW, ill.EQUAL_WEIGHTS), ("he_uniform",),
    ),
    HealthyNetwork(
        "four relu on lines", LINES, (dense(40, "relu", "he_normal", 4),), (1, "sigmoid"), BINARY, sgd(0.03), 40,
        (ill.DEAD_BY_BIAS, ill.DEAD_BY_RATE, ill.LARGE_WEIGHTS, ill.ONE_SIDED_WEIGHTS, ill.LARGE_INPUTS),
         ("he_uniform",),
    ),
    HealthyNetwork(
        "relu conv2d on lines", PICTURES,
        (
            conv("conv2d", 12, 3, "relu", "he_normal"),
            conv("conv2d", 12, 3, "relu", "he_normal"),
            {"kind": "global_max_pooling2d"},
        ),
        (1, "sigmoid"), BINARY, adam(0.01), 30, (ill.DEAD_BY_BIAS, ill.ZERO_WEIGHTS, ill.RATE_TOO_LOW),
        ("he_uniform",),
    ),
    HealthyNetwork(
        "relu simple_rnn on a long order", LONG_SEQUENCES,
        (
            {
                "kind": "simple_rnn", "units": 24, "activation": "relu",
                "kernel_initializer": {"kind": "random_normal", "stddev": 0.1}, "recurrent_initializer": "identity",
            },
        ),
        (4, "softmax"), CLASSES, adam(0.005), 12, (ill.WEAK_RECURRENCE, ill.NO_RECURRENCE, ill.FORGETTING_BY_SIGMOID),
    ),
    HealthyNetwork(
        "lstm on an order", SEQUENCES, ({"kind": "lstm", "units": 16},), (4, "softmax"), CLASSES, adam(0.02), 30,
        (ill.RATE_TOO_LOW, ill.EXPLODING_BY_RATE, ill.output("linear")),
    ),
    HealthyNetwork(
        "tanh simple_rnn on a series", SERIES, ({"kind": "simple_rnn", "units": 20},), (1, "linear"), SQUARES,
        adam(0.005), 40, (ill.STRONG_RECURRENCE, ill.RATE_TOO_LOW, ill.EXPLODING_BY_RATE), ("glorot_normal",),
    ),
)  # fmt: skip
