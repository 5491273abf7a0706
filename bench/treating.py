"""Treatments within one process, without the service's store and workers."""

import time
from collections import defaultdict
from dataclasses import replace

from core.treatment import Treatment, Trial, proceed, recorded_for_rules, result, triage_spec
from core.treatment.trial import triage_result
from gradlab.diagnosis import Run, diagnose
from gradlab.diagnosis.joining import joined
from gradlab.facts import of_spec
from gradlab.measurement.history import RunChunk
from gradlab.schemas.trials import TriageResult
from gradlab.spec import ExperimentSpec


def runs_of(spec: ExperimentSpec) -> list[Run]:
    """Train a spec; return its runs from epoch 0 on. Call `core.training.environment.prepare` before."""
    from core.training.train import train

    parts: dict[int, list[RunChunk]] = defaultdict(list)
    for chunk in train(spec):
        for run in chunk.runs:
            parts[run.seed].append(run)
    return [joined(spec, parts[seed], of_spec(spec)) for seed in spec.seeds if seed in parts]


def treated(treatment: Treatment) -> Treatment:
    """Train all trials of a treatment, until it is over."""
    while True:
        trials = tuple(_advanced(trial) if trial.is_under_way else trial for trial in treatment.trials)
        after = proceed(replace(treatment, trials=trials))
        if after.is_over:
            return after
        treatment = after


def _advanced(trial: Trial) -> Trial:
    """Return a trial after the step that it waits for: its triage, or its training."""
    if trial.stage == "looking":
        return replace(trial, triage=triaged(trial.spec))
    begin = time.perf_counter()
    runs = runs_of(trial.spec)
    return replace(trial, stage="finished", result=result(trial.spec, runs, time.perf_counter() - begin))


def triaged(spec: ExperimentSpec) -> TriageResult:
    """Return the result of triage for a spec."""
    full = recorded_for_rules(spec)
    return triage_result(diagnose(full, [replace(run, spec=full) for run in runs_of(triage_spec(spec))]))
