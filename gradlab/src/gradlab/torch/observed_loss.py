"""ObservedLoss: sees what a training's loss gets and returns, at the smallest cost for a batch."""

import functools
from collections.abc import Callable
from types import MethodType
from typing import Any

import torch
from torch import nn
from torch.compiler import is_compiling

# Is called with the arguments of the loss, and what it has returned.
See = Callable[[tuple[Any, ...], Any], None]


class ObservedLoss:
    """A tap in a module's `forward`, from `open` to `close`.

    A hook costs 4 µs in each call, most of it in what PyTorch does for a module with any hook: a thirtieth of a small
    network's batch. A method of the instance costs a tenth of that. It is bound to the module, so that a deep copy has
    one of its own, which is not observed. A module that has such a method already, or is scripted, gets a hook.

    Args:
        loss: the training's loss.
        see: is called after each call whose value requires a gradient, outside of compilers.
    """

    def __init__(self, loss: nn.Module, see: See) -> None:
        self._loss, self._see = loss, see
        self._handle: Any = None
        self._ours: MethodType | None = None

    def open(self) -> None:
        """Observe each call from now on."""
        if "forward" in vars(self._loss) or isinstance(self._loss, torch.jit.ScriptModule):
            self._handle = self._loss.register_forward_hook(self._on_call)
        else:
            self._ours = vars(self._loss)["forward"] = MethodType(self._observing(), self._loss)

    def close(self) -> None:
        """Put back what was there. Below a later wrapper of other code, ours stays and passes everything on."""
        if self._handle is not None:
            self._handle.remove()
        if vars(self._loss).get("forward") is self._ours is not None:
            del vars(self._loss)["forward"]  # the class's method is used again
        self._see, self._handle, self._ours = _see_nothing, None, None

    def _on_call(self, module: Any, arguments: tuple[Any, ...], value: Any) -> None:
        if getattr(value, "requires_grad", False) and not is_compiling():
            self._see(arguments, value)

    def _observing(self) -> Callable[..., Any]:
        loss, forward = self._loss, type(self._loss).forward

        @functools.wraps(forward)
        def observed(module: Any, *arguments: Any, **named: Any) -> Any:
            value = forward(module, *arguments, **named)
            # Most cheaply told first: a validation computes no gradients.
            if getattr(value, "requires_grad", False) and module is loss and not is_compiling():
                self._see(arguments, value)
            return value

        return observed


def _see_nothing(arguments: tuple[Any, ...], value: Any) -> None:
    """Do nothing: the training is over."""
