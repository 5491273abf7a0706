"""Losses and metrics say what Keras says, and what their formulas say; metrics gathered inside a compiled program."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from sklearn.metrics import r2_score

from gradlab.frozen import kind_of
from gradlab.vocabulary.datasets.registry import DATASETS
from gradlab.vocabulary.losses import BY_KIND, LOSSES
from gradlab.vocabulary.metrics import bind
from gradlab.vocabulary.targets import Target

SAMPLES, BATCH = 53, 20  # the last batch is smaller
# Losses of Keras that are left out, with the reason in the shelf's docstring.
OTHER_TARGETS = {"ctc", "circle", "sparse_categorical_crossentropy"}
# Parameters of losses that have no default here.
GIVEN = {"categorical_generalized_cross_entropy": {"q": 0.7}, "dice": {"axis": -1}, "tversky": {"axis": -1}}


def mean(x):
    return x.mean(axis=-1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)


def binary(y, p):
    return mean(-y * np.log(p) - (1 - y) * np.log(1 - p))


def binary_focal(y, p, gamma=2.0, yes=1.0, no=1.0):
    return mean(-yes * y * (1 - p) ** gamma * np.log(p) - no * (1 - y) * p**gamma * np.log(1 - p))


def categorical(y, p):
    return -(y * np.log(p / p.sum(axis=-1, keepdims=True))).sum(axis=-1)


def categorical_focal(y, p, gamma=2.0, alpha=0.25):
    p = p / p.sum(axis=-1, keepdims=True)
    return -(alpha * y * (1 - p) ** gamma * np.log(p)).sum(axis=-1)


def hubers(y, p, delta=1.0):
    off = np.abs(y - p)
    return mean(np.where(off <= delta, off**2 / 2, delta * off - delta**2 / 2))


def score(y):
    return 2 * y - 1


def cosine(y, p):
    return (y * p).sum(axis=-1) / np.sqrt(np.maximum((y**2).sum(axis=-1) * (p**2).sum(axis=-1), 1e-14))


# (parameters, formula): y and p are 0/1 and inside (0, 1) where the loss speaks of classes, else real numbers.
FORMULAS = [
    ("binary_crossentropy", {}, binary),
    ("binary_crossentropy", {"from_logits": True}, lambda y, p: binary(y, sigmoid(p))),
    ("binary_crossentropy", {"label_smoothing": 0.2}, lambda y, p: binary(0.8 * y + 0.1, p)),
    ("binary_focal_crossentropy", {}, binary_focal),
    (
        "binary_focal_crossentropy",
        {"gamma": 3.0, "apply_class_balancing": True, "alpha": 0.3},
        lambda y, p: binary_focal(y, p, 3.0, 0.3, 0.7),
    ),
    ("categorical_crossentropy", {}, categorical),
    ("categorical_crossentropy", {"from_logits": True}, lambda y, p: categorical(y, softmax(p))),
    ("categorical_crossentropy", {"label_smoothing": 0.3}, lambda y, p: categorical(0.7 * y + 0.3 / y.shape[-1], p)),
    ("categorical_focal_crossentropy", {}, categorical_focal),
    ("categorical_focal_crossentropy", {"gamma": 1.0, "alpha": 0.6}, lambda y, p: categorical_focal(y, p, 1.0, 0.6)),
    ("kl_divergence", {}, lambda y, p: -(y * np.log(p)).sum(axis=-1)),
    ("mean_squared_error", {}, lambda y, p: mean((y - p) ** 2)),
    ("mean_absolute_error", {}, lambda y, p: mean(np.abs(y - p))),
    ("huber", {}, hubers),
    ("huber", {"delta": 0.3}, lambda y, p: hubers(y, p, 0.3)),
    ("log_cosh", {}, lambda y, p: mean(np.log(np.cosh(p - y)))),
    ("mean_absolute_percentage_error", {}, lambda y, p: mean(100 * np.abs(y - p) / np.abs(y))),
    ("mean_squared_logarithmic_error", {}, lambda y, p: mean((np.log1p(y) - np.log1p(p)) ** 2)),
    ("poisson", {}, lambda y, p: mean(p - y * np.log(p))),
    ("hinge", {}, lambda y, p: mean(np.maximum(0, 1 - score(y) * p))),
    ("squared_hinge", {}, lambda y, p: mean(np.maximum(0, 1 - score(y) * p) ** 2)),
    (
        "categorical_hinge",
        {},
        lambda y, p: np.maximum(0, 1 + ((1 - y) * p).max(axis=-1) - (y * p).sum(axis=-1)),
    ),
    (
        "categorical_generalized_cross_entropy",
        {"q": 0.7},
        lambda y, p: (1 - (y * p).sum(axis=-1) ** 0.7) / 0.7,
    ),
    ("cosine_similarity", {}, lambda y, p: -cosine(y, p)),
    ("dice", {"axis": -1}, lambda y, p: 1 - 2 * (y * p).sum(axis=-1) / (y + p).sum(axis=-1)),
    (
        "tversky",
        {"axis": -1, "alpha": 0.3, "beta": 0.9},
        lambda y, p: (
            1 - (hit := (y * p).sum(axis=-1)) / (hit + 0.3 * (y * (1 - p)).sum(-1) + 0.9 * ((1 - y) * p).sum(-1))
        ),
    ),
]


def encoded(target, units, seed=0):
    """Targets of a batch as a loss takes them, and outputs in (0, 1) that are right more often than not."""
    random = np.random.default_rng(seed)
    shape = (SAMPLES, *target.steps)
    if target.kind == "values":
        y = random.uniform(0.5, 4, (*shape, units))
        return y.astype(np.float32), (y + random.uniform(-0.4, 2, y.shape)).astype(np.float32)
    if target.kind == "classes" and units > 1:
        y = np.eye(units)[random.integers(0, units, shape)]
    else:
        y = random.integers(0, 2, (*shape, units)).astype(np.float64)
    return y.astype(np.float32), (0.3 * y + 0.65 * random.uniform(0.02, 1, y.shape)).astype(np.float32)


@pytest.mark.parametrize("steps", [(), (4,)], ids=["whole", "steps"])
@pytest.mark.parametrize(
    ("kind", "parameters", "formula"), FORMULAS, ids=lambda value: None if callable(value) else str(value)
)
def test_a_loss_is_its_formula_for_each_sample_and_step(kind, parameters, formula, steps):
    loss = BY_KIND[kind](**parameters)
    targets = [Target(kind, 3, steps) for kind in ("classes", "labels", "values")] + [Target("classes", 2, steps)]
    served = [(target, units) for target in targets for units in loss.units_for(target)]
    assert served
    for target, units in served:
        y, p = encoded(target, units)
        if target.kind == "values" and loss.unit_per_share:
            y, p = y / 5, p / 7  # to values between 0 and 1
        if "categorical" in kind or kind == "kl_divergence":
            p = p if "from_logits" in parameters else softmax(p)
        ours = loss.build(keras)(ops.convert_to_tensor(y), ops.convert_to_tensor(p)).numpy()
        assert ours.shape == (SAMPLES, *steps)
        np.testing.assert_allclose(ours, formula(y.astype(np.float64), p.astype(np.float64)), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("member", LOSSES, ids=kind_of)
def test_a_loss_takes_kerass_parameters_and_defaults(member):
    signature = inspect.signature(getattr(keras.losses, kind_of(member)))
    theirs = {name: each.default for name, each in signature.parameters.items()}
    given = GIVEN.get(kind_of(member), {})
    for name in ("y_true", "y_pred", *({"axis"} - set(member.model_fields)), *given):
        theirs.pop(name, None)
    assert member(**given).model_dump(exclude={"kind", *given}) == theirs


def test_every_loss_of_keras_is_on_the_shelf_or_left_out_for_a_reason():
    functions = {name for name, value in vars(keras.losses).items() if inspect.isfunction(value)}
    assert functions - {"get", "serialize", "deserialize"} - OTHER_TARGETS == set(BY_KIND)


def test_the_adding_problem_costs_a_sixth_where_nothing_is_remembered():
    adding = next(member for member in DATASETS if kind_of(member) == "adding")
    data = adding(samples=8000, length=20).load()
    losses = BY_KIND["mean_squared_error"]().build(keras)(data.train_y, np.ones_like(data.train_y))
    assert float(ops.mean(losses)) == pytest.approx(1 / 6, rel=0.05)


def gathered(metric, y, p):
    """A whole epoch as one program compiled by XLA: two batches of 20, the last of 13."""

    @tf.function(jit_compile=True, autograph=False)
    def epoch(y, p):
        totals = tf.zeros(metric.sum_count)
        for begin in range(0, SAMPLES, BATCH):
            totals += ops.sum(metric.sums(y[begin : begin + BATCH], p[begin : begin + BATCH], ops), axis=0)
        return metric.finish(totals, tf.constant(float(SAMPLES)), ops)

    return float(epoch(tf.constant(y), tf.constant(p)))


def kerass(metric, y, p):
    for begin in range(0, SAMPLES, BATCH):
        metric.update_state(y[begin : begin + BATCH], p[begin : begin + BATCH])
    return float(metric.result())


def flat(metric):
    """Some of Keras's metrics want rows: time steps become samples."""

    class Flat:
        def update_state(self, y, p):
            metric.update_state(y.reshape(-1, y.shape[-1]), p.reshape(-1, p.shape[-1]))

        def result(self):
            return metric.result()

    return Flat()


