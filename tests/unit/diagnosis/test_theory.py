"""Expectations of the theory: against formulas, other ways of computing, and many draws."""

import math
from itertools import pairwise

import numpy as np
import pytest

from gradlab.diagnosis.view_of_experiment import ExperimentView
from gradlab.facts import of_spec
from gradlab.frozen import kind_of
from gradlab.spec.recording import PROBE_SAMPLES
from gradlab.theory import (
    born_dead_bound,
    born_dead_chance,
    critical_weight_variance,
    hidden_relus,
    moments,
    predict,
)
from gradlab.theory.activations import CURVES, curve
from gradlab.theory.advised import reference
from gradlab.theory.born_dead import draw
from gradlab.theory.weights import MOMENTS, fans
from gradlab.vocabulary.activations import ACTIVATIONS
from gradlab.vocabulary.initializers import INITIALIZERS
from tests.builders import a_spec
from tests.science import meanfield
from tests.unit.diagnosis.histories import a_network, dense

PARAMETERS = {"threshold": {"threshold": 0.3, "default_value": -1.0}}
OTHERS = [
    ("relu", {"negative_slope": 0.1, "max_value": 2.0, "threshold": 0.5}),
    ("leaky_relu", {"negative_slope": 0.4}),
    ("elu", {"alpha": 2.0}),
    ("celu", {"alpha": 0.5}),
    ("gelu", {"approximate": True}),
    ("squareplus", {"b": 1.0}),
    ("soft_shrink", {"threshold": 1.0}),
]
FUNCTIONS = [
    *(member(**PARAMETERS.get(kind_of(member), {})) for member in ACTIVATIONS if member.per_unit),
    *({kind_of(member): member for member in ACTIVATIONS}[kind](**parameters) for kind, parameters in OTHERS),
]
DRAWN = [
    {"kind": "random_uniform", "minval": -0.2, "maxval": 1.0},
    {"kind": "random_normal", "mean": 0.3, "stddev": 0.7},
    {"kind": "truncated_normal", "mean": -0.4, "stddev": 1.5},
    {"kind": "variance_scaling", "scale": 3.0, "mode": "fan_out", "distribution": "untruncated_normal"},
    {"kind": "variance_scaling", "scale": 0.5, "mode": "fan_avg", "distribution": "truncated_normal"},
    {"kind": "variance_scaling", "scale": 0.5, "mode": "fan_in", "distribution": "uniform"},
    {"kind": "constant", "value": 0.25},
    {"kind": "identity", "gain": 2.0},
    {"kind": "orthogonal", "gain": 1.5},
    *({"kind": kind_of(member)} for member in INITIALIZERS if kind_of(member) not in ("constant", "orthogonal")),
]


def normal(variance: float) -> dict:
    return {"kind": "variance_scaling", "scale": variance, "distribution": "untruncated_normal"}


def initializer(fields: dict):
    return next(member for member in INITIALIZERS if kind_of(member) == fields["kind"]).model_validate(fields)


class TestActivations:
    def test_every_activation_that_acts_on_each_unit_has_its_twin(self):
        assert set(CURVES) == {kind_of(member) for member in ACTIVATIONS if member.per_unit}

    def test_the_derivative_is_the_functions_slope(self):
        z = np.linspace(-7.03, 7.01, 1001)  # no corner among them
        step = 1e-5
        for function in FUNCTIONS:
            difference = (curve(function, z + step)[0] - curve(function, z - step)[0]) / (2 * step)
            smooth = np.abs(difference) < 1e3  # a jump has no slope
            slopes = curve(function, z)[1][smooth]
            np.testing.assert_allclose(slopes, difference[smooth], atol=2e-5, rtol=1e-4, err_msg=str(function))

    def test_no_slope_is_steeper_than_the_shelf_says(self):
        for function in FUNCTIONS:
            slopes = np.abs(curve(function, np.linspace(-12, 12, 20_001))[1])
            if function.steepest is not None:
                assert slopes.max() <= function.steepest + 1e-4, function
                if function.kind != "hard_silu":  # its steepest is at a corner
                    assert slopes.max() >= 0.99 * function.steepest, function

    def test_far_out_nothing_warns(self):
        for function in FUNCTIONS:
            curve(function, np.array([-1e4, -800.0, 800.0, 1e4, np.inf, -np.inf, np.nan]))


