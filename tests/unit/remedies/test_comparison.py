"""The changes between two specs, in words that a reader understands, and how large they are."""

import pytest

from gradlab.remedies import applicable, combine, difference, remedy, size
from gradlab.remedies.rewriting.comparison import WEIGHTS
from tests.unit.remedies.networks import (
    EXPERIMENTS,
    LINEAR,
    SIGMOID,
    SUMS,
    U01,
    an_experiment,
    dense,
    of_values,
    residual,
    rnn,
)

DEEP_TANH = EXPERIMENTS["deep tanh, U(0, 1)"]
GLOROT = {"kind": "glorot_uniform"}


def changed(before, *names):
    """(path, before, after) of everything that the remedies change."""
    return [(each.path, each.before, each.after) for each in difference(before, combine(before, names))]


def paths(before, after):
    return [each.path for each in difference(before, after)]


@pytest.mark.slow  # all of them: a second
@pytest.mark.parametrize("spec", EXPERIMENTS.values(), ids=EXPERIMENTS)
def test_a_spec_does_not_differ_from_itself_and_a_treated_one_does(spec):
    assert difference(spec, spec) == ()
    assert size(spec, spec) == 0
    for each in applicable(spec):
        after = each.apply(spec)
        assert {change.sort for change in difference(spec, after)} <= set(WEIGHTS), each.name
        assert size(spec, after) > 0, each.name


def test_name_seeds_record_and_metrics_are_no_difference():
    spec = an_experiment(dense(), SIGMOID)
    other = spec.model_copy(
        update={
            "name": "other",
            "seeds": (3, 4),
            "record": spec.record.model_copy(update={"weights": 0}),
            "training": spec.training.model_copy(update={"metrics": ("f1_score",)}),
        }
    )
    assert difference(spec, other) == ()


def test_neighbouring_layers_that_changed_alike_are_said_once():
    u01 = {"kind": "random_uniform", "minval": 0.0, "maxval": 1.0}
    assert changed(DEEP_TANH, "initializer_for_activation") == [
        ("model.dense_1…dense_5.kernel_initializer", u01, GLOROT),
    ]
    spec = an_experiment(dense(kernel_initializer=U01), dense(), dense(kernel_initializer=U01, repeat=2), SIGMOID)
    assert changed(spec, "initializer_for_activation") == [
        ("model.dense_1.kernel_initializer", u01, GLOROT),
        ("model.dense_3…dense_4.kernel_initializer", u01, GLOROT),
    ]


def test_fields_of_training_are_said_one_by_one_and_another_kind_as_a_whole():
    assert changed(DEEP_TANH, "learning_rate_lower") == [("training.optimizer.learning_rate", 0.01, 0.001)]
    assert changed(DEEP_TANH, "input_scaling") == [("dataset.scale", None, "standard")]
    ((path, before, after),) = changed(DEEP_TANH, "optimizer_adam")
    assert (path, before["kind"], after["kind"]) == ("training.optimizer", "sgd", "adam")
    ((path, before, after),) = changed(DEEP_TANH, "early_stopping")
    assert (path, before, after["patience"]) == ("training.early_stopping", None, 3)


def test_a_new_layer_stands_behind_before_or_around_an_old_one():
    ((path, before, after),) = changed(DEEP_TANH, "batch_normalization")
    assert (path, before, after["kind"]) == ("model.dense_1…dense_5.before_activation", None, "batch_normalization")
    ((path, before, after),) = changed(DEEP_TANH, "dropout")
    assert (path, before, after) == ("model.dense_1…dense_5.behind", None, {"kind": "dropout", "rate": 0.25})
    ((path, before, after),) = changed(DEEP_TANH, "residual_connections")
    assert (path, before, after) == ("model.dense_2…dense_5.around", None, {"kind": "residual", "scale": 0.5})


def test_layers_that_have_gone_are_said_with_what_they_were():
    ((path, before, after),) = changed(DEEP_TANH, "fewer_layers")
    assert (path, after) == ("model.dense_3…dense_5", None)
    assert (before["kind"], before["units"], before["activation"]) == ("dense", 5, {"kind": "tanh"})


