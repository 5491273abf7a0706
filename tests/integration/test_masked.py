"""Masked time steps with targets: left out of losses and metrics as Keras leaves them out."""

import json
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from core.training.masked import MaskedMean, is_mean, masked_losses
from core.training.masks import mask_of, set_mask
from core.training.network import Network
from gradlab.facts import of_spec
from gradlab.frozen import kind_of
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from gradlab.spec.masks import Unfollowed, masking_layers, steps_that_count
from gradlab.vocabulary.layers import LAYERS
from gradlab.vocabulary.metrics import bind
from gradlab.vocabulary.targets import Target
from tests.integration.test_exactness import COPY, SOFTMAX, a_spec, assert_agrees
from tests.integration.test_layers import CASES

RANDOM = np.random.default_rng(2)
TASK = (COPY, "categorical_crossentropy", {**SOFTMAX, "units": 5})
EMBEDDING = {"kind": "embedding", "input_dim": 6, "output_dim": 4, "mask_zero": True}
GRU = {"kind": "gru", "units": 4, "return_sequences": True}


def a_batch(samples: int) -> tuple[Any, Any, Any]:
    """Targets, predictions and a mask with a sample of which no step counts."""
    y = np.eye(3, dtype=np.float32)[RANDOM.integers(0, 3, (samples, 5))]
    p = keras.ops.softmax(keras.ops.convert_to_tensor(RANDOM.normal(size=y.shape).astype(np.float32)))
    mask = RANDOM.random((samples, 5)) < 0.6
    mask[1] = False
    return y, p, keras.ops.convert_to_tensor(mask)


def masked(p: Any, mask: Any) -> Any:
    """A copy of a prediction, with a mask as Keras attaches it."""
    p = p + 0.0
    set_mask(p, mask)
    return p


def test_the_mean_over_samples_is_kerass_loss_of_a_batch():
    y, p, mask = a_batch(6)
    losses = keras.losses.categorical_crossentropy(y, p)
    expected = float(keras.losses.CategoricalCrossentropy()(y, masked(p, mask)))
    assert float(np.mean(masked_losses(losses, mask, None, None))) == pytest.approx(expected, rel=1e-6)
    assert float(np.mean(masked_losses(losses, mask & False, None, None))) == 0
    # Padding counts neither as samples nor as steps.
    counts = np.array([1, 1, 1, 1, 0, 0], np.float32)
    expected = float(keras.losses.CategoricalCrossentropy()(y[:4], masked(p[:4], mask[:4])))
    padded = masked_losses(losses, mask, counts, None)
    assert float(np.sum(padded * counts) / 4) == pytest.approx(expected, rel=1e-6)


def test_samples_of_several_batches_have_the_mean_of_the_batches_by_their_samples():
    y, p, mask = a_batch(7)
    losses = keras.losses.categorical_crossentropy(y, p)
    parts = [slice(0, 3), slice(3, 6), slice(6, 7)]
    of_parts = [float(keras.losses.CategoricalCrossentropy()(y[part], masked(p[part], mask[part]))) for part in parts]
    expected = np.average(of_parts, weights=[3, 3, 1])
    assert float(np.mean(masked_losses(losses, mask, None, 3))) == pytest.approx(expected, rel=1e-6)


def test_metrics_that_are_means_count_the_steps_that_count():
    y, p, mask = a_batch(8)
    target = Target("classes", 3, (5,))
    for metric in bind(("accuracy", "categorical_crossentropy", "one_hot_mean_io_u"), target, threshold=0.5):
        if not is_mean(metric):
            assert metric.kind == "one_hot_mean_io_u"
            continue
        ours = MaskedMean(metric)
        theirs = {"accuracy": keras.metrics.CategoricalAccuracy}.get(
            metric.kind, keras.metrics.CategoricalCrossentropy
        )()
        for part in (slice(0, 3), slice(3, 8)):
            theirs.update_state(y[part], masked(p[part], mask[part]))
        sums = np.sum(ours.sums_of(keras.ops.convert_to_tensor(y), p, mask), axis=0)
        assert float(ours.finish(sums, 8, None)) == pytest.approx(float(theirs.result()), rel=1e-6)


