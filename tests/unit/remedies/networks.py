"""Experiments of all layer families, over all sorts of datasets: what remedies are tried on."""

from typing import Any

from gradlab.spec import ExperimentSpec
from tests.graphs import node, shared

U01 = {"kind": "random_uniform", "minval": 0, "maxval": 1}
SGD = {"kind": "sgd", "learning_rate": 0.01, "momentum": 0.9}
CIRCLES = {"kind": "circles", "samples": 64, "seed": 1}
WAVES = {"kind": "sine", "samples": 40, "length": 10}
SUMS = {"kind": "adding", "samples": 40, "length": 10}
LETTERS = {"kind": "copy_memory", "samples": 40, "symbols": 2, "alphabet": 4, "length": 9}
DIGITS = {"kind": "digits", "train_size": 100}
SIGMOID = {"kind": "dense", "units": 1, "activation": "sigmoid"}
SOFTMAX = {"kind": "dense", "units": 10, "activation": "softmax"}
LINEAR = {"kind": "dense", "units": 1}
LOSSES = {"classes": "categorical_crossentropy", "labels": "binary_crossentropy", "values": "mean_squared_error"}


def dense(units: int = 5, activation: Any = "tanh", **more: Any) -> dict[str, Any]:
    return {"kind": "dense", "units": units, "activation": activation} | more


def conv(filters: int = 4, **more: Any) -> dict[str, Any]:
    return {"kind": "conv2d", "filters": filters, "kernel_size": 3, "padding": "same", "activation": "relu"} | more


def rnn(kind: str = "simple_rnn", units: int = 6, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "units": units} | more


def residual(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "residual", "layers": list(layers)} | more


def an_experiment(*layers: dict[str, Any], dataset: dict[str, Any] = CIRCLES, **training: Any) -> ExperimentSpec:
    """An experiment with these layers; the loss is the one that is usual for the last layer's units."""
    return _of_model({"layers": list(layers)}, dataset, training)


def of_graph(*nodes: dict[str, Any], dataset: dict[str, Any] = CIRCLES, **training: Any) -> ExperimentSpec:
    """An experiment with these nodes, of which the last is the output."""
    return _of_model({"nodes": list(nodes), "outputs": [nodes[-1]["name"]]}, dataset, training)


def _of_model(model: dict[str, Any], dataset: dict[str, Any], training: dict[str, Any]) -> ExperimentSpec:
    fields: dict[str, Any] = {"loss": "binary_crossentropy", "optimizer": SGD, "epochs": 30, "batch_size": 16}
    return ExperimentSpec.model_validate(
        {"name": "it", "dataset": dataset, "model": model, "training": fields | training}
    )


def of_values(*layers: dict[str, Any], dataset: dict[str, Any], **training: Any) -> ExperimentSpec:
    return an_experiment(*layers, dataset=dataset, **{"loss": "mean_squared_error"} | training)


def of_classes(*layers: dict[str, Any], dataset: dict[str, Any], **training: Any) -> ExperimentSpec:
    return an_experiment(*layers, dataset=dataset, **{"loss": "categorical_crossentropy"} | training)


NORM, SOFT = {"kind": "batch_normalization"}, {"kind": "activation", "activation": "softmax"}
RELU = {"kind": "activation", "activation": "relu"}
IMAGES, ROWS = {**DIGITS, "form": "image"}, {**DIGITS, "form": "rows", "scale": [0, 1]}

