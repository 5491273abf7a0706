"""Train and diagnose random valid specs; none of them should fail.

    python -m bench.generated [--first 0] [--count 100] [--scale small|usual] [--cache FOLDER]

One JSON object a line: {"seed", "seconds", "verdict", "error"}. Exit status 1 if one failed.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.generated import SMALL, USUAL, random_spec
from core.training.environment import prepare
from gradlab.spec import ExperimentSpec

SCALES = {"small": SMALL, "usual": USUAL}


def main() -> int:
    """Return 0 if all were trained and diagnosed, else 1."""
    parser = argparse.ArgumentParser(prog="python -m bench.generated", description="train random valid specs")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--scale", choices=SCALES, default="small")
    parser.add_argument("--cache", type=Path, default=Path(".gradlab/compiled"))
    options = parser.parse_args()
    prepare(options.cache)
    failed = 0
    for seed in range(options.first, options.first + options.count):
        outcome = outcome_of(random_spec(seed, SCALES[options.scale]))
        failed += outcome["error"] is not None
        print(json.dumps({"seed": seed, **outcome}), flush=True)
    return 1 if failed else 0


def outcome_of(spec: ExperimentSpec) -> dict[str, Any]:
    """Train and diagnose a spec; return seconds, verdict and error, None without one."""
    from bench.treating import runs_of  # after `prepare`: this loads TensorFlow
    from gradlab.diagnosis import diagnose

    begun, verdict, error = time.perf_counter(), None, None
    try:
        verdict = diagnose(spec, tuple(runs_of(spec))).verdict
    except Exception as failure:
        error = f"{type(failure).__name__}: {failure}"
    return {"seconds": round(time.perf_counter() - begun, 2), "verdict": verdict, "error": error}


if __name__ == "__main__":
    sys.exit(main())
