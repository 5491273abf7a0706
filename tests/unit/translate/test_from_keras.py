"""Configurations of Keras become parts of a spec; what has no counterpart is refused by its name."""

import json

import pytest

from gradlab.errors import Invalid
from gradlab.translate.from_keras import translate, translate_parsed
from gradlab.translate.from_keras.text import MAX_CHARACTERS, MAX_DEPTH
from tests.unit.translate.keras_texts import (
    GLOROT,
    a_dense,
    a_functional,
    a_layer,
    a_sequential,
    a_tensor,
    an_input,
    called,
    compiled_with,
    text_of,
)


def short(part):
    """A part of a spec without the fields at their defaults, but with its kind."""
    fields = {name: getattr(part, name) for name in part.model_dump(exclude_defaults=True)}
    return {"kind": part.kind} | {name: short(each) if hasattr(each, "kind") else each for name, each in fields.items()}


def layers_of(*layers, **outer):
    """The layers of a chain, without the fields at their defaults."""
    return [short(layer) for layer in translate(text_of(a_sequential(*layers, **outer))).model.layers]


def problems_of(model) -> list[str]:
    with pytest.raises(Invalid) as refused:
        translate(text_of(model))
    return [str(problem) for problem in refused.value.problems]


def test_a_sequential_model_is_a_chain():
    translation = translate(text_of(a_sequential(an_input(2), a_dense(4), a_dense(1, "out", activation="sigmoid"))))
    assert [(layer.units, layer.activation.kind) for layer in translation.model.layers] == [(4, "relu"), (1, "sigmoid")]
    assert translation.input_shapes == ((2,),)
    assert translation.output_shapes == ((1,),)
    assert translation.names == {"dense_1": "dense", "dense_2": "out"}
    assert translation.training is None


def test_models_inside_a_chain_are_written_out():
    inner = {**a_sequential(an_input(4), a_dense(3, "inner"), name="block"), "name": "block"}
    translation = translate(text_of(a_sequential(an_input(2), a_dense(4), inner, a_dense(1, "out"))))
    assert [layer.units for layer in translation.model.layers] == [4, 3, 1]
    assert translation.names["dense_2"] == "block/inner"


def test_a_functional_model_without_branches_is_a_chain():
    model = a_functional(
        called(an_input(2)), called(a_dense(1), [a_tensor("x")]), inputs=["x", 0, 0], outputs=["dense", 0, 0]
    )
    assert len(translate(text_of(model)).model.layers) == 1


def test_the_input_of_a_sequential_model_may_stand_at_its_first_layer():
    first = a_layer("Dense", "dense", module=None, units=3, activation="tanh", batch_input_shape=[None, 5])
    translation = translate(text_of(a_sequential(first, keras_version="2.12.0")))
    assert translation.input_shapes == ((5,),)
    assert translate(text_of(a_sequential(a_dense()))).input_shapes == (None,)


def test_arguments_at_keras_default_are_left_out_and_others_refused():
    default = {"lora_rank": None, "activity_regularizer": None, "kernel_initializer": GLOROT}
    assert layers_of(an_input(2), a_dense(**default)) == [{"kind": "dense", "units": 3, "activation": {"kind": "relu"}}]
    (problem,) = problems_of(a_sequential(an_input(2), a_dense(lora_rank=4)))
    assert "dense.lora_rank: expected None, Keras's default" in problem
    (problem,) = problems_of(a_sequential(an_input(2), a_dense(sparkle=True)))
    assert problem == "dense.sparkle: expected arguments of Keras's Dense alone; received sparkle"


