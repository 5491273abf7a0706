"""Mean-field theory of wide random networks, by numerical integration: what the measurements are compared with.

Poole et al. 2016 and Schoenholz et al. 2017: with weights of variance σ_w²/n and biases of variance σ_b², the
pre-activations of a wide layer are normal with variance q_l = σ_w² ∫Dz φ(√q_{l−1} z)² + σ_b², and the squared signal
grows by χ_l = σ_w² ∫Dz φ′(√q_l z)² from layer l + 1 back to layer l.
"""

from collections.abc import Callable

import numpy as np

# Where an activation has a corner, many equal steps are more exact than a few well-chosen points; an even number of
# them, so that the corner at 0 lies between two.
POINTS = np.linspace(-9, 9, 20_000)
WEIGHTS = np.exp(-(POINTS**2) / 2)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

Function = Callable[[np.ndarray], np.ndarray]


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def selu(z: np.ndarray) -> np.ndarray:
    return SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0)))


FUNCTIONS: dict[str, tuple[Function, Function]] = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "selu": (selu, lambda z: SELU_SCALE * np.where(z > 0, 1.0, SELU_ALPHA * np.exp(np.minimum(z, 0)))),
}


def growth_at(activation: str, weight_variance: float, second_moments: np.ndarray) -> np.ndarray:
    """χ of layers whose pre-activations have the mean squares q, any shape: σ_w² ∫Dz φ′(√q z)²."""
    _, derivative = FUNCTIONS[activation]
    found = [WEIGHTS @ derivative(np.sqrt(q) * POINTS) ** 2 for q in second_moments.ravel()]
    return weight_variance * np.reshape(found, second_moments.shape)


def lengths(
    activation: str, depth: int, weight_variance: float, bias_variance: float, inputs: float = 1.0
) -> np.ndarray:
    """(depth,) the mean squares q_l of the pre-activations of layers 1 to `depth`, for inputs of this mean square."""
    function, _ = FUNCTIONS[activation]
    q = [weight_variance * inputs + bias_variance]
    while len(q) < depth:
        q.append(weight_variance * float(WEIGHTS @ function(np.sqrt(q[-1]) * POINTS) ** 2) + bias_variance)
    return np.array(q)


def growth(
    activation: str, depth: int, weight_variance: float, bias_variance: float, inputs: float = 1.0
) -> np.ndarray:
    """(depth,) the factors χ_l of layers 1 to `depth`, for inputs of this mean square."""
    return growth_at(activation, weight_variance, lengths(activation, depth, weight_variance, bias_variance, inputs))


def hermite(activation: str, second_moment: float) -> float:
    """∫Dz φ′(√q z)² by Gauss and Hermite's points: another road, for what has no corner."""
    points, weights = np.polynomial.hermite_e.hermegauss(150)
    _, derivative = FUNCTIONS[activation]
    return float(weights @ derivative(np.sqrt(second_moment) * points) ** 2 / weights.sum())
