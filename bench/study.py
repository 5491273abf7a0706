"""A study on one worker: tanh networks of 1 to 10 hidden layers, ten seeds and 500 epochs each.

    python -m bench.study [--rounds 3] [--epochs 500] [--seeds 10]

A fresh process with the default recording, compilation included: first with an empty compile cache, then with the
cache on disk.
"""

import tempfile

from bench.networks import tanh_study
from bench.processes import conditions, fresh
from bench.turns import Round, arguments, report, take_turns

DEPTHS = range(1, 11)


def main() -> None:
    """Print total seconds."""
    parser = arguments("a study of depth")
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    specs = tanh_study(DEPTHS, options.seeds, options.epochs)
    with conditions():
        rounds = take_turns(options.rounds, lambda: measure(specs))
    report(rounds, f"seconds for {len(specs) * options.seeds} runs of {options.epochs} epochs")


def measure(specs: list[str]) -> Round:
    """Measure the study twice."""
    with tempfile.TemporaryDirectory() as cache:
        cold, cached = (fresh("study", specs=specs, cache=cache) for _ in range(2))
    return {
        "empty compile cache": cold["total"],
        "of it, to the first chunks": cold["first_chunks"],
        "compile cache on disk": cached["total"],
        "of that, to the first chunks": cached["first_chunks"],
    }


if __name__ == "__main__":
    main()
