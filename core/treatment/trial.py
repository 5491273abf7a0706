"""Treatments, their trials, and the trials' results, as plain data."""

from dataclasses import dataclass
from statistics import median
from typing import Annotated, Literal

from pydantic import Field

from gradlab.diagnosis import Diagnosis
from gradlab.schemas.trials import Flow, SeedResult, TriageResult
from gradlab.spec import ExperimentSpec

Role = Literal["untreated", "control", "treated"]
Stage = Literal["looking", "deferred", "training", "finished", "broken"]
# A triage foretells failure if a risk of this severity is detected in more than this share of the seeds.
FORETELLS, MIN_FORETOLD_SHARE = "critical", 1 / 2


def triage_result(diagnosis: Diagnosis) -> TriageResult:
    """Reduce a triage's diagnosis to the fields that decide about a trial."""
    risks = [each for each in diagnosis.findings if each.kind == "risk" and each.severity == FORETELLS]
    foretells = any(len(each.seeds) > MIN_FORETOLD_SHARE * each.of_seeds for each in risks)
    return TriageResult(diagnosis.verdict, diagnosis.root_cause, foretells)


@dataclass(frozen=True)
class Result:
    """The result of a trained trial.

    Attributes:
        verdict, root_cause: of its diagnosis.
        remedies: those that its diagnosis advises, best first.
        seeds: results of the seeds, in the order of the spec.
        flow: of the signal.
        seconds: from the first epoch's beginning to the end, all seeds together; None if it was not measured.
        epochs: trained epochs of all seeds together.
        baseline: test metric of the nearest neighbours or of a linear model, whichever is higher; None where neither
            could be estimated. Stored as `known`.
        constant: test metric of the best constant prediction; None if the metric depends on the targets' scale.
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
        """The number of seeds that are not well."""
        return sum(not seed.well for seed in self.seeds)

    @property
    def test(self) -> float | None:
        """The median of the seeds' test metrics."""
        tests = [seed.test for seed in self.seeds if seed.test is not None]
        return median(tests) if tests else None


@dataclass(frozen=True)
class Trial:
    """One spec that is trained for the comparison.

    Attributes:
        role: ``untreated``: on the same seeds as the treated trials; ``control``: untreated, on seeds of its own;
            ``treated``.
        remedies: the applied remedies; () for an untreated trial.
        spec: the spec that is trained.
        stage: ``looking``: triage is under way; ``deferred``: triage foretells failure, and it is trained only if
            nothing else cures; ``training``; ``finished``; ``broken``: the machine failed, not the network.
        triage: the result of its triage.
        result: the result of its training.
        error: why it is broken.
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
        """True if a worker has to triage or train it."""
        return self.stage in ("looking", "training")


@dataclass(frozen=True)
class Treatment:
    """A search, by trials, for the smallest change that cures an experiment.

    Attributes:
        base: the untreated spec, on the trials' seeds.
        candidates: the changes to try, in order; each is a tuple of remedies' names.
        budget: number of treated specs that are trained, at most.
        chosen: True if a person chose the candidates: all of them are trained, whatever triage foretells.
        trials: in the order in which they began.
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
        """Return the first result of a trial of this role; None if there is none."""
        return next((trial.result for trial in self.of_role(role) if trial.result), None)

    @property
    def is_over(self) -> bool:
        """True if no trial is under way; `proceed` adds nothing then."""
        return not any(trial.is_under_way for trial in self.trials)
