"""Check of the clinic's construction: cases whose state the criterion does not confirm. No rule is applied.

    python -m bench.clinic.check [--part tune|final|unseen|all] [--draw 0] [--twins]

Trains the cases of a part and applies `bench.clinic.criterion` to each: its scores, compared with its healthy twin and
with independent learners. Prints a line for each case that is not confirmed, then the number of confirmed cases of each
illness. With --twins only healthy cases are trained. The exit status is 1 if a healthy case is not confirmed.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence

import numpy as np

from bench.clinic.case import PARTS, Case
from bench.clinic.construction import cases
from bench.clinic.criterion import Measured, holds, measure
from bench.treating import runs_of
from core.settings import Settings
from core.training.environment import prepare


def main() -> int:
    """Return 0 if every healthy case is confirmed, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=(*PARTS, "all"), default="unseen")
    parser.add_argument("--draw", type=int, default=0, help="other samples, parameters and seeds than those of draw 0")
    parser.add_argument("--twins", action="store_true", help="train healthy cases only")
    arguments = parser.parse_args()
    prepare(Settings().compile_cache)
    chosen = [case for case in cases(arguments.draw) if arguments.part in (case.part, "all")]
    if arguments.twins:
        chosen = [case for case in chosen if case.illness is None]
    failed = report(chosen, {case.name: measure(runs_of(case.spec)) for case in chosen})
    return 1 if failed else 0


def report(chosen: Sequence[Case], measured: dict[str, Measured]) -> list[str]:
    """Print the cases that do not count, and the counts by illness; return the healthy cases that do not count."""
    counts: Counter[tuple[str, bool]] = Counter()
    failed = []
    for case in chosen:
        own = measured[case.name]
        counted = holds(case, own, measured[case.twin])
        counts[case.illness or "healthy", counted] += 1
        if not counted:
            scores = " ".join(f"{score:.2f}" for score in own.scores)
            reference = f"reference {own.reference:.2f}, twin {np.median(measured[case.twin].scores):.2f}"
            print(f"{case.name}: does not count; scores {scores}; {reference}, swing {own.swing:.2f}", flush=True)
            failed += [case.name] if case.illness is None else []
    for name in sorted({name for name, _ in counts}):
        print(f"{name}: {counts[name, True]} count, {counts[name, False]} do not")
    return failed


if __name__ == "__main__":
    sys.exit(main())
