"""Layers rewritten for XLA, or for a plain graph: the same numbers as Keras's layers, in operations that are fast."""

from collections.abc import Iterable, Sequence

from core.plan.graphs import trains_plainly
from core.training.convolutions import rewrite_convolutions
from core.training.draws import draw_fast
from core.training.joining import join_large
from core.training.network import BuiltLayer, Network
from core.training.normalizations import fuse_normalizations
from core.training.poolings import chain_small_poolings
from core.training.products import sum_small_products
from core.training.time_loops import loop_over_time
from core.training.tokens import encode_by_comparison
from core.training.wrapped import held_layers, rewrite_wrapped
from gradlab.spec import ExperimentSpec, NamedLayer
from gradlab.vocabulary.layers.convolution import Conv2D

REWRITES = (
    sum_small_products, rewrite_convolutions, chain_small_poolings, draw_fast, encode_by_comparison, rewrite_wrapped,
    loop_over_time, join_large,
)  # fmt: skip


def training_forms(network: Network, spec: ExperimentSpec) -> Network:
    """Rewrite the layers of a network that is trained, in place, and return it.

    Results differ from those of Keras's layers in the last digits at most.
    """
    rewrite_layers(network.layers, plainly=trains_plainly(spec))
    return network


def measuring_forms(network: Network, spec: ExperimentSpec) -> Network:
    """Rewrite the layers of a network that is measured in a plain graph, in place, and return it."""
    if trains_plainly(spec):
        return training_forms(network, spec)
    rewrite_unsuited([*network.layers, *held_layers(network.layers)])
    return network


def rewrite_layers(layers: Sequence[BuiltLayer], *, plainly: bool) -> None:
    """Rewrite layers, in place, and those that they hold.

    Args:
        layers: the layers.
        plainly: True for a plain graph, where most of Keras's own forms are the fastest; False for XLA.
    """
    layers = [*layers, *held_layers(layers)]
    for rewrite in (rewrite_unsuited, fuse_normalizations) if plainly else REWRITES:
        rewrite(layers)


def rewrite_unsuited(layers: Iterable[BuiltLayer]) -> None:
    """Rewrite the convolutions that are slow or undefined in a plain graph.

    TensorFlow has no kernel for groups on CPUs, and Keras compiles each such layer by XLA, whose nested loops take
    hundreds of times as long as one convolution with zeros between the groups.
    """
    rewrite_convolutions(
        [layer for layer in layers if getattr(layer.keras, "groups", 1) > 1 or _is_undefined(layer.named)]
    )


def _is_undefined(layer: NamedLayer) -> bool:
    """Return True if TensorFlow's convolution is of a kind that oneDNN gets wrong (docs/lab-notes/convolutions.md)."""
    if not isinstance(layer.spec, Conv2D) or layer.input_shape[-1] > 1:
        return False
    (down, across), (rows, columns) = layer.spec.sizes("strides"), layer.output_shape[:2]
    return down == 1 < across and columns == 1 < rows
