"""The changes of each remedy, and its reasons where it does not apply."""

from typing import Any

import pytest

from gradlab.errors import Invalid, Problem
from gradlab.remedies import remedy
from gradlab.remedies.rewriting.layers import places
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.layers.recurrent import Recurrent
from tests.unit.remedies.networks import (
    CIRCLES,
    EXPERIMENTS,
    LINEAR,
    RELU,
    ROWS,
    SGD,
    SIGMOID,
    SOFTMAX,
    SUMS,
    U01,
    an_experiment,
    conv,
    dense,
    of_classes,
    of_values,
    residual,
    rnn,
)


def treated(name: str, spec: ExperimentSpec) -> ExperimentSpec:
    return remedy(name).apply(spec)


def refusal(name: str, spec: ExperimentSpec) -> Problem:
    with pytest.raises(Invalid) as refused:
        treated(name, spec)
    (problem,) = refused.value.problems
    return problem


def layers(spec: ExperimentSpec) -> dict[str, Any]:
    return {place.name: place.layer for place in places(spec)}


def hidden(spec: ExperimentSpec, *fields: str) -> list[Any]:
    """The fields of all layers but the output, of a kind its name."""
    found = [[getattr(layer, field) for field in fields] for layer in list(layers(spec).values())[:-1]]
    return [[getattr(value, "kind", value) for value in values] for values in found]


# Initialisers


@pytest.mark.parametrize(
    ("activation", "suited"),
    [("tanh", "glorot_uniform"), ("sigmoid", "glorot_uniform"), ("linear", "glorot_uniform"), ("relu", "he_uniform"),
     ("elu", "he_uniform"), ("leaky_relu", "he_uniform"), ("silu", "he_uniform"), ("selu", "lecun_normal")],
)  # fmt: skip
def test_kernels_are_drawn_as_suits_the_activation_and_biases_are_zero(activation, suited):
    badly = dense(activation=activation, kernel_initializer=U01, bias_initializer="ones")
    after = treated("initializer_for_activation", an_experiment(badly, SIGMOID))
    assert hidden(after, "kernel_initializer", "bias_initializer") == [[suited, "zeros"]]
    assert "does not suit" not in refusal("initializer_for_activation", after).received


@pytest.mark.parametrize(
    ("activation", "initializer"),
    [
        ("tanh", "glorot_normal"),
        ("tanh", "orthogonal"),
        ("relu", "he_normal"),
        ("relu", {"kind": "orthogonal", "gain": 1.41}),
        ("relu", {"kind": "variance_scaling", "scale": 2.0}),
        ("selu", "lecun_uniform"),
        ("sigmoid", {"kind": "variance_scaling", "mode": "fan_avg"}),
    ],
)
def test_what_suits_by_another_name_stays(activation, initializer):
    spec = an_experiment(dense(activation=activation, kernel_initializer=initializer), SIGMOID)
    kind = initializer if isinstance(initializer, str) else initializer["kind"]
    assert refusal("initializer_for_activation", spec).received == f"1 × dense {activation} {kind}"


def test_an_initialiser_follows_the_activation_behind_a_norm_or_a_block():
    spec = EXPERIMENTS["batch normalised"]
    assert hidden(treated("initializer_for_activation", spec), "kind")[0] == ["dense"]
    found = layers(treated("initializer_for_activation", spec))
    assert found["dense_1"].kernel_initializer.kind == found["dense_2"].kernel_initializer.kind == "he_uniform"
    found = layers(treated("initializer_for_activation", EXPERIMENTS["residual blocks"]))
    kinds = [found[f"dense_{number}"].kernel_initializer.kind for number in range(1, 9)]
    # The last layer of a block is linear, but for the one of the last block, which relu follows; the output stays.
    assert kinds == [
        "he_uniform", "he_uniform", "glorot_uniform", "he_uniform", "glorot_uniform", "he_uniform", "he_uniform",
        "glorot_uniform",
    ]  # fmt: skip