def test_layers_that_have_become_others_stand_beside_each_other():
    spec = of_values(rnn(return_sequences=True), rnn(), LINEAR, dataset=SUMS)
    found = changed(spec, "gru_for_simple_rnn")
    assert [(path, before["kind"], after["kind"]) for path, before, after in found] == [
        ("model.simple_rnn_1", "simple_rnn", "gru"),
        ("model.simple_rnn_2", "simple_rnn", "gru"),
    ]
    both_ways = changed(EXPERIMENTS["both ways"], "lstm_for_simple_rnn")
    assert [(path, after["kind"]) for path, _, after in both_ways] == [("model.bidirectional_1.layer", "lstm")]


def test_a_layer_read_both_ways_is_compared_field_by_field():
    found = changed(EXPERIMENTS["both ways"], "orthogonal_recurrent")
    assert [path for path, _, _ in found] == ["model.bidirectional_1.layer.recurrent_initializer"]


def test_an_activation_is_the_same_as_a_field_and_as_a_layer():
    apart = {"kind": "activation", "activation": "tanh"}
    assert difference(an_experiment(dense(), SIGMOID), an_experiment(dense(activation="linear"), apart, SIGMOID)) == ()
    linear = an_experiment(dense(activation="linear"), SIGMOID)
    ((path, before, after),) = [
        (each.path, each.before, each.after) for each in difference(linear, EXPERIMENTS["one hidden layer"])
    ]
    assert (path, before, after) == ("model.dense_1.activation", {"kind": "linear"}, {"kind": "tanh"})


def test_layers_are_aligned_from_both_ends():
    before = an_experiment(dense(8), dense(3), dense(8, "relu"), SIGMOID)
    after = an_experiment(dense(8), dense(8, "relu"), SIGMOID)
    assert paths(before, after) == ["model.dense_2"]
    assert paths(after, before) == ["model.dense_1.behind"]
    wrapped = an_experiment(dense(8), residual(dense(8), dense(8)), dense(3), SIGMOID)
    assert paths(an_experiment(dense(8, repeat=3), dense(3), SIGMOID), wrapped) == ["model.dense_2.around"]


def test_sizes_follow_the_order_in_which_changes_are_made():
    alone = ["initializer_for_activation", "learning_rate_higher", "optimizer_adam", "activation_relu",
             "batch_normalization", "residual_connections"]  # fmt: skip
    sizes = [size(DEEP_TANH, remedy(name).apply(DEEP_TANH)) for name in alone]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == len(sizes)


def test_all_initialisers_together_are_less_than_a_rate_and_all_rates_of_a_schedule_are_one():
    badly = dense(kernel_initializer=U01, bias_initializer="ones", repeat=3)
    recurrent = rnn(kernel_initializer=U01, bias_initializer="ones", recurrent_initializer=U01)
    spec = of_values(recurrent, badly, LINEAR, dataset=SUMS)
    assert size(spec, remedy("initializer_for_activation").apply(spec)) == 3 < WEIGHTS["learning_rate"]
    decay = {"kind": "polynomial_decay", "initial_learning_rate": 0.1, "decay_steps": 9, "end_learning_rate": 0.01}
    spec = an_experiment(dense(), SIGMOID, optimizer={"kind": "sgd", "learning_rate": decay})
    assert paths(spec, remedy("learning_rate_lower").apply(spec)) == [
        "training.optimizer.learning_rate.end_learning_rate",
        "training.optimizer.learning_rate.initial_learning_rate",
    ]
    assert size(spec, remedy("learning_rate_lower").apply(spec)) == WEIGHTS["learning_rate"]


def test_a_change_in_more_layers_is_no_larger_and_two_changes_are_as_large_as_both():
    one, five = an_experiment(dense(kernel_initializer=U01), SIGMOID), DEEP_TANH
    initialised = remedy("initializer_for_activation").apply
    assert size(one, initialised(one)) == size(five, initialised(five)) == 1
    both = combine(five, ["optimizer_adam", "initializer_for_activation"])
    assert size(five, both) == WEIGHTS["training"] + WEIGHTS["initializer"]


def test_a_layer_that_goes_does_not_become_a_norm_that_comes():
    for name, sort in (("dropout", "regularization"), ("batch_normalization", "normalization")):
        both = combine(DEEP_TANH, ["fewer_layers", name])
        assert size(DEEP_TANH, both) == WEIGHTS["architecture"] + WEIGHTS[sort]
        assert [each.field for each in difference(DEEP_TANH, both) if each.after is None] == ["layers"]


def test_norms_that_go_along_with_their_layers_make_the_change_no_larger():
    spec = EXPERIMENTS["batch normalised"]
    assert size(spec, remedy("fewer_layers").apply(spec)) == WEIGHTS["architecture"]
