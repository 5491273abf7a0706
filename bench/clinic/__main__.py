"""The clinic: accuracy of the diagnosis on specs that are healthy or ill by construction.

    python -m bench.clinic [--part tune|final|unseen|all] [--draw 0] [--jobs 2] [--save results.json] [--runs FOLDER]

Trains every case with five seeds and diagnoses it. Prints for each part: the recall of each illness with 95 % Wilson
intervals, the confusion matrix of illnesses and root causes, the rate of false alarms, the rate of right root causes,
and the rate at which triage of epoch 0 predicts the outcome. Then prints predicted against measured growth, the time,
and the datasets that occur in no case. Thresholds may be tuned on the halves `tune`, which is the default, and `final`;
the published accuracy is that of `unseen`.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.clinic import cases
from bench.clinic.case import PARTS
from bench.clinic.construction import left_out
from bench.clinic.growth import growths
from bench.clinic.growth import lines as growth_lines
from bench.clinic.judging import DiagnosedCase, Judged, diagnose_all, judge
from bench.clinic.report import lines


def main() -> None:
    """Print the figures, and save them with --save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=(*PARTS, "all"), default="tune")
    parser.add_argument("--draw", type=int, default=0, help="other samples, parameters and seeds than those of draw 0")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--save", type=Path, help="a JSON file for the results")
    parser.add_argument("--runs", type=Path, help="a folder in which trained runs are kept")
    options = parser.parse_args()
    begun = time.perf_counter()
    chosen = [case for case in cases(options.draw) if options.part in (case.part, "all")]
    diagnosed = {each.case.name: each for each in diagnose_all(chosen, options.jobs, options.runs)}
    judged = [judge(diagnosed[case.name], diagnosed[case.twin]) for case in chosen]
    seconds = time.perf_counter() - begun
    for part in PARTS:
        of = [each for each in judged if each.case.part == part]
        if of:
            print(f"\n## The part {part}\n\n" + "\n".join(lines(of)), flush=True)
    print("\n" + "\n".join(growth_lines(list(growths()))))
    print(f"\ntrained and diagnosed in {seconds:.0f} s; {_durations(list(diagnosed.values()))}")
    print(f"datasets in no case: {', '.join(left_out()) or 'none'}")
    if options.save:
        options.save.write_text(json.dumps([_row(each, diagnosed[each.case.name]) for each in judged], indent=1))


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
