"""Facts about the data before any network sees them: the two ends of the scale, and what there is to learn."""

import math
from typing import Any

import numpy as np
import pytest

from gradlab.facts import of_spec
from gradlab.facts.baseline import baseline, encoded
from gradlab.facts.learnable import linear_model_score, neighbours_score
from gradlab.vocabulary.datasets import Dataset, DatasetSpec
from gradlab.vocabulary.losses import LOSSES, LossFunction
from gradlab.vocabulary.targets import Target
from tests.unit.diagnosis.histories import EPOCHS, a_network, dense

TWO, THREE, LABELS, VALUES = Target("classes", 2), Target("classes", 3), Target("labels", 2), Target("values", 2)
BY_KIND = {member.model_fields["kind"].default: member for member in LOSSES}
CLASSES = np.array([0] * 5 + [1] * 3 + [2] * 2)
NUMBERS = np.random.default_rng(0).gamma(2.0, 1.5, (400, 2))


def loss(kind: str, **parameters: Any) -> LossFunction:
    return BY_KIND[kind](**parameters)


def entropy(*shares: float) -> float:
    return -sum(share * math.log(share) for share in shares)


# Parameters of losses that have no default.
GIVEN = {"categorical_generalized_cross_entropy": {"q": 0.7}, "dice": {"axis": -1}, "tversky": {"axis": -1}}


