"""Trainings of `bench.watch` by a plain loop of PyTorch."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from bench.watched.networks import Network
from bench.watched.turns import Turns
from gradlab.torch import Watch

torch.set_num_threads(1)  # as `OMP_NUM_THREADS`, which Keras on PyTorch gets: two wait for each other


def training(network: Network, record: str | None, epochs: int) -> Callable[[Turns], None]:
    """Return a training: alone if `record` is None, else with a Watch that records so much."""

    def train(turns: Turns) -> None:
        torch.manual_seed(0)
        (x, y), (val_x, val_y) = _tensors(network, *network.data), _tensors(network, *network.validation)
        model = _model(network)
        loss = nn.CrossEntropyLoss() if network.has_classes else nn.BCEWithLogitsLoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        watch = None
        if record is not None:
            samples: dict[str, Any] = {"data": (x, y), "validation_data": (val_x, val_y)}
            watch = Watch(
                model, loss=loss, optimizer=optimizer, **samples, record=record, epochs=epochs, report_at_end=False
            )
        for _ in range(epochs):
            for places in torch.randperm(len(x)).split(network.batch):
                optimizer.zero_grad()
                loss(model(x[places]), y[places]).backward()
                optimizer.step()
            validated = _validate(network, model, loss, val_x, val_y)
            if watch is not None:
                watch.epoch(**validated)
            turns.epoch()
        if watch is not None:
            watch.end()

    return train


def _validate(
    network: Network, model: nn.Module, loss: nn.Module, x: torch.Tensor, y: torch.Tensor
) -> dict[str, float]:
    """Return loss and accuracy on the validation samples, as every loop of one's own computes them."""
    model.eval()
    total, right = torch.zeros(()), torch.zeros(())
    with torch.no_grad():
        for part, expected in zip(x.split(network.batch), y.split(network.batch), strict=True):
            output = model(part)
            total += loss(output, expected) * len(part)
            answers = output.argmax(dim=1) if network.has_classes else (output > 0).float()
            right += (answers == expected).sum()
    model.train()
    return {"val_loss": float(total) / len(x), "val_accuracy": float(right) / len(x)}


def _tensors(network: Network, x: Any, y: Any) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.as_tensor(x)
    if network.filters:
        images = images.movedim(-1, 1).contiguous()
    return images, torch.as_tensor(y)


def _model(network: Network) -> nn.Module:
    shape = network.data[0].shape[1:]
    inputs, modules = shape[-1], []
    for filters in network.filters:
        modules += [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        inputs = filters
    if network.filters:
        modules.append(nn.Flatten())
        inputs *= (shape[0] >> len(network.filters)) ** 2
    *hidden, output = network.units
    for units in hidden:
        modules += [_drawn(nn.Linear(inputs, units), network), nn.Tanh() if network.activation == "tanh" else nn.ReLU()]
        inputs = units
    return nn.Sequential(*modules, nn.Linear(inputs, output))


def _drawn(layer: nn.Linear, network: Network) -> nn.Linear:
    if network.initializer == "he_uniform":
        nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
    elif isinstance(network.initializer, tuple):
        nn.init.uniform_(layer.weight, *network.initializer)
    else:
        nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
