"""The third set: networks and datasets that occur in neither half, made before anything was tuned on them.

No threshold may rest on these cases: `python -m bench.clinic --part unseen` is asked once, for the accuracy that is
stated. Healthy networks, and the changes that are made of them, were chosen by what they learn
(`python -m bench.clinic.check`), which asks no rule.
"""

from bench.clinic import changes as ill
from bench.clinic.ground import BINARY, CLASSES, SQUARES, Ground, adam, conv, dense, sgd
from bench.clinic.samples import BOARDS, LINES, LONG_ORDERS, ORDERS, PICTURES, ROUGH_BOARDS, SERIES, SURFACES

UNSEEN: tuple[Ground, ...] = (
    Ground(
        "mish on squares", BOARDS, (dense(40, "mish", "he_normal", 2),), (1, "sigmoid"), BINARY, adam(0.01), 50,
        (ill.ZERO, ill.SLOW, ill.output("linear"), ill.SWING_OF_ADAM), ("he_uniform",),
    ),
    Ground(
        "narrowing relu on squares", BOARDS, (dense(48, "relu", "he_normal"), dense(24, "relu", "he_normal")),
        (1, "sigmoid"), BINARY, sgd(0.05), 60,
        (ill.OFF, ill.KILL, ill.EQUAL, ill.ONE_SIDED, ill.LARGE_INPUTS, ill.output("softmax")), ("he_uniform",),
    ),
    Ground(
        "five tanh on squares", BOARDS, (dense(20, "tanh", "glorot_normal", 5),), (1, "sigmoid"), BINARY, adam(0.005),
        60, (ill.SMALL, ill.SWITCHED, ill.BIASED, ill.SIGMOID, ill.ONE_SIDED), ("orthogonal",),
    ),
    Ground(
        "wide relu on rough squares", ROUGH_BOARDS, (dense(96, "relu", "he_normal", 2),), (1, "sigmoid"), BINARY,
        adam(0.003), 30, (ill.few(24),),
    ),
    Ground(
        "celu on a surface", SURFACES, (dense(32, "celu", "he_normal", 2),), (1, "linear"), SQUARES, adam(0.01), 50,
        (ill.EXPLODE, ill.LARGE_INPUTS, ill.output("softmax"), ill.SLOW), ("he_uniform",),
    ),
    Ground(
        "hard_tanh on a surface", SURFACES, (dense(24, "hard_tanh", "glorot_uniform", 3),), (1, "linear"), SQUARES,
        adam(0.01), 50, (ill.BIASED, ill.ONE_SIDED, ill.SWING_OF_ADAM), ("glorot_normal",),
    ),
    Ground(
        "residual silu on a surface", SURFACES,
        (
            dense(20, "silu", "he_normal"),
            {"kind": "residual", "layers": [dense(20, "silu", "he_normal")], "scale": 0.5, "repeat": 4},
        ),
        (1, "linear"), SQUARES, adam(0.01), 50, (ill.LARGE, ill.SLOW, ill.EXPLODE), ("he_uniform",),
    ),
    Ground(
        "leaky_relu after batch normalisation on lines", LINES,
        2 * (
            dense(40, "linear", "he_normal"),
            {"kind": "batch_normalization"},
            {"kind": "activation", "activation": "leaky_relu"},
        ),
        (1, "sigmoid"), BINARY, sgd(0.03), 40, (ill.SLOW, ill.EQUAL), ("he_uniform",),
    ),
    Ground(
        "four relu on lines", LINES, (dense(40, "relu", "he_normal", 4),), (1, "sigmoid"), BINARY, sgd(0.03), 40,
        (ill.OFF, ill.KILL, ill.LARGE, ill.ONE_SIDED, ill.LARGE_INPUTS), ("he_uniform",),
    ),
    Ground(
        "relu conv2d on lines", PICTURES,
        (
            conv("conv2d", 12, 3, "relu", "he_normal"),
            conv("conv2d", 12, 3, "relu", "he_normal"),
            {"kind": "global_max_pooling2d"},
        ),
        (1, "sigmoid"), BINARY, adam(0.01), 30, (ill.OFF, ill.ZERO, ill.SLOW),
        ("he_uniform",),
    ),
    Ground(
        "relu simple_rnn on a long order", LONG_ORDERS,
        (
            {
                "kind": "simple_rnn", "units": 24, "activation": "relu",
                "kernel_initializer": {"kind": "random_normal", "stddev": 0.1}, "recurrent_initializer": "identity",
            },
        ),
        (4, "softmax"), CLASSES, adam(0.005), 12, (ill.SHORT, ill.FORGETFUL, ill.FLAT),
    ),
    Ground(
        "lstm on an order", ORDERS, ({"kind": "lstm", "units": 16},), (4, "softmax"), CLASSES, adam(0.02), 30,
        (ill.SLOW, ill.EXPLODE, ill.output("linear")),
    ),
    Ground(
        "tanh simple_rnn on a series", SERIES, ({"kind": "simple_rnn", "units": 20},), (1, "linear"), SQUARES,
        adam(0.005), 40, (ill.STRONG, ill.SLOW, ill.EXPLODE), ("glorot_normal",),
    ),
)  # fmt: skip
