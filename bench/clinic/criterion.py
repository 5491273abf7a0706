"""Whether what was made is what it was made to be: by what it learns, without asking any rule under test.

A run's *score* is the share of the constant answer's errors that it avoids on the test samples, the median over its
last epochs: (accuracy − a₀)/(1 − a₀), a₀ being the share of the commonest answer; for values R². 0 is a constant, 1 is
perfect.

* A healthy case holds if in four of five seeds the score is more than `SOUND` of what an independent learner reaches on
  the same samples: the best of a linear model, nearest neighbours and a random forest of scikit-learn. Tasks over time
  can be solved exactly, but for their noise: there the reference is 1. Where no learner knows anything (Linnerud's 20
  men), the score on the training samples is held against half of what is there.
* An ill case holds if its healthy twin does, and in three of five seeds the score is below `SICK` of the twin's median.
* Two illnesses let a network learn. *Oscillating* holds if the scores of the last ten epochs lie more than `UNSTEADY`
  of the twin's apart, and those of the twin do not, or if the case is ill as the others are. *Overfit* holds if the
  test loss ends above its best by more than `WORSE` of the constant answer's, in three of five seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.clinic.case import Case
from gradlab.diagnosis import Run
from gradlab.vocabulary.datasets import DatasetSpec
from gradlab.vocabulary.datasets.dataset import SequenceDataset

SOUND, SICK = 0.7, 0.5
UNSTEADY, WORSE = 0.3, 0.3
MOST_SOUND, MOST_SICK = 4 / 5, 3 / 5
LAST, SWINGS = 5, 10
# Below so much no learner is said to know anything.
LEAST_KNOWN = 0.1


@dataclass(frozen=True)
class Measured:
    """What the criterion asks of a case's runs.

    Attributes:
        scores: of each seed, on the samples on which something can be known; NaN counts as −∞.
        reference: what an independent learner reaches there.
        swing: how far the test scores of the last epochs lie apart, the median over the seeds.
        worsened: of each seed, whether its test loss ends far above its best.
    """

    scores: tuple[float, ...]
    reference: float
    swing: float
    worsened: tuple[bool, ...]


def measure(runs: Sequence[Run]) -> Measured:
    """Measure the runs of a case."""
    known = reference(runs[0].spec.dataset)
    part = "val_" if known is not None else ""
    return Measured(
        scores=tuple(_last(_scores(run, part)) for run in runs),
        reference=0.5 if known is None else known,
        swing=float(np.median([_swing(run) for run in runs])),
        worsened=tuple(_worsens(run) for run in runs),
    )


def holds(case: Case, own: Measured, twin: Measured) -> bool:
    """Whether a case is healthy or ill as it was made to be."""
    if case.illness is None or not _sound(twin):
        return case.illness is None and _sound(own)
    if case.illness == "overfit":
        return bool(np.mean(own.worsened) >= MOST_SICK)
    swings = case.illness == "oscillating" and own.swing > UNSTEADY * np.median(twin.scores) > twin.swing
    return bool(swings or sick(own, twin) >= MOST_SICK)


def _sound(measured: Measured) -> bool:
    return bool(np.mean([score > SOUND * measured.reference for score in measured.scores]) >= MOST_SOUND)


def sick(own: Measured, twin: Measured) -> float:
    """The share of the runs that have lost half or more of what their healthy twin knows."""
    return float(np.mean([not score >= SICK * np.median(twin.scores) for score in own.scores]))


@lru_cache(maxsize=256)
def reference(dataset: DatasetSpec) -> float | None:
    """What an independent learner's score is on the test samples; None where none knows anything."""
    if isinstance(dataset, SequenceDataset):
        return 1.0
    best = max(_score_of(learner, dataset) for learner in _learners(dataset))
    return best if best >= LEAST_KNOWN else None


def _scores(run: Run, part: str) -> np.ndarray:
    """(epochs,) the scores after each epoch, on the test samples or with `part` empty on the training samples."""
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
    return bool(smooth[-1] - smooth.min() > WORSE * run.facts.constant_loss)


@lru_cache(maxsize=256)
def _constant(dataset: DatasetSpec) -> float:
    """The accuracy of the constant answer on the test samples."""
    answers, target = dataset.load().val_y, dataset.target
    if target.kind == "labels":
        shares = answers.reshape(-1, target.count).mean(axis=0)
        return float(np.maximum(shares, 1 - shares).mean())
    return float(np.bincount(answers.reshape(-1)).max() / answers.size)


@lru_cache(maxsize=256)
def _score_of(learner: str, dataset: DatasetSpec) -> float:
    data, target = dataset.load(), dataset.target
    x, y, test_x, test_y = (
        each.reshape(len(each), -1) for each in (data.train_x, data.train_y, data.val_x, data.val_y)
    )
    if y.shape[1] == 1:
        y, test_y = y[:, 0], test_y[:, 0]
    model = make_pipeline(StandardScaler(), LEARNERS[learner]())
    said = model.fit(x, y).predict(test_x)
    if target.kind == "values":
        return 1 - float(((said - test_y) ** 2).sum() / ((test_y - test_y.mean(axis=0)) ** 2).sum())
    constant = _constant(dataset)
    return (float(np.mean(said == test_y)) - constant) / (1 - constant)


def _learners(dataset: DatasetSpec) -> tuple[str, ...]:
    if dataset.target.kind == "values":
        return "ridge", "neighbours of values", "forest of values"
    if dataset.target.kind == "labels":
        return "neighbours", "forest"
    return "logistic", "neighbours", "forest"


LEARNERS: dict[str, Any] = {
    "ridge": Ridge,
    "logistic": lambda: LogisticRegression(max_iter=2000),
    "neighbours": KNeighborsClassifier,
    "neighbours of values": KNeighborsRegressor,
    "forest": lambda: RandomForestClassifier(random_state=0),
    "forest of values": lambda: RandomForestRegressor(random_state=0),
}
