"""Requests for treatments, and the responses about them."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, field_validator

from gradlab.errors import Invalid
from gradlab.frozen import Frozen
from gradlab.schemas.diagnosis import ChangeResponse
from gradlab.schemas.experiments import ProgressResponse
from gradlab.schemas.html import table
from gradlab.schemas.response_model import ResponseModel
from gradlab.schemas.status import TreatmentStatus
from gradlab.schemas.trials import Effect, Flow, Part, Rate, SeedResult, Stop, TriageResult
from gradlab.spec import ExperimentSpec
from gradlab.spec.problems import at_most, impossible

# How a report says what it counts.
CURED = (
    "A seed is well when its run learns, no confirmed failure is found in it, and it has learnt at least half of what "
    "the best trial has; it is cured when it is not well untreated and well treated. A change cures when at most a "
    "tenth of its seeds are not well, and significantly fewer than of all untreated runs, the control's among them "
    "(Fisher's exact test), or its test metric is better by more than three points over equal seeds (Student's test); "
    "p < 0.05 after Holm, both tests counted. A change is called the smallest that cures if no smaller one that "
    "was tried does, and, where it has several parts, each was left out once and the others did worse (p < 0.05)."
)


def _one_or_several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = tuple[str, ...]

# So many remedies that a person chooses, in all: each takes 0.05 s to be applied to a network of 200 layers. There are
# half as many. The bounds on numbers keep requests of earlier versions, which had none, readable; how many seeds are
# allowed is a setting.
MAX_REMEDIES = 60
MAX_SEEDS, MAX_BUDGET = 10_000, 10_000
Name = Annotated[str, Field(max_length=200)]
RemedyNames = Annotated[
    tuple[Name, ...],
    Field(strict=False, min_length=1, max_length=MAX_REMEDIES),
    at_most(MAX_REMEDIES),
    BeforeValidator(_one_or_several),
]


class TreatmentRequest(Frozen):
    """Which remedies are to be tried, on how many seeds, and for how long."""

    remedies: (
        Annotated[
            tuple[RemedyNames, ...], Field(strict=False, min_length=1, max_length=MAX_REMEDIES), at_most(MAX_REMEDIES)
        ]
        | None
    ) = None
    """Each a remedy's name, or a list of names that are applied together; null: those that the diagnosis names."""
    seeds: int = Field(default=8, ge=5, le=MAX_SEEDS)
    """On how many seeds each change is trained. Fewer than five cannot tell a cure from luck among a dozen trials."""
    budget: int = Field(default=12, ge=1, le=MAX_BUDGET)
    """At most so many treated specs are trained."""

    @field_validator("remedies")
    @classmethod
    def _known(cls, remedies: tuple[Names, ...] | None) -> tuple[Names, ...] | None:
        from gradlab.remedies import remedy  # forty modules that a client without a treatment never needs

        if (count := sum(map(len, remedies or ()))) > MAX_REMEDIES:
            raise impossible("", f"at most {MAX_REMEDIES} remedies in all", f"{count} remedies")
        for name in (name for names in remedies or () for name in names):
            try:
                remedy(name)
            except Invalid as unknown:
                raise impossible("", unknown.problems[0].expected, repr(name)) from unknown
        counts = Counter(tuple(sorted(names)) for names in remedies or ())
        if twice := next((names for names, count in counts.items() if count > 1), None):
            raise impossible("", "each change once", f"{' with '.join(twice)} twice")
        return remedies