def test_a_default_that_keras_works_out_is_left_out():
    image = {"filters": 2, "kernel_size": [3, 3], "strides": [1, 1], "groups": 1, "data_format": "channels_last"}
    (layer,) = layers_of(an_input(8, 8, 1), a_layer("Conv2D", "image", **image))
    assert layer == {"kind": "conv2d", "filters": 2, "kernel_size": 3}
    (problem,) = problems_of(a_sequential(an_input(1, 8, 8), a_layer("Flatten", "f", data_format="channels_first")))
    assert problem.startswith("f.data_format")


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (a_layer("Lambda", "mine", function={"class_name": "__lambda__"}), "a Lambda holds code"),
        (a_layer("TFSMLayer", "mine", filepath="/tmp"), "a TFSMLayer holds a compiled program"),
        ({**a_layer("Gate", "mine", module="people"), "registered_name": "people>Gate"}, "people>Gate"),
        ({**a_layer("Dense", "mine", units=3), "registered_name": "people>Dense"}, "a class of your own is code"),
        (a_layer("Gate", "mine", module=None), "a class of your own is code"),
        (a_layer("TextVectorization", "mine"), "prepare the data before"),
        (a_layer("RandomFlip", "mine"), "without augmentation"),
        (a_dense(3, "mine", activation={"class_name": "function", "config": "mine"}), "code is never loaded"),
        (a_dense(3, "mine", activation={"class_name": "__lambda__", "config": {}}), "code is never loaded"),
        (a_dense(3, "mine", dtype={"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}), "float32"),
        (a_dense(3, "mine", kernel_initializer={"class_name": "Own", "config": {}}), "one of Constant"),
        (a_dense(0, "mine"), "units"),
        (a_dense(3, "mine", use_bias={"class_name": "__lambda__", "config": {}}), "numbers or texts"),
    ],
)
def test_what_cannot_be_translated_is_refused_by_its_name(layer, expected):
    (problem,) = problems_of(a_sequential(an_input(2), layer, a_dense(1, "out")))
    assert problem.startswith("mine")
    assert expected in problem


def test_a_frozen_layer_is_refused_if_it_has_weights():
    frozen = a_dense(3, "frozen", kernel_initializer=GLOROT)
    frozen["config"]["trainable"] = False
    flat = a_layer("Flatten", "flat")
    flat["config"]["trainable"] = False
    assert ["frozen.trainable" in each for each in problems_of(a_sequential(an_input(2), flat, frozen))] == [True]


def test_all_problems_are_listed_at_once():
    lambdas = [a_layer("Lambda", f"lambda_{number}") for number in range(60)]
    with pytest.raises(Invalid) as refused:
        translate(text_of(a_sequential(an_input(2), *lambdas)))
    assert (len(refused.value.problems), refused.value.omitted) == (50, 10)


def test_layers_that_are_activations_are_activations():
    layers = [
        a_layer("LeakyReLU", "a", negative_slope=0.1),
        a_layer("ReLU", "b", max_value=6.0),
        a_layer("Softmax", "c"),
    ]
    first, second, third = layers_of(an_input(2), *layers)
    assert first == {"kind": "activation", "activation": {"kind": "leaky_relu", "negative_slope": 0.1}}
    assert second["activation"] == {"kind": "relu", "max_value": 6.0}
    assert third["activation"] == {"kind": "softmax"}
    (problem,) = problems_of(a_sequential(an_input(2, 3), a_layer("Softmax", "c", axis=1)))
    assert problem.startswith("c: expected -1")
    by_keras_2 = a_layer("LeakyReLU", "a", module=None, alpha=0.25)
    assert layers_of(an_input(2), by_keras_2)[0]["activation"]["negative_slope"] == 0.25


def test_an_activation_may_be_a_layer_or_another_name():
    leaky = a_layer("LeakyReLU", "leaky", negative_slope=0.1)
    first, second = layers_of(an_input(2), a_dense(activation=leaky), a_dense(name="b", activation="swish"))
    assert first["activation"] == {"kind": "leaky_relu", "negative_slope": 0.1}
    assert second["activation"] == {"kind": "silu"}


def test_the_last_axis_may_be_counted_from_the_first():
    normal = {"axis": [2], "momentum": 0.9}
    (layer,) = layers_of(an_input(5, 3), a_layer("BatchNormalization", "norm", **normal))
    assert layer == {"kind": "batch_normalization", "momentum": 0.9}
    (problem,) = problems_of(a_sequential(an_input(5, 3), a_layer("BatchNormalization", "norm", axis=1)))
    assert "norm.axis" in problem


def test_sizes_of_shapes_are_worked_out():
    (layer, _) = layers_of(
        an_input(4, 6), a_layer("Reshape", "shape", target_shape=[-1, 3, 2]), a_layer("Flatten", "f")
    )
    assert layer["target_shape"] == (4, 3, 2)
    (problem,) = problems_of(a_sequential(a_layer("Reshape", "shape", target_shape=[-1, 2])))
    assert "shape of the inputs has to be known" in problem


def test_a_layer_that_cannot_take_its_input_is_named():
    model = a_sequential(an_input(2), a_layer("Conv2D", "image", filters=2, kernel_size=[3, 3]))
    (problem,) = problems_of(model)
    assert problem.startswith("image: expected inputs of shape (height, width, channels); received (2,)")


def test_seeds_are_dropped_and_reported():
    seeded = {**GLOROT, "config": {"seed": 7}}
    translation = translate(text_of(a_sequential(an_input(2), a_dense(kernel_initializer=seeded))))
    assert translation.dropped == (
        "dense.kernel_initializer.seed=7: every run draws from its own seed of the spec",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "JSON"),
        ("[]", "the JSON object that"),
        ('{"class_name": "Sequential", "config": {}}', "a model with layers"),
        ('{"class_name": "Dense", "config": {"units": 1}}', "Sequential or Functional"),
        ('{"class_name": "Mine", "module": "people", "config": {}}', "a model of your own class"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1), "levels"),
        ('{"a": ' + "9" * 5000 + "}", "endless numbers"),
        (" " * (MAX_CHARACTERS + 1), "characters"),
        ("\ud800", "JSON"),
        (r'{"class_name": "Sequential", "config": {"name": "\ud800"}}', "half of a surrogate pair"),
        (r'{"\ud800": 1}', "half of a surrogate pair"),
    ],
)
def test_other_texts_are_refused_within_bounds(text, expected):
    with pytest.raises(Invalid) as refused:
        translate(text)
    assert expected in str(refused.value)


