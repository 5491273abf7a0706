"""Outcome of a run: it learns, fails, diverged, or is undecided.

Two numbers decide. Neither needs a target from the user.

* gain = (L₀ − L)/(L₀ − L*): the share of the avoidable training loss that the run avoids. L₀ is the loss of the best
  constant prediction (for cross-entropy the entropy of the targets), L* that of a perfect one (0 for most losses). For
  the mean squared error the gain is R².
* learnt: the share of the constant prediction's errors that the run avoids on the training samples. That is
  (accuracy − a₀)/(1 − a₀), and R² for values. It is compared with the score of the nearest neighbours on the validation
  samples (`gradlab.facts.learnable`).

A run can fail after a tenth of its epochs, 20 at least, if its gain is practically 0. At its end it fails if it has
learnt less than half of what the neighbours have. Where their score is too low to compare with, the gain decides.

Where the facts about the data are unknown, so are both ends of the scale. A run then fails if its loss no longer falls
and is not below the loss of a constant answer, as far as that is known (`gradlab.diagnosis.elsewhere`). It also fails
if no hidden kernel has a gradient. It never has the outcome ``learns``.

Each of several outputs has an outcome of its own, by its own targets, loss and metrics. That of the run is the worst.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gradlab.diagnosis.answers import accuracy_of
from gradlab.diagnosis.elsewhere import (
    PERFECT,
    VARIANCES,
    accuracy_at_chance,
    constant_loss,
    explained,
    is_dead,
    is_flat,
)
from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.recorded import middle
from gradlab.diagnosis.unknown import Unknown

RunVerdict = Literal["learns", "fails", "diverged", "undecided"]
# Those of a run that does not learn.
FAILING = ("fails", "diverged")
WORST_FIRST: tuple[RunVerdict, ...] = ("diverged", "fails", "undecided", "learns")

# An outcome is decided after a tenth of the epochs, 20 at least. At epoch 50 of 500 the loss was still at the
# entropy of the targets in 45 of 46 failing networks of five tanh layers, and in 0 of 50 healthy ones.
BUDGET_SHARE, MIN_EPOCHS = 0.1, 20
# A gain below this is less than noise gives: a cross-entropy above 0.99·H(y), an R² below 0.05.
MIN_GAIN = {"classes": 0.01, "labels": 0.01, "values": 0.05}
# A run learns if it has learnt half of what the neighbours have. On the two circles that is an accuracy of 0.66; runs
# end near 0.82 or near 0.55.
MIN_SHARE = 0.5
# The neighbours' score is compared with only if they avoid a tenth of the errors: half of less could be chance.
MIN_REACHABLE = 0.1
# Last losses of an external training, divided by an early one: above this it stands still. The ratio separates learning
# from failing runs badly, and decides only about reporting symptoms. Of the tutorial's networks those that learn end at
# 0.46 to 0.75; of those that fail 23 of 30 tanh networks end above 0.5, and 26 of 26 relu networks above 0.95.
MIN_FALL = 0.5
# Last epochs over which a median is taken: single ones vary.
RECENT = 5


@dataclass(frozen=True)
class Outcome:
    """Outcome of a run.

    Attributes:
        verdict: ``learns``; ``fails``; ``diverged``: its loss is not finite; ``undecided``: too early, or unknown.
        gain: the median over the last epochs, at most 1; NaN where it is undefined.
        learnt: the median over the last epochs of the share of avoidable errors, at most 1; NaN where it is undefined.
        min_gain: the gain below which a run fails.
        min_learnt: the value of `learnt` below which a run fails at its end; NaN where the neighbours score too low.
        by_facts: True if the facts about the data decided it; False if the metrics alone did.
        output: the name of the output, of several, whose outcome it is: the worst one; "" for a single output.
    """

    verdict: RunVerdict
    gain: float
    learnt: float
    min_gain: float
    min_learnt: float
    by_facts: bool = True
    output: str = ""


def outcome(run: Run) -> Outcome:
    """Return the outcome of a run as far as it is recorded; of several outputs the worst."""
    if run.by_output:
        return _worst([replace(outcome(each), output=each.output) for each in run.by_output])
    try:
        return by_facts(run)
    except Unknown:
        return _by_metrics(run)


def _worst(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of a network whose outputs have these: it learns if all of them do."""

    def place(each: Outcome) -> tuple[int, float]:
        # A run ends for all outputs once one has left the finite numbers: it is the one without a gain.
        unknown = -np.inf if each.verdict == "diverged" else np.inf
        return WORST_FIRST.index(each.verdict), unknown if np.isnan(each.gain) else each.gain

    worst = min(outcomes, key=place)
    return replace(worst, by_facts=all(each.by_facts for each in outcomes))


