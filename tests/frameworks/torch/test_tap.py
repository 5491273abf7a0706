"""Gradients are measured as the optimiser would get them without clipping, in every kind of loop."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from gradlab.measurement.statistics import GRADIENT_STATISTICS
from gradlab.torch.gradient_rows import GradientRows
from gradlab.torch.measure import FlatLayout
from gradlab.torch.naming import device_of, named_parameters
from gradlab.torch.scaling import LossScale
from gradlab.torch.sums import Sums, counts_of
from gradlab.torch.tap import GradientTap

NAMES = [each.name for each in GRADIENT_STATISTICS]


def network(dtype=torch.float32):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).to(dtype)


def batches(count, dtype=torch.float32, size=6):
    generator = torch.Generator().manual_seed(1)
    return [
        (torch.randn(size, 4, generator=generator).to(dtype), torch.randint(3, (size,), generator=generator))
        for _ in range(count)
    ]


class Tapped:
    """A model with an open tap, and what it measured."""

    def __init__(self, model, optimizers, scaler=None, every=1):
        self.parameters = named_parameters(model)
        layout = FlatLayout([each.value.shape for each in self.parameters])
        self.scale = LossScale(scaler)
        self.rows = GradientRows(layout, device_of(self.parameters), self.parameters[0].value.dtype)
        self.steps = 0
        self.tap = GradientTap(
            self.parameters,
            optimizers,
            self.rows,
            self.scale,
            attempt=lambda function, *arguments: function(*arguments),
            before_step=lambda: None,
            after_step=self._count,
        )
        self.tap.samples = every > 1
        self.tap.open()
        self.tap.sample(every)

    def _count(self):
        self.steps += 1

    def of(self, statistic):
        return self.means()[:, NAMES.index(statistic)]

    def means(self):
        return self.rows.means(Sums.stacked([self.rows.sums()]))[0].numpy()

    def norms(self, name):
        self.rows.sums()
        return torch.cat([getattr(each, name) for each in self.rows.first]).numpy()


def expected_means(gradients):
    """The statistics of lists of gradients, one list for each step, averaged over the steps by NumPy."""
    tensors = []
    for of_tensor in zip(*gradients, strict=True):
        rows = np.stack([np.asarray(each).reshape(-1) for each in of_tensor])
        union = (rows != 0).any(axis=0).astype(rows.dtype)
        tensors.append(
            [
                each.compute(rows, np).mean() if each.over_batches == "mean" else each.compute(union, np)
                for each in GRADIENT_STATISTICS
            ]
        )
    return np.array(tensors)


def gradients_of(model, x, y):
    loss = nn.functional.cross_entropy(model(x), y)
    return [each.numpy() for each in torch.autograd.grad(loss, list(model.parameters()))]


@pytest.mark.parametrize("rows", [1, 256])
def test_statistics_are_means_over_the_steps(rows, monkeypatch):
    monkeypatch.setattr("gradlab.torch.gradient_rows.MAX_ROWS", rows)
    model = network(torch.float64)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    tapped, expected = Tapped(model, [optimizer]), []
    for x, y in batches(5, torch.float64):
        expected.append(gradients_of(model, x, y))
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    np.testing.assert_allclose(tapped.means(), expected_means(expected), rtol=1e-9, atol=1e-12)
    assert tapped.steps == 5


def test_gradients_are_summed_over_accumulated_batches():
    model = network(torch.float64)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    tapped, expected = Tapped(model, [optimizer]), []
    for first, second in (batches(2, torch.float64), batches(4, torch.float64)[2:]):
        both = [gradients_of(model, *each) for each in (first, second)]
        expected.append([a + b for a, b in zip(*both, strict=True)])
        optimizer.zero_grad()
        for x, y in (first, second):
            nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    np.testing.assert_allclose(tapped.means(), expected_means(expected), rtol=1e-9, atol=1e-12)


def test_what_differs_before_the_step_is_clipping():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    tapped = Tapped(model, [optimizer])
    norms = []
    for step, (x, y) in enumerate(batches(4)):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        norms.append(float(nn.utils.clip_grad_norm_(model.parameters(), 0.1 if step % 2 else 1e3)))
        optimizer.step()
    np.testing.assert_allclose(tapped.norms("before"), norms, rtol=1e-6)
    np.testing.assert_allclose(tapped.norms("after"), [norms[0], 0.1, norms[2], 0.1], rtol=1e-4)
    assert tapped.norms("changed").tolist() == [0, 1, 0, 1]


def in_place(model):
    nn.utils.clip_grad_norm_(model.parameters(), 1e-3)


def through_data(model):
    for each in model.parameters():
        each.grad.data.mul_(1e-3)


def by_other_tensors(model):
    for each in model.parameters():
        each.grad = each.grad * 1e-3


def clipped_and_measured(clip, **sampling):
    """The steps seen to be clipped and those measured, of 80 whose clipping begins with the 41st."""
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    tapped = Tapped(model, [optimizer], **sampling)
    for step, (x, y) in enumerate(batches(80)):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        if step >= 40:
            clip(model)
        optimizer.step()
    return tapped.rows.sums().norms[2:].tolist()


@pytest.mark.parametrize(
    ("clip", "measured", "clipped"), [(in_place, 39, 19), (through_data, 40, 15), (by_other_tensors, 40, 15)]
)
def test_clipping_that_begins_where_steps_are_read_once_is_seen(clip, measured, clipped):
    """One step in two is measured. Of clipping in place one is lost; other clipping shows in steps read twice."""
    assert clipped_and_measured(clip, every=2) == [clipped, measured]


@pytest.mark.parametrize(("clip", "clipped"), [(in_place, 40), (through_data, 29), (by_other_tensors, 40)])
def test_clipping_of_a_large_model_is_seen_where_few_steps_are_compared(clip, clipped, monkeypatch):
    """All steps are measured. Clipping through `.data` shows in the next step that is compared, and in all after it."""
    monkeypatch.setattr("gradlab.torch.gradient_rows.MAX_ROWS", 1)
    assert clipped_and_measured(clip) == [clipped, 80]


def test_a_gradient_that_is_only_asked_for_is_not_read():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    tapped = Tapped(model, [optimizer], every=2)
    for x, y in batches(2):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        in_place(model)
        gradients_of(model, x, y)
        optimizer.step()
    assert tapped.norms("changed").tolist() == [1, 1]


def scaled_training(model, optimizer, scaler, count, *, unscales=False, bad=()):
    for step, (x, y) in enumerate(batches(count)):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        scaler.scale(loss * math.inf if step in bad else loss).backward()
        if unscales:
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        scaler.step(optimizer)
        scaler.update()


@pytest.mark.parametrize("is_given", [True, False], ids=["given", "looked up"])
@pytest.mark.parametrize("fused", [False, True])
def test_the_loss_scale_is_divided_out_and_skipped_steps_are_counted(is_given, fused):
    model, plain = network(), network()
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
    tapped = Tapped(
        model, [optimizer := torch.optim.SGD(model.parameters(), 0.1, fused=fused)], scaler if is_given else None
    )
    scaled_training(model, optimizer, scaler, 6, bad=(0, 3))
    reference = Tapped(plain, [optimizer := torch.optim.SGD(plain.parameters(), 0.1)])
    for step, (x, y) in enumerate(batches(6)):
        if step not in (0, 3):
            optimizer.zero_grad()
            nn.functional.cross_entropy(plain(x), y).backward()
            optimizer.step()
    np.testing.assert_allclose(tapped.means(), reference.means(), rtol=1e-5)
    assert float(tapped.scale.skipped) == 2
    assert tapped.rows.sums().counts.tolist() == [4] * 4
    made = tapped.norms("weight") > 0
    assert tapped.norms("changed")[made].tolist() == [0] * 4


def test_clipping_after_unscaling_is_seen():
    model = network()
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    tapped = Tapped(model, [optimizer], scaler)
    scaled_training(model, optimizer, scaler, 3, unscales=True)
    assert tapped.norms("changed").tolist() == [1, 1, 1]
    np.testing.assert_allclose(tapped.norms("after"), [0.1] * 3, rtol=1e-4)
    assert (tapped.norms("before") > 0.11).all()


def test_a_closure_computes_its_gradients_inside_the_step():
    model = network()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=1)
    tapped = Tapped(model, [optimizer])
    x, y = batches(1)[0]
    expected = gradients_of(model, x, y)

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(tapped.of("l2"), [np.linalg.norm(each) for each in expected], rtol=1e-5)


class Irregular(nn.Module):
    """A tied table, a sparse one, and a layer that the loss does not depend on."""

    def __init__(self):
        super().__init__()
        self.sparse = nn.Embedding(10, 4, sparse=True)
        self.table = nn.Embedding(7, 4)
        self.output = nn.Linear(4, 7, bias=False)
        self.output.weight = self.table.weight
        self.unused = nn.Linear(4, 4)
        self.frozen = nn.Linear(4, 4).requires_grad_(False)

    def forward(self, x):
        return self.output(self.frozen(self.sparse(x) + self.table(x % 7)))


def test_missing_tied_and_sparse_gradients_are_what_they_are():
    torch.manual_seed(0)
    model = Irregular()
    optimizers = [torch.optim.SGD([*model.parameters()], 0.1)]
    tapped = Tapped(model, optimizers)
    assert [each.path for each in tapped.parameters] == [
        "sparse/weight", "table/weight", "unused/weight", "unused/bias",
    ]  # fmt: skip
    assert tapped.parameters[1].aliases == ("output.weight",)
    x, y = torch.tensor([1, 1, 8]), torch.tensor([0, 1, 2])
    expected = copy.deepcopy(model)
    loss = nn.functional.cross_entropy(expected(x), y)
    loss.backward()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizers[0].step()
    l2 = tapped.of("l2")
    np.testing.assert_allclose(l2[0], expected.sparse.weight.grad.to_dense().norm(), rtol=1e-5)
    np.testing.assert_allclose(l2[1], expected.table.weight.grad.norm(), rtol=1e-5)
    assert np.isnan(tapped.means()[2:]).all()
    assert counts_of([tapped.rows.counts()], 4)[1].tolist() == [[0, 0, 1, 1]]


def test_each_of_several_optimisers_counts_its_own_steps():
    model = network()
    first, second = torch.optim.SGD(model[0].parameters(), 0.1), torch.optim.SGD(model[2].parameters(), 0.1)
    tapped = Tapped(model, [first, second])
    for step, (x, y) in enumerate(batches(4)):
        model.zero_grad()
        expected = gradients_of(model, x, y)
        nn.functional.cross_entropy(model(x), y).backward()
        first.step()
        if step == 3:
            second.step()
    assert counts_of([tapped.rows.counts()], 4)[0].tolist() == [[4, 4, 1, 1]]
    np.testing.assert_allclose(tapped.of("l2")[2:], [np.linalg.norm(each) for each in expected[2:]], rtol=1e-5)
    assert tapped.norms("changed").tolist() == [0] * 5


def test_a_backward_pass_that_raises_leaves_the_next_one_measured():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    tapped = Tapped(model, [optimizer])
    x, y = batches(1)[0]
    handle = model[0].weight.register_hook(lambda gradient: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        nn.functional.cross_entropy(model(x), y).backward()
    handle.remove()
    optimizer.zero_grad()
    expected = gradients_of(model, x, y)
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
    np.testing.assert_allclose(tapped.of("l2"), [np.linalg.norm(each) for each in expected], rtol=1e-5)


def test_a_closed_tap_leaves_no_hook():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    tapped = Tapped(model, [optimizer])
    tapped.tap.close()
    assert not optimizer._optimizer_step_pre_hooks
    assert not optimizer._optimizer_step_post_hooks
    assert not any(each._post_accumulate_grad_hooks or each._backward_hooks for each in model.parameters())


@pytest.mark.parametrize("every", [1, 2])
def test_after_the_first_steps_no_hook_looks_at_gradients_that_are_kept(every):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    tapped = Tapped(model, [optimizer], every=every)
    for step, (x, y) in enumerate(batches(60)):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        assert step not in (20, 30) or not any(each._backward_hooks for each in model.parameters())
    assert tapped.tap.kept.tensors()["kept"].tolist() == [0] * 20
    assert len(optimizer._optimizer_step_post_hooks) == 1
