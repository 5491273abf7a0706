"""One or two threads for TensorFlow's operations, and one process or two side by side.

    python -m bench.threads [--epochs 500]

Warm engine, everything recorded as by default. Side by side: two processes begin the same training at the same
moment, each with so many threads; the seconds are those of the slower.
"""

import argparse
import tempfile

from bench.networks import recurrent, tutorial
from bench.processes import Job, conditions, side_by_side
from bench.turns import Round, compare, report, take_turns

THREADS = (1, 2)
RECURRENT_EPOCHS = 20


def main() -> None:
    """Print seconds and ratios."""
    parser = argparse.ArgumentParser(description="threads and processes")
    parser.add_argument("--epochs", type=int, default=500)
    epochs = parser.parse_args().epochs
    specs = {
        "1 seed": tutorial(record="standard", epochs=epochs),
        "32 seeds": tutorial(record="standard", epochs=epochs, seeds=32),
        "lstm": recurrent("lstm", min(epochs, RECURRENT_EPOCHS), "standard"),
    }
    with conditions():
        rounds = take_turns(lambda: measure(specs))
    report(rounds, "seconds, warm")
    compare(rounds, [(f"{name}, 1 thread", f"{name}, 2 threads") for name in specs])
    compare(
        rounds,
        [
            (f"{name}, two processes of {threads}", f"{name}, {threads} thread{'s' * (threads > 1)}")
            for name in specs
            for threads in THREADS
        ],
    )


def measure(specs: dict[str, str]) -> Round:
    """One round: all of them once."""
    found: Round = {}
    with tempfile.TemporaryDirectory() as cache:
        for name, spec in specs.items():
            job: Job = {"measurement": "engine", "spec": spec, "cache": cache, "repeats": 3}
            for threads in THREADS:
                settings = {"TF_NUM_INTRAOP_THREADS": str(threads), "TF_NUM_INTEROP_THREADS": str(threads)}
                (alone,) = side_by_side([job], settings)
                both = side_by_side([job, job], settings)
                found[f"{name}, {threads} thread{'s' * (threads > 1)}, first chunk"] = alone["first_chunk"]
                found[f"{name}, {threads} thread{'s' * (threads > 1)}"] = alone["warm"]
                found[f"{name}, two processes of {threads}"] = max(each["warm"] for each in both)
    return found


if __name__ == "__main__":
    main()
