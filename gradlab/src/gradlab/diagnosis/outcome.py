"""What became of a run: whether it learns, on a scale that its data set.

Two questions, and none of them needs a target from the user.

* *Has it left the constant prediction behind?* gain = (L₀ − L)/(L₀ − L*), L₀ being the training loss of the best
  constant prediction (for cross-entropy the entropy of the targets), L* that of a prediction that knows them (0 for
  most losses). For the mean squared error the gain is R².
* *Has it learnt what there is to learn?* learnt = the share of the constant prediction's errors that the run avoids on
  the training samples: (accuracy − a₀)/(1 − a₀), for values R². It is compared with what the nearest neighbours reach
  on the validation samples (`gradlab.facts.learnable`).

After a tenth of its epochs, 20 at least, a run that has gained next to nothing fails so far. At its end a run fails
that has learnt less than half of what the neighbours know; where they know too little to say, one that has gained next
to nothing.

Of a run that was trained elsewhere the data are not known, and with them both ends of the scale. It fails where its
loss no longer falls and is not below what always giving the same answer loses, as far as that is known
(`gradlab.diagnosis.elsewhere`), and where no hidden kernel has a gradient. Whether it learns cannot be said.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gradlab.diagnosis.elsewhere import PERFECT, accuracy_at_chance, constant_loss, explained, is_dead, is_flat
from gradlab.diagnosis.evidence import ExternalRun, Run, middle

Verdict = Literal["learns", "fails", "diverged", "undecided"]

# A tenth of the budget, 20 epochs at least: at epoch 50 of 500 the loss of 45 of 46 failing networks of five tanh
# layers was still at the entropy of the targets, and of 0 of 50 healthy ones.
BUDGET_SHARE, FEWEST_EPOCHS = 0.1, 20
# Cross-entropy above 0.99·H(y), R² below 0.05: less than noise gives.
MIN_GAIN = {"classes": 0.01, "labels": 0.01, "values": 0.05}
# Half of what the neighbours know. On the two circles that is an accuracy of 0.66, where runs end near 0.82 or near
# 0.55.
MIN_SHARE = 0.5
# Where the neighbours avoid less than a tenth of the errors, half of it could be chance.
MIN_REACHABLE = 0.1
# Of a training elsewhere, its last losses by an early one. Both ends of the scale being unknown this tells learning
# from not learning badly: of the tutorial's networks those that learn end at 0.46 to 0.75, 23 of 30 tanh networks that
# do not above 0.5, 26 of 26 relu networks above 0.95. It is asked only whether to tell of symptoms.
MIN_FALL = 0.5
# Epochs over which the median is taken: single ones swing.
RECENT = 5


@dataclass(frozen=True)
class Outcome:
    """What became of a run.

    Attributes:
        verdict: ``learns``, ``fails``, ``diverged``: it left the finite numbers; ``undecided``: too early to say.
        gain: of the last epochs; NaN where it cannot be said. Likewise `learnt`.
        learnt: the share of avoidable errors that it avoids.
        least_gain: below which gain a run fails.
        least_learnt: below which share a run fails at its end; NaN where the neighbours cannot say.
    """

    verdict: Verdict
    gain: float
    learnt: float
    least_gain: float
    least_learnt: float


def outcome(run: Run) -> Outcome:
    """What became of a run, or what it looks like so far."""
    if isinstance(run, ExternalRun):
        return _elsewhere(run)
    gain, learnt = gains(run), learnt_shares(run)
    recent = middle(gain[-RECENT:]), middle(learnt[-RECENT:])
    least = MIN_GAIN[run.spec.dataset.target.kind]
    reachable = run.facts.reachable
    enough = MIN_SHARE * reachable if reachable >= MIN_REACHABLE else float("nan")
    return Outcome(_verdict(run, *recent, least, enough), *recent, least, enough)


def decided_epoch(run: Run) -> int:
    """From which epoch on it can be said whether a run learns."""
    if isinstance(run, ExternalRun):
        begun = run.external.initial_epoch
        return begun + _decided_after(run.external.epochs - begun)
    return _decided_after(run.spec.training.epochs)


def _decided_after(epochs: int) -> int:
    return min(epochs, max(FEWEST_EPOCHS, int(np.ceil(BUDGET_SHARE * epochs))))


def stands_still(run: ExternalRun) -> bool:
    """Whether the loss has not fallen far, when that can be said: then symptoms are looked at.

    It is held against that of the second epoch, too: raw inputs make the first one's huge, whatever comes after it.
    """
    loss = run.metric("loss")
    if loss is None or not _decided(run):
        return False
    finite = loss[np.isfinite(loss)]
    # A loss that is as good as 0 has nowhere to fall to.
    return len(finite) > 1 and middle(loss[-RECENT:]) > max(PERFECT, MIN_FALL * min(finite[:2]))


def _elsewhere(run: ExternalRun) -> Outcome:
    """What became of a training elsewhere: `fails` where that is certain, never `learns`."""
    nothing, loss, constant, least = float("nan"), run.metric("loss"), constant_loss(run), MIN_GAIN["classes"]
    gain = nothing if loss is None else (constant - middle(loss[-RECENT:])) / constant
    if not np.isfinite(gain):
        gain, least = explained(run), MIN_GAIN["values"]
    if _diverged(run):
        return Outcome("diverged", gain, nothing, least, nothing)
    stuck = loss is not None and gain < least and is_flat(loss) and accuracy_at_chance(run)
    fails = _decided(run) and (stuck or is_dead(run))
    return Outcome("fails" if fails else "undecided", gain, nothing, least, nothing)


def _decided(run: Run) -> bool:
    """Whether it can be said by now whether a run learns."""
    return run.history.last_epoch >= decided_epoch(run) or run.finished


def gains(run: Run) -> np.ndarray:
    """(epochs,) of the training loss; NaN where the loss is not finite.

    With regularisers the loss holds more than what the samples lose: it then says too little.
    """
    loss, facts = run.metric("loss"), run.facts
    if loss is None or not facts.constant_loss > facts.perfect_loss:
        return np.full(len(run.history), np.nan)
    with np.errstate(all="ignore"):
        gain = (facts.constant_loss - loss) / (facts.constant_loss - facts.perfect_loss)
    return np.where(np.isfinite(gain), gain, np.nan)


def learnt_shares(run: Run, part: str = "") -> np.ndarray:
    """(epochs,) of the training samples, or with "val_" of the validation samples.

    Where neither accuracy nor R² is measured, the gains, and NaN of the validation samples.
    """
    values = run.spec.dataset.target.kind == "values"
    score, constant = run.metric(f"{part}r2_score" if values else f"{part}accuracy"), run.facts.constant_accuracy
    if score is None or not (values or constant < 1):
        return np.full(len(run.history), np.nan) if part else gains(run)
    score = np.where(np.isfinite(score), score, np.nan)
    return score if values else (score - constant) / (1 - constant)


def _verdict(run: Run, gain: float, learnt: float, least: float, enough: float) -> Verdict:
    if _diverged(run):
        return "diverged"
    if not _decided(run):
        return "undecided"
    if np.isfinite(enough) and learnt >= enough:
        return "learns"
    if np.isfinite(enough) and run.finished and np.isfinite(learnt):
        return "fails"
    # What a regulariser adds to the loss is no loss of the samples: there the errors decide.
    said = np.nanmax([gain, learnt]) if np.isfinite([gain, learnt]).any() else np.nan
    if not np.isfinite(said):
        return "undecided"
    if said < least:
        return "fails"
    return "undecided" if np.isfinite(enough) else "learns"


def _diverged(run: Run) -> bool:
    loss = run.metric("loss")
    return run.stopped_by == "nonfinite" or (loss is not None and len(loss) > 0 and not np.isfinite(loss[-1]))
