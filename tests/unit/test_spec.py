"""A spec is strict, frozen and canonical, and says clearly what is wrong with it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gradlab.errors import Invalid
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from tests.builders import a_spec
from tests.graphs import dense, node, shared

U01 = {"kind": "random_uniform", "minval": 0, "maxval": 1}
DEEP_TANH = {
    "name": "deep tanh",
    "dataset": {"kind": "circles", "samples": 1000, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 500},
    "model": {
        "layers": [
            {"kind": "dense", "units": 5, "activation": "tanh", "kernel_initializer": U01, "repeat": 5},
            {"kind": "dense", "units": 1, "activation": "sigmoid", "kernel_initializer": U01},
        ]
    },
    "training": {
        "loss": "binary_crossentropy",
        "optimizer": {"kind": "sgd", "learning_rate": 0.01, "momentum": 0.9},
        "epochs": 500,
        "batch_size": 32,
    },
    "seeds": [0],
}


def changed(path: str, value: object) -> str:
    """The deep tanh spec with one field changed, as JSON text; NaN and infinities are written as Python does."""
    spec = json.loads(json.dumps(DEEP_TANH))
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target = spec
    for part in parents:
        target = target[part]
    target[last] = value
    return json.dumps(spec)


def problems(body: str) -> list[tuple[str, str, str]]:
    with pytest.raises(Invalid) as refused:
        parse(body)
    return [(problem.field, problem.expected, problem.received) for problem in refused.value.problems]


def test_the_complete_example_is_accepted_from_json_and_from_python():
    assert parse(json.dumps(DEEP_TANH)) == ExperimentSpec.model_validate(DEEP_TANH)


def test_layers_are_named_as_a_reader_counts_them():
    spec = parse(json.dumps(DEEP_TANH))
    assert [layer.name for layer in spec.layers] == [f"dense_{i}" for i in range(1, 7)]
    assert [layer.input_shape for layer in spec.layers] == [(2,), (5,), (5,), (5,), (5,), (5,)]
    assert [tensor.shape for tensor in spec.layout["weights"].tensors][:3] == [(2, 5), (5,), (5, 5)]
    assert spec.parameter_count == (2 * 5 + 5) + 4 * (5 * 5 + 5) + (5 + 1)


def test_the_canonical_text_reads_back_and_does_not_depend_on_how_the_spec_was_written():
    spec = parse(json.dumps(DEEP_TANH))
    assert parse(spec.canonical()) == spec
    reordered = json.dumps(dict(reversed(DEEP_TANH.items())), indent=3)
    named = changed("model.layers.0.activation", {"kind": "tanh"})
    for text in (reordered, named):
        assert parse(text).canonical() == spec.canonical()
        assert parse(text).fingerprint() == spec.fingerprint()
    assert parse(changed("seeds", [1])).fingerprint() != spec.fingerprint()


def test_the_fingerprints_of_earlier_versions_stay():
    columns = {"features": ["p", "q"], "target": "label", "task": "classes", "split": {"kind": "stratified"}}
    samples = {"train_count": 80, "val_count": 20, "feature_shape": [2], "target": {"kind": "classes", "count": 3},
               "classes": ["ant", "bee", "cat"]}  # fmt: skip
    uploaded = {
        "kind": "uploaded",
        "id": f"sha256:{'a' * 64}",
        **columns,
        "prepare": ["standardise"],
        "samples": samples,
    }
    losses = {"loss": "categorical_crossentropy", "optimizer": "adam", "epochs": 3, "class_weight": {"ant": 2.0}}
    chain = {"layers": [{"kind": "dense", "units": 3, "activation": "softmax"}]}
    nodes = [
        node("a", dense(4), "input"),
        shared("b", "a", "a"),
        node("sum", {"kind": "add"}, "a", "b"),
        node("out", dense(3, "softmax"), "sum"),
    ]
    slow = {**losses, "optimizer": {"kind": "sgd", "learning_rate": 0.1}, "class_weight": None}
    specs = {
        "92903e10cdc0": {"dataset": uploaded, "model": chain, "training": losses},
        "38bb8d8b4dc0": {"dataset": {"kind": "iris"}, "model": {"nodes": nodes, "outputs": ["out"]}, "training": slow},
    }
    made = {parse(json.dumps(spec)).fingerprint()[:12]: spec for spec in specs.values()}
    assert made.keys() == specs.keys()


def test_a_spec_cannot_be_changed():
    with pytest.raises(ValidationError):
        parse(json.dumps(DEEP_TANH)).name = "another"


def test_half_of_the_samples_train_by_default():
    spec = json.loads(json.dumps(DEEP_TANH))
    del spec["dataset"]["train_size"]
    assert parse(json.dumps(spec)).dataset.train_count == 500


@pytest.mark.parametrize(
    ("path", "value", "field", "expected", "received"),
    [
        ("dataset.kind", "circels", "dataset", "did you mean circles?", "'circels'"),
        ("model.layers.0.kind", "dens", "model.layers[0]", "did you mean dense?", "'dens'"),
        ("model.layers.0.activation", "tahn", "model.layers[0].activation", "did you mean tanh?", "'tahn'"),
        ("model.layers.1.activation", 7, "model.layers[1].activation", "a name, or an object with `kind`", "7"),
        ("model.layers.0.unit", 5, "model.layers[0].unit", "no such field", "5"),
        ("training.momentum", 0.9, "training.momentum", "no such field", "0.9"),
        ("training.loss", "bce", "training.loss", "binary_crossentropy", "bce"),
        ("model.layers.0.units", 0, "model.layers[0].units", "at least 1", "0"),
        ("model.layers.0.units", -5, "model.layers[0].units", "at least 1", "-5"),
        ("model.layers.0.units", 5.5, "model.layers[0].units", "integer", "5.5"),
        ("model.layers.0.units", "5", "model.layers[0].units", "integer", "'5'"),
        ("model.layers.0.units", True, "model.layers[0].units", "integer", "True"),
        ("model.layers.0.units", 10**30, "model.layers[0].units", "1000000", "1000000000"),
        ("training.optimizer.learning_rate", 0, "training.optimizer.learning_rate", "above 0", "0"),
        ("training.optimizer.learning_rate", -1.0, "training.optimizer.learning_rate", "above 0", "-1.0"),
        ("training.optimizer.learning_rate", float("nan"), "training.optimizer.learning_rate", "finite", "nan"),
        ("training.optimizer.learning_rate", float("inf"), "training.optimizer.learning_rate", "finite", "inf"),
        ("training.optimizer.learning_rate", 1e300, "training.optimizer.learning_rate", "at most", "1e+300"),
        ("dataset.noise", float("-inf"), "dataset.noise", "finite", "-inf"),
        ("dataset.scale", [1, -1], "dataset.scale", "the lower one first", "[1, -1]"),
        ("dataset.train_size", 1000, "dataset.train_size", "fewer than the 1000 samples", "1000"),
        ("seeds", [], "seeds", "at least 1", "[]"),
        ("seeds", [1, 1], "seeds", "each seed once", "[1, 1]"),
        ("seeds", [-1], "seeds[0]", "at least 0", "-1"),
        ("model.layers", [], "model.layers", "at least 1", "[]"),
        ("name", "", "name", "at least 1", "''"),
        ("name", "a\x00b", "name", "control characters", "'a\\x00b'"),
        ("name", None, "name", "string", "None"),
        ("model.layers.0.kernel_initializer.maxval", -1, "model.layers[0].kernel_initializer", "at least minval", "-1"),
        ("model.layers.1.units", 3, "model.layers[1]", "an output of shape (1,) for binary_crossentropy", "(3,)"),
        ("training.loss", "categorical_crossentropy", "model.layers[1]", "end with 2 softmax units", "(1,)"),
        ("dataset", {"kind": "wine"}, "training.loss", "a loss for 3 classes", "binary_crossentropy"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_field_expectation_and_what_came(path, value, field, expected, received):
    (said,) = problems(changed(path, value))
    assert said[0] == field
    assert expected in said[1]
    assert received in said[2]


def test_two_ways_of_clipping_at_once_are_refused():
    ((field, expected, _),) = problems(changed("training.optimizer", {"kind": "sgd", "clipnorm": 1, "clipvalue": 1}))
    assert (field, expected) == ("training.optimizer", "at most one of clipnorm, clipvalue and global_clipnorm")


def with_pretraining(kind: str, hidden_units: int) -> str:
    """The deep tanh spec with a narrow first layer, and an output layer whose kernel needs two rows."""
    spec = json.loads(json.dumps(DEEP_TANH))
    spec["model"]["layers"][1]["kernel_regularizer"] = {"kind": "orthogonal_regularizer", "mode": "rows"}
    spec["model"]["layers"].insert(0, {"kind": "dense", "units": hidden_units, "activation": "tanh"})
    spec["training"]["pretraining"] = {"kind": kind}
    return json.dumps(spec)


def test_pretraining_is_refused_where_the_output_layer_cannot_follow_a_hidden_layer():
    (problem,) = problems(with_pretraining("greedy_layerwise", 1))
    field, expected, received = problem
    assert field == "training.pretraining"
    assert "dense_7, which can take inputs for which kernel is a matrix with at least 2 rows" in expected
    assert received.startswith("dense_1, which puts out (1,)")
    for kind, units in (("greedy_layerwise", 2), ("autoencoder", 1)):
        assert parse(with_pretraining(kind, units)).training.pretraining.kind == kind


def test_everything_that_is_wrong_is_said_at_once():
    spec = json.loads(changed("name", ""))
    spec["training"]["epochs"] = -1
    del spec["dataset"]
    assert {field for field, _, _ in problems(json.dumps(spec))} == {"name", "training.epochs", "dataset"}


def test_what_is_not_json_is_refused_as_such():
    ((field, expected, _),) = problems('{"name": ')
    assert field == "(the whole body)"
    assert expected.startswith("JSON")


@pytest.mark.slow
def test_a_huge_repeat_is_refused_without_writing_it_out():
    layers = [{"kind": "dense", "units": 1, "repeat": 10_000}] * 10_000
    ((field, expected, received),) = problems(changed("model.layers", layers))
    assert (field, expected) == ("model.layers", "at most 10000 layers, repeats counted")
    assert received == "100000000 layers, 99990000 too many"


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_json_value_whatever_brings_the_reader_down(value):
    with pytest.raises(Invalid) as refused:
        parse(json.dumps(value))
    assert refused.value.problems


def two_inputs(epochs: int, **record) -> ExperimentSpec:
    training = {**DEEP_TANH["training"], "epochs": epochs}
    return ExperimentSpec.model_validate({**DEEP_TANH, "training": training, "record": record})


@pytest.mark.parametrize(("epochs", "every"), [(500, 25), (6, 1), (0, 1), (510, 30), (499, 25), (50_000, 2500)])
def test_the_boundary_of_two_inputs_is_recorded_some_twenty_times_by_default(epochs, every):
    spec = two_inputs(epochs)
    layout = spec.layout["boundary"]
    assert (spec.boundary_every, layout.every, layout.shape) == (every, every, (1, 1024))
    assert [(each.layer, each.parameter) for each in layout.tensors] == [("dense_6", "class_1")]
    assert two_inputs(epochs, boundary=7).layout["boundary"].every == 7
    assert "boundary" not in two_inputs(epochs, boundary=0).layout


@pytest.mark.parametrize(("classes", "by_default"), [(3, True), (10, True), (11, False)])
def test_a_unit_for_each_class_is_recorded_of_ten_classes_at_most_unless_asked_for(classes, by_default):
    dataset = {"kind": "blobs", "samples": 100, "centers": classes}
    model = {"layers": [{"kind": "dense", "units": classes, "activation": "softmax"}]}
    fields = {"dataset": dataset, "model": model, "training": {**LEARNING, "loss": "categorical_crossentropy"}}
    assert ("boundary" in ExperimentSpec.model_validate(fields).layout) == by_default
    asked = ExperimentSpec.model_validate(fields | {"record": {"boundary": 2}}).layout["boundary"]
    assert [each.parameter for each in asked.tensors] == [f"class_{number}" for number in range(classes)]


LEARNING = {"optimizer": "sgd", "epochs": 4}
WITHOUT_PLANE = {
    "four inputs": ({"kind": "iris"}, 3, "categorical_crossentropy"),
    "a value": ({"kind": "regression", "features": 2}, 1, "mean_squared_error"),
    "labels": ({"kind": "multilabel", "features": 2, "labels": 2}, 2, "binary_crossentropy"),
    "a sequence": ({"kind": "adding", "samples": 20, "length": 2}, 1, "mean_squared_error"),
}


@pytest.mark.parametrize("case", WITHOUT_PLANE)
def test_a_boundary_is_refused_where_the_data_have_none(case):
    dataset, units, loss = WITHOUT_PLANE[case]
    activation = {1: "linear", 2: "sigmoid", 3: "softmax"}[units]
    output = {"kind": "dense", "units": units, "activation": activation}
    layers = [{"kind": "flatten"}, output] if case == "a sequence" else [output]
    fields = {"dataset": dataset, "model": {"layers": layers}, "training": {**LEARNING, "loss": loss}}
    for record in ({}, "full", {"boundary": 0}):
        assert "boundary" not in ExperimentSpec.model_validate(fields | {"record": record}).layout
    ((field, expected, received),) = problems(json.dumps(fields | {"record": {"boundary": 5}}))
    assert field == "record.boundary"
    assert "two inputs" in expected
    assert received.startswith(f"5, with {dataset['kind']}: ")


def test_a_negative_or_broken_interval_of_the_boundary_is_refused():
    for wrong, told in ((-1, "at least 0"), (1.5, "integer"), ("often", "integer")):
        ((field, expected, received),) = problems(changed("record", {"boundary": wrong}))
        assert (field, received) == ("record.boundary", json.dumps(wrong) if not isinstance(wrong, str) else received)
        assert told in expected


def test_a_copy_with_other_fields_computes_anew_what_rests_on_them():
    spec = a_spec(epochs=2)
    assert "activations" in spec.layout
    quiet = spec.model_copy(update={"record": spec.record.model_copy(update={"activations": 0})})
    assert "activations" not in quiet.layout
    assert quiet.seeds == spec.seeds
    assert vars(spec.model_copy()).keys() == vars(spec).keys()


def test_a_changed_copy_of_a_spec_is_checked_again_where_it_is_passed_on():
    spec = a_spec()
    assert ExperimentSpec.model_validate(spec) is spec
    weights = spec.training.model_copy(update={"class_weight": {"7": 2.0}})
    with pytest.raises(ValidationError):
        ExperimentSpec.model_validate(spec.model_copy(update={"training": weights}))
