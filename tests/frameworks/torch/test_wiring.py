"""Wiring faults in real PyTorch loops: each is the root cause, and the same loop without it has no finding."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from gradlab.diagnosis import Diagnosis
from gradlab.diagnosis.groups import WIRING
from gradlab.torch import Watch

EPOCHS, BATCH = 4, 16
RANDOM = np.random.default_rng(0)
X = torch.tensor(RANDOM.normal(size=(96, 6)), dtype=torch.float32)
CLASSES = (X[:, :1] > 0).float()
THREE = torch.bucketize(X[:, 0].contiguous(), torch.tensor([-0.5, 0.5]))
VALUES = X[:, :1] + 0.1
VALIDATION = slice(0, 48)
Batches = Iterator[tuple[torch.Tensor, torch.Tensor]]


class Cut(nn.Module):
    """Passes its input on, and no gradient back."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.detach()


class Softmax(nn.Module):
    """Applies a softmax that no module shows."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.softmax(self.model(x), dim=-1)


def small(*between: nn.Module, units: int = 1, last: nn.Module | None = None) -> nn.Sequential:
    """Six inputs, four tanh units, what is given between, and an output."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 4), nn.Tanh(), *between, nn.Linear(4, units), *([last] if last else []))


def shuffled(x: torch.Tensor, y: torch.Tensor, batch: int = BATCH) -> Batches:
    """Batches in random order."""
    for chosen in torch.randperm(len(x)).split(batch):
        yield x[chosen], y[chosen]


def sorted_by_class(x: torch.Tensor, y: torch.Tensor) -> Batches:
    """Batches in order of class."""
    for chosen in torch.argsort(y.reshape(-1), stable=True).split(BATCH):
        yield x[chosen], y[chosen]