def test_a_model_inside_itself_many_times_is_refused():
    model = a_sequential(an_input(2), a_dense())
    for depth in range(20):
        model = {**a_sequential(an_input(2), model, name=f"m{depth}"), "name": f"m{depth}"}
    with pytest.raises(Invalid):
        translate_parsed(json.loads(text_of(model)))


def test_a_circle_and_a_missing_layer_are_refused():
    around = [called(a_dense(3, "a"), [a_tensor("b")]), called(a_dense(3, "b"), [a_tensor("a")])]
    model = a_functional(called(an_input(3)), *around, inputs=["x", 0, 0], outputs=["b", 0, 0])
    assert "outputs of layers of the model" in problems_of(model)[0]
    lost = a_functional(called(an_input(3)), inputs=["x", 0, 0], outputs=["nowhere", 0, 0])
    assert problems_of(lost)[0].startswith("nowhere")


def test_what_a_model_was_compiled_with_is_its_training():
    compiled = compiled_with(loss="sparse_categorical_crossentropy", metrics=["accuracy", "cosine_proximity"])
    model = a_sequential(an_input(2), a_dense(3, activation="softmax"), compile_config=compiled)
    translation = translate(text_of(model))
    training = translation.training
    assert training.loss.kind == "categorical_crossentropy"
    assert (training.optimizer.kind, training.optimizer.learning_rate, training.optimizer.momentum) == (
        "sgd",
        0.01,
        0.9,
    )
    assert training.metrics == ("accuracy",)
    assert "takes whole numbers" in translation.notes[0]
    assert translation.dropped == ("compile.metrics='cosine_proximity': the vocabulary has no such metric",)


@pytest.mark.parametrize(
    ("compiled", "expected"),
    [
        ({"loss": {"class_name": "function", "config": "mine", "module": "builtins"}}, "compile.loss"),
        ({"loss": {"class_name": "MeanSquaredError", "config": {"reduction": "sum"}}}, "reduction sum"),
        ({"loss": ["mse", "mae"]}, "one loss"),
        ({"loss_weights": [0.5]}, "compile.loss_weights"),
        ({"optimizer": {"class_name": "Adafactor", "config": {}}}, "compile.optimizer"),
        ({"optimizer": {"class_name": "Adam", "config": {"use_ema": True}}}, "use_ema"),
        ({"optimizer": {"class_name": "Mine", "module": "people", "config": {}}}, "an optimiser of Keras"),
    ],
)
def test_a_training_that_the_vocabulary_has_not_is_refused(compiled, expected):
    (problem,) = problems_of(a_sequential(an_input(2), a_dense(), compile_config=compiled_with(**compiled)))
    assert expected in problem