def test_recurrent_kernels_are_drawn_orthogonal_gated_ones_too():
    cell = layers(treated("initializer_for_activation", EXPERIMENTS["gated, drawn badly"]))["lstm_1"]
    assert (cell.kernel_initializer.kind, cell.recurrent_initializer.kind) == ("glorot_uniform", "orthogonal")
    both = layers(treated("initializer_for_activation", EXPERIMENTS["both ways"]))["bidirectional_1"]
    assert both.layer.recurrent_initializer.kind == "orthogonal"


def test_a_recurrent_kernel_alone_is_made_orthogonal():
    spec = EXPERIMENTS["gated, drawn badly"]
    cell = layers(treated("orthogonal_recurrent", spec))["lstm_1"]
    assert (cell.kernel_initializer.kind, cell.recurrent_initializer.kind) == ("random_uniform", "orthogonal")
    identity = of_values(rnn(recurrent_initializer="identity"), LINEAR, dataset=SUMS)
    assert refusal("orthogonal_recurrent", identity).received == "identity"
    assert refusal("orthogonal_recurrent", EXPERIMENTS["deep relu, he"]).received == "no hidden recurrent layer"
    shrunk = of_values(rnn(recurrent_initializer={"kind": "orthogonal", "gain": 0.5}), LINEAR, dataset=SUMS)
    assert layers(treated("orthogonal_recurrent", shrunk))["simple_rnn_1"].recurrent_initializer.gain == 1


# Activations


@pytest.mark.parametrize(
    ("name", "activation", "initializer"),
    [
        ("activation_relu", "relu", "he_uniform"),
        ("activation_leaky_relu", "leaky_relu", "he_uniform"),
        ("activation_elu", "elu", "he_uniform"),
        ("activation_selu", "selu", "lecun_normal"),
    ],
)
def test_an_activation_comes_with_its_initialiser(name, activation, initializer):
    after = treated(name, EXPERIMENTS["deep tanh, U(0, 1)"])
    assert hidden(after, "activation", "kernel_initializer") == [[activation, initializer]] * 5
    problem = refusal(name, after)
    assert problem.field == "model.layers"
    assert problem.expected == f"a hidden dense or convolutional layer with another activation than {activation}"
    assert problem.received == f"5 × dense {activation} {initializer}"


def test_tanh_also_bounds_what_is_fed_back():
    found = layers(treated("activation_tanh", EXPERIMENTS["relu fed back"]))
    assert {layer.activation.kind for layer in found.values() if isinstance(layer, Recurrent)} == {"tanh"}
    relu = EXPERIMENTS["relu fed back"]
    for name in ("activation_relu", "activation_elu", "activation_selu", "activation_leaky_relu"):
        assert refusal(name, relu).received == "3 × simple_rnn relu glorot_uniform"


def test_an_initialiser_that_suits_the_new_activation_stays():
    spec = an_experiment(dense(activation="relu", kernel_initializer="he_normal"), SIGMOID)
    assert hidden(treated("activation_elu", spec), "kernel_initializer") == [["he_normal"]]


def test_an_activation_that_is_a_layer_of_its_own_is_replaced_there():
    after = treated("activation_relu", EXPERIMENTS["activations apart"])
    kinds = [layer.activation.kind for layer in after.model.layers]
    assert kinds == ["linear", "relu"] * 3 + ["linear", "sigmoid"]
    assert layers(after)["dense_3"].kernel_initializer.kind == "he_uniform"


def test_linear_layers_among_others_stay_linear_and_get_an_activation_where_all_are():
    after = layers(treated("activation_elu", EXPERIMENTS["residual blocks"]))
    kinds = [after[f"dense_{number}"].activation.kind for number in range(1, 8)]
    assert kinds == ["elu", "elu", "linear", "elu", "linear", "elu", "linear"]
    assert hidden(treated("activation_relu", EXPERIMENTS["all linear"]), "activation") == [["relu"]] * 3


# Training


def test_adam_comes_with_its_own_rate_and_what_was_clipped_stays_clipped():
    optimizer = {"kind": "sgd", "learning_rate": 0.5, "momentum": 0.9, "global_clipnorm": 2.0, "weight_decay": 0.1}
    after = treated("optimizer_adam", an_experiment(dense(), SIGMOID, optimizer=optimizer)).training.optimizer
    assert (after.kind, after.learning_rate, after.global_clipnorm, after.weight_decay) == ("adam", 0.001, 2.0, 0.1)
    for kind in ("adam", "adamw", "nadam", "adamax"):
        assert refusal("optimizer_adam", an_experiment(SIGMOID, optimizer={"kind": kind})).received == kind


