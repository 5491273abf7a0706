"""Meter: loss and metrics over batches, as sums that stay on the device."""

import itertools
from typing import Any

import torch

from gradlab.torch.losses import kind_of_loss

ACCURACY, R2 = "accuracy", "r2_score"


# Batches whose answers are kept until they are counted together, and the numbers of one that is kept.
MAX_KEPT, MAX_KEPT_NUMBERS = 64, 10_000


class Meter:
    """Loss and accuracy, or R² of values, over batches.

    Args:
        loss: the training's loss, whose kind decides what a right answer is.

    Attributes:
        entries: the numbers of the answers that are kept.
    """

    def __init__(self, loss: Any) -> None:
        self._kind = kind_of_loss(loss)
        self._samples = 0
        self._loss: Any = 0.0
        self._losses: list[tuple[torch.Tensor, int]] = []
        self._kept: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._answers = self.entries = 0
        self._right: Any = None
        self._moments: tuple[Any, ...] | None = None

    @property
    def is_empty(self) -> bool:
        """True before the first batch."""
        return not self._samples

    def add(self, output: Any, target: Any, loss: torch.Tensor, samples: int) -> None:
        """Add a batch with its mean loss."""
        self._samples += samples
        self._losses.append((loss.detach(), samples))
        if self._kind is not None and isinstance(output, torch.Tensor) and isinstance(target, torch.Tensor):
            self._kept.append((output.detach(), target.detach()))
            self.entries += (numbers := output.numel())
            if numbers > MAX_KEPT_NUMBERS:
                self._count_kept()
        if len(self._losses) == MAX_KEPT:
            self._count_kept()

    def _count_kept(self) -> None:
        if self._losses:
            losses = torch.stack([loss.float() for loss, _ in self._losses])
            weights = torch.tensor([float(samples) for _, samples in self._losses], device=losses.device)
            self._loss = self._loss + torch.dot(losses, weights)
        kept, self._losses, self._kept, self.entries = self._kept, [], [], 0
        if self._kind is None:
            return
        for (scalars, *_), pairs in itertools.groupby(kept, key=_likeness):
            outputs, targets = zip(*pairs, strict=True)
            join = torch.stack if scalars else torch.cat
            output, target = (each[0] if len(each) == 1 else join(each) for each in (outputs, targets))
            if self._kind.indices:
                self._classes(output, target)
            elif target.numel() == output.numel():
                self._units(output, target.reshape(output.shape))

    def _classes(self, output: torch.Tensor, target: torch.Tensor) -> None:
        if output.dim() < 2:
            return
        answer = output.argmax(dim=1)
        expected = target.argmax(dim=1) if target.is_floating_point() and target.shape == output.shape else target
        if expected.shape == answer.shape:
            counts = expected >= 0  # -100 marks targets that the loss leaves out
            self._count(((answer == expected) & counts).sum(), counts.sum())

    def _units(self, output: torch.Tensor, target: torch.Tensor) -> None:
        assert self._kind is not None
        if self._kind.takes is not None:
            threshold = 0.0 if self._kind.takes == "logits" else 0.5
            self._count(((output > threshold) == (target > 0.5)).sum(), output.numel())
            return
        p, y = (each.reshape(-1, each.shape[-1] if each.dim() > 1 else 1) for each in (output.float(), target.float()))
        parts = (len(y), y.sum(dim=0), y.square().sum(dim=0), (y - p).square().sum(dim=0))
        self._moments = (
            parts if self._moments is None else tuple(a + b for a, b in zip(self._moments, parts, strict=True))
        )

    def _count(self, right: torch.Tensor, answers: Any) -> None:
        self._answers = self._answers + answers
        self._right = right if self._right is None else self._right + right

    def results(self) -> dict[str, torch.Tensor]:
        """Return the metrics by name, on the device; {} without a batch."""
        if not self._samples:
            return {}
        self._count_kept()
        metrics = {"loss": torch.as_tensor(self._loss / self._samples)}
        if self._right is not None:
            metrics[ACCURACY] = torch.as_tensor(self._right / self._answers)
        if self._moments is not None:
            n, total, squares, errors = self._moments
            spread = squares - total.square() / n
            metrics[R2] = (1 - errors / torch.where(spread == 0, float("nan"), spread)).mean()
        return metrics


def _likeness(pair: tuple[torch.Tensor, torch.Tensor]) -> tuple[Any, ...]:
    """Return what batches have in common whose answers are counted together; first True for single numbers."""
    output, target = pair
    return output.dim() == 0, output.shape[1:], target.dim(), target.shape[1:]
