"""Examples of wiring faults: loops by hand in NumPy, each with one mistake, that record their own wiring."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gradlab.diagnosis import ExternalRun
from gradlab.facts import Wiring
from gradlab.measurement.history import History
from gradlab.spec import ExternalSpec

SAMPLES, FEATURES, UNITS, BATCH, FIRST_STEPS = 256, 2, 16, 32, 20
NAMES = ("hidden/kernel", "hidden/bias", "output/kernel", "output/bias")
# What a loss scaler begins with, and its smallest scale here.
SCALE = 2.0**16
EPSILON = 1e-3  # of the normalisation
Array = NDArray[np.floating]


@dataclass(frozen=True)
class Loop:
    """A loop that trains 16 tanh units and one output, with at most one mistake.

    Attributes:
        rate: learning rate of the gradient descent.
        classes: number of classes, 0 for values with the mean squared error.
        features, kept: standard deviation of the inputs, and the share of them that the mask keeps.
        val_factor: factor of the validation inputs against the training inputs.
        samples: number of training samples.
        shuffles, zeroes, steps_hidden: False for the mistakes of their names.
        flat_targets: True for targets of shape (N,) beside outputs of shape (N, 1).
        dropout: share of the units that dropout drops while training; `trains`: False for the inference mode.
        gain: factor of the first weights; `norm`: True for a frozen batch normalisation, of mean 0 and variance 1.
        half: True for gradients in float16 with a loss scaler.
    """

    rate: float = 0.5
    classes: int = 2
    features: float = 1.0
    kept: float = 1.0
    val_factor: float = 1.0
    samples: int = SAMPLES
    shuffles: bool = True
    zeroes: bool = True
    steps_hidden: bool = True
    flat_targets: bool = False
    dropout: float = 0.0
    trains: bool = True
    gain: float = 1.0
    norm: bool = False
    half: bool = False


@dataclass
class Record:
    """Wiring that a loop records."""

    batches: int = 0
    skipped: int = 0
    shares: list[float] = field(default_factory=list)
    gradients: list[Array] = field(default_factory=list)
    summed: list[Array] = field(default_factory=list)
    zero: list[int] = field(default_factory=lambda: [0] * len(NAMES))


def trained_by(loop: Loop, spec: ExternalSpec) -> tuple[ExternalRun, ...]:
    """Train every seed of a spec with this loop."""
    return tuple(_run(loop, spec, seed) for seed in spec.seeds)


def by(**mistakes: object) -> partial[tuple[ExternalRun, ...]]:
    """Return the function that trains a spec with a loop of these mistakes."""
    return partial(trained_by, Loop(**mistakes))  # type: ignore[arg-type]


def _run(loop: Loop, spec: ExternalSpec, seed: int) -> ExternalRun:
    random = np.random.default_rng(seed)
    x, y = _samples(loop, random, loop.samples)
    val_x, val_y = _samples(loop, random, SAMPLES)
    val_x *= loop.val_factor
    scale = 1 / np.sqrt(FEATURES), 1 / np.sqrt(UNITS)
    weights: list[Array] = [
        random.normal(size=(FEATURES, UNITS)) * scale[0] * loop.gain, np.zeros(UNITS),
        random.normal(size=(UNITS, 1)) * scale[1], np.zeros(1),
    ]  # fmt: skip
    before, record, metrics = [each.copy() for each in weights], Record(), []
    for _ in range(spec.epochs):
        _epoch(loop, weights, x, y, random, record)
        metrics.append((*_scores(loop, weights, x, y), *_scores(loop, weights, val_x, val_y)))
    changed = [not np.array_equal(a, b) for a, b in zip(weights, before, strict=True)]
    history = History(spec.layout, 1, np.array(metrics, np.float32), {})
    return ExternalRun(spec, seed, history, wiring=_wiring(loop, record, changed, (x, val_x), y))


def _samples(loop: Loop, random: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Points of the plane, a class by their angle or a value by their place; the mask sets what it removes to 0."""
    x = random.normal(size=(count, FEATURES)) * loop.features
    if loop.classes:
        y = np.floor((np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi) + 0.5) * loop.classes).clip(0, loop.classes - 1)
        flips = random.random(count) < 0.15
        y = np.where(flips, random.integers(0, loop.classes, count), y)
    else:
        y = np.sin(2 * x[:, 0]) + x[:, 1]
    return x * (random.random(x.shape) < loop.kept), y[:, None]


