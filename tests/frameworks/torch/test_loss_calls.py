"""Losses and answers are kept with their graphs where these are small, and are counted as the loss returned them."""

import pytest
import torch
from torch import nn

from gradlab.torch.evaluation import Evaluation
from gradlab.torch.first_batches import FirstBatches
from gradlab.torch.loss_calls import MAX_KEPT, MAX_KEPT_NUMBERS, LossCalls
from gradlab.torch.naming import named_parameters

BATCHES = 2 * MAX_KEPT


def training(batch_entries, change=lambda step, loss: None):
    """Train for some batches; return the calls, the mean loss, and the number of right answers."""
    torch.manual_seed(0)
    model, loss = nn.Linear(3, 1), nn.BCEWithLogitsLoss()
    first = FirstBatches(model, loss)
    calls = LossCalls(
        loss, first, Evaluation(model, loss, named_parameters(model)), lambda part, run, *given: run(*given)
    )
    calls.batch_entries = batch_entries
    losses, right = [], 0
    for step in range(BATCHES):
        x = torch.randn(4 + step % 3, 3)
        y = (x[:, :1] > 0).float()
        output = model(x)
        value = loss(output, y)
        calls.see((output, y), value)
        losses += [float(value.detach())] * len(x)
        right += int(((output > 0) == (y > 0.5)).sum())
        change(step, value)
        value.backward()
        first.add_pass()
    return calls, sum(losses) / len(losses), right


@pytest.mark.parametrize("batch_entries", [None, 12.0, 1e6], ids=["unknown", "small", "large"])
def test_every_batch_is_counted_and_only_small_graphs_are_kept(batch_entries):
    calls, loss, right = training(batch_entries)
    kept = [output.grad_fn is not None for (output, _), _ in calls.meter.calls]
    assert len(kept) > MAX_KEPT // 2
    assert set(kept) == {batch_entries == 12.0}
    results = calls.end_record().results()
    assert float(results["loss"]) == pytest.approx(loss, rel=1e-6)
    assert float(results["accuracy"]) == pytest.approx(right / sum(4 + step % 3 for step in range(BATCHES)))


@pytest.mark.parametrize("batch_entries", [None, 12.0])
@pytest.mark.parametrize(
    "arguments", [((torch.ones(3), torch.ones(3)), torch.ones(3)), (torch.ones(3), torch.ones(MAX_KEPT_NUMBERS + 1))]
)
def test_pairs_of_outputs_and_large_targets_are_kept_of_no_batch(batch_entries, arguments):
    calls, _, _ = training(batch_entries)
    kept = []
    for _ in range(2 * MAX_KEPT):
        calls.see(arguments, torch.zeros((), requires_grad=True))
        kept.append(len(calls.meter.calls))
    assert 0 in kept
    assert not any(kept[kept.index(0) :])


def test_losses_that_the_loop_divides_in_place_are_counted_at_once():
    def halve(step, loss):
        with torch.no_grad():
            loss /= 2

    calls, loss, _ = training(12.0, halve)
    assert not calls.meter.calls
    assert float(calls.end_record().results()["loss"]) == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize("columns", [(1, 1), (1, 2)], ids=["alike", "unlike"])
def test_calls_of_several_records_are_joined_at_once_and_counted_with_their_own(columns):
    calls, _, _ = training(12.0)
    calls.end_record()
    meters, expected = [], []
    for record in range(12):
        right = total = 0
        for step in range(6 + record):
            shape = 3 + step % 2, columns[record % 2]
            output, target = torch.randn(shape, requires_grad=True), (torch.rand(shape) > 0.5).float()
            calls.see((output, target), (output * 0).sum() + record)
            right, total = right + int(((output > 0) == (target > 0.5)).sum()), total + output.numel()
        meters.append(calls.end_record())
        expected.append((record, right / total))
    assert sum(bool(each.calls) for each in meters) < 12  # those of the others were joined together
    for meter, (loss, accuracy) in zip(meters, expected, strict=True):
        results = meter.results()
        assert (float(results["loss"]), float(results["accuracy"])) == pytest.approx((loss, accuracy))
