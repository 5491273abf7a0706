"""Signals in deep networks with random weights: measured by the engine, predicted by the literature."""

import numpy as np
import pytest

from gradlab.spec import ExperimentSpec
from tests.campaigns import one_in
from tests.science.initially import at_epoch_0, deep, normal
from tests.science.meanfield import growth, growth_at, hermite, lengths
from tests.science.sampling import assert_mean


def squared_signals(spec: ExperimentSpec) -> np.ndarray:
    """(seeds, hidden layers) of δ²."""
    return at_epoch_0(spec, "signals", "rms")[:, :-1] ** 2


def pre_activation_squares(spec: ExperimentSpec) -> np.ndarray:
    """(seeds, hidden layers) of the mean square of z."""
    mean, std = (at_epoch_0(spec, "activations", name)[:, :-1] for name in ("pre_mean", "pre_std"))
    return mean**2 + std**2


def kernel_gradients(spec: ExperimentSpec) -> np.ndarray:
    """(seeds, hidden layers) of the mean square of a kernel's gradient."""
    kernels = [place for place, each in enumerate(spec.layout["gradients"].tensors) if each.parameter == "kernel"]
    mean, std = (at_epoch_0(spec, "gradients", name)[:, kernels[:-1]] for name in ("mean", "std"))
    return mean**2 + std**2


def input_square(spec: ExperimentSpec) -> float:
    """The mean square of the inputs at hand."""
    return float((spec.dataset.load().train_x.astype(np.float64) ** 2).mean())


def growths(squares: np.ndarray) -> np.ndarray:
    """(seeds, hidden layers − 1): each layer's square by that of the layer after it."""
    return squares[:, :-1] / squares[:, 1:]


OLD = {"kind": "random_uniform", "minval": -(256**-0.5), "maxval": 256**-0.5}
GLOROT = [(OLD, 1 / 3), ("glorot_uniform", 1.0)]


@pytest.mark.parametrize(("initializer", "factor"), GLOROT, ids=["old", "theirs"])
def test_where_tanh_is_linear_the_old_heuristic_loses_two_thirds_of_the_signal_per_layer_and_glorot_nothing(
    initializer, factor
):
    """Glorot & Bengio 2010, equation 6: Var[δ_l] = Var[δ_{l+1}]·n·Var[W] where the slope is 1.

    U(−1/√n, 1/√n) has n·Var[W] = 1/3, theirs 1. Small inputs keep tanh in its linear regime. Tolerance: 4.5 standard
    errors over 16 networks, each at most 5 % of the factor.
    """
    spec = deep(5, 256, "tanh", initializer, scale=(-0.01, 0.01), seeds=range(16))
    assert_mean(growths(squared_signals(spec)) / factor, 1.0, sharp=0.05)
    fallen = squared_signals(spec)[:, 0] / squared_signals(spec)[:, -1]
    assert_mean(fallen / factor**4, 1.0, sharp=0.1)


@pytest.mark.parametrize(("initializer", "factor"), one_in(2, GLOROT, ids=lambda _, factor: f"{factor:.2f}"))
def test_where_tanh_bends_its_slope_is_lost_too_and_weight_gradients_tell_nothing_of_it(initializer, factor):
    """Glorot & Bengio 2010, equations 6 and 14: Var[δ_l] = Var[δ_{l+1}]·n·Var[W]·E[φ′²], but Var[∂L/∂W_l] is the same
    in every layer, as what is lost on the way back was gained on the way there.

    Tolerance: 4.5 standard errors over 16 networks, 2/n for the theory; weight gradients within a factor of 1.5.
    """
    spec = deep(5, 256, "tanh", initializer, seeds=range(16))
    predicted = growth("tanh", 5, factor, 0.0, input_square(spec))[:-1]
    assert_mean(growths(squared_signals(spec)) / predicted, 1.0, sharp=0.05, slack=2 / 256)
    if factor < 1:
        gradients = kernel_gradients(spec)
        assert squared_signals(spec)[:, 0].mean() < 0.03 * squared_signals(spec)[:, -1].mean()
        np.testing.assert_allclose(gradients.mean(axis=0) / gradients[:, -1].mean(), 1.0, rtol=0.5)


