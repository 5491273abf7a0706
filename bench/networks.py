"""Specs of the benchmarks."""

from pathlib import Path
from typing import Any

from gradlab.spec.experiment import ExperimentSpec, parse

TUTORIAL = Path(__file__).parents[1] / "examples" / "tutorial-3-deep-relu.json"
TIME_STEPS = 200


def tutorial(*, record: str, epochs: int = 500, seeds: int = 1) -> str:
    """Return the tutorial's network 3, as JSON."""
    spec = parse(TUTORIAL.read_bytes())
    training = spec.training.model_dump() | {"epochs": epochs}
    changed = {"record": record, "seeds": list(range(seeds)), "training": training}
    return ExperimentSpec.model_validate(spec.model_dump() | changed).canonical()


def small(depth: int, width: int) -> ExperimentSpec:
    """Return the spec of one epoch of a small network on 32 samples."""
    spec = parse(TUTORIAL.read_bytes()).model_dump()
    *_, output = spec["model"]["layers"]
    layers = [{"kind": "dense", "units": width, "activation": "relu", "repeat": depth}, output]
    few = {"samples": 64, "train_size": 32}
    return ExperimentSpec.model_validate(
        spec
        | {"model": {"layers": layers}, "dataset": spec["dataset"] | few}
        | {"training": spec["training"] | {"epochs": 1}}
    )


def convolutional(epochs: int, record: str, filters: tuple[int, int] = (8, 16)) -> str:
    """Return two convolutions on the digits, as JSON: 898 images for training, 899 for validation."""
    first, second = filters
    layers = [
        {"kind": "conv2d", "filters": first, "kernel_size": 3, "padding": "same", "activation": "relu"},
        {"kind": "max_pooling2d", "pool_size": 2},
        {"kind": "conv2d", "filters": second, "kernel_size": 3, "padding": "same", "activation": "relu"},
        {"kind": "flatten"},
        {"kind": "dense", "units": 10, "activation": "softmax"},
    ]
    dataset = {"kind": "digits", "form": "image", "scale": [0, 1]}
    return _spec("conv2d on digits", dataset, layers, "categorical_crossentropy", epochs, record)


def recurrent(kind: str, epochs: int, record: str) -> str:
    """Return 16 recurrent units on the adding problem, as JSON: 300 sequences of 200 steps, and 300 for validation."""
    layers = [{"kind": kind, "units": 16}, {"kind": "dense", "units": 1}]
    dataset = {"kind": "adding", "samples": 600, "length": TIME_STEPS}
    return _spec(f"{kind} on adding", dataset, layers, "mean_squared_error", epochs, record)


def _spec(name: str, dataset: dict[str, Any], layers: list[Any], loss: str, epochs: int, record: str) -> str:
    training = {"loss": loss, "optimizer": "adam", "epochs": epochs, "batch_size": 32}
    fields = {"name": name, "dataset": dataset, "model": {"layers": layers}, "training": training, "record": record}
    return ExperimentSpec.model_validate(fields).canonical()
