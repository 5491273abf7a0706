"""Layers rewritten for XLA: the same numbers as Keras's layers, in operations that XLA compiles to fast code."""

from collections.abc import Sequence

from core.training.convolutions import rewrite_convolutions
from core.training.draws import draw_fast
from core.training.network import BuiltLayer, Network
from core.training.poolings import chain_small_poolings
from core.training.products import sum_small_products
from core.training.time_loops import loop_over_time
from core.training.tokens import encode_by_comparison
from core.training.wrapped import held_layers, rewrite_wrapped

REWRITES = (
    sum_small_products, rewrite_convolutions, chain_small_poolings, draw_fast, encode_by_comparison, rewrite_wrapped,
    loop_over_time,
)  # fmt: skip


def compiled_forms(network: Network) -> Network:
    """Rewrite the layers of a network for XLA, in place, and return it; results differ in the last digits at most.

    Only for programs that XLA compiles: in a plain graph Keras's own layers are faster.
    """
    rewrite_layers(network.layers)
    return network


def plain_forms(network: Network) -> Network:
    """Rewrite the layers of a network that are slow in a plain graph, in place, and return it.

    They are convolutions in groups: TensorFlow has no kernel for them on CPUs, and Keras compiles each by XLA, whose
    nested loops take hundreds of times as long as one convolution with zeros between the groups.
    """
    layers = [*network.layers, *held_layers(network.layers)]
    rewrite_convolutions([layer for layer in layers if getattr(layer.keras, "groups", 1) > 1])
    return network


def rewrite_layers(layers: Sequence[BuiltLayer]) -> None:
    """Rewrite layers for XLA, in place, and those that they hold."""
    layers = [*layers, *held_layers(layers)]
    for rewrite in REWRITES:
        rewrite(layers)