class JudgementResponse(ResponseModel):
    """What a trial's result is worth beside the untreated runs."""

    worth: Literal["cures", "helps", "unproven", "no effect", "harms"] = Field(
        description="cures: at most a tenth of the seeds is ill, and significantly fewer than untreated or with a "
        "significantly better test metric; helps: significantly better so, but more are ill; unproven: fewer are ill, "
        "and that may be luck; harms: significantly more"
    )
    ill: Rate = Field(description="seeds that are not well, with the 95 % Wilson interval of their share")
    cured: int = Field(description="seeds that are ill untreated and well with it")
    of_ill: int = Field(description="out of so many that are ill untreated")
    p_value: float = Field(
        description="the smaller one, doubled, of two: Fisher's exact test against all untreated runs, Student's test "
        "that the test metric over equal seeds is not better by three points"
    )
    p_adjusted: float = Field(description="the same, adjusted for the number of trials after Holm")
    effect: Effect = Field(description="treated minus untreated test metric over equal seeds, with a 95 % interval")
    signal: Literal["restored", "arrived before", "does not arrive", "lost", "unknown"]
    cost: float | None = Field(description="seconds per epoch relative to untreated, as the workers took them")
    explanation: str = Field(description="what it says of the cause")


class TrialResponse(ResponseModel):
    """One spec that is trained to be compared."""

    role: Literal["untreated", "control", "treated"]
    remedies: list[str]
    changes: list[ChangeResponse] = Field(description="the fields of the untreated spec that it changes")
    size: int | None = Field(description="how large that change is; null before the untreated runs are finished")
    stage: Literal["looking", "deferred", "training", "finished", "broken"] = Field(
        description="deferred: triage foretells that it fails, it is trained only if nothing else cures"
    )
    progress: ProgressResponse | None = Field(description="of its training")
    experiment_id: UUID | None = Field(description="the ordinary experiment that trains it")
    triage: TriageResult | None
    verdict: str | None
    root_cause: str | None
    seeds: list[SeedResult]
    flow: Flow | None = Field(description="how the signal passed back: the profile of δ and the ratio of gradients")
    judgement: JudgementResponse | None
    error: str | None
    spec: ExperimentSpec = Field(description="ready to be submitted")


class TreatmentResponse(ResponseModel):
    """A treatment: what was tried, what cures, and what that says of the cause."""

    id: UUID
    experiment_id: UUID
    status: TreatmentStatus
    request: TreatmentRequest
    created_at: datetime
    finished_at: datetime | None
    error: str | None
    summary: str
    definition: str = Field(default=CURED, description="what counts as well, as cured and as a cure")
    metric: str = Field(description="the metric on test samples by which trials are compared")
    higher_is_better: bool
    untreated: Rate | None = Field(description="seeds that are ill untreated")
    control: Rate | None = Field(description="of three times as many fresh seeds, trained as long, those that are ill")
    trials: list[TrialResponse]
    recommended: int | None = Field(
        description="the place in `trials` of the change that cures and is the smallest, unless a larger one is better "
        "beyond luck"
    )
    recommended_spec: ExperimentSpec | None = Field(description="its spec, ready to be submitted")
    parts: list[Part] = Field(
        description="what each remedy of the recommended change contributes, where it has several"
    )
    is_smallest: bool | None = Field(
        description="no smaller change that was tried cures, and each part was left out and the others did worse "
        "beyond luck; where false, smaller changes were not all tried, or are not shown to do worse"
    )
    stopped: Stop | None = Field(description="why the search stopped; null while something is under way")

    def _repr_html_(self) -> str:
        """What a notebook shows: every trial, what it is worth, and what all of them say."""
        rows = [
            (" + ".join(each.remedies) or each.role, each.judgement.worth, *_ill(each.judgement), each.judgement.cost)
            if each.judgement
            else (" + ".join(each.remedies) or each.role, each.stage, None, None, None)
            for each in self.trials
        ]
        return table(f"Treatment: {self.status}", ("change", "worth", "ill", "p", "cost"), rows, [self.summary])


def _ill(judged: JudgementResponse) -> tuple[str, float]:
    return f"{judged.ill.count} of {judged.ill.of}", judged.p_adjusted


class TreatmentsResponse(ResponseModel):
    """One page of an experiment's treatments, newest first."""

    treatments: list[TreatmentResponse]
    next: str | None = Field(description="the address of the next page; null on the last")
