"""Origin of NaN and infinities: bad values in the data, a point where a function has no slope, or an explosion.

The three differ in what was finite before, in what had grown, and in the tensors that lost their numbers first:

* A NaN among the inputs reaches the gradient of the first kernel alone, where relus turn it into 0.
* The derivative of √ or log at 0 reaches all gradients, and leaves the loss finite.
* An explosion in the forward pass makes the loss infinite or NaN as well.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.recorded import Recorded
from gradlab.diagnosis.steps import relative_steps
from gradlab.diagnosis.unknown import Unknown
from gradlab.vocabulary.losses import BY_KIND

Story = Literal["data", "singular", "explosion", "first_epoch"]

# Growth that counts as an explosion: the threshold of gradient_spike and loss_blow_up, beyond mini-batches' noise.
GROWN = 10.0
# Relative length of an update that overshoots: the threshold of the rule learning_rate.
LONG_STEP = 0.5
# Validations from which the pauses between them can be told, besides that before the first update: two.
MIN_VALIDATIONS = 2


@dataclass(frozen=True)
class Origin:
    """The first values of a run that were not finite.

    Attributes:
        story: ``data``, ``singular`` or ``explosion``; ``first_epoch`` where data and explosion cannot be separated.
        epoch: the epoch in which they appeared.
        count: how many appeared in that epoch, at most 1e9.
        growth: the largest loss or gradient norm up to that epoch, divided by the first; NaN without finite ones.
        layers: the layers in which they appeared; () if unknown.
    """

    story: Story
    epoch: int
    count: float
    growth: float
    layers: tuple[str, ...]


def origin(run: Run) -> Origin | None:
    """Return the origin of a run's non-finite values; None where all values are finite."""
    # An engine that checks the gradients of each batch stops at the first: `culprit`.
    kinds = ("weights", "activations", *(() if run.view.checks_batches else ("gradients",)))
    counted = [each for kind in kinds if (each := run.series(kind, "nonfinite"))]
    first = min([*_losses(run), *(epoch for each in counted if (epoch := _first(each)) is not None)], default=None)
    if run.culprit is not None:
        first = run.culprit.epoch
    if first is None:
        return None if run.stopped_by != "nonfinite" else Origin("explosion", run.history.last_epoch, 1, np.nan, ())
    count = max([1.0, *(float(_total(each)[each.epochs == first].sum()) for each in counted)])
    growth = _growth(run, first)
    story, layers = _here(run, growth) if run.view.checks_batches else _elsewhere(run, first, growth)
    if run.culprit is not None:
        count, layers = run.culprit.count, (run.culprit.layer,) if run.culprit.layer else ()
    return Origin(story, first, min(count, 1e9), growth, layers)


def _here(run: Run, growth: float) -> tuple[Story, tuple[str, ...]]:
    """Story and layers in a training of our own: its data are finite, and the culprit is recorded."""
    culprit, steps = run.culprit, _steps(run)
    if culprit is None or culprit.kind != "nan" or culprit.where not in ("loss", "gradient") or growth > GROWN:
        return "explosion", ()
    long = steps is not None and bool((steps[np.isfinite(steps)] > LONG_STEP).any())
    return ("explosion" if long else "singular"), ()


def _steps(run: Run) -> np.ndarray | None:
    """The relative lengths of the updates; None where they are not recorded."""
    try:
        return relative_steps(run)
    except Unknown:
        return None


def _elsewhere(run: Run, first: int, growth: float) -> tuple[Story, tuple[str, ...]]:
    """Story and layers in an external training, from the loss and the gradients of the first such epoch."""
    gradients, loss = run.series("gradients", "nonfinite"), run.metric("loss")
    row = int(np.flatnonzero(run.epochs == first)[0])
    if growth > GROWN or _has_infinity(run, first):
        return "explosion", ()
    in_first_epoch, finite_loss = row == 0, loss is not None and bool(np.isfinite(loss[row]))
    shares = np.array([]) if gradients is None else _shares(gradients, first)
    if gradients is not None and len(shares) > 1 and finite_loss and (shares > 0).any():
        if in_first_epoch and shares[0] > 0 and not (shares[1:] > 0).any():
            return "data", gradients.layers[:1]
        return "singular", _layers(gradients, shares)
    if not in_first_epoch or _own_loss(run):
        return "singular", ()
    unequal = len(shares) > 1 and np.ptp(shares) > 1e-6
    from_the_first_batch = len(shares) > 0 and bool((shares >= 1).all())
    if unequal:
        return "singular", _layers(gradients, shares)
    return ("data" if from_the_first_batch else "first_epoch"), ()


