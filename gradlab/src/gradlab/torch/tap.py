"""GradientTap: reads the gradients that optimisers receive, without changing them.

The gradient is read when a backward pass has ended, after other callbacks such as those of `DistributedDataParallel`,
which average it over processes. The last reading before a step counts. In the optimiser's hook before the step it is
read again: what differs is the clipping. A step that a `GradScaler` skips calls no hook, and is not averaged.

Where some steps of a record are measured and nothing changes gradients before a step, one measured step in sixteen is
read twice, and the others once, before the step. Tensors have hooks only for steps that are read twice. Where all are
measured, the second reading of a large model compares the tensors' versions, and in one step of sixteen their entries.
"""

import math
import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.autograd.graph import get_gradient_edge

from gradlab.facts.wiring import MAX_FIRST_STEPS
from gradlab.torch.gradient_rows import GradientRows
from gradlab.torch.kept import KeptGradients
from gradlab.torch.naming import NamedParameter
from gradlab.torch.scaling import LossScale
from gradlab.torch.untouched import UntouchedGradients

# Steps in a row that are read once.
MAX_READ_ONCE = 15
_GRADIENT = operator.attrgetter("grad")


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
        samples: True if some steps may be measured, not all. Tensors then have hooks that leave no trace once they are
            removed; the others cost less in each pass, and 0.3 µs for each tensor for good. It is set before `open`.
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
        self._handles, self._of_tensors = list[Any](), list[tuple[torch.Tensor, Any]]()
        self._pass: int | None = None
        self._has_read = False
        self._reads_twice = self._counts = True
        self._is_alone: bool | None = None  # of several processes that train together; unknown before a pass
        # One step in so many is measured, from a step on.
        self._every, self._begin, self._read_once = 1, 0, 0
        # The number of steps before the next one that is measured, and after which another is to be chosen.
        self._next, self._changes_at = 0, math.inf
        # On a graphics card the process would wait for the comparison.
        self._untouched = UntouchedGradients(is_possible=all(each.is_cpu for each in self._values))
        self.samples = False
        self.steps, self.due_at = 0, 0.0

    def open(self) -> None:
        """Register the hooks."""
        self.kept.open()
        self._see_passes(True)
        for place, optimizer in enumerate(self._optimizers):
            self._handles.append(optimizer.register_step_pre_hook(self._on_step(place)))
            self._handles.append(optimizer.register_step_post_hook(self._on_stepped(place)))

    def sample(self, every: int) -> None:
        """Measure one step in `every`, the next one among them, and each of the first; where there is one optimiser."""
        self._every, self._begin = every, self.steps
        self._choose()

    def _choose(self) -> None:
        """Choose the next step that is measured and how, and when to choose again."""
        place, is_first = (self.steps - self._begin) % self._every, self.steps < MAX_FIRST_STEPS
        self._counts = not place or not is_first
        self._next = self.steps if is_first or not place else self.steps + self._every - place
        may_be_once = self._every > 1 and not is_first and self._untouched.are_expected
        self._reads_twice = not may_be_once or self._read_once >= MAX_READ_ONCE
        is_now = self._next == self.steps
        self._see_passes(self._scale.has_scaler or (is_now and self._reads_twice))
        self._changes_at = math.inf if not self._reads_twice else self._next + is_now
        if self._every == 1:  # all steps, of several optimisers, too
            self._next, self._changes_at = 0, math.inf

    def close(self) -> None:
        """Remove the hooks."""
        self.kept.close()
        self._see_passes(False)
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _see_passes(self, sees: bool) -> None:
        """Have each backward pass call `_on_end`, or not."""
        if sees is bool(self._of_tensors):
            return
        if sees:
            self._of_tensors = [(value, self._hook(value)) for value in self._values if value.requires_grad]
            return
        for value, handle in self._of_tensors:
            handle.remove()
            if value._backward_hooks is not None and not value._backward_hooks:
                value._backward_hooks = None  # an empty table is looked through in each pass
        self._of_tensors = []

    def _hook(self, value: torch.Tensor) -> Any:
        if self.samples:
            return value.register_hook(partial(self._on_arrival, value))
        return value.register_post_accumulate_grad_hook(self._on_gradient)

    def _on_arrival(self, value: torch.Tensor, gradient: torch.Tensor) -> None:
        """Do as `_on_gradient`, before the gradient is added to what the tensor has."""
        if torch._C._current_graph_task_id() != self._pass and _is_added(value):
            self._on_gradient(gradient)

    def _on_gradient(self, _: Any) -> None:
        """Ask the running backward pass to call `_on_end` when it has ended; once in a pass."""
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
        if self.steps < self._next:
            return
        self._has_read = True
        gradients = list(map(_GRADIENT, self._values))
        self._rows.read(gradients)
        self._untouched.after_pass(gradients)
        self._after_backward()

    def _on_step(self, place: int) -> Callable[..., None]:
        def before(optimizer: Any, arguments: Any, named: Any) -> None:
            if self.steps < self._next:
                return
            has_closure = _has_closure(arguments, named)
            if not (self._reads_twice or has_closure):
                self._attempt(self._commit_once)
                return
            self.kept.close_if_over()
            if self.steps < MAX_FIRST_STEPS:
                self._attempt(self._before_step)
            if has_closure:
                self._expect_changes()  # no hook lies between the backward pass and the step
            else:
                self._attempt(self._commit, place, optimizer)

        return before

    def _on_stepped(self, place: int) -> Callable[..., None]:
        def after(optimizer: Any, arguments: Any, named: Any) -> None:
            # With a closure, the backward pass and the clipping were in the step.
            if self.steps >= self._next and _has_closure(arguments, named):
                self._attempt(self._commit, place, optimizer)
            if place == 0:
                self.steps = steps = self.steps + 1
                if steps >= self._changes_at:
                    self._attempt(self._choose)
                if steps >= self.due_at:
                    self._attempt(self._after_step)

        return after

    def _commit_once(self) -> None:
        """Count the gradients of a step, unless something seems to have changed them since the backward pass."""
        gradients = list(map(_GRADIENT, self._values))
        self._next = self.steps + self._every
        if not self._untouched.are(gradients):
            self._expect_changes()
            return
        self._read_once += 1
        if self._read_once == MAX_READ_ONCE:
            self._changes_at = self._next
        self._rows.add(gradients)
        self._after_backward()

    def _expect_changes(self) -> None:
        """Read all further steps twice."""
        self._untouched.give_up()
        if not self._reads_twice:
            self._changes_at = self._next

    def _commit(self, place: int, optimizer: Any) -> None:
        if not self._has_read:
            return  # a step without a backward pass before it
        gradients, own = list(map(_GRADIENT, self._values)), self._own[place]
        are_same = self._are_same(gradients)
        self._read_once = self._read_once + 1 if are_same else 0
        self._scale.before_step()
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
            are_same=are_same,
        )
        if self._every > 1 or self._rows.is_large:
            is_sure = self._is_alone and not self._scale.has_scaler
            self._untouched.before_step(gradients, are_equal=bool(is_sure) and self._rows.are_unchanged)
        if place == len(self._optimizers) - 1:
            self._has_read = False

    def _are_same(self, gradients: Sequence[torch.Tensor | None]) -> bool:
        """True if a step of a large model receives what was read, by the tensors' versions. One in sixteen compares."""
        may_trust = self._rows.is_large and self.steps >= MAX_FIRST_STEPS and self._read_once < MAX_READ_ONCE
        return may_trust and self._untouched.are_as_passed(gradients)


def _queue(callback: Callable[[], None]) -> None:
    torch.autograd.Variable._execution_engine.queue_callback(callback)


def _is_added(value: torch.Tensor) -> bool:
    """True if the running pass adds a gradient to what the tensor has; False in `torch.autograd.grad`."""
    try:
        return torch._C._will_engine_execute_node(get_gradient_edge(value).node)
    except RuntimeError:
        return False


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
