"""What theory expects of a network of dense layers before the first update, from its spec alone.

Mean-field theory (Poole et al. 2016; Schoenholz et al. 2017) with one thing added: the weights' mean may differ from 0.
For one input, let h̄ and h² be the mean and the mean square of the n activations that enter a layer. Its weights have
mean μ and variance σ², its biases β and σ_b². Then the layer's pre-activations are spread over its units like

    z ~ N(m, v),   m = n·μ·h̄ + β,   v = n·σ²·h² + σ_b²,

m being common to all units, v what tells them apart; q = m² + v is their mean square. With e the derivative of the loss
by the activations, ē and e² its mean and mean square over the units, the signal δ = φ′(z)·e has

    δ̄ = ⟨φ′⟩·ē,   δ² = ⟨φ′²⟩·e²,   and before the layer   ē² = (n'·μ)²·(δ̄² + (δ² − δ̄²)/n'),   e² = n'·σ²·δ² + ē²,

n' being the layer's own width and ⟨·⟩ the mean over N(m, v). χ is the growth of δ² from a layer back to the one before
it: for equal widths, μ = 0 and q at rest it is Schoenholz's χ = σ_w²·∫Dz φ′(√q·z)², σ_w² = n·σ². A residual block adds
what passes by: h + s·f forwards, e + s·e_f backwards (Yang & Schoenholz 2017).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gradlab.diagnosis.theory.activations import CURVES, curve
from gradlab.diagnosis.theory.weights import Moments, Shape, moments
from gradlab.spec import ExperimentSpec, NamedLayer
from gradlab.vocabulary.activations import ActivationFunction
from gradlab.vocabulary.initializers import WeightInitializer
from gradlab.vocabulary.layers.blocks import Residual
from gradlab.vocabulary.layers.dense import ActivationLayer, Dense

# Where an activation has a corner, many equal steps are more exact than a few well-chosen points: with so many the
# error is below 1e-4. An even number of them, so that a corner at the mean lies between two.
POINTS = np.linspace(-8, 8, 400)
DENSITY = np.exp(-(POINTS**2) / 2)
DENSITY = DENSITY / DENSITY.sum()

# Squares are kept below this: what would overflow has long exploded, and an infinity less another one would say
# nothing.
LARGEST = 1e200

# What passes a network before its first update as if it were not there.
TRANSPARENT = ("dropout", "gaussian_noise", "flatten")

Array = np.ndarray
# The moments of a kernel: of an initialiser, for a tensor of a shape, before an activation.
Rule = Callable[[WeightInitializer, Shape, ActivationFunction], Moments]


@dataclass(frozen=True)
class LayerPrediction:
    """What is expected of one hidden layer; means are over the inputs.

    Attributes:
        layer: its name.
        width: how many units.
        second_moment: q, the mean square of its pre-activations.
        common_share: m²/q: 0 where each unit goes its own way, 1 where all are copies of one.
        slope: mean of φ′, the factor by which the activation damps a signal.
        signal: mean square of δ, that of the output's pre-activations being 1.
    """

    layer: str
    width: int
    second_moment: float
    common_share: float
    slope: float
    signal: float


@dataclass(frozen=True)
class Prediction:
    """What is expected of a network.

    Attributes:
        layers: its hidden layers, input side first; at least one.
        outputs: how many units make the output.
    """

    layers: tuple[LayerPrediction, ...]
    outputs: int

    @property
    def growths(self) -> tuple[float, ...]:
        """χ: for each hidden layer but the last, the mean square of its δ by that of the next one's."""
        signals = [layer.signal for layer in self.layers]
        return tuple(_ratio(near, far) for near, far in pairwise(signals))

    @property
    def arriving(self) -> float:
        """‖δ‖ of the first hidden layer by ‖δ‖ of the output, lengths over all units: what arrives of the signal."""
        first = self.layers[0]
        return math.sqrt(first.signal * first.width / self.outputs)

    @property
    def factor(self) -> float:
        """By which a hidden layer multiplies rms δ on its way back, on average; 1 where there is only one."""
        steps, first, last = len(self.layers) - 1, self.layers[0].signal, self.layers[-1].signal
        if not steps or not first:
            return 0.0 if steps else 1.0
        return float(_ratio(first, last) ** (1 / (2 * steps)))

    @property
    def depth_scale(self) -> float:
        """ξ = 1/|ln χ|, χ being the growths' geometric mean: over so many layers δ² changes by a factor of e."""
        if not 0 < self.factor < math.inf or self.factor == 1:
            return math.inf if self.factor == 1 else 0.0
        return 1 / (2 * abs(math.log(self.factor)))