def of_both_classes(y, p):
    """One column of yes and no as the two columns that Keras's one-hot metrics take."""
    return np.concatenate([1 - y, y], axis=-1), np.concatenate([1 - p, p], axis=-1)


@pytest.mark.parametrize("steps", [(), (4,)], ids=["whole", "steps"])
@pytest.mark.parametrize(
    ("kind", "target", "units", "theirs"),
    [
        ("accuracy", Target("classes", 2), 1, lambda: keras.metrics.BinaryAccuracy()),
        ("accuracy", Target("classes", 2), 2, lambda: keras.metrics.CategoricalAccuracy()),
        ("accuracy", Target("classes", 7), 7, lambda: keras.metrics.CategoricalAccuracy()),
        ("accuracy", Target("labels", 3), 3, lambda: keras.metrics.BinaryAccuracy()),
        ("top_5_accuracy", Target("classes", 20), 20, lambda: keras.metrics.TopKCategoricalAccuracy(k=5)),
        ("precision", Target("classes", 2), 1, lambda: keras.metrics.Precision()),
        ("precision", Target("labels", 3), 3, lambda: keras.metrics.Precision()),
        ("recall", Target("classes", 2), 1, lambda: keras.metrics.Recall()),
        ("recall", Target("labels", 3), 3, lambda: keras.metrics.Recall()),
        ("f1_score", Target("classes", 2), 1, lambda: flat(keras.metrics.F1Score("micro", threshold=0.5))),
        ("f1_score", Target("labels", 3), 3, lambda: flat(keras.metrics.F1Score("micro", threshold=0.5))),
        ("mean_absolute_error", Target("values", 3), 3, lambda: keras.metrics.MeanAbsoluteError()),
        ("mean_squared_error", Target("values", 3), 3, lambda: keras.metrics.MeanSquaredError()),
        ("root_mean_squared_error", Target("values", 3), 3, lambda: keras.metrics.RootMeanSquaredError()),
        ("r2_score", Target("values", 3), 3, lambda: flat(keras.metrics.R2Score())),
        ("true_positives", Target("labels", 3), 3, lambda: keras.metrics.TruePositives()),
        ("false_positives", Target("classes", 2), 1, lambda: keras.metrics.FalsePositives()),
        ("true_negatives", Target("labels", 3), 3, lambda: keras.metrics.TrueNegatives()),
        ("false_negatives", Target("labels", 3), 3, lambda: keras.metrics.FalseNegatives()),
        ("auc", Target("labels", 3), 3, lambda: keras.metrics.AUC()),
        ("auc", Target("classes", 2), 1, lambda: keras.metrics.AUC()),
        ("binary_io_u", Target("labels", 3), 3, lambda: keras.metrics.BinaryIoU()),
        ("one_hot_mean_io_u", Target("classes", 7), 7, lambda: keras.metrics.OneHotMeanIoU(7)),
        ("binary_crossentropy", Target("labels", 3), 3, lambda: keras.metrics.BinaryCrossentropy()),
        ("categorical_crossentropy", Target("classes", 7), 7, lambda: keras.metrics.CategoricalCrossentropy()),
        ("kl_divergence", Target("classes", 7), 7, lambda: keras.metrics.KLDivergence()),
        ("hinge", Target("labels", 3), 3, lambda: keras.metrics.Hinge()),
        ("squared_hinge", Target("classes", 2), 1, lambda: keras.metrics.SquaredHinge()),
        ("categorical_hinge", Target("classes", 7), 7, lambda: keras.metrics.CategoricalHinge()),
        ("poisson", Target("values", 3), 3, lambda: keras.metrics.Poisson()),
        ("log_cosh_error", Target("values", 3), 3, lambda: keras.metrics.LogCoshError()),
        ("cosine_similarity", Target("values", 3), 3, lambda: keras.metrics.CosineSimilarity()),
        ("mean_absolute_percentage_error", Target("values", 3), 3, lambda: keras.metrics.MeanAbsolutePercentageError()),
        ("mean_squared_logarithmic_error", Target("values", 3), 3, lambda: keras.metrics.MeanSquaredLogarithmicError()),
    ],
    ids=lambda value: "" if callable(value) else str(value),
)
def test_an_epochs_metric_is_kerass(kind, target, units, theirs, steps):
    target = Target(target.kind, target.count, steps)
    y, p = encoded(target, units)
    (metric,) = bind([kind], target)
    expected = kerass(theirs(), y, p)
    assert gathered(metric, y, p) == pytest.approx(expected, rel=1e-5)
    assert expected not in (0, 1)


