"""Metrics, gathered batch by batch, say what scikit-learn says about the whole."""

from importlib import import_module
from types import ModuleType

import numpy as np
import pytest

from gradlab.vocabulary.metrics import BY_KIND, METRICS, bind, default_metrics, fits, metrics_for
from gradlab.vocabulary.targets import Target

TWO, TEN = Target("classes", 2), Target("classes", 10)
LABELS, VALUES = Target("labels", 3), Target("values", 4)
TWO_OVER_TIME, VALUES_OVER_TIME = Target("classes", 2, (6,)), Target("values", 4, (6,))
SAMPLES = 103  # in batches of 10 the last is smaller


@pytest.fixture(scope="module")
def sklearn_metrics() -> ModuleType:
    """Loaded where these tests run: every other process collects them too, and would wait for a second."""
    return import_module("sklearn.metrics")


def gathered(metric, y, p, batch=10):
    """The metric as a compiled program computes it: sums over batches, then the finish."""
    parts = [metric.sums(y[b : b + batch], p[b : b + batch], np).sum(axis=0) for b in range(0, len(y), batch)]
    assert parts[0].shape == (metric.sum_count,)
    return metric.finish(np.sum(parts, axis=0), np.float32(len(y)), np)


def answers(target, units, seed=0):
    """Encoded targets and outputs in [0, 1] that are right more often than not."""
    random = np.random.default_rng(seed)
    shape = (SAMPLES, *target.steps)
    if target.kind == "values":
        y = random.normal(3, 2, (*shape, units))
        return y.astype(np.float32), (y + random.normal(0, 1, y.shape)).astype(np.float32)
    if units > 1 and target.kind == "classes":
        y = np.eye(units)[random.integers(0, units, shape)]
    else:
        y = random.integers(0, 2, (*shape, units)).astype(np.float64)
    return y.astype(np.float32), (0.4 * y + 0.6 * random.random(y.shape)).astype(np.float32)


@pytest.mark.parametrize("target", [TWO, TWO_OVER_TIME, LABELS], ids=str)
@pytest.mark.parametrize("kind", ["precision", "recall", "f1_score"])
def test_yes_and_no_are_counted_over_all_labels_and_steps(sklearn_metrics, kind, target):
    y, p = answers(target, target.count if target.kind == "labels" else 1)
    theirs = getattr(sklearn_metrics, kind if kind == "f1_score" else f"{kind}_score")
    (metric,) = bind([kind], target)
    assert gathered(metric, y, p) == pytest.approx(theirs(y.ravel(), p.ravel() > 0.5))


@pytest.mark.parametrize("target", [TWO, TWO_OVER_TIME], ids=str)
@pytest.mark.parametrize("kind", ["accuracy", "precision", "recall", "f1_score"])
def test_two_units_say_the_same_as_one(kind, target):
    y, p = answers(target, 2)
    (metric,) = bind([kind], target)
    single = gathered(metric, y[..., 1:], (p[..., 1:] - p[..., :1] + 1) / 2)
    assert gathered(metric, y, p) == pytest.approx(single)
    assert 0.5 < single < 1


def test_accuracy_is_the_share_of_right_answers(sklearn_metrics):
    for target, units in ((TEN, 10), (TWO, 2), (TWO_OVER_TIME, 2)):
        y, p = answers(target, units)
        (metric,) = bind(["accuracy"], target)
        expected = sklearn_metrics.accuracy_score(y.argmax(-1).ravel(), p.argmax(-1).ravel())
        assert gathered(metric, y, p) == pytest.approx(expected)
    y, p = answers(LABELS, 3)
    (metric,) = bind(["accuracy"], LABELS)
    assert gathered(metric, y, p) == pytest.approx(1 - sklearn_metrics.hamming_loss(y, p > 0.5))


def test_the_right_class_is_among_the_first_five(sklearn_metrics):
    y, p = answers(TEN, 10)
    (metric,) = bind(["top_5_accuracy"], TEN)
    expected = sklearn_metrics.top_k_accuracy_score(y.argmax(-1), p, k=5)
    assert gathered(metric, y, p) == pytest.approx(expected)
    assert 0.5 < expected < 1


