"""Five epochs of the compiled loop agree with `model.fit`: every layer, optimiser, loss and way of clipping."""

from itertools import product

import numpy as np
import pytest

from core.plan import widths
from core.training.sample_order import sample_order
from core.training.train import train
from gradlab.frozen import kind_of
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets import Dataset
from gradlab.vocabulary.layers import LAYERS
from gradlab.vocabulary.optimizers import OPTIMIZERS
from tests.campaigns import one_in
from tests.fitting import LastWeights, fit_with_keras, trained
from tests.graphs import node
from tests.integration.test_graphs import GRAPHS

STEP = {"kind": "time_distributed"}
HE = {"kind": "dense", "units": 6, "activation": "relu", "kernel_initializer": "he_uniform"}
LINEAR_SIX = {**HE, "activation": "linear"}
CONV = {"kind": "conv2d", "filters": 3, "kernel_size": 2}
SIGMOID = {"kind": "dense", "units": 1, "activation": "sigmoid"}
LINEAR = {"kind": "dense", "units": 1}
SOFTMAX = {"kind": "dense", "units": 10, "activation": "softmax"}
SGD = {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9}

CIRCLES = {"kind": "circles", "samples": 120, "seed": 1, "scale": [-1, 1], "train_size": 70}
SINE = {"kind": "sine", "samples": 60, "length": 12, "train_size": 40}
DIGITS = {"kind": "digits", "form": "image", "scale": [0, 1], "train_size": 100}
COPY = {
    "kind": "copy_memory",
    "samples": 60,
    "length": 12,
    "symbols": 2,
    "alphabet": 4,
    "train_size": 40,
    "one_hot": False,
}
RNN = {"units": 4, "kernel_regularizer": {"kind": "l2", "l2": 0.01}}

BINARY = (CIRCLES, "binary_crossentropy", SIGMOID)
FORECAST = (SINE, "mean_squared_error", LINEAR)
ORDER = {"kind": "temporal_order", "samples": 60, "length": 4, "train_size": 40}
MASKED = (ORDER, "categorical_crossentropy", {"kind": "dense", "units": 4, "activation": "softmax"})
CLASSES = (DIGITS, "categorical_crossentropy", SOFTMAX)

