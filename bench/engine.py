"""The compiled engine against `keras.Model.fit` on the same work: the tutorial's network 3, 500 epochs.

    python -m bench.engine [--rounds 3] [--epochs 500] [--fit-epochs 25]

Both validate after every epoch. `model.fit` runs fewer epochs and is scaled: its epochs all take the same time.

Cold: the first training of this architecture in a fresh process with an empty compile cache, TensorFlow imported.
Cache on disk: the same in a second process. Warm: the same architecture again in the same process. The time to the
first epochs includes epoch 0 and the compilation. "full" records everything after every epoch, "standard" is the
default, "nothing" records loss and metrics alone.
"""

import tempfile

from bench.networks import tutorial
from bench.processes import conditions, fresh
from bench.turns import Round, arguments, compare, report, take_turns

SEEDS = 32


def main() -> None:
    """Print seconds and ratios."""
    parser = arguments("the engine against model.fit")
    parser.add_argument("--fit-epochs", type=int, default=25)
    options = parser.parse_args()
    with conditions():
        rounds = take_turns(options.rounds, lambda: measure(options.epochs, options.fit_epochs))
    report(rounds, f"seconds for {options.epochs} epochs")
    warm = ("full, cold", "full, cache on disk", "full, warm", "standard, warm", "nothing, warm")
    compare(
        rounds,
        [
            *((fit, engine) for fit in ("model.fit", "model.fit, GradientStatistics") for engine in warm),
            ("full, warm", "nothing, warm"),
            ("standard, warm", "nothing, warm"),
            (f"{SEEDS} seeds, standard, warm", "standard, warm"),
        ],
    )


def measure(epochs: int, fit_epochs: int) -> Round:
    """Measure each of them once."""
    full, standard, nothing = (tutorial(record=record, epochs=epochs) for record in ("full", "standard", "nothing"))
    with tempfile.TemporaryDirectory() as cache:
        cold = fresh("engine", spec=full, cache=cache, repeats=0)
        second = fresh("engine", spec=full, cache=cache)
        fit = fresh("fit", spec=full, cache=cache, epochs=fit_epochs)
        bare = fresh("engine", spec=nothing, cache=cache)
        usual = fresh("engine", spec=standard, cache=cache)
        many = fresh("engine", spec=tutorial(record="standard", epochs=epochs, seeds=SEEDS), cache=cache, repeats=2)
    return {
        "full, cold, to the first epochs": cold["first_chunk"],
        "full, cold": cold["cold"],
        "full, cache on disk, to the first epochs": second["first_chunk"],
        "full, cache on disk": second["cold"],
        "full, warm": second["warm"],
        "standard, warm": usual["warm"],
        "nothing, warm": bare["warm"],
        f"{SEEDS} seeds, standard, warm": many["warm"],
        "model.fit": epochs * fit["fit"],
        "model.fit, GradientStatistics": epochs * fit["watched"],
    }


if __name__ == "__main__":
    main()
