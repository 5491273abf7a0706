"""Hidden layers are found wherever they stand, and a network that nothing is done to stays as it was written."""

import pytest

from gradlab.errors import Invalid
from gradlab.remedies import remedy
from gradlab.remedies.rewriting.layers import Place, hidden_places, hidden_stages, places, split_output
from gradlab.remedies.rewriting.rewrite import rewritten
from gradlab.spec.output import Output, loss_takes_logits, output_of
from gradlab.vocabulary.activations import Linear, Relu, Softmax, Tanh
from gradlab.vocabulary.layers.dense import Dense
from tests.unit.remedies.networks import (
    EXPERIMENTS,
    IMAGES,
    LETTERS,
    SIGMOID,
    SOFTMAX,
    an_experiment,
    conv,
    dense,
    of_classes,
    residual,
    rnn,
)


def found(name: str) -> dict[str, Place]:
    return {place.name: place for place in places(EXPERIMENTS[name])}


def test_a_network_in_which_nothing_is_changed_stays_as_it_was_written():
    for title, spec in EXPERIMENTS.items():
        assert rewritten(spec, lambda place: (place.layer,)) == spec.model, title


def test_places_are_the_networks_layers_in_order():
    for title, spec in EXPERIMENTS.items():
        assert [place.name for place in places(spec)] == [layer.name for layer in spec.layers], title
        assert all(place.layer.repeat == 1 for place in places(spec)), title


def test_the_output_layer_and_what_stands_behind_it_are_not_hidden():
    for title, spec in EXPERIMENTS.items():
        hidden = [place.hidden for place in places(spec)]
        assert hidden == sorted(hidden, reverse=True), title
        assert not hidden[-1], title


def test_the_last_of_repeated_layers_is_the_output():
    assert [place.name for place in hidden_places(EXPERIMENTS["sigmoids, output repeated"])] == [
        "dense_1",
        "dense_2",
        "dense_3",
    ]
    before, output, behind = split_output(EXPERIMENTS["sigmoids, output repeated"].model.layers)
    assert [layer.repeat for layer in before] == [3]
    assert (output.repeat, behind) == (1, ())


def test_the_activation_of_a_layer_may_stand_behind_it_and_behind_its_block():
    found_apart = found("activations apart")
    assert [found_apart[f"dense_{number}"].activation for number in (1, 2, 3)] == [Tanh()] * 3
    inside = found("residual blocks")
    assert inside["dense_2"].activation == Relu()
    assert inside["dense_3"].activation == Linear()  # before the next block's weights there is none
    assert inside["dense_7"].activation == Relu()  # of the activation layer behind the blocks
    assert found("all convolutional")["conv2d_2"].activation == Softmax()
    assert found("both ways")["bidirectional_1"].activation == Tanh()
    assert found("attention")["multi_head_attention_1"].activation == Linear()


def test_layers_in_a_block_are_changed_inside_it_and_repeats_stay_together():
    spec = EXPERIMENTS["residual blocks"]
    widths = {"dense_1": 8, "dense_2": 3, "dense_4": 3, "dense_6": 4}

    def change(place):
        return (place.layer.model_copy(update={"units": widths[place.name]}) if place.name in widths else place.layer,)

    first, *blocks, activation, output = rewritten(spec, change).layers
    assert first.units == 8
    assert [(block.repeat, [layer.units for layer in block.layers]) for block in blocks] == [(2, [3, 8]), (1, [4, 8])]
    assert (activation, output) == spec.model.layers[-2:]


def test_one_layer_may_become_several_or_none():
    spec = an_experiment(dense(repeat=3), SIGMOID)
    doubled = rewritten(spec, lambda place: (place.layer, place.layer) if place.name == "dense_2" else (place.layer,))
    assert [(layer.units, layer.repeat) for layer in doubled.layers] == [(5, 1), (5, 1), (5, 1), (5, 1), (1, 1)]
    dropped = rewritten(spec, lambda place: () if place.name == "dense_2" else (place.layer,))
    assert [(layer.units, layer.repeat) for layer in dropped.layers] == [(5, 1), (5, 1), (1, 1)]