# Networks that between them hold every kind of layer; random ones at a rate of 0.
NETWORKS = {
    "dense": (BINARY, [HE, HE]),
    "penalised and constrained": (BINARY, [{**HE, "kernel_regularizer": "l2", "bias_regularizer": "l1"},
                                           {**HE, "kernel_constraint": {"kind": "max_norm", "max_value": 0.5}}]),
    "batch normalised": (BINARY, [{**HE, "activation": "linear"}, {"kind": "batch_normalization"},
                                  {"kind": "activation", "activation": "tanh"}]),
    "layer normalised": (BINARY, [HE, {"kind": "layer_normalization"}, {"kind": "dropout", "rate": 0.0},
                                  {"kind": "gaussian_noise", "stddev": 0.0}, HE]),
    "residual": (BINARY, [HE, {"kind": "residual", "layers": [HE, HE], "scale": 0.5, "repeat": 2}]),
    "conv2d": (CLASSES, [{"kind": "conv2d", "filters": 3, "kernel_size": 3, "activation": "relu"},
                         {"kind": "max_pooling2d"}, {"kind": "flatten"}]),
    "conv2d pooled": (CLASSES, [{"kind": "conv2d", "filters": 4, "kernel_size": [2, 3], "padding": "same"},
                                {"kind": "average_pooling2d"}, {"kind": "global_average_pooling2d"}]),
    "conv2d maximum": (CLASSES, [{"kind": "reshape", "target_shape": [4, 16, 1]},
                                 {"kind": "conv2d", "filters": 4, "kernel_size": 3}, {"kind": "global_max_pooling2d"}]),
    "conv1d": (FORECAST, [{"kind": "conv1d", "filters": 4, "kernel_size": 3, "padding": "causal"},
                          {"kind": "average_pooling1d"},
                          {"kind": "conv1d", "filters": 4, "kernel_size": 3, "strides": 2},
                          {"kind": "max_pooling1d"}, {"kind": "global_max_pooling1d"}]),
    "recurrent": (FORECAST, [{"kind": "simple_rnn", **RNN, "return_sequences": True},
                             {"kind": "gru", **RNN, "return_sequences": True}, {"kind": "global_average_pooling1d"}]),
    "lstm": (FORECAST, [{"kind": "lstm", **RNN, "return_sequences": True}, {"kind": "lstm", **RNN}]),
    "bidirectional": (FORECAST, [{"kind": "bidirectional", "layer": {"kind": "gru", **RNN}}]),
    "attention": (FORECAST, [{"kind": "dense", "units": 4}, {"kind": "residual", "layers": [
        {"kind": "multi_head_attention", "num_heads": 2, "key_dim": 3, "causal": True}]}, {"kind": "flatten"}]),
    "embedding": ((COPY, "categorical_crossentropy", {**SOFTMAX, "units": 5}), [
        {"kind": "embedding", "input_dim": 6, "output_dim": 3},
        {"kind": "simple_rnn", "units": 5, "return_sequences": True}]),
}  # fmt: skip
# Further kinds; of three networks the first is quick.
MORE_NETWORKS = {
    "activations": (BINARY, [LINEAR_SIX, {"kind": "prelu"}, LINEAR_SIX, {"kind": "relu", "negative_slope": 0.1},
                             LINEAR_SIX, {"kind": "leaky_relu"}, LINEAR_SIX, {"kind": "elu"},
                             LINEAR_SIX, {"kind": "softmax"}, {"kind": "alpha_dropout", "rate": 0.0},
                             {"kind": "gaussian_dropout", "rate": 0.0}]),
    "depthwise": (CLASSES, [CONV, {"kind": "depthwise_conv2d", "kernel_size": [3, 2], "depth_multiplier": 2},
                            {"kind": "depthwise_conv2d", "kernel_size": 3, "strides": 2, "padding": "same"},
                            {"kind": "flatten"}]),
    "separable": (CLASSES, [CONV, {"kind": "separable_conv2d", "filters": 4, "kernel_size": 3, "activation": "relu"},
                            {"kind": "separable_conv2d", "filters": 3, "kernel_size": 2, "dilation_rate": 2},
                            {"kind": "flatten"}]),
    "transposed in time": (FORECAST, [{"kind": "conv1d_transpose", "filters": 3, "kernel_size": 4, "strides": 3},
                                      {"kind": "flatten"}]),
    "groups": (CLASSES, [CONV, {"kind": "conv2d", "filters": 6, "kernel_size": 3, "groups": 3, "dilation_rate": 2},
                         {"kind": "flatten"}]),
    "volumes": (CLASSES, [{"kind": "reshape", "target_shape": [4, 4, 4, 1]}, {"kind": "zero_padding3d"},
                          {"kind": "conv3d", "filters": 4, "kernel_size": 2}, {"kind": "max_pooling3d"},
                          {"kind": "up_sampling3d"}, {"kind": "spatial_dropout3d", "rate": 0.0},
                          {"kind": "conv3d", "filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"},
                          {"kind": "average_pooling3d", "pool_size": 2, "strides": 1, "padding": "same"},
                          {"kind": "conv3d", "filters": 4, "kernel_size": 2, "dilation_rate": 2, "padding": "same"},
                          {"kind": "conv3d_transpose", "filters": 2, "kernel_size": 2, "strides": 2},
                          {"kind": "cropping3d"}, {"kind": "flatten"}]),
    "volumes pooled": (CLASSES, [{"kind": "reshape", "target_shape": [4, 4, 2, 2]},
                                 {"kind": "conv3d", "filters": 4, "kernel_size": [3, 2, 1], "groups": 2},
                                 {"kind": "global_average_pooling3d"}]),
    "rearranged": (CLASSES, [{"kind": "cropping2d", "cropping": [1, 2]}, {"kind": "permute", "dims": [2, 1, 3]},
                             {"kind": "zero_padding2d"}, {"kind": "up_sampling2d"}, CONV,
                             {"kind": "spatial_dropout2d", "rate": 0.0}, {"kind": "flatten"},
                             {"kind": "repeat_vector", "n": 4}, {"kind": "cropping1d"},
                             {"kind": "zero_padding1d"}, {"kind": "up_sampling1d"},
                             {"kind": "spatial_dropout1d", "rate": 0.0}, {"kind": "flatten"}]),
    "transposed": (CLASSES, [{"kind": "conv2d_transpose", "filters": 3, "kernel_size": 3, "strides": 2,
                              "padding": "same", "activation": "relu"},
                             {"kind": "conv2d", "filters": 4, "kernel_size": 3, "strides": 2},
                             {"kind": "conv2d_transpose", "filters": 2, "kernel_size": [2, 3]}, {"kind": "flatten"}]),
    "separable in time": (FORECAST, [{"kind": "separable_conv1d", "filters": 4, "kernel_size": 3},
                                     {"kind": "conv1d", "filters": 6, "kernel_size": 3, "groups": 2},
                                     {"kind": "depthwise_conv1d", "kernel_size": 3, "strides": 2},
                                     {"kind": "flatten"}]),
    "encoded": ((COPY, "categorical_crossentropy", {**SOFTMAX, "units": 5}), [
        {"kind": "category_encoding", "num_tokens": 6, "output_mode": "one_hot"},
        {"kind": "simple_rnn", "units": 5, "return_sequences": True}]),
    "normalised": (BINARY, [{"kind": "rescaling", "scale": 2.0, "offset": 0.5},
                            {"kind": "normalization", "mean": [0.1, 0.2], "variance": [0.5, 0.7]}, HE,
                            {"kind": "group_normalization", "groups": 2}, HE, {"kind": "rms_normalization"}, HE,
                            {"kind": "unit_normalization"}, {"kind": "identity"}]),
    "volumes maximum": (CLASSES, [{"kind": "reshape", "target_shape": [4, 4, 2, 2]},
                                  {"kind": "global_max_pooling3d"}]),
    "convolutional states": (CLASSES, [{"kind": "reshape", "target_shape": [4, 4, 4, 1]},
                                       {"kind": "conv_lstm2d", "filters": 2, "kernel_size": 2,
                                        "return_sequences": True},
                                       {"kind": "conv_lstm2d", "filters": 2, "kernel_size": 2, "go_backwards": True},
                                       {"kind": "reshape", "target_shape": [2, 2, 2]},
                                       {"kind": "conv_lstm1d", "filters": 3, "kernel_size": 2, "padding": "same"},
                                       {"kind": "flatten"}]),
    "at each step": (CLASSES, [{"kind": "reshape", "target_shape": [4, 4, 4, 1]},
                               {**STEP, "layer": {"kind": "conv2d", "filters": 3, "kernel_size": 2}},
                               {**STEP, "layer": {"kind": "max_pooling2d"}}, {**STEP, "layer": {"kind": "flatten"}},
                               {**STEP, "layer": {"kind": "dense", "units": 4, "activation": "tanh"}},
                               {"kind": "lstm", **RNN}]),
    "masked steps": (CLASSES, [{"kind": "reshape", "target_shape": [16, 4]}, {"kind": "masking"},
                               {"kind": "bidirectional", "layer": {"kind": "gru", **RNN, "return_sequences": True}},
                               {"kind": "lstm", **RNN, "return_sequences": True, "go_backwards": True},
                               {"kind": "residual", "layers": [
                                   {"kind": "multi_head_attention", "num_heads": 2, "key_dim": 3}]},
                               {"kind": "global_average_pooling1d"}]),
    "masked symbols": (MASKED, [{"kind": "flatten"},
                                {"kind": "embedding", "input_dim": 2, "output_dim": 3, "mask_zero": True},
                                {"kind": "dense", "units": 3, "activation": "tanh"},
                                {"kind": "bidirectional", "layer": {"kind": "gru", **RNN, "return_sequences": True}},
                                {"kind": "simple_rnn", **RNN, "go_backwards": True}]),
    "along axes": (FORECAST, [
        {"kind": "einsum_dense", "equation": "abc,cd->abd", "output_shape": [None, 4], "bias_axes": "d",
         "activation": "tanh", "kernel_regularizer": {"kind": "l2", "l2": 0.01}},
        {"kind": "einsum_dense", "equation": "abc,bd->adc", "output_shape": [6, None], "bias_axes": "d"},
        {"kind": "einsum_dense", "equation": "...c,chk->...hk", "output_shape": [2, 3], "bias_axes": "hk"},
        {"kind": "einsum_dense", "equation": "ab...,bc->ac...", "output_shape": 3}, {"kind": "flatten"}]),
}  # fmt: skip