def by_initializer(initializer: WeightInitializer, shape: Shape, _: ActivationFunction) -> Moments:
    """The moments that a kernel really has."""
    return moments(initializer, shape)


def predict(spec: ExperimentSpec, x: Array | None = None, rule: Rule = by_initializer) -> Prediction | None:
    """What is expected of the hidden layers of `spec`; None where theory does not cover its network.

    Covered are dense layers, activations that act on each unit, residual blocks of them and what is transparent.

    Args:
        spec: the network, and the shape of its inputs.
        x: inputs to start from, (samples, *features); numbers of mean 0 and variance 1 if left out.
        rule: the moments of a kernel; those of its initialiser unless one wants to know what others would do.
    """
    hidden, output = _split(spec.network)
    if not hidden or output is None:
        return None
    walk = _Walk(rule)
    with np.errstate(all="ignore"):
        try:
            flow, back = walk.chain(hidden, _inputs(spec, x))
            _, into = walk.dense(output, flow, last=True)
        except _NotCovered:
            return None
        units = output.output_shape[-1]
        # A single unit's signal has one sign; the signals of several are taken to cancel.
        back(into(_Wave(np.full_like(flow.mean, float(units == 1)), np.ones_like(flow.mean))))
    return Prediction(tuple(walk.predictions()), units) if walk.noted else None


class _NotCovered(Exception):
    """A layer that theory says nothing about."""


@dataclass(frozen=True)
class _Wave:
    """Numbers on the units of one place in the network: their mean and mean square for each input, (samples,)."""

    mean: Array
    square: Array
    width: int = 0
    normal: bool = False  # spread over the units like a normal variable


Back = Callable[[_Wave], _Wave]


class _Walk:
    """One way through the network and back, with notes."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
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
        if isinstance(layer.spec, ActivationLayer) and flow.normal:
            return self._activated(layer, layer.spec.activation, flow)
        if isinstance(layer.spec, Residual):
            return self._residual(layer, layer.spec.scale, flow)
        raise _NotCovered

    def dense(self, layer: NamedLayer, flow: _Wave, last: bool = False) -> tuple[_Wave, Back]:
        spec = layer.spec
        if not isinstance(spec, Dense) or len(layer.input_shape) != 1:
            raise _NotCovered
        if spec.kernel_initializer.kind == "identity":  # what leaves a unit enters the next one: nothing is averaged
            raise _NotCovered
        n, units = layer.input_shape[0], spec.units
        kernel = self._rule(spec.kernel_initializer, (n, units), spec.activation)
        bias = moments(spec.bias_initializer, (units,)) if spec.use_bias else Moments(0.0, 0.0)
        mean = np.clip(n * kernel.mean * flow.mean + bias.mean, -math.sqrt(LARGEST), math.sqrt(LARGEST))
        square = np.minimum(n * kernel.variance * flow.square + bias.variance, LARGEST) + mean**2
        z = _Wave(mean, square, units, normal=True)
        out, by_activation = (z, lambda wave: wave) if last else self._activated(layer, spec.activation, z)

        def back(wave: _Wave) -> _Wave:
            delta = by_activation(wave)
            # The mean of few units is not what is expected of each: its square is larger by their variance/units.
            common = (units * kernel.mean) ** 2 * (delta.mean**2 + (delta.square - delta.mean**2) / units)
            common = np.minimum(common, LARGEST)
            return _Wave(np.sqrt(common), np.minimum(units * kernel.variance * delta.square, LARGEST) + common)

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

        square = np.minimum(value**2 @ DENSITY, LARGEST)
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
    """a + scale·b, whose deviations from their means are independent."""
    return _Wave(a.mean + scale * b.mean, a.square + scale**2 * b.square + 2 * scale * a.mean * b.mean, width)


def _inputs(spec: ExperimentSpec, x: Array | None) -> _Wave:
    if x is None or not len(x):
        return _Wave(np.zeros(1), np.ones(1), spec.dataset.value_count)
    flat = np.asarray(x, np.float64).reshape(len(x), -1)
    return _Wave(flat.mean(axis=1), (flat**2).mean(axis=1), flat.shape[1])


def _split(network: Sequence[NamedLayer]) -> tuple[Sequence[NamedLayer], NamedLayer | None]:
    """The hidden layers, and the dense layer that makes the output, whose activation does not matter here."""
    end = len(network) - (network[-1].spec.kind == "activation")
    return network[: end - 1], network[end - 1] if end and isinstance(network[end - 1].spec, Dense) else None


def _ratio(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 else math.inf
    return a / b
