"""Families of kinds of layers whose operations cost alike."""

# All other kinds of layers are only counted as `layers`.
FAMILIES = {
    "normalization": ("batch_normalization", "layer_normalization", "group_normalization", "rms_normalization"),
    "convolutions": (
        "conv1d", "conv2d", "conv3d", "conv1d_transpose", "conv2d_transpose", "conv3d_transpose",
        "depthwise_conv1d", "depthwise_conv2d", "separable_conv1d", "separable_conv2d",
    ),
    "simple_recurrent": ("simple_rnn",),
    "gated_recurrent": ("gru", "lstm", "conv_lstm1d", "conv_lstm2d"),
    "attention": ("multi_head_attention", "group_query_attention", "attention", "additive_attention"),
    "embedding": ("embedding",),
    "random": (
        "dropout", "gaussian_noise", "alpha_dropout", "gaussian_dropout", "spatial_dropout1d", "spatial_dropout2d",
        "spatial_dropout3d",
    ),
}  # fmt: skip
