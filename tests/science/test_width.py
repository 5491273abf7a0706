"""Narrow random relu networks: luck that spreads, and networks that are dead before they begin."""

import numpy as np
import pytest

from tests.campaigns import one_in
from tests.science.initially import at_epoch_0, deep, normal
from tests.science.sampling import assert_mean, assert_share

SEEDS = range(80)


def logarithms_of_a_layer(width: int, draws: int = 200_000) -> np.ndarray:
    """ln(‖h_l‖²/‖h_{l−1}‖²) of one relu layer with He's normal weights: they are ln(2/n·Σ max(gᵢ, 0)²), by NumPy."""
    normal_numbers = np.random.default_rng(1).standard_normal((draws, width))
    squares = (np.maximum(normal_numbers, 0) ** 2).sum(axis=1)
    return np.log(2 / width * squares[squares > 0])


def test_the_squared_lengths_logarithm_spreads_by_beta():
    """Hanin 2018 and Hanin & Nica 2018, theorem 1: ln(‖h_L‖²/‖h_1‖²) ≈ N(−β/2, β) with β = 5·Σ 1/n_l, for relu with
    He's weights, and the same of the signal on its way back.

    The theorem is about one input: with one positive feature and no biases all samples are multiples of one. β is the
    first order in 1/n; to all orders a layer's logarithm is that of Σ max(gᵢ, 0)², and layers are independent.
    Tolerances over 80 networks: 4.5 standard errors of the mean, 4.5·√(2/79) = 72 % of the variance.
    """
    width, depth = 20, 10
    spec = deep(depth, width, "relu", normal(2.0), features=1, scale=(0.1, 1), seeds=SEEDS)
    mean, std = (at_epoch_0(spec, "activations", name)[:, :-1] for name in ("mean", "std"))
    forward, backward = mean**2 + std**2, at_epoch_0(spec, "signals", "rms")[:, :-1] ** 2
    assert (forward > 0).all()
    layer, beta = logarithms_of_a_layer(width), 5 * (depth - 1) / width
    exact, variance = (depth - 1) * layer.mean(), (depth - 1) * layer.var()
    assert exact == pytest.approx(-beta / 2, rel=0.3)
    assert variance == pytest.approx(beta, rel=0.3)
    for logarithms in (np.log(forward[:, -1] / forward[:, 0]), np.log(backward[:, 0] / backward[:, -1])):
        assert_mean(logarithms, exact, sharp=2 * np.sqrt(beta / len(SEEDS)))
        assert logarithms.var(ddof=1) == pytest.approx(variance, rel=4.5 * np.sqrt(2 / (len(SEEDS) - 1)))


@pytest.mark.campaign  # the formula that says so is tested above
def test_the_spread_grows_with_depth_and_shrinks_with_width():
    """Hanin 2018, theorem 1: β = 5·Σ 1/n_l is what counts: 3 layers of 64 have 0.16, 8 layers of 8 have 4.4."""
    spreads = []
    for width, depth in ((64, 3), (8, 8)):
        spec = deep(depth, width, "relu", normal(2.0), features=1, scale=(0.1, 1), seeds=range(32))
        signals = at_epoch_0(spec, "signals", "rms")[:, :-1] ** 2
        alive = signals[:, 0] > 0
        spreads.append(np.log(signals[alive, 0] / signals[alive, -1]).var(ddof=1))
    layers = [(depth - 1) * logarithms_of_a_layer(width).var() for width, depth in ((64, 3), (8, 8))]
    np.testing.assert_allclose(spreads, layers, rtol=4.5 * np.sqrt(2 / 31))


def born_dead(width: int, depth: int, draws: int = 50_000) -> float:
    """Share of relu networks with one input, He's weights and no biases whose last hidden layer is zero wherever the
    input stands: what they say of x is |x| times what they say of 1 or of −1."""
    random = np.random.default_rng(1)
    h = np.broadcast_to([[1.0], [-1.0]], (draws, 2, 1))
    for _ in range(depth):
        h = np.maximum(h @ random.normal(0, np.sqrt(2 / h.shape[2]), (draws, h.shape[2], width)), 0)
    return float((h == 0).all(axis=(1, 2)).mean())


# Hidden layers of so many units; what was found for networks of depth 10 with one input on both sides of zero.
LU = [(2, 0.876), (3, 0.575), (5, 0.116)]


@pytest.mark.parametrize(("width", "found"), one_in(3, LU))
def test_as_many_networks_are_born_dead_as_chance_wants(width, found):
    """Lu et al. 2019, theorem 3.3: P(born dead) ≤ 1 − Π(1 − 2^−n_l) over the hidden layers, here 9 of them.

    Tolerance over 80 networks: 4.5 binomial standard errors about a simulation of 50,000 in NumPy.
    """
    depth = 9
    spec = deep(depth, width, "relu", normal(2.0), features=1, seeds=SEEDS)
    expected = born_dead(width, depth)
    assert expected == pytest.approx(found, abs=0.01)
    assert expected <= 1 - (1 - 2.0**-width) ** depth
    assert {-1.0, 1.0} == set(np.sign(spec.dataset.load().train_x.ravel()))
    dead = at_epoch_0(spec, "activations", "dead_fraction")[:, depth - 1] == 1.0
    assert_share(dead, expected)
    # Nothing comes back through a dead layer, and something does through one that lives.
    signals = at_epoch_0(spec, "signals", "rms")[:, :depth]
    np.testing.assert_array_equal(signals == 0, np.broadcast_to(dead[:, None], signals.shape))
