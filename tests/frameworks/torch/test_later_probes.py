"""Probes that run later measure what those at each record's end do, whatever the training has changed since."""

import numpy as np
import pytest
import torch
from torch import nn

from gradlab.torch import Watch, later_probes

RANDOM = np.random.default_rng(0)
X = torch.tensor(RANDOM.random((96, 8)))
Y = (X.sum(1, keepdim=True) > 4).to(X)
RECORDS = 6


class Own(nn.Sequential):
    """A module that is none of PyTorch's own."""


def recorded(kind: type[nn.Sequential], dtype: torch.dtype) -> dict[str, np.ndarray]:
    """The series of what a probe observes, and the trained weights."""
    torch.manual_seed(0)
    hidden = [nn.Linear(8, 6), nn.BatchNorm1d(6), nn.LeakyReLU(0.2), nn.Dropout(0.5), nn.Linear(6, 6), nn.Tanh()]
    model = kind(*hidden, nn.Linear(6, 1)).to(dtype)
    optimizer, loss = torch.optim.SGD(model.parameters(), 0.5), nn.BCEWithLogitsLoss()
    x, y = X.to(dtype), Y.to(dtype)
    watch = Watch(
        model, loss=loss, optimizer=optimizer, data=(x, y), record="full", epochs=RECORDS, report_at_end=False
    )
    for number in range(RECORDS):
        for part, expected in zip(x.split(8), y.split(8), strict=True):
            optimizer.zero_grad()
            loss(model(part), expected).backward()
            optimizer.step()
        if number == RECORDS - 2:
            model[1].eval()  # frozen from now on: the last probe normalises by running means
        watch.epoch()
    watch.end()
    history = watch.recorder.runs()[0].history
    weights = {"trained": np.concatenate([each.detach().reshape(-1) for each in model.parameters()])}
    return {kind: history.series[kind] for kind in ("activations", "signals")} | weights


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_they_measure_the_same_and_change_no_bit(dtype, monkeypatch):
    runs = []
    original = later_probes.LaterProbes.flows

    def counted(*arguments):
        runs.append(arguments[1])
        return original(*arguments)

    monkeypatch.setattr(later_probes.LaterProbes, "flows", counted)
    at_once = recorded(Own, dtype)
    assert runs == []
    later = recorded(nn.Sequential, dtype)
    assert len(runs) >= RECORDS - 2  # a hook on the model sees the first batches, and their record's probe runs at once
    for name, expected in at_once.items():
        np.testing.assert_array_equal(later[name], expected, err_msg=name)


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model[0].register_forward_hook(lambda *_: None),
        lambda model: model[0].weight.requires_grad_(False),
        lambda model: model.append(nn.MultiheadAttention(4, 1)),
        lambda model: model.append(nn.LSTM(1, 1)),
        lambda model: model[0].half(),
    ],
    ids=["hook", "frozen", "attention", "recurrence", "half"],
)
def test_what_a_copy_would_not_repeat_is_probed_at_once(change):
    from gradlab.torch.measure import FlatLayout
    from gradlab.torch.naming import named_parameters

    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    row = torch.zeros(20)

    def taken():
        parameters = named_parameters(model)
        layout = FlatLayout([each.value.shape for each in parameters])
        return later_probes.LaterProbes(model, nn.MSELoss(), parameters, layout, []).take(row, {}, 0)

    assert taken() is not None
    change(model)
    assert taken() is None
