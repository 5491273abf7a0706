"""A Watch that records `lean`: the gradients of some batches of a record, and the same diagnoses."""

import functools

import numpy as np
import pytest
import torch
from torch import nn

from gradlab.diagnosis.groups import WIRING
from gradlab.torch import Watch
from tests.frameworks.sampling import (
    BATCHES,
    EPOCHS,
    EVERY,
    check_counts,
    check_means_over_sampled_batches,
    metric_of_steps,
)
from tests.frameworks.torch import test_wiring

RANDOM = np.random.default_rng(0)
X = torch.tensor(RANDOM.random((96, 8)), dtype=torch.float32)
Y = (X.sum(1, keepdim=True) > 4).float()
BATCH = 8


def recorded(record, every="epoch", data=(X, Y), clips=True) -> Watch:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 5), nn.Tanh(), nn.Linear(5, 1))
    optimizer, loss = torch.optim.SGD(model.parameters(), 0.5), nn.BCEWithLogitsLoss()
    watch = Watch(
        model, loss=loss, optimizer=optimizer, data=data, record=record, every=every, epochs=EPOCHS,
        report_at_end=False,
    )  # fmt: skip
    for _ in range(EPOCHS):
        for x, y in zip(X.split(BATCH), Y.split(BATCH), strict=True):
            optimizer.zero_grad()
            loss(model(x), y).backward()
            if clips:
                nn.utils.clip_grad_norm_(model.parameters(), 0.05)
            optimizer.step()
        watch.epoch()
    watch.end()
    return watch


@pytest.mark.parametrize("clips", [True, False], ids=["clipped", "read once"])
def test_lean_records_are_the_means_over_every_sixth_of_twelve_batches(clips):
    lean = recorded("lean", clips=clips).recorder
    steps = recorded({"gradients": 1}, every=1, clips=clips).recorder.runs()[0].history
    run = check_means_over_sampled_batches(lean, steps)
    losses = metric_of_steps(steps, "loss")
    np.testing.assert_allclose(run.history.metrics[1:, 0], losses.mean(axis=1), rtol=1e-5)  # of all batches
    check_counts(run, EPOCHS * BATCHES // EVERY)
    assert all(each.changed for each in run.wiring.tensors.values())


@pytest.mark.filterwarnings("ignore")
def test_a_first_record_of_unknown_length_is_measured_whole_and_tells_the_next_ones():
    recorder = recorded("lean", data=None).recorder
    assert recorder.spec.gradients_every == EVERY
    wiring = recorder.runs()[0].wiring
    assert {each.batches for each in wiring.tensors.values()} == {BATCHES + 2 * BATCHES // EVERY}


def test_with_several_optimisers_every_batch_is_measured():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 5), nn.Tanh(), nn.Linear(5, 1))
    optimizers = [torch.optim.SGD(model[place].parameters(), 0.1) for place in (0, 2)]
    loss = nn.BCEWithLogitsLoss()
    watch = Watch(model, loss=loss, optimizer=optimizers, data=(X, Y), record="lean", epochs=1, report_at_end=False)
    for x, y in zip(X.split(BATCH), Y.split(BATCH), strict=True):
        model.zero_grad()
        loss(model(x), y).backward()
        for optimizer in optimizers:
            optimizer.step()
    watch.epoch()
    watch.end()
    (run,) = watch.recorder.runs()
    assert watch.spec.gradients_every is None
    assert {each.batches for each in run.wiring.tensors.values()} == {BATCHES}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", test_wiring.SICK | test_wiring.FINE)
def test_the_diagnosis_of_lean_records_is_that_of_all_batches(name, monkeypatch):
    diagnoses = []
    for record in ("lean", {"gradients": 1}):
        monkeypatch.setattr(test_wiring, "Watch", functools.partial(Watch, record=record))
        diagnoses.append((test_wiring.SICK | test_wiring.FINE)[name]())
    lean, whole = diagnoses
    assert (lean.verdict, lean.root_cause) == (whole.verdict, whole.root_cause)
    found, expected = ({each.rule for each in diagnosis.findings} & {*WIRING} for diagnosis in diagnoses)
    assert found == expected
