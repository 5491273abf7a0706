"""A study through the service: `gradlab study width --activation tanh`, cold, and asked again.

    python -m bench.study [--rounds 1] [--seeds 5] [--folder docs/studies]

Tanh networks of 5 widths and 10 depths, 500 epochs with the default recording, on an embedded service with one worker
and an empty data directory: from the request to the finished table, compilation included. Then the same request once
more, whose cells are all trained already. With a folder, the study's table and charts are kept there.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

from bench.outputs import made_folder
from bench.processes import conditions
from bench.recipes import keep, trained
from bench.serving import served
from bench.turns import Round, report, take_turns
from gradlab import Client
from gradlab.recipes import recipe_named
from gradlab.spec.study import StudySpec

RECIPE = recipe_named("width")


def main() -> None:
    """Print seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=None, help="seeds in each cell; by default the recipe's")
    parser.add_argument("--folder", type=made_folder, default=None)
    options = parser.parse_args()
    spec = RECIPE.study("tanh", options.seeds)
    with conditions():
        rounds = take_turns(options.rounds, lambda: measure(spec, options.folder))
    report(rounds, f"seconds for {spec.cell_count} cells of {len(spec.run_seeds)} seeds")


def measure(spec: StudySpec, folder: Path | None) -> Round:
    """Measure the study twice on a service of its own."""
    seconds: Round = {}
    before = _processors()
    with tempfile.TemporaryDirectory() as data, served(data) as (_, url), Client(url) as client:
        for name in ("cold", "asked again"):
            begun = time.perf_counter()
            table = trained(client, spec)
            seconds[name] = time.perf_counter() - begun
    seconds["processors' time of the service and its worker"] = _processors() - before
    if folder:
        keep(RECIPE, "tanh", spec, table, folder)
    return seconds


def _processors() -> float:
    """Seconds of processors that ended children of this process, and theirs, have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