def _layers(gradients: Recorded | None, shares: np.ndarray) -> tuple[str, ...]:
    """The layers with the largest share of non-finite gradients; () where all shares are equal."""
    if gradients is None or not len(shares) or np.ptp(shares) <= 1e-6:
        return ()
    return tuple(dict.fromkeys(np.array(gradients.layers)[shares >= shares.max() - 1e-6].tolist()))


def _own_loss(run: Run) -> bool:
    """True if the external training names a loss that the registry does not hold."""
    try:
        return run.view.loss_kind not in BY_KIND
    except Unknown:
        return False


def _losses(run: Run) -> list[int]:
    """The first epoch in which each of the two losses is not finite."""
    losses = {name: values for name in ("loss", "val_loss") if (values := run.metric(name)) is not None}
    lost = [np.flatnonzero(_is_lost(run, name, values)) for name, values in losses.items()]
    return [int(run.epochs[rows[0]]) for rows in lost if len(rows)]


def _is_lost(run: Run, name: str, values: np.ndarray) -> np.ndarray:
    """(epochs,) True where a loss has left the finite numbers.

    In a training elsewhere NaN also stands for what was not measured, such as a validation in every fifth epoch alone.
    There a NaN counts where no number follows it; of the validation, only after twice the longest pause before.
    """
    finite = np.flatnonzero(np.isfinite(values))
    if not isinstance(run, ExternalRun) or not len(finite):
        return np.asarray(~np.isfinite(values))
    tail = len(values) - 1 - int(finite[-1])
    pause = int(np.diff(finite).max()) if len(finite) > MIN_VALIDATIONS else len(values)
    counts = name == "loss" or tail >= 2 * pause
    return np.asarray(np.isinf(values) | (counts & (np.arange(len(values)) > finite[-1])))


def _total(counted: Recorded) -> np.ndarray:
    """(rows,) the number of non-finite entries; a tensor without gradient counts none."""
    return np.asarray(np.nan_to_num(counted.values).sum(axis=1))


def _first(counted: Recorded) -> int | None:
    """The first recorded epoch with a non-finite entry."""
    return counted.first(_total(counted) > 0)


def _shares(counted: Recorded, epoch: int) -> np.ndarray:
    """(tensors,) the share of non-finite entries over all batches of an epoch; () if the epoch is not recorded."""
    sizes = np.array([np.prod(tensor.shape) for tensor in counted.tensors], np.float64)
    rows = np.nan_to_num(counted.values[counted.epochs == epoch])
    return np.asarray(rows[0] / np.maximum(sizes, 1)) if len(rows) else np.array([])


def _growth(run: Run, first: int) -> float:
    """The factor by which loss or gradient norm, whichever more, has grown up to an epoch; NaN if unrecorded."""
    factors = []
    norm = run.series("gradients", "l2")
    loss = run.metric("loss")
    rows = [] if loss is None else [np.abs(loss[run.epochs <= first])]
    if norm is not None:
        rows.append(np.sqrt((norm.values[norm.epochs <= first] ** 2).sum(axis=1)))
    for values in rows:
        finite = values[np.isfinite(values) & (values > 0)]
        if len(finite) > 1:
            factors.append(float(finite.max() / finite[0]))
    return max(factors, default=np.nan)


def _has_infinity(run: Run, first: int) -> bool:
    """True if a loss or a gradient of the epoch is infinite, rather than NaN."""
    losses = [values for name in ("loss", "val_loss") if (values := run.metric(name)) is not None]
    sizes = [each for name in ("l2", "max_abs", "mean_abs") if (each := run.series("gradients", name))]
    infinite = any(np.isinf(values[run.epochs == first]).any() for values in losses)
    return infinite or any(np.isinf(each.values[each.epochs == first]).any() for each in sizes)
