"""Trainings whose first updates are skipped: by a scaler for loss scaling, or because nobody makes them."""

import math

import pytest
import torch
from torch import nn

from gradlab.torch import Watch
from gradlab.watch import WatchWarning
from tests.frameworks.torch.loops import circles

STEPS, EPOCHS = 5, 4


def scaled(bad, *, fused=False, is_given=False, every="epoch"):
    """A Watch that has seen a training with a scaler, whose loss was infinite in the steps `bad`."""
    (x, y), validation = circles()
    torch.manual_seed(0)
    model, loss = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)), nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
    options = {"scaler": scaler} if is_given else {}
    data = {"data": (x, y), "validation_data": validation, "every": every, "report_at_end": False}
    watch = Watch(model, loss=loss, optimizer=optimizer, **data, **options)
    for epoch in range(EPOCHS):
        for step, places in enumerate(torch.arange(500).split(100)):
            optimizer.zero_grad()
            value = loss(model(x[places]), y[places])
            scaler.scale(value * math.inf if epoch * STEPS + step in bad else value).backward()
            scaler.step(optimizer)
            scaler.update()
        watch.epoch()
    watch.end()
    (run,) = watch.recorder.runs()
    return watch, run


def norms(run):
    return run.metric("gradient_norm")


@pytest.mark.parametrize("fused", [False, True])
def test_a_training_whose_first_update_is_skipped_is_recorded_from_the_next(fused):
    _, run = scaled((0,), fused=fused)
    plain = scaled(())[1]
    assert (run.history.first_epoch, run.history.last_epoch) == (0, EPOCHS)
    assert norms(run)[0] == pytest.approx(norms(plain)[0])  # the state before the first update
    assert all(math.isfinite(norm) for norm in norms(run))
    assert (run.wiring.loss_scale.steps, run.wiring.loss_scale.skipped) == (20, 1)


@pytest.mark.filterwarnings("ignore:no step of the optimiser:gradlab.watch.WatchWarning")
def test_an_epoch_without_an_update_is_a_record_too():
    _, run = scaled(range(STEPS))
    assert run.history.last_epoch == EPOCHS
    losses = run.metric("loss")
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)  # nothing has changed
    assert [math.isfinite(norm) for norm in norms(run)] == [True, False, True, True, True]
    assert (run.wiring.loss_scale.steps, run.wiring.loss_scale.skipped) == (20, STEPS)


@pytest.mark.parametrize("every", ["epoch", 2])
def test_a_training_without_any_update_names_the_scaler(every):
    with pytest.warns(WatchWarning, match="no step of the optimiser"):
        watch, run = scaled(range(STEPS * EPOCHS), is_given=True, every=every)
    assert run.history.last_epoch == (EPOCHS if every == "epoch" else 1)
    assert "skipped_updates" in {finding.rule for finding in watch.diagnosis().findings}
