"""Valid specs are trained: one for each kind of layer, drawn at random over the whole catalogue."""

import numpy as np
import pytest

from bench.generated import SMALL, random_spec
from bench.treating import runs_of
from gradlab.diagnosis import diagnose
from gradlab.measurement.history import without_gradient
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.layers import LAYERS
from tests.campaigns import one_in


@pytest.mark.parametrize("seed", one_in(100, range(len(LAYERS))))
def test_a_valid_spec_is_trained_and_diagnosed(seed: int):
    spec = random_spec(seed, SMALL)
    runs = runs_of(spec)
    assert [run.seed for run in runs] == list(spec.seeds)
    assert all(run.stopped_by or run.history.last_epoch == spec.training.epochs for run in runs)
    assert diagnose(spec, runs).verdict in ("healthy", "at risk", "ill", "undecided")


LOOKED_UP = {
    "dataset": {"kind": "circles", "samples": 40},
    "model": {
        "layers": [
            {"kind": "dense", "units": 3, "activation": "sigmoid"},
            {"kind": "embedding", "input_dim": 2, "output_dim": 2},
            {"kind": "flatten"},
            {"kind": "dense", "units": 1, "activation": "sigmoid"},
        ]
    },
    "training": {"loss": "binary_crossentropy", "optimizer": "adam", "epochs": 3},
    "record": "full",
}


@pytest.mark.parametrize("batch_size", one_in(2, [1, 20]))
def test_layers_before_an_embedding_have_no_gradient_and_that_is_told(batch_size: int, monkeypatch):
    if batch_size == 1:
        monkeypatch.setattr("core.plan.widths.MAX_TRACED_NUMBERS", 100)
    training = {**LOOKED_UP["training"], "batch_size": batch_size}
    spec = ExperimentSpec.model_validate(LOOKED_UP | {"training": training})
    (run,) = runs_of(spec)
    layout, gradients = spec.layout["gradients"], run.history.series["gradients"]
    none = without_gradient(layout, gradients)
    assert [tensor.layer for tensor, missing in zip(layout.tensors, none, strict=True) if missing] == ["dense_1"] * 2
    assert np.isfinite(gradients[:, ~none]).all()
    weights = run.history.series["weights"][:, :, spec.layout["weights"].columns.index("change_l1")]
    assert (weights[:, none] == 0).all()
    finding = next(each for each in diagnose(spec, [run]).findings if each.rule == "no_gradient")
    assert (finding.layers, finding.since_epoch) == (("dense_1",), 0)
