"""Networks of convolutions, attention and recurrence, on images and sequences."""

from bench.clinic import changes as ill
from bench.clinic.ground import CLASSES, SQUARES, Ground, adam, conv, dense, sgd
from bench.clinic.samples import COPY, IMAGES, ROWS, SHORT_SUMS, SUMS, WAVES

ORDERED = (
    Ground(
        "conv2d", IMAGES,
        (
            {"kind": "gaussian_noise", "stddev": 0.05},
            conv("conv2d", 8, 3, "relu", "he_uniform"),
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
            conv("conv2d", 8, 3, "tanh", padding="same"),
            {"kind": "average_pooling2d"},
            conv("conv2d", 16, 3, "tanh", padding="same"),
            conv("conv2d", 16, 3, "tanh"),
            {"kind": "global_average_pooling2d"},
        ),
        (10, "softmax"), CLASSES, sgd(0.1), 15, (ill.SMALL, ill.BIASED, ill.ZERO, ill.SIGMOID), ("glorot_normal",),
    ),
    Ground(
        "conv1d", ROWS,
        (
            conv("conv1d", 16, 3, "relu", "he_uniform"),
            {"kind": "max_pooling1d"},
            {"kind": "flatten"},
        ),
        (10, "softmax"), CLASSES, sgd(0.03), 12,
        (ill.OFF, ill.ZERO, ill.output("linear"), ill.LARGE_INPUTS, ill.SWING), ("he_normal",),
    ),
    Ground(
        "conv1d", WAVES,
        (
            conv("conv1d", 16, 5, "elu", "he_uniform"),
            {"kind": "average_pooling1d"},
            {"kind": "flatten"},
        ),
        (1, "linear"), SQUARES, sgd(0.02), 25, (ill.SLOW, ill.EXPLODE), ("he_normal",),
    ),
    Ground(
        "attention", ROWS,
        (
            conv("conv1d", 16, 3, "relu", padding="same"),
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
        (
            {"kind": "embedding", "input_dim": 5, "output_dim": 6},
            {"kind": "gru", "units": 16, "return_sequences": True},
        ),
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
        (1, "linear"), SQUARES, adam(0.005), 28, (ill.SHORT, ill.FORGETFUL, ill.FLAT),
        batch_size=16,
    ),
    Ground(
        "relu simple_rnn", WAVES,
        ({"kind": "simple_rnn", "units": 12, "activation": "relu"},),
        (1, "linear"), SQUARES, sgd(0.01), 20, (ill.STRONG, ill.OFF, ill.EXPLODE),
    ),
)  # fmt: skip
