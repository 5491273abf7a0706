"""What narrowness does to random relu networks: luck that spreads, and networks that are dead before they begin."""

import numpy as np
import pytest

from tests.science.initially import at_epoch_0, deep

SEEDS = range(64)


@pytest.mark.parametrize(("width", "depth"), [(16, 6), (20, 10)])
def test_the_squared_lengths_logarithm_spreads_by_beta(width, depth):
    """Hanin & Nica 2018, theorem 1: ln(‖h_L‖²/‖x‖²) ≈ N(−β/2, β) with β = Σ 5/n_l, for relu with He's weights.

    The theorem is about one input. With one positive feature and no biases all samples are multiples of one.
    """
    initializer = {"kind": "variance_scaling", "scale": 2.0, "distribution": "untruncated_normal"}
    spec = deep(depth, width, "relu", initializer, features=1, scale=(0.1, 1), seeds=SEEDS)
    squares = at_epoch_0(spec, "activations", "mean")[:, :-1]
    signals = at_epoch_0(spec, "signals", "rms")[:, :-1] ** 2
    alive = signals[:, 0] > 0
    assert alive.mean() > 0.95
    assert (squares[alive] > 0).all()
    logarithms = np.log(signals[alive, 0] / signals[alive, -1])
    beta = 5 * (depth - 1) / width
    # The variance of a sample variance of n normal numbers is 2σ⁴/(n − 1).
    assert logarithms.var(ddof=1) == pytest.approx(beta, rel=4 * np.sqrt(2 / len(SEEDS)))
    assert logarithms.mean() == pytest.approx(-beta / 2, abs=4 * np.sqrt(beta / len(SEEDS)))


def born_dead(width: int, depth: int, draws: int) -> float:
    """Share of relu networks with He's weights whose last hidden layer is zero for all of some samples, by NumPy."""
    random, dead = np.random.default_rng(1), 0
    for _ in range(draws):
        h = random.standard_normal((128, 2))
        for _ in range(depth):
            h = np.maximum(h @ random.normal(0, np.sqrt(2 / h.shape[1]), (h.shape[1], width)), 0)
        dead += not h.any()
    return dead / draws


@pytest.mark.parametrize(("width", "depth"), [(2, 8), (3, 8), (5, 12)])
def test_as_many_networks_are_born_dead_as_chance_wants(width, depth):
    """Lu et al. 2019, theorem 3: P(born dead) ≤ 1 − Π(1 − 2^−n_l), and as by simulation."""
    spec = deep(depth, width, "relu", {"kind": "variance_scaling", "scale": 2.0, "distribution": "untruncated_normal"},
                features=2, seeds=SEEDS)  # fmt: skip
    dead = at_epoch_0(spec, "activations", "dead_fraction")[:, depth - 1] == 1.0
    expected = born_dead(width, depth, 4000)
    spread = np.sqrt(expected * (1 - expected) / len(SEEDS))
    assert dead.mean() == pytest.approx(expected, abs=3.5 * spread)
    assert expected <= 1 - (1 - 2.0**-width) ** depth
    silent = at_epoch_0(spec, "signals", "rms")[:, 0] == 0
    assert (silent[dead]).all()
