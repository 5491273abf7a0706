"""Requests and responses of treatments."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, field_validator

from gradlab.errors import Invalid
from gradlab.frozen import Frozen, added, impossible
from gradlab.schemas.diagnosis import ChangeResponse
from gradlab.schemas.experiments import ProgressResponse
from gradlab.schemas.html import table
from gradlab.schemas.response_model import ResponseModel
from gradlab.schemas.status import TreatmentStatus
from gradlab.schemas.trials import Effect, Flow, Part, Rate, SeedResult, Stop, TriageResult
from gradlab.spec import ExperimentSpec
from gradlab.spec.problems import at_most

# Definition of the counts in a report, for the response.
CURED = (
    "A seed is well if its run learns, has no confirmed failure, and has learnt at least half as much as the best "
    "trial. It is cured if it is not well untreated and well treated. A change cures if at most a tenth of its seeds "
    "are not well, and one of two tests is significant: fewer of its seeds are not well than of all untreated runs, "
    "with the control's (Fisher's exact test); or its test metric is better by more than three points over equal seeds "
    "(Student's test); p < 0.05 after Holm, both tests counted. A change is the smallest that cures if no smaller one "
    "that was tried cures; if it has several parts, each was left out once, and the others did worse (p < 0.05)."
)


def _one_or_several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = tuple[str, ...]

# Maximum number of remedies in a request, all changes together. Each takes 0.05 s to be applied to a network of 200
# layers. There are half as many remedies. The bounds on seeds and budget are wide, because requests of earlier
# versions, which had none, must stay readable; the settings limit the number of seeds.
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
    """Treatment to start: remedies, number of seeds, and budget."""

    remedies: (
        Annotated[
            tuple[RemedyNames, ...], Field(strict=False, min_length=1, max_length=MAX_REMEDIES), at_most(MAX_REMEDIES)
        ]
        | None
    ) = None
    """Changes to try: names of remedies, or lists of names that are applied together; null for the diagnosis's."""
    seeds: int = Field(default=8, ge=5, le=MAX_SEEDS)
    """Number of seeds of each change. Fewer than five cannot separate a cure from chance among a dozen trials."""
    budget: int = Field(default=12, ge=1, le=MAX_BUDGET)
    """Maximum number of treated specs that are trained."""
    initial_weights: Literal["kept", "fresh"] = added("kept")
    """Weights that an experiment with `training.initial_weights` begins its trials with, untreated ones and the control
    among them. kept: the same, except for layers whose shapes or initialisers a change replaces, which are drawn.
    fresh: all are drawn."""

    @field_validator("remedies")
    @classmethod
    def _check_remedies(cls, remedies: tuple[Names, ...] | None) -> tuple[Names, ...] | None:
        from gradlab.remedies import remedy  # forty modules that most clients do not need

        if (count := sum(map(len, remedies or ()))) > MAX_REMEDIES:
            raise impossible("", f"at most {MAX_REMEDIES} remedies in all", f"{count} remedies")
        for name in (name for names in remedies or () for name in names):
            try:
                remedy(name)
            except Invalid as error:
                raise impossible("", error.problems[0].expected, repr(name)) from error
        counts = Counter(tuple(sorted(names)) for names in remedies or ())
        if repeated := next((names for names, count in counts.items() if count > 1), None):
            raise impossible("", "each change once", f"{' with '.join(repeated)} twice")
        return remedies


class JudgementResponse(ResponseModel):
    """Judgement of a trial, in comparison with the untreated runs."""

    worth: Literal["cures", "helps", "unproven", "no effect", "harms"] = Field(
        description="cures: at most a tenth of the seeds are ill, and these are significantly fewer than untreated, or "
        "the test metric is significantly better; helps: significantly better likewise, but more seeds are ill; "
        "unproven: fewer seeds are ill, which may be chance; harms: significantly more seeds are ill"
    )
    ill: Rate = Field(description="seeds that are not well, with the 95 % Wilson interval of their share")
    cured: int = Field(description="seeds that are ill untreated and well treated")
    of_ill: int = Field(description="seeds that are ill untreated")
    p_value: float = Field(
        description="twice the smaller p-value of two tests: Fisher's exact test against all untreated runs; Student's "
        "test of the hypothesis that the test metric over equal seeds is not better by three points"
    )
    p_adjusted: float = Field(description="p-value, adjusted for the number of trials after Holm")
    effect: Effect = Field(description="treated minus untreated test metric over equal seeds, with a 95 % interval")
    signal: Literal["restored", "arrived before", "does not arrive", "lost", "unknown"]
    cost: float | None = Field(description="measured seconds per epoch, relative to untreated")
    explanation: str = Field(description="what the result shows about the cause")


