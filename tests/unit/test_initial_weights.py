"""Initial weights of a file: what a spec says of them, and what a change of the network leaves of them."""

import json
from typing import Any

import pytest

from core.plan.estimate import estimate
from core.treatment import as_begun
from gradlab.errors import Invalid
from gradlab.remedies import combine, difference, size
from gradlab.schemas.treatments import TreatmentRequest
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from gradlab.spec.initial_weights import check_fits, given_layers, has_weights, tensors_in
from gradlab.translate.keras_program import keras_program

ID = "sha256:" + "5" * 64
BELL = {"kind": "random_uniform", "minval": 0, "maxval": 1}
HIDDEN = {"kind": "dense", "units": 4, "activation": "tanh", "kernel_initializer": BELL}
OUT = {"kind": "dense", "units": 1, "activation": "sigmoid"}


def a_spec(
    network: Any = ({**HIDDEN, "repeat": 2}, {"kind": "batch_normalization"}, OUT), **start: Any
) -> ExperimentSpec:
    return parse(
        json.dumps(
            {
                "dataset": {"kind": "circles", "samples": 60, "train_size": 40},
                "model": network if isinstance(network, dict) else {"layers": network},
                "training": {
                    "loss": "binary_crossentropy",
                    "optimizer": "sgd",
                    "epochs": 2,
                    "initial_weights": {"id": ID, **start},
                },
                "seeds": [0, 1],
            }
        )
    )


def shapes_of(spec: ExperimentSpec) -> dict[str, tuple[int, ...]]:
    """The tensors of a file that fits a spec, by their names."""
    return {name: each for layer in spec.layers for name, each in tensors_in(layer, layer.name).items()}


def given(spec: ExperimentSpec) -> dict[str, str]:
    return given_layers(spec.training.initial_weights, spec.layers)


def test_a_file_has_each_layers_tensors_with_running_averages():
    spec = a_spec()
    shapes = shapes_of(spec)
    assert [*shapes][:2] == ["dense_1/kernel", "dense_1/bias"]
    assert [name for name in shapes if name.startswith("batch")] == [
        f"batch_normalization_1/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")
    ]
    start = spec.training.initial_weights
    assert start is not None
    check_fits(start, spec.layers, shapes)
    assert given(spec) == {layer.name: layer.name for layer in spec.layers if has_weights(layer)}
    for wrong, expected in [
        ({name: each for name, each in shapes.items() if name != "dense_2/bias"}, "weights with dense_2/bias"),
        (shapes | {"dense_1/kernel": (2, 5)}, "dense_1/kernel of shape (2, 4)"),
        (shapes | {"dense_9/kernel": (2, 5)}, "this network's layers alone"),
    ]:
        with pytest.raises(Invalid) as error:
            check_fits(start, spec.layers, wrong)
        assert error.value.problems[0].field == "training.initial_weights.id"
        assert expected in error.value.problems[0].expected


def test_a_spec_without_them_has_the_text_that_it_always_had():
    plain = json.loads(a_spec().canonical())
    del plain["training"]["initial_weights"]
    assert "initial_weights" not in parse(json.dumps(plain)).canonical()
    some = a_spec(layers={"dense_2": "dense_1"}).canonical()
    assert '"initial_weights":{"id":"' + ID + '","layers":{"dense_2":"dense_1"}}' in some
    assert parse(some).canonical() == some


@pytest.mark.parametrize(
    ("start", "training", "expected"),
    [
        ({"layers": {"dense_9": "dense_1"}}, {}, "a layer with weights of its own"),
        ({"layers": {}}, {}, "one layer at least"),
        ({"id": "sha256:1"}, {}, "text of the form"),
        ({}, {"pretraining": "autoencoder"}, "null with pretraining"),
    ],
)
def test_what_a_network_cannot_begin_with_is_refused(start, training, expected):
    fields = json.loads(a_spec([HIDDEN, HIDDEN, OUT]).canonical())
    fields["training"] |= {"initial_weights": {"id": ID} | start, **training}
    with pytest.raises(Invalid) as error:
        parse(json.dumps(fields))
    assert any(expected in each.expected and "initial_weights" in each.field for each in error.value.problems)