class TestTheBestConstant:
    def test_loses_the_entropy_of_the_classes(self):
        y = encoded(CLASSES, THREE, 3)
        for kind in ("categorical_crossentropy", "kl_divergence"):
            assert baseline(loss(kind), y, THREE) == pytest.approx((entropy(0.5, 0.3, 0.2), 0.0))

    def test_loses_the_entropy_of_two_classes_before_one_unit(self):
        y = encoded(np.array([0, 0, 0, 1]), TWO, 1)
        found = baseline(loss("binary_crossentropy"), y, TWO)
        assert found == pytest.approx((entropy(0.75, 0.25), 0.0), abs=1e-6)

    def test_loses_the_mean_entropy_of_the_labels(self):
        y = encoded(np.array([[1, 0], [1, 0], [0, 0], [0, 1.0]]), LABELS, 2)
        found = baseline(loss("binary_crossentropy"), y, LABELS)
        assert found == pytest.approx(((entropy(0.5, 0.5) + entropy(0.75, 0.25)) / 2, 0.0), abs=1e-6)

    def test_smoothed_targets_cost_even_who_knows_them(self):
        y = encoded(CLASSES, THREE, 3)
        constant, perfect = baseline(loss("categorical_crossentropy", label_smoothing=0.3), y, THREE)
        assert perfect == pytest.approx(entropy(0.8, 0.1, 0.1))
        assert constant == pytest.approx(entropy(0.45, 0.31, 0.24))
        half = encoded(np.array([0, 1]), TWO, 1)
        assert baseline(loss("binary_crossentropy", label_smoothing=0.2), half, TWO)[1] == pytest.approx(
            entropy(0.9, 0.1)
        )

    def test_loses_the_variance_the_deviation_from_the_median_and_the_like(self):
        y = encoded(NUMBERS, VALUES, 2)
        deviation = np.abs(NUMBERS - np.median(NUMBERS, axis=0)).mean()
        assert baseline(loss("mean_squared_error"), y, VALUES)[0] == pytest.approx(NUMBERS.var(axis=0).mean())
        assert baseline(loss("mean_absolute_error"), y, VALUES)[0] == pytest.approx(deviation, rel=1e-6)
        logarithms = np.log1p(NUMBERS).var(axis=0).mean()
        assert baseline(loss("mean_squared_logarithmic_error"), y, VALUES)[0] == pytest.approx(logarithms)
        mean = NUMBERS.mean(axis=0)
        assert baseline(loss("poisson"), y, VALUES)[0] == pytest.approx((mean - mean * np.log(mean)).mean())

    def test_of_poisson_even_who_knows_the_counts_loses(self):
        _, perfect = baseline(loss("poisson"), encoded(NUMBERS, VALUES, 2), VALUES)
        assert perfect == pytest.approx((NUMBERS - NUMBERS * np.log(NUMBERS)).mean())

    def test_hinges(self):
        y = encoded(np.array([0, 0, 0, 1]), TWO, 1)
        assert baseline(loss("hinge"), y, TWO) == pytest.approx((2 * 0.25, 0.0), abs=1e-6)
        assert baseline(loss("squared_hinge"), y, TWO) == pytest.approx((4 * 0.25 * 0.75, 0.0), abs=1e-6)
        assert baseline(loss("categorical_hinge"), encoded(CLASSES, THREE, 3), THREE) == pytest.approx((1.0, 0.0))
        many = encoded(np.array([0] * 8 + [1, 2]), THREE, 3)
        assert baseline(loss("categorical_hinge"), many, THREE)[0] == pytest.approx(2 * 0.2)

    @pytest.mark.parametrize(
        "kind", ["categorical_focal_crossentropy", "categorical_crossentropy", "categorical_hinge"]
    )
    def test_no_other_constant_over_classes_loses_less(self, kind: str):
        shares, random = np.array([0.6, 0.3, 0.1]), np.random.default_rng(3)
        y = np.repeat(np.eye(3), (60, 30, 10), axis=0)
        found, _ = baseline(loss(kind), y, THREE)
        if kind == "categorical_hinge":
            scores = random.normal(size=(20_000, 3)) * 2
            others = [np.maximum(0, np.where(np.eye(3)[k] > 0, -np.inf, scores).max(axis=1)) for k in range(3)]
            losses = sum(
                s * np.maximum(0, 1 + o - scores[:, k]) for k, (s, o) in enumerate(zip(shares, others, strict=True))
            )
        else:
            p = random.dirichlet([1, 1, 1], 20_000)
            power = 2.0 if "focal" in kind else 0.0
            losses = (shares * (1 - p) ** power * -np.log(p)).sum(axis=1) * (0.25 if "focal" in kind else 1.0)
        assert found <= losses.min() + 1e-9
        assert found == pytest.approx(losses.min(), rel=0.02)

    @pytest.mark.parametrize(
        ("loss", "formula"),
        [
            ({"kind": "categorical_generalized_cross_entropy", "q": 0.7}, lambda p: (1 - p**0.7) / 0.7),
            ({"kind": "dice", "axis": -1}, lambda p: 1 - p),
            ({"kind": "tversky", "axis": -1}, lambda p: 1 - p),
            ({"kind": "tversky", "axis": -1, "alpha": 0.1, "beta": 0.3}, lambda p: 1 - p / (p + 0.4 * (1 - p))),
        ],
        ids=("generalised", "dice", "tversky", "tversky of other weights"),
    )
    def test_the_best_constant_is_the_best_on_a_grid(self, loss, formula):
        p = np.stack([(x := np.linspace(1e-9, 1 - 1e-9, 20_001)), 1 - x], axis=1)
        y = np.eye(2)[(np.arange(10) < 3).astype(int)]
        losses = (y.mean(axis=0) * formula(p)).sum(axis=1)
        constant, perfect = baseline(BY_KIND[loss["kind"]].model_validate(loss), y, TWO)
        assert constant == pytest.approx(losses.min(), abs=1e-6)
        assert perfect == 0

    def test_the_best_constant_direction_is_that_of_the_mean(self):
        y = np.random.default_rng(0).normal((1, 0.5), 1, (200, 2))
        angles = np.linspace(0, 2 * np.pi, 4001)
        unit = y / np.linalg.norm(y, axis=1, keepdims=True)
        losses = -(unit @ np.stack([np.cos(angles), np.sin(angles)])).mean(axis=0)
        constant, perfect = baseline(BY_KIND["cosine_similarity"](), y, VALUES)
        assert (constant, perfect) == (pytest.approx(losses.min(), abs=1e-5), -1)

    @pytest.mark.parametrize("kind", sorted(BY_KIND))
    def test_every_loss_has_its_two_ends(self, kind: str):
        member = BY_KIND[kind]
        target = next(each for each in (THREE, TWO, VALUES) if member.units_for(each))
        y = encoded(NUMBERS if target is VALUES else CLASSES % target.count, target, member.units_for(target)[-1])
        constant, perfect = baseline(member(**GIVEN.get(kind, {})), y, target)
        assert math.isfinite(constant)
        assert constant > perfect


def data(x: np.ndarray, y: np.ndarray) -> Dataset:
    return Dataset(x[::2], y[::2], x[1::2], y[1::2])


