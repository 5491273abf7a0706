"""Whole specs as Keras programs; `tests/architectures` runs them."""

import pytest

from gradlab.errors import Invalid
from gradlab.spec import ExperimentSpec
from gradlab.translate.keras_code import loss_code
from gradlab.translate.keras_program import keras_program
from gradlab.vocabulary.losses import CategoricalCrossentropy

DENSE = {"kind": "dense", "units": 2, "activation": "tanh"}
OUT = {"kind": "dense", "units": 1, "activation": "sigmoid"}


def a_program(model, **training) -> str:
    fields = {"loss": "binary_crossentropy", "optimizer": "adam", "epochs": 3, **training}
    spec = {"dataset": {"kind": "circles", "samples": 60, "train_size": 40}, "model": model, "training": fields}
    return keras_program(ExperimentSpec.model_validate(spec))


def test_a_chain_is_a_sequential_model():
    program = a_program({"layers": [{**DENSE, "repeat": 2}, OUT]}, early_stopping={"patience": 2})
    assert program == (
        "import keras\n"
        "from keras.layers import Dense\n\n"
        "model = keras.Sequential([\n"
        "    keras.Input((2,)),\n"
        '    Dense(2, activation="tanh"),\n'
        '    Dense(2, activation="tanh"),\n'
        '    Dense(1, activation="sigmoid"),\n'
        "])\n\n"
        "model.compile(\n"
        "    optimizer=keras.optimizers.Adam(learning_rate=0.001),\n"
        '    loss="binary_crossentropy",\n'
        '    metrics=["accuracy"],\n'
        ")\n\n"
        "model.fit(\n"
        "    x,\n    y,\n    batch_size=32,\n    epochs=3,\n    validation_data=(x_val, y_val),\n"
        '    callbacks=[keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=0.0, patience=2, mode="min")],\n'
        ")\n"
    )


def test_a_graph_and_a_block_are_functional_models():
    nodes = [
        {"name": "left", "layer": DENSE, "inputs": ["input"]},
        {"name": "again", "shares": "left", "inputs": ["left"]},
        {"name": "sum", "layer": {"kind": "add"}, "inputs": ["again", "input"]},
        {"name": "out", "layer": OUT, "inputs": ["sum"]},
    ]
    program = a_program({"nodes": nodes, "outputs": ["out"]})
    assert 'left_layer = Dense(2, activation="tanh")\nleft = left_layer(inputs)\nagain = left_layer(left)' in program
    assert "sum_2 = Add()([again, inputs])" in program
    block = {"kind": "residual", "layers": [DENSE], "scale": 0.5}
    assert "Add()([inputs, 0.5 * dense_1])" in a_program({"layers": [block, OUT]})


def test_no_layer_takes_the_name_of_samples_or_of_python():
    names = ["x", "y_val", "len", "lambda", "keras"]
    nodes = [
        {"name": name, "layer": DENSE, "inputs": [before]} for before, name in zip(["in", *names], names, strict=False)
    ]
    nodes.append({"name": "y", "layer": OUT, "inputs": ["keras"]})
    nodes.append({"name": "twice", "layer": {"kind": "add"}, "inputs": ["y", "y"]})
    program = a_program({"inputs": ["in"], "nodes": nodes, "outputs": ["twice"]})
    made = [line.partition(" = ")[0] for line in program.splitlines() if " = " in line and line[:1].isalpha()]
    assert made == ["in_2", "x_2", "y_val_2", "len_2", "lambda_2", "keras_2", "y_2", "twice", "model"]
    compile(program, "program", "exec")


def test_an_uploaded_dataset_brings_its_targets_and_weights():
    target = {"kind": "classes", "count": 3}
    samples = {"train_count": 4, "val_count": 2, "feature_shape": [2], "target": target, "classes": ["1", "2", "3"]}
    dataset = {"kind": "uploaded", "id": "sha256:" + "0" * 64, "features": ["a", "b"], "target": "y"}
    dataset |= {"task": "classes", "sample_weight": "w", "samples": samples}
    training = {"loss": {"kind": "categorical_generalized_cross_entropy", "q": 0.7}, "optimizer": "adam", "epochs": 1}
    layers = [DENSE, {"kind": "dense", "units": 3, "activation": "softmax"}]
    spec = {"dataset": dataset, "model": {"layers": layers}, "training": training}
    program = keras_program(ExperimentSpec.model_validate(spec))
    for line in (
        "classes = [1, 2, 3]",
        "y, y_val = keras.utils.to_categorical(y, 3), keras.utils.to_categorical(y_val, 3)",
        "validation_data=(x_val, y_val, sample_weight_val),",
        "sample_weight=sample_weight,",
        "keras.ops.argmax(y, axis=-1), p, q=0.7)",
    ):
        assert line in program
    smooth = CategoricalCrossentropy(label_smoothing=0.1)
    assert loss_code(smooth, sparse=True) == "keras.losses.CategoricalCrossentropy(label_smoothing=0.1)"


def test_weights_of_classes_are_arguments_of_fit():
    chain = {"layers": [DENSE, OUT]}
    assert "class_weight=class_weight" in a_program(chain, class_weight="balanced")


def test_a_pretrained_network_is_refused():
    with pytest.raises(Invalid, match="Keras's fit trains whole networks"):
        a_program({"layers": [DENSE, OUT]}, pretraining="greedy_layerwise")