RATES = [("learning_rate_lower", 0.1), ("learning_rate_tripled", 3), ("learning_rate_higher", 10)]


@pytest.mark.parametrize(("name", "factor"), RATES)
def test_all_rates_of_a_schedule_change_alike(name, factor):
    def after(rate: Any) -> Any:
        optimizer = {**SGD, "learning_rate": rate}
        return treated(name, an_experiment(SIGMOID, optimizer=optimizer)).training.optimizer.learning_rate

    assert after(0.003) == pytest.approx(0.003 * factor, rel=1e-12)
    steps = {"kind": "piecewise_constant_decay", "boundaries": [5], "values": [0.02, 0.0]}
    assert after(steps).values == (pytest.approx(0.02 * factor), 0.0)
    line = {"kind": "polynomial_decay", "initial_learning_rate": 0.1, "decay_steps": 9, "power": 2.0}
    found = after(line)
    rates = (found.initial_learning_rate, found.end_learning_rate)
    assert rates == (pytest.approx(0.1 * factor), pytest.approx(1e-4 * factor))
    assert (found.decay_steps, found.power) == (9, 2.0)
    warm = {"kind": "cosine_decay", "initial_learning_rate": 0.0, "decay_steps": 9, "warmup_target": 0.01,
            "warmup_steps": 3, "alpha": 0.5}  # fmt: skip
    found = after(warm)
    assert (found.initial_learning_rate, found.alpha) == (0.0, 0.5)
    assert found.warmup_target == pytest.approx(0.01 * factor)


@pytest.mark.parametrize(
    ("optimizer", "usual"),
    [
        ({**SGD, "learning_rate": 30.0}, 0.01),
        ({"kind": "adam", "learning_rate": 1e-6}, 0.001),
        ({"kind": "adam", "learning_rate": {"kind": "exponential_decay", "initial_learning_rate": 1.0,
                                            "decay_steps": 9, "decay_rate": 0.9}}, 0.001),
    ],
)  # fmt: skip
def test_the_usual_rate_is_the_optimisers_own_default_and_everything_else_of_it_stays(optimizer, usual):
    spec = an_experiment(SIGMOID, optimizer=optimizer)
    after = treated("learning_rate_usual", spec).training.optimizer
    assert after.learning_rate == usual
    assert after == spec.training.optimizer.model_copy(update={"learning_rate": usual})
    with_it = an_experiment(SIGMOID, optimizer={**SGD, "learning_rate": 0.01})
    assert refusal("learning_rate_usual", with_it).received == "0.01"


def test_a_rate_stays_a_short_number():
    assert treated("learning_rate_lower", an_experiment(SIGMOID, optimizer={**SGD, "learning_rate": 0.003})).training \
        .optimizer.learning_rate == 0.0003  # fmt: skip


@pytest.mark.parametrize(
    ("name", "rate", "bound"),
    [
        ("learning_rate_lower", 9e-7, "at least 1e-07"),
        ("learning_rate_tripled", 0.34, "at most 1"),
        ("learning_rate_higher", 0.11, "at most 1"),
    ],
)
def test_a_rate_does_not_leave_the_range_in_which_anything_trains(name, rate, bound):
    problem = refusal(name, an_experiment(SIGMOID, optimizer={**SGD, "learning_rate": rate}))
    assert problem.field == "training.optimizer.learning_rate"
    assert bound in problem.expected
    assert problem.received == f"{rate:g}"


def test_gradients_are_clipped_together_unless_they_are_clipped_as_tightly():
    assert treated("clip_by_global_norm", EXPERIMENTS["slow"]).training.optimizer.global_clipnorm == 1
    loose = treated("clip_by_global_norm", EXPERIMENTS["fast, clipped loosely"]).training.optimizer
    assert (loose.clipvalue, loose.global_clipnorm) == (None, 1)
    problem = refusal("clip_by_global_norm", EXPERIMENTS["Adam with everything"])
    assert problem == Problem("training.optimizer", "no clipping, or at more than 1", "global_clipnorm 0.5")


