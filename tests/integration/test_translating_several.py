"""Models of several inputs and outputs: translated with what they are compiled with, and written as Keras programs."""

import json
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from gradlab.errors import Invalid
from gradlab.spec.experiment import ExperimentSpec, parse
from gradlab.translate.code import keras_code_of
from gradlab.translate.from_keras import Translation, translate
from gradlab.translate.keras_program import keras_program
from tests.graphs import dense, node, shared
from tests.several import MODEL, two_ends


def a_model(named: bool = False, **compiled: Any) -> keras.Model:
    left, right = keras.Input((2,), name="left"), keras.Input((1,), name="right")
    both = layers.Concatenate(name="both")([left, right])
    price, sort = layers.Dense(1, name="price")(both), layers.Dense(3, "softmax", name="kind")(both)
    model = keras.Model([left, right], {"cost": price, "sort": sort} if named else [price, sort])
    if compiled:
        model.compile(optimizer="sgd", **compiled)
    return model


def translated(**compiled: Any) -> Translation:
    return translate(a_model(**compiled).to_json())


LOSSES = ["mse", "sparse_categorical_crossentropy"]


@pytest.mark.parametrize(
    "given",
    [
        {"loss": LOSSES, "loss_weights": [0.5, 2.0], "metrics": [["mae"], ["accuracy"]]},
        {"loss": dict(zip(("price", "kind"), LOSSES, strict=True)), "loss_weights": {"price": 0.5, "kind": 2.0},
         "metrics": {"kind": ["accuracy"], "price": "mae"}},
    ],
)  # fmt: skip
def test_losses_weights_and_metrics_belong_to_their_outputs(given):
    found = translated(**given)
    assert (found.model.inputs, found.model.outputs) == (("left", "right"), ("price", "kind"))
    assert {name: loss.kind for name, loss in found.training.loss.items()} == {
        "price": "mean_squared_error",
        "kind": "categorical_crossentropy",
    }
    assert dict(found.training.loss_weights) == {"price": 0.5, "kind": 2.0}
    assert dict(found.training.metrics) == {"price": ("mean_absolute_error",), "kind": ("accuracy",)}


def test_one_loss_is_for_all_outputs_and_an_object_of_outputs_gives_the_names():
    found = translated(named=True, loss="mse")
    assert found.training.loss.kind == "mean_squared_error"
    assert found.training.metrics is None
    assert found.model.outputs == ("cost", "sort")
    assert found.names == {"both": "both", "cost": "price", "sort": "kind"}
    by_name = translated(named=True, loss={"cost": "mae", "sort": "mse"}, metrics={"sort": ["mse"]})
    assert by_name.training.loss["cost"].kind == "mean_absolute_error"
    assert dict(by_name.training.metrics) == {"sort": ("mean_squared_error",)}


@pytest.mark.parametrize(
    ("compiled", "expected"),
    [
        ({"loss": ["mse"]}, "compile.loss: expected a loss for each output, in a list of 2: price, kind; received 1"),
        ({"loss": {"price": "mse", "kind": None}}, "compile.loss: expected a loss for each output: an output without"),
        ({"loss": {"price": "mse", "kidn": "mse"}}, "(did you mean kind?); received kidn"),
        ({"loss": {"price": "mse", "kind": "mine"}}, "compile.loss: expected a loss of Keras that the vocabulary has"),
    ],
)
def test_an_argument_that_does_not_fit_the_outputs_is_refused(compiled, expected):
    text = json.loads(a_model(loss=LOSSES).to_json())
    text["compile_config"] |= compiled
    with pytest.raises(Invalid) as error:
        translate(json.dumps(text))
    assert expected in str(error.value)


def run(spec: ExperimentSpec, **classes: Any) -> tuple[dict[str, Any], str]:
    """The variables of a spec's program after it has run, and the program."""
    program = keras_program(spec, **classes)
    draw = np.random.default_rng(0)

    def samples(rows: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        x = {each.name: draw.normal(3, 2, (rows, *each.shape)).astype("float32") for each in spec.inputs}
        labels = np.array(["ant", "bee", "cat"])[np.arange(rows) % 3]
        return x, {"price": draw.normal(size=(rows, 1)).astype("float32"), "sort": labels}

    (x, y), (x_val, y_val) = samples(80), samples(20)
    scope: dict[str, Any] = {"x": x, "y": y, "x_val": x_val, "y_val": y_val}
    exec(program.replace("model.compile(", "model.compile(jit_compile=False,"), scope)  # ready in half the time
    return scope, program


def test_the_program_of_a_spec_runs_and_its_model_is_translated_back():
    steps = [{"kind": "standardise"}, {"kind": "standardise", "columns": ["value"]}]
    spec = parse(json.dumps(two_ends(dataset__prepare=steps, training__metrics={"sort": ["accuracy"]})))
    scope, program = run(spec)
    assert "model = keras.Model([left, right], [price, sort])" in program
    assert 'loss={"price": "mean_squared_error", "sort": "categorical_crossentropy"}' in program
    assert 'loss_weights={"price": 0.5, "sort": 1.0}' in program
    assert abs(scope["x"]["left"].mean()) < 1e-5
    assert abs(scope["y"]["price"].mean()) < 1e-5
    assert scope["y"]["sort"].shape == (80, 3)
    history = scope["model"].history.history
    assert history.keys() == {"loss", "val_loss", *spec.metric_names, *(f"val_{each}" for each in spec.metric_names)}
    again = translate(scope["model"].to_json())
    assert (again.model.inputs, again.model.outputs) == (spec.model.inputs, spec.model.outputs)
    assert again.model.layer_count == spec.model.layer_count
    assert again.training.loss == spec.training.loss
    assert dict(again.training.loss_weights) == {"price": 0.5, "sort": 1.0}


def test_outputs_of_one_shared_layer_have_names_of_their_own():
    nodes = [*MODEL["nodes"][:2], node("price", dense(1, "linear"), "a"), shared("other", "price", "b")]
    target, task = {"price": "value", "other": "value"}, "values"
    one = {"target": {"kind": "values", "count": 1}}
    samples = {**two_ends()["dataset"]["samples"], "outputs": [{"name": name, **one} for name in target]}
    changed = two_ends(
        model__nodes=nodes, model__outputs=list(target), training__loss="huber", dataset__samples=samples
    )
    changed["dataset"] |= {"target": target, "task": task}
    spec = parse(json.dumps(changed))
    scope: dict[str, Any] = {}
    exec(keras_program(spec).split("model.compile")[0], scope)
    assert sorted(scope["model"].output_names) == ["other", "price"]
    assert len(scope["model"].trainable_weights) == 6


def test_what_a_remedy_changes_is_written_for_its_input_and_output():
    before = parse(json.dumps(two_ends()))
    losses = {"price": {"kind": "huber"}, "sort": "categorical_crossentropy"}
    after = parse(json.dumps(two_ends(dataset__prepare=["standardise"], training__loss=losses)))
    code = keras_code_of(before, after)
    assert 'x["right"] = (x["right"] - mean) / std' in code
    assert 'model.compile(loss={"price": "huber", "sort": "categorical_crossentropy"})' in code
