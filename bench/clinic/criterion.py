"""Confirmation of a case's state by its scores, without any rule.

A run's *score* is the share of a constant prediction's errors that it avoids on the test samples, the median over its
last epochs. For classes it is (accuracy − a₀)/(1 − a₀), where a₀ is the share of the most frequent class; for values it
is R². A constant prediction has 0, a perfect one 1.

* A healthy case is confirmed if the score exceeds `SOUND` of the reference in four of five seeds. The reference is the
  score of an independent learner on the same samples: the best of scikit-learn's linear model, nearest neighbours and
  random forest. Tasks over time can be solved exactly except for their noise: there the reference is 1. Where no
  learner scores (Linnerud's 20 men), the score on the training samples must exceed `SOUND` of 0.5.
* An ill case is confirmed if its healthy twin is, and its score is below `SICK` of the twin's median in three of five
  seeds.
* Two illnesses permit learning. *Oscillating* is confirmed if the range of the last ten epochs' scores exceeds
  `UNSTEADY` of the twin's score, and the twin's own range does not; or if the case is ill like the others. *Overfit* is
  confirmed if the test loss ends above its minimum by more than `WORSE` of the constant prediction's loss, in three of
  five seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bench.clinic.case import Case
from gradlab.diagnosis import Run
from gradlab.vocabulary.datasets import DatasetSpec
from gradlab.vocabulary.datasets.dataset import SequenceDataset

SOUND, SICK = 0.7, 0.5
UNSTEADY, WORSE = 0.3, 0.3
MIN_SOUND_SHARE, MIN_SICK_SHARE = 4 / 5, 3 / 5
LAST, SWINGS = 5, 10
# The lowest score of a learner that counts as a reference.
MIN_REFERENCE = 0.1


@dataclass(frozen=True)
class Measured:
    """Measurements of a case's runs for the criterion.

    Attributes:
        scores: each seed's score on the test samples, or on the training samples if no learner scores on the test
            samples; NaN counts as −∞.
        reference: the score of an independent learner, or 0.5 on training samples.
        swing: range of the test scores of the last epochs, the median over the seeds.
        worsened: for each seed, True if its test loss ends far above its minimum.
    """

    scores: tuple[float, ...]
    reference: float
    swing: float
    worsened: tuple[bool, ...]


def measure(runs: Sequence[Run]) -> Measured:
    """Measure the runs of a case."""
    learner = reference(runs[0].spec.dataset)
    part = "val_" if learner is not None else ""
    return Measured(
        scores=tuple(_last(_scores(run, part)) for run in runs),
        reference=0.5 if learner is None else learner,
        swing=float(np.median([_swing(run) for run in runs])),
        worsened=tuple(_worsens(run) for run in runs),
    )


def holds(case: Case, own: Measured, twin: Measured) -> bool:
    """Return True if the criterion confirms the state of a case."""
    if case.illness is None or not _sound(twin):
        return case.illness is None and _sound(own)
    if case.illness == "overfit":
        return bool(np.mean(own.worsened) >= MIN_SICK_SHARE)
    swings = case.illness == "oscillating" and own.swing > UNSTEADY * np.median(twin.scores) > twin.swing
    return bool(swings or sick(own, twin) >= MIN_SICK_SHARE)


def _sound(measured: Measured) -> bool:
    return bool(np.mean([score > SOUND * measured.reference for score in measured.scores]) >= MIN_SOUND_SHARE)


def sick(own: Measured, twin: Measured) -> float:
    """Return the share of runs with a score below half of the twin's median score."""
    return float(np.mean([not score >= SICK * np.median(twin.scores) for score in own.scores]))


@lru_cache(maxsize=256)
def reference(dataset: DatasetSpec) -> float | None:
    """Return the best independent learner's score on the test samples, None if it is below `MIN_REFERENCE`."""
    if isinstance(dataset, SequenceDataset):
        return 1.0
    best = max(_score_of(learner, dataset) for learner in _learners(dataset))
    return best if best >= MIN_REFERENCE else None


def _scores(run: Run, part: str) -> np.ndarray:
    """(epochs,) the score after each epoch: on the test samples, or on the training samples if `part` is empty."""
    values = run.spec.dataset.target.kind == "values"
    metric = run.metric(f"{part}{'r2_score' if values else 'accuracy'}")
    if metric is None or len(metric) < 2:
        return np.array([np.nan])
    constant = 0.0 if values else _constant(run.spec.dataset)
    return (metric[1:] - constant) / (1 - constant)


def _last(scores: np.ndarray) -> float:
    return float(np.nan_to_num(np.median(scores[-LAST:]), nan=-np.inf))


def _swing(run: Run) -> float:
    last = _scores(run, "val_")[-SWINGS:]
    return float(last.max() - last.min()) if np.isfinite(last).all() else np.inf


def _worsens(run: Run) -> bool:
    losses = run.metric("val_loss")
    if losses is None or len(losses) <= LAST or not np.isfinite(losses).all():
        return False
    smooth = np.convolve(losses[1:], np.ones(LAST) / LAST, "valid")
    return bool(smooth[-1] - smooth.min() > WORSE * run.view.constant_loss)


@lru_cache(maxsize=256)
def _constant(dataset: DatasetSpec) -> float:
    """Return the accuracy of the best constant prediction on the test samples."""
    targets, target = dataset.load().val_y, dataset.target
    if target.kind == "labels":
        shares = targets.reshape(-1, target.count).mean(axis=0)
        return float(np.maximum(shares, 1 - shares).mean())
    return float(np.bincount(targets.reshape(-1)).max() / targets.size)


@lru_cache(maxsize=256)
def _score_of(learner: str, dataset: DatasetSpec) -> float:
    from bench.clinic.learners import learner_of  # here, for only this needs scikit-learn and it loads slowly

    data, target = dataset.load(), dataset.target
    x, y, test_x, test_y = (
        each.reshape(len(each), -1) for each in (data.train_x, data.train_y, data.val_x, data.val_y)
    )
    if y.shape[1] == 1:
        y, test_y = y[:, 0], test_y[:, 0]
    prediction = learner_of(learner).fit(x, y).predict(test_x)
    if target.kind == "values":
        return 1 - float(((prediction - test_y) ** 2).sum() / ((test_y - test_y.mean(axis=0)) ** 2).sum())
    constant = _constant(dataset)
    return (float(np.mean(prediction == test_y)) - constant) / (1 - constant)


def _learners(dataset: DatasetSpec) -> tuple[str, ...]:
    if dataset.target.kind == "values":
        return "ridge", "neighbours of values", "forest of values"
    if dataset.target.kind == "labels":
        return "neighbours", "forest"
    return "logistic", "neighbours", "forest"
