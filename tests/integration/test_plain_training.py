"""Trainings of large convolutions run as plain graphs: Keras's numbers, the same bits whatever interrupts them."""

import numpy as np
import pytest
import tensorflow as tf

from core.plan import graphs, widths
from core.plan.graphs import trains_plainly
from core.training import program_cache
from core.training import train as engine
from core.training.convolutions import convolve
from core.training.forms import measuring_forms, rewrite_layers
from core.training.network import BuiltLayer, Network
from core.training.sliding import axes_of
from core.training.train import train
from gradlab.spec import ExperimentSpec
from tests.fitting import fit_with_keras, trained

IMAGES = {"kind": "digits", "form": "image", "scale": [0, 1], "train_size": 150}
NORMED = [
    {"kind": "conv2d", "filters": 6, "kernel_size": 3, "padding": "same", "use_bias": False},
    {"kind": "batch_normalization", "momentum": 0.8},
    {"kind": "activation", "activation": "relu"},
]
LAYERS = [
    *NORMED,
    {"kind": "depthwise_conv2d", "kernel_size": 3, "strides": 2},
    {"kind": "conv2d", "filters": 8, "kernel_size": 2, "padding": "same", "groups": 2, "activation": "relu"},
    {"kind": "max_pooling2d"},
    {"kind": "flatten"},
]
OUTPUT = {"kind": "dense", "units": 10, "activation": "softmax"}


def a_spec(layers=LAYERS, *, seeds=(3,), epochs=4, record="standard", batch_size=64) -> ExperimentSpec:
    training = {"loss": "categorical_crossentropy", "optimizer": "adam", "epochs": epochs, "batch_size": batch_size}
    model = {"layers": [*layers, OUTPUT]}
    fields = {"dataset": IMAGES, "model": model, "training": training, "record": record, "seeds": seeds}
    return ExperimentSpec.model_validate(fields)


@pytest.fixture
def plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let networks of the least work train as plain graphs; no program of another form is there."""
    monkeypatch.setattr(graphs, "MIN_PLAIN_WORK", 1.0)
    monkeypatch.setattr(program_cache, "_programs", type(program_cache._programs)())


def assert_same(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray], skipped: int = 0) -> None:
    assert ours.keys() == theirs.keys()
    for kind, values in ours.items():
        np.testing.assert_array_equal(values, theirs[kind][skipped:], err_msg=kind)


@pytest.mark.usefixtures("plainly")
def test_a_plain_training_agrees_with_keras_and_is_not_compiled():
    spec = a_spec()
    chunks = list(train(spec))
    assert not any(chunk.compiled for chunk in chunks)
    metrics = trained(chunks)["metrics"]
    expected, network = fit_with_keras(spec, seed=3)
    np.testing.assert_allclose(metrics[:, : expected.shape[1]], expected, rtol=2e-4, atol=2e-6)
    averages = chunks[-1].runs[0].snapshot.values[len(network.trainable) :]
    for ours, theirs in zip(averages, network.state, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-3, atol=1e-5)


@pytest.mark.usefixtures("plainly")
def test_a_plain_training_has_the_same_bits_again_in_chunks_and_resumed(monkeypatch: pytest.MonkeyPatch):
    spec = a_spec([{"kind": "dropout", "rate": 0.2}, *LAYERS], seeds=[3, 1])
    monkeypatch.setattr(engine, "next_length", lambda *_: 4)
    undisturbed = list(train(spec))
    monkeypatch.setattr(engine, "next_length", lambda *_: 2)
    program_cache._programs.clear()  # traced anew
    again, checkpoints = [], []
    for chunk in train(spec):
        again.append(chunk)
        checkpoints.append(chunk.checkpoint())
    for seed in spec.seeds:
        assert_same(trained(again, seed), trained(undisturbed, seed))
    epoch = again[2].runs[0].history.last_epoch
    resumed = list(train(spec, resume=checkpoints[2]))
    assert_same(trained(resumed, 3), trained(undisturbed, 3), skipped=epoch)


@pytest.mark.usefixtures("plainly")
def test_a_plain_training_in_pieces_is_the_same(monkeypatch):
    whole = trained(list(train(a_spec(record="full", epochs=2))))
    monkeypatch.setattr(widths, "MAX_TRACED_NUMBERS", 1)
    program_cache._programs.clear()
    assert_same(trained(list(train(a_spec(record="full", epochs=2)))), whole)


def built(fields: dict, shape: tuple[int, ...]) -> BuiltLayer:
    spec = a_spec([{"kind": "reshape", "target_shape": shape}, fields, {"kind": "flatten"}])
    return Network(spec, seed=0).layers[1]


@pytest.mark.parametrize("fields", [{}, {"scale": False, "momentum": 0.5}, {"center": False, "epsilon": 0.1}])
def test_a_fused_normalization_is_kerass_forward_back_and_in_its_averages(fields: dict):
    random = np.random.default_rng(0)
    x = tf.constant(random.normal(3.0, 2.0, (5, 4, 2, 8)).astype(np.float32))
    upstream = tf.constant(random.standard_normal(x.shape).astype(np.float32))
    results = []
    for rewritten in (False, True):
        layer = built({"kind": "batch_normalization", **fields}, (4, 2, 8))
        if rewritten:
            rewrite_layers([layer], plainly=True)
        with tf.GradientTape() as tape:
            tape.watch(x)
            made = layer([x], True)
        gradients = tape.gradient(made, [x, *(each.value for each in layer.keras.trainable_variables)], upstream)
        averages = [each.value for each in layer.keras.non_trainable_variables]
        results.append([made, *gradients, *averages, layer([x], False)])
    for theirs, ours in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5)


def test_a_convolution_that_onednn_gets_wrong_is_measured_in_another_form():
    """See the lab note on convolutions: one channel, one output column, strides along the columns alone."""
    fields = {"kind": "conv2d", "filters": 1, "kernel_size": (1, 2), "strides": (1, 2)}
    spec = a_spec([{"kind": "reshape", "target_shape": (32, 2, 1)}, fields, {"kind": "flatten"}])
    layer = measuring_forms(Network(spec, seed=0), spec).layers[1]
    x = np.random.default_rng(0).standard_normal((2, 32, 2, 1)).astype(np.float32)
    expected = np.einsum("brcx,c->br", x, layer.keras.kernel.numpy()[0, :, 0, 0])
    np.testing.assert_allclose(np.squeeze(layer([tf.constant(x)], False)), expected, rtol=1e-5, atol=1e-6)
    axes = axes_of((32, 2), (1, 2), (1, 2), "valid")
    np.testing.assert_array_equal(layer([tf.constant(x)], False), convolve(x, layer.keras.kernel, axes))


def test_the_form_of_a_training_follows_from_the_work_of_a_batch():
    large = [{"kind": "conv2d", "filters": 64, "kernel_size": 3, "padding": "same"}] * 2
    deep = [*large, {"kind": "flatten"}]
    over_time = [*large, {"kind": "reshape", "target_shape": (64, 64)}, {"kind": "gru", "units": 2}]
    assert not trains_plainly(a_spec()), "a small network keeps its bits"
    assert trains_plainly(a_spec(deep))
    assert not trains_plainly(a_spec(deep, batch_size=4))
    assert not trains_plainly(a_spec(over_time)), "a loop over time is slow in a plain graph"
