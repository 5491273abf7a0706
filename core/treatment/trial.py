"""What a trial is: one spec that is trained to be compared, and what has become of it. All are plain data."""

from dataclasses import dataclass
from statistics import median
from typing import Annotated, Literal

from pydantic import Field

from gradlab.diagnosis import Diagnosis
from gradlab.schemas.trials import Flow, SeedResult, TriageResult
from gradlab.spec import ExperimentSpec

Role = Literal["untreated", "control", "treated"]
Stage = Literal["looking", "deferred", "training", "finished", "broken"]
# Severity and share of seeds from which on a look foretells that a spec will not learn.
FORETELLS, MIN_FORETOLD_SHARE = "critical", 1 / 2


def triage_result(diagnosis: Diagnosis) -> TriageResult:
    """Reduce a triage to what decides about a trial."""
    risks = [each for each in diagnosis.findings if each.kind == "risk" and each.severity == FORETELLS]
    foretells = any(len(each.seeds) > MIN_FORETOLD_SHARE * each.of_seeds for each in risks)
    return TriageResult(diagnosis.verdict, diagnosis.root_cause, foretells)


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
        baseline: test metric of the nearest neighbours or of a linear model, whichever is higher; None where neither
            could be estimated. Stored as `known`.
        constant: what always saying the same reaches in the test metric; None where that depends on a scale.
    """

    verdict: str
    root_cause: str | None
    remedies: tuple[str, ...]
    seeds: tuple[SeedResult, ...]
    flow: Flow
    seconds: float | None
    epochs: int
    baseline: Annotated[float | None, Field(alias="known")] = None
    constant: float | None = None

    @property
    def ill(self) -> int:
        """How many seeds are not well."""
        return sum(not seed.well for seed in self.seeds)

    @property
    def test(self) -> float | None:
        """The test metric, the median over the seeds."""
        tests = [seed.test for seed in self.seeds if seed.test is not None]
        return median(tests) if tests else None


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
        triage: what triage said.
        result: what training has shown.
        error: why it broke.
    """

    role: Role
    remedies: tuple[str, ...]
    spec: ExperimentSpec
    stage: Stage
    triage: TriageResult | None = None
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
