"""FirstBatches: what the first batches of a training show of how it is put together. All of it stays on the device."""

from typing import Any

import torch
from torch import nn

from gradlab.facts.wiring import MAX_FIRST_STEPS
from gradlab.torch.losses import kind_of_loss
from gradlab.torch.meter import samples_of
from gradlab.torch.samples import first_tensor

# Modules that compute something else in training than in evaluation.
BY_MODE = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd, nn.RNNBase, nn.MultiheadAttention)


class FirstBatches:
    """Measurements of the batches that the loss gets, up to `MAX_FIRST_STEPS`.

    Args:
        model: the unwrapped model.
        loss: the training's loss.

    Attributes:
        batch_size: samples of the first batch; None if unknown.
        output_shape, target_shape: shapes of the first batch as the loss got them.
        target_form: the form of its targets; None if it is unknown.
        passes: the number of backward passes.
    """

    def __init__(self, model: nn.Module, loss: Any) -> None:
        self._kind, self._sums = kind_of_loss(loss), getattr(loss, "reduction", "") == "sum"
        self._modules = {path: each for path, each in model.named_modules() if isinstance(each, BY_MODE) or not path}
        self._in_training = dict.fromkeys(self._modules, 0)
        self.passes = 0
        self.batch_size: int | None = None
        self.output_shape: tuple[int, ...] | None = None
        self.target_shape: tuple[int, ...] | None = None
        self.target_form: Any = None
        self._losses: list[torch.Tensor] = []
        self._prints: list[torch.Tensor] = []
        self._shapes: set[tuple[int, ...]] = set()
        self._shares: list[torch.Tensor] = []
        self._ranges: list[torch.Tensor] = []
        self._growth: list[torch.Tensor] = []
        self._earlier: torch.Tensor | None = None

    @property
    def are_over(self) -> bool:
        """True once enough batches were seen."""
        return self.passes >= MAX_FIRST_STEPS

    def add_input(self, arguments: Any, named: Any) -> None:
        """Add what the model was called with in training."""
        x = first_tensor((arguments, named))
        if x is None or not x.dim() or len(self._prints) >= MAX_FIRST_STEPS:
            return
        self.batch_size = self.batch_size or len(x)
        flat = x.detach().reshape(-1).float()
        weights = torch.arange(1, len(flat) + 1, device=flat.device, dtype=flat.dtype)
        self._shapes.add(tuple(x.shape))
        self._prints.append(torch.stack([flat.sum(), flat.abs().sum(), (flat * weights).sum() / len(flat)]))

    def add_loss(self, output: Any, target: Any, loss: torch.Tensor) -> None:
        """Add what the loss got for a batch of the training, and what it returned."""
        if self.output_shape is None and isinstance(output, torch.Tensor) and isinstance(target, torch.Tensor):
            self.output_shape, self.target_shape = tuple(output.shape), tuple(target.shape)
            self.batch_size = self.batch_size or (len(target) if target.dim() else None)
            self.target_form = self._form(output, target)
        if len(self._losses) < MAX_FIRST_STEPS:
            self._losses.append(loss.detach().mean() / (samples_of(target) if self._sums and not loss.dim() else 1))
            if isinstance(target, torch.Tensor) and target.numel():
                self._ranges.append(torch.stack(target.detach().aminmax()))
            share = self._class_share(output, target)
            if share is not None:
                self._shares.append(share)

    def add_pass(self) -> None:
        """Note the modes of the modules after a backward pass."""
        self.passes += 1
        for path, module in self._modules.items():
            self._in_training[path] += module.training

    def add_gradient(self, row: torch.Tensor) -> None:
        """Compare the gradients of a step, (size,), with those of the step before."""
        if len(self._growth) >= MAX_FIRST_STEPS:
            self._earlier = None
            return
        if self._earlier is not None:
            norms = torch.linalg.vector_norm(row), torch.linalg.vector_norm(self._earlier)
            self._growth.append(
                torch.stack([norms[0] / norms[1], torch.dot(row, self._earlier) / (norms[0] * norms[1])])
            )
        self._earlier = row.clone()

    def modes(self) -> dict[str, bool]:
        """Return path -> True if the module was in training mode in the last backward pass."""
        return {path: module.training for path, module in self._modules.items()}

    def training_shares(self) -> dict[str, float]:
        """Return path -> share of the backward passes in which the module was in training mode; "" is the model."""
        return {path: count / self.passes for path, count in self._in_training.items()} if self.passes else {}

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return what is to be fetched from the device: losses, fingerprints, shares and growth."""
        parts = {"losses": self._losses, "prints": self._prints, "shares": self._shares, "growth": self._growth}
        parts["ranges"] = self._ranges
        return {name: torch.stack([each.float() for each in values]) for name, values in parts.items() if values}

    @property
    def has_one_shape(self) -> bool:
        """True if all batches have the same shape."""
        return len(self._shapes) == 1

    def _form(self, output: torch.Tensor, target: torch.Tensor) -> str | None:
        """The form of the targets, from their type and shape; the entries stay on the device."""
        if self._kind is None:
            return None
        if self._kind.indices:
            return "probabilities" if target.is_floating_point() and target.shape == output.shape else "indices"
        return "indices" if self._kind.takes is not None else "values"

    def _class_share(self, output: Any, target: Any) -> torch.Tensor | None:
        """The share of the commonest class in a batch; None for values."""
        if self._kind is None or self._kind.takes is None or not isinstance(target, torch.Tensor) or not target.numel():
            return None
        if not self._kind.indices:
            positive = (target.detach() > 0.5).float().mean()
            return torch.maximum(positive, 1 - positive)
        if target.is_floating_point():
            return target.detach().reshape(len(target), -1).mean(dim=0).max()
        classes = torch.arange(output.shape[1], device=target.device)
        return (target.detach().reshape(-1, 1) == classes).float().mean(dim=0).max()
