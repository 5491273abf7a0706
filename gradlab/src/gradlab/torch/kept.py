"""KeptGradients: whether gradients are zeroed between the first updates of a training."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from gradlab.facts.wiring import MAX_FIRST_STEPS


class KeptGradients:
    """Hooks on the tensors of optimisers, which see a gradient before it is added to what a tensor has.

    After an update, the first tensor whose gradient arrives shows whether it still has the one before. Where a loop
    zeroes does not matter: before the forward pass, after it, or after the update.

    Args:
        optimizers: the optimisers.
        attempt: runs a function, and keeps its errors from the training.
    """

    def __init__(self, optimizers: Sequence[torch.optim.Optimizer], attempt: Callable[..., Any]) -> None:
        self._optimizers, self._attempt = optimizers, attempt
        self._hooks: list[tuple[torch.Tensor, Any]] = []
        self._steps: list[Any] = []
        self._is_next = False
        self._kept: list[torch.Tensor] = []

    def open(self) -> None:
        """Register the hooks."""
        for optimizer in self._optimizers:
            self._steps.append(optimizer.register_step_post_hook(self._on_stepped))
            for group in optimizer.param_groups:
                members = [each for each in group["params"] if each.is_leaf and each.requires_grad]
                self._hooks += [(each, each.register_hook(self._noting(each))) for each in members]

    def close(self) -> None:
        """Remove the hooks. None of them may be running."""
        self._remove_hooks_of_tensors()
        for handle in self._steps:
            handle.remove()
        self._steps = []

    def close_if_over(self) -> None:
        """Remove the hooks once enough was seen. None of them may be running."""
        if self._steps and len(self._kept) >= MAX_FIRST_STEPS:
            self.close()

    def _remove_hooks_of_tensors(self) -> None:
        for tensor, handle in self._hooks:
            handle.remove()
            if tensor._backward_hooks is not None and not tensor._backward_hooks:
                tensor._backward_hooks = None  # an empty table is looked through in each pass
        self._hooks = []

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return ``kept``, for each of the first updates 1 if the gradients were kept after it, else 0; {} for none."""
        return {"kept": torch.stack(self._kept)} if self._kept else {}

    def _noting(self, value: torch.Tensor) -> Callable[[torch.Tensor], None]:
        def arrived(_: torch.Tensor) -> None:
            if self._is_next:
                self._is_next = False
                self._attempt(self._note, value)

        return arrived

    def _note(self, value: torch.Tensor) -> None:
        gradient = value.grad
        if gradient is None:
            self._kept.append(torch.zeros((), device=value.device))
        elif not gradient.is_sparse:
            self._kept.append((gradient.detach() != 0).any().float())

    def _on_stepped(self, *_: Any) -> None:
        self._is_next = len(self._kept) < MAX_FIRST_STEPS
        if not self._is_next and self._hooks:
            self._attempt(self._remove_hooks_of_tensors)
