"""Weights of a file in place of drawn ones."""

from collections.abc import Mapping, Sequence

import numpy as np

from core.training.network import LayerValues
from gradlab.spec import ExperimentSpec
from gradlab.spec.initial_weights import given_layers, tensors_in


def with_given(
    spec: ExperimentSpec, drawn: Sequence[LayerValues], weights: Mapping[str, np.ndarray] | None
) -> list[LayerValues]:
    """Return the values of the layers in which those that a file gives replace the drawn ones.

    State that is no running average, as the seeds of dropout, stays the run's own.

    Args:
        spec: the experiment.
        drawn: the values of each layer.
        weights: the file's tensors; None where the spec names no file.

    Raises:
        ValueError: the spec names a file, and `weights` is None, or lacks a tensor of the right shape.
    """
    given = given_layers(spec.training.initial_weights, spec.layers)
    if given and weights is None:
        raise ValueError("the spec begins with uploaded weights, and they were not loaded")
    values = []
    for layer, own in zip(spec.layers, drawn, strict=True):
        source = given.get(layer.name)
        if source is None or weights is None:
            values.append(own)
            continue
        arrays = [_tensor(weights, name, shape) for name, shape in tensors_in(layer, source).items()]
        count = len(layer.tensors)
        values.append(LayerValues(arrays[:count], [*arrays[count:], *own.state[len(arrays) - count :]]))
    return values


def _tensor(weights: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...]) -> np.ndarray:
    if name not in weights or weights[name].shape != shape:
        received = f"shape {weights[name].shape}" if name in weights else "nothing"
        raise ValueError(f"the uploaded weights: expected {name} of shape {shape}; received {received}")
    return weights[name]