def test_a_stage_is_a_layer_with_all_that_follows_it_before_the_next():
    spec = EXPERIMENTS["convolutions"]
    names = [[place.name for place in stage.places] for stage in hidden_stages(spec)]
    assert names == [["conv2d_1"], ["conv2d_2", "max_pooling2d_1"], ["conv2d_3", "flatten_1"]]
    assert [stage.keeps_shape for stage in hidden_stages(spec)] == [False, False, False]
    blocks = hidden_stages(EXPERIMENTS["residual blocks"])
    assert [[place.name for place in stage.places] for stage in blocks] == [
        ["dense_1"],
        ["residual_1"],
        ["residual_2"],
        ["residual_3", "activation_1"],
    ]
    assert [stage.keeps_shape for stage in blocks] == [False, True, True, True]


def test_a_block_that_holds_the_output_is_no_hidden_stage_but_its_first_layers_are_hidden():
    spec = an_experiment(dense(2), residual(dense(2), dense(2)), SIGMOID)
    assert [place.name for place in hidden_places(spec)] == ["dense_1", "dense_2", "dense_3"]
    inside = EXPERIMENTS["output in a block"]
    assert [place.name for place in hidden_places(inside)] == ["dense_1", "dense_2", "dense_3"]
    assert isinstance(hidden_places(inside)[0].layer, Dense)
    assert len(hidden_stages(inside)) == 1


def at_each(layer):
    return {"kind": "time_distributed", "layer": layer}


@pytest.mark.parametrize(
    ("layer", "suits"), [(at_each(dense(5, "softmax")), True), (at_each(dense(5, "linear")), False)]
)
def test_the_activation_of_a_layer_at_each_time_step_is_that_of_the_output(layer, suits):
    spec = of_classes(rnn("lstm", return_sequences=True), at_each({"kind": "dropout", "rate": 0.1}), layer,
                      dataset=LETTERS)  # fmt: skip
    assert output_of(spec) == Output("time_distributed_2", "softmax" if suits else "linear", "linear", False)
    assert not loss_takes_logits(spec)  # Keras stacks the steps' outputs, and forgets their logits
    if suits:
        with pytest.raises(Invalid, match="softmax with categorical_crossentropy"):
            remedy("output_matched_to_task").apply(spec)
        return
    last = remedy("output_matched_to_task").apply(spec).model.layers[-1]
    assert (last.kind, last.layer.activation.kind) == ("time_distributed", "softmax")


def test_layers_at_each_time_step_and_of_channels_have_weights():
    spec = of_classes(at_each(dense(3, "linear")), rnn(return_sequences=True), at_each(dense(5, "softmax")),
                      dataset=LETTERS)  # fmt: skip
    assert [place.name for place in hidden_places(spec)] == ["time_distributed_1", "simple_rnn_1"]
    assert remedy("l2_regularization").apply(spec).model.layers[0].layer.kernel_regularizer.kind == "l2"
    assert remedy("wider_layers").apply(spec).model.layers[0].layer.units == 4
    image = of_classes(
        conv(activation="linear"), {"kind": "separable_conv2d", "filters": 4, "kernel_size": 3, "activation": "relu"},
        {"kind": "depthwise_conv2d", "kernel_size": 3}, {"kind": "flatten"}, SOFTMAX, dataset=IMAGES,
    )  # fmt: skip
    hidden = [(place.name, place.activation.kind) for place in hidden_places(image)]
    assert hidden == [("conv2d_1", "linear"), ("separable_conv2d_1", "relu"), ("depthwise_conv2d_1", "linear")]


def test_learnt_slopes_are_an_activation():
    spec = an_experiment(dense(5, "linear"), {"kind": "prelu"}, dense(5, "linear"), SIGMOID)
    assert [place.activation.kind for place in hidden_places(spec)] == ["leaky_relu", "linear"]
    after = remedy("activation_tanh").apply(spec)
    assert [layer.kind for layer in after.model.layers] == ["dense", "activation", "dense", "dense"]
    assert after.model.layers[1].activation == Tanh()
