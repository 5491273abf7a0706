"""The shelves say the same as Keras: names, defaults, shapes, parameters."""

import inspect

import keras
import numpy as np
import pytest
from pydantic import TypeAdapter

from core.training.network import Network, flattened, initial_values
from gradlab.frozen import kind_of
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.activations import ACTIVATIONS, Activation
from gradlab.vocabulary.initializers import INITIALIZERS
from gradlab.vocabulary.layers.dense import ActivationLayer
from gradlab.vocabulary.layers.ranges import ANYTHING, BOUNDED, output_range

# What a kind needs besides its defaults.
ARGUMENTS = {"threshold": {"threshold": 0.5, "default_value": 0.1}}
# Another spelling of a name that is on the shelf.
ALIASES = {"hard_swish", "swish"}


def an_activation(shelf_member):
    return shelf_member(**ARGUMENTS.get(kind_of(shelf_member), {}))


def test_every_activation_of_keras_is_on_the_shelf():
    functions = {name for name, value in vars(keras.activations).items() if inspect.isfunction(value)}
    assert functions - {"get", "serialize", "deserialize"} - ALIASES - {"glu"} == {
        kind_of(member) for member in ACTIVATIONS
    }


def test_every_initializer_of_keras_is_on_the_shelf():
    classes = {value for value in vars(keras.initializers).values() if inspect.isclass(value)}
    known = {getattr(keras.initializers, member.keras_name) for member in INITIALIZERS}
    assert {cls.__name__ for cls in classes - known} == {"Initializer", "STFT"}


@pytest.mark.parametrize("member", ACTIVATIONS, ids=kind_of)
def test_an_activation_takes_kerass_defaults_and_keeps_the_number_of_units(member):
    ours = an_activation(member)
    x = np.linspace(-3, 3, 8, dtype=np.float32)[None, :]
    theirs = getattr(keras.activations, kind_of(member))
    arguments = {**ARGUMENTS.get(kind_of(member), {})}
    built = np.asarray(keras.ops.convert_to_tensor(ours.build(keras)(keras.ops.convert_to_tensor(x))).numpy())
    np.testing.assert_array_equal(built, theirs(keras.ops.convert_to_tensor(x), **arguments).numpy())
    assert built.shape == (1, 8)


@pytest.mark.parametrize("member", ACTIVATIONS, ids=kind_of)
def test_an_activations_fields_have_the_defaults_of_kerass_arguments(member):
    arguments = list(inspect.signature(getattr(keras.activations, kind_of(member))).parameters.values())[1:]
    theirs = {each.name: each.default for each in arguments if each.default is not inspect.Parameter.empty}
    fields = {name: field for name, field in member.model_fields.items() if name != "kind"}
    ours = {name: field.default for name, field in fields.items() if not field.is_required()}
    assert {name: value for name, value in theirs.items() if name != "axis"} == ours


STEEPER = [
    {"kind": "relu", "negative_slope": 3.0},
    {"kind": "relu", "negative_slope": 0.5, "max_value": 2.0, "threshold": 1.0},
    {"kind": "leaky_relu", "negative_slope": 2.5},
    {"kind": "elu", "alpha": 4.0},
    {"kind": "celu", "alpha": 4.0},
    {"kind": "gelu", "approximate": True},
    {"kind": "squareplus", "b": 0.5},
]


@pytest.mark.parametrize(
    "fields",
    [*({"kind": kind_of(member), **ARGUMENTS.get(kind_of(member), {})} for member in ACTIVATIONS), *STEEPER],
    ids=lambda fields: "-".join(str(value) for value in fields.values()),
)
def test_the_steepest_slope_is_the_largest_that_the_function_reaches(fields):
    function = TypeAdapter(Activation).validate_python(fields)
    x = np.linspace(-30, 30, 60_001)
    y = function.build(keras)(keras.ops.convert_to_tensor(x[None, :], dtype="float64")).numpy()[0]
    slopes = np.abs(np.diff(y) / np.diff(x))
    slopes = slopes[slopes < 50]  # a jump has no slope
    if function.per_unit and function.steepest is not None:
        assert slopes.max() == pytest.approx(function.steepest, rel=2e-3)
    else:
        assert function.steepest is None
        assert function.kind in ("exponential", "softmax", "log_softmax", "sparsemax")