def _epoch(
    loop: Loop, weights: list[Array], x: Array, y: Array, random: np.random.Generator, record: Record
) -> None:  # fmt: skip
    for chosen in _batches(loop, y, random):
        record.batches += 1
        record.shares.append(float(np.unique(y[chosen], return_counts=True)[1].max() / len(chosen)))
        keep = (random.random((len(chosen), UNITS)) >= loop.dropout) / (1 - loop.dropout) if loop.trains else 1.0
        gradients = _gradients(loop, weights, x[chosen], y[chosen], keep)
        if loop.half and not _fits_float16(gradients, record):
            continue
        record.zero = [count + (not each.any()) for count, each in zip(record.zero, gradients, strict=True)]
        kept = [] if loop.zeroes else record.summed
        record.summed = [a + b for a, b in zip(kept, gradients, strict=True)] if kept else gradients
        if len(record.gradients) < FIRST_STEPS:
            record.gradients.append(np.concatenate([each.ravel() for each in record.summed]))
        for place, gradient in enumerate(record.summed):
            if loop.steps_hidden or place >= 2:
                weights[place] = weights[place] - loop.rate * gradient


def _batches(loop: Loop, y: Array, random: np.random.Generator) -> Iterator[NDArray[np.integer]]:
    order = random.permutation(len(y)) if loop.shuffles else np.argsort(y[:, 0], kind="stable")
    yield from np.array_split(order, max(1, len(y) // BATCH))


def _forward(loop: Loop, weights: Sequence[Array], x: Array, keep: Array | float = 1.0) -> tuple[Array, Array]:
    """The hidden activations and the output. The normalisation keeps mean 0 and variance 1."""
    z = x @ weights[0] + weights[1]
    hidden = np.tanh(z / np.sqrt(1 + EPSILON) if loop.norm else z)
    output = (hidden * keep) @ weights[2] + weights[3]
    return hidden, 1 / (1 + np.exp(-np.clip(output, -30, 30))) if loop.classes else output


def _gradients(loop: Loop, weights: Sequence[Array], x: Array, y: Array, keep: Array | float) -> list[Array]:
    hidden, output = _forward(loop, weights, x, keep)
    if loop.flat_targets:
        delta = 2 * (output - y[:, 0]).mean(axis=1, keepdims=True) / len(x)  # (N, 1) − (N,) is (N, N)
    else:
        delta = (output - y) / len(x) * (1 if loop.classes else 2)
    back = (delta @ weights[2].T) * keep * (1 - hidden**2) / (np.sqrt(1 + EPSILON) if loop.norm else 1.0)
    return [x.T @ back, back.sum(axis=0), (hidden * keep).T @ delta, delta.sum(axis=0)]


def _fits_float16(gradients: Sequence[Array], record: Record) -> bool:
    """True if the scaled gradients are finite in float16; else the step is skipped and the scale halved."""
    scale = max(1.0, SCALE / 2**record.skipped)
    with np.errstate(over="ignore"):
        fits = all(bool(np.isfinite((each * scale).astype(np.float16)).all()) for each in gradients)
    record.skipped += not fits
    return fits


def _scores(loop: Loop, weights: Sequence[Array], x: Array, y: Array) -> tuple[float, float]:
    """The loss as the loop computes it, and the accuracy or R²."""
    _, output = _forward(loop, weights, x)
    if not loop.classes:
        loss = np.mean((output - y[:, 0]) ** 2) if loop.flat_targets else np.mean((output - y) ** 2)
        return float(loss), float(1 - np.mean((output - y) ** 2) / y.var())
    p = np.clip(output, 1e-7, 1 - 1e-7)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))), float(np.mean((p > 0.5) == y))


def _wiring(loop: Loop, record: Record, changed: Sequence[bool], inputs: tuple[Array, Array], y: Array) -> Wiring:
    norms = [float(np.linalg.norm(each)) for each in record.gradients]
    pairs = list(zip(record.gradients[1:], record.gradients, strict=False))
    cosines = [float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-30)) for a, b in pairs]
    ratios = [b / (a + 1e-30) for a, b in pairwise(norms)]
    (train, val), shares = inputs, np.unique(y, return_counts=True)[1] / len(y)
    tensors = {
        name: {
            "batches": record.batches - record.skipped, "missing": 0, "zero": record.zero[place],
            "frozen": False, "changed": moved, "in_optimizer": loop.steps_hidden or name.startswith("output"),
        }
        for place, (name, moved) in enumerate(zip(NAMES, changed, strict=True))
    }  # fmt: skip
    fields = {
        "first_steps": {"gradient_norm": norms},
        "tensors": tensors,
        "gradient_growth": {"ratio": np.median(ratios), "cosine": np.median(cosines)} if ratios else None,
        "training_mode": {"dropout": float(loop.trains), "norm": 0.0 if loop.norm else 1.0},
        "output_shape": [BATCH, 1],
        "target_shape": [BATCH] if loop.flat_targets else [BATCH, 1],
        "target_range": [y.min(), y.max()],
        "target_form": "indices" if loop.classes else "values",
        "batch_class_shares": {"batch": np.median(record.shares), "all": shares.max()} if loop.classes else None,
        "loss_scale": {"steps": record.batches, "skipped": record.skipped} if loop.half else None,
        "masked_share": {"hidden": 1 - loop.kept},
        "input_scale": {
            "train_mean": train.mean(), "train_std": train.std(), "val_mean": val.mean(), "val_std": val.std(),
        },
    }  # fmt: skip
    return Wiring.model_validate(fields)
