"""Whole specs as Keras programs; `tests/architectures` runs them."""

import pytest

from gradlab.errors import Invalid
from gradlab.spec import ExperimentSpec
from gradlab.translate.keras_program import keras_program

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
    assert 'left_layer = Dense(2, activation="tanh")\nleft = left_layer(input)\nagain = left_layer(left)' in program
    assert "sum_2 = Add()([again, input])" in program or "sum = Add()([again, input])" in program
    block = {"kind": "residual", "layers": [DENSE], "scale": 0.5}
    assert "Add()([input, 0.5 * dense_1])" in a_program({"layers": [block, OUT]})


def test_weights_of_classes_are_arguments_of_fit():
    chain = {"layers": [DENSE, OUT]}
    assert "class_weight=class_weight" in a_program(chain, class_weight="balanced")


def test_a_pretrained_network_is_refused():
    with pytest.raises(Invalid, match="Keras's fit trains whole networks"):
        a_program({"layers": [DENSE, OUT]}, pretraining="greedy_layerwise")