EXPERIMENTS: dict[str, ExperimentSpec] = {
    "deep tanh, U(0, 1)": an_experiment(dense(kernel_initializer=U01, repeat=5), SIGMOID),
    "deep relu, he": an_experiment(dense(activation="relu", kernel_initializer="he_uniform", repeat=5), SIGMOID),
    "relu, zeros": an_experiment(dense(activation="relu", kernel_initializer="zeros", repeat=2), SIGMOID),
    "twenty narrow ones": an_experiment(dense(3, "relu", kernel_initializer="he_normal", repeat=20), SIGMOID),
    "one hidden layer": an_experiment(dense(), SIGMOID),
    "no hidden layer": an_experiment(SIGMOID),
    "no weights at all": of_classes(SOFT, dataset=CIRCLES),
    "all linear": an_experiment(dense(activation="linear", repeat=3), SIGMOID),
    "sigmoids, output repeated": an_experiment({**SIGMOID, "repeat": 4}),
    "selu, biases of one": an_experiment(dense(activation="selu", bias_initializer="ones"), dense(), SIGMOID),
    "units of two and one": an_experiment(dense(2, repeat=3), dense(1), SIGMOID),
    "hidden softmax": an_experiment(dense(activation="softmax"), SIGMOID),
    "batch normalised": an_experiment(dense(activation="linear"), NORM, RELU, dense(activation="relu"), NORM, SIGMOID),
    "activations apart": an_experiment(
        *[dense(activation="linear"), {"kind": "activation", "activation": "tanh"}] * 3, dense(1, "linear"),
        {"kind": "activation", "activation": "sigmoid"},
    ),
    "dropped out": an_experiment(dense(8, repeat=2), {"kind": "dropout", "rate": 0.5}, dense(8, repeat=3), SIGMOID),
    "residual blocks": an_experiment(
        dense(8, "relu"), residual(dense(8, "relu"), dense(8, "linear"), repeat=3, scale=0.5), RELU, SIGMOID
    ),
    "residual on the input": an_experiment(residual(dense(2), repeat=3), SIGMOID),
    "output in a block": of_classes(residual(dense(4), dense(2, "softmax"), repeat=2), dataset=CIRCLES),
    "one sample a batch, without end": an_experiment(dense(), SIGMOID, epochs=100_000, batch_size=1),
    "l2 everywhere": an_experiment(dense(kernel_regularizer="l2", repeat=2), SIGMOID, epochs=3),
    "logits": an_experiment(dense(), LINEAR, loss={"kind": "binary_crossentropy", "from_logits": True}),
    "two softmax units by squares": of_classes(
        dense(), dense(2, "softmax"), dataset=CIRCLES, loss="mean_squared_error"
    ),
    "hinge": an_experiment(dense(), dense(1, "tanh"), loss="hinge"),
    "one sample a batch": an_experiment(dense(), SIGMOID, batch_size=1),
    "pretrained": an_experiment(dense(repeat=3), SIGMOID, pretraining={"kind": "autoencoder"}),
    "Adam with everything": an_experiment(
        dense(), SIGMOID, optimizer={"kind": "adam", "global_clipnorm": 0.5, "weight_decay": 0.01},
        early_stopping={"patience": 2},
    ),
    "fast, clipped loosely": an_experiment(
        dense(), SIGMOID, optimizer={"kind": "sgd", "learning_rate": 1.0, "clipvalue": 50.0}
    ),
    "slow": an_experiment(dense(), SIGMOID, optimizer={"kind": "rmsprop", "learning_rate": 2e-7}),
    "a schedule": an_experiment(
        dense(), SIGMOID,
        optimizer={
            "kind": "sgd",
            "learning_rate": {"kind": "cosine_decay", "initial_learning_rate": 0.0, "decay_steps": 50,
                              "warmup_target": 0.03, "warmup_steps": 5},
        },
    ),
    "values, unscaled": of_values(dense(repeat=3), LINEAR, dataset={"kind": "regression", "samples": 64}),
    "values, scaled": of_values(
        dense(activation="relu"), LINEAR,
        dataset={"kind": "friedman", "samples": 64, "scale": "standard", "target_scale": "standard"},
    ),
    "values through a sigmoid": of_values(dense(), dense(1, "sigmoid"), dataset={"kind": "diabetes"}),
    "counts": of_values(dense(), dense(3, "softplus"), dataset={"kind": "linnerud"}, loss="poisson"),
    "labels": an_experiment(
        dense(7, "gelu"), dense(5, "sigmoid"), dataset={"kind": "multilabel", "samples": 64, "scale": [0, 50]}
    ),
    "convolutions": of_classes(
        conv(repeat=2), {"kind": "max_pooling2d"}, conv(8), {"kind": "flatten"}, SOFTMAX, dataset=IMAGES
    ),
    "all convolutional": of_classes(
        conv(), conv(10, activation="linear"), {"kind": "global_average_pooling2d"}, SOFT, dataset=IMAGES
    ),
    "convolutional by mistake": of_classes(
        conv(), conv(10, activation="tanh"), {"kind": "global_average_pooling2d"}, dataset=IMAGES
    ),
    "convolutions over time": of_values(
        {"kind": "conv1d", "filters": 4, "kernel_size": 3, "activation": "elu"}, {"kind": "global_max_pooling1d"},
        LINEAR, dataset=WAVES,
    ),
    "a simple recurrent layer": of_values(rnn(recurrent_initializer="glorot_uniform"), LINEAR, dataset=SUMS),
    "relu fed back": of_values(
        rnn(activation="relu", return_sequences=True, repeat=2), rnn(activation="relu"), LINEAR, dataset=SUMS
    ),
    "gated, drawn badly": of_values(
        rnn("lstm", kernel_initializer=U01, recurrent_initializer=U01, return_sequences=True), rnn("gru"), LINEAR,
        dataset=SUMS,
    ),
    "both ways": of_classes(
        {"kind": "bidirectional", "layer": rnn(return_sequences=True, recurrent_initializer="random_normal")},
        {"kind": "bidirectional", "layer": rnn("gru")}, SOFTMAX, dataset=ROWS,
    ),
    "recurrent to the end": of_values(rnn(units=1), dataset=WAVES),
    "steps to be told": of_classes(rnn(return_sequences=True), dense(5, "softmax"), dataset=LETTERS),
    "attention": of_classes(
        {"kind": "embedding", "input_dim": 6, "output_dim": 8},
        residual({"kind": "multi_head_attention", "num_heads": 2, "key_dim": 4, "kernel_initializer": U01}),
        {"kind": "layer_normalization"}, residual(dense(16, "relu"), dense(8, "linear")), dense(5, "softmax"),
        dataset={**LETTERS, "one_hot": False},
    ),
    "graph that is a chain": of_graph(
        node("first", dense(5, kernel_initializer=U01), "input"), node("second", dense(5), "first"),
        node("third", dense(5), "second"), node("out", SIGMOID, "third"),
    ),
    "graph with a skip connection": of_graph(
        node("first", dense(6, "relu"), "input"), node("second", dense(6, "linear"), "first"),
        node("sum", "add", "first", "second"), node("relu", {"kind": "activation", "activation": "relu"}, "sum"),
        node("logit", dense(1, "linear"), "relu"), node("out", {"kind": "activation", "activation": "tanh"}, "logit"),
    ),
    "graph with a shared encoder": of_graph(
        {"name": "left", "inputs": ["input"], "graph": {"outputs": ["b"], "nodes": [
            node("a", dense(4, kernel_initializer=U01), "input"), node("b", residual(dense(4), dense(4)), "a")]}},
        node("turned", dense(2, "linear"), "input"), shared("right", "left", "turned"),
        node("both", "concatenate", "left", "right"), node("norm", "batch_normalization", "both"),
        node("out", SIGMOID, "norm"),
    ),
    "graph of an image": of_graph(
        node("in", conv(), "input"), node("wide", conv(), "in"), node("narrow", conv(kernel_size=1), "in"),
        node("both", "concatenate", "wide", "narrow"), node("flat", "flatten", "both"), node("out", SOFTMAX, "flat"),
        dataset=IMAGES, loss="categorical_crossentropy",
    ),
}  # fmt: skip
