"""Meter: loss and metrics over batches, as sums that stay on the device."""

import itertools
import operator
from collections.abc import Sequence
from typing import Any

import torch

from gradlab.torch.losses import LossKind, kind_of_loss

ACCURACY, R2 = "accuracy", "r2_score"
# Numbers of outputs that wait until they are counted. Those of several records are counted together.
MAX_NUMBERS = 10_000
# A call of the loss: its arguments, and what it returned.
Call = tuple[tuple[Any, ...], torch.Tensor]
# The output and the target of a batch; None for what the loss was not given.
Answer = tuple[Any, Any]
_TARGET, _DIM, _ROWS = operator.itemgetter(1), operator.methodcaller("dim"), operator.methodcaller("size", 0)


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
        self.add_losses(_fetched([loss]), [samples], [samples])
        self.add_answers([(output, target)])

    def weights(self, losses: Sequence[torch.Tensor], samples: Sequence[int]) -> Sequence[int]:
        """Return the factors of the losses of batches, of so many samples, in the sum over all samples."""
        if not self._sums:
            return samples
        return [n if loss.dim() else 1 for loss, n in zip(losses, samples, strict=True)]

    def add_losses(
        self, losses: torch.Tensor | Sequence[float], samples: Sequence[int], weights: Sequence[int]
    ) -> None:
        """Add the losses of batches, (batches,), as `_fetched` returns them.

        Args:
            losses: their mean losses; their sums where the weights are 1.
            samples: the samples of each batch.
            weights: the factor of each loss in the sum over all samples.
        """
        self.samples += sum(samples)
        if isinstance(losses, torch.Tensor):
            total = (losses * torch.tensor(weights, dtype=losses.dtype).to(losses.device, non_blocking=True)).sum()
            self.loss = total if self.loss is None else self.loss + total
        else:
            self.loss = sum(map(operator.mul, losses, weights), self.loss or 0.0)

    def add_answers(self, answers: Sequence[Answer]) -> None:
        """Keep outputs and targets until they are counted; those that are no tensors are dropped."""
        if self.kind is None:
            return
        for output, target in answers:
            if isinstance(output, torch.Tensor) and isinstance(target, torch.Tensor):
                self.answers.append((output.detach(), target.detach()))
                self.entries += output.numel()
        if self.entries > MAX_NUMBERS:
            count([self])

    def results(self) -> dict[str, torch.Tensor]:
        """Return the metrics by name, on the device; {} without a batch."""
        return {name: values[0] for name, (_, values) in results_of([self]).items()}


def join(meters: Sequence[Meter]) -> Sequence[torch.Tensor]:
    """Add up the losses of the calls that meters of one loss keep, and join their answers, without their graphs.

    Few operations in Python for each call: all of them are in no cache.

    Returns:
        The losses.
    """
    own = [each for each in meters if each.calls]
    if not own:
        return []
    of_each = [each.calls for each in own]
    for each in own:
        each.calls = []
    lengths = list(map(len, of_each))
    given, losses = zip(*itertools.chain.from_iterable(of_each), strict=True)
    answers = given if {*map(len, given)} == {2} else [(*each, None, None)[:2] for each in given]
    with torch.no_grad():
        joined = _joined(answers)
        samples = list(map(_ROWS if joined else samples_of, map(_TARGET, answers)))
        weights = own[0].weights(losses, samples)
        values = _fetched([each.mean() for each in losses] if any(map(_DIM, losses)) else losses)
        parts = [_parted(each, lengths) for each in (values, samples, weights, answers)]
        if joined:
            rows = list(map(sum, parts[1]))
            parts[3] = [[pair] for pair in zip(*(each.split(rows) for each in joined), strict=True)]
        for meter, *part, of_meter in zip(own, *parts, strict=True):
            meter.add_losses(*part)
            meter.add_answers(of_meter)
    return losses


def _fetched(losses: Sequence[torch.Tensor]) -> torch.Tensor | list[float]:
    """Return losses as numbers, where that waits for no device; else as a tensor, (losses,)."""
    if is_in_own_memory(losses[0]):
        return torch.stack(tuple(losses)).tolist()
    return torch.stack([loss.detach().float() for loss in losses])


def _joined(answers: Sequence[Answer]) -> Answer | None:
    """Return answers as one, where outputs have as many rows as targets and differ in that alone, as they mostly do.

    None for others, and for a single one, which would be copied.
    """
    outputs, targets = zip(*answers, strict=True)
    try:
        is_one = len(answers) > 1 and list(map(_ROWS, outputs)) == list(map(_ROWS, targets))
        return (torch.cat(outputs), torch.cat(targets)) if is_one else None
    except (AttributeError, TypeError, RuntimeError, IndexError):  # not tensors, or of other shapes
        return None


def _parted(values: Any, lengths: Sequence[int]) -> list[Any]:
    """Return parts of a sequence or a tensor, of these lengths."""
    ends = itertools.accumulate(lengths)
    return [values[end - length : end] for length, end in zip(lengths, ends, strict=True)]


def is_in_own_memory(tensor: torch.Tensor) -> bool:
    """True if a tensor is in the process's own memory: to read it waits for no device."""
    return tensor.is_cpu


def samples_of(target: Any) -> int:
    """Return the number of samples of a batch, by its targets; 1 if they do not show it."""
    return target.shape[0] if isinstance(target, torch.Tensor) and target.dim() else 1


def results_of(meters: Sequence[Meter]) -> dict[str, tuple[list[int], torch.Tensor]]:
    """Return the metrics of several meters by name: the places of those that have it, and its values on the device."""
    join(meters)
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
