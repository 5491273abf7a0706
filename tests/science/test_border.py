"""The border between order and chaos: measured by the engine at epoch 0, and predicted by the theory."""

import numpy as np
import pytest

from gradlab.theory import critical_weight_variance
from gradlab.vocabulary.activations import Tanh
from tests.science.initially import at_epoch_0, deep, normal

BIAS_VARIANCE = 0.05
# In the first layers the mean square of the pre-activations still goes from that of the inputs to its fixed point,
# which is where the border is defined.
SETTLING = 3


def growth_per_layer(weight_variance: float, seeds: int) -> float:
    """ln of the growth of δ² from a layer back to the one before it: the slope of a line through ten layers' ln δ²."""
    spec = deep(10, 128, "tanh", normal(weight_variance), bias=BIAS_VARIANCE**0.5, seeds=range(seeds))
    squares = np.log(at_epoch_0(spec, "signals", "rms")[:, SETTLING:-1] ** 2).mean(axis=0)
    return -float(np.polyfit(np.arange(len(squares)), squares, 1)[0])


@pytest.mark.parametrize(("points", "seeds"), [(3, 6), pytest.param(9, 20, marks=pytest.mark.campaign)])
def test_the_signal_neither_grows_nor_shrinks_where_the_mean_field_has_its_border(points: int, seeds: int):
    """Schoenholz et al. 2017, section 3: χ = 1, for tanh and σ_b² = 0.05 at σ_w² = 1.76.

    Tolerance: 10 % of σ_w². Width 128 gives 4 % with nine points and 20 networks at each.
    """
    border = critical_weight_variance(Tanh(), BIAS_VARIANCE)
    variances = np.linspace(0.7, 1.4, points) * border
    growths = [growth_per_layer(float(variance), seeds) for variance in variances]
    assert growths[0] < -0.05
    assert growths[-1] > 0.05
    crossing = float(np.interp(0.0, growths, variances))
    assert crossing == pytest.approx(border, rel=0.1)
