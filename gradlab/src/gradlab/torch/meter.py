"""Meter: loss and metrics over batches, as sums that stay on the device."""

import itertools
from collections.abc import Sequence
from typing import Any

import torch

from gradlab.torch.losses import LossKind, kind_of_loss

ACCURACY, R2 = "accuracy", "r2_score"
# Numbers of outputs that wait until they are counted. Those of several records are counted together.
MAX_NUMBERS = 10_000
# A call of the loss: its arguments, what it returned, and the version of that.
Call = tuple[tuple[Any, ...], torch.Tensor, int]


class Meter:
    """Loss and accuracy, or R² of values, over the batches of a record.

    Args:
        loss: the training's loss, whose kind decides what a right answer is.

    Attributes:
        kind: the loss's kind; None if it is unknown.
        samples: the number of samples that are counted.
        calls: calls of the loss that are neither counted nor joined.
        answers: outputs and targets that are not counted yet.
        entries: the numbers of the outputs among them.
        loss: the sum of the samples' losses: a number where it is in the process's own memory, else on its device; None
            before the first batch.
        right: (2,) the numbers of right answers and of all, as far as they are counted; None for none.
        moments: (4, units) the number of values and the sums of y, y² and (y − p)², likewise; None for none.
    """

    def __init__(self, loss: Any) -> None:
        self._begin(kind_of_loss(loss), getattr(loss, "reduction", "") == "sum")

    def _begin(self, kind: LossKind | None, sums: bool) -> None:
        self.kind, self._sums = kind, sums
        self.samples = self.entries = 0
        self.calls: list[Call] = []
        self.answers: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.loss: torch.Tensor | float | None = None
        self.right: torch.Tensor | None = None
        self.moments: torch.Tensor | None = None

    def next(self) -> "Meter":
        """Return an empty meter of the same loss."""
        meter = Meter.__new__(Meter)
        meter._begin(self.kind, self._sums)
        return meter

    @property
    def is_empty(self) -> bool:
        """True before the first batch."""
        return not self.samples and not self.calls

    def add(self, output: Any, target: Any, loss: torch.Tensor, samples: int) -> None:
        """Add a batch of so many samples, whose mean loss is given."""
        self._add_losses([loss], [samples], [samples])
        self._add_answers([(output, target)])

    def join(self) -> bool:
        """Add up the losses of the calls that are kept, and join their answers, without their graphs.

        Returns:
            False if a loss was changed in place since its call. It is counted as it is.
        """
        calls, self.calls = self.calls, []
        if not calls:
            return True
        with torch.no_grad():
            self._add_answers([(*arguments, None, None)[:2] for arguments, _, _ in calls])
            losses = [loss.mean() if loss.dim() else loss for _, loss, _ in calls]
            samples = [samples_of(arguments[1] if len(arguments) > 1 else None) for arguments, _, _ in calls]
            # Of a sum the weight is 1.
            weights = [1 if self._sums and not call[1].dim() else n for call, n in zip(calls, samples, strict=True)]
            self._add_losses(losses, samples, weights)
        return all(loss._version == version for _, loss, version in calls)

    def _add_losses(self, losses: Sequence[torch.Tensor], samples: Sequence[int], weights: Sequence[int]) -> None:
        self.samples += sum(samples)
        if is_in_own_memory(losses[0]):
            for value, weight in zip(torch.stack(tuple(losses)).tolist(), weights, strict=True):
                self.loss = (self.loss or 0.0) + value * weight
            return
        values = torch.stack([loss.detach().float() for loss in losses])
        total = (values * torch.tensor(weights, dtype=values.dtype).to(values.device, non_blocking=True)).sum()
        self.loss = total if self.loss is None else self.loss + total

    def _add_answers(self, answers: Sequence[tuple[Any, Any]]) -> None:
        """Keep outputs and targets, joined where they differ in the number of rows alone, as they nearly always do."""
        if self.kind is None or not answers:
            return
        try:
            outputs, targets = zip(*answers, strict=True)
            pairs = [(torch.cat(outputs), torch.cat(targets))] if len(answers) > 1 else answers
        except (TypeError, RuntimeError):  # not tensors, or of other shapes
            pairs = answers
        for output, target in pairs:
            if isinstance(output, torch.Tensor) and isinstance(target, torch.Tensor):
                self.answers.append((output.detach(), target.detach()))
                self.entries += output.numel()
        if self.entries > MAX_NUMBERS:
            count([self])

    def results(self) -> dict[str, torch.Tensor]:
        """Return the metrics by name, on the device; {} without a batch."""
        return {name: values[0] for name, (_, values) in results_of([self]).items()}


def is_in_own_memory(tensor: torch.Tensor) -> bool:
    """True if a tensor is in the process's own memory: to read it waits for no device."""
    return tensor.is_cpu


def samples_of(target: Any) -> int:
    """Return the number of samples of a batch, by its targets; 1 if they do not show it."""
    return target.shape[0] if isinstance(target, torch.Tensor) and target.dim() else 1


