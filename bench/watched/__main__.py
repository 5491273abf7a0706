"""Measure the trainings of one framework; print one line of JSON for each network.

    python -m bench.watched torch|keras NETWORK... [--records lean,standard,full]

The environment variable KERAS_BACKEND chooses Keras's backend.
"""

import argparse
import json
import warnings
from dataclasses import asdict
from importlib import import_module

from bench.watched.networks import NETWORKS, TUTORIAL
from bench.watched.turns import side_by_side

ALONE = "alone"
# Epochs before the first that counts: the first steps are recorded singly, and compilers run.
WARM = 3
MODULES = {"torch": "bench.watched.torch_loops", "keras": "bench.watched.keras_fits"}


def main() -> None:
    """Run the networks one after another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("framework", choices=MODULES)
    parser.add_argument("networks", nargs="+", choices=NETWORKS)
    parser.add_argument("--records", default="lean,standard,full")
    options = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)
    training = import_module(MODULES[options.framework]).training
    # The first training of a process imports what it needs, and is not measured.
    side_by_side({ALONE: training(NETWORKS[TUTORIAL[0]](), "full", 2)}, warm=1, turns=1, epochs=1)
    for name in options.networks:
        network = NETWORKS[name]()
        warm = WARM if network.epochs > 1 else 1
        epochs = warm + network.turns * network.epochs
        kinds = {ALONE: None} | {record: record for record in options.records.split(",")}
        trainings = {kind: training(network, record, epochs) for kind, record in kinds.items()}
        measured = side_by_side(trainings, warm=warm, turns=network.turns, epochs=network.epochs)
        kept = {kind: asdict(each) for kind, each in measured.items()}
        print(json.dumps({"network": network.name, "batches": network.batches, "measured": kept}), flush=True)


if __name__ == "__main__":
    main()
