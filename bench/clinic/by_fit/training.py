"""Training of the clinic's cases by plain `fit` under a Watch, one fit for each seed, and storage of its record."""

import os
import pickle
import time
import warnings
from pathlib import Path

import keras

from bench.clinic.by_fit.arrays import arrays_of
from bench.clinic.by_fit.network import model_of
from bench.clinic.by_fit.record import NotByFit, Recorded
from bench.clinic.case import Case
from gradlab.keras import Watch
from gradlab.spec import ExperimentSpec
from gradlab.watch import WatchWarning


def stored_or_fitted(case: Case, seed: int, folder: Path) -> Recorded | NotByFit:
    """Return a fit's record from the folder; if it is not there, train and store it. A file is whole or missing."""
    place = folder / f"{case.spec.fingerprint()}.{seed}.pickle"
    if place.exists():
        stored: Recorded | NotByFit = pickle.loads(place.read_bytes())
        return stored
    try:
        recorded: Recorded | NotByFit = fit_seed(case.spec, seed)
    except NotByFit as problem:
        recorded = problem
    unfinished = place.with_suffix(f".{os.getpid()}")
    folder.mkdir(parents=True, exist_ok=True)
    unfinished.write_bytes(pickle.dumps(recorded))
    unfinished.replace(place)
    return recorded


def fit_seed(spec: ExperimentSpec, seed: int) -> Recorded:
    """Train one seed with a Watch that is given the samples and nothing else.

    Raises:
        NotByFit: the spec has something that a plain `fit` cannot do.
    """
    begun = time.perf_counter()
    # No global seed is set: with one, Keras on TensorFlow repeats a single order of the samples in every epoch.
    keras.utils.clear_session()
    training, validation = arrays_of(spec)
    model = model_of(spec, seed)
    watch = Watch(data=training, validation_data=validation, report_at_end=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", WatchWarning)
        model.fit(
            *training,
            batch_size=spec.training.batch_size,
            epochs=spec.training.epochs,
            validation_data=validation,
            callbacks=[watch, *_early_stopping(spec)],
            verbose=0,
        )
    heard = tuple(str(each.message) for each in caught if issubclass(each.category, WatchWarning))
    (run,) = watch.recorder.runs()
    seconds = time.perf_counter() - begun
    return Recorded(run.external, seed, run.history, run.stopped_by, run.facts, run.wiring, heard, seconds)


def _early_stopping(spec: ExperimentSpec) -> list[keras.callbacks.Callback]:
    stopping = spec.training.early_stopping
    if stopping is None:
        return []
    return [
        keras.callbacks.EarlyStopping(
            stopping.monitor,
            min_delta=stopping.min_delta,
            patience=stopping.patience,
            mode="max" if stopping.larger_is_better else "min",
        )
    ]
