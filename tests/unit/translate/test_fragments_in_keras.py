"""Keras fragments make the layers and trainings that a remedy asks for: they are run, in a process of their own."""

import json
import subprocess
import sys

import pytest

from gradlab.remedies import REMEDIES
from gradlab.translate import cures_of
from tests.unit.translate.networks import a_network, a_recurrent_network

RUN = """
import json, sys
import numpy as np
import keras
from keras.layers import *

def config(thing):
    return keras.saving.serialize_keras_object(thing)

class Model:
    def compile(self, **given): made.update({name: config(value) if not isinstance(value, str) else value
                                             for name, value in given.items()})
    def fit(self, x, y, **given):
        made.update({name: value if isinstance(value, int) else type(value[0]).__name__
                     for name, value in given.items()})

answers = []
for fragment in json.load(sys.stdin):
    made = {}
    x = y = x_val = y_val = np.ones((3, 2), np.float32)
    names = {**globals(), "model": Model(), "x": x, "y": y, "x_val": x_val, "y_val": y_val, "block": lambda x: x}
    lines = [line for line in fragment.splitlines() if not line.startswith("#")]
    text = "\\n".join(lines)
    calls = [line for line in lines if line and line[0].isupper()]
    if calls:
        made["layers"] = [[type(layer).__name__, layer.get_config()]
                          for layer in (eval(call.rstrip(","), names) for call in calls)]
        for _, layer in made["layers"]:
            layer.pop("dtype", None)
    else:
        exec(text, names)
    answers.append(made)
json.dump(answers, sys.stdout, default=lambda thing: str(type(thing).__name__))
"""


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
    fragments = {
        (name, remedy.name, place): block
        for name, spec in networks.items()
        for remedy, found in cures_of(spec, REMEDIES)
        for place, block in enumerate((found.code or "").split("\n\n"))
        if block
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps([*fragments.values()]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answers: dict[tuple[str, str], dict] = {}
    for (name, remedy, _), made in zip(fragments, json.loads(done.stdout), strict=True):
        answers.setdefault((name, remedy), {}).update(made)
    return answers


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_training_has_the_arguments_that_the_remedy_changes(ran):
    assert ran["chain", "learning_rate_lower"]["optimizer"]["config"]["learning_rate"] == pytest.approx(0.01)
    assert ran["chain", "clip_by_global_norm"]["optimizer"]["config"]["global_clipnorm"] == 1.0
    assert ran["chain", "optimizer_adam"]["optimizer"]["class_name"] == "Adam"
    assert ran["chain", "batch_size_smaller"]["batch_size"] == 8
    assert ran["chain", "early_stopping"]["callbacks"] == "EarlyStopping"
    assert ran["unsuited", "output_matched_to_task"]["loss"] == "binary_crossentropy"
