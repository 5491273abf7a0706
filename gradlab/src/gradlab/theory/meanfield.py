"""Mean-field prediction of a network of dense layers before the first update, from its initialisers alone.

This is the mean-field theory of Poole et al. 2016 and Schoenholz et al. 2017, extended to weights whose mean differs
from 0. For one input, let h̄ and h² be the mean and the mean square of the n activations that enter a layer. Its weights
have mean μ and variance σ², its biases β and σ_b². Then the layer's pre-activations are distributed over its units as

    z ~ N(m, v),   m = n·μ·h̄ + β,   v = n·σ²·h² + σ_b².

m is common to all units, v is the variance between them, and q = m² + v is their mean square. Let e be the derivative
of the loss by the activations, ē and e² its mean and mean square over the units. The signal δ = φ′(z)·e has

    δ̄ = ⟨φ′⟩·ē,   δ² = ⟨φ′²⟩·e²,   and before the layer   ē² = (n'·μ)²·(δ̄² + (δ² − δ̄²)/n'),   e² = n'·σ²·δ² + ē².

n' is the layer's own width and ⟨·⟩ the mean over N(m, v). χ is the growth of δ² from a layer back to the one before it.
For equal widths, μ = 0 and a fixed point of q it is Schoenholz's χ = σ_w²·∫Dz φ′(√q·z)², σ_w² = n·σ². A residual block
adds its shortcut: h + s·f in the forward pass, e + s·e_f in the backward pass (Yang & Schoenholz 2017).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gradlab.spec import NamedLayer
from gradlab.spec.network import in_order, is_chain
from gradlab.theory.activations import CURVES, curve
from gradlab.theory.weights import Moments, Shape, moments
from gradlab.vocabulary.activations import ActivationFunction
from gradlab.vocabulary.initializers import WeightInitializer
from gradlab.vocabulary.layers.activation import Activating
from gradlab.vocabulary.layers.blocks import Residual
from gradlab.vocabulary.layers.dense import Dense

# Points of the integral over N(0, 1). Where an activation has a corner, many equal steps are more exact than a few
# well-chosen points: with 400 the error is below 1e-4. Their number is even, so that a corner at the mean lies between
# two of them.
POINTS = np.linspace(-8, 8, 400)
DENSITY = np.exp(-(POINTS**2) / 2)
DENSITY = DENSITY / DENSITY.sum()

# Bound of mean squares: larger signals have long exploded, and ∞ − ∞ would be NaN.
MAX_SQUARE = 1e200

# Layers that change no moments before the first update.
TRANSPARENT = ("dropout", "gaussian_noise", "flatten")

Array = np.ndarray
# A function to the moments of a kernel, from its initialiser, its shape and the activation behind it.
KernelMoments = Callable[[WeightInitializer, Shape, ActivationFunction], Moments]


@dataclass(frozen=True)
class LayerPrediction:
    """Prediction for one hidden layer; means are over the inputs.

    Attributes:
        layer: the layer's name.
        width: the number of units.
        second_moment: q, the mean square of the pre-activations.
        common_share: m²/q in [0, 1]: 0 where units are independent, 1 where all are copies of one.
        slope: the mean of φ′, by which the activation damps a signal.
        signal: the mean square of δ, relative to that of the output's pre-activations.
    """

    layer: str
    width: int
    second_moment: float
    common_share: float
    slope: float
    signal: float


@dataclass(frozen=True)
class Prediction:
    """Prediction for a network.

    Attributes:
        layers: the hidden layers, input side first; at least one.
        outputs: the number of output units.
    """

    layers: tuple[LayerPrediction, ...]
    outputs: int

    @property
    def growths(self) -> tuple[float, ...]:
        """χ of each hidden layer but the last: the mean square of its δ divided by that of the next layer."""
        signals = [layer.signal for layer in self.layers]
        return tuple(_ratio(near, far) for near, far in pairwise(signals))

    @property
    def arriving(self) -> float:
        """‖δ‖ of the first hidden layer divided by ‖δ‖ of the output, lengths over all units."""
        first = self.layers[0]
        return math.sqrt(first.signal * first.width / self.outputs)

    @property
    def factor(self) -> float:
        """The mean factor by which a hidden layer multiplies rms δ in the backward pass; 1 for a single layer."""
        steps, first, last = len(self.layers) - 1, self.layers[0].signal, self.layers[-1].signal
        if not steps or not first:
            return 0.0 if steps else 1.0
        return float(_ratio(first, last) ** (1 / (2 * steps)))

    @property
    def depth_scale(self) -> float:
        """ξ = 1/|ln χ|, the number of layers over which δ² changes by a factor of e; χ: geometric mean of growths."""
        if not 0 < self.factor < math.inf or self.factor == 1:
            return math.inf if self.factor == 1 else 0.0
        return 1 / (2 * abs(math.log(self.factor)))


def by_initializer(initializer: WeightInitializer, shape: Shape, _: ActivationFunction) -> Moments:
    """Return the moments of a kernel's own initialiser."""
    return moments(initializer, shape)


