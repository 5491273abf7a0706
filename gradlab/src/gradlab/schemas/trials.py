"""Results of trials: rates and effects with their intervals, seeds one by one, and how the signal flowed."""

from dataclasses import dataclass
from typing import Literal

Stop = Literal["cured", "budget", "exhausted", "nothing to cure", "all that was chosen", "nothing to compare with"]
"""Why the search of a treatment stopped."""


@dataclass(frozen=True)
class Rate:
    """A share of seeds, with its Wilson interval.

    Attributes:
        count, of: so many seeds out of all.
        low, high: the 95 % interval of the share (Wilson 1927), which keeps within [0, 1] where counts are small.
    """

    count: int
    of: int
    low: float
    high: float


@dataclass(frozen=True)
class Effect:
    """What a change does to a metric.

    Attributes:
        mean: of the treated minus the untreated value over pairs of equal seeds; None where there is no pair.
        low, high: its 95 % interval by Student's t; None below two pairs.
        pairs: how many seeds have a finite value both ways.
    """

    mean: float | None
    low: float | None
    high: float | None
    pairs: int


@dataclass(frozen=True)
class TriageResult:
    """What triage says of a spec before it is trained.

    Attributes:
        verdict: ``healthy``, ``at risk`` or ``undecided``, as a `Diagnosis` has it.
        root_cause: the rule of the finding that the others follow from.
        foretells_failure: a critical risk is seen in more than half of the seeds.
    """

    verdict: str
    root_cause: str | None
    foretells_failure: bool


@dataclass(frozen=True)
class SeedResult:
    """One seed of a trial.

    Attributes:
        outcome: ``learns``, ``fails``, ``diverged`` or ``undecided``.
        well: it learns, no confirmed failure, such as learning by heart, is found in it, and no trial has shown that
            more than twice as much can be learnt (`core.treatment.hindsight`).
        test: the test metric, its median over the last epochs; None where it is not finite.
    """

    seed: int
    outcome: str
    well: bool
    test: float | None


@dataclass(frozen=True)
class Flow:
    """How the signal passed back through the network: medians over the seeds, None where nothing finite is recorded.

    Attributes:
        layers: the layers whose δ = ∂loss/∂(pre-activation) was recorded, input side first.
        initially: root mean square of δ of each, before the first update.
        trained: the same, in the median epoch.
        arriving: ‖δ‖ of the first hidden layer by ‖δ‖ of the output, in the median epoch.
        gradient_ratio: ‖g₁‖₂/‖g_L‖₂ of the first and the last kernel's gradients, in the median epoch.
    """

    layers: tuple[str, ...]
    initially: tuple[float | None, ...]
    trained: tuple[float | None, ...]
    arriving: float | None
    gradient_ratio: float | None


@dataclass(frozen=True)
class Part:
    """One remedy of a change of several.

    Attributes:
        remedy: which.
        without: the seeds that stay ill with the others alone; None where that was not trained.
        p_value: the smaller one, doubled, of two: Fisher's exact test that as many seeds are ill with the remedy as
            without it; Student's test over equal seeds that it does not make the test metric better. None likewise.
        is_needed: the others alone do clearly worse: p < 0.05; None where they were not trained.
    """

    remedy: str
    without: Rate | None
    p_value: float | None
    is_needed: bool | None