def test_early_stopping_waits_for_a_fifteenth_of_the_epochs_and_three_at_least():
    for epochs, patience in ((500, 33), (30, 3), (4, 3)):
        stopping = treated("early_stopping", an_experiment(SIGMOID, epochs=epochs)).training.early_stopping
        assert stopping is not None
        assert (stopping.monitor, stopping.patience) == ("val_loss", patience)
    assert refusal("early_stopping", an_experiment(SIGMOID, epochs=3)).field == "training.epochs"
    problem = refusal("early_stopping", EXPERIMENTS["Adam with everything"])
    assert (problem.field, problem.received) == ("training.early_stopping", "on val_loss")


# What the data are, and what is to be told


def test_inputs_and_targets_are_standardised():
    assert treated("input_scaling", EXPERIMENTS["labels"]).dataset.scale == "standard"
    assert treated("target_scaling", EXPERIMENTS["values, unscaled"]).dataset.target_scale == "standard"
    assert treated("target_scaling", EXPERIMENTS["values, unscaled"]).dataset.scale is None


@pytest.mark.parametrize("scale", ["standard", [0, 1], [-1, 1], [-0.5, 0.25]])
def test_inputs_on_a_small_scale_are_left_alone(scale):
    problem = refusal("input_scaling", an_experiment(SIGMOID, dataset={**CIRCLES, "scale": scale}))
    assert problem.field == "dataset.scale"
    assert problem.received.strip("()") in ("standard", "0.0, 1.0", "-1.0, 1.0", "-0.5, 0.25")


def test_what_has_no_scale_cannot_be_scaled():
    assert refusal("input_scaling", EXPERIMENTS["steps to be told"]).received == "copy_memory"
    assert refusal("target_scaling", EXPERIMENTS["deep relu, he"]).received == "circles"
    assert refusal("target_scaling", EXPERIMENTS["values, scaled"]).received == "standard"


def ending(spec: ExperimentSpec) -> tuple[list[Any], str, str]:
    """The output and what stands behind it, each with its activation; the loss; and the field that was refused."""
    last = [(layer.kind, layer.function and layer.function.kind) for layer in spec.model.layers[1:]]
    return last, spec.training.loss.kind, str(getattr(spec.training.loss, "from_logits", None))


@pytest.mark.parametrize(
    ("output", "loss", "activation", "usual"),
    [
        (dense(1, "relu"), "binary_crossentropy", "sigmoid", "binary_crossentropy"),
        (dense(1, "softmax"), "binary_crossentropy", "sigmoid", "binary_crossentropy"),
        (dense(1, "sigmoid"), "mean_squared_error", "sigmoid", "binary_crossentropy"),
        (dense(1, "linear"), "log_cosh", "sigmoid", "binary_crossentropy"),
        (dense(2, "sigmoid"), "categorical_crossentropy", "softmax", "categorical_crossentropy"),
        (dense(2, "tanh"), "mean_absolute_error", "softmax", "categorical_crossentropy"),
        (dense(2, "linear"), "kl_divergence", "softmax", "kl_divergence"),
        (dense(1, "sigmoid"), "hinge", "linear", "hinge"),
    ],
)
def test_classes_are_told_by_probabilities(output, loss, activation, usual):
    after = treated("output_matched_to_task", an_experiment(dense(), output, loss=loss))
    assert ending(after)[:2] == ([("dense", activation)], usual)


def test_logits_stay_logits():
    loss = {"kind": "categorical_crossentropy", "from_logits": True}
    after = treated("output_matched_to_task", an_experiment(dense(), dense(2, "softmax"), loss=loss))
    assert ending(after) == ([("dense", "linear")], "categorical_crossentropy", "True")
    assert refusal("output_matched_to_task", EXPERIMENTS["logits"]).received == (
        "linear with binary_crossentropy for 2 classes"
    )


