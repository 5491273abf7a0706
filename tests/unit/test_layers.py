"""A layer says without Keras what it takes, makes, costs and cannot do."""

import json

import pytest
from pydantic import ValidationError

from gradlab.errors import Invalid
from gradlab.frozen import kind_of
from gradlab.spec.experiment import ModelSpec, parse
from gradlab.vocabulary.layers import LAYERS, ShapeMismatch

CONV = {"kind": "conv1d", "filters": 4, "kernel_size": 3}
IMAGE = {"kind": "conv2d", "filters": 4, "kernel_size": [3, 2]}
LSTM = {"kind": "lstm", "units": 3, "recurrent_constraint": {"kind": "min_max_norm", "rate": 0.5}}
ATTENTION = {"kind": "multi_head_attention", "num_heads": 2, "key_dim": 3}
L1_L2 = {"kind": "l1_l2", "l1": 0.1, "l2": 0.2}
DENSE = {"kind": "dense", "units": 3}
EMBEDDING = {"kind": "embedding", "input_dim": 9, "output_dim": 3, "embeddings_regularizer": "l1"}
BLOCK = {"kind": "residual", "layers": [{"kind": "bidirectional", "layer": LSTM}]}
POOLING = {"kind": "max_pooling1d", "pool_size": 4}
EINSUM = {"kind": "einsum_dense", "equation": "abc,cd->abd", "output_shape": [None, 3], "bias_axes": "d"}
# One of each kind, with fields that are not the defaults.
EXAMPLES = [
    {"kind": "dense", "units": 3, "kernel_regularizer": "l2", "bias_constraint": "non_neg"},
    {"kind": "activation", "activation": {"kind": "elu", "alpha": 0.5}},
    {"kind": "dropout", "rate": 0.25, "repeat": 2},
    {"kind": "gaussian_noise", "stddev": 0.1},
    {"kind": "batch_normalization", "gamma_initializer": {"kind": "constant", "value": 0.5}},
    {"kind": "layer_normalization", "epsilon": 1e-6},
    {**CONV, "padding": "causal", "dilation_rate": 2, "kernel_regularizer": L1_L2},
    {**IMAGE, "strides": [2, 1]},
    {"kind": "max_pooling1d", "pool_size": 3},
    {"kind": "average_pooling1d", "strides": 1},
    {"kind": "max_pooling2d", "pool_size": [2, 1]},
    {"kind": "average_pooling2d", "padding": "same"},
    {"kind": "global_max_pooling1d"},
    {"kind": "global_average_pooling1d"},
    {"kind": "global_max_pooling2d"},
    {"kind": "global_average_pooling2d"},
    {"kind": "flatten"},
    {"kind": "reshape", "target_shape": [2, 3]},
    {"kind": "simple_rnn", "units": 3, "activation": "relu", "recurrent_initializer": "identity"},
    {"kind": "gru", "units": 3, "reset_after": False},
    LSTM,
    {"kind": "bidirectional", "layer": LSTM, "merge_mode": "ave"},
    EMBEDDING,
    {**ATTENTION, "dropout": 0.1, "causal": True},
    {"kind": "residual", "scale": 0.5, "layers": [BLOCK]},
    {"kind": "add"},
    {"kind": "concatenate", "axis": 1},
    {"kind": "relu", "max_value": 3.0},
    {"kind": "leaky_relu", "negative_slope": 0.1},
    {"kind": "prelu", "shared_axes": [1], "alpha_initializer": {"kind": "constant", "value": 0.25}},
    {"kind": "elu", "alpha": 0.5},
    {"kind": "softmax"},
    {"kind": "alpha_dropout", "rate": 0.1},
    {"kind": "gaussian_dropout", "rate": 0.1},
    {"kind": "spatial_dropout1d", "rate": 0.1},
    {"kind": "spatial_dropout2d", "rate": 0.1},
    {"kind": "spatial_dropout3d", "rate": 0.1},
    {"kind": "group_normalization", "groups": 2, "gamma_regularizer": "l2"},
    {"kind": "rms_normalization", "epsilon": 1e-5},
    {"kind": "unit_normalization"},
    {"kind": "identity"},
    {"kind": "permute", "dims": [2, 1]},
    {"kind": "repeat_vector", "n": 3},
    {"kind": "cropping1d", "cropping": 2},
    {"kind": "cropping2d", "cropping": [1, 2]},
    {"kind": "cropping3d", "cropping": [[0, 1], [1, 0], [0, 0]]},
    {"kind": "zero_padding1d", "padding": [0, 2]},
    {"kind": "zero_padding2d", "padding": [[0, 1], [2, 0]]},
    {"kind": "zero_padding3d", "padding": 2},
    {"kind": "up_sampling1d", "size": 3},
    {"kind": "up_sampling2d", "size": [1, 3], "interpolation": "bilinear"},
    {"kind": "up_sampling3d", "size": 3},
    {"kind": "rescaling", "scale": 0.5, "offset": -1.0},
    {"kind": "normalization", "mean": [1.0, 2.0], "variance": [4.0, 9.0]},
    {"kind": "category_encoding", "num_tokens": 5, "output_mode": "count"},
    {"kind": "max_pooling3d", "pool_size": [2, 1, 2]},
    {"kind": "average_pooling3d", "padding": "same"},
    {"kind": "global_max_pooling3d"},
    {"kind": "global_average_pooling3d"},
    {"kind": "conv3d", "filters": 4, "kernel_size": [1, 2, 2], "groups": 2},
    {"kind": "conv1d_transpose", "filters": 4, "kernel_size": 3, "strides": 2, "output_padding": 1},
    {"kind": "conv2d_transpose", "filters": 4, "kernel_size": [2, 3], "padding": "same"},
    {"kind": "conv3d_transpose", "filters": 4, "kernel_size": 2, "use_bias": False},
    {"kind": "depthwise_conv1d", "kernel_size": 3, "dilation_rate": 2},
    {"kind": "depthwise_conv2d", "kernel_size": 3, "depth_multiplier": 2, "depthwise_regularizer": "l2"},
    {"kind": "separable_conv1d", "filters": 4, "kernel_size": 3, "pointwise_constraint": "non_neg"},
    {"kind": "separable_conv2d", "filters": 4, "kernel_size": [2, 3], "strides": 2},
    {"kind": "masking", "mask_value": -1.0},
    {"kind": "time_distributed", "layer": {"kind": "conv1d", "filters": 4, "kernel_size": 3}},
    {"kind": "conv_lstm1d", "filters": 4, "kernel_size": 3, "dropout": 0.1},
    {"kind": "conv_lstm2d", "filters": 4, "kernel_size": [2, 3], "go_backwards": True},
    {"kind": "subtract"},
    {"kind": "multiply"},
    {"kind": "average"},
    {"kind": "maximum"},
    {"kind": "minimum"},
    {"kind": "dot", "axes": [1, 2], "normalize": True},
    {"kind": "attention", "use_scale": True, "dropout": 0.1},
    {"kind": "additive_attention", "use_scale": False},
    {"kind": "group_query_attention", "head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
    EINSUM,
]  # fmt: skip


def a_layer(fields):
    return ModelSpec.model_validate({"layers": [fields]}).layers[0]


def problems(*layers):
    spec = {"dataset": "circles", "model": {"layers": layers}}
    training = {"loss": "mean_squared_error", "optimizer": "sgd", "epochs": 1}
    with pytest.raises(Invalid) as refused:
        parse(json.dumps({**spec, "training": training}))
    return [(problem.field, problem.expected, problem.received) for problem in refused.value.problems]


def kind(value):
    """The name of a case: the layer's kind, and the field that was chosen."""
    return value.get("kind", next(iter(value))) if isinstance(value, dict) else None


def test_there_is_an_example_of_every_kind():
    assert [example["kind"] for example in EXAMPLES] == [kind_of(member) for member in LAYERS]


def test_a_layer_reads_back_from_its_json():
    for fields in EXAMPLES:
        model = ModelSpec.model_validate({"layers": [fields]})
        assert ModelSpec.model_validate_json(model.model_dump_json()) == model, fields
        written = json.loads(model.model_dump_json())["layers"][0]
        given = {name: value for name, value in fields.items() if isinstance(value, (int, float))}
        assert {name: written[name] for name in given} == given


def test_kinds_inside_blocks_are_known_to_the_last():
    inner = a_layer({"kind": "residual", "layers": [BLOCK]}).inner[0].inner[0]
    assert (inner.kind, inner.layer.kind, inner.layer.recurrent_constraint.rate) == ("bidirectional", "lstm", 0.5)
    block = {"kind": "residual", "layers": [{"kind": "residual", "layers": [{"kind": "dens", "units": 2}]}]}
    ((field, expected, received),) = problems(block)
    assert field == "model.layers[0].layers[0].layers[0]"
    assert "did you mean dense?" in expected
    assert received == "'dens'"


@pytest.mark.parametrize(
    ("fields", "shape", "expected", "received"),
    [
        (CONV, (8,), "inputs of shape (time, channels)", "(8,)"),
        (CONV, (2, 5), "at least 3 positions along each axis, for padding valid", "2"),
        ({**CONV, "dilation_rate": 4}, (8, 5), "at least 9 positions along each axis, for padding valid", "8"),
        (IMAGE, (8, 8), "inputs of shape (height, width, channels)", "(8, 8)"),
        (IMAGE, (8, 1, 1), "at least 2 positions along each axis, for padding valid", "1"),
        (POOLING, (3, 1), "at least 4 positions along each axis, for padding valid", "3"),
        ({"kind": "average_pooling1d"}, (8,), "inputs of shape (time, channels)", "(8,)"),
        ({"kind": "max_pooling2d"}, (1, 8, 1), "at least 2 positions along each axis, for padding valid", "1"),
        ({"kind": "average_pooling2d"}, (8, 8), "inputs of shape (height, width, channels)", "(8, 8)"),
        ({"kind": "global_max_pooling1d"}, (8,), "inputs of shape (time, channels)", "(8,)"),
        ({"kind": "global_average_pooling2d"}, (8, 8), "inputs of shape (height, width, channels)", "(8, 8)"),
        ({"kind": "reshape", "target_shape": [2, 3]}, (7,), "6 numbers to make (2, 3)", "7, of shape (7,)"),
        ({"kind": "simple_rnn", "units": 3}, (8,), "inputs of shape (time, features)", "(8,)"),
        ({"kind": "bidirectional", "layer": LSTM}, (8, 2, 1), "inputs of shape (time, features)", "(8, 2, 1)"),
        (EMBEDDING, (8, 1), "inputs of shape (time,)", "(8, 1)"),
        (ATTENTION, (8,), "inputs of shape (time, features)", "(8,)"),
        ({"kind": "residual", "layers": [DENSE]}, (2,),
         "layers inside with the output shape of their input, (2,)", "(3,)"),
        ({"kind": "dense", "units": 3, "kernel_regularizer": "orthogonal_regularizer"}, (1,),
         "inputs for which kernel is a matrix with at least 2 rows, as kernel_regularizer requires",
         "(1,), for which its shape is (1, 3)"),
        ({"kind": "gru", "units": 3, "kernel_regularizer": "orthogonal_regularizer"}, (8, 1),
         "inputs for which kernel is a matrix with at least 2 rows, as kernel_regularizer requires",
         "(8, 1), for which its shape is (1, 9)"),
        (EINSUM, (4,), "inputs of 2 axes for abc,cd->abd", "(4,)"),
        ({**EINSUM, "equation": "...bc,cd->...bd"}, (4,), "inputs of at least 2 axes for ...bc,cd->...bd", "(4,)"),
        ({**EINSUM, "output_shape": [5, 3]}, (4, 2), "inputs with a size of 5 along b of abc,cd->abd", "(4, 2)"),
        ({**EINSUM, "kernel_regularizer": "orthogonal_regularizer"}, (5, 1),
         "inputs for which kernel is a matrix with at least 2 rows, as kernel_regularizer requires",
         "(5, 1), for which its shape is (1, 3)"),
    ],
    ids=kind,
)  # fmt: skip
def test_what_cannot_go_in_is_refused_with_what_could(fields, shape, expected, received):
    with pytest.raises(ShapeMismatch) as refused:
        a_layer(fields).output_shape(shape)
    assert (refused.value.expected, refused.value.received) == (expected, received)


@pytest.mark.parametrize(
    ("changed", "field", "expected"),
    [
        ({"equation": "abc,cd"}, "equation", "an equation such as"),
        ({"equation": "abb,bd->ad"}, "equation", "each axis of a part by a letter of its own"),
        ({"equation": "...bc,cd->bd..."}, "equation", "an equation such as"),
        ({"equation": "abc,cd->bad"}, "equation", "a, the batch axis, first in the outputs"),
        ({"equation": "abc,acd->abd"}, "equation", "a, the batch axis, first in the outputs"),
        ({"equation": "abc,cde->abd"}, "equation", "e, of the kernel, in the inputs or the outputs"),
        ({"equation": "abc,cd->abe"}, "equation", "d, of the kernel, in the inputs or the outputs"),
        ({"equation": "abc,cd->abde"}, "equation", "e, of the outputs, in the inputs or the kernel"),
        ({"output_shape": 3}, "output_shape", "2 sizes, of the axes bd of abc,cd->abd"),
        ({"output_shape": [3, None]}, "output_shape", "a size for d, an axis of the kernel or the bias"),
        ({"bias_axes": "b"}, "output_shape", "a size for b, an axis of the kernel or the bias"),
        ({"bias_axes": "ad"}, "bias_axes", "axes of the outputs without the batch axis: bd"),
    ],
)  # fmt: skip
def test_an_equation_names_axes_that_there_are(changed, field, expected):
    ((refused, reason, _),) = problems({**EINSUM, **changed})
    assert refused == f"model.layers[0].{field}"
    assert expected in reason


def test_what_just_fits_goes_in():
    assert a_layer(CONV).output_shape((3, 5)) == (1, 4)
    assert a_layer({**CONV, "dilation_rate": 4}).output_shape((9, 5)) == (1, 4)
    assert a_layer({**CONV, "padding": "causal"}).output_shape((1, 5)) == (1, 4)
    assert a_layer(POOLING).output_shape((4, 1)) == (1, 1)


ORTHOGONAL = {"kind": "orthogonal_regularizer", "mode": "columns"}
SECOND_AXIS = {"kind": "max_norm", "axis": 1}


@pytest.mark.parametrize(
    ("fields", "chosen", "expected", "received"),
    [
        (DENSE, {"bias_initializer": "orthogonal"}, "an initialiser for bias, a tensor of 1 axis",
         "orthogonal, which needs a tensor of at least 2 axes"),
        (CONV, {"kernel_initializer": "identity"}, "an initialiser for kernel, a tensor of 3 axes",
         "identity, which needs a matrix"),
        (CONV, {"kernel_regularizer": "orthogonal_regularizer"}, "a regulariser for kernel, a tensor of 3 axes",
         "orthogonal_regularizer, which needs a matrix with at least 2 rows"),
        ({"kind": "dense", "units": 1}, {"kernel_regularizer": ORTHOGONAL},
         "a regulariser for kernel, a tensor of 2 axes",
         "orthogonal_regularizer, which needs a matrix with at least 2 columns"),
        (DENSE, {"bias_constraint": SECOND_AXIS}, "a constraint for bias, a tensor of 1 axis",
         "max_norm, which needs a tensor of at least 2 axes, for axis 1"),
        (LSTM, {"recurrent_constraint": {"kind": "unit_norm", "axis": 2}},
         "a constraint for recurrent_kernel, a tensor of 2 axes",
         "unit_norm, which needs a tensor of at least 3 axes, for axis 2"),
        ({"kind": "batch_normalization"}, {"gamma_initializer": "identity"},
         "an initialiser for gamma, a tensor of 1 axis", "identity, which needs a matrix"),
        (ATTENTION, {"bias_constraint": SECOND_AXIS}, "a constraint for attention_output_bias, a tensor of 1 axis",
         "max_norm, which needs a tensor of at least 2 axes, for axis 1"),
        (EMBEDDING, {"embeddings_constraint": {"kind": "max_norm", "axis": 2}},
         "a constraint for embeddings, a tensor of 2 axes",
         "max_norm, which needs a tensor of at least 3 axes, for axis 2"),
    ],
    ids=kind,
)  # fmt: skip
def test_what_does_not_suit_its_tensor_is_refused(fields, chosen, expected, received):
    (field,) = chosen
    assert problems({**fields, **chosen}) == [(f"model.layers[0].{field}", expected, received)]


def test_what_suits_its_tensor_depends_on_the_tensor_alone():
    a_layer({"kind": "gru", "units": 3, "bias_constraint": SECOND_AXIS})  # a bias of two rows
    with pytest.raises(ValidationError):
        a_layer({"kind": "gru", "units": 3, "bias_constraint": SECOND_AXIS, "reset_after": False})
    a_layer({"kind": "simple_rnn", "units": 1, "kernel_regularizer": "orthogonal_regularizer"})
    with pytest.raises(ValidationError):
        a_layer({"kind": "simple_rnn", "units": 1, "recurrent_regularizer": "orthogonal_regularizer"})
    a_layer({"kind": "dense", "units": 3, "use_bias": False, "bias_initializer": "orthogonal"})  # no bias, no matter


def test_what_would_be_repeated_inside_a_bidirectional_layer_is_refused():
    ((field, expected, _),) = problems({"kind": "bidirectional", "layer": {**LSTM, "repeat": 2}})
    assert (field, expected[:9]) == ("model.layers[0].layer", "one layer")


@pytest.mark.parametrize(
    ("fields", "shape", "multiply_adds"),
    [
        (DENSE, (5, 4), 5 * (4 * 3 + 3)),
        (CONV, (8, 5), 6 * (3 * 5 * 4 + 4)),
        (IMAGE, (8, 8, 5), 6 * 7 * (3 * 2 * 5 * 4 + 4)),
        ({"kind": "lstm", "units": 3}, (8, 5), 8 * 4 * (5 * 3 + 3 * 3 + 3)),
        ({"kind": "bidirectional", "layer": {"kind": "simple_rnn", "units": 3}}, (8, 5), 2 * 8 * (5 * 3 + 3 * 3 + 3)),
        ({**ATTENTION, "use_bias": False}, (8, 5), 8 * 4 * (5 * 2 * 3) + 2 * 8 * 8 * 2 * 3),
        ({"kind": "dropout", "rate": 0.5}, (8,), 0),
    ],
    ids=kind,
)
def test_multiply_adds_are_counted(fields, shape, multiply_adds):
    assert a_layer(fields).operations(shape) == multiply_adds


@pytest.mark.parametrize(
    ("fields", "shape", "watched", "steps"),
    [
        (DENSE, (4,), (3,), None),
        ({"kind": "activation", "activation": "tanh"}, (4,), (4,), None),
        ({"kind": "dropout", "rate": 0.5}, (4,), None, None),
        ({"kind": "flatten"}, (4, 2), None, None),
        (CONV, (8, 5), (6, 4), None),
        (LSTM, (8, 5), (8, 3), 8),
        ({**LSTM, "return_sequences": True}, (8, 5), (8, 3), 8),
        ({"kind": "bidirectional", "layer": LSTM, "merge_mode": "sum"}, (8, 5), (8, 6), 8),
        (ATTENTION, (8, 5), (8, 5), None),
        ({"kind": "residual", "layers": [{"kind": "flatten"}]}, (4,), (4,), None),
    ],
    ids=kind,
)
def test_what_is_watched_is_the_layers_own_work_and_a_recurrent_layers_every_step(fields, shape, watched, steps):
    assert a_layer(fields).watched(shape) == watched
    assert a_layer(fields).time_steps(shape) == steps


def test_the_tensors_of_a_layer_have_names_of_their_own():
    recurrent = {"kernel": (5, 12), "recurrent_kernel": (3, 12), "bias": (12,)}
    assert a_layer(LSTM).parameters((8, 5)) == recurrent
    both = a_layer({"kind": "bidirectional", "layer": LSTM}).parameters((8, 5))
    assert list(both) == [f"{way}_{name}" for way in ("forward", "backward") for name in recurrent]
    assert list(both.values()) == [*recurrent.values(), *recurrent.values()]
    assert list(a_layer(ATTENTION).parameters((8, 5))) == [
        f"{part}_{tensor}" for part in ("query", "key", "value", "attention_output") for tensor in ("kernel", "bias")
    ]
    assert a_layer({"kind": "gru", "units": 3}).parameters((8, 5))["bias"] == (2, 9)
    assert a_layer({"kind": "gru", "units": 3, "reset_after": False}).parameters((8, 5))["bias"] == (9,)
    assert a_layer(BLOCK).parameters((8, 6)) == {}  # what is inside is counted for itself


def test_a_penalty_leaves_layers_side_by_side_and_a_constraint_does_not():
    assert a_layer({**DENSE, "kernel_regularizer": "l2", "bias_regularizer": "l1"}).side_by_side
    assert not a_layer({**DENSE, "bias_constraint": "non_neg"}).side_by_side


@pytest.mark.parametrize(
    "layer",
    [
        {"kind": "multi_head_attention", "num_heads": 2, "key_dim": 2},
        {"kind": "add"},
        {"kind": "masking"},
        {"kind": "embedding", "input_dim": 5, "output_dim": 2, "mask_zero": True},
    ],
)
def test_layers_of_several_inputs_or_with_masks_are_refused_at_each_time_step(layer):
    with pytest.raises(ValidationError, match=f"a layer of one input that makes no mask, not {layer['kind']}"):
        a_layer({"kind": "time_distributed", "layer": layer})