def test_clipping_and_schedules_are_kept():
    schedule = {"class_name": "CosineDecay", "module": "keras.optimizers.schedules", "config": {
        "initial_learning_rate": 0.1, "decay_steps": 100.0, "alpha": 0.0, "warmup_target": None, "warmup_steps": 0,
        "name": "CosineDecay"}}  # fmt: skip
    optimizer = {"class_name": "Adam", "config": {"learning_rate": schedule, "global_clipnorm": 1.0}}
    model = a_sequential(an_input(2), a_dense(), compile_config=compiled_with(optimizer=optimizer))
    adam = translate(text_of(model)).training.optimizer
    assert adam.global_clipnorm == 1.0
    assert (adam.learning_rate.kind, adam.learning_rate.decay_steps) == ("cosine_decay", 100)


def test_keras_2_is_read_where_it_means_the_same():
    layers = [an_input(4, 2, module=None)]
    layers.append(a_layer("LSTM", "lstm", module=None, units=3, implementation=2, time_major=False, dropout=0.0))
    layers.append(a_layer("Dense", "dense", module=None, units=1, activation="linear"))
    optimizer = {"class_name": "Adam", "config": {"name": "Adam", "learning_rate": 0.001, "decay": 0.0,
                                                  "jit_compile": True, "is_legacy_optimizer": False}}  # fmt: skip
    compiled = {"loss": "mse", "metrics": ["mae"], "optimizer_config": optimizer}
    model = a_sequential(*layers, keras_version="2.15.0", training_config=compiled)
    translation = translate(text_of(model))
    assert [layer.kind for layer in translation.model.layers] == ["lstm", "dense"]
    assert (translation.training.optimizer.kind, translation.training.metrics) == ("adam", ("mean_absolute_error",))
    hard = a_layer("Dense", "dense", module=None, units=1, activation="hard_sigmoid")
    (problem,) = problems_of(a_sequential(an_input(4, module=None), hard, keras_version="2.15.0"))
    assert "another function in Keras 3" in problem


def test_branches_second_uses_and_nested_models_are_a_graph():
    parts = [called(a_dense(3, "left"), [a_tensor("a")]), called(a_dense(3, "right"), [a_tensor("a")])]
    inner = a_functional(
        called(an_input(3, name="a")), *parts, inputs=["a", 0, 0], outputs=[["left", 0, 0], ["right", 0, 0]], name="enc"
    )
    layers = [
        called(an_input(3)),
        called(a_dense(3), [a_tensor("x")], [a_tensor("dense")]),
        {**called(inner, [a_tensor("dense", 1)]), "name": "enc"},
        called(a_layer("Add", "a sum"), [[a_tensor("enc", 0, 1), a_tensor("x")]]),
    ]
    translation = translate(text_of(a_functional(*layers, inputs=["x", 0, 0], outputs=["a sum", 0, 0])))
    nodes = [(node.name, node.shares, node.inputs) for node in translation.model.nodes]
    assert nodes == [
        ("dense", None, ("input",)),
        ("dense_2", "dense", ("dense",)),
        ("enc", None, ("dense_2",)),
        ("a_sum", None, ("enc.right", "input")),
    ]
    assert translation.model.nodes[2].graph.outputs == ("left", "right")
    assert translation.names == {"dense": "dense", "enc.left": "enc/left", "enc.right": "enc/right", "a_sum": "a sum"}
    assert translation.output_shapes == ((3,),)


def test_the_graphs_of_keras_2_are_read():
    first = {**a_dense(3, "first"), "name": "first", "inbound_nodes": [[["x", 0, 0, {}]]]}
    total = {
        **a_layer("Add", "sum", module=None),
        "name": "sum",
        "inbound_nodes": [[["x", 0, 0, {}], ["first", 0, 0, {}]]],
    }
    model = a_functional(
        {**an_input(3, module=None), "name": "x", "inbound_nodes": []},
        first,
        total,
        inputs=[["x", 0, 0]],
        outputs=[["sum", 0, 0]],
        keras_version="2.15.0",
    )
    assert [node.inputs for node in translate(text_of(model)).model.nodes] == [("input",), ("input", "first")]


