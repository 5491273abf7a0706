"""Names of layers and tensors in models of any structure: each once, however deep the blocks are nested."""

import keras
from keras import layers

from gradlab.keras import naming
from gradlab.keras.naming import layers_of, tensors_of
from gradlab.spec.external_network import chain
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


def test_residual_blocks_and_attention_of_a_functional_model_are_described():
    x = entry = keras.Input((5, 8))
    inside = layers.Dense(8, "relu", name="inside")(x)
    x = layers.Add(name="scaled")([inside * 0.4, x])
    x = layers.Add(name="plain")([x, layers.MultiHeadAttention(2, 4, name="attention")(x, x, use_causal_mask=True)])
    x = layers.LayerNormalization(name="normalization")(x)
    left, right = layers.Dense(8, name="left")(x), layers.Dense(8, name="right")(x)
    model = keras.Model(entry, layers.Add(name="branches")([left, right]))
    described = {each.name: each for each in layers_of(model)}
    configurations = {name: each.configuration for name, each in described.items()}
    assert configurations["scaled"].scale == 0.4
    assert configurations["scaled"].layers == (configurations["inside"],)
    assert configurations["plain"].layers == (configurations["attention"],)
    assert configurations["attention"].causal
    assert configurations["normalization"].kind == "layer_normalization"
    assert configurations["branches"] is None
    assert described["inside"].inbound == ()
    assert described["plain"].inbound == ("scaled", "attention")
    assert described["attention"].input_shape == described["scaled"].input_shape == (5, 8)
    assert [each.name for each in chain(list(described.values())[:5])] == ["scaled", "plain", "normalization"]


def test_what_else_takes_the_output_of_an_inner_layer_makes_it_no_block():
    entry = keras.Input((4,))
    inside = layers.Dense(4, name="inside")(entry)
    both = layers.Add(name="add")([entry, inside])
    model = keras.Model(entry, layers.Concatenate(name="joined")([both, inside]))
    assert {each.name: each.configuration for each in layers_of(model)}["add"] is None
