"""PyTorch as a side of `bench.sizes`: the usual loop, with hooks that take statistics of each gradient.

The modules are those of `bench.twins`, which rebuilds what most specs hold.
"""

from typing import Any

import torch

from bench.sizes.side import ENDLESS, LoopTraining
from bench.twins.in_torch import optimizer_of, tensors_of
from bench.twins.modules import rebuilt
from bench.watched.turns import Turns
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets import Dataset


def torch_training(spec: ExperimentSpec, samples: Dataset) -> LoopTraining:
    """Return a training of a line by a loop of one's own.

    Raises:
        KeyError: the spec has a layer that `bench.twins` does not rebuild.
    """
    arrays = {"x": samples.train_x, "y": samples.train_y, "val_x": samples.val_x, "val_y": samples.val_y}
    made = rebuilt(spec)
    x, y, val_x, val_y = tensors_of(spec, arrays, made, torch.float32)
    model, loss, optimizer = made.module, made.loss, optimizer_of(spec, made.module)
    size = spec.training.batch_size

    def train(turns: Turns) -> None:
        statistics = _hooked(model)
        for _ in range(ENDLESS):
            model.train()
            for rows in torch.randperm(len(x)).split(size):
                optimizer.zero_grad()
                loss(model(x[rows]), y[rows]).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                sum(float(loss(model(part), of)) for part, of in zip(val_x.split(size), val_y.split(size), strict=True))
            torch.stack([*statistics.values()]).numpy()
            turns.epoch()

    return LoopTraining(train)


def _hooked(model: torch.nn.Module) -> dict[str, Any]:
    """Add the statistics of each gradient to sums, as soon as it is complete; return the sums by parameter."""
    sums = {name: torch.zeros(6) for name, _ in model.named_parameters()}

    def add(name: str) -> Any:
        def hook(parameter: torch.Tensor) -> None:
            assert parameter.grad is not None
            sums[name] += _statistics(parameter.grad.detach())

        return hook

    for name, parameter in model.named_parameters():
        parameter.register_post_accumulate_grad_hook(add(name))
    return sums


def _statistics(gradient: torch.Tensor) -> torch.Tensor:
    """Return mean |g|, mean, standard deviation, norm, largest |g| and the share of zeros."""
    size = gradient.abs()
    mean, zeros = gradient.mean(), (gradient == 0).float().mean()
    return torch.stack([size.mean(), mean, gradient.std(correction=0), gradient.norm(), size.max(), zeros])