def test_operations_between_tensors_are_layers():
    half = {"module": "keras.src.ops.numpy", "class_name": "Multiply", "config": {"name": "multiply"}}
    total = {"module": "keras.src.ops.numpy", "class_name": "Add", "config": {"name": "plus"}}
    layers = [called(an_input(3)), called(a_dense(3), [a_tensor("x")]), called(half, [a_tensor("dense"), 0.5])]
    layers.append(called(total, [a_tensor("multiply"), a_tensor("x")]))
    model = translate(text_of(a_functional(*layers, inputs=["x", 0, 0], outputs=["plus", 0, 0]))).model
    assert [node.layer.kind for node in model.nodes] == ["dense", "rescaling", "add"]
    assert (model.nodes[1].layer.scale, model.nodes[1].layer.offset) == (0.5, 0.0)


def called_with(layer, *calls):
    """A layer of a functional model with its calls, each the positional arguments and the others."""
    nodes = [{"args": list(args), "kwargs": options} for args, options in calls]
    return {**layer, "name": layer["config"]["name"], "inbound_nodes": nodes}


@pytest.mark.parametrize("causal", [False, True])
def test_the_arguments_of_every_call_of_a_layer_count(causal):
    attention = a_layer("MultiHeadAttention", "heads", num_heads=2, key_dim=2)
    x, y = a_tensor("x"), a_tensor("heads")
    layers = [called(an_input(5, 4)), called_with(attention, ([x, x], {}), ([y, y], {"use_causal_mask": causal}))]
    model = a_functional(*layers, inputs=["x", 0, 0], outputs=["heads", 1, 0])
    if causal:
        (problem,) = problems_of(model)
        assert problem == (
            "heads: expected the same arguments in every call of a layer with weights; "
            "received others in call 2: use_causal_mask"
        )
    else:
        assert [node.shares for node in translate(text_of(model)).model.nodes] == [None, "heads"]


def test_a_layer_without_weights_may_be_called_with_inputs_of_several_shapes():
    pool = a_layer("MaxPooling1D", "pool", pool_size=[2])
    drop = a_layer("Dropout", "drop", rate=0.5, seed=3)
    layers = [called(an_input(8, 3)), called(pool, [a_tensor("x")], [a_tensor("drop")])]
    layers.append(called(drop, [a_tensor("pool")], [a_tensor("pool", 1)]))
    translation = translate(text_of(a_functional(*layers, inputs=["x", 0, 0], outputs=["drop", 1, 0])))
    assert [layer.kind for layer in translation.model.layers] == ["max_pooling1d", "dropout"] * 2
    assert translation.output_shapes == ((2, 3),)
    assert len(translation.dropped) == 1  # the seed, said once


def test_outputs_of_zero_for_steps_that_do_not_count_are_refused_outside_bidirectional_layers():
    recurrent = a_layer("LSTM", "lstm", units=3, return_sequences=True, zero_output_for_mask=True)
    (problem,) = problems_of(a_sequential(an_input(4, 2), recurrent))
    assert problem.startswith("lstm.zero_output_for_mask: expected False, Keras's default")
    both = a_layer("Bidirectional", "both", layer=recurrent, merge_mode="concat")
    assert layers_of(an_input(4, 2), both)[0]["kind"] == "bidirectional"
    recurrent["config"]["zero_output_for_mask"] = False
    assert layers_of(an_input(4, 2), recurrent)[0]["kind"] == "lstm"


def test_a_layer_at_each_time_step_is_read_with_the_shape_of_one():
    inner = a_layer("LayerNormalization", "norm", axis=[2])
    (layer,) = layers_of(an_input(5, 4, 3), a_layer("TimeDistributed", "each", layer=inner))
    assert layer["layer"] == {"kind": "layer_normalization"}
    inner = a_layer("Reshape", "shape", target_shape=[-1, 2])
    (layer,) = layers_of(an_input(5, 4, 3), a_layer("TimeDistributed", "each", layer=inner))
    assert layer["layer"]["target_shape"] == (6, 2)
