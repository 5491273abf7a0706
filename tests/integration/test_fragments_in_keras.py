"""Keras fragments make the layers and trainings that a remedy asks for: they are run."""

from typing import Any

import keras
import numpy as np
import pytest

from gradlab.remedies import REMEDIES
from gradlab.translate import cures_of
from tests.unit.translate.networks import a_network, a_recurrent_network

SAMPLES = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)


class Model:
    """Stands for the user's: keeps what its `compile` and `fit` are called with."""

    def __init__(self) -> None:
        self.arguments: dict[str, Any] = {}

    def compile(self, **given: Any) -> None:
        serialized = keras.saving.serialize_keras_object
        self.arguments |= {name: each if isinstance(each, str) else serialized(each) for name, each in given.items()}

    def fit(self, x: Any, y: Any, **given: Any) -> None:
        self.arguments |= {
            name: each if isinstance(each, int) else type(each[0]).__name__ for name, each in given.items()
        }


def made(fragment: str) -> dict[str, Any]:
    """The keyword arguments that a fragment passes, or the configurations of the layers that it makes."""
    model, arrays = Model(), dict.fromkeys(("x", "y", "x_val", "y_val"), SAMPLES)
    names = vars(keras.layers) | arrays | {"keras": keras, "model": model, "block": lambda x: x}
    lines = [line for line in fragment.splitlines() if not line.startswith("#")]
    calls = [line for line in lines if line and line[0].isupper()]
    if not calls:
        exec("\n".join(lines), names)
        return model.arguments
    layers = [eval(call.rstrip(","), names) for call in calls]
    return {"layers": [(type(layer).__name__, layer.get_config()) for layer in layers]}


@pytest.fixture(scope="module")
def ran() -> dict[tuple[str, str], dict]:
    """The results of each fragment: (network, remedy) -> the keyword arguments, or the configurations of layers."""
    networks = {
        "chain": a_network(),
        "deep": a_network(hidden=8),
        "partly known": a_network(unknown=(1,)),
        "recurrent": a_recurrent_network(),
        "unsuited": a_network(loss={"kind": "mean_absolute_error"}),
    }
    answers: dict[tuple[str, str], dict] = {}
    for name, spec in networks.items():
        for remedy, found in cures_of(spec, REMEDIES):
            for block in (found.code or "").split("\n\n"):
                if block:
                    answers.setdefault((name, remedy.name), {}).update(made(block))
    return answers


def test_every_fragment_runs_and_makes_something(ran):
    assert len(ran) > 40
    empty = [key for key, made in ran.items() if not made]
    # What is left out, put around something or computed from samples makes no layer.
    assert {remedy for _, remedy in empty} <= {
        "fewer_layers",
        "residual_connections",
        "input_scaling",
        "target_scaling",
    }


@pytest.mark.parametrize(
    ("network", "remedy", "field", "value"),
    [
        ("chain", "initializer_for_activation", "kernel_initializer", "GlorotUniform"),
        ("chain", "activation_relu", "activation", "relu"),
        ("chain", "activation_relu", "kernel_initializer", "HeUniform"),
        ("chain", "activation_selu", "kernel_initializer", "LecunNormal"),
        ("chain", "orthogonal_initializer", "kernel_initializer", "Orthogonal"),
        ("partly known", "initializer_for_activation", "kernel_initializer", "GlorotUniform"),
        ("recurrent", "orthogonal_recurrent", "recurrent_initializer", "Orthogonal"),
    ],
)
def test_a_layer_has_the_argument_that_the_remedy_changes(ran, network, remedy, field, value):
    ((_, layer),) = ran[network, remedy]["layers"]
    chosen = layer[field]
    assert (chosen["class_name"] if isinstance(chosen, dict) else chosen) == value
    assert layer["units"] == (4 if network == "recurrent" else 5)


def test_layers_are_put_where_the_remedy_puts_them(ran):
    assert [kind for kind, _ in ran["chain", "batch_normalization"]["layers"]] == [
        "Dense",
        "BatchNormalization",
        "Activation",
    ]
    assert [kind for kind, _ in ran["chain", "dropout"]["layers"]] == ["Dense", "Dropout"]
    assert [kind for kind, _ in ran["recurrent", "lstm_for_simple_rnn"]["layers"]] == ["LSTM"]
    ((_, wide),) = ran["deep", "wider_layers"]["layers"]
    assert wide["units"] > 5


def test_the_training_has_the_arguments_that_the_remedy_changes(ran):
    assert ran["chain", "learning_rate_lower"]["optimizer"]["config"]["learning_rate"] == pytest.approx(0.01)
    assert ran["chain", "clip_by_global_norm"]["optimizer"]["config"]["global_clipnorm"] == 1.0
    assert ran["chain", "optimizer_adam"]["optimizer"]["class_name"] == "Adam"
    assert ran["chain", "batch_size_smaller"]["batch_size"] == 8
    assert ran["chain", "early_stopping"]["callbacks"] == "EarlyStopping"
    assert ran["unsuited", "output_matched_to_task"]["loss"] == "binary_crossentropy"
