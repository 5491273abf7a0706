"""Diagnoses of the clinic's cases by `fit`, beside those of the service's own trainings."""

import multiprocessing
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.clinic.by_fit.record import NotByFit, Recorded, diagnosis_of
from bench.clinic.case import Case
from bench.clinic.training import kept_or_trained
from core.settings import Settings
from core.training.environment import prepare
from gradlab.diagnosis import Diagnosis, diagnose

# A process does so many fits before a new one takes its place: TensorFlow keeps what it has compiled.
FITS_OF_PROCESS = 50
Job = tuple[Case, int, Path]


@dataclass(frozen=True)
class ByFit:
    """A case after its fits.

    Attributes:
        case: the case.
        fits: what the Watches recorded, one for each seed; () for a case that is left out.
        left_out: why a plain `fit` cannot train it; None if it can.
    """

    case: Case
    fits: tuple[Recorded, ...]
    left_out: str | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """The texts of the Watches' warnings, each once."""
        return tuple(dict.fromkeys(text for fit in self.fits for text in fit.warnings))

    @property
    def seconds(self) -> float:
        """Duration of all fits."""
        return sum(fit.seconds for fit in self.fits)


@dataclass(frozen=True)
class Compared:
    """A case's two diagnoses, of the same seeds.

    Attributes:
        case: the case.
        fit: the diagnosis of the fits.
        service: the diagnosis of the service's trainings.
    """

    case: Case
    fit: Diagnosis
    service: Diagnosis

    @property
    def same_verdict(self) -> bool:
        """True if both have one verdict."""
        return self.fit.verdict == self.service.verdict

    @property
    def same_root(self) -> bool:
        """True if both have one root cause, or none."""
        return self.fit.root_cause == self.service.root_cause

    @property
    def same_outcomes(self) -> bool:
        """True if each seed has one outcome on both sides: it learns, fails or diverges whoever trains it."""
        return [each.outcome for each in self.fit.outcomes] == [each.outcome for each in self.service.outcomes]

    @property
    def agrees(self) -> bool:
        """True if verdict and root cause are the same."""
        return self.same_verdict and self.same_root


def fit_all(cases: Sequence[Case], seeds: int, jobs: int, folder: Path) -> list[ByFit]:
    """Train cases by `fit` in `jobs` processes, and print each fit. Those in the folder are not trained again.

    All cases are trained with their first seed, then with their second one, and so on.

    Args:
        cases: the cases.
        seeds: number of seeds of each.
        jobs: processes side by side.
        folder: of the fits that are finished.
    """
    waiting = [(case, case.spec.seeds[place], folder) for place in range(seeds) for case in cases]
    done: dict[str, list[Recorded | NotByFit]] = defaultdict(list)
    context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
    with context.Pool(jobs, _prepare, maxtasksperchild=FITS_OF_PROCESS) as pool:
        for number, ((case, seed, _), fitted) in enumerate(zip(waiting, pool.imap(_fitted, waiting), strict=True), 1):
            done[case.name].append(fitted)
            print(f"{number} of {len(waiting)}: {case.name}, seed {seed}", flush=True)
    return [_gathered(case, done[case.name]) for case in cases]


def _prepare() -> None:
    prepare(Settings().compile_cache)


def _fitted(job: Job) -> Recorded | NotByFit:
    from bench.clinic.by_fit.training import stored_or_fitted  # it imports Keras, which needs `prepare` before

    return stored_or_fitted(*job)


def _gathered(case: Case, fitted: Sequence[Recorded | NotByFit]) -> ByFit:
    left_out = next((each.reason for each in fitted if isinstance(each, NotByFit)), None)
    return ByFit(case, tuple(each for each in fitted if isinstance(each, Recorded)), left_out)


def compared(by_fit: Sequence[ByFit], folder: Path) -> list[Compared]:
    """Return both diagnoses of each case that was trained by `fit`, of the seeds that it was trained with.

    Args:
        by_fit: the cases after their fits.
        folder: of the service's runs of them.
    """
    return [Compared(each.case, diagnosis_of(each.fits), _of_service(each, folder)) for each in by_fit if each.fits]


def _of_service(by_fit: ByFit, folder: Path) -> Diagnosis:
    seeds = tuple(fit.seed for fit in by_fit.fits)
    runs = [run for run in kept_or_trained(by_fit.case, folder).runs if run.seed in seeds]
    return diagnose(by_fit.case.spec.model_copy(update={"seeds": seeds}), runs)
