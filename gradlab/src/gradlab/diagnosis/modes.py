"""Layers with two modes in a training elsewhere, and the share of batches in which they ran in training mode."""

import re

from gradlab.diagnosis.evidence import ExternalRun
from gradlab.diagnosis.unknown import Unknown
from gradlab.diagnosis.wired import BY_WATCH, layers_of
from gradlab.spec.external import ExternalLayer

# Layers that draw random numbers while training, by their class's name: Dropout, SpatialDropout2D, AlphaDropout,
# GaussianNoise, DropPath, StochasticDepth.
RANDOM = re.compile(r"Dropout|^Gaussian|DropPath|StochasticDepth", re.IGNORECASE)
# BatchNormalization, BatchNorm2d, SyncBatchNorm.
BATCH_NORMALIZATION = re.compile(r"BatchNorm", re.IGNORECASE)


def is_batch_normalization(layer: ExternalLayer) -> bool:
    """True if the layer normalises by the mean and variance of a batch."""
    return BATCH_NORMALIZATION.search(layer.class_name) is not None


def moded_layers(run: ExternalRun, *, normalizations: bool = True) -> tuple[ExternalLayer, ...]:
    """Return the layers that compute something else while training; without batch normalisations if so chosen."""
    return tuple(
        layer
        for layer in run.external.layers
        if RANDOM.search(layer.class_name) or (normalizations and is_batch_normalization(layer))
    )


def frozen_layers(run: ExternalRun) -> frozenset[str]:
    """Return the layers with tensors, none of which is trained."""
    tensors = {} if run.wiring is None else run.wiring.tensors or {}
    frozen = layers_of(run, (path for path, each in tensors.items() if each.frozen))
    return frozenset(frozen) - {*layers_of(run, (path for path, each in tensors.items() if not each.frozen))}


def training_shares(run: ExternalRun) -> dict[str, float]:
    """Return the share of the training batches in which a layer ran in training mode, in [0, 1], by layer.

    It is empty for a network without layers that have two modes. A layer of which nothing was recorded is missing.

    Raises:
        Unknown: the modes were not recorded.
    """
    moded = moded_layers(run)
    mode = None if run.wiring is None else run.wiring.training_mode
    if not moded:
        return {}
    if mode is None:
        raise Unknown("whether its layers run in training mode is not known", BY_WATCH)
    if isinstance(mode, float | int):
        return {layer.name: float(mode) for layer in moded}
    return {layer.name: mode[layer.name] for layer in moded if layer.name in mode}
