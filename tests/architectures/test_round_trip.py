"""Architectures in plain Keras, translated and built again, compute what Keras computes with the same weights."""

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from keras import tree

from core.training.network import Network
from gradlab.errors import Invalid
from gradlab.keras.configuration import layer_spec
from gradlab.spec.ends import NetworkInput, layer_of
from gradlab.spec.experiment import GraphSpec
from gradlab.spec.network import walk, walk_graph
from gradlab.translate.from_keras import Translation, translate
from gradlab.translate.keras_program import network_code
from gradlab.vocabulary.layers.merging import Merging
from scripts import keras_arguments
from tests.architectures import chains, graphs, refusals, sequences
from tests.architectures.registry import ARCHITECTURES, Architecture
from tests.campaigns import one_in

MODULES = (chains, sequences, graphs, refusals)  # which fill the registry
TRANSLATED = [name for name, each in ARCHITECTURES.items() if not each.refused]
# One architecture in so many is built in `make test`.
SHARE = 13
# Share of the architectures that the vocabulary can express at present.
MIN_TRANSLATED = 0.95
# TensorFlow has no pooling of volumes in double precision.
SINGLE_PRECISION = ("video_convnet",)


def walked(translation: Translation, shapes: list[tuple[int, ...]]) -> Any:
    """The layers of a translated network."""
    model = translation.model
    return walk_graph(model, shapes) if isinstance(model, GraphSpec) else walk(model.layers, shapes[0])


def ends(translation: Translation, layers: Any) -> list[str]:
    """The layers whose outputs are the network's, in the order of the outputs."""
    model = translation.model
    return [layer_of(model, name) for name in model.outputs] if isinstance(model, GraphSpec) else [layers[-1].name]


def shapes_of(model: keras.Model) -> list[tuple[int, ...]]:
    return [tuple(each.shape[1:]) for each in model.inputs]


def at(model: Any, path: str) -> Any:
    """The layer of a Keras model at a path such as ``encoder/dense``."""
    for name in path.split("/"):
        model = model.get_layer(name)
    return model


def as_trained(translation: Translation, shapes: list[tuple[int, ...]]) -> Network:
    """The network as the service trains it."""
    layers, names = tuple(walked(translation, shapes)), translation.model.inputs
    inputs = [NetworkInput(name, shape, None) for name, shape in zip(names, shapes, strict=True)]
    by_name = {layer.name: layer for layer in layers}
    outputs = [SimpleNamespace(layer=by_name[name]) for name in ends(translation, layers)]
    spec: Any = SimpleNamespace(
        model=translation.model,
        layers=layers,
        inputs=inputs,
        outputs=outputs,
        dataset=SimpleNamespace(feature_shape=shapes[0]),
    )
    return Network(spec, seed=0)


def copy_weights(translation: Translation, source: keras.Model, network: Network) -> None:
    for layer in network.layers:
        if not layer.named.shares and layer.keras.weights:
            layer.keras.set_weights(at(source, translation.names[layer.named.name]).get_weights())


def check_described(translation: Translation, source: keras.Model, network: Network) -> None:
    """A Watch describes each layer of the live model as its text is translated."""
    for layer in network.layers:
        if layer.keras.weights and not layer.named.shares:
            keras_layer = at(source, translation.names[layer.named.name])
            # A Watch describes layers of one input, and grouped attention by no kind.
            several = isinstance(layer.named.spec, Merging) or layer.named.spec.kind == "group_query_attention"
            assert layer_spec(keras_layer) == (None if several else layer.named.spec), layer.named.name


def predictions(name: str, translation: Translation) -> tuple[list[np.ndarray], ...]:
    """The answers of Keras's model, the service's network and the written program, with the same weights.

    Each is an array for each output.
    """
    architecture = ARCHITECTURES[name]
    model = architecture.model()
    network = as_trained(translation, shapes_of(model))
    copy_weights(translation, model, network)
    check_described(translation, model, network)
    scope: dict[str, Any] = {}
    layers = [each.named for each in network.layers]
    inputs = dict(zip(translation.model.inputs, shapes_of(model), strict=True))
    outputs = getattr(translation.model, "outputs", ("",))
    exec(network_code(inputs, layers, dict(zip(outputs, ends(translation, layers), strict=True))), scope)
    written = scope["model"]
    written.set_weights(model.get_weights())
    samples = architecture.samples(model)
    x = samples[0] if len(samples) == 1 else samples
    # `predict` would compile a function for each.
    answers = (each(x, training=False) for each in (model, network.model, written))
    return tuple([*map(np.asarray, tree.flatten(each))] for each in answers)


def check_equal(ours: list[np.ndarray], expected: list[np.ndarray], **tolerance: float) -> None:
    for own, other in zip(ours, expected, strict=True):
        np.testing.assert_allclose(own, other, **tolerance)


def text_of(architecture: Architecture) -> str:
    return str(architecture.model().to_json())


@pytest.mark.parametrize("name", one_in(SHARE, TRANSLATED))
def test_a_translated_network_computes_what_keras_computes(name):
    expected, trained, written = predictions(name, translate(text_of(ARCHITECTURES[name])))
    check_equal(trained, expected, rtol=1e-5, atol=1e-6)
    check_equal(written, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.campaign
@pytest.mark.parametrize("name", [name for name in TRANSLATED if name not in SINGLE_PRECISION])
def test_in_double_precision_the_difference_is_rounding(name):
    translation = translate(text_of(ARCHITECTURES[name]))
    keras.config.set_floatx("float64")
    try:
        expected, trained, written = predictions(name, translation)
    finally:
        keras.config.set_floatx("float32")
    assert {each.dtype for each in expected} == {np.dtype(np.float64)}
    check_equal(trained, expected, rtol=1e-9, atol=1e-12)
    check_equal(written, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [name for name, each in ARCHITECTURES.items() if each.refused])
def test_other_networks_are_refused_by_name(name):
    architecture = ARCHITECTURES[name]
    with pytest.raises(Invalid) as error:
        translate(text_of(architecture))
    assert str(error.value.problems[0]).startswith(architecture.refused)


@pytest.mark.campaign
@pytest.mark.parametrize("name", TRANSLATED)
def test_all_others_are_translated(name):
    translate(text_of(ARCHITECTURES[name]))


def test_there_are_enough_architectures_and_most_are_translated():
    assert len(ARCHITECTURES) >= 60
    assert len(TRANSLATED) >= MIN_TRANSLATED * len(ARCHITECTURES)


def test_the_arguments_are_those_of_the_installed_keras():
    assert keras_arguments.FILE.read_text() == keras_arguments.text(), "run python -m scripts.keras_arguments"
