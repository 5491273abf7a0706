"""Most of the gradient's entries are exactly zero."""

import math

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import SATURATIONS
from gradlab.diagnosis.recorded import Recorded
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules.dead_units import AGAINST_DEATH, CAUSES_OF_DEATH
from gradlab.diagnosis.unknown import Unknown
from gradlab.measurement.history import Tensor

# AutoTrainer's bound for dying relus (Zhang et al. 2021, gamma).
SHARE = 0.7
# Batch size from which on the mean over batches stands for "in every batch". External trainings and earlier versions
# record the mean alone. A living weight with a gradient for every fifth sample has none in 0.8^16 = 3 % of the batches
# of 16, but in 80 % of the batches of one sample.
MIN_BATCH_SIZE = 16


def detect(run: Run) -> Sighting | None:
    """Add up the weights without gradient, except embeddings: their rows are words, some of which never occur."""
    always = run.series("gradients", "always_zero_fraction", _is_no_embedding)
    if always is not None and np.isnan(always.values).all():  # a sender may leave it out
        always = None
    if always is None:
        run.need("gradients", "zero_fraction")
    zeros = always or run.series("gradients", "zero_fraction", _is_no_embedding)
    if zeros is None:
        return None
    sizes = np.array([math.prod(tensor.shape) for tensor in zeros.tensors], np.float64)
    counted = always.values if always else _in_every_batch(run, zeros)
    share = counted @ sizes / sizes.sum()
    since = zeros.persists(share >= SHARE)
    if since is None:
        return None
    layers = tuple(dict.fromkeys(layer for layer, zero in zip(zeros.layers, counted[-1] >= SHARE, strict=True) if zero))
    return Sighting(layers, since, (measure("zero_share", float(share[-1]), ">", SHARE, "of the gradient's entries"),))


def _is_no_embedding(tensor: Tensor) -> bool:
    return tensor.role != "embedding"


def _in_every_batch(run: Run, zeros: Recorded) -> np.ndarray:
    """(epochs, tensors) the share of weights without gradient in every batch, in [0, 1], from means over batches.

    With batches below MIN_BATCH_SIZE only whole tensors without gradient count.
    """
    if _batch_size(run) >= MIN_BATCH_SIZE:
        return zeros.values
    whole = (zeros.values == 1) | (zeros.epochs == 0)[:, None]  # epoch 0 is one batch of all samples
    return np.where(whole, zeros.values, 0.0)


def _batch_size(run: Run) -> int:
    """The number of samples in a batch; where it is unknown, enough of them."""
    try:
        size = run.view.batch_size
    except Unknown:
        return MIN_BATCH_SIZE
    try:
        return min(size, run.view.train_count)
    except Unknown:
        return size


RULE = Rule(
    name="dead_network",
    title="Most of the network gets no gradient at all",
    kind="symptom",
    severity="critical",
    formula=(
        "#{weights whose gradient is exactly 0 in every mini-batch of an epoch}/#weights ≥ share, until now; where "
        "only means over the batches are recorded, these count, and with batches below min_batch_size only tensors "
        "without any gradient"
    ),
    thresholds={"share": SHARE, "min_batch_size": MIN_BATCH_SIZE},
    source="AutoTrainer (Zhang et al. 2021), gamma",
    explanation=(
        "Of all entries of the gradient {zero_share:%} are exactly 0, batch after batch, in {layers}: those weights "
        "do not move, whatever the learning rate. A gradient is exactly 0 only where units are off, where they are "
        "saturated so far that nothing is left of their slope, or where the weights behind them are 0."
    ),
    remedies=AGAINST_DEATH,
    also=(
        "fewer_layers",
        "activation_selu",
        "activation_tanh",
        "residual_connections",
    ),
    causes=(*CAUSES_OF_DEATH, *SATURATIONS, "predicted_vanishing", "dead_units", "dead_layer"),
    detect=detect,
)
