"""The clinic's treatments: how often the service's own search cures what the clinic made ill.

    python -m bench.clinic.treatments [--part tune|final|unseen|all] [--draw 0] [--jobs 2] [--save FILE] [--runs FOLDER]

Every ill case that holds is treated as `POST /experiments/{id}/treatments` does it: by its diagnosis, five seeds, at
most twelve trials, triage first, against a control on fresh seeds. Overfitting is advised on, not cured. A case counts
as cured where a change is recommended, and as well as its twin where the recommended spec's test metric, the median
over the seeds, is at most three points below the healthy twin's.
"""

import argparse
import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bench.clinic.case import ILLNESSES, PARTS, Case
from bench.clinic.construction import RUNS, cases
from bench.clinic.criterion import holds, measure
from bench.clinic.report import share
from bench.clinic.training import kept_or_trained
from bench.treating import treated
from core.settings import Settings
from core.training.environment import prepare
from core.treatment import Result, Trial, begin, candidates, report, result
from gradlab.diagnosis import diagnose

BUDGET = 12
ADVISED_ON = "overfit"
POINTS = 0.03


@dataclass(frozen=True)
class Treated:
    """What became of one ill case.

    Attributes:
        name, illness, part: of the case.
        root: the root cause that its diagnosis names.
        cure: the remedies that are recommended; None where none is.
        trials: how many treated specs were trained.
        test, twin: the test metric of the recommended spec, and of the healthy twin.
        control: how many of the control's seeds are ill.
        summary: what the report says.
        tried: each change that was trained, with its seeds that are ill, its worth and its test metric.
        seconds: all of it.
    """

    name: str
    illness: str
    part: str
    root: str | None
    cure: tuple[str, ...] | None
    trials: int
    test: float | None
    twin: float
    control: int
    summary: str
    tried: tuple[tuple[str, int, str, float], ...]
    seconds: float

    @property
    def is_as_well_as_its_twin(self) -> bool:
        """Within three points, or better."""
        return self.test is not None and self.test >= self.twin - POINTS


def main() -> None:
    """Print and perhaps save the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=(*PARTS, "all"), default="final")
    parser.add_argument("--draw", type=int, default=0, help="other samples, parameters and seeds than those of draw 0")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--save", type=Path, help="a JSON file for the results")
    parser.add_argument("--runs", type=Path, help="a folder in which trained runs of the cases are kept")
    asked = parser.parse_args()
    begun = time.perf_counter()
    ill = [
        case
        for case in cases(asked.draw)
        if case.illness not in (None, ADVISED_ON) and asked.part in (case.part, "all")
    ]
    found = list(treat_all(ill, asked.draw, asked.jobs, asked.runs))
    for part in PARTS:
        of = [each for each in found if each.part == part]
        if of:
            print(f"\n## The part {part}\n\n" + "\n".join(lines(of)), flush=True)
    print(f"\ntreated in {time.perf_counter() - begun:.0f} s")
    if asked.save:
        asked.save.write_text(json.dumps([vars(each) for each in found], indent=1))


def treat_all(ill: Sequence[Case], draw: int, jobs: int, kept: Path | None) -> Iterator[Treated]:
    """Treat the cases that hold, in `jobs` processes."""
    with multiprocessing.get_context("spawn").Pool(jobs, _prepare) as pool:
        for each in pool.imap_unordered(partial(_treat, draw=draw, kept=kept), ill):
            if each is not None:
                print(told(each), flush=True)
                yield each


def told(each: Treated) -> str:
    """One case in a line, and more of one that is not as well as its twin."""
    how = " + ".join(each.cure) if each.cure else "nothing"
    said = f"{each.name}: {each.root}; cured by {how}, {each.trials} trials, {each.seconds:.0f} s"
    if each.is_as_well_as_its_twin:
        return said
    tried = "".join(f"\n    {name}: {ill} ill, {worth}, {test:.3f}" for name, ill, worth, test in each.tried)
    return f"{said}; beside the twin's {each.twin:.3f}, {each.control} of the control ill:{tried}"


def _prepare() -> None:
    prepare(Settings().compile_cache)


def _treat(case: Case, draw: int, kept: Path | None) -> Treated | None:
    begun = time.perf_counter()
    twin = next(each for each in cases(draw) if each.name == case.twin)
    own, healthy = (kept_or_trained(each, kept).runs for each in (case, twin))
    if not holds(case, measure(own), measure(healthy)) or case.illness is None:
        return None
    said = diagnose(case.spec, own)
    untreated = Trial("untreated", (), case.spec, "finished", result=result(case.spec, own, None))
    done = treated(
        begin(case.spec, candidates(said, case.spec), seeds=RUNS, budget=BUDGET, chosen=False, untreated=untreated)
    )
    told, control = report(done), done.result_of("control")
    best = told.recommended.trial if told.recommended else None
    return Treated(
        name=case.name,
        illness=case.illness,
        part=case.part,
        root=said.root_cause,
        cure=best.remedies if best else None,
        trials=sum(trial.result is not None for trial in done.of_role("treated")),
        test=_median(best.result) if best and best.result else None,
        twin=_median(result(twin.spec, healthy, None)),
        control=control.ill if control else 0,
        summary=told.summary,
        tried=tuple(
            (" + ".join(each.trial.remedies), each.ill.count, each.worth, _median(each.trial.result))
            for each in told.judgements
            if each.trial.result
        ),
        seconds=time.perf_counter() - begun,
    )


def _median(found: Result) -> float:
    return float(np.median([seed.test for seed in found.seeds if seed.test is not None] or [np.nan]))


def lines(found: Sequence[Treated]) -> Iterator[str]:
    """The report of one part."""
    yield "| illness | cured (95 %) | as well as the twin | trials, median and most |\n|---|---|---|---|"
    for name in (*(illness.name for illness in ILLNESSES), "all"):
        of = [each for each in found if name in (each.illness, "all")]
        if of:
            cured, well = [each.cure is not None for each in of], [each.is_as_well_as_its_twin for each in of]
            trials = [each.trials for each in of]
            yield f"| {name} | {share(cured)} | {share(well)} | {np.median(trials):.0f}, {max(trials)} |"


if __name__ == "__main__":
    main()
