"""Whatever stands at a place of a configuration, it is translated or refused; nothing else is raised."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gradlab.errors import Invalid
from gradlab.translate.from_keras import translate_parsed
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

STRANGE: tuple[Any, ...] = (5, None, "x", [], [None], {}, {"class_name": "x"}, 10**400, 1e400)


def branched() -> dict[str, Any]:
    """A network with calls of all sorts, and what it was compiled with."""
    scale = {"module": "keras.src.ops.numpy", "class_name": "Multiply", "config": {"name": "scale"}}
    heads = called(a_layer("MultiHeadAttention", "heads", num_heads=2, key_dim=2), [a_tensor("x"), a_tensor("x")])
    heads["inbound_nodes"][0]["kwargs"] = {"use_causal_mask": True}
    inner = {**a_sequential(an_input(6, 4), a_dense(4, "inner"), name="block"), "name": "block"}
    layers = [
        called(an_input(6, 4)),
        heads,
        called(scale, [a_tensor("heads"), 0.5]),
        called(inner, [a_tensor("scale")], [a_tensor("block")]),
        called(a_layer("Concatenate", "both", axis=-1), [[a_tensor("block", 1), a_tensor("x")]]),
        called(a_layer("Reshape", "shape", target_shape=[-1, 4, 2]), [a_tensor("both")]),
        called(a_layer("Conv2D", "image", filters=2, kernel_size=[3, 3], strides=[1, 1]), [a_tensor("shape")]),
        called(a_layer("Flatten", "flat"), [a_tensor("image")]),
        called(a_dense(1, "out", kernel_initializer=GLOROT, kernel_regularizer={
            "module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.01}}), [a_tensor("flat")]),
    ]  # fmt: skip
    rate = {"class_name": "CosineDecay", "module": "keras.optimizers.schedules", "config": {
        "initial_learning_rate": 0.1, "decay_steps": 100.0}}  # fmt: skip
    adam = {"class_name": "Adam", "config": {"learning_rate": rate, "clipnorm": 1.0}}
    metrics = ["mae", {"class_name": "TopKCategoricalAccuracy", "config": {"k": 5}}]
    compiled = compiled_with(optimizer=adam, loss={"out": "mse"}, loss_weights=[1.0], metrics=metrics)
    return a_functional(*layers, inputs=["x", 0, 0], outputs=["out", 0, 0], compile_config=compiled)


def in_a_row() -> dict[str, Any]:
    """A chain of layers with layers inside, as Keras 2 wrote it."""
    recurrent = a_layer("LSTM", "lstm", units=3, return_sequences=True, dropout=0.1)
    norm = a_layer("BatchNormalization", "norm", axis=[2], momentum=0.9)
    leaky = a_layer("LeakyReLU", "leaky", negative_slope=0.1)
    dense = a_dense(2, "d", activation=leaky, dtype={"class_name": "DTypePolicy", "config": {"name": "float32"}})
    each = a_layer("TimeDistributed", "each", layer=dense)
    both = a_layer("Bidirectional", "both", layer=recurrent, backward_layer=None, merge_mode="sum")
    loss = {"class_name": "MeanSquaredError", "config": {"reduction": "sum_over_batch_size", "name": "mse"}}
    compiled = {"loss": loss, "optimizer_config": {"class_name": "SGD", "config": {"lr": 0.1, "decay": 0.0}}}
    return a_sequential(an_input(4, 2), both, norm, each, training_config=compiled, keras_version="2.15.0")


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each place of a configuration: the list or object that holds it, and its index or name."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


@pytest.mark.slow
@pytest.mark.parametrize("build", [branched, in_a_row])
def test_any_value_at_any_place_is_translated_or_refused(build):
    configuration = json.loads(text_of(build()))
    assert translate_parsed(configuration).training is not None
    for holder, key in list(places(configuration)):
        before = holder[key]
        for strange in STRANGE:
            holder[key] = strange
            try:
                translate_parsed(configuration)
            except Invalid:
                pass
            except Exception as error:
                raise AssertionError(f"{strange!r:.20} as {key} of {holder!r:.300}") from error
        holder[key] = before
