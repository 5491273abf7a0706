"""Evaluation of a model on samples that it does not train on meanwhile, which changes nothing in it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from gradlab.spec.recording import PROBE_SAMPLES
from gradlab.torch.isolation import BATCH_NORMALIZATION, isolated
from gradlab.torch.losses import SampleLoss
from gradlab.torch.measure import FlatLayout
from gradlab.torch.meter import Meter
from gradlab.torch.naming import NamedParameter
from gradlab.torch.samples import Samples, all_tensors, called, first_tensor

# Samples of an evaluation: a share of them is then known to one hundredth.
MAX_SAMPLES = 4_096
# Numbers in a batch of an evaluation, and its samples: 16 MB of inputs at a time.
MAX_NUMBERS, MAX_BATCH = 4_000_000, 512


class Evaluation:
    """Loss and metrics of a model on samples.

    Args:
        model: the unwrapped model.
        loss: the training's loss.
        parameters: the trainable tensors.

    Attributes:
        is_running: True while the model and the loss are called here, and not by the training.
    """

    def __init__(self, model: nn.Module, loss: Any, parameters: Sequence[NamedParameter]) -> None:
        self._model, self._loss, self._parameters = model, loss, parameters
        self._sample_loss = SampleLoss(loss)
        self.is_running = False
        self._like = next((each.value for each in parameters if each.value.is_floating_point()), torch.zeros(()))
        self._normalizes = any(isinstance(each, BATCH_NORMALIZATION) for each in model.modules())

    def batch(self, samples: Samples, count: int) -> tuple[Any, Any]:
        """Return the first samples on the model's device."""
        return samples.batch(0, min(count, samples.count), self._like)

    def outputs_of(self, points: np.ndarray) -> np.ndarray:
        """Return the model's outputs for inputs, as in inference."""
        x = torch.as_tensor(points).to(self._like)
        with isolated(self._model, {}, uses_batch=False), torch.no_grad():
            return np.asarray(called(self._model, x).numpy(force=True))

    def targets(self, samples: Samples) -> Any:
        """Return the first targets on the model's device."""
        return self.batch(samples, MAX_SAMPLES)[1]

    def run(self, x: Any, y: Any) -> tuple[Any, torch.Tensor]:
        """Return the model's output for a batch, and its mean loss."""
        self.is_running = True
        try:
            output = called(self._model, x)
            return output, self._sample_loss.mean(output, y, _length(x))
        finally:
            self.is_running = False

    def probing(self, samples: Samples) -> Callable[[], tuple[Any, torch.Tensor]]:
        """Return a function that runs the probe batch: the model's output, and the sum of the samples' losses."""
        x, y = self.batch(samples, PROBE_SAMPLES)
        count = min(PROBE_SAMPLES, samples.count)

        def run() -> tuple[Any, torch.Tensor]:
            output, loss = self.run(x, y)
            return output, loss * count

        return run

    def problem_of(self, samples: Samples) -> str | None:
        """Return why the model or the loss does not take the samples, in one sentence; None if they do."""
        x, y = self.batch(samples, 2)
        shapes = ", ".join(str(tuple(each.shape)) for each in all_tensors(x)) or type(x).__name__
        try:
            with isolated(self._model, {}, uses_batch=False), torch.no_grad():
                output = called(self._model, x)
        except Exception as error:
            return f"expected inputs that the model takes; received a batch of shape {shapes}: {_text(error)}"
        try:
            self._sample_loss.mean(output, y, _length(x))
        except Exception as error:
            return _text(error)
        return None

    def metrics(self, samples: Samples, modes: Mapping[str, bool], *, uses_batch: bool) -> dict[str, torch.Tensor]:
        """Return loss and metrics on the first samples, on the device."""
        meter = Meter(self._loss)
        with isolated(self._model, modes, uses_batch=uses_batch), torch.no_grad():
            for begin, end in self._parts(samples, together=uses_batch):
                x, y = samples.batch(begin, end, self._like)
                output, loss = self.run(x, y)
                meter.add(output, y, loss, end - begin)
        return meter.results()

    def gradient(
        self, samples: Samples, modes: Mapping[str, bool], layout: FlatLayout
    ) -> tuple[torch.Tensor, list[bool]]:
        """Return the gradient of the mean loss over the first samples, (1, size), and the tensors that have one."""
        row = torch.zeros(1, layout.size, dtype=self._like.dtype, device=self._like.device)
        present = [False] * len(self._parameters)
        total = min(samples.count, MAX_SAMPLES)
        with isolated(self._model, modes):
            for begin, end in self._parts(samples, together=True):
                _, loss = self.run(*samples.batch(begin, end, self._like))
                values = [each.value for each in self._parameters]
                gradients = torch.autograd.grad(loss, values, allow_unused=True)
                row += layout.flat(gradients, row) * ((end - begin) / total)
                present = [before or gradient is not None for before, gradient in zip(present, gradients, strict=True)]
        return row, present

    def _parts(self, samples: Samples, *, together: bool) -> list[tuple[int, int]]:
        """Return the bounds of batches. Parts add up to the whole, except where they are normalised by their own mean.

        Args:
            samples: the samples.
            together: True to keep samples together that normalise each other, as far as that is possible.
        """
        total = min(samples.count, MAX_SAMPLES)
        first = first_tensor(samples.batch(0, 1, self._like)[0])
        size = MAX_NUMBERS // (1 if first is None else max(1, first.numel()))
        size = max(1, size if together and self._normalizes else min(size, MAX_BATCH))
        return [(begin, min(begin + size, total)) for begin in range(0, total, size)]


def _text(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _length(x: Any) -> int:
    first = first_tensor(x)
    return 1 if first is None else len(first)