def results_of(meters: Sequence[Meter]) -> dict[str, tuple[list[int], torch.Tensor]]:
    """Return the metrics of several meters by name: the places of those that have it, and its values on the device."""
    for each in meters:
        each.join()
    count(meters)
    metrics: dict[str, tuple[list[int], torch.Tensor]] = {}
    means = {place: each.loss / each.samples for place, each in enumerate(meters) if each.loss is not None}
    if means:
        values = list(means.values())
        are_tensors = any(isinstance(each, torch.Tensor) for each in values)
        metrics["loss"] = [*means], torch.stack(values) if are_tensors else torch.tensor(values)
    places, right = _those_with(meters, "right")
    if right is not None:
        metrics[ACCURACY] = places, right[:, 0] / right[:, 1]
    places, moments = _those_with(meters, "moments")
    if moments is not None:
        n, total, squares, errors = moments.unbind(dim=1)  # (meters, units) each
        spread = squares - total.square() / n
        metrics[R2] = places, (1 - errors / torch.where(spread == 0, float("nan"), spread)).mean(dim=1)
    return metrics


def _those_with(meters: Sequence[Meter], name: str) -> tuple[list[int], torch.Tensor | None]:
    """Return the places of meters that have counted something, and what it is: (meters, ...)."""
    values = {place: value for place, each in enumerate(meters) if (value := getattr(each, name)) is not None}
    return list(values), torch.stack(list(values.values())) if values else None


def count(meters: Sequence[Meter]) -> None:
    """Count the answers that meters of one loss keep: in a few operations for all of them."""
    own = [each for each in meters if each.answers]
    try:  # one kind of answers, as nearly always
        _count_answers(own)
    except RuntimeError:
        for each in own:
            _count_unlike_answers(each)
    for each in own:
        each.answers, each.entries = [], 0


def _count_answers(meters: Sequence[Meter]) -> None:
    """Count the answers of several meters, whose shapes differ in the number of rows alone.

    Raises:
        RuntimeError: they differ otherwise.
    """
    if meters:
        output, target = (torch.cat([pair[part] for each in meters for pair in each.answers]) for part in (0, 1))
        name, values = _counted(meters[0].kind, output, target)
        if values is not None:
            _add(name, meters, values, [sum(pair[0].shape[0] for pair in each.answers) for each in meters])


def _count_unlike_answers(meter: Meter) -> None:
    for (is_scalar, *_), group in itertools.groupby(meter.answers, key=_likeness):
        join = torch.stack if is_scalar else torch.cat
        name, values = _counted(meter.kind, *(join(each) for each in zip(*group, strict=True)))
        if values is not None:
            _add(name, [meter], values, [len(values)])


def _add(name: str, meters: Sequence[Meter], values: torch.Tensor, rows: Sequence[int]) -> None:
    """Add the rows of values, (rows, ...), to a sum of their meters.

    Args:
        name: the sum's name.
        meters: the meters.
        values: their rows, those of one meter after those of another.
        rows: the number of each meter's.
    """
    if len({*rows}) == 1:
        sums = values.reshape(len(rows), rows[0], *values.shape[1:]).sum(dim=1).unbind()
    else:
        sums = tuple(part.sum(dim=0) for part in values.split(list(rows)))
    for each, own in zip(meters, sums, strict=True):
        before = getattr(each, name)
        setattr(each, name, own if before is None else before + own)


def _counted(kind: LossKind | None, output: torch.Tensor, target: torch.Tensor) -> tuple[str, torch.Tensor | None]:
    """Return the sum that answers belong to, and what each row of them adds to it: (rows, ...); None for nothing."""
    if kind is None:
        return "", None
    if kind.indices:
        return "right", _classes(output, target)
    if target.numel() != output.numel():
        return "", None
    target = target.reshape(output.shape)
    rows = len(output) if output.dim() else 1
    if kind.takes is None:
        return "moments", _moments(output, target, rows)
    threshold = 0.0 if kind.takes == "logits" else 0.5
    right = ((output > threshold) == (target > 0.5)).reshape(rows, -1)
    return "right", torch.stack([right.sum(dim=1), torch.full((rows,), right.shape[1], device=right.device)], dim=1)


def _classes(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor | None:
    """(rows, 2): the numbers of right answers and of all."""
    if output.dim() < 2:
        return None
    answer = output.argmax(dim=1)
    expected = target.argmax(dim=1) if target.is_floating_point() and target.shape == output.shape else target
    if expected.shape != answer.shape:
        return None
    counts = expected >= 0  # -100 marks targets that the loss leaves out
    both = torch.stack([(answer == expected) & counts, counts], dim=1)
    return both.reshape(len(both), 2, -1).sum(dim=2)


def _moments(output: torch.Tensor, target: torch.Tensor, rows: int) -> torch.Tensor:
    """(rows, 4, units): the number of values, and the sums of y, y² and (y − p)²."""
    units = output.shape[-1] if output.dim() > 1 else 1
    p, y = (each.float().reshape(rows, -1, units) for each in (output, target))
    parts = torch.ones_like(y), y, y.square(), (y - p).square()
    return torch.stack([each.sum(dim=1) for each in parts], dim=1)


def _likeness(answer: tuple[torch.Tensor, torch.Tensor]) -> tuple[Any, ...]:
    """Return what batches have in common whose answers are counted together; first True for single numbers."""
    output, target = answer
    return output.dim() == 0, output.shape[1:], target.dim(), target.shape[1:]