def repeated(x: torch.Tensor, y: torch.Tensor) -> Batches:
    """The first batch, again and again."""
    yield from [(x[:BATCH], y[:BATCH])] * (len(x) // BATCH)


def diagnosed(
    model: nn.Module,
    y: torch.Tensor,
    loss: nn.Module,
    *,
    batches: Callable[..., Batches] = shuffled,
    zeroes: bool = True,
    trains: bool = True,
    factor: float = 1.0,
    rate: float = 0.1,
    parameters: Any = None,
    scaler: Any = None,
) -> Diagnosis:
    """Train in a loop, and watch it."""
    optimizer = torch.optim.SGD(parameters or model.parameters(), rate)
    watch = Watch(
        model, loss=loss, optimizer=optimizer, data=(X, y), report_at_end=False, epochs=EPOCHS, scaler=scaler,
        validation_data=(X[VALIDATION] * factor, y[VALIDATION]),
    )  # fmt: skip
    for _ in range(EPOCHS):
        model.train(trains)
        for x, target in batches(X, y):
            if zeroes:
                optimizer.zero_grad()
            value = loss(model(x), target)
            if scaler is None:
                value.backward()
                optimizer.step()
            else:
                scaler.scale(value).backward()
                scaler.step(optimizer)
                scaler.update()
        watch.epoch()
    watch.end()
    return watch.diagnosis()


def not_in_the_optimizer() -> Diagnosis:
    """The optimiser holds the output layer alone."""
    model = small()
    return diagnosed(model, CLASSES, nn.BCEWithLogitsLoss(), parameters=model[2].parameters())


def frozen() -> Diagnosis:
    """The hidden layer was set to need no gradient."""
    model = small()
    model[0].requires_grad_(False)
    return diagnosed(model, CLASSES, nn.BCEWithLogitsLoss(), parameters=model[2].parameters(), rate=0.0)


def frozen_normalization() -> Diagnosis:
    """A batch normalisation in inference mode behind a layer that is trained, and dropout in training mode."""
    norm = nn.BatchNorm1d(4)
    norm.train = lambda mode=True: norm  # type: ignore[method-assign, assignment]
    norm.training = False
    return diagnosed(small(norm, nn.Dropout(0.1)), CLASSES, nn.BCEWithLogitsLoss())


class Rooted(nn.Module):
    """A finite loss whose gradient is 0 times infinity from the second batch on."""

    is_first = True

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        root, self.is_first = 0.0 if self.is_first else torch.sqrt(0 * output).mean(), False
        return ((output - target) ** 2).mean() + root


def scaled(loss: nn.Module) -> Diagnosis:
    """A loop with a loss scaler."""
    return diagnosed(small(), VALUES, loss, scaler=torch.amp.GradScaler("cpu"))


BCE = nn.BCEWithLogitsLoss
SICK: dict[str, Callable[[], Diagnosis]] = {
    "no_gradient: detached": lambda: diagnosed(small(Cut()), CLASSES, BCE()),
    "unchanged_weights: not in the optimiser": not_in_the_optimizer,
    "unchanged_weights: a rate of 0": lambda: diagnosed(small(), CLASSES, BCE(), rate=0.0),
    "unzeroed_gradients": lambda: diagnosed(small(), CLASSES, BCE(), zeroes=False),
    "inference_mode": lambda: diagnosed(small(nn.Dropout(0.2), nn.BatchNorm1d(4)), CLASSES, BCE(), trains=False),
    "broadcast_target": lambda: diagnosed(small(), VALUES[:, 0], nn.MSELoss()),
    "target_encoding": lambda: diagnosed(small(), THREE[:, None].float(), BCE()),
    "output_mismatch: two softmaxes": lambda: diagnosed(Softmax(small(units=3)), THREE, nn.CrossEntropyLoss()),
    "ordered_batches: by class": lambda: diagnosed(small(), CLASSES, BCE(), batches=sorted_by_class),
    "ordered_batches: one batch": lambda: diagnosed(small(), CLASSES, BCE(), batches=repeated),
    "frozen_normalization": frozen_normalization,
    "validation_scale": lambda: diagnosed(small(), CLASSES, BCE(), factor=255.0),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SICK)
def test_a_wiring_fault_is_the_root_cause(name: str):
    diagnosis = SICK[name]()
    assert diagnosis.root_cause == name.partition(":")[0], diagnosis.findings
    assert diagnosis.verdict in ("at risk", "ill")


@pytest.mark.filterwarnings("ignore")
def test_a_loss_scaler_that_skips_every_update_is_named():
    names = {each.rule for each in scaled(Rooted()).findings}
    assert "skipped_updates" in names
    assert "no_gradient" not in names


def test_frozen_layers_are_named():
    assert "no_gradient" in {each.rule for each in frozen().findings}


FINE: dict[str, Callable[[], Diagnosis]] = {
    "dropout and batch normalisation": lambda: diagnosed(small(nn.Dropout(0.2), nn.BatchNorm1d(4)), CLASSES, BCE()),
    "values": lambda: diagnosed(small(), VALUES, nn.MSELoss()),
    "class indices": lambda: diagnosed(small(units=3), THREE, nn.CrossEntropyLoss()),
    "rows of classes": lambda: diagnosed(
        small(units=3), torch.nn.functional.one_hot(THREE, 3).float(), nn.CrossEntropyLoss()
    ),
    "a loss scaler": lambda: scaled(nn.MSELoss()),
    "a full batch": lambda: diagnosed(small(), CLASSES, BCE(), batches=lambda x, y: shuffled(x, y, len(x))),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FINE)
def test_without_a_fault_no_rule_on_wiring_has_a_finding(name: str):
    diagnosis = FINE[name]()
    sick = {each.partition(":")[0] for each in SICK}
    assert not {*WIRING, *sick} & {each.rule for each in diagnosis.findings}, diagnosis.findings
    assert not {*WIRING} & {each.rule for each in diagnosis.unjudged}, diagnosis.unjudged
