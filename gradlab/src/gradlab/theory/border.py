"""The border between order and chaos, χ = 1, of wide networks of equal dense layers (Poole et al. 2016).

At a fixed point the mean square q of the pre-activations reproduces itself, q = σ_w²·∫Dz φ(√q·z)² + σ_b², and δ² grows
by χ = σ_w²·∫Dz φ′(√q·z)² per layer (Schoenholz et al. 2017, equations 3 and 5). Both integrals follow from q alone.
So each q belongs to one point of the border: σ_w² = 1/∫Dz φ′(√q·z)², and σ_b² = q − σ_w²·∫Dz φ(√q·z)². No iteration to
the fixed point is needed, which would be slowest at the border.
"""

import numpy as np

from gradlab.theory.activations import CURVES, curve
from gradlab.theory.meanfield import DENSITY, POINTS
from gradlab.vocabulary.activations import ActivationFunction

# With larger q the steps of the integral are coarse beside the slope of a tanh. The border reaches σ_b² = 80 there.
MAX_Q = 100.0
# Halvings of [0, MAX_Q]: q is then exact to 1e-10.
HALVINGS = 40


def critical_weight_variance(activation: ActivationFunction, bias_variance: float) -> float | None:
    """Return the σ_w² ≥ 0 at which χ = 1, for biases of variance σ_b².

    The signal vanishes on its way back where weights have less variance, and explodes where they have more.

    Args:
        activation: the activation of all hidden layers: tanh, or one that scales as relu does.
        bias_variance: σ_b² ≥ 0.

    Returns:
        n·Var[W] for n units per layer; None for other activations, and for σ_b² whose q is above MAX_Q.
    """
    if _scales(activation):
        return 1 / _square_means(activation, 1.0)[1]
    low, high = 0.0, MAX_Q
    if activation.kind != "tanh" or _on_border(activation, high)[1] < bias_variance:
        return None
    # σ_b² rises with q on the border of tanh.
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _on_border(activation, middle)[1] > bias_variance else (middle, high)
    return _on_border(activation, low)[0]


def _scales(activation: ActivationFunction) -> bool:
    """True if φ(a·z) = a·φ(z) for a > 0, as for relu: its slopes do not depend on q."""
    if activation.kind not in CURVES:
        return False
    near, far = (curve(activation, factor * POINTS)[0] for factor in (1.0, 100.0))
    return bool(np.allclose(100 * near, far)) and bool(near.any())


def _on_border(activation: ActivationFunction, q: float) -> tuple[float, float]:
    """σ_w² and σ_b² of the point of the border that has this q."""
    value, slope = _square_means(activation, q)
    return 1 / slope, q - value / slope


def _square_means(activation: ActivationFunction, q: float) -> tuple[float, float]:
    """∫Dz φ(√q·z)² and ∫Dz φ′(√q·z)²."""
    value, slope = curve(activation, np.sqrt(q) * POINTS)
    return float(value**2 @ DENSITY), float(slope**2 @ DENSITY)
