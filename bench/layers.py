"""The engine against `keras.Model.fit` on convolutions and on recurrent layers over 200 time steps.

    python -m bench.layers [--rounds 3] [--epochs 20] [--fit-epochs 5] [--networks conv2d gru ...]

Seconds per epoch, validation included. The engine is warm; its time includes the measurement of epoch 0.
"""

import tempfile
from collections.abc import Sequence

from bench.networks import TIME_STEPS, convolutional, recurrent
from bench.processes import conditions, fresh
from bench.turns import Round, arguments, compare, report, take_turns

RECORDS = ("standard", "nothing")
# Filters of the two convolutions: few, and as many as in small image networks.
FILTERS = {"conv2d": (8, 16), "conv2d, 32 and 64 filters": (32, 64)}
NETWORKS = (*FILTERS, "gru", "lstm")


def main() -> None:
    """Print seconds per epoch and ratios."""
    parser = arguments("other layers")
    parser.set_defaults(epochs=20)
    parser.add_argument("--fit-epochs", type=int, default=5)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS)
    options = parser.parse_args()
    with conditions():
        rounds = take_turns(options.rounds, lambda: measure(options.networks, options.epochs, options.fit_epochs))
    report(rounds, f"seconds per epoch ({TIME_STEPS} time steps)")
    networks = [name.removesuffix(", model.fit") for name in rounds[0] if name.endswith(", model.fit")]
    compare(rounds, [(f"{name}, model.fit", f"{name}, {record}") for name in networks for record in RECORDS])


def measure(networks: Sequence[str], epochs: int, fit_epochs: int) -> Round:
    """Measure each of them once."""
    measured: Round = {}
    with tempfile.TemporaryDirectory() as cache:
        for name in networks:
            specs = {record: _spec(name, epochs, record) for record in RECORDS}
            for record, spec in specs.items():
                seconds = fresh("engine", spec=spec, cache=cache, repeats=2)
                measured[f"{name}, {record}, first epochs (in all)"] = seconds["first_chunk"]
                measured[f"{name}, {record}"] = seconds["warm"] / epochs
            fit = fresh("fit", spec=specs["standard"], cache=cache, epochs=fit_epochs)
            measured |= {f"{name}, model.fit": fit["fit"], f"{name}, model.fit, GradientStatistics": fit["watched"]}
    return measured


def _spec(name: str, epochs: int, record: str) -> str:
    if name in FILTERS:
        return convolutional(epochs, record, FILTERS[name])
    return recurrent(name, epochs, record)


if __name__ == "__main__":
    main()
