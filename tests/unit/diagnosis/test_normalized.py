"""Normalisations over a group of one value, here and elsewhere."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from gradlab.diagnosis import Run, Unknown
from gradlab.diagnosis.normalized import groups
from gradlab.diagnosis.rules import dead_network, single_value_normalization
from tests.builders import an_external_spec
from tests.unit.diagnosis.histories import EPOCHS, a_network, a_run, dense
from tests.unit.diagnosis.test_elsewhere import sent

NORM, LAYER_NORM = {"kind": "batch_normalization"}, {"kind": "layer_normalization"}
DIGITS = {"kind": "digits", "form": "image", "train_size": 33}
CONV = {"kind": "conv2d", "filters": 4, "kernel_size": 3}
SOFTMAX = dense(10, "softmax")


def a_training(*layers: dict[str, Any], batch_size: int, samples: int = 32, fails: bool = True, **more: Any) -> Run:
    circles = {"kind": "circles", "samples": 64, "seed": 1, "train_size": samples}
    training = {"loss": "binary_crossentropy", "optimizer": "sgd", "epochs": EPOCHS, "batch_size": batch_size}
    training |= more.pop("training", {})
    series = more.pop("series", None)
    spec = a_network(*layers, dataset=more.pop("dataset", circles), training=training, **more)
    return a_run(spec, fails=fails, series=series)


def images(*layers: dict[str, Any], batch_size: int, **more: Any) -> Run:
    training = {"loss": "categorical_crossentropy"}
    return a_training(*layers, batch_size=batch_size, dataset=DIGITS, training=training, output=SOFTMAX, **more)


@pytest.mark.parametrize(
    ("make", "values", "rest"),
    [
        (partial(a_training, dense(4), NORM, batch_size=1), 1, 1),
        (partial(a_training, dense(4), NORM, batch_size=8), 8, 8),
        (partial(a_training, dense(4), NORM, batch_size=31), 31, 1),
        (partial(a_training, dense(4), NORM, batch_size=500), 32, 32),
        (partial(a_training, dense(1), LAYER_NORM, batch_size=8), 1, 1),
        (partial(a_training, dense(4), LAYER_NORM, batch_size=1), 4, 4),
        (partial(images, CONV, NORM, {"kind": "flatten"}, batch_size=1), 36, 36),
        (partial(images, {**CONV, "kernel_size": 8}, NORM, {"kind": "flatten"}, batch_size=1), 1, 1),
        (partial(images, {**CONV, "kernel_size": 8}, NORM, {"kind": "flatten"}, batch_size=8), 8, 1),
    ],
)
def test_how_many_values_are_normalised_together(make: Callable[[], Run], values: int, rest: int):
    run = make()
    (group,) = groups(run)
    assert (group.values, group.rest) == (values, rest)
    sighting = single_value_normalization.RULE(run)
    assert (sighting is not None) == (rest == 1)
    if sighting:
        assert sighting.since_epoch == 0
        assert (sighting.severity or single_value_normalization.RULE.severity) == (
            "critical" if values == 1 else "warning"
        )


def test_a_last_batch_of_one_is_a_piece_of_information_where_the_network_learns():
    sighting = single_value_normalization.RULE(a_training(dense(4), NORM, batch_size=31, fails=False))
    assert sighting is not None
    assert sighting.severity == "info"
    assert "over 31 in the other batches" in sighting.explanation.format(
        layers="it", **{each.name: str(each) for each in sighting.measures}
    )


def test_a_norm_inside_a_block_counts_like_any_other():
    block = {"kind": "residual", "layers": [dense(2), NORM]}
    sighting = single_value_normalization.RULE(a_training(block, batch_size=1))
    assert sighting is not None
    assert sighting.layers == ("batch_normalization_1",)


@pytest.mark.parametrize(
    ("class_name", "values", "batch_size", "says"),
    [
        ("BatchNormalization", 1, 1, True),
        ("BatchNormalization", 1, 2, False),
        ("BatchNormalization", 36, 1, False),
        ("LayerNormalization", 1, 32, True),
        ("GroupNormalization", 1, 32, True),
        ("GroupNormalization", 2, None, False),
        ("Dense", None, 1, False),
    ],
)
def test_elsewhere_it_is_what_the_sender_says(class_name: str, values: int | None, batch_size: int | None, says: bool):
    _, run = sent(loss=0.6)
    layers = [layer.model_dump(mode="json") for layer in run.external.layers]
    layers[1] |= {"class_name": class_name, "normalized_values": values}
    spec = an_external_spec(epochs=EPOCHS, layers=3, batch_size=batch_size)
    object.__setattr__(run, "external", spec.model_validate(spec.model_dump(mode="json") | {"layers": layers}))
    assert (single_value_normalization.RULE(run) is not None) == says


def test_over_batches_of_unknown_size_it_is_unknown():
    _, run = sent(loss=0.6)
    layers = [layer.model_dump(mode="json") for layer in run.external.layers]
    layers[1] |= {"class_name": "BatchNormalization", "normalized_values": 1}
    spec = an_external_spec(epochs=EPOCHS, layers=3)
    object.__setattr__(run, "external", spec.model_validate(spec.model_dump(mode="json") | {"layers": layers}))
    with pytest.raises(Unknown, match="batch size"):
        single_value_normalization.RULE(run)


@pytest.mark.parametrize(("batch_size", "says"), [(1, False), (15, False), (16, True), (32, True)])
def test_where_only_means_are_recorded_zeros_of_small_batches_are_no_death(batch_size: int, says: bool):
    """Experiments of earlier versions, as they are stored."""
    run = a_training(dense(4, "relu"), batch_size=batch_size)
    run = as_earlier(run)
    zero = run.history.series["gradients"][:, :, run.history.layout["gradients"].columns.index("zero_fraction")]
    zero[:] = 0.95
    assert (dead_network.RULE(run) is not None) == says
    zero[:] = 1.0  # in every batch, of however few samples
    assert dead_network.RULE(run) is not None


def as_earlier(run: Run) -> Run:
    """The same without the share that is zero in every batch, its layout too."""
    history = run.history
    columns = history.layout["gradients"].columns
    kept = [place for place, name in enumerate(columns) if name != "always_zero_fraction"]
    layouts = tuple(
        replace(each, columns=tuple(columns[place] for place in kept)) if each.kind == "gradients" else each
        for each in history.layout.series
    )
    series = {**history.series, "gradients": history.series["gradients"][:, :, kept]}
    return replace(run, history=replace(history, layout=replace(history.layout, series=layouts), series=series))


@pytest.mark.parametrize("batch_size", [1, 15, 16, 32])
def test_what_counts_is_a_weight_without_gradient_in_every_batch(batch_size: int):
    sparse = {"gradients.zero_fraction": 0.95, "gradients.always_zero_fraction": 0.1}
    dead = {"gradients.zero_fraction": 0.95, "gradients.always_zero_fraction": 0.75}
    for series, says in ((sparse, False), (dead, True)):
        run = a_training(dense(4, "relu"), batch_size=batch_size, series=series)
        assert (dead_network.RULE(run) is not None) == says
