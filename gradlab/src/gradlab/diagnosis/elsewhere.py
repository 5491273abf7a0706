"""What became of a training elsewhere, as far as what is sent of it tells.

Its data are not known. What always giving the same answer would lose can be known all the same: log K at most for K
classes; and where the accuracy does not move at all, the answer is the same for all samples, and the accuracy is the
share of the commonest class. R², where it is measured, says by itself how much better than the mean a prediction is.
"""

import math

import numpy as np

from gradlab.diagnosis.answers import SAME, accuracy_of, class_count, constant_loss_bounds, loss_kind, output_units
from gradlab.diagnosis.evidence import ExternalRun, Recorded, Run, Unknown, middle, windows

VARIANCES = ("r2_score", "r2")
# TheDeepChecker's bound for one of five windows, here for all of the second half: a network on few positives that
# begins slowly is above the entropy for long, and falls by a tenth meanwhile.
DECREASE, WINDOWS = 0.05, 5
# So many epochs fill the windows of the second half with two each.
MIN_EPOCHS = 4 * WINDOWS
# A gradient is exactly 0 also where every sample is answered perfectly; the loss is then no more than float32's
# rounding of a logarithm near 1, 1.2e-7.
PERFECT = 1e-6
# What the gradients do in a tenth of the epochs, three at least, is no passing state.
BUDGET_SHARE, MIN_DEAD_EPOCHS = 0.1, 3


def constant_loss(run: ExternalRun) -> float:
    """What the best constant prediction loses; where only its upper bound is known, that; NaN where neither is."""
    try:
        kind, classes = loss_kind(run), class_count(run)
    except Unknown:
        return float("nan")
    if classes is None:  # labels have a share each: their mean says nothing of the entropy
        return math.log(2) if kind == "binary_crossentropy" else float("nan")
    share = _share_of_the_commonest(run)
    bounds = constant_loss_bounds(run, share) if classes == 2 and 0.5 <= share < 1 else None
    return bounds[0] if bounds else math.log(classes)


def explained(run: ExternalRun) -> float:
    """R² of the training samples over the last epochs; NaN where it is not measured."""
    for name in VARIANCES:
        if (values := run.metric(name)) is not None:
            return middle(values[-WINDOWS:])
    return float("nan")


def is_flat(loss: np.ndarray) -> bool:
    """Whether the loss falls by less than a twentieth from the first fifth of the second half to the last."""
    if len(loss) < MIN_EPOCHS:
        return False
    levels = windows(loss, WINDOWS)
    return bool(levels[0] - levels[-1] < DECREASE * abs(levels[0]))


def accuracy_at_chance(run: ExternalRun) -> bool:
    """Whether nothing in the accuracy speaks against a constant answer: unmeasured, unmoved, or that of guessing."""
    accuracy = accuracy_of(run)
    if accuracy is None or np.isfinite(_share_of_the_commonest(run)):
        return True
    try:
        return middle(accuracy[-WINDOWS:]) < 1 / max(2, output_units(run)) + DECREASE
    except Unknown:
        return False


def zero_gradients(run: Run) -> Recorded | None:
    """1 for each layer and epoch from 1 on in which its gradient was exactly 0 in every batch; else 0.

    Asked of a layer's kernels, where it has any: biases move on where nothing arrives any more. A column has the last
    tensor that was asked. None where gradients are not recorded, and where the loss is as good as 0: what is answered
    perfectly has no gradient either.
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
        asked = [place for place in own if len(recorded.tensors[place].shape) > 1] or own
        values = recorded.values[epochs][:, asked]
        tensors.append(recorded.tensors[asked[-1]])
        columns.append((values == 1).all(axis=1))
    return Recorded(recorded.epochs[epochs], tuple(tensors), np.stack(columns, axis=1).astype(np.float64))


def is_dead(run: ExternalRun) -> bool:
    """Whether no hidden kernel has had a gradient for a tenth of the epochs, three at least: nothing can change."""
    dead, hidden = zero_gradients(run), run.weighted_layers
    if dead is None or not hidden:
        return False
    columns = [place for place, layer in enumerate(dead.layers) if layer in hidden]
    since = dead.persists(np.asarray(dead.values[:, columns].all(axis=1)))
    planned = run.external.epochs - run.external.initial_epoch
    long_enough = max(MIN_DEAD_EPOCHS, BUDGET_SHARE * planned)
    return since is not None and run.history.last_epoch - since + 1 >= long_enough


def _share_of_the_commonest(run: ExternalRun) -> float:
    """The accuracy where it has not moved over the second half of the epochs; NaN where it has."""
    accuracy = accuracy_of(run)
    if accuracy is None or len(accuracy) < MIN_EPOCHS:
        return float("nan")
    late = accuracy[len(accuracy) // 2 :]
    return float(late[-1]) if np.ptp(late) <= SAME else float("nan")
