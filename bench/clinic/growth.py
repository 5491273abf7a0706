"""Predicted against measured growth of the back-propagated signal, in wide dense networks before their first update."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from bench.clinic.healthy_network import BINARY, dense, sgd
from bench.treating import runs_of
from gradlab.spec import ExperimentSpec
from gradlab.spec.recording import PROBE_SAMPLES
from gradlab.theory import predict

# Activations of the mean-field theory: each with usual initialisers, some also with too small or too large ones.
DRAWS = {
    "relu": ("he_uniform", "glorot_normal"),
    "tanh": ("glorot_uniform", {"kind": "random_normal", "stddev": 0.05}, {"kind": "random_normal", "stddev": 0.15}),
    "sigmoid": ("glorot_uniform", "he_normal"),
    "selu": ("lecun_normal",),
    "elu": ("he_normal",),
    "gelu": ("he_uniform",),
    "softsign": ("glorot_normal",),
    "silu": ("he_normal",),
    "leaky_relu": ("he_normal",),
}
SHAPES = ((128, 4), (256, 8))  # width, hidden layers
INPUTS = {"kind": "classification", "features": 20, "informative": 10, "samples": 400, "scale": "standard"}
SEEDS = 5
WITHIN = 0.1


@dataclass(frozen=True)
class Growth:
    """Growth of the signal in one hidden layer: rms δ of the layer, divided by that of the next layer.

    Attributes:
        network: name of the network.
        layer: name of the layer.
        predicted, measured: growth by theory, and at epoch 0 over all seeds.
    """

    network: str
    layer: str
    predicted: float
    measured: float

    @property
    def error(self) -> float:
        """|measured/predicted − 1|."""
        return abs(self.measured / self.predicted - 1)


def growths() -> Iterator[Growth]:
    """Yield each layer of each network."""
    for (activation, draws), (width, depth) in product(DRAWS.items(), SHAPES):
        for draw in draws:
            spec = _spec(activation, draw, width, depth)
            probe = spec.dataset.load().train_x[:PROBE_SAMPLES]
            prediction = predict(spec.network, probe.astype(np.float64))
            if prediction is None:
                continue
            squares = [run.series("signals", "rms") for run in runs_of(spec)]
            rms = np.sqrt(np.mean([each.values[0] ** 2 for each in squares if each], axis=0))  # (layers,)
            measured = rms[:-2] / rms[1:-1]  # the last column is the output's
            for layer, square, ratio in zip(prediction.layers[:-1], prediction.growths, measured, strict=True):
                name = draw if isinstance(draw, str) else f"normal {draw['stddev']}"
                yield Growth(f"{depth}×{width} {activation}, {name}", layer.layer, float(np.sqrt(square)), float(ratio))


def lines(layers: list[Growth]) -> Iterator[str]:
    """Yield the lines of the report."""
    errors = np.array([each.error for each in layers])
    within = int((errors <= WITHIN).sum())
    worst = max(layers, key=lambda each: each.error)
    yield (
        f"growth of rms δ per layer, {len({each.network for each in layers})} dense networks of width 128 and 256: "
        f"{within} of {len(layers)} layers within 10 % of theory; median error {np.median(errors):.3f}, "
        f"largest {worst.error:.3f} ({worst.network}, {worst.layer})"
    )


def _spec(activation: str, draw: object, width: int, depth: int) -> ExperimentSpec:
    layers = [dense(width, activation, draw, depth), {"kind": "dense", "units": 1, "activation": "sigmoid"}]
    return ExperimentSpec.model_validate(
        {
            "dataset": INPUTS,
            "model": {"layers": layers},
            "training": {"loss": BINARY, "optimizer": sgd(0.01), "epochs": 0},
            "record": {"histograms": 0, "gradients": 0, "weights": 0, "activations": 0, "boundary": 0},
            "seeds": list(range(SEEDS)),
        }
    )