@pytest.mark.parametrize("kind", ["precision", "recall"])
def test_of_two_units_the_second_is_asked_as_by_keras(kind):
    y, p = of_both_classes(*encoded(Target("classes", 2), 1))
    cls = {"precision": keras.metrics.Precision, "recall": keras.metrics.Recall}[kind]
    (metric,) = bind([kind], Target("classes", 2))
    assert gathered(metric, y, p) == pytest.approx(kerass(cls(class_id=1, top_k=1), y, p), rel=1e-6)


def test_accuracy_of_logits_is_kerass_at_threshold_zero():
    y, p = encoded(Target("labels", 3), 3)
    logits = np.log(p / (1 - p))
    loss = BY_KIND["binary_crossentropy"](from_logits=True)
    (metric,) = bind(["accuracy"], Target("labels", 3), threshold=loss.threshold)
    assert gathered(metric, y, logits) == pytest.approx(kerass(keras.metrics.BinaryAccuracy(threshold=0.0), y, logits))
    assert gathered(metric, y, logits) == pytest.approx(kerass(keras.metrics.BinaryAccuracy(), y, p))


def test_a_centred_score_keeps_its_digits_in_the_compiled_program():
    random = np.random.default_rng(2)
    y = (3000 + random.normal(0, 1, (SAMPLES, 1))).astype(np.float32)
    p = (y + random.normal(0, 0.5, y.shape)).astype(np.float32)
    expected = r2_score(y.astype(np.float64), p.astype(np.float64))
    (metric,) = bind(["r2_score"], Target("values", 1), centre=(3000.5,))
    assert gathered(metric, y, p) == pytest.approx(expected, abs=1e-5)
    assert abs(kerass(keras.metrics.R2Score(), y, p) - expected) > 1e-3