def test_labels_get_sigmoids_and_values_linear_units():
    words = {"kind": "multilabel", "samples": 64}
    spec = an_experiment(dense(), dense(5, "softmax"), dataset=words, loss="mean_squared_error")
    assert ending(treated("output_matched_to_task", spec))[:2] == ([("dense", "sigmoid")], "binary_crossentropy")
    after = treated("output_matched_to_task", EXPERIMENTS["values through a sigmoid"])
    assert ending(after)[:2] == ([("dense", "linear")], "mean_squared_error")
    counts = of_values(dense(), dense(3, "linear"), dataset={"kind": "linnerud"}, loss="poisson")
    assert ending(treated("output_matched_to_task", counts))[:2] == ([("dense", "linear")], "mean_squared_error")
    assert "softplus with poisson for 3 values" in refusal("output_matched_to_task", EXPERIMENTS["counts"]).received


def test_the_activation_goes_where_the_output_ends():
    after = treated("output_matched_to_task", EXPERIMENTS["convolutional by mistake"])
    assert ending(after)[0] == [("conv2d", "linear"), ("global_average_pooling2d", None), ("activation", "softmax")]
    apart = an_experiment(dense(), dense(1, "tanh"), RELU)
    assert ending(treated("output_matched_to_task", apart))[0] == [("dense", "sigmoid")]


def test_an_output_that_feeds_itself_back_gets_a_layer_behind_it():
    spec = of_classes(dense(), rnn(units=10), dataset=ROWS)
    assert ending(treated("output_matched_to_task", spec))[0] == [("simple_rnn", None), ("dense", "softmax")]


def test_only_the_last_of_a_repeated_output_changes():
    spec = an_experiment({**dense(1, "relu"), "repeat": 3})
    after = treated("output_matched_to_task", spec)
    assert [(layer.activation.kind, layer.repeat) for layer in after.model.layers] == [("relu", 2), ("sigmoid", 1)]


# Architecture


def test_half_of_the_layers_are_left_and_no_more_than_units():
    for width, depth, left in ((5, 5, 2), (5, 20, 5), (8, 12, 6), (3, 2, 1), (2, 40, 2)):
        after = treated("fewer_layers", an_experiment(dense(width, repeat=depth), SIGMOID))
        assert len(after.layers) == left + 1, (width, depth)


def test_only_layers_that_give_back_their_shape_can_go_and_what_belongs_to_them_goes_along():
    after = treated("fewer_layers", EXPERIMENTS["batch normalised"])
    assert [layer.name for layer in after.layers] == ["dense_1", "batch_normalization_1", "activation_1", "dense_2"]
    after = treated("fewer_layers", an_experiment(dense(8), dense(6), dense(6), dense(4), SIGMOID))
    assert [layer.spec.units for layer in after.layers] == [8, 6, 4, 1]
    problem = refusal("fewer_layers", an_experiment(dense(8), dense(6), SIGMOID))
    assert problem.received == "2, of which 0 give back the shape they get"


def test_layers_get_as_wide_as_their_number_asks_for():
    after = treated("wider_layers", an_experiment(dense(5, repeat=20), dense(50), SIGMOID))
    assert [layer.spec.units for layer in after.layers] == [35] * 20 + [50, 1]  # 5/3 of 21
    problem = refusal("wider_layers", after)
    assert (problem.expected, problem.received) == (
        "a hidden layer that is narrower than 5/3 of their number, 35",
        "21 of widths 35, 50",
    )
    assert refusal("wider_layers", an_experiment(SIGMOID)).received == "no hidden layer"


def test_filters_and_states_get_wider_too():
    spec = of_classes(conv(1, repeat=3), {"kind": "flatten"}, SOFTMAX, dataset=EXPERIMENTS["convolutions"].dataset)
    assert layers(treated("wider_layers", spec))["conv2d_1"].filters == 5
    cells = of_values(rnn(units=2, return_sequences=True, repeat=2), rnn(units=2), LINEAR, dataset=SUMS)
    assert layers(treated("wider_layers", cells))["simple_rnn_3"].units == 5


def test_widening_that_would_break_a_block_is_refused():
    problem = refusal("wider_layers", EXPERIMENTS["residual on the input"])
    assert problem.expected.startswith("a spec that wider_layers leaves valid: ")