class TestInitializers:
    def test_every_initializer_has_its_moments(self):
        assert set(MOMENTS) == {kind_of(member) for member in INITIALIZERS}

    @pytest.mark.parametrize("fields", DRAWN, ids=str)
    def test_moments_are_those_of_many_draws(self, fields):
        drawn, shape = initializer(fields), (300, 200)
        tensor = draw(drawn, shape, np.random.default_rng(1))
        known = moments(drawn, shape)
        if fields["kind"] == "identity":  # no common mean: every unit looks at another input
            assert known.mean == 0
            assert known.variance == pytest.approx((tensor**2).mean())
            return
        error = tensor.std() / math.sqrt(tensor.size)
        assert known.mean == pytest.approx(tensor.mean(), abs=5 * error + 1e-12)
        assert known.variance == pytest.approx(tensor.var(), rel=0.03, abs=1e-12)

    def test_a_kernel_that_slides_counts_the_positions_that_it_covers(self):
        assert fans((3, 3, 4, 8)) == (36, 72)
        assert fans((7,)) == (7, 7)
        assert moments(initializer({"kind": "he_normal"}), (3, 3, 4, 8)).variance == pytest.approx(2 / 36)

    def test_the_literatures_variances(self):
        functions = {kind_of(member): member for member in ACTIVATIONS if not PARAMETERS.get(kind_of(member))}
        assert reference(functions["relu"](), (10, 30)) == 2 / 10
        assert reference(functions["tanh"](), (10, 30)) == 2 / 40
        assert reference(functions["selu"](), (10, 30)) == 1 / 10


