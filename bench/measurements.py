"""What the benchmarks measure, one measurement per process: `bench.processes.fresh` starts this file.

    python -m bench.measurements '{"measurement": "engine", "spec": "...", "cache": "/tmp/cache"}' < /dev/null

Prints "ready" once all that is not measured is done, waits for a line, and prints the answer as one line of JSON.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from core.training.environment import prepare
from gradlab.spec.experiment import ExperimentSpec, parse


def engine(spec: str, cache: str, repeats: int = 5) -> dict[str, float]:
    """The engine: seconds of the first training in this process (cold), to its first epochs, and of one more (warm).

    With `repeats` the cold training is made before the signal, and only the warm ones after it.
    """
    prepare(Path(cache))
    import core.training.train  # noqa: F401  importing TensorFlow is not part of any training

    asked = parse(spec)
    if not repeats:
        _ready()
    first_chunk, cold = _train(asked)
    if not repeats:
        return {"first_chunk": first_chunk, "cold": cold}
    _ready()
    return {"first_chunk": first_chunk, "cold": cold, "warm": median(_train(asked)[1] for _ in range(repeats))}


def _train(spec: ExperimentSpec) -> tuple[float, float]:
    """Seconds to the first epochs that were trained, and to the end of the training."""
    from core.training.train import train

    begun, ends, epochs = time.perf_counter(), [], 0
    for chunk in train(spec):
        ends.append(time.perf_counter() - begun)
        epochs += sum(len(run.history) for run in chunk.runs)
    expected = len(spec.seeds) * (spec.training.epochs + 1)  # with epoch 0
    assert epochs == expected, f"{epochs} epochs instead of {expected}: a run ended early"
    return ends[1], ends[-1]  # the first chunk is epoch 0, which needs no compilation


def fit(spec: str, cache: str, epochs: int) -> dict[str, float]:
    """`keras.Model.fit` without a callback and with GradientStatistics: seconds per epoch once traced.

    It may use as many threads as TensorFlow likes.
    """
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "0")
    prepare(Path(cache))
    import keras

    from core.training.data import Data
    from core.training.network import Network
    from gradlab.keras import GradientStatistics

    asked = parse(spec)
    training, (train_x, train_y, val_x, val_y) = asked.training, (each.numpy() for each in Data(asked).arrays)

    def per_epoch(callbacks: list[keras.callbacks.Callback]) -> float:
        model = Network(asked, seed=asked.seeds[0]).model
        model.compile(training.optimizer.build(keras), training.loss.build(keras), metrics=list(asked.metric_names))
        arguments: dict[str, Any] = {"batch_size": training.batch_size, "validation_data": (val_x, val_y), "verbose": 0}
        model.fit(train_x, train_y, epochs=1, **arguments)  # makes ready what every fit shares
        ends: list[float] = []
        clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.perf_counter()))
        model.fit(train_x, train_y, epochs=1 + epochs, callbacks=[*callbacks, clock], **arguments)
        return (ends[-1] - ends[0]) / epochs  # the first epoch traces

    _ready()
    return {"fit": per_epoch([]), "watched": per_epoch([GradientStatistics()])}


def study(specs: list[str], cache: str) -> dict[str, float]:
    """The engine on one experiment after another: total seconds, compilation included, and how many of them."""
    prepare(Path(cache))
    import core.training.train  # noqa: F401

    asked = [parse(spec) for spec in specs]
    _ready()
    seconds = [_train(spec) for spec in asked]
    return {"first_chunks": sum(first for first, _ in seconds), "total": sum(total for _, total in seconds)}


def _ready() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


MEASUREMENTS: dict[str, Callable[..., dict[str, float]]] = {each.__name__: each for each in (engine, fit, study)}

if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    print(json.dumps(MEASUREMENTS[asked.pop("measurement")](**asked)))
