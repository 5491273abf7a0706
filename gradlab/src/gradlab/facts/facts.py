"""Facts about an experiment's data, computed before any network sees them: the scale on which learning is measured.

The dataset is loaded once, here, and its facts are cached. A dataset follows from its spec, so what rests on its facts
is still a function of the run alone.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gradlab.facts.baseline import baseline, encoded
from gradlab.facts.learnable import neighbours_score
from gradlab.spec import ExperimentSpec
from gradlab.spec.recording import PROBE_SAMPLES
from gradlab.vocabulary.datasets import Dataset, DatasetSpec
from gradlab.vocabulary.losses import LossFunction

# Training samples from which the mean and the spread of a feature are computed: their standard error is 1/64 of a
# standard deviation.
MAX_SAMPLES = 4_096


@dataclass(frozen=True, eq=False)
class DataFacts:
    """Facts about an experiment's training samples.

    Attributes:
        constant_loss: the loss of the best constant prediction; for cross-entropy the entropy of the targets.
        perfect_loss: the loss of a perfect prediction; 0 for most losses.
        constant_accuracy: the accuracy of always predicting the commonest class, or each label's commoner answer; NaN
            for values.
        reachable: the share of the constant prediction's errors that the nearest neighbours avoid on validation
            samples, at most 1: wrong answers, or squared errors for values; NaN where it is undefined.
        class_shares: the share of each class, or of each label, in [0, 1]; () for values.
        target_range: the smallest and the largest target; classes count as 0 and 1.
        target_std: the standard deviation of the encoded targets.
        feature_mean: (features,) mean of each input number.
        feature_std: (features,) standard deviation of each input number.
        probe: (samples, *features) the inputs of the probe batch, float64.
    """

    constant_loss: float
    perfect_loss: float
    constant_accuracy: float
    reachable: float
    class_shares: tuple[float, ...]
    target_range: tuple[float, float]
    target_std: float
    feature_mean: np.ndarray
    feature_std: np.ndarray
    probe: np.ndarray


def facts(spec: ExperimentSpec) -> DataFacts:
    """Return the facts about the data of `spec`; the last 32 are cached."""
    return _facts(spec.dataset, spec.training.loss, spec.layers[-1].output_shape[-1])


@lru_cache(maxsize=32)
def _facts(dataset: DatasetSpec, loss: LossFunction, units: int) -> DataFacts:
    data, target = dataset.load(), dataset.target
    y = encoded(data.train_y, target, units)
    with np.errstate(all="ignore"):
        constant, perfect = baseline(loss, y, target)
        reachable = neighbours_score(data, target)
    shares = _shares(data, dataset)
    x = data.train_x[:MAX_SAMPLES].reshape(min(MAX_SAMPLES, len(data.train_x)), -1).astype(np.float64)
    return DataFacts(
        constant_loss=constant,
        perfect_loss=perfect,
        constant_accuracy=_commonest(shares, dataset),
        reachable=reachable,
        class_shares=shares,
        target_range=(float(y.min()), float(y.max())),
        target_std=float(np.sqrt(y.var(axis=0).mean())),
        feature_mean=x.mean(axis=0),
        feature_std=x.std(axis=0),
        probe=data.train_x[:PROBE_SAMPLES].astype(np.float64),
    )


def _shares(data: Dataset, dataset: DatasetSpec) -> tuple[float, ...]:
    """The share of each class, or of each label, among the training targets; () for values."""
    target = dataset.target
    if target.kind == "values":
        return ()
    if target.kind == "labels":
        return tuple(data.train_y.reshape(-1, target.count).mean(axis=0).astype(float).tolist())
    counted = np.bincount(data.train_y.reshape(-1), minlength=target.count)
    return tuple((counted / counted.sum()).tolist())


def _commonest(shares: tuple[float, ...], dataset: DatasetSpec) -> float:
    """The accuracy of the best constant answer; NaN for values."""
    if not shares:
        return float("nan")
    if dataset.target.kind == "labels":
        return float(np.mean([max(share, 1 - share) for share in shares]))
    return max(shares)
