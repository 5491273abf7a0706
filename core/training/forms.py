"""Layers rewritten for XLA: the same numbers as Keras's layers, in operations that XLA compiles to fast code."""

from core.training.convolutions import rewrite_convolutions
from core.training.network import Network
from core.training.poolings import chain_small_poolings
from core.training.products import sum_small_products


def compiled_forms(network: Network) -> Network:
    """Rewrite the layers of a network for XLA, in place, and return it; results differ in the last digits at most.

    Only for programs that XLA compiles: in a plain graph Keras's own layers are faster.
    """
    sum_small_products(network)
    rewrite_convolutions(network)
    chain_small_poolings(network)
    return network