def test_ways_past_the_layers_are_scaled_by_their_number():
    after = treated("residual_connections", EXPERIMENTS["deep relu, he"])
    first, blocks, output = after.model.layers
    assert (first.kind, output.units) == ("dense", 1)
    assert (blocks.kind, blocks.repeat, blocks.scale) == ("residual", 4, 0.25)
    assert blocks.layers == (first.model_copy(update={"repeat": 1}),)
    assert after.parameter_count == EXPERIMENTS["deep relu, he"].parameter_count


def test_a_norm_and_an_activation_are_taken_into_the_block():
    after = treated("residual_connections", EXPERIMENTS["batch normalised"])
    *_, block, _ = after.model.layers
    assert [layer.kind for layer in block.layers] == ["dense", "batch_normalization"]
    assert block.scale == 1
    assert refusal("residual_connections", EXPERIMENTS["residual blocks"]).received == "one that has them"
    assert refusal("residual_connections", an_experiment(dense(), SIGMOID)).received == "none among 1 hidden layers"


def test_recurrent_layers_become_gated_ones_of_the_same_width():
    kept = {"use_bias": False, "recurrent_constraint": "non_neg", "return_sequences": True}
    badly = {"activation": "relu", "recurrent_initializer": "zeros"}
    spec = of_values(rnn(units=4, **kept, **badly), rnn(units=3), LINEAR, dataset=SUMS)
    for name, kind in (("lstm_for_simple_rnn", "lstm"), ("gru_for_simple_rnn", "gru")):
        first, second = list(layers(treated(name, spec)).values())[:2]
        assert (first.kind, first.units, second.kind, second.units) == (kind, 4, kind, 3)
        assert (first.use_bias, first.recurrent_constraint.kind, first.return_sequences) == (False, "non_neg", True)
        assert (first.activation.kind, first.recurrent_initializer.kind) == ("tanh", "orthogonal")
        assert refusal(name, EXPERIMENTS["gated, drawn badly"]).received == "lstm, gru"


# Norms and regularisation


def test_norms_stand_before_the_activation():
    after = treated("batch_normalization", an_experiment(dense(repeat=2), SIGMOID))
    kinds = [(layer.kind, layer.function and layer.function.kind) for layer in after.model.layers]
    assert kinds == [("dense", "linear"), ("batch_normalization", None), ("activation", "tanh")] * 2 + [
        ("dense", "sigmoid")
    ]
    apart = treated("batch_normalization", EXPERIMENTS["activations apart"])
    assert [layer.kind for layer in apart.model.layers][:4] == ["dense", "batch_normalization", "activation", "dense"]


def test_norms_over_the_units_stand_behind_sigmoids():
    after = treated("layer_normalization", an_experiment(dense(activation="sigmoid"), dense(), SIGMOID))
    assert [layer.kind for layer in after.model.layers] == [
        "dense", "layer_normalization", "dense", "layer_normalization", "activation", "dense",
    ]  # fmt: skip
    apart = an_experiment(dense(activation="linear"), {"kind": "activation", "activation": "sigmoid"}, SIGMOID)
    after = treated("layer_normalization", apart)
    assert [layer.kind for layer in after.model.layers] == ["dense", "activation", "layer_normalization", "dense"]


def test_narrow_layers_get_no_norm_over_their_units():
    after = treated("layer_normalization", EXPERIMENTS["output in a block"])
    assert [layer.kind for layer in after.model.layers[0].layers][:2] == ["dense", "layer_normalization"]
    assert len(after.model.layers[0].layers) == 4  # the second dense layer has two units
    assert "3 units or more" in refusal("layer_normalization", EXPERIMENTS["units of two and one"]).expected


@pytest.mark.parametrize("name", ["batch_normalization", "layer_normalization"])
def test_a_network_with_norms_gets_no_others(name):
    problem = refusal(name, EXPERIMENTS["batch normalised"])
    assert problem == Problem("model.layers", "a network without norms", "batch_normalization_1")


def test_one_sample_has_no_variance():
    problem = refusal("batch_normalization", EXPERIMENTS["one sample a batch"])
    assert (problem.field, problem.received) == ("training.batch_size", "1")