class TestNeighbours:
    X = np.random.default_rng(1).normal(size=(1000, 3))

    def test_know_everything_where_classes_lie_apart(self):
        y = (self.X[:, 0] > 0).astype(int)
        assert neighbours_score(data(self.X + 5 * y[:, None], y), TWO) == 1

    def test_know_nothing_where_there_is_nothing_to_know(self):
        y = np.random.default_rng(2).integers(0, 2, 1000)
        assert abs(neighbours_score(data(self.X, y), TWO)) < 0.15

    @pytest.mark.slow
    def test_a_feature_in_another_unit_does_not_decide_alone(self):
        y = (self.X[:, 0] > 0).astype(int)
        scaled = self.X * [1, 1000, 1]
        assert neighbours_score(data(scaled, y), TWO) == neighbours_score(data(self.X, y), TWO) > 0.7

    @pytest.mark.slow
    def test_a_constant_feature_does_not_matter(self):
        y = (self.X[:, 0] > 0).astype(int)
        with_constant = np.concatenate([self.X, np.full((1000, 1), 7.0)], axis=1)
        assert neighbours_score(data(with_constant, y), TWO) == neighbours_score(data(self.X, y), TWO)

    @pytest.mark.slow
    def test_of_values_it_is_r2_and_of_labels_the_mean_over_them(self):
        assert neighbours_score(data(self.X, self.X[:, :2]), VALUES) == pytest.approx(0.97, abs=0.02)
        assert neighbours_score(data(self.X, (self.X[:, :2] > 0).astype(float)), LABELS) > 0.7

    def test_of_answers_at_every_time_step_nothing_is_said(self):
        assert math.isnan(neighbours_score(data(self.X, np.zeros((1000, 3), int)), Target("classes", 2, (3,))))

    def test_where_the_constant_is_always_right_nothing_is_said(self):
        assert math.isnan(neighbours_score(data(self.X, np.zeros(1000, int)), TWO))


class TestTheLinearModel:
    X = np.random.default_rng(1).normal(size=(120, 40))

    def test_knows_what_neighbours_do_not_where_samples_are_few_for_their_features(self):
        values = self.X[:, :2] + 0.1 * np.random.default_rng(2).normal(size=(120, 2))
        few = data(self.X, values)
        assert linear_model_score(few, VALUES) > 0.85 > 0.4 > neighbours_score(few, VALUES)

    def test_knows_a_line_between_classes_and_nothing_of_a_circle(self):
        line, circle = (self.X[:, 0] > 0).astype(int), (np.abs(self.X[:, 0]) > 0.7).astype(int)
        assert linear_model_score(data(self.X, line), TWO) > 0.4
        assert linear_model_score(data(self.X, circle), TWO) < 0.2

    def test_says_nothing_of_answers_at_every_time_step(self):
        assert math.isnan(linear_model_score(data(self.X, np.zeros((120, 3), int)), Target("classes", 2, (3,))))

    def test_tells_labels_and_one_value(self):
        assert linear_model_score(data(self.X, (self.X[:, :2] > 0).astype(float)), LABELS) > 0.3
        assert linear_model_score(data(self.X, self.X[:, 0]), Target("values", 1)) > 0.95


class TestFacts:
    def test_of_the_circles(self):
        known = of_spec(a_network())
        assert known.constant_loss == pytest.approx(entropy(*known.class_shares))
        assert known.constant_accuracy == max(known.class_shares)
        assert sum(known.class_shares) == pytest.approx(1)
        assert known.target_range == (0, 1)
        assert known.inputs.features == len(known.inputs.mean) == len(known.inputs.std) == 2

    def test_samples_are_loaded_once_for_all_networks_on_them(self, monkeypatch):
        of_spec(a_network())
        monkeypatch.setattr(DatasetSpec, "load", lambda _: pytest.fail("loaded again"))
        assert of_spec(a_network(dense(9))).inputs is of_spec(a_network()).inputs

    def test_of_values_there_are_no_classes(self):
        training = {"loss": "mean_squared_error", "optimizer": "sgd", "epochs": EPOCHS}
        spec = a_network(output=dense(1, "linear"), dataset={"kind": "regression", "samples": 40}, training=training)
        known = of_spec(spec)
        assert known.class_shares == ()
        assert math.isnan(known.constant_accuracy)
        assert known.constant_loss == pytest.approx(known.target_std**2)
        assert known.target_std > 50
