"""The part of `python -m bench.clinic --by fit` that follows the service's own trainings."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.clinic.by_fit.comparing import ByFit, Compared, compared, fit_all
from bench.clinic.by_fit.report import both_sides, lines
from bench.clinic.case import Case
from bench.clinic.construction import RUNS
from bench.clinic.judging import DiagnosedCase, judge

# The subfolder of the runs' folder.
FITS = "by-fit"


def compare(
    chosen: Sequence[Case], service: Mapping[str, DiagnosedCase], seeds: int, jobs: int, folder: Path
) -> dict[str, dict[str, Any]]:
    """Train cases by `fit`, and print how their diagnoses compare with the service's.

    Args:
        chosen: the cases.
        service: the service's diagnoses of them and of their twins, by name.
        seeds: number of seeds of each case, its first ones.
        jobs: processes side by side.
        folder: in which finished cases are kept.

    Returns:
        For each case that was trained the fields for the file of results.
    """
    begun = time.perf_counter()
    by_fit = fit_all(chosen, seeds, jobs, folder / FITS)
    pairs = compared(by_fit, folder)
    print(f"\n## By fit, {seeds} of {RUNS} seeds\n\n" + "\n".join(lines(by_fit, pairs)))
    print("\n" + "\n".join(_both_sides(pairs, service)))
    training = sum(each.seconds for each in by_fit)
    print(f"\nby fit in {time.perf_counter() - begun:.0f} s; {training:.0f} s of training in all processes together")
    trained = {each.case.name: each for each in by_fit}
    return {pair.case.name: _fields(pair, trained[pair.case.name]) for pair in pairs}


def _both_sides(pairs: Sequence[Compared], service: Mapping[str, DiagnosedCase]) -> list[str]:
    # The criterion is asked once, of the service's five seeds: a case's state does not depend on who trains it.
    fit, own = (
        [judge(replace(service[p.case.name], diagnosis=getattr(p, side)), service[p.case.twin]) for p in pairs]
        for side in ("fit", "service")
    )
    return list(both_sides(fit, own))


def _fields(pair: Compared, trained: ByFit) -> dict[str, Any]:
    return {
        "by_fit": {
            "verdict": pair.fit.verdict,
            "root_cause": pair.fit.root_cause,
            "findings": {finding.rule: len(finding.seeds) for finding in pair.fit.findings},
            "unjudged": {each.rule: each.why for each in pair.fit.unjudged},
            "warnings": list(trained.warnings),
            "seconds": trained.seconds,
        }
    }
