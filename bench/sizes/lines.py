"""The lines of `bench.sizes`: fixed, so that figures of different days compare.

The networks are those that people bring: dense ones on 784 inputs as of MNIST, deep ones, convolutions on images of
8 to 32 pixels, convolutions over 1,000 steps, recurrent ones, attention, and a classifier of texts. Samples are 300 to
50,000. Whoever adds a line adds it at the end; a line that is here is not changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench.networks import convolutional, recurrent
from bench.sizes.samples import Brought
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse

Fields = dict[str, Any]

EXAMPLES = Path(__file__).parents[2] / "examples"
TUTORIAL = ("tutorial-1-one-tanh", "tutorial-2-deep-tanh", "tutorial-3-deep-relu")
# Of the default recording against bare `fit`, by what a line is.
SMALL, FEW_FILTERS, FILTERS_ON_8, FEW_UNITS, UNITS, REAL = 100.0, 10.0, 1.5, 10.0, 3.0, 1.0
# Samples and batches of a line with --quick: a part of the samples, as the time of a batch is what is compared.
QUICK_PART, MIN_QUICK_BATCHES = 8, 4


@dataclass(frozen=True, eq=False)
class Line:
    """One network with its samples.

    Attributes:
        name: unique; the key of kept measurements.
        min_ratio: how many times as fast as bare `fit` the default recording has to be.
        fields: the spec's fields but `name`, `record` and `dataset`, or a whole spec with a drawn dataset.
        brought: the samples, where no kind of dataset draws them.
        is_tutorial: True for the tutorial's networks, whose first answer has a bound of its own.
    """

    name: str
    min_ratio: float
    fields: Mapping[str, Any]
    brought: Brought | None = None
    is_tutorial: bool = False

    def spec(self, record: str, *, quick: bool) -> ExperimentSpec:
        """Return the line's spec."""
        changed: Fields = {"name": self.name, "record": record, "seeds": [0]}
        if (brought := self.samples(quick=quick)) is not None:
            changed["dataset"] = brought.dataset(self.name)
        elif quick and self.fields["dataset"]["kind"] == "adding":
            train = self._fewer(self.fields["dataset"]["train_size"])
            changed["dataset"] = self.fields["dataset"] | {"samples": train + train // 4, "train_size": train}
        return ExperimentSpec.model_validate({**self.fields, **changed})

    def samples(self, *, quick: bool) -> Brought | None:
        """Return the samples that no kind of dataset draws; None for a drawn dataset."""
        return self.brought.part(self._fewer(self.brought.train)) if quick and self.brought else self.brought

    def _fewer(self, train: int) -> int:
        """Return the number of training samples with --quick."""
        batch: int = self.fields["training"]["batch_size"]
        return min(train, max(train // QUICK_PART, MIN_QUICK_BATCHES * batch))


def _training(loss: str, epochs: int, batch: int, optimizer: str = "adam") -> Fields:
    return {"loss": loss, "optimizer": optimizer, "epochs": epochs, "batch_size": batch}


def _classifier(layers: list[Fields], classes: int, batch: int, epochs: int = 100) -> Fields:
    output = {"kind": "dense", "units": classes, "activation": "softmax"}
    training = _training("categorical_crossentropy", epochs, batch)
    return {"model": {"layers": [*layers, output]}, "training": training}


def _dense(*units: int, batch: int = 128) -> Fields:
    return _classifier([{"kind": "dense", "units": each, "activation": "relu"} for each in units], 10, batch)


def _deep(depth: int, width: int, batch: int) -> Fields:
    hidden = {"kind": "dense", "units": width, "activation": "relu", "kernel_initializer": "he_uniform"}
    return _classifier([hidden | {"repeat": depth}], 10, batch)


def _conv(filters: int, activation: str = "relu", **changes: Any) -> Fields:
    plain = {"kind": "conv2d", "filters": filters, "kernel_size": 3, "padding": "same", "activation": activation}
    return plain | changes


RELU: Fields = {"kind": "activation", "activation": "relu"}
NORM: Fields = {"kind": "batch_normalization"}
POOL: Fields = {"kind": "max_pooling2d", "pool_size": 2}
FLAT: Fields = {"kind": "flatten"}
MEAN: Fields = {"kind": "global_average_pooling2d"}


def _normed(filters: int) -> list[Fields]:
    return [_conv(filters, "linear", use_bias=False), NORM, RELU]


def _pooled(*filters: int) -> Fields:
    layers = [layer for each in filters for layer in (_conv(each), POOL)]
    return _classifier([*layers, FLAT, {"kind": "dense", "units": 64, "activation": "relu"}], 10, 64)


def _eight() -> Fields:
    """Eight convolutions of 16 to 128 filters with batch normalisation, two before each pooling (as VGG)."""
    layers = [each for filters in (16, 32, 64, 128) for each in (*_normed(filters), *_normed(filters), POOL)]
    return _classifier([*layers, FLAT], 10, 64)


def _separable() -> Fields:
    """One convolution, then blocks of a depthwise and a 1×1 convolution with batch normalisation (as MobileNet)."""
    layers: list[Fields] = [*_normed(32), POOL]
    for filters in (64, 128):
        by_channel = {"kind": "depthwise_conv2d", "kernel_size": 3, "padding": "same", "use_bias": False}
        layers += [by_channel, NORM, RELU, _conv(filters, "linear", kernel_size=1, use_bias=False), NORM, RELU, POOL]
    return _classifier([*layers, MEAN], 10, 64)


def _residual() -> Fields:
    """A convolution and three residual blocks of two convolutions of 16 filters (as ResNet)."""
    block: Fields = {"kind": "residual", "layers": [*_normed(16), *_normed(16)[:2]]}
    return _classifier([*_normed(16), *[block, RELU] * 3, MEAN], 10, 64)


def _over_time() -> Fields:
    layers: list[Fields] = []
    for filters in (32, 64):
        layers += [
            {"kind": "conv1d", "filters": filters, "kernel_size": 5, "padding": "same", "activation": "relu"},
            {"kind": "max_pooling1d", "pool_size": 4},
        ]
    return _classifier([*layers, {"kind": "global_average_pooling1d"}], 5, 32)


def _sequence(kind: str, units: int, steps: int, train: int) -> Fields:
    """Return a recurrent layer on the adding problem, with as many validation samples as a fourth of the others."""
    dataset = {"kind": "adding", "samples": train + train // 4, "train_size": train, "length": steps}
    layers = [{"kind": kind, "units": units}, {"kind": "dense", "units": 1}]
    return {"dataset": dataset, "model": {"layers": layers}, "training": _training("mean_squared_error", 100, 32)}


def _attention() -> Fields:
    """A block of a transformer's encoder on 64 tokens of 1,000, 64 numbers each, four heads."""
    attend: Fields = {"kind": "residual", "layers": [{"kind": "multi_head_attention", "num_heads": 4, "key_dim": 16}]}
    forward: Fields = {
        "kind": "residual",
        "layers": [
            {"kind": "dense", "units": 128, "activation": "relu"},
            {"kind": "dense", "units": 64},
        ],
    }
    norm = {"kind": "layer_normalization"}
    layers: list[Fields] = [{"kind": "embedding", "input_dim": 1000, "output_dim": 64}, attend, norm, forward, norm]
    return _classifier([*layers, {"kind": "global_average_pooling1d"}], 4, 32)


def _texts() -> Fields:
    """The classifier of Keras's tutorial on texts: vectors of words, their mean, one hidden layer."""
    layers = [
        {"kind": "embedding", "input_dim": 10_000, "output_dim": 16},
        {"kind": "global_average_pooling1d"},
        {"kind": "dense", "units": 16, "activation": "relu"},
        {"kind": "dense", "units": 1, "activation": "sigmoid"},
    ]
    return {"model": {"layers": layers}, "training": _training("binary_crossentropy", 100, 128)}


def _measurements() -> Fields:
    """A small dense network on the thirty measurements of breast cancer, 4,097 weights."""
    layers = [{"kind": "dense", "units": units, "activation": "relu"} for units in (64, 32)]
    output = {"kind": "dense", "units": 1, "activation": "sigmoid"}
    dataset = {"kind": "breast_cancer", "scale": "standard", "train_size": 455}
    training = _training("binary_crossentropy", 500, 32)
    return {"dataset": dataset, "model": {"layers": [*layers, output]}, "training": training}


def _parsed(spec: str | bytes) -> Fields:
    return parse(spec).model_dump()


@cache
def lines() -> dict[str, Line]:
    """Return all lines by name."""
    images = Brought((32, 32, 3), 10, 5_000, 1_000)
    mnist = Brought((784,), 10, 50_000, 10_000)
    made = [
        *(
            Line(f"network {n}", SMALL, _parsed((EXAMPLES / f"{name}.json").read_bytes()), is_tutorial=True)
            for n, name in enumerate(TUTORIAL, start=1)
        ),
        Line("dense 30-64-32-1", SMALL, _measurements()),
        Line("dense 784-256-256-10", REAL, _dense(256, 256), Brought((784,), 10, 10_000, 2_000)),
        Line("dense 784-512x3-10", REAL, _dense(512, 512, 512), mnist),
        Line("dense 784-1024x4-10", REAL, _dense(1024, 1024, 1024, 1024), mnist),
        Line("dense 20x64", REAL, _deep(20, 64, 32), Brought((64,), 10, 5_000, 1_000)),
        Line("dense 50x128", REAL, _deep(50, 128, 64), Brought((128,), 10, 5_000, 1_000)),
        Line("conv2d 8, 16 on 8x8", FEW_FILTERS, _parsed(convolutional(100, "standard"))),
        Line("conv2d 32, 64 on 8x8", FILTERS_ON_8, _parsed(convolutional(100, "standard", (32, 64)))),
        Line("conv2d 16, 32 on 28x28", REAL, _pooled(16, 32), Brought((28, 28, 1), 10, 10_000, 2_000)),
        Line("conv2d 32, 64 on 32x32", REAL, _pooled(32, 64), images),
        Line("eight conv2d 16 to 128, normalised, on 32x32", REAL, _eight(), images),
        Line("depthwise 32, 64, normalised, on 32x32", REAL, _separable(), images),
        Line("residual conv2d 16 on 16x16", REAL, _residual(), Brought((16, 16, 3), 10, 5_000, 1_000)),
        Line("conv1d 32, 64 over 1000", REAL, _over_time(), Brought((1_000, 4), 5, 2_000, 500)),
        Line("gru 16 over 200", FEW_UNITS, _parsed(recurrent("gru", 100, "standard"))),
        Line("lstm 16 over 200", FEW_UNITS, _parsed(recurrent("lstm", 100, "standard"))),
        Line("gru 64 over 100", UNITS, _sequence("gru", 64, 100, 2_000)),
        Line("lstm 64 over 100", UNITS, _sequence("lstm", 64, 100, 2_000)),
        Line("gru 128 over 400", REAL, _sequence("gru", 128, 400, 1_000)),
        Line("lstm 128 over 400", REAL, _sequence("lstm", 128, 400, 1_000)),
        Line("attention over 64 tokens", REAL, _attention(), Brought((64,), 4, 5_000, 1_000, words=1_000)),
        Line("texts of 256 words", REAL, _texts(), Brought((256,), 2, 25_000, 5_000, words=10_000)),
    ]
    return {line.name: line for line in made}
