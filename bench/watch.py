"""The cost of a Watch: trainings alone, and with a Watch that records "lean", "standard" and "full", in turns.

    python -m bench.watch [--framework keras-tensorflow|keras-jax|keras-torch|torch|all] [--networks NETWORK,...]
        [--processes N]

The tutorial's networks of one and five layers, and two whose batch takes over 20 ms. The four trainings of a network
take turns of some epochs in one process, and a ratio is that of two turns beside each other: the median over all
turns, with the range; "processor" is the same in processor seconds. The ratio of whole trainings includes everything:
compiling, the facts, record 0 and the end. Where a batch takes a third of a millisecond, the ratios of one process
differ by some 5 % from those of another: with several processes the median is over the turns of all. JAX and PyTorch
run in `.venv-frameworks`, which `make frameworks` makes; the environment variable GRADLAB_FRAMEWORKS_PYTHON names
another interpreter. Exit status 1 if a bound is exceeded, 2 if an environment is missing.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.processes import conditions

ROOT = Path(__file__).parents[1]
OTHER = Path(os.environ.get("GRADLAB_FRAMEWORKS_PYTHON", ROOT / ".venv-frameworks" / "bin" / "python"))
NETWORKS = ("tutorial-1-one-tanh", "tutorial-2-deep-tanh", "tutorial-3-deep-relu", "dense", "convolutional")
ALONE, LEAN, FULL = "alone", "lean", "full"
# A batch above this counts as slow. What is measured for each batch must then be next to nothing.
SLOW_MS = 20.0
MAX_LEAN = MAX_SLOW = 1.1
# Everything in every record, where batches are fast.
MAX_FULL = {"keras-tensorflow": 1.3, "keras-jax": 1.3, "keras-torch": 1.5, "torch": 1.5}
# One thread: small tensors are computed faster by one than by several that wait for each other, and of large ones
# turns beside each other differ by a factor of up to fourteen.
THREADS = {"OMP_NUM_THREADS": "1"}
TENSORFLOW_THREADS = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


@dataclass(frozen=True)
class Framework:
    """A framework: the interpreter that has it, and the environment of its process."""

    python: Path
    module: str
    environment: dict[str, str]


QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}
FRAMEWORKS = {
    "keras-tensorflow": Framework(
        Path(sys.executable), "keras", {"KERAS_BACKEND": "tensorflow", **QUIET, **TENSORFLOW_THREADS}
    ),
    "keras-jax": Framework(OTHER, "keras", {"KERAS_BACKEND": "jax"}),
    "keras-torch": Framework(OTHER, "keras", {"KERAS_BACKEND": "torch", **THREADS}),
    "torch": Framework(OTHER, "torch", THREADS),
}


def main() -> int:
    """Print the ratios; return the exit status."""
    parser = argparse.ArgumentParser(description="the cost of a Watch")
    parser.add_argument("--framework", choices=[*FRAMEWORKS, "all"], default="all")
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--processes", type=int, default=1, help="processes of each network, one after another")
    options = parser.parse_args()
    if options.processes < 1:
        parser.error(f"--processes: expected 1 or more; received {options.processes}")
    names = list(FRAMEWORKS) if options.framework == "all" else [options.framework]
    missing = [name for name in names if not FRAMEWORKS[name].python.exists()]
    if missing:
        print(f"{OTHER} is missing for {', '.join(missing)}: `make frameworks` makes it", flush=True)
    exceeded: list[str] = []
    with conditions():
        print(
            f"\n{'':20}{'epoch':>11} {'ratio':>7}  {'range':14} {'processor':>10} {'whole':>9} {'ratio':>7}  bound",
            flush=True,
        )
        for name in names:
            if name not in missing:
                for network in options.networks.split(","):
                    exceeded += _report(name, _result(FRAMEWORKS[name], network, options.processes))
    for each in exceeded:
        print(f"exceeded: {each}", flush=True)
    return 1 if exceeded else 2 if missing else 0


def _result(framework: Framework, network: str, processes: int) -> dict[str, Any]:
    """Measure a network's trainings in some processes, one after another; return the turns of all of them."""
    results = [_measured(framework, network) for _ in range(processes)]
    together = results[0]
    for kind, own in together["measured"].items():
        others = [each["measured"][kind] for each in results[1:]]
        own |= {name: own[name] + [turn for each in others for turn in each[name]] for name in ("turns", "busy")}
        own["whole"] += sum(each["whole"] for each in others)
    return together


def _measured(framework: Framework, network: str) -> dict[str, Any]:
    """Measure a network's trainings in a process of its own."""
    command = [str(framework.python), "-m", "bench.watched", framework.module, network]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | framework.environment, stdout=subprocess.PIPE, text=True, check=True
    )
    result: dict[str, Any] = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    return result


def _report(framework: str, result: dict[str, Any]) -> list[str]:
    """Print a network's lines; return a sentence for each bound that is exceeded."""
    measured, exceeded = result["measured"], []
    alone = measured[ALONE]
    batch_ms = 1e3 * median(alone["turns"]) / result["batches"]
    print(f"{framework}, {result['network']}: a batch takes {batch_ms:.2f} ms", flush=True)
    for kind, each in measured.items():
        ratios = [own / other for own, other in zip(each["turns"], alone["turns"], strict=True)]
        busy = median(own / other for own, other in zip(each["busy"], alone["busy"], strict=True))
        ratio, whole = median(ratios), each["whole"] / alone["whole"]
        bound = _bound(framework, kind, batch_ms)
        span = f"{min(ratios):5.2f} to {max(ratios):5.2f}"
        print(
            f"    {kind:16}{1e3 * median(each['turns']):8.1f} ms {ratio:6.2f}×  {span}"
            f" {busy:9.2f}× {each['whole']:7.1f} s {whole:6.2f}×  {'' if bound is None else f'{bound}×'}",
            flush=True,
        )
        if bound is not None and round(ratio, 2) > bound:
            exceeded.append(f"{framework}, {result['network']}, {kind}: {ratio:.2f}×, and at most {bound}× is allowed")
    return exceeded


def _bound(framework: str, kind: str, batch_ms: float) -> float | None:
    if kind == LEAN:
        return MAX_LEAN
    if kind == FULL:
        return MAX_SLOW if batch_ms > SLOW_MS else MAX_FULL[framework]
    return None


if __name__ == "__main__":
    sys.exit(main())
