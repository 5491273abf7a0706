"""The clinic: how often the diagnosis is right, on specs whose state is known because it was made.

    python -m bench.clinic [--part tune|final|unseen|all] [--draw 0] [--jobs 2] [--save results.json] [--runs FOLDER]

Trains every case with five seeds and diagnoses it. Prints for each part the recall of each illness with 95 % Wilson
intervals, the confusion matrix of illnesses and root causes, false alarms, how often the root cause is right and how
often epoch 0 alone says what becomes of the training; then predicted against measured growth, the time it took, and
the datasets that occur in no case. Thresholds may rest on the halves `tune`, which is the default, and `final`; the
figure that is stated is that of `unseen`.
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
from bench.clinic.judging import Judged, Seen, judge, see_all
from bench.clinic.report import lines


def main() -> None:
    """Print and perhaps save the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=(*PARTS, "all"), default="tune")
    parser.add_argument("--draw", type=int, default=0, help="other samples, parameters and seeds than those of draw 0")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--save", type=Path, help="a JSON file for the results")
    parser.add_argument("--runs", type=Path, help="a folder in which trained runs are kept")
    asked = parser.parse_args()
    begun = time.perf_counter()
    chosen = [case for case in cases(asked.draw) if asked.part in (case.part, "all")]
    seen = {each.case.name: each for each in see_all(chosen, asked.jobs, asked.runs)}
    judged = [judge(seen[case.name], seen[case.twin]) for case in chosen]
    seconds = time.perf_counter() - begun
    for part in PARTS:
        of = [each for each in judged if each.case.part == part]
        if of:
            print(f"\n## The part {part}\n\n" + "\n".join(lines(of)), flush=True)
    found = list(growths())
    print("\n" + "\n".join(growth_lines(found)))
    print(f"\ntrained and diagnosed in {seconds:.0f} s; {_told(list(seen.values()))}")
    print(f"datasets in no case: {', '.join(left_out()) or 'none'}")
    if asked.save:
        asked.save.write_text(json.dumps([_row(each, seen[each.case.name]) for each in judged], indent=1))


def _told(seen: Sequence[Seen]) -> str:
    training, diagnosing = (sum(getattr(each, name) for each in seen) for name in ("training", "diagnosing"))
    return f"{training:.0f} s of training and {diagnosing:.0f} s of diagnosing in all processes together"


def _row(judged: Judged, seen: Seen) -> dict[str, Any]:
    case, said = judged.case, seen.diagnosis
    return {
        "name": case.name,
        "part": case.part,
        "illness": case.illness,
        "holds": judged.holds,
        "scores": [score if score > float("-inf") else None for score in seen.measured.scores],
        "sick": judged.sick,
        "verdict": judged.verdict,
        "triage": seen.triage.verdict,
        "root_cause": judged.root,
        "found": judged.found,
        "root_right": judged.root_right,
        "triage_agrees": judged.triage_agrees,
        "findings": {finding.rule: len(finding.seeds) for finding in said.findings},
        "seconds": {"training": seen.training, "diagnosing": seen.diagnosing},
    }


if __name__ == "__main__":
    main()