class TrialResponse(ResponseModel):
    """Trial: a spec that is trained for comparison."""

    role: Literal["untreated", "control", "treated"]
    remedies: list[str]
    changes: list[ChangeResponse] = Field(description="fields of the untreated spec that it changes")
    size: int | None = Field(description="size of the change; null before the untreated runs have finished")
    stage: Literal["looking", "deferred", "training", "finished", "broken"] = Field(
        description="looking: in triage; deferred: triage predicts a failure, and it is trained only if nothing "
        "else cures"
    )
    progress: ProgressResponse | None = Field(description="progress of its training")
    experiment_id: UUID | None = Field(description="experiment that trains it")
    triage: TriageResult | None
    verdict: str | None
    root_cause: str | None
    seeds: list[SeedResult]
    flow: Flow | None = Field(
        description="back-propagated signal: profile of δ over the layers, and ratio of gradients"
    )
    judgement: JudgementResponse | None
    error: str | None
    spec: ExperimentSpec = Field(description="its spec, ready to be submitted")


class TreatmentResponse(ResponseModel):
    """Treatment: its trials, the recommended change, and what they show about the cause."""

    id: UUID
    experiment_id: UUID
    status: TreatmentStatus
    request: TreatmentRequest
    created_at: datetime
    finished_at: datetime | None
    error: str | None
    summary: str
    definition: str = Field(default=CURED, description="definition of well, cured and cure")
    metric: str = Field(description="metric on test samples by which trials are compared")
    higher_is_better: bool
    untreated: Rate | None = Field(description="seeds that are ill untreated")
    control: Rate | None = Field(
        description="seeds that are ill among three times as many other seeds, trained untreated and as long"
    )
    trials: list[TrialResponse]
    recommended: int | None = Field(
        description="index in `trials` of the smallest change that cures, unless a larger one is significantly better"
    )
    recommended_spec: ExperimentSpec | None = Field(description="spec of the recommended change, ready to be submitted")
    recommended_code: str | None = Field(
        default=None, description="the recommended change as Keras code to copy from; null if none can be written"
    )
    parts: list[Part] = Field(description="contribution of each remedy to a recommended change of several")
    is_smallest: bool | None = Field(
        description="true if no smaller change that was tried cures, and each part was left out once and the others "
        "did significantly worse; false if smaller changes were not all tried, or are not significantly worse"
    )
    stopped: Stop | None = Field(description="reason of the end of the search; null while it goes on")

    def _repr_html_(self) -> str:
        """Return HTML for notebooks: every trial with its judgement, and the summary."""
        rows = [(" + ".join(trial.remedies) or trial.role, *_cells(trial)) for trial in self.trials]
        return table(f"Treatment: {self.status}", ("change", "worth", "ill", "p", "cost"), rows, [self.summary])


def _cells(trial: TrialResponse) -> tuple[object, ...]:
    if (judgement := trial.judgement) is None:
        return trial.stage, None, None, None
    ill = f"{judgement.ill.count} of {judgement.ill.of}"
    return judgement.worth, ill, judgement.p_adjusted, judgement.cost


class TreatmentSummaryResponse(ResponseModel):
    """Treatment in a list of those of all experiments."""

    id: UUID
    experiment_id: UUID
    name: str = Field(description="name of the treated experiment")
    status: TreatmentStatus
    created_at: datetime
    finished_at: datetime | None
    error: str | None
    trials: int = Field(description="number of trials so far, untreated and control included, deferred ones left out")
    finished_trials: int
    untreated: Rate | None = Field(description="seeds that are ill untreated")
    recommended: list[str] | None = Field(description="remedies of the recommended change; null if none cures yet")
    treated: Rate | None = Field(description="seeds that are ill with the recommended change")
    is_smallest: bool | None = Field(description="true if it is shown to be the smallest change that cures")


class TreatmentSummariesResponse(ResponseModel):
    """Page of the treatments of all experiments, newest first."""

    treatments: list[TreatmentSummaryResponse]
    next: str | None = Field(description="address of the next page; null on the last")


class TreatmentsResponse(ResponseModel):
    """Page of an experiment's treatments, newest first."""

    treatments: list[TreatmentResponse]
    next: str | None = Field(description="address of the next page; null on the last")