# Layers of sequences, behind one that masks: what they hand on is compared with Keras's own.
OF_SEQUENCES = [
    fields
    for fields, shape in CASES
    if isinstance(shape, tuple) and len(shape) == 2 and fields["kind"] not in ("masking", "embedding")
]


@pytest.mark.filterwarnings("ignore:.*does not support masking")
@pytest.mark.parametrize("fields", OF_SEQUENCES, ids=lambda fields: fields["kind"])
def test_a_mask_goes_as_far_as_keras_hands_it_on(fields):
    shape = next(shape for other, shape in CASES if other is fields)
    spec: Any = _network([{"kind": "masking"}, fields], shape)
    x = RANDOM.normal(size=(2, *shape)).astype(np.float32)
    x[:, 1] = 0
    mask = mask_of(Network(spec, 0)(keras.ops.convert_to_tensor(x)))
    masking = masking_layers(spec.layers, spec.model.inputs)[spec.layers[-1].name]
    assert not isinstance(masking, Unfollowed)
    assert (mask is None) == (masking is None)
    if masking is not None:
        np.testing.assert_array_equal(mask, steps_that_count(masking, x))


def _network(layers: list[dict[str, Any]], shape: tuple[int, ...]) -> Any:
    from types import SimpleNamespace

    from gradlab.spec.experiment import ModelSpec
    from gradlab.spec.network import in_order, walk

    model = ModelSpec.model_validate({"layers": layers})
    named = tuple(in_order(walk(model.layers, shape)))
    entry = SimpleNamespace(name="input", shape=shape, whole_below=None)
    end = SimpleNamespace(layer=named[-1], name="")
    return SimpleNamespace(
        model=model, layers=named, inputs=(entry,), outputs=(end,), dataset=SimpleNamespace(feature_shape=shape)
    )


def test_every_kind_of_layer_is_among_them_or_takes_no_sequence():
    assert {"dense", "gru", "lstm", "multi_head_attention", "time_distributed"} < {
        each["kind"] for each in OF_SEQUENCES
    }
    assert {each["kind"] for each in OF_SEQUENCES} <= {kind_of(member) for member in LAYERS}


def test_attention_hands_on_the_mask_of_its_query_alone():
    attention = {"kind": "multi_head_attention", "num_heads": 1, "key_dim": 2}
    nodes = [
        {"name": "masked", "layer": EMBEDDING, "inputs": ["input"]},
        {"name": "plain", "layer": {**EMBEDDING, "mask_zero": False}, "inputs": ["input"]},
        {"name": "attention", "layer": attention, "inputs": ["plain", "masked"]},
        {"name": "out", "layer": {**SOFTMAX, "units": 5}, "inputs": ["attention"]},
    ]
    fields = json.loads(a_masked_spec().canonical()) | {"model": {"nodes": nodes, "outputs": ["out"]}}
    spec = parse(json.dumps(fields))
    x = keras.ops.convert_to_tensor(spec.dataset.load().train_x[:2])
    assert mask_of(Network(spec, 0)(x)) is None
    assert spec.only_output.mask is None


def a_masked_spec(**more: Any) -> ExperimentSpec:
    layers = [EMBEDDING, {"kind": "residual", "layers": [GRU]}, {"kind": "dropout", "rate": 0.0}]
    return a_spec(TASK, layers, metrics=["accuracy", "categorical_hinge"], batch_size=16, **more)


def test_facts_rest_on_the_steps_that_count():
    spec = a_masked_spec()
    data = spec.dataset.load()
    counted, facts = data.train_x != 0, of_spec(spec)
    shares = np.bincount(data.train_y[counted], minlength=5) / counted.sum()
    assert facts.class_shares == pytest.approx(shares.tolist())
    assert facts.constant_accuracy == pytest.approx(shares.max())
    assert np.isnan(facts.reachable)


@pytest.mark.campaign
def test_a_training_agrees_with_model_fit():
    spec = a_masked_spec()
    data, random = spec.dataset.load(), np.random.default_rng(0)
    train_x, val_x = (x * (random.random(x.shape) < 0.7) for x in (data.train_x, data.val_x))
    train_x[:3] = 0
    samples = replace(data, train_x=train_x.astype(np.float32), val_x=val_x.astype(np.float32))
    assert_agrees(spec, samples=samples)
