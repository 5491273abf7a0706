"""Looks at other networks in threads beside a training: neither changes a bit of the other."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core.training.train import train
from core.treatment import triage_spec
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from tests.builders import a_spec

CONVOLUTIONAL = ExperimentSpec.model_validate(
    {
        "dataset": {"kind": "digits", "form": "image", "scale": [0, 1], "train_size": 100},
        "model": {
            "layers": [
                {"kind": "conv2d", "filters": 4, "kernel_size": 3, "activation": "relu"},
                {"kind": "max_pooling2d"},
                {"kind": "flatten"},
                {"kind": "dropout", "rate": 0.2},
                {"kind": "dense", "units": 10, "activation": "softmax"},
            ]
        },
        "training": {"loss": "categorical_crossentropy", "optimizer": "adam", "epochs": 3, "batch_size": 32},
        "seeds": [0, 1],
    }
)


def measured(spec: ExperimentSpec) -> dict[str, bytes]:
    """All that a training or a triage measures, by seed, first epoch and kind."""
    series = {}
    for chunk in train(parse(spec.canonical()), chunk_seconds=0.05):
        for run in chunk.runs:
            for kind, values in {"metrics": run.history.metrics, **run.history.series}.items():
                series.setdefault(f"{run.seed} {kind}", []).append(np.asarray(values, np.float32))
    return {name: np.concatenate(parts).tobytes() for name, parts in series.items()}


def test_a_training_and_the_triages_beside_it_have_the_bits_that_each_has_alone():
    training = a_spec(epochs=1500, layers=4, units=6)
    triages = [triage_spec(CONVOLUTIONAL), triage_spec(training)]
    alone = [measured(each) for each in (training, *triages)]
    over, rounds = threading.Event(), []

    def triage() -> None:
        while not over.is_set():
            rounds.append([measured(each) for each in triages])

    with ThreadPoolExecutor(1) as thread:
        beside = thread.submit(triage)
        trained = [measured(training)]
        while not rounds and not beside.done():
            trained.append(measured(training))
        over.set()
        beside.result()
    assert all(each == alone[0] for each in trained)
    assert rounds
    assert all(each == alone[1:] for each in rounds)


@pytest.mark.campaign
def test_two_trainings_beside_each_other_keep_their_bits():
    alone = measured(CONVOLUTIONAL)
    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(measured, [CONVOLUTIONAL, CONVOLUTIONAL]))
    assert both == [alone, alone]
