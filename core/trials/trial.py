"""What a trial is: one spec that is trained to be compared, and what has become of it. All are plain data."""

from dataclasses import dataclass
from statistics import median
from typing import Literal

from core.diagnosis import Diagnosis
from core.spec import ExperimentSpec

Role = Literal["untreated", "control", "treated"]
Stage = Literal["looking", "deferred", "training", "finished", "broken"]
# Severity and share of seeds from which on a look foretells that a spec will not learn.
FORETELLS, MOST = "critical", 1 / 2


@dataclass(frozen=True)
class Look:
    """What triage says of a spec before it is trained.

    Attributes:
        verdict: ``healthy``, ``at risk`` or ``undecided``, as a `Diagnosis` has it.
        root_cause: the rule of the finding that the others follow from.
        foretells_failure: a critical risk is seen in more than half of the seeds.
    """

    verdict: str
    root_cause: str | None
    foretells_failure: bool

    @classmethod
    def of(cls, found: Diagnosis) -> "Look":
        """What of a triage matters here."""
        risks = [each for each in found.findings if each.kind == "risk" and each.severity == FORETELLS]
        foretells = any(len(each.seeds) > MOST * each.of_seeds for each in risks)
        return cls(found.verdict, found.root_cause, foretells)


@dataclass(frozen=True)
class SeedResult:
    """One seed of a trial.

    Attributes:
        outcome: ``learns``, ``fails``, ``diverged`` or ``undecided``.
        well: it learns, no confirmed failure, such as learning by heart, is found in it, and no trial has shown that
            more than twice as much can be learnt (`core.trials.hindsight`).
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
class Result:
    """What a trial has shown.

    Attributes:
        verdict, root_cause: of its diagnosis.
        remedies: what its diagnosis would try next, best first.
        seeds: one by one, in the order of the spec.
        flow: of the signal.
        seconds: from the first epoch's beginning to the end, all seeds together; None where it was not taken.
        epochs: that were trained, all seeds together.
        known: what the nearest neighbours or a linear model reach in the test metric, whichever more; None where both
            know too little to say.
        constant: what always saying the same reaches in the test metric; None where that depends on a scale.
    """

    verdict: str
    root_cause: str | None
    remedies: tuple[str, ...]
    seeds: tuple[SeedResult, ...]
    flow: Flow
    seconds: float | None
    epochs: int
    known: float | None = None
    constant: float | None = None

    @property
    def ill(self) -> int:
        """How many seeds are not well."""
        return sum(not seed.well for seed in self.seeds)

    @property
    def test(self) -> float | None:
        """The test metric, the median over the seeds."""
        known = [seed.test for seed in self.seeds if seed.test is not None]
        return median(known) if known else None


@dataclass(frozen=True)
class Trial:
    """One spec that is trained to be compared.

    Attributes:
        role: ``untreated``: on the same seeds as the treated ones; ``control``: untreated, on seeds of its own;
            ``treated``.
        remedies: what was applied; () where nothing was.
        spec: what is trained.
        stage: ``looking``: triage is under way; ``deferred``: triage foretells that it fails, it is trained only if
            nothing else cures; ``training``; ``finished``; ``broken``: the machine failed, not the network.
        look: what triage said.
        result: what training has shown.
        error: why it broke.
    """

    role: Role
    remedies: tuple[str, ...]
    spec: ExperimentSpec
    stage: Stage
    look: Look | None = None
    result: Result | None = None
    error: str | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether a worker has still to do something for it."""
        return self.stage in ("looking", "training")


@dataclass(frozen=True)
class Treatment:
    """Trials that answer which change cures an experiment.

    Attributes:
        base: the untreated spec, on the trials' seeds.
        candidates: the changes to be tried, each some remedies' names, in their order.
        budget: at most so many treated specs are trained.
        chosen: the candidates were chosen by a person: all of them are trained, whatever triage says.
        trials: in the order in which they were begun.
    """

    base: ExperimentSpec
    candidates: tuple[tuple[str, ...], ...]
    budget: int
    chosen: bool
    trials: tuple[Trial, ...]

    def of_role(self, role: Role) -> tuple[Trial, ...]:
        """The trials of one role."""
        return tuple(trial for trial in self.trials if trial.role == role)

    def result_of(self, role: Role) -> Result | None:
        """What the untreated spec, or the control, has shown."""
        return next((trial.result for trial in self.of_role(role) if trial.result), None)

    @property
    def is_over(self) -> bool:
        """Whether nothing is under way; `proceed` has nothing to add then."""
        return not any(trial.is_under_way for trial in self.trials)
