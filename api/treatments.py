"""What the API answers about treatments, typed."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.diagnosis import Change
from api.notebook import table
from api.schemas import Answer, Progress
from core.spec import ExperimentSpec
from core.store import Place, TreatmentRecord, TreatmentStatus
from core.treatment import difference
from core.trials import (
    CURED,
    Effect,
    Flow,
    Judgement,
    Look,
    Part,
    Rate,
    Report,
    SeedResult,
    Stop,
    TreatmentSpec,
    Trial,
    explain,
    report,
)


class JudgementAnswer(Answer):
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

    @classmethod
    def of(cls, judged: Judgement, before: Flow) -> "JudgementAnswer":
        """The answer for a judgement."""
        taken = {name: getattr(judged, name) for name in cls.model_fields if name != "explanation"}
        return cls(**taken, explanation=explain(judged, before))


class TrialAnswer(Answer):
    """One spec that is trained to be compared."""

    role: Literal["untreated", "control", "treated"]
    remedies: list[str]
    changes: list[Change] = Field(description="the fields of the untreated spec that it changes")
    size: int | None = Field(description="how large that change is; null before the untreated runs are finished")
    stage: Literal["looking", "deferred", "training", "finished", "broken"] = Field(
        description="deferred: triage foretells that it fails, it is trained only if nothing else cures"
    )
    progress: Progress | None = Field(description="of its training")
    experiment_id: UUID | None = Field(description="the ordinary experiment that trains it")
    triage: Look | None
    verdict: str | None
    root_cause: str | None
    seeds: list[SeedResult]
    flow: Flow | None = Field(description="how the signal passed back: the profile of δ and the ratio of gradients")
    judgement: JudgementAnswer | None
    error: str | None
    spec: ExperimentSpec = Field(description="ready to be submitted")

    @classmethod
    def of(cls, trial: Trial, place: Place | None, record: TreatmentRecord, found: Report) -> "TrialAnswer":
        """The answer for a trial."""
        untreated = record.treatment.result_of("untreated")
        judged = next((each for each in found.judgements if each.trial == trial), None)
        changes = difference(record.treatment.base, trial.spec)
        progress = Progress(epochs_done=place.epochs_done, epochs_total=place.epochs_total) if place else None
        return cls(
            role=trial.role,
            remedies=list(trial.remedies),
            changes=[Change(path=each.path, before=each.before, after=each.after) for each in changes],
            size=judged.change if judged else None,
            stage=trial.stage,
            progress=progress,
            experiment_id=place.id if place else None,
            triage=trial.look,
            verdict=trial.result.verdict if trial.result else None,
            root_cause=trial.result.root_cause if trial.result else None,
            seeds=list(trial.result.seeds) if trial.result else [],
            flow=trial.result.flow if trial.result else None,
            judgement=JudgementAnswer.of(judged, untreated.flow) if judged and untreated else None,
            error=trial.error,
            spec=trial.spec,
        )


class TreatmentAnswer(Answer):
    """A treatment: what was tried, what cures, and what that says of the cause."""

    id: UUID
    experiment_id: UUID
    status: TreatmentStatus
    request: TreatmentSpec
    created_at: datetime
    finished_at: datetime | None
    error: str | None
    summary: str
    definition: str = Field(default=CURED, description="what counts as well, as cured and as a cure")
    metric: str = Field(description="the metric on test samples by which trials are compared")
    higher_is_better: bool
    untreated: Rate | None = Field(description="seeds that are ill untreated")
    control: Rate | None = Field(description="of three times as many fresh seeds, trained as long, those that are ill")
    trials: list[TrialAnswer]
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

    @classmethod
    def of(cls, record: TreatmentRecord) -> "TreatmentAnswer":
        """The answer for what the store says."""
        found, trials = report(record.treatment), record.treatment.trials
        best = found.recommended.trial if found.recommended else None
        return cls(
            id=record.id,
            experiment_id=record.experiment_id,
            status=record.status,
            request=record.request,
            created_at=record.created_at,
            finished_at=record.finished_at,
            error=record.error,
            summary=found.summary,
            metric=found.metric,
            higher_is_better=found.higher_is_better,
            untreated=found.untreated,
            control=found.control,
            trials=[
                TrialAnswer.of(trial, place, record, found)
                for trial, place in zip(trials, record.trained_in, strict=True)
            ],
            recommended=trials.index(best) if best else None,
            recommended_spec=best.spec if best else None,
            parts=list(found.parts),
            is_smallest=found.is_smallest,
            stopped=found.stopped,
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: every trial, what it is worth, and what all of them say."""
        rows = [
            (" + ".join(each.remedies) or each.role, each.judgement.worth, *_ill(each.judgement), each.judgement.cost)
            if each.judgement
            else (" + ".join(each.remedies) or each.role, each.stage, None, None, None)
            for each in self.trials
        ]
        return table(f"Treatment: {self.status}", ("change", "worth", "ill", "p", "cost"), rows, [self.summary])


def _ill(judged: JudgementAnswer) -> tuple[str, float]:
    return f"{judged.ill.count} of {judged.ill.of}", judged.p_adjusted


class TreatmentsAnswer(Answer):
    """One page of an experiment's treatments, newest first."""

    treatments: list[TreatmentAnswer]
    next: str | None = Field(description="the address of the next page; null on the last")


def state_of(record: TreatmentRecord) -> object:
    """What an answer about a treatment depends on."""
    places = [place for place in (*record.looked_in, *record.trained_in) if place]
    return record.id, record.revision, [(place.id, place.revision) for place in places]
