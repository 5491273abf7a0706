"""PyTorch's losses in the service's terms, and calls of a loss on samples of the probe batch and of record 0."""

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from gradlab.facts.elsewhere import classes_of, last_activation
from gradlab.spec.external import ExternalLayer, ExternalLoss, ExternalTarget

Scores = Literal["logits", "probabilities"]


@dataclass(frozen=True)
class LossKind:
    """One of PyTorch's losses.

    Attributes:
        kind: the name of the same loss in Keras.
        takes: what it is made for; None for losses of values.
        indices: True if its targets may be numbers of classes.
    """

    kind: str
    takes: Scores | None = None
    indices: bool = False


# The name of a class, and of a function of `torch.nn.functional`. A log-softmax is logits, too: its softmax is itself.
KINDS = {
    "cross_entropy": LossKind("categorical_crossentropy", "logits", indices=True),
    "nll_loss": LossKind("categorical_crossentropy", "logits", indices=True),
    "binary_cross_entropy": LossKind("binary_crossentropy", "probabilities"),
    "binary_cross_entropy_with_logits": LossKind("binary_crossentropy", "logits"),
    "mse_loss": LossKind("mean_squared_error"),
    "l1_loss": LossKind("mean_absolute_error"),
    "huber_loss": LossKind("huber"),
    "smooth_l1_loss": LossKind("huber"),
}
CLASSES = {
    "CrossEntropyLoss": "cross_entropy",
    "NLLLoss": "nll_loss",
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "MSELoss": "mse_loss",
    "L1Loss": "l1_loss",
    "HuberLoss": "huber_loss",
    "SmoothL1Loss": "smooth_l1_loss",
}


def loss_name(loss: Any) -> str | None:
    """Return a loss's name: that of a function, of a module's class, or of a class's function in PyTorch."""
    if loss is None:
        return None
    if isinstance(loss, nn.Module):
        name = type(loss).__name__
        return CLASSES.get(name) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return str(getattr(loss, "__name__", type(loss).__name__)).strip("<>")


def kind_of_loss(loss: Any) -> LossKind | None:
    """Return the kind of one of PyTorch's losses; None for others."""
    name = loss_name(loss)
    return KINDS.get(name) if name is not None else None


def describe_loss(loss: Any, has_indices: bool | None) -> ExternalLoss | None:
    """Return a loss for an `ExternalSpec`; None if there is none."""
    name, kind = loss_name(loss), kind_of_loss(loss)
    if name is None:
        return None
    if kind is None:
        return ExternalLoss(kind=name[:200])
    prefix = "sparse_" if kind.indices and has_indices else ""
    return ExternalLoss(kind=prefix + kind.kind, from_logits=kind.takes == "logits")


def describe_target(loss: Any, output: Any, y: Any, layers: Sequence[ExternalLayer]) -> ExternalTarget | None:
    """Return the form of the targets, from the loss, outputs, targets and the network; None if it is unknown."""
    kind = kind_of_loss(loss)
    if kind is None or not isinstance(output, torch.Tensor) or not isinstance(y, torch.Tensor) or output.dim() == 0:
        return None
    if kind.indices:
        steps = tuple(output.shape[2:3])
        return ExternalTarget(kind="classes", count=output.shape[1], steps=steps) if output.dim() > 1 else None
    last = output.shape[-1] if output.dim() > 1 else 1
    steps = tuple(output.shape[1:-1])[:1]
    if kind.kind == "binary_crossentropy":
        kinds: Any = ("classes", 2) if last == 1 else ("labels", last)
        return ExternalTarget(kind=kinds[0], count=kinds[1], steps=steps)
    classes = classes_of(y.numpy(force=True), last_activation(layers))
    if classes is not None:
        return ExternalTarget(kind=classes.kind, count=classes.count)
    return ExternalTarget(kind="values", count=last, steps=steps)


class SampleLoss:
    """A loss on samples that the Watch runs itself.

    Args:
        loss: the training's loss, (output, target) -> one number; None if the model's output has a `loss`.
    """

    def __init__(self, loss: Callable[[Any, Any], torch.Tensor] | None) -> None:
        self._loss = loss

    @property
    def sums(self) -> bool:
        """True if it is the sum over the samples of a batch, not their mean."""
        return getattr(self._loss, "reduction", "mean") == "sum"

    def mean(self, output: Any, y: Any, count: int) -> torch.Tensor:
        """Return the mean loss of `count` samples.

        Targets are turned to the form that the loss takes: as a loop does with a batch before it calls the loss.

        Raises:
            ValueError: the loss takes the targets in no form.
        """
        if self._loss is None:
            loss = output.get("loss") if isinstance(output, dict) else getattr(output, "loss", None)
            if loss is None:
                raise ValueError("loss: expected a function of output and target, or a model whose output has a `loss`")
            return loss
        loss = self._called(output, y)
        loss = loss.mean() if loss.dim() else loss
        return loss / count if self.sums else loss

    def _called(self, output: Any, y: Any) -> torch.Tensor:
        assert self._loss is not None
        problem: Exception | None = None
        for target in _forms(output, y):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error", UserWarning)  # of shapes that broadcast
                    return self._loss(output, target)
            except (RuntimeError, ValueError, TypeError, IndexError, UserWarning) as error:
                problem = problem or error
        raise ValueError(f"data: expected targets that the loss takes; received {_shape(y)}: {problem}")


def _forms(output: Any, y: Any) -> Iterator[Any]:
    """Yield the targets as they are, then in other precisions and shapes."""
    if not isinstance(output, torch.Tensor) or not isinstance(y, torch.Tensor):
        yield y
        return
    forms = [y]
    if y.shape != output.shape and y.numel() == output.numel():
        forms.insert(0, y.reshape(output.shape))
    yield from forms
    if y.dim() > 1 and y.shape[-1] == 1:
        forms.append(y.squeeze(-1))
        yield forms[-1]
    yield from (form.to(output.dtype) for form in forms if not form.is_floating_point())
    yield from (form.long() for form in forms if form.dtype != torch.int64)


def _shape(y: Any) -> str:
    return f"{y.dtype} of shape {tuple(y.shape)}" if isinstance(y, torch.Tensor) else type(y).__name__
