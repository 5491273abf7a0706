"""Train and diagnose random valid specs, and name those that fail: there should be none.

    python -m bench.generated [--first 0] [--count 100] [--scale small|usual] [--cache FOLDER]

One JSON object a line: {"seed", "seconds", "verdict", "error"}. Exit status 1 where one failed.
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
    """0 if all were trained to their ends, 1 if not."""
    parser = argparse.ArgumentParser(prog="python -m bench.generated", description="train random valid specs")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--scale", choices=SCALES, default="small")
    parser.add_argument("--cache", type=Path, default=Path(".gradlab/compiled"))
    asked = parser.parse_args()
    prepare(asked.cache)
    failed = 0
    for seed in range(asked.first, asked.first + asked.count):
        told = outcome_of(random_spec(seed, SCALES[asked.scale]))
        failed += told["error"] is not None
        print(json.dumps({"seed": seed, **told}), flush=True)
    return 1 if failed else 0


def outcome_of(spec: ExperimentSpec) -> dict[str, Any]:
    """How long a training took, what its diagnosis is, and why it failed where it did."""
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