@pytest.mark.parametrize("kind", BOUNDED)
def test_the_bounds_of_an_activation_hold(kind):
    function = TypeAdapter(Activation).validate_python({"kind": kind})
    x = np.linspace(-50, 50, 1001, dtype=np.float32)[None]
    y = np.asarray(function.build(keras)(keras.ops.convert_to_tensor(x)))
    low, high = output_range(ActivationLayer(activation=function), ANYTHING)
    assert low <= y.min() <= y.max() <= high


def test_a_unit_stands_for_itself_unless_the_activation_compares_units():
    for member in ACTIVATIONS:
        function = an_activation(member).build(keras)
        one, other = (function(keras.ops.convert_to_tensor([[0.3, -0.4, last]])).numpy() for last in (0.1, 0.2))
        assert np.array_equal(one[:, :2], other[:, :2]) == member.per_unit, kind_of(member)


@pytest.mark.parametrize("member", INITIALIZERS, ids=kind_of)
def test_an_initializer_takes_kerass_defaults_and_repeats_its_draw(member):
    cls = getattr(keras.initializers, member.keras_name)
    expected = (cls(seed=3) if member.random else cls())((40, 30)).numpy()
    np.testing.assert_array_equal(member().build(keras, 3)((40, 30)).numpy(), expected)
    if member.random:
        assert not np.array_equal(member().build(keras, 4)((40, 30)).numpy(), expected)


def test_seeds_and_layers_draw_different_weights_and_a_layer_the_same_whatever_stands_after_it():
    def kernels(seed, units):
        spec = ExperimentSpec.model_validate(
            {
                "dataset": "circles",
                "model": {
                    "layers": [
                        {"kind": "dense", "units": 2, "repeat": 2},
                        {"kind": "dense", "units": units, "repeat": 2},
                        {"kind": "dense", "units": 1},
                    ]
                },
                "training": {"loss": "mean_squared_error", "optimizer": "sgd", "epochs": 1},
            }
        )
        return [layer.keras.kernel.numpy() for layer in Network(spec, seed).layers]

    one, other, wider = kernels(0, 3), kernels(1, 3), kernels(0, 4)
    assert not np.array_equal(one[0], one[1])
    assert not np.array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[0], wider[0])
    np.testing.assert_array_equal(one[1], wider[1])


def test_initial_values_are_those_of_the_network():
    spec = ExperimentSpec.model_validate(
        {
            "dataset": {"kind": "sine", "length": 12},
            "model": {
                "layers": [
                    {"kind": "conv1d", "filters": 4, "kernel_size": 3, "padding": "same"},
                    {"kind": "residual", "layers": [{"kind": "layer_normalization"}, {"kind": "dense", "units": 4}]},
                    {"kind": "multi_head_attention", "num_heads": 2, "key_dim": 4},
                    {"kind": "batch_normalization"},
                    {"kind": "dropout", "rate": 0.5},
                    {"kind": "bidirectional", "layer": {"kind": "lstm", "units": 3}},
                    {"kind": "dense", "units": 2, "use_bias": False, "kernel_initializer": "orthogonal"},
                    {"kind": "dense", "units": 1, "bias_initializer": "random_normal"},
                ]
            },
            "training": {"loss": "mean_squared_error", "optimizer": "sgd", "epochs": 1},
        }
    )
    values = flattened(initial_values(spec, 7))
    for value, variable in zip(values, Network(spec, 7).variables, strict=True):
        np.testing.assert_array_equal(value, variable.numpy())
    kernels = {tensor.parameter: value for tensor, value in zip(spec.layout["weights"].tensors, values, strict=False)}
    assert not np.array_equal(kernels["query_kernel"], kernels["key_kernel"])
    assert not np.array_equal(kernels["forward_kernel"], kernels["backward_kernel"])
