"""Cases of the clinic as modules of PyTorch: what can be rebuilt takes its samples, and every tensor has a place."""

import numpy as np
import pytest
import torch

from bench.clinic import cases
from bench.twins.choice import unlike
from bench.twins.draws import drawn, initial_weights
from bench.twins.in_torch import tensors_of
from bench.twins.modules import rebuilt
from gradlab.vocabulary.initializers import INITIALIZERS, Identity, VarianceScaling


def one_of_each_network():
    possible = {case.name.split(":")[0].split(", ")[1]: case for case in cases() if unlike(case.spec) is None}
    return [pytest.param(case.spec, id=name) for name, case in sorted(possible.items())]


@pytest.mark.parametrize("spec", one_of_each_network())
def test_a_case_takes_its_samples_and_all_its_tensors_are_drawn(spec):
    torch.manual_seed(0)
    made, data = rebuilt(spec), spec.dataset.load()
    with torch.no_grad():
        for value in made.module.parameters():
            value.fill_(np.nan)
    made.load(initial_weights(spec))
    assert all(torch.isfinite(value).all() for value in made.module.parameters())
    arrays = {"x": data.train_x, "y": data.train_y, "val_x": data.val_x, "val_y": data.val_y}
    x, y, *_ = tensors_of(spec, arrays, made, torch.float32)
    loss = made.loss(made.module(x[:20]), y[:20])
    assert loss.dim() == 0
    assert torch.isfinite(loss) or spec.training.loss.kind == "mean_squared_error"


@pytest.mark.parametrize("kind", [kind for kind in INITIALIZERS if kind not in (Identity, VarianceScaling)])
def test_tensors_are_drawn_with_the_moments_of_keras(kind):
    torch.manual_seed(0)
    initializer, shape = kind(), (3, 3, 40, 60)
    value = drawn(initializer, shape)
    scale, fan = {"he": (2, 360), "lecun": (1, 360), "glorot": (1, 450)}.get(initializer.kind.split("_")[0], (0, 1))
    if scale:
        assert float(value.var()) == pytest.approx(scale / fan, rel=0.05)
        edge = np.sqrt(3 * scale / fan) if "uniform" in initializer.kind else 2 * np.sqrt(scale / fan) / 0.8796
        assert float(value.abs().max()) <= edge * 1.0001
    elif initializer.kind == "orthogonal":
        flat = value.reshape(-1, 60)
        torch.testing.assert_close(flat.T @ flat, torch.eye(60), atol=1e-4, rtol=0)
    elif initializer.kind.startswith("random"):
        expected = 0.05 / np.sqrt(3) if initializer.kind == "random_uniform" else 0.05
        assert float(value.std()) == pytest.approx(expected, rel=0.02)
    else:
        assert torch.unique(value).numel() == 1 or float(value.std()) == pytest.approx(0.05 * 0.8796, rel=0.02)
