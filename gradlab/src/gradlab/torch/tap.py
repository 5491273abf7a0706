"""GradientTap: reads the gradients that optimisers receive, without changing them.

The gradient is read when a backward pass has ended, after other callbacks such as those of `DistributedDataParallel`,
which average it over processes. The last reading before a step counts. In the optimiser's hook before the step it is
read again: what differs is the clipping. A step that a `GradScaler` skips calls no hook, and is not averaged.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from gradlab.facts.wiring import MAX_FIRST_STEPS
from gradlab.torch.gradient_rows import GradientRows
from gradlab.torch.kept import KeptGradients
from gradlab.torch.naming import NamedParameter
from gradlab.torch.scaling import LossScale


class GradientTap:
    """Hooks on a model's trainable tensors and its optimisers, from `open` to `close`.

    Args:
        parameters: the trainable tensors.
        optimizers: what updates them.
        rows: takes the gradients of each step.
        scale: the loss scale, if a `GradScaler` scales the loss.
        attempt: runs a function, and keeps its errors from the training.
        before_step: is called before each of the first `MAX_FIRST_STEPS` steps, before it changes a weight.
        after_step: is called after each step from `due_at` on.
        after_backward: is called after every backward pass that is measured.

    Attributes:
        kept: shows whether gradients are zeroed between the first updates.
        steps: the steps so far; of several optimisers, those of the first one.
        due_at: the number of steps after which `after_step` is called.
    """

    def __init__(
        self,
        parameters: Sequence[NamedParameter],
        optimizers: Sequence[torch.optim.Optimizer],
        rows: GradientRows,
        scale: LossScale,
        *,
        attempt: Callable[..., Any],
        before_step: Callable[[], None],
        after_step: Callable[[], None],
        after_backward: Callable[[], None] = lambda: None,
    ) -> None:
        self._values = [each.value for each in parameters]
        self._optimizers, self._rows, self._scale = optimizers, rows, scale
        self._attempt, self._before_step, self._after_step = attempt, before_step, after_step
        self._at_end = partial(attempt, self._on_end)
        self._at_end_of_others = partial(attempt, _queue, self._at_end)
        self._after_backward = after_backward
        self._own = _owned(parameters, optimizers)
        self.kept = KeptGradients(optimizers, attempt)
        self._handles: list[Any] = []
        self._pass: int | None = None
        self._has_read = False
        self._reads = self._counts = self._sees_passes = True
        self._is_alone: bool | None = None  # of several processes that train together; unknown before a pass
        self.steps, self.due_at = 0, 0.0

    def open(self) -> None:
        """Register the hooks."""
        self.kept.open()
        for value in self._values:
            self._handles.append(value.register_post_accumulate_grad_hook(self._on_gradient))
        for place, optimizer in enumerate(self._optimizers):
            self._handles.append(optimizer.register_step_pre_hook(self._on_step(place)))
            self._handles.append(optimizer.register_step_post_hook(self._on_stepped(place)))

    def sample(self, *, reads: bool, counts: bool) -> None:
        """Set how the next step is measured, where there is one optimiser.

        Args:
            reads: False to measure nothing of it.
            counts: False to keep nothing of it but its norms.
        """
        self._reads, self._counts = reads, counts
        self._sees_passes = reads or self._scale.has_scaler

    def close(self) -> None:
        """Remove the hooks."""
        self.kept.close()
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _on_gradient(self, _: Any) -> None:
        """Ask the running backward pass to call `_on_end` when it has ended; once in a pass."""
        if not self._sees_passes:
            return
        running = torch._C._current_graph_task_id()
        if running != self._pass:
            self._pass = running
            if self._is_alone is None:
                self._is_alone = not (torch.distributed.is_available() and torch.distributed.is_initialized())
            # A callback that others queued during the pass, such as DDP's, comes before one that a callback queues.
            self._attempt(_queue, self._at_end if self._is_alone else self._at_end_of_others)

    def _on_end(self) -> None:
        self._pass = None
        self._scale.after_backward()
        if not self._reads:
            return
        self._has_read = True
        if self.steps <= MAX_FIRST_STEPS:
            self.kept.close_if_over()
        self._rows.read([value.grad for value in self._values])
        self._after_backward()

    def _on_step(self, place: int) -> Callable[..., None]:
        def before(optimizer: Any, arguments: Any, named: Any) -> None:
            if not self._reads:
                return
            if self.steps < MAX_FIRST_STEPS:
                self._attempt(self._before_step)
            if not _has_closure(arguments, named):
                self._attempt(self._commit, place, optimizer)

        return before

    def _on_stepped(self, place: int) -> Callable[..., None]:
        def after(optimizer: Any, arguments: Any, named: Any) -> None:
            if self._reads and _has_closure(arguments, named):  # the backward pass and the clipping were in the closure
                self._attempt(self._commit, place, optimizer)
            if place == 0:
                self.steps += 1
                if self.steps >= self.due_at:
                    self._attempt(self._after_step)

        return after

    def _commit(self, place: int, optimizer: Any) -> None:
        if not self._has_read:
            return  # a step without a backward pass before it
        self._scale.before_step()
        gradients, own = [value.grad for value in self._values], self._own[place]
        infinities = getattr(optimizer, "found_inf", None)
        self._scale.calls_skipped = infinities is not None
        self._rows.commit(
            gradients,
            own,
            unscale=self._scale.inverse,
            # A fused optimiser divides by the scale itself, and leaves out a step with infinite gradients.
            still_scaled=getattr(optimizer, "grad_scale", None) is not None,
            infinities=infinities,
            counts=self._counts,
        )
        if place == len(self._optimizers) - 1:
            self._has_read = False


def _queue(callback: Callable[[], None]) -> None:
    torch.autograd.Variable._execution_engine.queue_callback(callback)


def _has_closure(arguments: Any, named: Any) -> bool:
    """True if a step was given a closure, which computes the gradients inside the step."""
    if len(arguments) == 1 and not named:  # the optimiser alone
        return False
    return any(callable(each) for each in (*arguments[1:], named.get("closure")))


def _owned(
    parameters: Sequence[NamedParameter], optimizers: Sequence[torch.optim.Optimizer]
) -> list[np.ndarray | None]:
    """Return (tensors,) booleans for each optimiser: its own, None for all. The first has the rest, too."""
    members = [{id(value) for group in each.param_groups for value in group["params"]} for each in optimizers]
    owned = [np.array([id(each.value) in ids for each in parameters]) for ids in members]
    owned[0] |= ~np.any(owned, axis=0)
    return [None if each.all() else each for each in owned]
