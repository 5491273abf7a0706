"""A study through the service: `gradlab study width --activation tanh`, cold, and asked again.

    python -m bench.study [--rounds 1] [--seeds 5]

Tanh networks of 5 widths and 10 depths, 500 epochs with the default recording, on an embedded service with one worker
and an empty data directory: from the request to the finished table, compilation included. Then the same request once
more, whose cells are all trained already.
"""

import argparse
import tempfile
import time

from bench.processes import conditions
from bench.recipes import trained
from bench.serving import served
from bench.turns import Round, report, take_turns
from gradlab import Client
from gradlab.recipes import recipe_named
from gradlab.spec.study import StudySpec


def main() -> None:
    """Print seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=None, help="seeds in each cell; by default the recipe's")
    options = parser.parse_args()
    spec = recipe_named("width").study("tanh", options.seeds)
    with conditions():
        rounds = take_turns(options.rounds, lambda: measure(spec))
    report(rounds, f"seconds for {spec.cell_count} cells of {len(spec.run_seeds)} seeds")


def measure(spec: StudySpec) -> Round:
    """Measure the study twice on a service of its own."""
    with tempfile.TemporaryDirectory() as data, served(data) as (_, url), Client(url) as client:
        return {name: _seconds(client, spec) for name in ("cold", "asked again")}


def _seconds(client: Client, spec: StudySpec) -> float:
    begun = time.perf_counter()
    trained(client, spec)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
