"""The shelf of layers foretells what Keras builds: shapes, parameters, state, defaults."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from gradlab.frozen import arguments_of, kind_of
from gradlab.keras.naming import tensors_of
from gradlab.spec.experiment import ModelSpec
from gradlab.spec.network import in_order, walk
from gradlab.translate.keras_code import layer_code
from gradlab.vocabulary.constraints import CONSTRAINTS, MaxNorm
from gradlab.vocabulary.initializers import INITIALIZERS
from gradlab.vocabulary.layers import LAYERS
from gradlab.vocabulary.layers.attention import GroupQueryAttention, MultiHeadAttention
from gradlab.vocabulary.layers.layer import LayerSpec, ShapeMismatch
from gradlab.vocabulary.layers.recurrent import Bidirectional
from gradlab.vocabulary.layers.weighted import WeightedLayer
from gradlab.vocabulary.regularizers import REGULARIZERS, OrthogonalRegularizer

SIMPLE = {"kind": "simple_rnn", "units": 3}
LEAKY = {"kind": "leaky_relu", "negative_slope": 0.3}
CASES = [
    ({"kind": "dense", "units": 6, "use_bias": False}, (4,)),
    ({"kind": "dense", "units": 6}, (5, 4)),
    ({"kind": "activation", "activation": "tanh"}, (4,)),
    ({"kind": "dropout", "rate": 0.5}, (4,)),
    ({"kind": "dropout", "rate": 0.0}, (4,)),
    ({"kind": "gaussian_noise", "stddev": 0.5}, (4,)),
    ({"kind": "gaussian_noise", "stddev": 0.0}, (4,)),
    ({"kind": "batch_normalization"}, (4,)),
    ({"kind": "batch_normalization", "center": False}, (3, 3, 4)),
    ({"kind": "batch_normalization", "scale": False, "center": False}, (4,)),
    ({"kind": "layer_normalization"}, (5, 4)),
    ({"kind": "layer_normalization", "scale": False}, (4,)),
    ({"kind": "conv1d", "filters": 3, "kernel_size": 4, "strides": 2}, (11, 2)),
    ({"kind": "conv1d", "filters": 3, "kernel_size": 4, "padding": "causal", "dilation_rate": 3}, (11, 2)),
    ({"kind": "conv1d", "filters": 3, "kernel_size": 3, "dilation_rate": 4}, (11, 2)),
    ({"kind": "conv1d", "filters": 3, "kernel_size": 5, "strides": 3, "padding": "causal", "use_bias": False}, (11, 2)),
    ({"kind": "conv2d", "filters": 3, "kernel_size": 3}, (8, 7, 2)),
    ({"kind": "conv2d", "filters": 3, "kernel_size": [2, 3], "strides": [2, 1], "padding": "same"}, (8, 7, 1)),
    ({"kind": "max_pooling1d"}, (7, 2)),
    ({"kind": "average_pooling1d", "pool_size": 3, "strides": 1, "padding": "same"}, (7, 2)),
    ({"kind": "max_pooling2d", "pool_size": [2, 3]}, (7, 8, 2)),
    ({"kind": "average_pooling2d", "padding": "same"}, (7, 8, 2)),
    ({"kind": "global_max_pooling1d"}, (7, 2)),
    ({"kind": "global_average_pooling1d"}, (7, 2)),
    ({"kind": "global_max_pooling2d"}, (7, 8, 2)),
    ({"kind": "global_average_pooling2d"}, (7, 8, 2)),
    ({"kind": "max_pooling2d", "pool_size": 3, "strides": [1, 2], "padding": "same"}, (7, 8, 2)),
    ({"kind": "flatten"}, (7, 8, 2)),
    ({"kind": "reshape", "target_shape": [4, 6]}, (24,)),
    (SIMPLE, (6, 2)),
    ({**SIMPLE, "return_sequences": True, "use_bias": False}, (6, 2)),
    ({"kind": "gru", "units": 3}, (6, 2)),
    ({"kind": "gru", "units": 3, "reset_after": False, "return_sequences": True}, (6, 2)),
    ({"kind": "lstm", "units": 3, "return_sequences": True}, (6, 2)),
    ({"kind": "lstm", "units": 3, "use_bias": False}, (6, 2)),
    ({"kind": "bidirectional", "layer": {"kind": "lstm", "units": 3}}, (6, 2)),
    ({"kind": "bidirectional", "layer": {**SIMPLE, "return_sequences": True}, "merge_mode": "sum"}, (6, 2)),
    ({"kind": "bidirectional", "layer": {**SIMPLE, "activation": "relu"}, "merge_mode": "mul"}, (6, 2)),
    ({"kind": "bidirectional", "layer": {"kind": "gru", "units": 3, "activation": LEAKY}, "merge_mode": "ave"}, (6, 2)),
    ({"kind": "embedding", "input_dim": 9, "output_dim": 4}, (6,)),
    ({"kind": "multi_head_attention", "num_heads": 2, "key_dim": 3}, (6, 4)),
    ({"kind": "multi_head_attention", "num_heads": 2, "key_dim": 3, "value_dim": 5, "use_bias": False}, (6, 4)),
    ({"kind": "multi_head_attention", "num_heads": 1, "key_dim": 3, "dropout": 0.5, "causal": True}, (6, 4)),
    ({"kind": "group_query_attention", "head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}, (6, 4)),
    ({"kind": "residual", "layers": [{"kind": "dense", "units": 4, "repeat": 2}, {"kind": "flatten"}]}, (4,)),
    ({"kind": "relu", "negative_slope": 0.5, "max_value": 2.0}, (4,)),
    ({"kind": "leaky_relu"}, (5, 4)),
    ({"kind": "prelu"}, (5, 4)),
    ({"kind": "prelu", "shared_axes": [1, 2], "alpha_initializer": "he_uniform"}, (5, 6, 4)),
    ({"kind": "elu", "alpha": 0.5}, (4,)),
    ({"kind": "softmax"}, (4,)),
    ({"kind": "alpha_dropout", "rate": 0.5}, (4,)),
    ({"kind": "gaussian_dropout", "rate": 0.5}, (4,)),
    ({"kind": "gaussian_dropout", "rate": 0.0}, (4,)),
    ({"kind": "spatial_dropout1d", "rate": 0.5}, (5, 4)),
    ({"kind": "spatial_dropout2d", "rate": 0.5}, (5, 5, 4)),
    ({"kind": "spatial_dropout3d", "rate": 0.5}, (2, 5, 5, 4)),
    ({"kind": "group_normalization", "groups": 2}, (5, 5, 4)),
    ({"kind": "group_normalization", "groups": -1, "scale": False}, (4,)),
    ({"kind": "rms_normalization"}, (5, 4)),
    ({"kind": "unit_normalization"}, (5, 4)),
    ({"kind": "identity"}, (5, 4)),
    ({"kind": "permute", "dims": [2, 3, 1]}, (5, 4, 3)),
    ({"kind": "repeat_vector", "n": 3}, (4,)),
    ({"kind": "cropping1d", "cropping": [0, 2]}, (5, 4)),
    ({"kind": "cropping2d", "cropping": [1, 2]}, (5, 6, 4)),
    ({"kind": "cropping3d", "cropping": [[0, 1], [1, 0], [0, 0]]}, (5, 6, 4, 2)),
    ({"kind": "zero_padding1d", "padding": [0, 2]}, (5, 4)),
    ({"kind": "zero_padding2d", "padding": [[0, 1], [2, 0]]}, (5, 6, 4)),
    ({"kind": "zero_padding3d", "padding": 2}, (5, 6, 4, 2)),
    ({"kind": "up_sampling1d", "size": 3}, (5, 4)),
    ({"kind": "up_sampling2d", "size": [1, 3], "interpolation": "bilinear"}, (5, 6, 4)),
    ({"kind": "up_sampling3d", "size": [1, 2, 3]}, (5, 6, 4, 2)),
    ({"kind": "rescaling", "scale": 0.5, "offset": -1.0}, (4,)),
    ({"kind": "normalization", "mean": [1.0, 2.0], "variance": [4.0, 9.0]}, (5, 2)),
    ({"kind": "normalization", "mean": 1.0, "variance": 4.0, "invert": True}, (4,)),
    ({"kind": "category_encoding", "num_tokens": 5}, (4,)),
    ({"kind": "category_encoding", "num_tokens": 5, "output_mode": "one_hot"}, (4,)),
    ({"kind": "max_pooling3d", "pool_size": [2, 1, 2]}, (5, 6, 4, 2)),
    ({"kind": "average_pooling3d", "pool_size": 3, "strides": 2, "padding": "same"}, (5, 6, 4, 2)),
    ({"kind": "global_max_pooling3d"}, (5, 6, 4, 2)),
    ({"kind": "global_average_pooling3d"}, (5, 6, 4, 2)),
    ({"kind": "conv1d", "filters": 6, "kernel_size": 3, "groups": 2}, (11, 4)),
    ({"kind": "conv2d", "filters": 3, "kernel_size": 2, "dilation_rate": [1, 2]}, (8, 7, 2)),
    ({"kind": "conv3d", "filters": 3, "kernel_size": [1, 2, 3], "strides": 2, "padding": "same"}, (5, 6, 4, 2)),
    ({"kind": "conv3d", "filters": 4, "kernel_size": 2, "groups": 2}, (5, 6, 4, 2)),
    ({"kind": "conv1d_transpose", "filters": 3, "kernel_size": 4, "strides": 2, "output_padding": 1}, (6, 2)),
    ({"kind": "conv1d_transpose", "filters": 3, "kernel_size": 2, "strides": 3}, (6, 2)),
    ({"kind": "conv2d_transpose", "filters": 3, "kernel_size": [2, 3], "strides": 2, "padding": "same"}, (5, 6, 2)),
    ({"kind": "conv3d_transpose", "filters": 3, "kernel_size": 2, "strides": [2, 1, 1]}, (3, 4, 2, 2)),
    ({"kind": "depthwise_conv1d", "kernel_size": 3, "dilation_rate": 2}, (11, 2)),
    ({"kind": "depthwise_conv2d", "kernel_size": [2, 3], "depth_multiplier": 2, "padding": "same"}, (8, 7, 3)),
    ({"kind": "separable_conv1d", "filters": 4, "kernel_size": 3, "strides": 2, "use_bias": False}, (11, 3)),
    ({"kind": "separable_conv2d", "filters": 4, "kernel_size": 3, "depth_multiplier": 2}, (8, 7, 3)),
    ({"kind": "masking", "mask_value": 1.0}, (5, 4)),
    ({"kind": "time_distributed", "layer": {"kind": "dense", "units": 3}}, (5, 4)),
    ({"kind": "time_distributed", "layer": {"kind": "separable_conv2d", "filters": 3, "kernel_size": 2}}, (5, 4, 3, 2)),
    ({"kind": "time_distributed", "layer": {"kind": "dropout", "rate": 0.5}}, (5, 4)),
    ({"kind": "conv_lstm1d", "filters": 3, "kernel_size": 2, "padding": "same", "use_bias": False}, (5, 6, 2)),
    ({"kind": "conv_lstm2d", "filters": 3, "kernel_size": [2, 3], "strides": [1, 2], "return_sequences": True},
     (5, 6, 7, 2)),
    ({"kind": "lstm", "units": 3, "dropout": 0.5, "recurrent_dropout": 0.5, "go_backwards": True}, (6, 2)),
    ({"kind": "bidirectional", "layer": {"kind": "gru", "units": 3, "dropout": 0.5}}, (6, 2)),
    ({"kind": "embedding", "input_dim": 9, "output_dim": 4, "mask_zero": True}, (6,)),
    ({"kind": "einsum_dense", "equation": "abc,cd->abd", "output_shape": [None, 3], "bias_axes": "d"}, (5, 4)),
    ({"kind": "einsum_dense", "equation": "abcd,cde->ade", "output_shape": [4, 2], "bias_axes": "de"}, (5, 3, 4)),
    ({"kind": "einsum_dense", "equation": "...b,bcd->...cd", "output_shape": [3, 2], "bias_axes": "c"}, (5, 4)),
    ({"kind": "einsum_dense", "equation": "ab...,bc->ac...", "output_shape": 3, "bias_axes": "c"}, (4, 5, 6)),
    ({"kind": "einsum_dense", "equation": "ab,bc->ac", "output_shape": 3, "activation": "tanh"}, (4,)),
]  # fmt: skip
# Layers that take several inputs, and the shapes of these.
MERGING = [
    ({"kind": "add"}, [(4,), (4,), (4,)]),
    ({"kind": "concatenate"}, [(2, 4), (2, 3)]),
    ({"kind": "concatenate", "axis": 1}, [(2, 4), (3, 4)]),
]
# Layers of several inputs that combine them otherwise.
COMBINING = [
    ({"kind": "subtract"}, [(4,), (4,)]),
    ({"kind": "multiply"}, [(4,), (4,), (4,)]),
    ({"kind": "average"}, [(4,), (4,), (4,)]),
    ({"kind": "maximum"}, [(4,), (4,)]),
    ({"kind": "minimum"}, [(4,), (4,)]),
    ({"kind": "dot", "axes": 1}, [(4,), (4,)]),
    ({"kind": "dot", "axes": [1, 2], "normalize": True}, [(3, 4), (5, 3)]),
    ({"kind": "attention"}, [(3, 4), (5, 6), (5, 4)]),
    ({"kind": "attention", "use_scale": True, "score_mode": "concat", "dropout": 0.5}, [(3, 4), (5, 4)]),
    ({"kind": "additive_attention"}, [(3, 4), (5, 6), (5, 4)]),
    ({"kind": "additive_attention", "use_scale": False}, [(3, 4), (5, 4)]),
    ({"kind": "multi_head_attention", "num_heads": 2, "key_dim": 3}, [(3, 4), (5, 4)]),
    ({"kind": "group_query_attention", "head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
     [(3, 4), (5, 4), (5, 4)]),
]  # fmt: skip


def a_layer(fields: dict) -> LayerSpec:
    return ModelSpec.model_validate({"layers": [fields]}).layers[0]


def ids(case) -> str:
    return str(case) if isinstance(case, tuple) else "-".join(str(value) for value in case.values())


def built(fields: dict, shape: tuple[int, ...]):
    """The named layers, what Keras made of each, and the model that they form."""
    (outer,) = walk([a_layer(fields)], shape)
    named = list(in_order([outer]))
    layers = {each.name: each.spec.build(keras, name=each.name, seeds=iter(range(100, 200))) for each in named}
    entry = keras.Input(shape)
    values = {"input": entry}
    for each in named:
        values[each.name] = each.spec.merge(layers[each.name], [values[name] for name in each.inputs], False)
    return named, layers, keras.Model(entry, values[outer.name])


@pytest.mark.parametrize(("fields", "shape"), CASES, ids=ids)
def test_shapes_parameters_and_state_are_foretold_without_keras(fields, shape):
    named, layers, model = built(fields, shape)
    assert model.output_shape[1:] == named[-1].output_shape
    for each in named:
        ours, theirs = each.tensors, layers[each.name]
        assert [tensor.shape for tensor in ours] == [tuple(variable.shape) for variable in theirs.trainable_variables]
        kept = sum(int(np.prod(variable.shape)) for variable in theirs.variables) - each.parameter_count
        assert each.spec.state_size(each.input_shape) == kept
    foretold = [(tensor.layer, tensor.parameter, tensor.shape) for each in named for tensor in each.tensors]
    assert sorted((each.layer, each.parameter, each.shape) for each in tensors_of(model)) == sorted(foretold)


@pytest.mark.parametrize(("fields", "shape"), CASES, ids=ids)
def test_weights_made_without_a_call_are_those_that_a_call_makes(fields, shape):
    _, called, _ = built(fields, shape)
    for each in in_order(walk([a_layer(fields)], shape)):
        alone = each.spec.build(keras, name=each.name, seeds=iter(range(100, 200)))
        each.spec.create_weights(alone, each.input_shape)
        pairs = zip(alone.variables, called[each.name].variables, strict=True)
        # When Keras copies a recurrent cell it forgets the seed of a generator for a dropout that we do not ask for.
        copied = each.spec.kind == "bidirectional"
        for ours, theirs in [pair for pair in pairs if not copied or pair[0].dtype == "float32"]:
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize(("fields", "shapes"), MERGING, ids=str)
def test_the_shape_that_several_inputs_make_is_foretold(fields, shapes):
    layer = a_layer(fields)
    made = layer.build(keras, name="any", seeds=iter(range(100)))
    inputs = [np.full((5, *shape), number, np.float32) for number, shape in enumerate(shapes)]
    outputs = layer.merge(made, inputs, False)
    assert tuple(outputs.shape) == (5, *layer.merged_shape(shapes))
    assert not made.variables
    assert float(np.sum(outputs)) == sum(float(np.sum(each)) for each in inputs)  # all that came in is in it


@pytest.mark.parametrize(("fields", "shapes"), COMBINING, ids=str)
def test_what_several_inputs_are_combined_to_is_foretold(fields, shapes):
    layer = a_layer(fields)
    one, alone = (layer.build(keras, name="any", seeds=iter(range(100))) for _ in range(2))
    draws = np.random.default_rng(0)
    inputs = [draws.normal(size=(5, *shape)).astype(np.float32) for shape in shapes]
    outputs = layer.merge(one, inputs, False)
    assert tuple(outputs.shape) == (5, *layer.merged_shape(shapes))
    layer.create_weights(alone, shapes[0])
    assert [tuple(each.shape) for each in one.trainable_variables] == [*layer.parameters(shapes[0]).values()]
    assert len(one.variables) - len(one.trainable_variables) == bool(layer.state_size(shapes[0]))
    for mine, theirs in zip(one.trainable_variables, alone.trainable_variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    with pytest.raises(ShapeMismatch):
        layer.merged_shape([*shapes, (7, 7, 7)])


def test_every_kind_of_layer_is_tried_above():
    tried = {fields["kind"] for fields, _ in [*CASES, *MERGING, *COMBINING]}
    assert {kind_of(member) for member in LAYERS} == tried


# Layers whose configuration holds other layers or draws: they are compared below.
BY_HAND = ("time_distributed", "bidirectional", "multi_head_attention", "group_query_attention", "residual")
# What our shelf names otherwise than Keras, or does not take from it.
OWN = {"kind", "repeat", "layers", "layer", "causal"}


@pytest.mark.parametrize("member", [each for each in LAYERS if kind_of(each) not in BY_HAND], ids=kind_of)
def test_defaults_are_kerass(member):
    fields = next(fields for fields, _ in [*CASES, *MERGING, *COMBINING] if fields["kind"] == kind_of(member))
    own = {argument: member.model_fields[field] for argument, field in arguments_of(member).items()}
    plain = {name: value for name, value in fields.items() if own[name].is_required() or name == "kind"}
    layer = a_layer(plain).build(keras, name="any", seeds=iter(range(100)))
    cls = type(layer)
    arguments = inspect.signature(cls.__init__).parameters
    given = {name: value for name, value in layer.get_config().items() if name in plain}
    required = {"pool_size": 2} if kind_of(member).startswith("average_") else {}
    theirs = cls(**given, **required).get_config()
    ours = layer.get_config()
    compared = [name for name in own if name not in OWN and name in arguments and name in theirs]
    for name in compared:
        if name.endswith("_initializer"):
            assert ours[name]["class_name"] == theirs[name]["class_name"], name
        else:
            assert ours[name] == theirs[name], name
    assert compared or not set(member.model_fields) - OWN


def test_defaults_of_layers_that_hold_more_are_kerass():
    for member, cls in (
        (Bidirectional, keras.layers.Bidirectional),
        (MultiHeadAttention, keras.layers.MultiHeadAttention),
        (GroupQueryAttention, keras.layers.GroupQueryAttention),
    ):
        theirs = inspect.signature(cls.__init__).parameters
        compared = [name for name in member.model_fields if name in theirs and name not in OWN]
        for name in compared:
            default = member.model_fields[name].get_default()
            if theirs[name].default is not inspect.Parameter.empty:
                assert getattr(default, "kind", default) == theirs[name].default, name
        assert "merge_mode" in compared or {"dropout", "use_bias", "kernel_initializer"} < {*compared}


def test_regularizers_and_constraints_reach_keras():
    fields = {
        "kind": "gru", "units": 3, "kernel_regularizer": "l1", "recurrent_regularizer": {"kind": "l2", "l2": 0.5},
        "bias_constraint": "non_neg", "recurrent_constraint": {"kind": "max_norm", "max_value": 1.5},
    }  # fmt: skip
    layer = a_layer(fields)
    made = layer.build(keras, name="any", seeds=iter(range(9)))
    assert isinstance(made.kernel_regularizer, keras.regularizers.L1)
    assert float(made.recurrent_regularizer.l2) == 0.5
    assert isinstance(made.bias_constraint, keras.constraints.NonNeg)
    assert made.recurrent_constraint.max_value == 1.5
    assert made.kernel_constraint is None


@pytest.mark.parametrize("member", [each for each in LAYERS if issubclass(each, WeightedLayer)], ids=kind_of)
def test_a_constraint_keeps_a_layer_from_being_stacked(member):
    fields = next(fields for fields, _ in [*CASES, *MERGING] if fields["kind"] == kind_of(member))
    assert not a_layer({**fields, "kernel_constraint": "non_neg"}).side_by_side


RULES = [member() for shelf in (INITIALIZERS, REGULARIZERS, CONSTRAINTS) for member in shelf]
RULES += [MaxNorm(axis=1), MaxNorm(axis=2), OrthogonalRegularizer(mode="columns")]
SHAPES = [(3,), (3, 4), (1, 4), (4, 1), (2, 3, 4), (2, 2, 3, 4)]


@pytest.mark.parametrize(
    "rule", RULES, ids=lambda rule: f"{rule.kind}-{getattr(rule, 'axis', getattr(rule, 'mode', ''))}"
)
def test_a_rule_refuses_the_tensors_that_keras_cannot_apply_it_to(rule):
    def applies(shape) -> bool:
        try:
            if rule in RULES[: len(INITIALIZERS)]:
                value = rule.build(keras, 3)(shape)
            else:
                value = rule.build(keras)(keras.ops.ones(shape))
        except (ValueError, tf.errors.InvalidArgumentError):
            return False
        return bool(np.isfinite(value).all())

    for shape in SHAPES:
        assert (rule.needs(shape) is None) == applies(shape), shape


def essence(config):
    """A configuration without names and seeds; an activation with a parameter is a layer in code, here a function."""
    if isinstance(config, dict) and config.get("class_name") in ("LeakyReLU", "leaky_relu"):
        return config["config"]["negative_slope"]
    if isinstance(config, dict):
        left_out = ("name", "seed", "registered_name", "module", "build_config")
        return {name: essence(value) for name, value in config.items() if name not in left_out}
    return [essence(each) for each in config] if isinstance(config, list | tuple) else config


@pytest.mark.parametrize("member", [each for each in LAYERS if kind_of(each) != "residual"], ids=kind_of)
def test_the_code_of_a_layer_makes_it(member):
    cases = [*CASES, *MERGING, *COMBINING]
    for fields in [fields for fields, _ in cases if fields["kind"] == kind_of(member)]:
        layer = a_layer(fields)
        theirs = eval(layer_code(layer), {**vars(keras.layers), "keras": keras})
        ours = layer.build(keras, name="any", seeds=iter(range(100)))
        drawn = ("kernel_initializer", "bias_initializer") if "attention" in kind_of(member) else ()
        configs = [{k: v for k, v in each.get_config().items() if k not in drawn} for each in (ours, theirs)]
        assert essence(configs[0]) == essence(configs[1])


def sent(fields: dict, x: np.ndarray, training: bool = False):
    """The output of the layer alone for a batch, and Keras's layer."""
    layer = a_layer(fields)
    made = layer.build(keras, name="any", seeds=iter(range(100, 200)))
    batch = keras.ops.convert_to_tensor(x)
    return np.asarray(layer.merge(made, [2 * batch, batch] if layer.inner else [batch], training)), made


