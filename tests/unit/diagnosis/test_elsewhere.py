"""Judgement of a training elsewhere: on which scale, and where nothing can change any more."""

import math
from typing import Any

import numpy as np
import pytest

from gradlab.diagnosis import ExternalRun, diagnose, outcome
from gradlab.diagnosis.elsewhere import constant_loss
from gradlab.diagnosis.rules import zero_gradient
from gradlab.measurement.history import History
from gradlab.spec import ExternalSpec
from tests.builders import an_external_spec
from tests.unit.diagnosis.histories import a_run, by_layer

EPOCHS = 40
BINARY = {"kind": "binary_crossentropy"}


def sent(
    *, loss: Any, accuracy: Any = None, kind: Any = BINARY, units: int = 1, zero: Any = 0.0, **metrics: Any
) -> tuple[ExternalSpec, ExternalRun]:
    """Forty epochs of three layers, with these numbers."""
    spec = an_external_spec(epochs=EPOCHS, layers=3)
    layers = [layer.model_dump(mode="json") for layer in spec.layers]
    layers[-1]["output_shape"] = [units]
    named = {"loss": loss, **({} if accuracy is None else {"accuracy": accuracy}), **metrics}
    spec = an_external_spec(epochs=EPOCHS, layers=3, loss=kind, metrics=list(named))
    spec = spec.model_copy(update={"layers": (*spec.layers[:-1], spec.layers[-1].model_validate(layers[-1]))})
    series = np.full((EPOCHS, *spec.layout["gradients"].shape), 0.1, np.float32)
    columns = spec.layout["gradients"].columns
    series[:, :, columns.index("zero_fraction")] = zero
    series[:, :, columns.index("always_zero_fraction")] = np.nan  # a sender may leave it out
    series[:, :, columns.index("nonfinite")] = 0
    values = np.stack([np.broadcast_to(each, EPOCHS) for each in named.values()], axis=1).astype(np.float32)
    return spec, ExternalRun(spec, 0, History(spec.layout, 1, values, {"gradients": series}))


def entropy(share: float) -> float:
    return -share * math.log(share) - (1 - share) * math.log(1 - share)


MOVING = np.linspace(0.6, 0.9, EPOCHS)


@pytest.mark.parametrize(
    ("kind", "units", "accuracy", "constant"),
    [
        (BINARY, 1, None, math.log(2)),
        (BINARY, 1, MOVING, math.log(2)),
        (BINARY, 1, 0.88, entropy(0.88)),
        (BINARY, 1, 0.3, math.log(2)),  # no share of a commonest of two
        (BINARY, 1, 1.0, math.log(2)),
        (BINARY, 5, 0.88, math.log(2)),  # five labels: their shares differ
        ({"kind": "sparse_categorical_crossentropy"}, 7, None, math.log(7)),
        ({"kind": "categorical_crossentropy"}, 2, 0.88, entropy(0.88)),
        ({"kind": "poisson"}, 1, None, math.nan),
        ({"kind": "mean_squared_error"}, 1, 0.88, math.nan),
        (None, 1, 0.88, math.nan),
    ],
    ids=str,
)
def test_what_a_constant_answer_loses_is_known_of_cross_entropies(kind, units, accuracy, constant):
    _, run = sent(loss=0.5, kind=kind, units=units, accuracy=accuracy)
    assert constant_loss(run) == pytest.approx(constant, abs=1e-6, nan_ok=True)


HUGE_AT_FIRST = np.concatenate([[78.0], np.full(EPOCHS - 1, entropy(0.88) * 1.001)])


