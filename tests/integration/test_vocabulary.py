"""The shelves say the same as Keras: names, defaults, shapes, parameters."""

import inspect

import keras
import numpy as np
import pytest

from core.activations import ACTIVATIONS
from core.frozen import kind_of
from core.initializers import INITIALIZERS
from core.layers import LAYERS
from core.optimizers import OPTIMIZERS
from core.spec import ExperimentSpec
from core.training.model import build_network

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


@pytest.mark.parametrize("member", INITIALIZERS, ids=kind_of)
def test_an_initializer_takes_kerass_defaults_and_repeats_its_draw(member):
    cls = getattr(keras.initializers, member.keras_name)
    expected = (cls(seed=3) if member.random else cls())((40, 30)).numpy()
    np.testing.assert_array_equal(member().build(keras, 3)((40, 30)).numpy(), expected)
    if member.random:
        assert not np.array_equal(member().build(keras, 4)((40, 30)).numpy(), expected)


@pytest.mark.parametrize("member", OPTIMIZERS, ids=kind_of)
def test_an_optimizer_takes_kerass_defaults(member):
    ours = member().build(keras).get_config()
    theirs = getattr(keras.optimizers, member.keras_name)().get_config()
    assert ours | {"name": ""} == theirs | {"name": ""}  # Keras numbers the objects of one class


@pytest.mark.parametrize(
    "layer",
    [
        {"kind": "dense", "units": 6, "use_bias": False, "repeat": 2},
        {"kind": "activation", "activation": "tanh"},
        {"kind": "dropout", "rate": 0.5},
        {"kind": "batch_normalization"},
        {"kind": "batch_normalization", "center": False},
        {"kind": "batch_normalization", "scale": False, "center": False},
    ],
    ids=str,
)
def test_shapes_and_parameters_are_foretold_without_keras(layer):
    spec = ExperimentSpec.model_validate(
        {
            "dataset": {"kind": "blobs", "features": 4, "centers": 2},
            "model": {"layers": [layer, {"kind": "dense", "units": 1, "activation": "sigmoid"}]},
            "training": {"loss": "binary_crossentropy", "optimizer": "sgd", "epochs": 1},
        }
    )
    network = build_network(spec, seed=0)
    assert [built.name for built in network.layers] == [named.name for named in spec.layers]
    foretold = [(tensor.layer, tensor.parameter, tensor.shape) for tensor in spec.layout.tensors]
    real = [(built.name, each.name, each.shape) for built in network.layers for each in built.trainable_variables]
    assert foretold == real
    for built, named in zip(network.layers, spec.layers, strict=True):
        assert built.output.shape[1:] == named.output_shape
        kept = sum(int(np.prod(variable.shape)) for variable in built.variables) - named.parameter_count
        assert named.spec.state_size(named.input_shape) == kept


def test_every_kind_of_layer_is_tried_above():
    marks = test_shapes_and_parameters_are_foretold_without_keras.pytestmark
    assert {kind_of(member) for member in LAYERS} == {layer["kind"] for layer in marks[0].args[1]}


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
        return [layer.kernel.numpy() for layer in build_network(spec, seed).layers]

    one, other, wider = kernels(0, 3), kernels(1, 3), kernels(0, 4)
    assert not np.array_equal(one[0], one[1])
    assert not np.array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[0], wider[0])
    np.testing.assert_array_equal(one[1], wider[1])
