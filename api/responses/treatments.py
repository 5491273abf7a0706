"""Responses about treatments."""

from functools import lru_cache

from core.records import Place, TreatmentRecord
from core.treatment import Judgement, Report, Treatment, Trial, explain, report
from gradlab.remedies import difference
from gradlab.responses.diagnosis import change_responses
from gradlab.schemas.experiments import ProgressResponse
from gradlab.schemas.treatments import JudgementResponse, TreatmentResponse, TreatmentSummaryResponse, TrialResponse
from gradlab.schemas.trials import Flow
from gradlab.translate import keras_code_of


@lru_cache(maxsize=128)
def report_of(treatment: Treatment) -> Report:
    """Return the conclusions of a treatment. Cached: they take some 8 ms, and lists are read again and again."""
    return report(treatment)


def treatment_response(record: TreatmentRecord) -> TreatmentResponse:
    """Build the response for a treatment."""
    results, trials = report_of(record.treatment), record.treatment.trials
    best = results.recommended.trial if results.recommended else None
    return TreatmentResponse(
        id=record.id,
        experiment_id=record.experiment_id,
        status=record.status,
        request=record.request,
        created_at=record.created_at,
        finished_at=record.finished_at,
        error=record.error,
        summary=results.summary,
        metric=results.metric,
        higher_is_better=results.higher_is_better,
        untreated=results.untreated,
        control=results.control,
        trials=[
            trial_response(trial, place, record, results)
            for trial, place in zip(trials, record.trained_in, strict=True)
        ],
        recommended=trials.index(best) if best else None,
        recommended_spec=best.spec if best else None,
        recommended_code=keras_code_of(record.treatment.base, best.spec) if best else None,
        parts=list(results.parts),
        is_smallest=results.is_smallest,
        stopped=results.stopped,
    )


def treatment_summary_response(record: TreatmentRecord) -> TreatmentSummaryResponse:
    """Build the response for a treatment in the list of all."""
    results, trials = report_of(record.treatment), record.treatment.trials
    best = results.recommended
    return TreatmentSummaryResponse(
        id=record.id,
        experiment_id=record.experiment_id,
        name=record.treatment.base.name,
        status=record.status,
        created_at=record.created_at,
        finished_at=record.finished_at,
        error=record.error,
        trials=sum(trial.stage != "deferred" for trial in trials),
        finished_trials=sum(trial.stage == "finished" for trial in trials),
        untreated=results.untreated,
        recommended=list(best.trial.remedies) if best else None,
        treated=best.ill if best else None,
        is_smallest=results.is_smallest,
    )


def trial_response(trial: Trial, place: Place | None, record: TreatmentRecord, results: Report) -> TrialResponse:
    """Build the response for a trial."""
    untreated = record.treatment.result_of("untreated")
    judgement = next((judgement for judgement in results.judgements if judgement.trial == trial), None)
    progress = ProgressResponse(epochs_done=place.epochs_done, epochs_total=place.epochs_total) if place else None
    return TrialResponse(
        role=trial.role,
        remedies=list(trial.remedies),
        changes=change_responses(difference(record.treatment.base, trial.spec)),
        size=judgement.change if judgement else None,
        stage=trial.stage,
        progress=progress,
        experiment_id=place.id if place else None,
        triage=trial.triage,
        verdict=trial.result.verdict if trial.result else None,
        root_cause=trial.result.root_cause if trial.result else None,
        seeds=list(trial.result.seeds) if trial.result else [],
        flow=trial.result.flow if trial.result else None,
        judgement=judgement_response(judgement, untreated.flow) if judgement and untreated else None,
        error=trial.error,
        spec=trial.spec,
    )


def judgement_response(judgement: Judgement, untreated: Flow) -> JudgementResponse:
    """Build the response for a judgement; `untreated` is the flow of the untreated runs."""
    fields = {name: getattr(judgement, name) for name in JudgementResponse.model_fields if name != "explanation"}
    return JudgementResponse(**fields, explanation=explain(judgement, untreated))


def state_of(record: TreatmentRecord) -> object:
    """Return the state that a response about a treatment depends on, for its ETag."""
    places = [place for place in (*record.triaged_in, *record.trained_in) if place]
    return record.id, record.revision, [(place.id, place.revision) for place in places]