def test_large_weights_cost_in_hidden_layers_only():
    spec = of_values(rnn(), dense(kernel_regularizer={"kind": "l1"}), dense(), LINEAR, dataset=SUMS)
    found = layers(treated("l2_regularization", spec))
    assert found["simple_rnn_1"].kernel_regularizer.l2 == found["simple_rnn_1"].recurrent_regularizer.l2
    kinds = [found[f"dense_{number}"].kernel_regularizer for number in (1, 2, 3)]
    assert [rule and rule.kind for rule in kinds] == ["l1", "l2", None]
    assert refusal("l2_regularization", EXPERIMENTS["l2 everywhere"]).received == "one in every hidden layer"


def test_units_are_left_out_behind_their_activation():
    spec = of_classes(rnn(return_sequences=True), {"kind": "flatten"}, dense(), SOFTMAX, dataset=ROWS)
    kinds = [layer.kind for layer in treated("dropout", spec).model.layers]
    assert kinds == ["simple_rnn", "dropout", "flatten", "dense", "dropout", "dense"]
    block = an_experiment(dense(), residual(dense(), dense(activation="linear")), RELU, SIGMOID)
    after = treated("dropout", block)
    assert [layer.kind for layer in after.model.layers] == [
        "dense", "dropout", "residual", "activation", "dropout", "dense",
    ]  # fmt: skip
    assert [layer.kind for layer in after.model.layers[2].layers] == ["dense", "dropout", "dense"]
    assert refusal("dropout", EXPERIMENTS["dropped out"]).received == "one that has it"


@pytest.mark.parametrize(
    ("before", "samples", "after"),
    [(1, 48, 32), (15, 48, 32), (16, 48, None), (1, 20, 20), (1, 33, 33), (16, 33, 17), (31, 32, 32), (32, 48, None)],
)
def test_small_batches_become_usual_ones_and_no_sample_is_left_alone(before: int, samples: int, after: int | None):
    dataset = {"kind": "circles", "samples": 64, "seed": 1, "train_size": samples}
    spec = an_experiment(dense(3), SIGMOID, dataset=dataset, batch_size=before)
    if after is None:
        assert refusal("batch_size_larger", spec).field == "training.batch_size"
        return
    size = treated("batch_size_larger", spec).training.batch_size
    assert size == after
    assert samples % size != 1


def test_layer_normalisation_takes_the_place_of_batch_normalisation_with_its_parameters():
    norm = {"kind": "batch_normalization", "epsilon": 0.01, "scale": False}
    after = treated("layer_for_batch_normalization", an_experiment(dense(5), norm, dense(2), norm, SIGMOID))
    assert [layer.kind for layer in after.model.layers] == [
        "dense", "layer_normalization", "dense", "batch_normalization", "dense",
    ]  # fmt: skip
    changed = after.model.layers[1]
    assert (changed.epsilon, changed.scale, changed.center) == (0.01, False, True)
    assert "batch_normalization" in refusal("layer_for_batch_normalization", an_experiment(dense(5), SIGMOID)).expected


UPLOADED = {
    "kind": "uploaded",
    "id": f"sha256:{'a' * 64}",
    "target": "price",
    "task": "values",
    "samples": {"train_count": 8, "val_count": 2, "feature_shape": [3], "target": {"kind": "values", "count": 1}},
}


def test_an_uploaded_dataset_gets_steps_that_scale():
    spec = of_values(dense(), LINEAR, dataset=UPLOADED | {"prepare": ["log"]})
    inputs, targets = treated("input_scaling", spec).dataset, treated("target_scaling", spec).dataset
    assert [(step.kind, step.columns) for step in inputs.prepare] == [("log", None), ("standardise", None)]
    assert targets.prepare[-1].columns == ("price",)
    both = of_values(dense(), LINEAR, dataset=inputs.model_dump())
    assert refusal("input_scaling", both).received == "standardise"
    again = of_values(dense(), LINEAR, dataset=targets.model_dump())
    assert refusal("target_scaling", again).expected == "no step that standardises targets"
    classes = UPLOADED | {"task": "classes", "target": "label", "samples": UPLOADED["samples"] | {
        "target": {"kind": "classes", "count": 2}, "classes": ["a", "b"]}}  # fmt: skip
    assert refusal("target_scaling", an_experiment(SIGMOID, dataset=classes)).field == "dataset.task"
