"""Activations and signals on the probe batch equal NumPy's on the same weights, and a probe changes nothing."""

import numpy as np
import pytest
import torch
from torch import nn

from gradlab.measurement.statistics import ACTIVATION_STATISTICS, SIGNAL_STATISTICS, Flow
from gradlab.torch import Watch
from gradlab.torch.initial import distribution
from gradlab.torch.naming import named_parameters
from gradlab.torch.probe import probe
from gradlab.torch.recurrent import open_recurrence
from tests.frameworks.torch.loops import circles, fit, sgd

TOLERANCES = {torch.float64: 1e-9, torch.float32: 1e-4}


def probed(model, x, y, loss=nn.functional.mse_loss):
    def run():
        output = model(x)
        return output, loss(output, y) * len(x)

    owners = [each.layer for each in named_parameters(model)]
    return probe(model, owners, {}, run)


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_a_dense_network_is_measured_as_by_numpy(dtype):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 7), nn.Tanh(), nn.Linear(7, 2)).to(dtype)
    x, y = torch.randn(20, 3, dtype=dtype), torch.randn(20, 2, dtype=dtype)
    measured = probed(model, x, y).measured
    w1, b1, w2, b2 = (each.detach().numpy() for each in model.parameters())
    z1 = x.numpy() @ w1.T + b1
    h1 = np.tanh(z1)
    z2 = h1 @ w2.T + b2
    delta2 = 2 * (z2 - y.numpy()) / 2
    delta1 = (delta2 @ w2) * (1 - h1**2)
    for name, flow, delta in (
        ("0", Flow(z1, h1, 1 - h1**2, 1.0), delta1),
        ("2", Flow(z2, z2, np.ones_like(z2), 1.0), delta2),
    ):
        expected = [each.compute(flow, np) for each in ACTIVATION_STATISTICS]
        tolerance = {"rtol": TOLERANCES[dtype], "atol": 1e-12 if dtype == torch.float64 else 1e-6}
        np.testing.assert_allclose(measured[name].activations.numpy(), expected, **tolerance)
        signals = [each.compute(delta, np) for each in SIGNAL_STATISTICS]
        np.testing.assert_allclose(measured[name].signals.numpy(), signals, **tolerance)


class Mixed(nn.Module):
    """Convolution, normalisation, an activation in place, functions as activations, a residual."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.relu = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True)
        self.hidden, self.output = nn.Linear(4 * 25, 6), nn.Linear(6, 6)

    def forward(self, x):
        h = torch.tanh(self.hidden(self.relu(self.norm(self.conv(x))).flatten(1)))
        return torch.sigmoid(self.output(h) + h)


def test_functions_are_activations_of_the_layer_before_or_layers_of_their_own():
    torch.manual_seed(0)
    model = Mixed()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    result = probed(model, torch.randn(12, 1, 5, 5), torch.rand(12, 6))
    layers = {layer.name: layer for layer in result.layers}
    assert list(layers) == ["conv", "norm", "relu", "hidden", "output", "sigmoid()"]
    assert (layers["hidden"].function, layers["output"].function, layers["norm"].function) == ("tanh", None, None)
    assert layers["sigmoid()"].inbound == ("hidden", "output")
    assert all(torch.isfinite(each.signals).all() for each in result.measured.values())
    assert (result.measured["norm"].activations[2] < 1e-6).all()
    assert result.lost == {}
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.norm.training


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize(
    "options", [{}, {"bidirectional": True, "num_layers": 2}, {"batch_first": True, "bias": False}]
)
def test_an_opened_recurrence_equals_the_module(kind, options):
    torch.manual_seed(0)
    module = kind(3, 5, **options).double()
    x = torch.randn(4, 6, 3, dtype=torch.float64)
    expected, expected_state = module(x)
    opened = open_recurrence(module, x)
    output, state = opened.output
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(state, expected_state)
    assert opened.z.shape[:2] == ((4, 6) if options.get("batch_first") else (6, 4))


def test_signals_of_time_steps_are_those_of_the_hidden_states():
    """For a plain recurrence whose last state is the output, δ of the last step is known by hand."""
    torch.manual_seed(0)

    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.RNN(2, 3, batch_first=True)

        def forward(self, x):
            return self.rnn(x)[0][:, -1]

    model, x, y = Last().double(), torch.randn(5, 4, 2, dtype=torch.float64), torch.randn(5, 3, dtype=torch.float64)
    steps = probed(model, x, y).measured["rnn"].time_signals
    h = model(x).detach()
    delta = 2 * (h - y) / 3 * (1 - h**2)
    assert len(steps) == 4
    torch.testing.assert_close(steps[-1], delta.square().mean().sqrt())


@pytest.mark.parametrize(
    ("draw", "kind"),
    [
        (nn.init.zeros_, "zeros"),
        (nn.init.ones_, "ones"),
        (lambda x: nn.init.constant_(x, 0.3), "constant"),
        (lambda x: nn.init.uniform_(x, 0, 1), "random_uniform"),
        (nn.init.kaiming_uniform_, "random_uniform"),
        (lambda x: nn.init.normal_(x, 0.5, 0.1), "random_normal"),
        (lambda x: nn.init.trunc_normal_(x, std=0.02, a=-0.04, b=0.04), "truncated_normal"),
        (nn.init.orthogonal_, "orthogonal"),
        (nn.init.eye_, "identity"),
    ],
)
def test_initial_weights_show_what_they_were_drawn_from(draw, kind):
    torch.manual_seed(0)
    assert distribution(draw(torch.empty(40, 40)).numpy()).kind == kind


def test_weights_of_no_distribution_show_none():
    random = np.random.default_rng(0)
    assert distribution(random.standard_cauchy((40, 40))) is None
    assert distribution(np.where(random.uniform(size=(40, 40)) < 0.5, -1.0, 1.0)) is None
    assert distribution(np.array([1.0, np.nan])) is None


def test_the_outputs_over_the_plane_are_those_of_inference():
    data, validation = circles()
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 1))
    loss, optimizer = nn.BCEWithLogitsLoss(), sgd(model)
    watch = Watch(model, loss=loss, optimizer=optimizer, data=data, validation_data=validation, report_at_end=False)
    fit(model, optimizer, loss, data, epochs=1, watch=watch)
    watch.end()
    assert model.training
    plane = watch.recorder.plane
    points = np.stack(np.meshgrid(plane.x, plane.y), axis=-1).reshape(-1, 2)
    with torch.no_grad():
        expected = model.eval()(torch.as_tensor(points)).numpy().reshape(1, 32, 32)
    np.testing.assert_array_equal(plane.outputs, expected)
    assert plane.x[0] < float(data[0][:, 0].min())