def test_a_change_of_the_training_keeps_them_all():
    spec = a_spec()
    treated = combine(spec, ["learning_rate_lower"])
    assert treated.training.initial_weights == spec.training.initial_weights
    assert [each.path for each in difference(spec, treated)] == ["training.optimizer.learning_rate"]


def test_layers_whose_initialisers_change_are_drawn():
    spec = a_spec([{**HIDDEN, "repeat": 2}, OUT])
    treated = combine(spec, ["initializer_for_activation"])
    assert given(treated) == {"dense_3": "dense_3"}
    changes = {each.path: each for each in difference(spec, treated)}
    start = changes["training.initial_weights"]
    assert (start.before, start.after) == (["dense_1", "dense_2", "dense_3"], ["dense_3"])
    assert size(spec, treated) == 2


def test_layers_whose_shapes_change_are_drawn_and_those_that_are_renamed_keep_theirs():
    spec = a_spec([{**HIDDEN, "kernel_initializer": "glorot_uniform", "repeat": 4}, OUT])
    fewer = combine(spec, ["fewer_layers"])
    assert len(fewer.layers) < len(spec.layers)
    sources = given(fewer)
    assert sources[fewer.layers[-1].name] == "dense_5"
    assert len({*sources.values()}) == len(sources) == len(fewer.layers)
    wider = combine(spec, ["wider_layers"])
    assert wider.training.initial_weights is None
    normalized = combine(spec, ["batch_normalization"])
    assert {*given(normalized)} == {f"dense_{number}" for number in range(1, 6)}
    assert normalized.training.initial_weights is not None
    check_fits(normalized.training.initial_weights, normalized.layers, shapes_of(spec))


def test_nodes_of_a_graph_keep_theirs_by_name():
    nodes = [
        {"name": "left", "layer": HIDDEN, "inputs": ["input"]},
        {"name": "right", "layer": {**HIDDEN, "kernel_initializer": "glorot_uniform"}, "inputs": ["input"]},
        {"name": "both", "layer": {"kind": "add"}, "inputs": ["left", "right"]},
        {"name": "out", "layer": OUT, "inputs": ["both"]},
    ]
    spec = a_spec({"nodes": nodes, "outputs": ["out"]})
    assert given(combine(spec, ["initializer_for_activation"])) == {"right": "right", "out": "out"}


def test_a_treatment_may_draw_fresh_weights():
    spec = a_spec()
    assert as_begun(TreatmentRequest(), spec) == spec
    fresh = as_begun(TreatmentRequest(initial_weights="fresh"), spec)
    assert fresh.training.initial_weights is None
    assert fresh.model == spec.model
    with pytest.raises(Invalid, match="the experiment draws its weights"):
        as_begun(TreatmentRequest(initial_weights="fresh"), fresh)
    assert "initial_weights" not in TreatmentRequest().model_dump_json()


def test_the_estimate_says_what_seeds_differ_by():
    spec = a_spec()
    assert "the same given weights" in estimate(spec).notes[0]
    assert estimate(as_begun(TreatmentRequest(initial_weights="fresh"), spec)).notes == ()
    assert estimate(spec.model_copy(update={"seeds": (0,)})).notes == ()


def test_a_program_loads_them_by_name():
    program = keras_program(a_spec(layers={"dense_2": "dense_1"}))
    assert 'given = load_file("weights.safetensors")' in program
    assert '    "dense_2": ["dense_1/kernel", "dense_1/bias"],\n' in program
    assert '    Dense(4, activation="tanh", kernel_initializer=' in program
    assert 'name="dense_2"),' in program
    assert 'BatchNormalization(name="batch_normalization_1"),' in program
