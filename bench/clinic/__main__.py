"""The clinic: accuracy of the diagnosis on specs that are healthy or ill by construction.

    python -m bench.clinic [--part tune|final|unseen|all] [--draw 0] [--sample 100] [--jobs 2] [--save results.json]
        [--runs FOLDER] [--by service|fit|samples] [--seeds 5]

Trains every case with five seeds and diagnoses it. Prints for each part: the recall of each illness with 95 % Wilson
intervals, the confusion matrix of illnesses and root causes, the rate of false alarms, the rate of right root causes,
and the rate at which triage of epoch 0 predicts the outcome. Then prints predicted against measured growth, the time,
and the datasets that occur in no case. Thresholds may be tuned on the halves `tune`, which is the default, and `final`;
the published accuracy is that of `unseen`.

With --sample only the cases are asked whose names have the smallest SHA-256: so many, with every illness and every kind
of layer at least twice. Their healthy twins are trained for the criterion.

With --by fit the same cases are trained a second time, by plain `keras.Model.fit` with a `gradlab.keras.Watch` that
gets the samples and no spec, once for each of five seeds or the first --seeds of them; see `bench.clinic.by_fit`.
Prints how far verdict and root cause are those of the service on the same seeds, which cases differ, false alarms on
both sides, and which rules are unjudged in how many cases. What is finished is kept in the folder of --runs, by default
one in the data folder: a command that was ended goes on there.

With --by samples nothing is trained: see `bench.clinic.faulty_samples`.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.clinic import cases
from bench.clinic.by_fit.command import compare
from bench.clinic.by_fit.sample import sample
from bench.clinic.case import PARTS, Case
from bench.clinic.construction import RUNS, left_out
from bench.clinic.faulty_samples import answers, report
from bench.clinic.growth import growths
from bench.clinic.growth import lines as growth_lines
from bench.clinic.judging import DiagnosedCase, Judged, diagnose_all, judge
from bench.clinic.report import lines
from bench.outputs import new_file
from core.settings import Settings

# The folder of kept runs in the data folder, if none is given.
KEPT = "clinic"


def main() -> None:
    """Print the figures, and save them with --save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", "--half", choices=(*PARTS, "all"), default="tune")
    parser.add_argument("--by", choices=("service", "fit", "samples"), default="service", help="who trains the cases")
    parser.add_argument("--sample", type=int, help="number of cases; all by default")
    parser.add_argument("--seeds", type=int, choices=range(1, RUNS + 1), default=RUNS, help="fits of each case")
    parser.add_argument("--draw", type=int, default=0, help="other samples, parameters and seeds than those of draw 0")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--save", type=new_file, help="a JSON file for the results")
    parser.add_argument(
        "--runs",
        type=Path,
        help="a folder in which trained runs are kept",
    )
    options = parser.parse_args()
    if options.by == "samples":
        print("\n".join(report(list(answers(cases(options.draw))))))
        return
    begun = time.perf_counter()
    chosen = [case for case in cases(options.draw) if options.part in (case.part, "all")]
    if options.sample is not None:
        chosen = sample(chosen, options.sample)
    kept = options.runs or (Settings().data_dir / KEPT if options.by == "fit" else None)
    diagnosed = {each.case.name: each for each in diagnose_all(_with_twins(chosen, options.draw), options.jobs, kept)}
    judged = [judge(diagnosed[case.name], diagnosed[case.twin]) for case in chosen]
    seconds = time.perf_counter() - begun
    for part in PARTS:
        of = [each for each in judged if each.case.part == part]
        if of:
            print(f"\n## The part {part}\n\n" + "\n".join(lines(of)), flush=True)
    print(f"\ntrained and diagnosed in {seconds:.0f} s; {_durations(list(diagnosed.values()))}", flush=True)
    by_fit: dict[str, dict[str, Any]] = {}
    if options.by == "fit" and kept:
        by_fit = compare(chosen, diagnosed, options.seeds, options.jobs, kept)
    else:
        print("\n" + "\n".join(growth_lines(list(growths()))))
        print(f"datasets in no case: {', '.join(left_out()) or 'none'}")
    if options.save:
        rows = [_row(each, diagnosed[each.case.name]) | by_fit.get(each.case.name, {}) for each in judged]
        options.save.write_text(json.dumps(rows, indent=1))


def _with_twins(chosen: Sequence[Case], draw: int) -> list[Case]:
    """Return cases together with their healthy twins, sorted for training."""
    names = {case.name for case in chosen} | {case.twin for case in chosen}
    return [case for case in cases(draw) if case.name in names]


def _durations(diagnosed: Sequence[DiagnosedCase]) -> str:
    training, diagnosing = (sum(getattr(each, name) for each in diagnosed) for name in ("training", "diagnosing"))
    return f"{training:.0f} s of training and {diagnosing:.0f} s of diagnosing in all processes together"


def _row(judged: Judged, diagnosed: DiagnosedCase) -> dict[str, Any]:
    case, diagnosis = judged.case, diagnosed.diagnosis
    return {
        "name": case.name,
        "part": case.part,
        "illness": case.illness,
        "holds": judged.holds,
        "scores": [score if score > float("-inf") else None for score in diagnosed.measured.scores],
        "sick": judged.sick,
        "verdict": judged.verdict,
        "triage": diagnosed.triage.verdict,
        "root_cause": judged.root,
        "found": judged.detected,
        "root_right": judged.root_right,
        "triage_agrees": judged.triage_agrees,
        "findings": {finding.rule: len(finding.seeds) for finding in diagnosis.findings},
        "seconds": {"training": diagnosed.training, "diagnosing": diagnosed.diagnosing},
    }


if __name__ == "__main__":
    main()
