"""Healthy networks of convolutions, attention and recurrence, on images and sequences."""

from bench.clinic import changes as ill
from bench.clinic.healthy_network import CLASSES, SQUARES, HealthyNetwork, adam, conv, dense, sgd
from bench.clinic.samples import COPY, IMAGES, ROWS, SHORT_SUMS, SUMS, WAVES

IMAGE_AND_SEQUENCE_NETWORKS = (
    HealthyNetwork(
        "conv2d", IMAGES,
        (
            {"kind": "gaussian_noise", "stddev": 0.05},
            conv("conv2d", 8, 3, "relu", "he_uniform"),
            {"kind": "reshape", "target_shape": (6, 6, 8)},
            {"kind": "max_pooling2d"},
            {"kind": "flatten"},
            dense(32, "relu", "he_uniform"),
        ),
        (10, "softmax"), CLASSES, sgd(0.02), 12,
        (ill.DEAD_BY_BIAS, ill.RATE_TOO_LOW, ill.LARGE_INPUTS, ill.DEAD_BY_RATE), ("he_normal",),
    ),
    HealthyNetwork(
        "tanh conv2d", IMAGES,
        (
            conv("conv2d", 8, 3, "tanh", padding="same"),
            {"kind": "average_pooling2d"},
            conv("conv2d", 16, 3, "tanh", padding="same"),
            conv("conv2d", 16, 3, "tanh"),
            {"kind": "global_average_pooling2d"},
        ),
        (10, "softmax"), CLASSES, sgd(0.1), 15,
        (ill.SMALL_WEIGHTS, ill.SATURATED_BY_BIAS, ill.ZERO_WEIGHTS, ill.VANISHING_BY_SIGMOID), ("glorot_normal",),
    ),
    HealthyNetwork(
        "conv1d", ROWS,
        (
            conv("conv1d", 16, 3, "relu", "he_uniform"),
            {"kind": "max_pooling1d"},
            {"kind": "flatten"},
        ),
        (10, "softmax"), CLASSES, sgd(0.03), 12,
        (ill.DEAD_BY_BIAS, ill.ZERO_WEIGHTS, ill.output("linear"), ill.LARGE_INPUTS, ill.OSCILLATING_BY_RATE),
         ("he_normal",),
    ),
    HealthyNetwork(
        "conv1d", WAVES,
        (
            conv("conv1d", 16, 5, "elu", "he_uniform"),
            {"kind": "average_pooling1d"},
            {"kind": "flatten"},
        ),
        (1, "linear"), SQUARES, sgd(0.02), 25, (ill.RATE_TOO_LOW, ill.EXPLODING_BY_RATE), ("he_normal",),
    ),
    HealthyNetwork(
        "attention", ROWS,
        (
            conv("conv1d", 16, 3, "relu", padding="same"),
            {"kind": "residual", "layers": [{"kind": "multi_head_attention", "num_heads": 2, "key_dim": 8}]},
            {"kind": "layer_normalization"},
            {"kind": "global_max_pooling1d"},
        ),
        (10, "softmax"), CLASSES, adam(0.01), 15,
        (ill.RATE_TOO_LOW, ill.output("linear"), ill.EXPLODING_BY_RATE), ("he_uniform",),
    ),
    HealthyNetwork(
        "bidirectional", ROWS,
        ({"kind": "bidirectional", "layer": {"kind": "simple_rnn", "units": 16}},),
        (10, "softmax"), CLASSES, sgd(0.03), 15, (ill.RATE_TOO_LOW, ill.SATURATED_BY_BIAS, ill.STRONG_RECURRENCE),
    ),
    HealthyNetwork(
        "lstm", WAVES, ({"kind": "lstm", "units": 8},), (1, "linear"), SQUARES, adam(0.02), 15, (ill.RATE_TOO_LOW,),
    ),
    HealthyNetwork(
        "gru", SHORT_SUMS, ({"kind": "gru", "units": 12},), (1, "linear"), SQUARES, adam(0.02), 25, (ill.RATE_TOO_LOW,),
    ),
    HealthyNetwork(
        "gru after an embedding", ({**COPY, "one_hot": False},),
        (
            {"kind": "embedding", "input_dim": 5, "output_dim": 6},
            {"kind": "gru", "units": 16, "return_sequences": True},
        ),
        (4, "softmax"), CLASSES, adam(0.03), 30, (ill.RATE_TOO_LOW,),
    ),
    HealthyNetwork(
        "relu simple_rnn", SUMS,
        (
            {
                "kind": "simple_rnn", "units": 16, "activation": "relu",
                "kernel_initializer": {"kind": "random_normal", "stddev": 0.1}, "recurrent_initializer": "identity",
            },
        ),
        (1, "linear"), SQUARES, adam(0.005), 28, (ill.WEAK_RECURRENCE, ill.NO_RECURRENCE, ill.FORGETTING_BY_SIGMOID),
        batch_size=16,
    ),
    HealthyNetwork(
        "relu simple_rnn", WAVES,
        ({"kind": "simple_rnn", "units": 12, "activation": "relu"},),
        (1, "linear"), SQUARES, sgd(0.01), 20, (ill.STRONG_RECURRENCE, ill.DEAD_BY_BIAS, ill.EXPLODING_BY_RATE),
    ),
)  # fmt: skip
