"""Roles of tensors, from what a sender says or from the names of the common frameworks."""

import pytest

from gradlab.measurement.history import Tensor
from gradlab.measurement.roles import role_in
from gradlab.spec.external_layer import ExternalLayer

MATRIX, VECTOR = (4, 3), (3,)


@pytest.mark.parametrize(
    ("layer", "parameter", "shape", "role"),
    [
        ("dense", "kernel", MATRIX, "kernel"),
        ("attention", "query_kernel", (4, 2, 2), "kernel"),
        ("base", "block/conv2d/kernel", (3, 3, 4, 5), "kernel"),
        ("gru", "recurrent_kernel", MATRIX, "recurrent_kernel"),
        ("both", "backward_recurrent_kernel", MATRIX, "recurrent_kernel"),
        ("dense", "bias", VECTOR, "bias"),
        ("norm", "gamma", VECTOR, "scale"),
        ("norm", "beta", VECTOR, "offset"),
        ("words", "embeddings", MATRIX, "embedding"),
        ("encoder.layers.3.self_attn", "out_proj.weight", MATRIX, "kernel"),
        ("encoder.layers.3.self_attn", "in_proj_weight", MATRIX, "kernel"),
        ("encoder.norm", "weight", VECTOR, "scale"),
        ("lstm", "weight_ih_l0", MATRIX, "kernel"),
        ("lstm", "weight_hh_l1_reverse", MATRIX, "recurrent_kernel"),
        ("lstm", "bias_hh_l0", VECTOR, "bias"),
        ("model.embed_tokens", "weight", MATRIX, "embedding"),
        ("transformer.wte", "weight", MATRIX, "embedding"),
        ("LSTMCell_0.hf", "kernel", MATRIX, "recurrent_kernel"),
        ("LayerNorm_0", "scale", VECTOR, "scale"),
        ("Embed_0", "embedding", MATRIX, "embedding"),
        ("linear", "w", MATRIX, "kernel"),
        ("linear", "b", VECTOR, "bias"),
        ("net", "dense0_weight", MATRIX, "kernel"),
        ("net", "rnn0_l0_h2h_weight", MATRIX, "recurrent_kernel"),
        ("net", "batchnorm0_gamma", VECTOR, "scale"),
        ("mixture", "routes", MATRIX, None),
        ("mixture", "temperature", (), None),
    ],
)
def test_names_of_the_common_frameworks_show_roles(layer, parameter, shape, role):
    assert Tensor(layer, parameter, shape).role == role


def test_what_a_sender_says_comes_before_the_name():
    assert Tensor("mixture", "routes", MATRIX, "embedding").role == "embedding"
    assert Tensor("mixture", "routes", MATRIX, "embedding") == Tensor("mixture", "routes", MATRIX)


@pytest.mark.parametrize(
    ("class_name", "parameter", "shape", "role"),
    [
        ("Embedding", "weight", MATRIX, "embedding"),
        ("LayerNorm", "weight", VECTOR, "scale"),
        ("BatchNorm2d", "bias", VECTOR, "offset"),
        ("BatchNormalization", "gamma", VECTOR, "scale"),
        ("Linear", "bias", VECTOR, "bias"),
    ],
)
def test_the_class_of_a_layer_distinguishes_what_pytorch_names_alike(class_name, parameter, shape, role):
    assert role_in(class_name, "layer", parameter, len(shape)) == role
    layer = ExternalLayer.model_validate(
        {"name": "layer", "class_name": class_name, "parameters": [{"name": parameter, "shape": shape}]}
    )
    assert layer.tensors[0].role == role


def test_where_no_role_is_known_tensors_of_two_axes_are_shown():
    shown = [Tensor("mixture", name, shape).is_shown for name, shape in (("routes", MATRIX), ("temperature", VECTOR))]
    assert shown == [True, False]