class TestMeanField:
    def network(self, depth: int, activation: str, kernel, **more):
        width = more.pop("width", 64)
        return a_network(dense(width, activation, kernel, repeat=depth, **more), dataset=GAUSSIAN)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("activation", "variance"), [("tanh", 1.0), ("tanh", 1 / 3), ("tanh", 3.0), ("sigmoid", 1.0), ("selu", 1.0)]
    )
    def test_agrees_with_the_other_integration(self, activation: str, variance: float):
        prediction = predict(self.network(12, activation, normal(variance)).network)
        assert prediction is not None
        q = meanfield.lengths(activation, 12, variance, 0.0)
        chi = meanfield.growth(activation, 12, variance, 0.0)
        np.testing.assert_allclose([layer.second_moment for layer in prediction.layers], q, rtol=1e-3)
        np.testing.assert_allclose(prediction.growths, chi[:-1], rtol=1e-3)
        assert prediction.factor == pytest.approx(np.sqrt(np.prod(chi[:-1])) ** (1 / 11), rel=1e-3)
        assert prediction.depth_scale == pytest.approx(1 / abs(np.log(chi[:-1]).mean()), rel=1e-2)

    def test_relu_keeps_its_signals_with_he_and_halves_their_squares_with_glorot(self):
        he, glorot = (predict(self.network(20, "relu", kernel).network) for kernel in ("he_normal", "glorot_normal"))
        assert he is not None
        assert glorot is not None
        np.testing.assert_allclose(he.growths, 1.0, rtol=1e-4)
        np.testing.assert_allclose(glorot.growths, 0.5, rtol=1e-4)
        assert he.depth_scale > 1e3
        assert glorot.depth_scale == pytest.approx(1 / math.log(2), rel=1e-3)

    def test_biases_add_their_variance(self):
        spec = self.network(1, "tanh", normal(2.0), bias_initializer={"kind": "random_normal", "stddev": 0.5})
        (layer,) = predict(spec.network).layers
        assert layer.second_moment == pytest.approx(2.25)

    def test_starts_from_the_inputs_that_there_are(self):
        spec = self.network(1, "tanh", normal(2.0))
        (layer,) = predict(spec.network, np.full((5, 64), 3.0)).layers
        assert layer.second_moment == pytest.approx(18.0)

    def test_a_mean_makes_what_units_have_in_common(self):
        kernel = {"kind": "random_normal", "mean": 0.1, "stddev": 0.2}
        (layer,) = predict(self.network(1, "tanh", kernel).network, np.ones((3, 64))).layers
        common, own = (64 * 0.1) ** 2, 64 * 0.2**2
        assert layer.second_moment == pytest.approx(common + own)
        assert layer.common_share == pytest.approx(common / (common + own))

    def test_five_tanh_layers_drawn_from_0_to_1_are_nothing_but_common(self):
        spec = a_network(dense(initializer={"kind": "random_uniform", "minval": 0, "maxval": 1}, repeat=5))
        probe = spec.dataset.load().train_x[:PROBE_SAMPLES].astype(np.float64)
        layers = predict(spec.network, probe).layers
        assert layers[-1].common_share > 0.9
        assert layers[0].slope > 0.8
        assert layers[-1].slope < 0.2

    def test_what_arrives_is_told_in_lengths(self):
        spec = a_network(dense(16, "linear", normal(1.0)), dense(4, "linear", normal(1.0)), dataset=GAUSSIAN)
        prediction = predict(spec.network)
        output = moments(initializer({"kind": "glorot_uniform"}), (4, 1)).variance
        # δ₂² = Var(W₃), δ₁² = 4·(1/16)·δ₂²; 16 units against 1.
        assert prediction.arriving == pytest.approx(math.sqrt(16 * 4 / 16 * output))

    def test_a_residual_block_adds_what_passes_by(self):
        block = {"kind": "residual", "layers": [dense(64, "linear", normal(2.0))], "scale": 0.5, "repeat": 3}
        prediction = predict(a_network(dense(64, "linear", normal(1.0)), block, dataset=GAUSSIAN).network)
        blocks = [layer for layer in prediction.layers if layer.layer.startswith("residual")]
        growth = 1 + 0.5**2 * 2.0
        np.testing.assert_allclose([b.second_moment / a.second_moment for a, b in pairwise(blocks)], growth)
        np.testing.assert_allclose([a.signal / b.signal for a, b in pairwise(blocks)], growth)

    def test_an_activation_may_stand_in_a_layer_of_its_own(self):
        activation, dropout = {"kind": "activation", "activation": "tanh"}, {"kind": "dropout", "rate": 0.2}
        linear, tanh = dense(64, "linear", normal(2.0)), dense(64, "tanh", normal(2.0))
        apart = predict(a_network(linear, activation, dropout, tanh, dataset=GAUSSIAN).network)
        together = predict(a_network(tanh, tanh, dataset=GAUSSIAN).network)
        assert [layer.layer for layer in apart.layers] == ["dense_1", "activation_1", "dense_2"]
        for one, other in zip(apart.layers[1:], together.layers, strict=True):
            assert (one.second_moment, one.signal) == pytest.approx((other.second_moment, other.signal))

    @pytest.mark.parametrize(
        "layer",
        [
            {"kind": "batch_normalization"},
            {"kind": "activation", "activation": "softmax"},
            dense(64, "tanh", "identity"),
        ],
    )
    def test_of_what_theory_does_not_cover_it_says_nothing(self, layer):
        assert predict(a_network(dense(64), layer, dataset=GAUSSIAN).network) is None

    def test_of_a_network_without_hidden_layers_it_says_nothing(self):
        assert predict(a_spec(layers=1).network) is None

    @pytest.mark.slow
    def test_pretrained_layers_are_not_what_was_drawn(self):
        training = {"loss": "binary_crossentropy", "optimizer": "sgd", "epochs": 30, "pretraining": "autoencoder"}
        spec = a_network(dense(5, "relu", "he_uniform", repeat=20), training=training)
        view = ExperimentView(spec, of_spec(spec))
        assert view.expected is None
        assert math.isnan(view.born_dead)
        without = spec.model_copy(update={"training": spec.training.model_copy(update={"pretraining": None})})
        assert ExperimentView(without, of_spec(without)).born_dead > 0

    def test_weights_beyond_all_bounds_give_infinities_and_no_warning(self):
        kernel = {"kind": "random_normal", "stddev": 1e6}
        prediction = predict(self.network(60, "relu", kernel).network)
        assert prediction.arriving > 1e50
        assert predict(self.network(3, "relu", "zeros").network).arriving == 0


