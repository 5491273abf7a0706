"""A Watch in a Lightning trainer records what a Watch in a plain loop records."""

import warnings

import lightning.pytorch as lightning
import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from gradlab.torch.lightning import Watch
from gradlab.watch import WatchWarning
from tests.frameworks.torch.loops import circles, deep, sgd
from tests.frameworks.torch.test_watch import history_of, metric

# What Lightning itself warns of here: few workers, deprecated functions of PyTorch.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")


class Module(lightning.LightningModule):
    """The tutorial's second network with its loss."""

    def __init__(self):
        super().__init__()
        self.network, self.criterion, self.norms = deep(), nn.BCELoss(), []

    def forward(self, x):
        return self.network(x)

    def training_step(self, batch, _):
        loss = self.criterion(self(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def on_after_backward(self):
        self.norms.append(float(torch.linalg.vector_norm(torch.cat([p.grad.reshape(-1) for p in self.parameters()]))))

    def configure_optimizers(self):
        return sgd(self)


def train(folder, *callbacks, **named):
    torch.manual_seed(0)
    data, _ = circles()
    loader = DataLoader(TensorDataset(*data), batch_size=50, shuffle=True)
    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    module = Module()
    trainer = lightning.Trainer(
        max_epochs=2, accelerator="cpu", callbacks=[*callbacks], default_root_dir=folder, **quiet, **named
    )
    trainer.fit(module, loader)
    return module


def test_gradients_are_those_before_clipping(tmp_path):
    watch = Watch(report_at_end=False)
    module = train(tmp_path, watch, gradient_clip_val=0.1)
    norms = np.array(module.norms).reshape(2, 10).mean(axis=1)
    np.testing.assert_allclose(metric(watch.watch, "gradient_norm")[1:], norms, rtol=1e-4)
    assert metric(watch.watch, "clipped_gradient_norm")[1] == pytest.approx(0.1, rel=1e-3)
    assert metric(watch.watch, "clipped_fraction")[1] == 1
    assert watch.watch.spec.layers[0].name == "network.0"
    assert watch.watch.spec.loss.kind == "binary_crossentropy"
    assert (watch.watch.spec.epochs, watch.watch.spec.batch_size) == (2, 50)
    assert history_of(watch.watch).last_epoch == 2
    assert np.isfinite(history_of(watch.watch).series["signals"]).all()
    assert str(watch.diagnosis().verdict) in ("ill", "at risk", "undecided", "healthy")


def test_observing_changes_no_bit_of_the_training(tmp_path):
    plain, observed = train(tmp_path), train(tmp_path, Watch(report_at_end=False, record="full"))
    for one, other in zip(plain.parameters(), observed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_accumulated_batches_are_one_step(tmp_path):
    watch = Watch(report_at_end=False)
    train(tmp_path, watch, accumulate_grad_batches=5)
    tensors = watch.watch.recorder.runs()[0].wiring.tensors
    assert {each.batches for each in tensors.values()} == {4}


class Inner(lightning.Callback):
    """Trains another module with the same Watch, in the middle of an epoch of the first."""

    def __init__(self, folder, watch):
        self.folder, self.watch, self.module = folder, watch, None

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if self.module is None and trainer.current_epoch == 1:
            self.module = True
            self.module = train(self.folder, self.watch)


def test_of_two_trainers_at_once_the_first_is_watched_and_the_other_told(tmp_path):
    watch, alone = Watch(report_at_end=False), Watch(report_at_end=False)
    inner = Inner(tmp_path, watch)
    with pytest.warns(WatchWarning, match="a Watch watches one model at a time") as warned:
        train(tmp_path, watch, inner)
    assert len([each for each in warned if issubclass(each.category, WatchWarning)]) == 1
    assert isinstance(inner.module, Module)
    train(tmp_path, alone)
    assert history_of(watch.watch).last_epoch == 2
    for epoch in (0, 1):  # before the other training changed the generator that shuffles
        first, second = (history_of(each.watch).series["gradients"][epoch] for each in (watch, alone))
        np.testing.assert_array_equal(first, second)


def test_one_after_the_other_each_is_a_run_of_its_own(tmp_path):
    watch = Watch(report_at_end=False)
    for _ in range(2):
        train(tmp_path, watch)
        assert history_of(watch.watch).last_epoch == 2


def test_a_fault_ends_no_training(tmp_path, monkeypatch):
    def broken(*arguments, **named):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("gradlab.torch.adapter.Adapter._begin", broken)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train(tmp_path, Watch())
    assert [str(each.message)[:38] for each in caught if issubclass(each.category, WatchWarning)] == [
        "nothing is recorded of this training: "
    ]