@pytest.mark.parametrize(
    ("numbers", "verdict"),
    [
        ({"loss": HUGE_AT_FIRST, "accuracy": 0.88}, "fails"),
        ({"loss": 0.6935}, "fails"),
        ({"loss": 0.65}, "undecided"),
        ({"loss": np.linspace(0.9, 0.7, EPOCHS)}, "undecided"),  # it still falls
        ({"loss": 0.8, "accuracy": MOVING}, "undecided"),  # weighted samples, or another scale: it does learn
        ({"loss": 0.8, "accuracy": 0.5 + 0.01 * np.sin(np.arange(EPOCHS))}, "fails"),
        ({"loss": 4.0, "kind": {"kind": "mean_squared_error"}}, "undecided"),
        ({"loss": 4.0, "kind": {"kind": "mean_squared_error"}, "r2_score": 0.01}, "fails"),
        ({"loss": 4.0, "kind": {"kind": "mean_squared_error"}, "r2_score": 0.3}, "undecided"),
        ({"loss": 4.0, "kind": None, "zero": 1.0}, "fails"),
        ({"loss": 1e-8, "kind": None, "zero": 1.0}, "undecided"),  # answered perfectly
        ({"loss": 4.0, "kind": None, "zero": 0.6}, "undecided"),
        ({"loss": np.where(np.arange(EPOCHS) < 39, 0.5, np.nan)}, "diverged"),
    ],
)
def test_it_fails_only_where_that_is_certain(numbers: dict[str, Any], verdict: str):
    spec, run = sent(**numbers)
    assert outcome(run).verdict == verdict
    assert diagnose(spec, [run]).verdict == ("undecided" if verdict == "undecided" else "ill")


def test_the_first_epochs_loss_hides_nothing_that_comes_after_it():
    spec, run = sent(loss=HUGE_AT_FIRST, accuracy=0.88, zero=by_layer(*[1.0] * 4, 0, 0, rows=EPOCHS))
    found = {each.rule: each for each in diagnose(spec, [run]).findings}
    assert {"dead_network", "zero_gradient", "plateau", "not_learning"} <= {*found}
    assert found["zero_gradient"].layers == ("dense_1", "dense_2")
    assert "loses no more than 0.367" in found["not_learning"].explanation


def test_a_layer_zero_gradients_is_told_even_where_the_loss_falls():
    spec, run = sent(loss=MOVING[::-1], kind=None, zero=by_layer(1.0, 1.0, 0, 0, 0, 0, rows=EPOCHS))
    diagnosis = diagnose(spec, [run])
    assert (diagnosis.verdict, diagnosis.root_cause) == ("at risk", "zero_gradient")


@pytest.mark.parametrize(
    ("zero", "layers"),
    [
        (by_layer(1.0, 1.0, 0, 0, 0, 0, 0, 0), ["dense_1"]),
        (by_layer(1.0, 0.0, 0, 0, 0, 0, 0, 0), ["dense_1"]),  # its bias moves on
        (by_layer(math.nan, math.nan, 0, 0, 0, 0, 0, 0), None),  # it has none: another rule's
        (by_layer(0.999, 1.0, 0, 0, 0, 0, 0, 0), None),
        (by_layer(0, 0, 0, 0, 0, 0, 0, 0), None),
    ],
)
def test_a_layer_is_zero_gradients_where_its_kernel_is(zero: np.ndarray, layers: list[str] | None):
    sighting = zero_gradient.RULE(a_run(series={"gradients.zero_fraction": zero}))
    assert (sighting and list(sighting.layers)) == layers
    assert sighting is None or sighting.since_epoch == 1


def test_epoch_0_is_no_batch_and_a_gradient_that_comes_back_is_one():
    assert zero_gradient.RULE(a_run(epochs=0, series={"gradients.zero_fraction": 1.0})) is None
    zero = np.ones((EPOCHS + 1, 8))
    zero[-1] = 0
    assert zero_gradient.RULE(a_run(series={"gradients.zero_fraction": zero})) is None


def test_in_a_run_that_learns_it_is_a_piece_of_information():
    run = a_run(series={"gradients.zero_fraction": by_layer(1.0, 1.0, 0, 0, 0, 0, 0, 0)})
    diagnosis = diagnose(run.spec, [run])
    assert diagnosis.verdict == "healthy"
    assert [(each.rule, each.severity) for each in diagnosis.findings] == [("zero_gradient", "info")]
