"""Treatments of the clinic's ill cases: the rate of cures by the service's own search.

    python -m bench.clinic.treatments [--part tune|final|unseen|all] [--draw 0] [--jobs 2] [--save FILE] [--runs FOLDER]

Every confirmed ill case is treated as by `POST /experiments/{id}/treatments`: the remedies of its diagnosis, five
seeds, at most twelve trials, triage first, compared with a control on fresh seeds. Overfitting is left out, as its
remedies are advice without a trial. A case counts as cured if a change is recommended. It counts as well as its twin if
the recommended spec's test metric, the median over the seeds, is at most three points below the healthy twin's.
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
from bench.outputs import new_file
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
    """The outcome of one ill case's treatment.

    Attributes:
        name, illness, part: as in `Case`.
        root: the diagnosed root cause.
        cure: the recommended remedies, None if no change is recommended.
        trials: number of trained specs with a change.
        test, twin: test metric of the recommended spec, and of the healthy twin.
        control: number of the control's ill seeds.
        summary: summary of the treatment's report.
        tried: each trained change with its number of ill seeds, its worth and its test metric.
        seconds: duration of the treatment.
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
        """True if the test metric is at most three points below the twin's."""
        return self.test is not None and self.test >= self.twin - POINTS


def main() -> None:
    """Print the figures, and save them with --save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=(*PARTS, "all"), default="final")
    parser.add_argument("--draw", type=int, default=0, help="other samples, parameters and seeds than those of draw 0")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--save", type=new_file, help="a JSON file for the results")
    parser.add_argument("--runs", type=Path, help="a folder in which trained runs of the cases are kept")
    options = parser.parse_args()
    begun = time.perf_counter()
    ill = [
        case
        for case in cases(options.draw)
        if case.illness not in (None, ADVISED_ON) and options.part in (case.part, "all")
    ]
    outcomes = list(treat_all(ill, options.draw, options.jobs, options.runs))
    for part in PARTS:
        of = [each for each in outcomes if each.part == part]
        if of:
            print(f"\n## The part {part}\n\n" + "\n".join(lines(of)), flush=True)
    print(f"\ntreated in {time.perf_counter() - begun:.0f} s")
    if options.save:
        options.save.write_text(json.dumps([vars(each) for each in outcomes], indent=1))


def treat_all(ill: Sequence[Case], draw: int, jobs: int, kept: Path | None) -> Iterator[Treated]:
    """Treat the confirmed cases in `jobs` processes."""
    with multiprocessing.get_context("spawn").Pool(jobs, _prepare) as pool:
        for each in pool.imap_unordered(partial(_treat, draw=draw, kept=kept), ill):
            if each is not None:
                print(line(each), flush=True)
                yield each


def line(each: Treated) -> str:
    """Return a line on one outcome, and a line for each trial if it is not as well as its twin."""
    how = " + ".join(each.cure) if each.cure else "nothing"
    text = f"{each.name}: {each.root}; cured by {how}, {each.trials} trials, {each.seconds:.0f} s"
    if each.is_as_well_as_its_twin:
        return text
    tried = "".join(f"\n    {name}: {ill} ill, {worth}, {test:.3f}" for name, ill, worth, test in each.tried)
    return f"{text}; beside the twin's {each.twin:.3f}, {each.control} of the control ill:{tried}"


def _prepare() -> None:
    prepare(Settings().compile_cache)


def _treat(case: Case, draw: int, kept: Path | None) -> Treated | None:
    begun = time.perf_counter()
    twin = next(each for each in cases(draw) if each.name == case.twin)
    own, healthy = (kept_or_trained(each, kept).runs for each in (case, twin))
    if not holds(case, measure(own), measure(healthy)) or case.illness is None:
        return None
    diagnosis = diagnose(case.spec, own)
    untreated = Trial("untreated", (), case.spec, "finished", result=result(case.spec, own, None))
    done = treated(
        begin(case.spec, candidates(diagnosis, case.spec), seeds=RUNS, budget=BUDGET, chosen=False, untreated=untreated)
    )
    summary, control = report(done), done.result_of("control")
    best = summary.recommended.trial if summary.recommended else None
    return Treated(
        name=case.name,
        illness=case.illness,
        part=case.part,
        root=diagnosis.root_cause,
        cure=best.remedies if best else None,
        trials=sum(trial.result is not None for trial in done.of_role("treated")),
        test=_median(best.result) if best and best.result else None,
        twin=_median(result(twin.spec, healthy, None)),
        control=control.ill if control else 0,
        summary=summary.summary,
        tried=tuple(
            (" + ".join(each.trial.remedies), each.ill.count, each.worth, _median(each.trial.result))
            for each in summary.judgements
            if each.trial.result
        ),
        seconds=time.perf_counter() - begun,
    )


def _median(outcome: Result) -> float:
    return float(np.median([seed.test for seed in outcome.seeds if seed.test is not None] or [np.nan]))


def lines(outcomes: Sequence[Treated]) -> Iterator[str]:
    """Yield the lines of the report of one part."""
    yield "| illness | cured (95 %) | as well as the twin | trials, median and most |\n|---|---|---|---|"
    for name in (*(illness.name for illness in ILLNESSES), "all"):
        of = [each for each in outcomes if name in (each.illness, "all")]
        if of:
            cured, well = [each.cure is not None for each in of], [each.is_as_well_as_its_twin for each in of]
            trials = [each.trials for each in of]
            yield f"| {name} | {share(cured)} | {share(well)} | {np.median(trials):.0f}, {max(trials)} |"


if __name__ == "__main__":
    main()