def a_spec(task, layers, optimizer=SGD, **more) -> ExperimentSpec:
    dataset, loss, output = task
    training = {"loss": loss, "optimizer": optimizer, "epochs": 5, "batch_size": 32, **more}
    return ExperimentSpec.model_validate(
        {"dataset": dataset, "model": {"layers": [*layers, output]}, "training": training, "record": "lean"}
    )


def assert_agrees(spec: ExperimentSpec, rtol: float = 5e-5, samples: Dataset | None = None) -> None:
    last = LastWeights()
    ours = trained(list(train(spec, callbacks=[last], samples=samples)))["metrics"]
    expected, network = fit_with_keras(spec, seed=0, samples=samples)
    np.testing.assert_allclose(ours[:, : expected.shape[1]], expected, rtol=rtol, atol=2e-6)
    for mine, theirs in zip(last.weights, network.model.variables, strict=True):
        if mine.dtype == np.float32:
            np.testing.assert_allclose(mine, theirs.numpy(), rtol=20 * rtol, atol=1e-5)


@pytest.mark.parametrize("network", [*one_in(4, NETWORKS), *one_in(4, MORE_NETWORKS)])
def test_every_layer_agrees_with_model_fit(network):
    task, layers = (NETWORKS | MORE_NETWORKS)[network]
    assert_agrees(a_spec(task, layers))


