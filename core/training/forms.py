"""The forms in which a network's layers are compiled: Keras's numbers, in the operations that XLA is quick at."""

from core.training.convolutions import rewrite_convolutions
from core.training.network import Network
from core.training.poolings import chain_small_poolings
from core.training.products import sum_small_products


def compiled_forms(network: Network) -> Network:
    """The same network, its layers computing in these forms from now on; results differ in last digits at most.

    Meant for programs that XLA compiles: in a plain graph Keras's own forms are faster.
    """
    sum_small_products(network)
    rewrite_convolutions(network)
    chain_small_poolings(network)
    return network
