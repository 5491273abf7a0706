"""Comparison of each case's diagnosis with its construction."""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from bench.clinic.case import BY_NAME, Case
from bench.clinic.construction import program
from bench.clinic.criterion import Measured, holds, measure, sick
from bench.clinic.training import kept_or_trained
from core.settings import Settings
from core.training.environment import prepare
from gradlab.diagnosis import Diagnosis, Run, diagnose
from gradlab.measurement.history import History

ALARMS = ("ill", "at risk")
# An experiment fails if more than this share of its seeds do not learn, as in the diagnosis.
NOT_LEARNING = 1 / 3


@dataclass(frozen=True)
class DiagnosedCase:
    """A case after training and diagnosis.

    Attributes:
        case: the case.
        measured: measurements for the criterion.
        diagnosis: diagnosis of the whole training.
        triage: diagnosis of epoch 0 alone.
        training, diagnosing: seconds.
    """

    case: Case
    measured: Measured
    diagnosis: Diagnosis
    triage: Diagnosis
    training: float
    diagnosing: float


@dataclass(frozen=True)
class Judged:
    """A case with the result of the comparison.

    Attributes:
        case: the case.
        holds: True if the criterion confirms its state; other cases do not count.
        sick: share of seeds with less than half of the twin's score.
        verdict: verdict on the whole training.
        detected: True if a finding names the illness; for a healthy case, if there is no alarm.
        root: the diagnosed root cause.
        root_right: True if the root cause is right.
        triage_agrees: True if triage of epoch 0 predicts the outcome of the training.
    """

    case: Case
    holds: bool
    sick: float
    verdict: str
    detected: bool
    root: str | None
    root_right: bool
    triage_agrees: bool


def judge(diagnosed: DiagnosedCase, twin: DiagnosedCase) -> Judged:
    """Compare the diagnosis of a case with its construction."""
    case, diagnosis = diagnosed.case, diagnosed.diagnosis
    alarm, lost = diagnosis.verdict in ALARMS, sick(diagnosed.measured, twin.measured)
    detected = (
        not alarm if case.illness is None else alarm and _names(diagnosis, BY_NAME[case.illness].detected_by, case)
    )
    root = diagnosis.root_cause
    return Judged(
        case=case,
        holds=holds(case, diagnosed.measured, twin.measured),
        sick=lost,
        verdict=diagnosis.verdict,
        detected=detected,
        root=root,
        root_right=root is None if case.illness is None else root in case.roots and _names(diagnosis, (root,), case),
        triage_agrees=(diagnosed.triage.verdict in ALARMS) == (lost > NOT_LEARNING),
    )


def _names(diagnosis: Diagnosis, rules: Sequence[str], case: Case) -> bool:
    """Return True if one of these rules has a finding; one on the learning rate must have the right remedy."""
    right = BY_NAME[case.illness].rate if case.illness else ""
    named = [finding for finding in diagnosis.findings if finding.rule in rules]
    return any(finding.rule != "learning_rate" or right in finding.remedies for finding in named)


def diagnose_all(cases: Sequence[Case], jobs: int, kept: Path | None) -> Iterator[DiagnosedCase]:
    """Train and diagnose cases in `jobs` processes; runs are stored in the folder `kept`, if given."""
    lots = [(tuple(lot), kept) for _, lot in groupby(cases, program)]
    if jobs == 1:
        _prepare()
        for lot in lots:
            yield from _diagnose_lot(lot)
        return
    # TensorFlow does not survive a fork.
    with multiprocessing.get_context("spawn").Pool(jobs, _prepare) as pool:
        for lot_of_cases in pool.imap_unordered(_diagnose_lot, lots):
            yield from lot_of_cases


def _prepare() -> None:
    prepare(Settings().compile_cache)


def _diagnose_lot(lot: tuple[Sequence[Case], Path | None]) -> list[DiagnosedCase]:
    return [_diagnose_case(case, lot[1]) for case in lot[0]]


def _diagnose_case(case: Case, kept: Path | None) -> DiagnosedCase:
    trained = kept_or_trained(case, kept)
    begun = time.perf_counter()
    diagnosis = diagnose(case.spec, trained.runs)
    seconds = time.perf_counter() - begun
    triage = diagnose(case.spec, [_at_epoch_0(run) for run in trained.runs])
    return DiagnosedCase(case, measure(trained.runs), diagnosis, triage, trained.seconds, seconds)


def _at_epoch_0(run: Run) -> Run:
    """Return the run with epoch 0 alone."""
    history = run.history
    series = {kind: values[:1] for kind, values in history.series.items()}
    return Run(run.spec, run.seed, History(history.layout, 0, history.metrics[:1], series), facts=run.facts)
