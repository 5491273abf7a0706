"""LossScale: the factor by which a `torch.amp.GradScaler` multiplies the loss, and the steps that it skips."""

import math
import sys
from typing import Any

import torch

# Frames between an optimiser's hook and `GradScaler.step`: the hook's wrapper, `step`'s wrappers of optimiser and
# schedule, and those of Lightning or Accelerate.
MAX_FRAMES = 30
# Steps in which a scaler is looked for: later none will come.
MAX_LOOKUPS = 20


class LossScale:
    """The loss scale of a training; 1 without a `GradScaler`. Nothing here waits for the device.

    Args:
        scaler: the training's `GradScaler`; None if unknown. Then it is looked up when it first calls the optimiser.

    Attributes:
        calls_skipped: True if the optimiser is called for skipped steps, too, as a fused one is.
    """

    def __init__(self, scaler: Any = None) -> None:
        self._scaler = scaler
        self._before: torch.Tensor | None = None
        self._skipped: torch.Tensor | None = None
        self.steps = 0
        self.calls_skipped = False

    @property
    def has_scaler(self) -> bool:
        """True once a scaler is known."""
        return self._scaler is not None

    @property
    def inverse(self) -> torch.Tensor | None:
        """1 over the scale of the last backward pass, as a scaler computes it; None without a scaler."""
        return None if self._before is None else self._before.double().reciprocal().float()

    @property
    def skipped(self) -> torch.Tensor | None:
        """The number of skipped steps so far, on the device; None without a scaler."""
        return self._skipped

    def after_backward(self) -> None:
        """Note the scale of the pass that has ended. A skipped step lowers it."""
        scale = getattr(self._scaler, "_scale", None)
        if scale is not None:
            self._note(scale)

    def before_step(self) -> None:
        """Find the scaler that calls the step, unless it is known."""
        self.steps += 1
        if self._scaler is None and self.steps <= MAX_LOOKUPS:
            self._scaler = _calling_scaler()
            if self._scaler is not None:
                self._note(self._scaler._scale)

    def counted(self, called: int, skipped: int) -> tuple[int, int]:
        """Return the steps that were asked for, and those that were skipped, for `called` calls of the optimiser."""
        return called if self.calls_skipped else called + skipped, skipped

    def _note(self, scale: torch.Tensor) -> None:
        if self._before is None:
            self._before = torch.full_like(scale, float(self._scaler._init_scale))
            self._skipped = torch.zeros_like(scale)
        skips = torch.log(self._before / scale) / -math.log(self._scaler.get_backoff_factor())
        self._skipped = self._skipped + torch.clamp(torch.round(skips), min=0)
        self._before = scale.clone()  # the scaler changes its own in place


def _calling_scaler() -> Any:
    """Return the enabled `GradScaler` among the callers; None if there is none."""
    frame = sys._getframe(1)
    for _ in range(MAX_FRAMES):
        caller = frame.f_locals.get("self")
        if isinstance(caller, torch.amp.GradScaler) and caller.is_enabled():
            return caller
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return None
