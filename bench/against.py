"""The engine against the same training in PyTorch and in JAX (`bench.rivals`): the tutorial's network 3.

    python -m bench.against [--rounds 3] [--epochs 500]

The rivals run in an environment of their own, `.venv-bench`, which `make bench-rivals` makes; the environment variable
GRADLAB_BENCH_PYTHON names another interpreter. The bundle "lean" records the gradients' statistics, as the rivals do;
"full" records everything. The engine is warm, and JAX's compilation is stated separately. Exit status 2 if the
environment is missing.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.networks import tutorial
from bench.processes import conditions, fresh
from bench.turns import Round, arguments, compare, report, take_turns

ROOT = Path(__file__).parents[1]
PYTHON = Path(os.environ.get("GRADLAB_BENCH_PYTHON", ROOT / ".venv-bench" / "bin" / "python"))
SEEDS = 32


def main() -> int:
    """Print seconds and ratios."""
    options = arguments("the engine against PyTorch and JAX").parse_args()
    if not PYTHON.exists():
        print(f"{PYTHON} is missing: `make bench-rivals` makes the environment with PyTorch and JAX, and measures")
        return 2
    with conditions():
        rounds = take_turns(options.rounds, lambda: measure(options.epochs))
    report(rounds, f"seconds for {options.epochs} epochs")
    compare(
        rounds,
        [
            ("PyTorch", "engine, lean"),
            ("PyTorch", "engine, full"),
            (f"JAX, {SEEDS} seeds", f"engine, {SEEDS} seeds, lean"),
            ("JAX, 1 seed", "engine, lean"),
        ],
    )
    return 0


def measure(epochs: int) -> Round:
    """Measure each of them once."""
    with tempfile.TemporaryDirectory() as cache:
        lean = fresh("engine", spec=tutorial(record="lean", epochs=epochs), cache=cache)
        torch = rival("pytorch", str(epochs))
        full = fresh("engine", spec=tutorial(record="full", epochs=epochs), cache=cache)
        many = fresh("engine", spec=tutorial(record="lean", epochs=epochs, seeds=SEEDS), cache=cache, repeats=2)
    jax, alone = rival("jax", str(epochs), "--seeds", str(SEEDS)), rival("jax", str(epochs))
    return {
        "engine, lean": lean["warm"],
        "engine, full": full["warm"],
        "PyTorch": torch["seconds"],
        f"engine, {SEEDS} seeds, lean": many["warm"],
        f"engine, {SEEDS} seeds, lean, first, compiling included": many["cold"],
        f"JAX, {SEEDS} seeds": jax["seconds"],
        f"JAX, {SEEDS} seeds, compiling": jax["compile_seconds"],
        "JAX, 1 seed": alone["seconds"],
    }


def rival(name: str, *arguments: str) -> dict[str, float]:
    """Run a rival; return its measurements."""
    command = [str(PYTHON), "-m", f"bench.rivals.{name}", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


if __name__ == "__main__":
    sys.exit(main())
