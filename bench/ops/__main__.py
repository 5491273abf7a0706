"""Every kind of layer in the engine's loop against the same in a plain graph.

    python -m bench.ops [--sizes small usual large] [--kinds conv2d ...] [--batch 32] [--rounds 5] [--max 1.2]

A step is a forward pass and all gradients, in processor time, on one thread, also where the engine takes two. The
engine's loop takes the form in which the engine would train a network of this layer alone on such batches: compiled by
XLA, in a branch as every update, or a plain graph, marked P. Keras's own layer runs in a plain graph, called step by
step, as `model.fit` without XLA runs it.
Both take turns. Exit status 1 if a layer takes more than --max times as long in the loop, or XLA rejects it.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.ops.cases import SIZES, Case, cases
from bench.processes import conditions
from core.training.environment import prepare

MAX_RATIO = 1.2


def main() -> int:
    """Print a row for each case; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.ops", description="layers in the engine's loop")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--kinds", nargs="+", metavar="KIND", default=())
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--max", type=float, default=MAX_RATIO)
    options = parser.parse_args()
    chosen = [
        case
        for size in options.sizes
        for case in cases(size).values()
        if not options.kinds or case.layer.kind in options.kinds
    ]
    if not chosen:
        parser.error(f"--kinds: expected kinds of layers; received {', '.join(options.kinds)}")
    prepare(Path("/dev/null/none"))  # no folder, so that nothing comes from a compile cache
    with conditions():
        print(f"\n{'milliseconds of a processor, a step':44}{'loop':>10}{'graph':>10}{'ratio':>8}   range", flush=True)
        slow = [*_slow(chosen, options)]
    print(f"{len(slow)} of {len(chosen)} take more than {options.max:g} times as long in the loop as in a plain graph")
    for each in slow:
        print(f"  {each}")
    return 1 if slow else 0


def _slow(chosen: list[Case], options: argparse.Namespace) -> Iterator[str]:
    """Measure and print; yield a sentence for each slow case."""
    from bench.ops.steps import NotCompiled, Steps  # TensorFlow has to be imported after `prepare`

    for case in chosen:
        try:
            loop, graph = (Steps(case, options.batch, ours=ours) for ours in (True, False))
        except NotCompiled as error:
            print(f"{case.name:44}{'XLA does not compile it':>28}", flush=True)
            yield f"{case.name}: {error}"
            continue
        turns = [(loop.turn(), graph.turn()) for _ in range(options.rounds)]
        ratios = [ours / theirs for ours, theirs in turns]
        ours, theirs = (1e3 * median(each) for each in zip(*turns, strict=True))
        ratio = median(ratios)
        mark = " SLOW" if ratio > options.max else ""
        form = " " if loop.is_compiled else "P"
        span = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(f"{case.name:44}{ours:10.3f}{theirs:10.3f}{ratio:8.2f} {form} {span}{mark}", flush=True)
        if mark:
            yield f"{case.name}: {ratio:.2f}"


if __name__ == "__main__":
    sys.exit(main())