@pytest.mark.parametrize("target", [VALUES, VALUES_OVER_TIME, Target("values", 1)], ids=str)
@pytest.mark.parametrize("kind", ["mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "r2_score"])
def test_errors_are_scikit_learns(sklearn_metrics, kind, target):
    y, p = answers(target, target.count)
    theirs = getattr(sklearn_metrics, kind)
    rows = y.reshape(-1, target.count).astype(np.float64), p.reshape(-1, target.count).astype(np.float64)
    expected = theirs(*rows)
    if kind == "root_mean_squared_error":  # scikit-learn takes the root for each value, Keras for all together
        expected = np.sqrt(sklearn_metrics.mean_squared_error(*rows))
    for centre in ((), (3.0,) * target.count):
        (metric,) = bind([kind], target, centre=centre)
        assert gathered(metric, y, p) == pytest.approx(expected, rel=1e-5)


def test_a_centre_saves_the_variance_of_values_far_from_zero(sklearn_metrics):
    random = np.random.default_rng(1)
    y = (5000 + random.normal(0, 1, (SAMPLES, 1))).astype(np.float32)
    p = (y + random.normal(0, 0.5, y.shape)).astype(np.float32)
    expected = sklearn_metrics.r2_score(y.astype(np.float64), p.astype(np.float64))
    (near,), (far,) = (bind(["r2_score"], Target("values", 1), centre=centre) for centre in ((5001.0,), ()))
    assert gathered(near, y, p) == pytest.approx(expected, abs=1e-5)
    assert abs(gathered(far, y, p) - expected) > 1e-2


def test_the_score_of_a_constant_is_1_where_it_is_met_and_0_elsewhere():
    (metric,) = bind(["r2_score"], Target("values", 1))
    y = np.full((50, 1), 3.3, np.float32)
    assert gathered(metric, y, y) == 1
    assert gathered(metric, y, y + np.float32(0.5)) == 0
    assert np.isnan(gathered(metric, y, y * np.float32(np.nan)))


def test_a_score_that_left_the_finite_numbers_is_not_repaired():
    (metric,) = bind(["r2_score"], Target("values", 1))
    y, p = answers(Target("values", 1), 1)
    p[7] = np.inf
    assert gathered(metric, y, p) == -np.inf
    p[7] = np.nan
    assert np.isnan(gathered(metric, y, p))


def test_nothing_called_positive_is_a_precision_of_0():
    y, p = answers(LABELS, 3)
    for metric in bind(["precision", "recall", "f1_score"], LABELS):
        assert gathered(metric, y, np.zeros_like(p)) == 0
        assert gathered(metric, np.zeros_like(y), np.zeros_like(p)) == 0


def test_scores_say_yes_above_zero():
    y, p = answers(TWO, 1)
    logits = np.log(p / (1 - p))
    for kind in ("accuracy", "precision", "recall", "f1_score"):
        (of_probabilities,), (of_scores,) = bind([kind], TWO), bind([kind], TWO, threshold=0.0)
        assert (
            gathered(of_scores, y, logits) == gathered(of_probabilities, y, p) != gathered(of_probabilities, y, logits)
        )


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.kind)
def test_networks_side_by_side_have_a_value_each(metric):
    target = next(t for t in (TEN, TWO_OVER_TIME, VALUES_OVER_TIME) if metric.fits(t))
    pairs = [answers(target, target.count, seed) for seed in range(3)]
    y, p = (np.abs(np.stack(arrays)) for arrays in zip(*pairs, strict=True))  # (networks, samples, ...)
    bound = metric(target)
    together = bound.finish(bound.sums(y, p, np).sum(axis=1), np.full(3, SAMPLES), np)
    np.testing.assert_allclose(together, [gathered(bound, *pair) for pair in zip(y, p, strict=True)], rtol=1e-5)
    assert len(set(together)) > 1


def test_metrics_fit_their_targets():
    assert default_metrics(TWO) == default_metrics(LABELS) == ("accuracy",)
    assert default_metrics(VALUES) == ("mean_absolute_error", "r2_score")
    of_units = {"categorical_crossentropy", "kl_divergence", "categorical_hinge"}
    assert metrics_for(LABELS)[:4] == ("accuracy", "precision", "recall", "f1_score")
    assert set(metrics_for(TWO)) - set(metrics_for(LABELS)) == of_units
    assert set(metrics_for(TEN)) == {"accuracy", "top_5_accuracy", "one_hot_mean_io_u"} | of_units
    assert set(metrics_for(VALUES)) == set(BY_KIND) - set(metrics_for(TWO)) - set(metrics_for(TEN))
    assert not fits("area", TWO)
    with pytest.raises(ValueError, match=r"expected one of accuracy, top_5_accuracy, .* for classes; received recall"):
        bind(["recall"], TEN)
    with pytest.raises(KeyError):
        bind(["area"], TWO)
