"""One or two threads for TensorFlow's operations, and one process or two side by side.

    python -m bench.threads [--rounds 3] [--epochs 500]

The engine is warm, with the default recording. Side by side: two processes begin the same training at the same moment,
each with so many threads; the seconds are those of the slower one.
"""

import tempfile

from bench.networks import recurrent, tutorial
from bench.processes import Job, conditions, side_by_side
from bench.turns import Round, arguments, compare, report, take_turns

THREADS = (1, 2)
RECURRENT_EPOCHS = 20


def main() -> None:
    """Print seconds and ratios."""
    options = arguments("threads and processes").parse_args()
    specs = {
        "1 seed": tutorial(record="standard", epochs=options.epochs),
        "32 seeds": tutorial(record="standard", epochs=options.epochs, seeds=32),
        "lstm": recurrent("lstm", min(options.epochs, RECURRENT_EPOCHS), "standard"),
    }
    with conditions():
        rounds = take_turns(options.rounds, lambda: measure(specs))
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
    """Measure each of them once."""
    measured: Round = {}
    with tempfile.TemporaryDirectory() as cache:
        for name, spec in specs.items():
            job: Job = {"measurement": "engine", "spec": spec, "cache": cache, "repeats": 3}
            for threads in THREADS:
                settings = {"TF_NUM_INTRAOP_THREADS": str(threads), "TF_NUM_INTEROP_THREADS": str(threads)}
                (alone,) = side_by_side([job], settings)
                both = side_by_side([job, job], settings)
                measured[f"{name}, {threads} thread{'s' * (threads > 1)}, first chunk"] = alone["first_chunk"]
                measured[f"{name}, {threads} thread{'s' * (threads > 1)}"] = alone["warm"]
                measured[f"{name}, two processes of {threads}"] = max(each["warm"] for each in both)
    return measured


if __name__ == "__main__":
    main()