STEPS = {"kind": "dense", "units": 4, "activation": "tanh"}
MERGES = {
    "element by element": (CIRCLES, "binary_crossentropy", [
        node("a", STEPS, "input"), node("b", STEPS, "input"), node("less", "subtract", "a", "b"),
        node("times", "multiply", "a", "b"), node("mean", "average", "a", "b", "times"),
        node("high", "maximum", "less", "mean"), node("low", "minimum", "less", "times"),
        node("cosine", {"kind": "dot", "axes": 1, "normalize": True}, "high", "low"),
        node("all", "concatenate", "high", "low", "cosine"), node("out", SIGMOID, "all")]),
    "attention": (SINE, "mean_squared_error", [
        node("q", STEPS, "input"), node("v", {"kind": "conv1d", "filters": 4, "kernel_size": 3}, "input"),
        node("plain", {"kind": "attention", "use_scale": True}, "q", "v"),
        node("added", {"kind": "additive_attention", "causal": True}, "plain", "q", "q"),
        node("heads", {"kind": "multi_head_attention", "num_heads": 2, "key_dim": 3}, "added", "v", "v"),
        node("groups", {"kind": "group_query_attention", "head_dim": 2, "num_query_heads": 4,
                        "num_key_value_heads": 2}, "heads"),
        node("flat", "flatten", "groups"), node("out", LINEAR, "flat")]),
}  # fmt: skip


@pytest.mark.parametrize("network", one_in(2, MERGES))
def test_layers_of_several_inputs_agree_with_model_fit(network):
    dataset, loss, nodes = MERGES[network]
    training = {"loss": loss, "optimizer": SGD, "epochs": 5, "batch_size": 32}
    fields = {"dataset": dataset, "model": {"nodes": nodes, "outputs": ["out"]}, "training": training}
    assert_agrees(ExperimentSpec.model_validate(fields | {"record": "lean"}))


def test_every_kind_of_layer_is_in_a_network_above_or_a_graph():
    text = str([*NETWORKS.values(), *MORE_NETWORKS.values(), *GRAPHS.values(), *MERGES.values()])
    assert [kind_of(member) for member in LAYERS if f"'{kind_of(member)}'" not in text] == []


@pytest.mark.parametrize("member", one_in(3, OPTIMIZERS, ids=kind_of))
def test_every_optimizer_agrees_with_model_fit(member):
    rate = {"adadelta": 1.0, "lion": 0.001}.get(kind_of(member), 0.01)
    assert_agrees(a_spec(BINARY, [HE], {"kind": kind_of(member), "learning_rate": rate, "weight_decay": 0.01}))


@pytest.mark.parametrize(
    "optimizer",
    one_in(4, [
        {**SGD, "nesterov": True, "clipnorm": 0.05},
        {**SGD, "clipvalue": 0.01},
        {**SGD, "global_clipnorm": 0.05},
        {"kind": "rmsprop", "learning_rate": 0.01, "momentum": 0.5, "centered": True},
        {"kind": "adam", "learning_rate": 0.01, "amsgrad": True},
        {"kind": "sgd", "learning_rate": {"kind": "exponential_decay", "initial_learning_rate": 0.1,
                                          "decay_steps": 4, "decay_rate": 0.8}},
        {"kind": "sgd", "learning_rate": {"kind": "cosine_decay", "initial_learning_rate": 0.01, "decay_steps": 9,
                                          "warmup_target": 0.1, "warmup_steps": 4}},
        {"kind": "sgd", "learning_rate": {"kind": "piecewise_constant_decay", "boundaries": [3, 7],
                                          "values": [0.1, 0.05, 0.01]}},
    ], ids=lambda optimizer: "-".join(str(part) for part in optimizer if part != "learning_rate")),
)  # fmt: skip
def test_every_way_of_clipping_and_of_changing_the_rate_agrees_with_model_fit(optimizer):
    assert_agrees(a_spec(BINARY, [HE], optimizer))


@pytest.mark.parametrize(("network", "train_size"), one_in(4, product(["batch normalised", "dense"], [70, 64])))
def test_the_last_batch_counts_by_its_size(network, train_size):
    (dataset, *rest), layers = NETWORKS[network]
    assert_agrees(a_spec(({**dataset, "train_size": train_size}, *rest), layers))