def test_a_block_adds_what_came_in_to_what_its_layers_made_times_its_scale():
    x = np.array([[1.0, -2.0, 3.0]], np.float32)
    inside = [{"kind": "flatten"}]
    for scale, expected in ((1.0, 3 * x), (0.25, 2.25 * x), (-1.0, x)):
        out, _ = sent({"kind": "residual", "layers": inside, "scale": scale}, x)
        np.testing.assert_array_equal(out, expected)


def test_an_embedding_takes_whole_numbers_as_floats():
    out, made = sent({"kind": "embedding", "input_dim": 9, "output_dim": 4}, np.array([[8.0, 0.0, 3.0]], np.float32))
    np.testing.assert_array_equal(out[0], made.embeddings.numpy()[[8, 0, 3]])


def attended(x: np.ndarray, made, causal: bool) -> np.ndarray:
    """softmax(q·k/√key_dim)·v for each head, by hand: (batch, time, features)."""
    projections = [variable.numpy() for variable in made.trainable_variables]
    q, k, v = (np.einsum("btf,fhd->bhtd", x, kernel) for kernel in projections[:3])
    scores = np.einsum("bhtd,bhsd->bhts", q, k) / np.sqrt(q.shape[-1])
    if causal:
        scores = np.where(np.tri(x.shape[1], dtype=bool), scores, -np.inf)
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    return np.einsum("bhts,bhsd,hdf->btf", weights, v, projections[3])