@pytest.mark.parametrize(("initializer", "per_layer"), one_in(2, [("he_normal", 1.0), ("glorot_normal", 0.5)]))
def test_he_keeps_the_variance_of_30_relu_layers_and_xavier_halves_it_in_each(initializer, per_layer):
    """He et al. 2015, equations 9 and 14: each relu layer multiplies by n·Var[W]/2, forward and backward alike: over L
    layers, Xavier's weights leave 2^(−L).

    The logarithm of a network's factor has the mean −β/2 about the prediction's, and the variance β = 5·Σ 1/n (Hanin &
    Nica 2018). Tolerance: 4.5 standard errors over 8 networks, each at most √(2β/8) = 0.38, beside 29·ln 2 = 20.1.
    """
    width, depth = 256, 30
    spec = deep(depth, width, "relu", initializer, seeds=range(8))
    signals, squares = squared_signals(spec), pre_activation_squares(spec)
    beta = 5 * (depth - 1) / width
    expected = (depth - 1) * np.log(per_layer) - beta / 2
    assert_mean(np.log(signals[:, 0] / signals[:, -1]), expected, sharp=np.sqrt(2 * beta / 8))
    assert_mean(np.log(squares[:, -1] / squares[:, 0]), expected, sharp=np.sqrt(2 * beta / 8))


MEAN_FIELD = [  # activation, σ_w², σ_b², which way; the first is measured for the lengths below, too
    ("tanh", 3.0, 0.0, "explodes"),
    ("tanh", 0.5, 0.0, "vanishes"),
    ("tanh", 1.76, 0.05, "stays"),
    ("sigmoid", 1.0, 0.0, "vanishes"),
    ("sigmoid", 16.0, 0.0, "vanishes"),
    ("selu", 1.0, 0.0, "explodes"),
    ("selu", 0.25, 0.0, "vanishes"),
]


@pytest.mark.parametrize(("activation", "weight_variance", "bias_variance", "way"), one_in(7, MEAN_FIELD))
def test_the_signals_growth_per_layer_is_that_of_the_mean_field(activation, weight_variance, bias_variance, way):
    """Schoenholz et al. 2017, equation 14: E[δ_l²] = χ_l·E[δ_{l+1}²] with χ_l = σ_w² ∫Dz φ′(√q_l z)², on both sides of
    the edge of chaos; q_l as each network has it, and as an infinitely wide one would.

    Tolerance: 4.5 standard errors over 24 networks, each at most 4 % of χ (8 % for all layers together), and 2/n per
    layer for what the theory of infinite width neglects.
    """
    width, depth = 256, 10
    spec = deep(depth, width, activation, normal(weight_variance), bias=bias_variance**0.5, seeds=range(24))
    measured, squares = growths(squared_signals(spec)), pre_activation_squares(spec)[:, :-1]
    own = growth_at(activation, weight_variance, squares)
    infinite = growth(activation, depth, weight_variance, bias_variance, input_square(spec))[:-1]
    for predicted in (own, infinite):
        assert_mean(measured / predicted, 1.0, sharp=0.04, slack=2 / width)
        together = (measured / predicted).prod(axis=1)
        assert_mean(together, 1.0, sharp=0.08, slack=2 * depth / width)
    after = growth(activation, 60, weight_variance, bias_variance)[-1]
    assert {"vanishes": after < 0.9, "stays": abs(after - 1) < 0.002, "explodes": after > 1.05}[way]


def test_the_pre_activations_lengths_are_those_of_the_mean_field():
    """Poole et al. 2016, equation 3: q_l = σ_w² ∫Dz φ(√q_{l−1} z)² + σ_b². Tolerance: 4.5 standard errors and 2/n."""
    spec = deep(10, 256, "tanh", normal(3.0), seeds=range(24))
    predicted = lengths("tanh", 10, 3.0, 0.0, input_square(spec))
    assert_mean(pre_activation_squares(spec) / predicted, 1.0, sharp=0.02, slack=2 / 256)


def test_the_integrals_are_those_of_the_literature():
    """Klambauer et al. 2017: with LeCun's weights selu has the fixed point q = 1, where χ = 1.0716. Schoenholz et al.
    2017, figure 2: tanh with σ_w² = 1.76, σ_b² = 0.05 stands at the edge of chaos."""
    assert lengths("selu", 200, 1.0, 0.0)[-1] == pytest.approx(1.0, abs=1e-6)
    assert growth("selu", 200, 1.0, 0.0)[-1] == pytest.approx(1.0716, abs=1e-4)
    assert growth("tanh", 200, 1.76, 0.05)[-1] == pytest.approx(1.0, abs=1e-3)
    for activation in ("tanh", "sigmoid"):
        for q in (0.1, 1.0, 4.0):
            assert growth_at(activation, 1.0, np.array(q)) == pytest.approx(hermite(activation, q), rel=1e-4)
