"""Layers are described in the vocabulary of the service, as far as it can say what they compute."""

import pytest
import torch
from torch import nn

from gradlab.torch import Watch


def watched(model, x, y=None):
    y = torch.randn(len(x), 1) if y is None else y
    watch = Watch(
        model, loss=nn.MSELoss(), optimizer=torch.optim.SGD(model.parameters(), 0.01), data=(x, y), report_at_end=False
    )
    watch.begin()
    watch.end()
    return watch, {layer.name: layer for layer in watch.spec.layers}


class Last(nn.Module):
    """An LSTM's last state, and a dense layer."""

    def __init__(self):
        super().__init__()
        self.lstm, self.out = nn.LSTM(1, 8, batch_first=True), nn.Linear(8, 1)

    def forward(self, x):
        return self.out(self.lstm(x)[0][:, -1])


@pytest.mark.parametrize("has_ones", [False, True])
def test_a_forget_bias_of_1_is_a_part_of_an_lstm(has_ones):
    torch.manual_seed(0)
    model = Last()
    if has_ones:
        with torch.no_grad():
            for bias in (model.lstm.bias_ih_l0, model.lstm.bias_hh_l0):
                bias.zero_()
            model.lstm.bias_ih_l0[8:16] = 1
    watch, layers = watched(model, torch.randn(40, 6, 1))
    own = layers["lstm"].configuration
    assert own.unit_forget_bias is has_ones
    assert own.bias_initializer.kind == ("zeros" if has_ones else "random_uniform")
    assert layers["lstm"].activation == "tanh"
    assert own.return_sequences is False  # only its last state goes on
    assert layers["out"].activation == "linear"
    assert [each.rule for each in watch.diagnosis().unjudged if "configured" in each.why] == []


def test_pooling_to_one_position_is_global():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 1))
    watch, layers = watched(model, torch.randn(40, 1, 6, 6))
    assert layers["2"].configuration.kind == "global_average_pooling2d"
    assert [each.rule for each in watch.diagnosis().unjudged if "configured" in each.why] == []


def test_a_bias_of_three_entries_is_drawn_as_pytorch_draws_it():
    torch.manual_seed(0)
    _, layers = watched(nn.Sequential(nn.Linear(16, 3), nn.Tanh(), nn.Linear(3, 1)), torch.randn(40, 16))
    for name, bound in (("0", 16**-0.5), ("2", 3**-0.5)):
        bias = layers[name].configuration.bias_initializer
        assert (bias.kind, bias.minval, bias.maxval) == ("random_uniform", pytest.approx(-bound), pytest.approx(bound))


def test_samples_that_normalise_each_other_are_measured_together():
    torch.manual_seed(0)
    x = torch.randn(700, 4)
    model, loss = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1)), nn.MSELoss()
    y = torch.randn(700, 1)
    watch, _ = watched(model, x, y)
    expected = torch.autograd.grad(loss(model.train()(x), y), model[1].weight)[0].norm()
    history = watch.recorder.runs()[0].history
    layout = history.layout["gradients"]
    place = [(tensor.layer, tensor.parameter) for tensor in layout.tensors].index(("1", "weight"))
    measured = history.series["gradients"][0, place, layout.columns.index("l2")]
    assert measured == pytest.approx(float(expected), rel=1e-4)
