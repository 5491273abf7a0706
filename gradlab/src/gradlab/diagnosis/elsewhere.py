"""Outcome of a training whose data are unknown, as far as its metrics and gradients show it.

The loss of a constant answer has bounds. For K classes it is log K at most. Where the
accuracy does not move at all, the answer is the same for all samples, and the accuracy is the share of the commonest
class. R² compares a prediction with the mean by itself.
"""

import math

import numpy as np

from gradlab.diagnosis.answers import SAME, accuracy_of, class_count, constant_loss_bounds
from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.recorded import Recorded, middle, windows
from gradlab.diagnosis.unknown import Unknown

VARIANCES = ("r2_score", "r2")
# Share by which a loss falls at least over its second half, else it is flat. TheDeepChecker has it for one of five
# windows. A network on few positives stays above the entropy for long, and falls by a tenth meanwhile.
DECREASE, WINDOWS = 0.05, 5
# Two epochs for each window of the second half.
MIN_EPOCHS = 4 * WINDOWS
# A loss up to this is perfect. Perfect answers have a gradient of exactly 0, too; their loss is at most float32's
# rounding of a logarithm near 1, 1.2e-7.
PERFECT = 1e-6
# A gradient of 0 over a tenth of the epochs, three at least, is permanent.
BUDGET_SHARE, MIN_DEAD_EPOCHS = 0.1, 3


def constant_loss(run: Run) -> float:
    """Return the loss of the best constant prediction, or its upper bound if only that is known, or NaN."""
    try:
        kind, classes = run.view.loss_kind, class_count(run)
    except Unknown:
        return float("nan")
    if classes is None:  # each label has a share of its own: the mean accuracy does not determine the entropy
        return math.log(2) if kind == "binary_crossentropy" else float("nan")
    share = _share_of_the_commonest(run)
    bounds = constant_loss_bounds(run, share) if classes == 2 and 0.5 <= share < 1 else None
    return bounds[0] if bounds else math.log(classes)


def explained(run: Run) -> float:
    """Return the median R² of the training samples over the last epochs; NaN where it is not measured."""
    for name in VARIANCES:
        if (values := run.metric(name)) is not None:
            return middle(values[-WINDOWS:])
    return float("nan")


def is_flat(loss: np.ndarray) -> bool:
    """True if the loss falls by less than a twentieth from the first fifth of its second half to the last fifth.

    Args:
        loss: (epochs,) the training loss.
    """
    if len(loss) < MIN_EPOCHS:
        return False
    levels = windows(loss, WINDOWS)
    return bool(levels[0] - levels[-1] < DECREASE * abs(levels[0]))


def accuracy_at_chance(run: Run) -> bool:
    """True if the accuracy allows a constant answer: it is unmeasured, does not move, or is that of guessing."""
    accuracy = accuracy_of(run)
    if accuracy is None or np.isfinite(_share_of_the_commonest(run)):
        return True
    try:
        return middle(accuracy[-WINDOWS:]) < 1 / max(2, run.view.output_units) + DECREASE
    except Unknown:
        return False


def zero_gradients(run: Run) -> Recorded | None:
    """Return 1 for each layer and epoch, from epoch 1 on, with a gradient of exactly 0 in every batch, else 0.

    The kernels of a layer decide, where it has any: biases still move where nothing arrives any more. A column names
    the last tensor that was read.

    Returns:
        (epochs, layers) values; None where gradients are not recorded, and where the loss is practically 0, since
        perfect answers have no gradient either.
    """
    recorded, loss = run.series("gradients", "zero_fraction"), run.metric("loss")
    if recorded is None or loss is None or not loss[-1] > PERFECT:
        return None
    epochs = recorded.epochs > 0  # at epoch 0 the gradient is that of all samples at once
    if not epochs.any():
        return None
    tensors, columns = [], []
    for layer in dict.fromkeys(recorded.layers):
        own = [place for place, tensor in enumerate(recorded.tensors) if tensor.layer == layer]
        read = [place for place in own if len(recorded.tensors[place].shape) > 1] or own
        values = recorded.values[epochs][:, read]
        tensors.append(recorded.tensors[read[-1]])
        columns.append((values == 1).all(axis=1))
    return Recorded(recorded.epochs[epochs], tuple(tensors), np.stack(columns, axis=1).astype(np.float64))


def is_dead(run: Run) -> bool:
    """True if no hidden kernel has had a gradient for a tenth of the epochs, three at least, up to the last one."""
    dead, hidden = zero_gradients(run), run.weighted_layers
    if dead is None or not hidden:
        return False
    columns = [place for place, layer in enumerate(dead.layers) if layer in hidden]
    since = dead.persists(np.asarray(dead.values[:, columns].all(axis=1)))
    planned = run.view.epochs - run.view.first_epoch
    long_enough = max(MIN_DEAD_EPOCHS, BUDGET_SHARE * planned)
    return since is not None and run.history.last_epoch - since + 1 >= long_enough


def _share_of_the_commonest(run: Run) -> float:
    """The accuracy if it has not moved over the second half of the epochs; else NaN."""
    accuracy = accuracy_of(run)
    if accuracy is None or len(accuracy) < MIN_EPOCHS:
        return float("nan")
    late = accuracy[len(accuracy) // 2 :]
    return float(late[-1]) if np.ptp(late) <= SAME else float("nan")