class TestBorder:
    def border(self, kind: str, bias_variance: float, **parameters) -> float | None:
        activation = {kind_of(member): member for member in ACTIVATIONS}[kind](**parameters)
        return critical_weight_variance(activation, bias_variance)

    def test_without_biases_tanh_has_it_where_it_is_linear(self):
        assert self.border("tanh", 0.0) == pytest.approx(1.0, abs=1e-4)

    @pytest.mark.parametrize(("bias_variance", "weight_variance"), [(0.01, 1.424), (0.05, 1.76), (0.5, 2.83)])
    def test_iterated_to_the_fixed_point_the_signal_neither_grows_nor_shrinks(self, bias_variance, weight_variance):
        """(1.76, 0.05) is in figure 2 of Schoenholz et al. 2017; Gauss and Hermite's points are another integration."""
        border = self.border("tanh", bias_variance)
        assert border == pytest.approx(weight_variance, rel=0.01)
        points, weights = np.polynomial.hermite_e.hermegauss(60)
        weights, q = weights / weights.sum(), 1.0
        for _ in range(400):
            q = border * float(weights @ np.tanh(np.sqrt(q) * points) ** 2) + bias_variance
        slopes = 1 - np.tanh(np.sqrt(q) * points) ** 2
        assert border * float(weights @ slopes**2) == pytest.approx(1.0, abs=2e-4)

    @pytest.mark.parametrize("bias_variance", [0.0, 0.05, 1000.0])
    def test_of_relus_it_does_not_depend_on_biases(self, bias_variance):
        assert self.border("relu", bias_variance) == pytest.approx(2.0)
        assert self.border("leaky_relu", bias_variance, negative_slope=0.5) == pytest.approx(2 / 1.25)

    def test_other_activations_have_none_and_too_large_biases_neither(self):
        assert self.border("sigmoid", 0.05) is None
        assert self.border("relu", 0.05, max_value=6.0) is None
        assert self.border("softmax", 0.05) is None
        assert self.border("threshold", 0.05, threshold=0.0, default_value=-1.0) is None
        assert self.border("tanh", 1000.0) is None


GAUSSIAN = {"kind": "gaussian_quantiles", "features": 64, "classes": 2, "samples": 64}


class TestBornDead:
    def layers(self, depth: int, width: int, **more):
        return hidden_relus(a_network(dense(width, "relu", "he_uniform", repeat=depth, **more)).network)

    @pytest.mark.parametrize(("width", "found"), [(2, 0.876), (3, 0.575), (5, 0.116)])
    def test_on_one_input_ten_layers_die_as_lu_et_al_count(self, width: int, found: float):
        spec = a_network(
            dense(width, "relu", normal(2.0), repeat=10), dataset=ONE_FEATURE, output=dense(1, "linear"), **REGRESSION
        )
        x = np.linspace(-3, 3, 101)[:, None]
        assert born_dead_chance(hidden_relus(spec.network), x) == pytest.approx(found, abs=0.11)

    def test_the_bound(self):
        assert born_dead_bound(self.layers(3, 2)) == pytest.approx(1 - 0.75**3)

    def test_wide_networks_are_not_drawn_at_all(self):
        assert born_dead_chance(self.layers(5, 64), np.ones((10, 2))) == 0

    def test_wide_networks_can_be_killed_by_their_biases(self):
        layers = self.layers(2, 64, bias_initializer={"kind": "constant", "value": -50.0})
        assert born_dead_chance(layers, np.ones((10, 2))) == 1

    @pytest.mark.slow
    def test_twice_the_same(self):
        layers, x = self.layers(10, 5), np.random.default_rng(0).normal(size=(20, 2))
        assert born_dead_chance(layers, x) == born_dead_chance(layers, x)

    @pytest.mark.parametrize(
        "layer", [dense(), dense(activation={"kind": "relu", "negative_slope": 0.1}), {"kind": "layer_normalization"}]
    )
    def test_only_networks_of_nothing_but_relus_are_asked(self, layer):
        assert hidden_relus(a_network(dense(5, "relu"), layer).network) == ()


ONE_FEATURE = {"kind": "regression", "features": 1, "samples": 40}
REGRESSION = {"training": {"loss": "mean_squared_error", "optimizer": "sgd", "epochs": 30}}