def predict(
    network: Sequence[NamedLayer], x: Array | None = None, kernel_moments: KernelMoments = by_initializer
) -> Prediction | None:
    """Predict a network's hidden layers; None where the theory does not cover it.

    It covers dense layers, activations that act on each unit by itself, residual blocks of them, and layers that change
    no moments, in a chain.

    Args:
        network: its layers from the input to the output, each block as one layer.
        x: (samples, *features) inputs; numbers of mean 0 and variance 1 if left out.
        kernel_moments: the moments of a kernel, by default those of its initialiser.
    """
    hidden, output = _split(network)
    if not hidden or output is None or not is_chain(network):
        return None
    walk = _Walk(kernel_moments)
    with np.errstate(all="ignore"):
        try:
            flow, back = walk.chain(hidden, _inputs(network, x))
            _, into = walk.dense(output, flow, last=True)
        except _NotCovered:
            return None
        units = output.output_shape[-1]
        # The signal of a single unit has one sign. The signals of several are assumed to cancel.
        back(into(_Wave(np.full_like(flow.mean, float(units == 1)), np.ones_like(flow.mean))))
    return Prediction(tuple(walk.predictions()), units) if walk.noted else None


class _NotCovered(Exception):
    """The theory does not cover a layer."""


@dataclass(frozen=True)
class _Wave:
    """Mean and mean square over the units of one place in the network, (samples,) each."""

    mean: Array
    square: Array
    width: int = 0
    normal: bool = False  # True if the numbers are normally distributed over the units


Back = Callable[[_Wave], _Wave]


