"""What the diagnosis says of each case, beside what was made."""

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
# Where more than a third of the seeds do not learn, an experiment does not: as the diagnosis says.
NOT_LEARNING = 1 / 3


@dataclass(frozen=True)
class Seen:
    """A case, trained and diagnosed.

    Attributes:
        case: which.
        measured: what the criterion asks.
        diagnosis: of the whole training.
        triage: of epoch 0 alone.
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
    """A case with what the diagnosis made of it.

    Attributes:
        case: which.
        holds: whether it is what it was made to be: only such cases count.
        sick: the share of seeds that lost half or more of what the twin knows.
        verdict: of the whole training.
        found: whether a finding names the illness; for a healthy case whether there is no alarm.
        root: the root cause that was named.
        root_right: whether it is one that is meant.
        triage_agrees: whether epoch 0 alone says what becomes of the training.
    """

    case: Case
    holds: bool
    sick: float
    verdict: str
    found: bool
    root: str | None
    root_right: bool
    triage_agrees: bool


def judge(seen: Seen, twin: Seen) -> Judged:
    """Hold what was said against what was made."""
    case, said = seen.case, seen.diagnosis
    alarm, lost = said.verdict in ALARMS, sick(seen.measured, twin.measured)
    found = not alarm if case.illness is None else alarm and _names(said, BY_NAME[case.illness].found_by, case)
    root = said.root_cause
    return Judged(
        case=case,
        holds=holds(case, seen.measured, twin.measured),
        sick=lost,
        verdict=said.verdict,
        found=found,
        root=root,
        root_right=root is None if case.illness is None else root in case.roots and _names(said, (root,), case),
        triage_agrees=(seen.triage.verdict in ALARMS) == (lost > NOT_LEARNING),
    )


def _names(said: Diagnosis, rules: Sequence[str], case: Case) -> bool:
    """Whether one of these rules found something; of the learning rate it must say the right thing."""
    right = BY_NAME[case.illness].rate if case.illness else ""
    named = [finding for finding in said.findings if finding.rule in rules]
    return any(finding.rule != "learning_rate" or right in finding.remedies for finding in named)


def see_all(cases: Sequence[Case], jobs: int, kept: Path | None) -> Iterator[Seen]:
    """Train and diagnose cases in `jobs` processes; runs are `kept` in a folder, if one is named."""
    lots = [(tuple(lot), kept) for _, lot in groupby(cases, program)]
    if jobs == 1:
        _prepare()
        for lot in lots:
            yield from _see_lot(lot)
        return
    # TensorFlow does not survive a fork.
    with multiprocessing.get_context("spawn").Pool(jobs, _prepare) as pool:
        for seen in pool.imap_unordered(_see_lot, lots):
            yield from seen


def _prepare() -> None:
    prepare(Settings().compile_cache)


def _see_lot(lot: tuple[Sequence[Case], Path | None]) -> list[Seen]:
    return [_see(case, lot[1]) for case in lot[0]]


def _see(case: Case, kept: Path | None) -> Seen:
    trained = kept_or_trained(case, kept)
    begun = time.perf_counter()
    diagnosis = diagnose(case.spec, trained.runs)
    seconds = time.perf_counter() - begun
    triage = diagnose(case.spec, [_at_epoch_0(run) for run in trained.runs])
    return Seen(case, measure(trained.runs), diagnosis, triage, trained.seconds, seconds)


def _at_epoch_0(run: Run) -> Run:
    """What was known before the first update."""
    history = run.history
    series = {kind: values[:1] for kind, values in history.series.items()}
    return Run(run.spec, run.seed, History(history.layout, 0, history.metrics[:1], series))
