"""One side of a line of `bench.sizes`, in a process of its own.

    python -m bench.sizes.child '{"side": "fit", "line": "dense 20x64", "quick": true, "cache": "/tmp/cache"}'

Reads requests from the standard input, one line of JSON each: `{"do": "first", "training": "fit"}`. Answers each by one
line of JSON. The first answer, `{"ready": ...}`, comes when everything is loaded and a small network was trained, so
that what follows is a new architecture in a warm process.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.sizes.lines import Line, lines
from bench.sizes.side import Measured, Training
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets import Dataset

Trainings = Mapping[str, Training]
Further = Mapping[str, Callable[[], Measured]]
RECORDS = {"ours": "standard", "ours, nothing": "nothing", "ours, full": "full"}


def engine(line: Line, quick: bool, cache: str) -> tuple[Trainings, Further]:
    """Prepare the engine: the default recording, nothing and everything recorded; and the parts of its time."""
    from core.training.environment import prepare

    prepare(Path(cache))
    from bench.networks import small
    from bench.sizes.engine import EngineTraining, parts
    from core.plan.estimate import estimate

    EngineTraining(small(2, 6), None).first()
    specs = {name: line.spec(record, quick=quick) for name, record in RECORDS.items()}
    samples = _samples(line, specs["ours"], quick)
    trainings = {name: EngineTraining(spec, samples) for name, spec in specs.items()}
    bare, usual = trainings["ours, nothing"], trainings["ours"]
    estimated = estimate(usual.spec)
    further = {
        "parts": lambda: parts(usual, bare),
        "estimate": lambda: {"seconds": estimated.seconds, "bytes": estimated.memory_bytes},
    }
    return trainings, further


def fit(line: Line, quick: bool, cache: str) -> tuple[Trainings, Further]:
    """Prepare Keras's `fit`, with the threads that TensorFlow chooses; and the machine's limit."""
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "0")
    from core.training.environment import prepare

    prepare(Path(cache))
    from bench.networks import small
    from bench.sizes.keras_fit import fit_training
    from bench.sizes.limit import product_rate
    from core.training.data import Data

    fit_training(small(2, 6), Data(small(2, 6)), reads_gradients=False).first()
    spec = line.spec("nothing", quick=quick)
    data = Data(spec, _samples(line, spec, quick))
    trainings = {
        "fit": fit_training(spec, data, reads_gradients=False),
        "fit, gradients": fit_training(spec, data, reads_gradients=True),
    }
    return trainings, {"limit": lambda: {"rate": product_rate()}}


def torch(line: Line, quick: bool, cache: str) -> tuple[Trainings, Further]:
    """Prepare a loop of PyTorch with hooks on the gradients."""
    from bench.sizes.torch_loop import torch_training

    spec = line.spec("nothing", quick=quick)
    return {"PyTorch": torch_training(spec, _samples(line, spec, quick))}, {}


def jax(line: Line, quick: bool, cache: str) -> tuple[Trainings, Further]:
    """Prepare a `scan` of JAX with the gradients' statistics."""
    os.environ["KERAS_BACKEND"] = "jax"
    from bench.sizes.jax_scan import jax_training

    spec = line.spec("nothing", quick=quick)
    return {"JAX": jax_training(spec, _samples(line, spec, quick))}, {}


def _samples(line: Line, spec: ExperimentSpec, quick: bool) -> Dataset:
    """Return the samples of a line's spec, brought or drawn."""
    brought = line.samples(quick=quick)
    return brought.draw() if brought else spec.dataset.load()


SIDES: Mapping[str, Callable[[Line, bool, str], tuple[Trainings, Further]]] = {
    each.__name__: each for each in (engine, fit, torch, jax)
}


def main() -> None:
    """Prepare a side, then answer requests until the input ends."""
    job: dict[str, Any] = json.loads(sys.argv[1])
    trainings, further = SIDES[job["side"]](lines()[job["line"]], job["quick"], job["cache"])
    _answer({"ready": [*trainings]})
    for text in sys.stdin:
        request = json.loads(text)
        if request["do"] in further:
            _answer(further[request["do"]]())
        else:
            training = trainings[request["training"]]
            _answer(training.first() if request["do"] == "first" else training.turn())


def _answer(values: Mapping[str, Any]) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main()
