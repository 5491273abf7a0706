"""The measurements of the benchmarks, one per process: `bench.processes.fresh` starts this file.

    python -m bench.measurements '{"measurement": "engine", "spec": "...", "cache": "/tmp/cache"}' < /dev/null

Prints "ready" after all work that is not measured, waits for a line, and prints the result as one line of JSON.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any, cast

from core.training.environment import prepare
from gradlab.spec.experiment import ExperimentSpec, parse


def engine(spec: str, cache: str, repeats: int = 5) -> dict[str, float]:
    """Measure the engine.

    With `repeats` the cold training comes before the signal, and only the warm trainings after it.

    Returns:
        Seconds of the first training in this process: `first_chunk` to its first epochs, `cold` to its end; and `warm`,
        the median of `repeats` more trainings.
    """
    prepare(Path(cache))
    import core.training.train  # noqa: F401  importing TensorFlow is not part of any training

    experiment = parse(spec)
    if not repeats:
        _ready()
    first_chunk, cold = _train(experiment)
    if not repeats:
        return {"first_chunk": first_chunk, "cold": cold}
    _ready()
    return {"first_chunk": first_chunk, "cold": cold, "warm": median(_train(experiment)[1] for _ in range(repeats))}


def _train(spec: ExperimentSpec) -> tuple[float, float]:
    """Return the seconds to the first trained epochs, and to the end of the training."""
    from core.training.train import train

    begun, ends, epochs = time.perf_counter(), [], 0
    for chunk in train(spec):
        ends.append(time.perf_counter() - begun)
        epochs += sum(len(run.history) for run in chunk.runs)
    expected = len(spec.seeds) * (spec.training.epochs + 1)  # with epoch 0
    assert epochs == expected, f"{epochs} epochs instead of {expected}: a run ended early"
    return ends[1], ends[-1]  # the first chunk is epoch 0, which needs no compilation


def fit(spec: str, cache: str, epochs: int) -> dict[str, float]:
    """Measure `keras.Model.fit` without a callback and with GradientStatistics: seconds per epoch after tracing.

    TensorFlow chooses the number of threads.
    """
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "0")
    prepare(Path(cache))
    import keras

    from bench.sizes.keras_fit import compiled_model
    from core.training.data import Data
    from gradlab.keras import GradientStatistics

    experiment = parse(spec)
    training, (train_x, train_y, val_x, val_y) = experiment.training, (each.numpy() for each in Data(experiment).arrays)

    def per_epoch(callbacks: list[keras.callbacks.Callback]) -> float:
        model = compiled_model(experiment)
        arguments: dict[str, Any] = {"batch_size": training.batch_size, "validation_data": (val_x, val_y), "verbose": 0}
        model.fit(train_x, train_y, epochs=1, **arguments)  # initialises what every fit shares
        ends: list[float] = []
        clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.perf_counter()))
        model.fit(train_x, train_y, epochs=1 + epochs, callbacks=[*callbacks, clock], **arguments)
        return (ends[-1] - ends[0]) / epochs  # the first epoch traces

    _ready()
    return {"fit": per_epoch([]), "watched": per_epoch([GradientStatistics()])}


def first_answers(before: list[str], spec: str, cache: str) -> dict[str, float]:
    """Measure the first answers of an architecture in a process that has begun to train others.

    Returns:
        Seconds to epoch 0, `epoch_0`, and to the first trained epochs, `epochs`; and the process's own time, `cpu`.
    """
    prepare(Path(cache))
    from core.training.train import train

    for each in before:
        with closing(cast("Generator[Any]", train(parse(each)))) as begun_before:
            next(begun_before), next(begun_before)
    experiment = parse(spec)
    _ready()
    begun, own = time.perf_counter(), time.process_time()
    chunks = train(experiment)
    next(chunks)
    epoch_0 = time.perf_counter() - begun
    next(chunks)
    return {"epoch_0": epoch_0, "epochs": time.perf_counter() - begun, "cpu": time.process_time() - own}


def _ready() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


MEASUREMENTS: dict[str, Callable[..., dict[str, float]]] = {
    each.__name__: each for each in (engine, fit, first_answers)
}

if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    print(json.dumps(MEASUREMENTS[job.pop("measurement")](**job)))