@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_what_the_formula_says(causal):
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype(np.float32)
    fields = {"kind": "multi_head_attention", "num_heads": 2, "key_dim": 3, "use_bias": False, "causal": causal}
    out, made = sent(fields, x)
    np.testing.assert_allclose(out, attended(x, made, causal), atol=1e-6)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "dropout", "rate": 0.5},
        {"kind": "gaussian_noise", "stddev": 0.5},
        {"kind": "multi_head_attention", "num_heads": 2, "key_dim": 3, "dropout": 0.5},
    ],
    ids=ids,
)
def test_what_disturbs_does_so_while_training_only_and_the_same_for_the_same_seed(fields):
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype(np.float32)
    (calm, made), (one, _), (same, _) = sent(fields, x), sent(fields, x, True), sent(fields, x, True)
    assert not np.allclose(one, calm)
    np.testing.assert_array_equal(one, same)
    np.testing.assert_array_equal(a_layer(fields).call(made, x, False), calm)


def test_both_directions_and_all_projections_draw_numbers_of_their_own():
    for fields in (
        {"kind": "bidirectional", "layer": SIMPLE},
        {"kind": "multi_head_attention", "num_heads": 1, "key_dim": 4},
    ):
        _, made = sent(fields, np.zeros((1, 5, 4), np.float32))
        drawn = [variable.numpy().ravel() for variable in made.trainable_variables if variable.numpy().any()]
        assert len(drawn) == 4
        assert len({tuple(np.round(each[:3], 6)) for each in drawn}) == 4


@pytest.mark.parametrize("activation", ["relu", "tanh", LEAKY, {"kind": "relu", "max_value": 1.0}], ids=str)
def test_a_layer_can_be_copied_with_its_activation(activation):
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype(np.float32)
    out, made = sent({**SIMPLE, "activation": activation}, x)
    copy = type(made).from_config(made.get_config())
    copy.build(x.shape)
    copy.set_weights(made.get_weights())
    np.testing.assert_array_equal(copy(x), out)
