"""What random weights do to signals in deep networks: measured by the engine, predicted by the literature."""

import numpy as np
import pytest

from tests.science.initially import at_epoch_0, deep
from tests.science.meanfield import growth, growth_at, lengths


def squared_signals(spec) -> np.ndarray:
    """(seeds, hidden layers) of δ²."""
    return at_epoch_0(spec, "signals", "rms")[:, :-1] ** 2


def pre_activation_squares(spec) -> np.ndarray:
    """(seeds, hidden layers) of the mean square of z."""
    mean, std = (at_epoch_0(spec, "activations", name)[:, :-1] for name in ("pre_mean", "pre_std"))
    return mean**2 + std**2


def test_glorot_with_the_old_heuristic_the_signal_falls_by_a_third_per_layer_and_with_theirs_it_stays():
    """Glorot & Bengio 2010, equation 6: Var[δ_l]/Var[δ_{l+1}] = n·Var[W]·E[φ′²].

    U(−1/√n, 1/√n) has n·Var[W] = 1/3, theirs 1; at small activations tanh's slope is 1.
    """
    width, depth, seeds = 256, 5, range(4)
    old = {"kind": "random_uniform", "minval": -(width**-0.5), "maxval": width**-0.5}
    inputs_variance = 1.0
    for initializer, factor in ((old, 1 / 3), ("glorot_uniform", 1.0)):
        spec = deep(depth, width, "tanh", initializer, seeds=seeds)
        measured = np.log(squared_signals(spec)[:, :-1] / squared_signals(spec)[:, 1:]).mean(axis=0)
        slopes = growth("tanh", depth, factor * inputs_variance, 0.0)[:-1] / factor
        np.testing.assert_allclose(np.exp(measured), factor * slopes, rtol=0.1)
    falls = np.exp(np.log(squared_signals(deep(depth, width, "tanh", old, seeds=seeds))).mean(axis=0))
    stays = np.exp(np.log(squared_signals(deep(depth, width, "tanh", "glorot_uniform", seeds=seeds))).mean(axis=0))
    assert falls[0] / falls[-1] < (1 / 3) ** (depth - 1) * 1.1
    assert stays[0] / stays[-1] > 0.1


@pytest.mark.parametrize(("initializer", "per_layer"), [("he_normal", 1.0), ("glorot_normal", 0.5)])
def test_he_keeps_the_variance_of_30_relu_layers_and_xavier_halves_it_in_each(initializer, per_layer):
    """He et al. 2015, equations 9 and 14: each relu layer multiplies by n·Var[W]/2, forward and backward alike.

    Around the prediction the logarithm spreads with the variance 5/n per layer (Hanin & Nica 2018).
    """
    width, depth, seeds = 128, 30, range(4)
    spec = deep(depth, width, "relu", initializer, seeds=seeds)
    signals = squared_signals(spec)
    backward = np.log(signals[:, 0] / signals[:, -1])
    squares = pre_activation_squares(spec)
    forward = np.log(squares[:, -1] / squares[:, 0])
    expected, beta = (depth - 1) * np.log(per_layer), 5 * (depth - 1) / width
    for measured in (backward, forward):
        # The mean of the logarithm lies β/2 below the logarithm of the mean.
        assert measured.mean() == pytest.approx(expected - beta / 2, abs=3 * np.sqrt(beta / len(seeds)))
    assert (per_layer == 1.0) == (backward.mean() > np.log(1e-3))


MEAN_FIELD = [  # activation, σ_w², σ_b², which way
    ("tanh", 0.5, 0.0, "vanishes"),
    ("tanh", 1.76, 0.05, "stays"),
    ("tanh", 3.0, 0.0, "explodes"),
    ("sigmoid", 1.0, 0.0, "vanishes"),
    ("sigmoid", 16.0, 0.0, "vanishes"),
    ("selu", 1.0, 0.0, "explodes"),
    ("selu", 0.5, 0.0, "vanishes"),
]


@pytest.mark.parametrize(("activation", "weight_variance", "bias_variance", "way"), MEAN_FIELD)
def test_the_signals_growth_per_layer_is_that_of_the_mean_field(activation, weight_variance, bias_variance, way):
    """Schoenholz et al. 2017, equation 14: E[δ_l²] = χ_l·E[δ_{l+1}²], on both sides of the edge of chaos."""
    width, depth, seeds = 256, 10, range(8)
    initializer = {"kind": "variance_scaling", "scale": weight_variance, "distribution": "untruncated_normal"}
    spec = deep(depth, width, activation, initializer, bias=bias_variance**0.5, seeds=seeds)
    signals, squares = squared_signals(spec), pre_activation_squares(spec)
    measured = np.log(signals[:, :-1] / signals[:, 1:])  # (seeds, layers)
    predicted = np.log(growth(activation, depth, weight_variance, bias_variance)[:-1])
    # A layer's logarithm has a variance of some 3/n from network to network (5/n with relu: Hanin & Nica 2018).
    spread = np.sqrt(3 / width / len(seeds))
    np.testing.assert_allclose(measured.mean(axis=0), predicted, atol=4 * spread)
    assert measured.sum(axis=1).mean() == pytest.approx(predicted.sum(), abs=4 * spread * np.sqrt(depth - 1))
    grows = np.exp(predicted[-1])
    assert {"vanishes": grows < 0.9, "stays": abs(grows - 1) < 0.02, "explodes": grows > 1.05}[way]
    # With each layer's own length in the place of the infinitely wide one's, it is as near, seed by seed.
    own = np.log([[growth_at(activation, weight_variance, q) for q in row[:-1]] for row in squares])
    np.testing.assert_allclose(measured, own, atol=5 * np.sqrt(3 / width))


def test_the_pre_activations_lengths_are_those_of_the_mean_field():
    """Poole et al. 2016, equation 3: q_l = σ_w² ∫Dz φ(√q_{l−1} z)² + σ_b²."""
    initializer = {"kind": "variance_scaling", "scale": 3.0, "distribution": "untruncated_normal"}
    squares = pre_activation_squares(deep(10, 256, "tanh", initializer, seeds=range(8)))
    np.testing.assert_allclose(squares.mean(axis=0), lengths("tanh", 10, 3.0, 0.0), rtol=0.05)


def test_selu_with_lecun_multiplies_the_squared_signal_by_1_0716():
    """Klambauer et al. 2017: at the fixed point q = 1; χ there by the integral."""
    assert growth("selu", 2, 1.0, 0.0)[-1] == pytest.approx(1.0716, abs=5e-4)
