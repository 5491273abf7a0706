"""Results of trials: rates and effects with their intervals, results of seeds, and back-propagated signals."""

from dataclasses import dataclass
from typing import Literal

Stop = Literal["cured", "budget", "exhausted", "nothing to cure", "all that was chosen", "nothing to compare with"]
"""Reason of the end of a treatment's search."""


@dataclass(frozen=True)
class Rate:
    """Share of seeds, with its Wilson interval.

    Attributes:
        count, of: number of seeds, out of all.
        low, high: the 95 % interval of the share (Wilson 1927), which stays within [0, 1] for small counts.
    """

    count: int
    of: int
    low: float
    high: float


@dataclass(frozen=True)
class Effect:
    """Effect of a change on a metric.

    Attributes:
        mean: mean of the treated minus the untreated value over pairs of equal seeds; None without a pair.
        low, high: its 95 % interval by Student's t; None below two pairs.
        pairs: number of seeds with a finite value, both treated and untreated.
    """

    mean: float | None
    low: float | None
    high: float | None
    pairs: int


@dataclass(frozen=True)
class TriageResult:
    """Result of the triage of a spec.

    Attributes:
        verdict: ``healthy``, ``at risk`` or ``undecided``, as in a `Diagnosis`.
        root_cause: the rule of the finding that causes the others.
        foretells_failure: True if more than half of the seeds have a critical risk.
    """

    verdict: str
    root_cause: str | None
    foretells_failure: bool


@dataclass(frozen=True)
class SeedResult:
    """Result of one seed of a trial.

    Attributes:
        outcome: ``learns``, ``fails``, ``diverged`` or ``undecided``.
        well: True if the run learns, has no confirmed failure such as overfitting, and no trial has learnt more than
            twice as much (`core.treatment.hindsight`).
        test: median of the test metric over the last epochs; None if it is not finite.
    """

    seed: int
    outcome: str
    well: bool
    test: float | None


@dataclass(frozen=True)
class Flow:
    """Back-propagated signals of a network: medians over the seeds, None if no finite value is recorded.

    Attributes:
        layers: the layers with recorded δ = ∂loss/∂(pre-activation), input side first.
        initially: root mean square of δ of each layer, before the first update.
        trained: root mean square of δ of each layer, in the median epoch.
        arriving: ‖δ‖ of the first hidden layer, divided by ‖δ‖ of the output, in the median epoch.
        gradient_ratio: ‖g₁‖₂/‖g_L‖₂ of the first and the last kernel's gradients, in the median epoch.
    """

    layers: tuple[str, ...]
    initially: tuple[float | None, ...]
    trained: tuple[float | None, ...]
    arriving: float | None
    gradient_ratio: float | None


@dataclass(frozen=True)
class Part:
    """Contribution of one remedy to a change of several.

    Attributes:
        remedy: the name of the remedy.
        without: seeds that are ill without it; None if that was not trained.
        p_value: twice the smaller p-value of two null hypotheses: as many seeds are ill with the remedy as without it
            (Fisher's exact test); it does not improve the test metric (Student's test over equal seeds). None if that
            was not trained.
        is_needed: True if the change does significantly worse without it (p < 0.05); None if that was not trained.
    """

    remedy: str
    without: Rate | None
    p_value: float | None
    is_needed: bool | None
