"""The clinic by fit: a case's Keras model is the service's network, and a finished case is trained once."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from bench.clinic import cases
from bench.clinic.by_fit.arrays import arrays_of
from bench.clinic.by_fit.network import model_of
from bench.clinic.by_fit.record import NotByFit, diagnosis_of
from bench.clinic.by_fit.training import stored_or_fitted
from bench.clinic.case import Case
from core.training.network import Network
from gradlab.spec import ExperimentSpec

# A case with each kind of layer that is called otherwise than as one of a row, and with one of each kind of target.
NAMES = (
    "digits, residual: healthy", "digits, attention: healthy", "copy_memory, gru after an embedding: healthy",
    "multilabel, elu and dropout: healthy", "friedman, relu for values: healthy",
)  # fmt: skip


def spec(**training):
    fields = {
        "dataset": {"kind": "circles", "samples": 96, "train_size": 64},
        "model": {"layers": [{"kind": "dense", "units": 3}, {"kind": "dense", "units": 1, "activation": "sigmoid"}]},
        "training": {"loss": "binary_crossentropy", "optimizer": "sgd", "epochs": 2, **training},
        "seeds": [4, 9],
    }
    return ExperimentSpec.model_validate(fields)


@pytest.mark.parametrize("name", NAMES)
def test_the_model_computes_what_the_services_network_does(name):
    (case,) = [case for case in cases() if case.name == name]
    (x, y), _ = arrays_of(case.spec)
    model = model_of(case.spec, seed=1)
    np.testing.assert_array_equal(model(x[:8]), Network(case.spec, 1).model(x[:8]))
    assert np.isfinite(keras.losses.get(model.loss)(y[:8], model(x[:8]))).all()


def test_a_finished_fit_is_taken_from_its_file(tmp_path, monkeypatch):
    case = Case("two epochs", spec(), None, "two epochs", "tune")
    (tmp_path / f"{case.spec.fingerprint()}.4.123").write_bytes(b"of a process that was killed")
    fitted = stored_or_fitted(case, 4, tmp_path)
    assert len(fitted.history) == 3
    assert fitted.warnings == ()
    monkeypatch.setattr("bench.clinic.by_fit.training.fit_seed", None)
    again = stored_or_fitted(case, 4, tmp_path)
    assert again.spec == fitted.spec
    np.testing.assert_array_equal(again.history.metrics, fitted.history.metrics)
    together = diagnosis_of([fitted, replace(again, seed=9)])
    assert [each.seed for each in together.outcomes] == [4, 9]


def test_a_case_that_a_plain_fit_cannot_train_is_left_out_with_the_reason(tmp_path):
    case = Case("pre-trained", spec(pretraining={"kind": "autoencoder"}), None, "pre-trained", "tune")
    for _ in range(2):
        left_out = stored_or_fitted(case, 0, tmp_path)
        assert isinstance(left_out, NotByFit)
        assert left_out.reason == "it is pre-trained: autoencoder"