@pytest.mark.parametrize("in_pieces", [False, True])
def test_a_sample_whose_loss_became_infinite_behind_its_batch_does_not_count_in_the_last_one(in_pieces, monkeypatch):
    """The first sample, by whose number an order might be filled up, is in the first of two batches."""
    if in_pieces:
        monkeypatch.setattr(widths, "MAX_TRACED_NUMBERS", 1)
    assert 0 in sample_order(0, 1, 5)[:4]
    x, y = np.ones((9, 1), np.float32), np.full((9, 1), 3, np.float32)
    x[0], y[0] = 100, 1  # e^0 is its target; e^100 is infinite
    shapes = {"train_count": 5, "val_count": 4, "feature_shape": [1], "target": {"kind": "values", "count": 1}}
    dataset = {"kind": "uploaded", "id": f"sha256:{'0' * 64}", "target": "y", "task": "values", "samples": shapes}
    output = {**LINEAR, "activation": "exponential", "kernel_initializer": "zeros", "use_bias": False}
    spec = a_spec(
        (dataset, "mean_squared_error", output), [], {"kind": "sgd", "learning_rate": 0.3}, epochs=1, batch_size=4
    )
    assert_agrees(spec, samples=Dataset(x[:5], y[:5], x[5:], y[5:]))


TASKS = {
    "regression": ({"kind": "diabetes", "target_scale": "standard"}, "huber", LINEAR),
    "multiclass": ({"kind": "wine", "scale": "standard"}, "categorical_crossentropy", {**SOFTMAX, "units": 3}),
    "one-hot squares": ({"kind": "wine", "scale": "standard"}, "mean_squared_error", {**SOFTMAX, "units": 3}),
    "multilabel": ({"kind": "multilabel", "samples": 80}, "binary_crossentropy", {**SIGMOID, "units": 5}),
    "margins": (CIRCLES, "hinge", {**LINEAR, "activation": "tanh"}),
}


@pytest.mark.campaign  # with weights of classes and of samples two of them are below
@pytest.mark.parametrize("task", TASKS)
def test_every_kind_of_task_agrees_with_model_fit(task):
    dataset, loss, output = TASKS[task]
    metrics = {} if dataset["kind"] != "circles" else {"metrics": []}
    assert_agrees(a_spec((dataset, loss, output), [HE], **metrics))


@pytest.mark.parametrize(("task", "weights"), one_in(2, [("multiclass", {"0": 2.5, "2": 0.2}), ("binary", {"1": 3.0})]))
def test_weights_of_classes_count_as_in_model_fit(task, weights):
    assert_agrees(a_spec(BINARY if task == "binary" else TASKS[task], [HE], class_weight=weights))


@pytest.mark.campaign
def test_a_weight_counts_for_all_steps_of_its_sample():
    """Keras takes it as (samples, 1) then, and refuses (samples,)."""
    random = np.random.default_rng(0)
    x, y = random.integers(0, 6, (110, 7)).astype(np.float32), random.integers(0, 5, (110, 7))
    weights = random.exponential(size=(110, 1)).astype(np.float32)
    target = {"kind": "classes", "count": 5, "steps": [7]}
    shapes = {"train_count": 70, "val_count": 40, "feature_shape": [7], "whole_below": 6, "target": target}
    dataset = {"kind": "uploaded", "id": f"sha256:{'0' * 64}", "target": "y", "task": "classes", "sample_weight": "w",
               "samples": shapes | {"classes": list("abcde")}}  # fmt: skip
    layers = NETWORKS["embedding"][1]
    spec = a_spec((dataset, "categorical_crossentropy", {**SOFTMAX, "units": 5}), layers)
    assert_agrees(spec, samples=Dataset(x[:70], y[:70], x[70:], y[70:], weights[:70], weights[70:]))


def test_weights_of_samples_count_as_in_model_fit():
    """In training and in validation; a last batch of another size; metrics stay unweighted."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(110, 3)).astype(np.float32), random.normal(size=(110, 2)).astype(np.float32)
    weights = random.exponential(size=110).astype(np.float32)
    weights[::7] = 0
    shapes = {"train_count": 70, "val_count": 40, "feature_shape": [3], "target": {"kind": "values", "count": 2}}
    dataset = {"kind": "uploaded", "id": f"sha256:{'0' * 64}", "target": ["a", "b"], "task": "values",
               "sample_weight": "w", "samples": shapes}  # fmt: skip
    spec = a_spec((dataset, "mean_squared_error", {**LINEAR, "units": 2}), [HE])
    assert_agrees(spec, samples=Dataset(x[:70], y[:70], x[70:], y[70:], weights[:70], weights[70:]))
