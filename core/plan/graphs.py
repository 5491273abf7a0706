"""The form of a training: one program compiled by XLA, or a plain graph of TensorFlow's own kernels.

Inside a compiled loop XLA's convolutions, its overlapping maxima and its sums over images are slower than TensorFlow's
kernels. But each kernel is launched by itself, where XLA fuses many operations. So the form follows from the work of a
batch. It is never chosen by a measurement: one spec has one set of bits on a machine.
"""

import math
import operator
from collections.abc import Iterable

from core.plan.families import FAMILIES
from gradlab.spec.experiment import ExperimentSpec
from gradlab.spec.network import NamedLayer
from gradlab.vocabulary.layers.convolution import sizes_along
from gradlab.vocabulary.layers.pooling import Pooling
from gradlab.vocabulary.layers.wrapping import at_each_step

# Weighted operations of a batch's forward pass from which on a plain graph is chosen. From a fifth of it on most layers
# are faster there; networks below keep their bits (measured, as the weights are: docs/lab-notes/convolutions.md).
MIN_PLAIN_WORK = 50e6
# Kinds of layers -> weight of their operations: multiply-adds of convolutions.
WEIGHTS = dict.fromkeys(FAMILIES["convolutions"], 1.0) | {
    "depthwise_conv1d": 5.0, "depthwise_conv2d": 5.0, "conv3d": 2.0, "conv3d_transpose": 2.0,
}  # fmt: skip
# Weight of each number that enters an overlapping maximum, or a batch normalisation of images.
NUMBER_WEIGHT = 100.0
# Kinds of layers that multiply all samples of a batch by one matrix.
PRODUCTS = ("dense", "einsum_dense", *FAMILIES["attention"])
# Multiply-adds of a batch in the forward pass of such a layer from which on two threads are chosen. They gain from 8
# million on (docs/lab-notes/engine.md); where less is gained or lost has not been measured.
MIN_LARGE_PRODUCT = 4e6
# Axes of an image's numbers: rows, columns, channels.
IMAGE_AXES = 3
# Loops over time are so slow in a plain graph that a training with one is always compiled.
LOOPS = (*FAMILIES["simple_recurrent"], *FAMILIES["gated_recurrent"], "bidirectional")


def trains_plainly(spec: ExperimentSpec) -> bool:
    """Return True if a spec trains as a plain graph, False if XLA compiles its training."""
    return prefers_plain_graph(spec.layers, min(spec.training.batch_size, spec.dataset.train_count))


def has_large_kernels(spec: ExperimentSpec) -> bool:
    """Return True if a kernel of a spec's training works with two threads: `core.training.two_threads`.

    So it is where a training is a plain graph, or where a batch enters a large product of matrices. A network with a
    loop over time has one thread: its products are many and small.
    """
    batch, layers = min(spec.training.batch_size, spec.dataset.train_count), spec.layers
    return trains_plainly(spec) or (
        not _loops(layers) and any(batch * _multiplied(layer) >= MIN_LARGE_PRODUCT for layer in layers)
    )


def prefers_plain_graph(layers: Iterable[NamedLayer], batch: int) -> bool:
    """Return True if a network of these layers trains as a plain graph on batches of so many samples."""
    layers = [*layers]
    if _loops(layers):
        return False
    return batch * sum(map(_work, layers)) >= MIN_PLAIN_WORK


def _loops(layers: Iterable[NamedLayer]) -> bool:
    return any(at_each_step(layer.spec).kind in LOOPS for layer in layers)


def _multiplied(layer: NamedLayer) -> float:
    """Return the multiply-adds of a sample in a layer that multiplies all samples by one matrix; 0 for any other."""
    return layer.spec.operations(layer.input_shape) if at_each_step(layer.spec).kind in PRODUCTS else 0.0


def _work(layer: NamedLayer) -> float:
    """Return the weighted operations of a sample's forward pass; 0 for layers that XLA compiles as well or better."""
    if _reads_numbers_again(layer):
        return NUMBER_WEIGHT * math.prod(layer.input_shape)
    return WEIGHTS.get(at_each_step(layer.spec).kind, 0.0) * layer.spec.operations(layer.input_shape)


def _reads_numbers_again(layer: NamedLayer) -> bool:
    """Return True for a maximum over windows that overlap, and for batch normalisation of images."""
    spec = at_each_step(layer.spec)
    if isinstance(spec, Pooling):
        windows, strides = (sizes_along(sizes, spec.axes) for sizes in (spec.pool_size, spec.strides or spec.pool_size))
        return spec.kind.startswith("max") and any(map(operator.gt, windows, strides))
    return spec.kind == "batch_normalization" and len(layer.input_shape) == IMAGE_AXES