def by_facts(run: Run) -> Outcome:
    """Return the outcome of a run by the facts about the data. Raises Unknown without them."""
    gain, learnt = gains(run), learnt_shares(run)
    recent = middle(gain[-RECENT:]), middle(learnt[-RECENT:])
    min_gain = MIN_GAIN[run.view.target.kind]
    reachable = run.view.reachable
    min_learnt = MIN_SHARE * reachable if reachable >= MIN_REACHABLE else float("nan")
    return Outcome(_verdict(run, *recent, min_gain, min_learnt), *recent, min_gain, min_learnt)


def decided_epoch(run: Run) -> int:
    """Return the epoch from which on the outcome of a run is decided."""
    begun = run.view.first_epoch
    planned = run.view.epochs - begun
    return begun + min(planned, max(MIN_EPOCHS, int(np.ceil(BUDGET_SHARE * planned))))


def stands_still(run: Run) -> bool:
    """True if the loss of a training without facts has not fallen far once the outcome is decided.

    Symptoms are reported only then. The loss is compared with the smaller one of the first two epochs: raw inputs make
    the first one huge.
    """
    if run.by_output:
        return any(map(stands_still, run.by_output))
    loss = run.metric("loss")
    if loss is None or not _decided(run):
        return False
    finite = loss[np.isfinite(loss)]
    # A loss of practically 0 cannot fall.
    return len(finite) > 1 and middle(loss[-RECENT:]) > max(PERFECT, MIN_FALL * min(finite[:2]))


def matters(run: Run) -> bool:
    """True if a fault that some trainings survive matters in this one: it fails, or without facts stands still."""
    became = outcome(run)
    return became.verdict == "fails" if became.by_facts else stands_still(run)


def _by_metrics(run: Run) -> Outcome:
    """The outcome without facts: ``fails`` where that is certain, never ``learns``."""
    nan, loss, constant, min_gain = float("nan"), run.metric("loss"), constant_loss(run), MIN_GAIN["classes"]
    gain = nan if loss is None else (constant - middle(loss[-RECENT:])) / constant
    if not np.isfinite(gain):
        gain, min_gain = explained(run), MIN_GAIN["values"]
    if _diverged(run):
        return Outcome("diverged", gain, nan, min_gain, nan, by_facts=False)
    stuck = loss is not None and gain < min_gain and is_flat(loss) and accuracy_at_chance(run)
    fails = _decided(run) and (stuck or is_dead(run))
    return Outcome("fails" if fails else "undecided", gain, nan, min_gain, nan, by_facts=False)


def _decided(run: Run) -> bool:
    """True once the outcome of a run is decided."""
    return run.history.last_epoch >= decided_epoch(run) or run.finished


def gains(run: Run) -> np.ndarray:
    """(epochs,) the gain of the training loss, at most 1; NaN where the loss is not finite.

    A regulariser adds its penalty to the loss. The gain is then too small.
    """
    loss, constant, perfect = run.metric("loss"), run.view.constant_loss, run.view.perfect_loss
    if loss is None or not constant > perfect:
        return np.full(len(run.history), np.nan)
    with np.errstate(all="ignore"):
        gain = (constant - loss) / (constant - perfect)
    return np.where(np.isfinite(gain), gain, np.nan)


def variance_of(run: Run, part: str = "") -> np.ndarray | None:
    """(epochs,) R² on the training samples, or on the validation samples with "val_"; None if unrecorded."""
    return next((values for name in VARIANCES if (values := run.metric(part + name)) is not None), None)


def learnt_shares(run: Run, part: str = "") -> np.ndarray:
    """(epochs,) the share of avoidable errors that a run avoids, on the training or with "val_" the validation samples.

    Where neither accuracy nor R² is measured it is the gain, and NaN for the validation samples.
    """
    values = run.view.target.kind == "values"
    score, constant = variance_of(run, part) if values else accuracy_of(run, part), run.view.constant_accuracy
    if score is None or not (values or constant < 1):
        return np.full(len(run.history), np.nan) if part else gains(run)
    score = np.where(np.isfinite(score), score, np.nan)
    return score if values else (score - constant) / (1 - constant)


def _verdict(run: Run, gain: float, learnt: float, min_gain: float, min_learnt: float) -> RunVerdict:
    if _diverged(run):
        return "diverged"
    if not _decided(run):
        return "undecided"
    if np.isfinite(min_learnt) and learnt >= min_learnt:
        return "learns"
    if np.isfinite(min_learnt) and run.finished and np.isfinite(learnt):
        return "fails"
    # A regulariser's penalty makes the gain too small; the errors are free of it.
    score = np.nanmax([gain, learnt]) if np.isfinite([gain, learnt]).any() else np.nan
    if not np.isfinite(score):
        return "undecided"
    if score < min_gain:
        return "fails"
    return "undecided" if np.isfinite(min_learnt) else "learns"


def _diverged(run: Run) -> bool:
    loss = run.metric("loss")
    return run.stopped_by == "nonfinite" or (loss is not None and len(loss) > 0 and not np.isfinite(loss[-1]))