class _Walk:
    """A forward and a backward pass of moments, which notes those of each hidden layer."""

    def __init__(self, kernel_moments: KernelMoments) -> None:
        self._kernel_moments = kernel_moments
        self.noted: dict[str, tuple[_Wave, Array]] = {}
        self._signals: dict[str, Array] = {}

    def predictions(self) -> Iterator[LayerPrediction]:
        for name, (z, slope) in self.noted.items():
            q, signal = float(np.mean(z.square)), float(np.mean(self._signals[name]))
            share = _ratio(float(np.mean(z.mean**2)), q)
            yield LayerPrediction(name, z.width, q, share, float(np.mean(slope)), signal)

    def chain(self, layers: Sequence[NamedLayer], flow: _Wave) -> tuple[_Wave, Back]:
        backs: list[Back] = []
        for layer in layers:
            flow, back = self._through(layer, flow)
            backs.append(back)

        def all_back(wave: _Wave) -> _Wave:
            for back in reversed(backs):
                wave = back(wave)
            return wave

        return flow, all_back

    def _through(self, layer: NamedLayer, flow: _Wave) -> tuple[_Wave, Back]:
        if layer.spec.kind in TRANSPARENT:
            return flow, lambda wave: wave
        if isinstance(layer.spec, Dense):
            return self.dense(layer, flow)
        if isinstance(layer.spec, Activating) and layer.spec.function and flow.normal:
            return self._activated(layer, layer.spec.function, flow)
        if isinstance(layer.spec, Residual):
            return self._residual(layer, layer.spec.scale, flow)
        raise _NotCovered

    def dense(self, layer: NamedLayer, flow: _Wave, last: bool = False) -> tuple[_Wave, Back]:
        spec = layer.spec
        if not isinstance(spec, Dense) or len(layer.input_shape) != 1:
            raise _NotCovered
        if spec.kernel_initializer.kind == "identity":  # each unit feeds one unit: nothing is averaged
            raise _NotCovered
        n, units = layer.input_shape[0], spec.units
        kernel = self._kernel_moments(spec.kernel_initializer, (n, units), spec.activation)
        bias = moments(spec.bias_initializer, (units,)) if spec.use_bias else Moments(0.0, 0.0)
        mean = np.clip(n * kernel.mean * flow.mean + bias.mean, -math.sqrt(MAX_SQUARE), math.sqrt(MAX_SQUARE))
        square = np.minimum(n * kernel.variance * flow.square + bias.variance, MAX_SQUARE) + mean**2
        z = _Wave(mean, square, units, normal=True)
        out, by_activation = (z, lambda wave: wave) if last else self._activated(layer, spec.activation, z)

        def back(wave: _Wave) -> _Wave:
            delta = by_activation(wave)
            # The square of a mean over few units exceeds the square of the expectation by their variance/units.
            common = (units * kernel.mean) ** 2 * (delta.mean**2 + (delta.square - delta.mean**2) / units)
            common = np.minimum(common, MAX_SQUARE)
            return _Wave(np.sqrt(common), np.minimum(units * kernel.variance * delta.square, MAX_SQUARE) + common)

        return out, back

    def _activated(self, layer: NamedLayer, activation: ActivationFunction, z: _Wave) -> tuple[_Wave, Back]:
        if activation.kind not in CURVES:
            raise _NotCovered
        spread = np.sqrt(np.maximum(z.square - z.mean**2, 0.0))
        value, slope = curve(activation, z.mean[:, None] + spread[:, None] * POINTS)  # (samples, points)
        self.noted[layer.name] = (z, slope @ DENSITY)

        def back(wave: _Wave) -> _Wave:
            delta = _Wave((slope @ DENSITY) * wave.mean, (slope**2 @ DENSITY) * wave.square)
            self._signals[layer.name] = delta.square
            return delta

        square = np.minimum(value**2 @ DENSITY, MAX_SQUARE)
        return _Wave(value @ DENSITY, square, z.width, activation.kind == "linear"), back

    def _residual(self, layer: NamedLayer, scale: float, flow: _Wave) -> tuple[_Wave, Back]:
        inside, back_inside = self.chain(layer.inner, flow)
        out = _added(flow, inside, scale, layer.output_shape[-1])
        self.noted[layer.name] = (out, np.ones_like(out.mean))

        def back(wave: _Wave) -> _Wave:
            self._signals[layer.name] = wave.square
            return _added(wave, back_inside(_Wave(scale * wave.mean, scale**2 * wave.square)), 1.0)

        return out, back


def _added(a: _Wave, b: _Wave, scale: float, width: int = 0) -> _Wave:
    """a + scale·b, for deviations from the means that are independent."""
    return _Wave(a.mean + scale * b.mean, a.square + scale**2 * b.square + 2 * scale * a.mean * b.mean, width)


def predicted_layers(network: Sequence[NamedLayer]) -> tuple[str, ...]:
    """Return the names of the hidden layers that `predict` predicts, for a network that it covers."""
    hidden, _ = _split(network)
    return tuple(layer.name for layer in in_order(hidden) if isinstance(layer.spec, Dense | Activating | Residual))


def _inputs(network: Sequence[NamedLayer], x: Array | None) -> _Wave:
    if x is None or not len(x):
        return _Wave(np.zeros(1), np.ones(1), math.prod(network[0].input_shape))
    flat = np.asarray(x, np.float64).reshape(len(x), -1)
    return _Wave(flat.mean(axis=1), (flat**2).mean(axis=1), flat.shape[1])


def _split(network: Sequence[NamedLayer]) -> tuple[Sequence[NamedLayer], NamedLayer | None]:
    """The hidden layers, and the dense layer that makes the output; None where another kind of layer does."""
    end = len(network) - (bool(network) and isinstance(network[-1].spec, Activating))
    return network[: end - 1], network[end - 1] if end and isinstance(network[end - 1].spec, Dense) else None


def _ratio(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 else math.inf
    return a / b
