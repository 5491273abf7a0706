"""Twins: cases of the clinic rebuilt in PyTorch, against the same cases in the service.

    python -m bench.twins [--draw 0] [--part final] [--cases 50] [--seeds 5] [--others] [--jobs 2] [--runs FOLDER]

Prints two comparisons. (a) Before the first update, on the same weights and samples: the statistics of gradients,
weights, activations and signals by PyTorch's Watch, in float32 beside the service's engine, in float64 beside Keras.
(b) Trained by themselves, each side with its own initial weights and order of samples: verdict and root cause, with
95 % Wilson intervals. --others trains the service's cases with five other seeds, too: how often the service agrees with
itself. What is finished is kept in the folder of --runs, and a later call goes on from there.

PyTorch runs in an environment of its own, `.venv-frameworks`, which `make frameworks` makes; the environment variable
GRADLAB_FRAMEWORKS_PYTHON names another interpreter. Exit status 2 if it is missing.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.clinic import cases
from bench.clinic.case import PARTS, Case
from bench.twins import float64, in_service
from bench.twins.agreement import diagnosis_lines, differences, number_lines, uncompared
from bench.twins.choice import chosen, computes_otherwise, left_out
from bench.twins.folder import CaseFolder

ROOT = Path(__file__).parents[2]
PYTHON = Path(os.environ.get("GRADLAB_FRAMEWORKS_PYTHON", ROOT / ".venv-frameworks" / "bin" / "python"))


def main() -> int:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draw", type=int, default=0, help="other samples, parameters and seeds than those of draw 0")
    parser.add_argument("--part", choices=PARTS, default="final")
    parser.add_argument("--cases", type=int, default=50, help="the number of cases")
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each case in PyTorch")
    parser.add_argument("--others", action="store_true", help="train the service's cases with other seeds, too")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--runs", type=Path, help="a folder in which results are kept")
    options = parser.parse_args()
    if not PYTHON.exists():
        print(f"{PYTHON} is missing: `make frameworks` makes the environment with PyTorch")
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        root = options.runs or Path(scratch)
        root.mkdir(parents=True, exist_ok=True)
        compare(options, root)
    return 0


def compare(options: Any, root: Path) -> None:
    """Do what is missing in the folder of all results, and print the comparisons."""
    begun = time.perf_counter()
    of_part = [case for case in cases(options.draw) if case.part == options.part]
    own = chosen(of_part, options.cases)
    folders = [CaseFolder.of(root, case.spec) for case in own]
    _all(partial(in_service.train, root=root), own, options.jobs, in_service.begin)
    if options.others:
        _all(partial(in_service.train_others, root=root), own, options.jobs, in_service.begin)
    _all(float64.measured, [folder.path for folder in folders], options.jobs, float64.begin)
    _train_in_torch([folder.path for folder in folders], options.seeds, options.jobs)
    _print_choice(own, of_part)
    print("\n## Before the first update, on the same weights and samples\n")
    print("\n".join(number_lines([each for folder in folders for each in differences(folder)])))
    for folder in folders:
        if (reason := computes_otherwise(folder.spec)) is not None:
            print(f"{folder.spec.name}: its gradients and signals are not compared. {reason}")
    for what, count in sorted(uncompared(folders).items()):
        print(f"in the service alone: {count} of {what}")
    print(f"\n## Trained by themselves, {options.seeds} seeds in PyTorch\n")
    print("\n".join(diagnosis_lines(folders)))
    print(f"\n{time.perf_counter() - begun:.0f} s")


def _all(action: Callable[[Any], None], given: Sequence[Any], jobs: int, begin: Callable[[], None]) -> None:
    # TensorFlow does not survive a fork.
    with multiprocessing.get_context("spawn").Pool(jobs, begin) as pool:
        for _ in pool.imap_unordered(action, given):
            pass


def _train_in_torch(folders: Sequence[Path], seeds: int, jobs: int) -> None:
    # Small tensors are computed faster by one thread than by several that wait for each other.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    lots = [[str(each) for each in folders[place::jobs]] for place in range(jobs)]
    commands = [[str(PYTHON), "-m", "bench.twins.in_torch", *lot, "--seeds", str(seeds)] for lot in lots if lot]
    running = [subprocess.Popen(command, cwd=ROOT, env=environment) for command in commands]
    failed = [process.args for process in running if process.wait()]
    if failed:
        raise RuntimeError(f"in_torch: expected exit status 0 of all processes; {len(failed)} failed")


def _print_choice(own: Sequence[Case], of_part: Sequence[Case]) -> None:
    illnesses = [case.illness or "healthy" for case in own]
    counts = ", ".join(f"{name} {illnesses.count(name)}" for name in sorted({*illnesses}))
    print(f"{len(own)} of {len(of_part)} cases, each illness once and then those of the smallest hashes: {counts}")
    for reason, names in left_out(of_part).items():
        print(f"{len(names)} cannot be rebuilt: {reason}")


if __name__ == "__main__":
    sys.exit(main())
