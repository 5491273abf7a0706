"""Time to the first answers of an architecture that its process has not trained, by what the machine has trained.

    python -m bench.first_answers [--repeats 3] [--networks NAME ...]

The tutorial's networks 2 and 3 with five seeds, and a small convolutional and a small recurrent network of
`bench.sizes`, recorded as by default, in processes that have begun to train another network before: with nothing on the
disk, and after other processes have trained the same ones, in another order.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.processes import conditions, fresh
from bench.sizes.lines import lines
from gradlab.spec.experiment import parse

EXAMPLES = Path(__file__).parents[1] / "examples"
OTHER, TUTORIAL = "tutorial-1-one-tanh", ("tutorial-2-deep-tanh", "tutorial-3-deep-relu")
NETWORKS = (*TUTORIAL, "conv2d 8, 16 on 8x8", "lstm 16 over 200")


def main() -> None:
    """Print the smallest of the measured times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS)
    options = parser.parse_args()
    repeats = range(options.repeats)
    with conditions():
        for name in options.networks:
            _report(f"{name}, never trained here", [_new(name) for _ in repeats])
            with tempfile.TemporaryDirectory() as cache:
                _measured([], name, cache)
                _report(f"{name}, trained by another process", [_measured([OTHER], name, cache) for _ in repeats])


def _new(name: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as cache:
        return _measured([OTHER], name, cache)


def _measured(before: Sequence[str], name: str, cache: str) -> dict[str, float]:
    return fresh("first_answers", before=list(map(_spec, before)), spec=_spec(name), cache=cache)


def _spec(name: str) -> str:
    if name not in (OTHER, *TUTORIAL):
        return lines()[name].spec("standard", quick=False).canonical()
    spec = parse((EXAMPLES / f"{name}.json").read_bytes())
    return spec.model_copy(update={"seeds": tuple(range(5))}).canonical()


def _report(what: str, measured: Sequence[dict[str, float]]) -> None:
    smallest: Callable[[str], float] = lambda part: min(each[part] for each in measured)  # noqa: E731
    print(
        f"{what}: epoch 0 after {smallest('epoch_0'):.2f} s, first epochs after {smallest('epochs'):.2f} s, "
        f"{smallest('cpu'):.2f} s of processors",
        flush=True,
    )


if __name__ == "__main__":
    main()
