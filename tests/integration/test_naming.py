"""Names of layers and tensors in models of any structure: each once, however deep the blocks are nested."""

import keras
from keras import layers

from gradlab.keras import naming
from gradlab.keras.naming import layers_of, tensors_of
from tests.keras_models import OwnLSTM, Subclassed, X, block, frozen, nested, recurrent, shared


def test_equal_names_in_two_blocks_are_told_apart_by_their_paths():
    model = nested()
    names = [(each.layer, each.parameter) for each in tensors_of(model)]
    outer, first, second = model.layers[0], *model.layers[0].layers
    assert names == [
        *(
            (f"base/{inner.name}/{layer}", name)
            for inner in (first, second)
            for layer in ("fc1", "fc2")
            for name in ("kernel", "bias")
        ),
        (model.layers[1].name, "kernel"),
        (model.layers[1].name, "bias"),
    ]
    assert outer.name == "base"


def test_a_subclassed_model_names_blocks_of_one_name_and_its_own_variable():
    model = Subclassed()
    model(X)
    names = [each.name for each in layers_of(model)]
    assert len(set(names)) == len(names)
    assert {"block/fc1", "block/fc1_2", "subclassed"} <= {*names}
    (own,) = [each for each in layers_of(model) if each.name == "subclassed"]
    assert [(each.name, each.shape) for each in own.parameters] == [("gain", (1,))]
    (residual,) = [each for each in layers_of(model) if each.class_name == "Residual"]
    assert [each.name for each in residual.parameters] == ["scale"]
    assert sum(len(each.parameters) for each in layers_of(model)) == len(model.trainable_variables)


def test_a_layer_that_is_used_in_several_places_is_there_once():
    model = shared()
    names = [each.name for each in layers_of(model) if each.parameters]
    assert names == ["base/fc1", "base/fc2", "encoder/dense", model.layers[-1].name] or len(names) == 4
    assert len(tensors_of(model)) == len(model.trainable_variables) == 8


def test_a_frozen_base_shows_its_layers_without_parameters():
    model = frozen()
    inner = [each for each in layers_of(model) if each.name.startswith("base/")]
    assert len(inner) == 4
    assert not any(each.parameters for each in inner)


def test_keras_own_layers_of_several_stay_one_layer():
    model = recurrent(layers.Bidirectional(OwnLSTM(3)), layers.Reshape((3, 2)), layers.RNN([layers.GRUCell(2)] * 1))
    first = layers_of(model)[1]
    assert first.class_name == "Bidirectional"
    assert [each.name for each in first.parameters][:3] == [
        "forward_kernel",
        "forward_recurrent_kernel",
        "forward_bias",
    ]


def test_names_that_a_spec_would_refuse_are_made_ones_that_it_takes():
    long = "n" * 300
    model = keras.Sequential([layers.Input((8,)), block(long), block(long + "m"), layers.Dense(1, name="a\nb")])
    names = [each.name for each in layers_of(model)]
    assert len(set(names)) == len(names) == 5
    assert names[-1] == "a?b"
    assert max(map(len, names)) == naming.MAX_NAME_LENGTH
