"""Examples of the rules on the faults of samples: each drawn with one fault."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bench.atlas.example import Example
from bench.atlas.faulty import BATCH, FEATURES, UNITS, Make, Samples, clouds, divided, on
from bench.atlas.pictures import as_curves

COUNTS = (300, 300)


def external(name: str, classes: int = 2, epochs: int = 30) -> dict[str, Any]:
    """Return the description of a tanh layer and a softmax over classes."""
    shapes = {"hidden": (FEATURES, UNITS, "tanh"), "output": (UNITS, classes, "softmax")}
    layers = [
        {
            "name": layer, "class_name": "Linear", "output_shape": [units], "activation": activation,
            "parameters": [{"name": "kernel", "shape": [inputs, units]}, {"name": "bias", "shape": [units]}],
        }
        for layer, (inputs, units, activation) in shapes.items()
    ]  # fmt: skip
    return {
        "source": "external", "name": name, "layers": layers, "record": {"gradients": 0}, "epochs": epochs,
        "metrics": ["loss", "accuracy", "val_loss", "val_accuracy"], "seeds": [0, 1, 2], "batch_size": BATCH,
        "loss": {"kind": "categorical_crossentropy"}, "target": {"kind": "classes", "count": classes},
    }  # fmt: skip


def _with_gaps(random: np.random.Generator) -> Samples:
    samples = divided(random, *clouds(random, COUNTS, 2.0))
    samples.x[random.random(len(samples.x)) < 0.02, 3] = np.nan
    return samples


def _divided_as_integers(random: np.random.Generator) -> Samples:
    x, y = clouds(random, COUNTS, 2.0)
    return divided(random, np.floor((128 + 20 * x) / 1024), y)


def _with_the_answer(random: np.random.Generator) -> Samples:
    x, y = clouds(random, COUNTS, 0.0)
    x[:, -1] = 3 - 2 * y
    return divided(random, x, y)


def _repeated_first(random: np.random.Generator) -> Samples:
    x, y = clouds(random, (100, 100), 0.5)
    return divided(random, np.tile(x, (5, 1)), np.tile(y, 5))


def _in_order(random: np.random.Generator) -> Samples:
    return divided(random, *clouds(random, (250, 250, 125), 2.0), shuffled=False)


def _with_three_of_a_class(random: np.random.Generator) -> Samples:
    samples = divided(random, *clouds(random, (300, 300, 60), 2.0))
    kept = (samples.y != 2) | (np.cumsum(samples.y == 2) <= 3)
    return replace(samples, x=samples.x[kept], y=samples.y[kept])


def _mislabelled(random: np.random.Generator) -> Samples:
    x, y = clouds(random, (750, 750), 5.0)
    return divided(random, x, np.where(random.random(len(y)) < 0.25, 1 - y, y))


def example(rule: str, made: str, seen: str, make: Make, name: str, classes: int = 2, epochs: int = 30) -> Example:
    """Return an example that is trained on samples which `make` draws."""
    return Example(rule, made, seen, external(name, classes, epochs), as_curves, on(make))


OF_THE_SAMPLES: Sequence[Example] = (
    example(
        "nonfinite_samples",
        "Two clouds, and a gap in one feature of two samples in a hundred, which is NaN.",
        "From the first epoch on the loss is NaN, which no curve shows, and the accuracy is that of one class.",
        _with_gaps, "gaps in a feature",
    ),
    example(
        "constant_features",
        "Two clouds as numbers from 0 to 255, and a division that keeps whole numbers alone.",
        "All inputs are 0: loss and accuracy are those of a constant answer.",
        _divided_as_integers, "a division of integers",
    ),
    example(
        "target_leak",
        "Classes drawn without regard to nine features; the tenth is 3 for one class and 1 for the other.",
        "Every answer is right after the first epochs, on validation samples as well.",
        _with_the_answer, "the answer among the features",
    ),
    example(
        "repeated_samples",
        "Two hundred samples of two clouds that overlap, each taken five times, and only then divided.",
        "The network learns the samples by heart, and validation looks perfect: its samples are among them.",
        _repeated_first, "repeated before the division", epochs=120,
    ),
    example(
        "split_by_class",
        "Three clouds in order of class, of which the last fifth is held out: all of it belongs to the third.",
        "The training loss falls, and the validation loss rises from the beginning.",
        _in_order, "sorted, and the last fifth held out", 3,
    ),
    example(
        "rare_class",
        "Three clouds; of the third one three samples are trained on.",
        "The training accuracy hardly depends on them; in validation the third class is mostly missed.",
        _with_three_of_a_class, "three samples of a class", 3,
    ),
    example(
        "label_noise",
        "Two clouds far apart, and a quarter of the labels exchanged.",
        "The network learns the wrong labels by heart: the validation loss rises, and the accuracy there falls.",
        _mislabelled, "a quarter of the labels exchanged", epochs=80,
    ),
)  # fmt: skip
