"""The same training by plain `keras.Model.fit`: equal initial weights, equal order of the samples."""

from typing import Any

import keras
import numpy as np

from core.training.network import Network
from core.training.sample_order import sample_order
from core.training.task import Task
from gradlab.measurement.history import Chunk
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets import Dataset


def fit_with_keras(
    spec: ExperimentSpec, seed: int, callbacks=(), *, jit_compile: bool | str = False, samples: Dataset | None = None
) -> tuple[np.ndarray, Network]:
    """Train with Keras.

    Args:
        spec: the experiment.
        seed: of the run.
        callbacks: Keras's.
        jit_compile: as `keras.Model.compile` takes it; Keras's own default is "auto", which compiles with XLA. A plain
            graph is ready in half the time, and shares no compiler with the loop that is compared with it.
        samples: the samples of the dataset; by default they are drawn from its spec.

    Returns:
        (epochs, names) of loss and metrics, training and validation; and the trained network.
    """
    data, network, task = samples or spec.dataset.load(), Network(spec, seed), Task(spec)
    optimizer = spec.training.optimizer.build(keras)
    names = [*spec.metric_names]
    # For Keras the accuracy of several units is that of the largest one, labels or not.
    told = [keras.metrics.BinaryAccuracy(name) if spec.dataset.target.kind == "labels" else name for name in names]
    network.model.compile(optimizer=optimizer, loss=spec.training.loss.kind, metrics=told, jit_compile=jit_compile)
    train_y, val_y = task.encoded(data.train_y), task.encoded(data.val_y)
    weighted = data.train_weight is not None
    by_class = {spec.dataset.class_names.index(name): each for name, each in spec.training.class_weight or ()}
    rows = []
    for epoch in range(1, spec.training.epochs + 1):
        order = sample_order(seed, epoch, spec.dataset.train_count)
        fitted = network.model.fit(
            data.train_x[order],
            train_y[order],
            batch_size=spec.training.batch_size,
            shuffle=False,
            verbose=0,
            validation_data=(data.val_x, val_y, data.val_weight) if weighted else (data.val_x, val_y),
            sample_weight=data.train_weight[order] if weighted else None,
            class_weight=by_class or None,
            callbacks=list(callbacks),
        )
        rows.append([fitted.history[f"{part}{name}"][0] for part in ("", "val_") for name in ("loss", *names)])
    return np.array(rows), network


class LastWeights(keras.callbacks.Callback):
    """Keeps the weights at the end of training."""

    def on_train_end(self, logs: Any = None) -> None:
        self.weights = [variable.numpy() for variable in self.model.variables]


def trained(chunks: list[Chunk], seed: int | None = None) -> dict[str, np.ndarray]:
    """One run's epochs from 1 on: ``metrics`` (epochs, metrics) and each kind of series (rows, tensors, columns)."""
    runs = [run for chunk in chunks for run in chunk.runs if seed is None or run.seed == seed]
    histories = [run.history for run in runs if run.history.last_epoch > 0]
    found = {"metrics": np.concatenate([history.metrics for history in histories])}
    for kind in histories[0].series:
        found[kind] = np.concatenate([history.series[kind] for history in histories])
    return found
