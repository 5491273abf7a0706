"""LossCalls: what a training's loss gets and returns in each batch, kept until several batches are counted together."""

import operator
from collections.abc import Callable
from typing import Any

import torch

from gradlab.facts.wiring import MAX_FIRST_STEPS
from gradlab.torch.evaluation import Evaluation
from gradlab.torch.first_batches import FirstBatches
from gradlab.torch.meter import Meter, join
from gradlab.torch.pending import BATCHES
from gradlab.watch.pending import MAX_ENTRIES

# Batches whose calls are joined one after another, whatever records they belong to, and the numbers of an output or a
# target that is kept. With more of them, each batch needs memory that is in no cache.
MAX_KEPT, MAX_KEPT_NUMBERS = 64, 10_000
_VERSION = operator.attrgetter("_version")


class LossCalls:
    """The loss and the answers of each batch of a training, as a `Meter` for each record.

    To copy an output and a loss out of their graph takes 6 µs, of a batch of 330. So they are kept with it, where the
    graphs of as many batches are small: the backward pass has freed what they hold, if there was one.

    Args:
        loss: the training's loss.
        first: the first batches.
        evaluation: calls the loss besides the training.
        attempt: runs a function of a part, and keeps its errors from the training.

    Attributes:
        meter: that of the present record.
        batch_entries: the numbers that a batch computes in the model; None if that is unknown.
    """

    def __init__(self, loss: Any, first: FirstBatches, evaluation: Evaluation, attempt: Callable[..., Any]) -> None:
        self.meter = Meter(loss)
        self.batch_entries: float | None = None
        self._first, self._evaluation, self._attempt = first, evaluation, attempt
        # The first batches are counted at once. They show if the loop changes losses in place, such as by `loss /= 2`.
        self._most, self._keeps_graphs, self._are_changed = 1, False, False
        self._last: tuple[torch.Tensor, int] | None = None
        self._version = 0  # of a loss that the loop has not changed
        # Calls that are not joined, and the meters of records that have ended with some of them.
        self._waiting, self._ended = 0, list[Meter]()

    def see(self, arguments: tuple[Any, ...], loss: torch.Tensor) -> None:
        """Note a call of the loss by the training. Few calls: each batch comes here."""
        if self._evaluation.is_running:
            return
        try:
            call = (arguments, loss) if self._keeps_graphs else (_detached(arguments), loss.detach())
            self.meter.calls.append(call)
            self._waiting = waiting = self._waiting + 1
            if waiting >= self._most:
                self._join(arguments, loss)
        except Exception as error:
            self._attempt(BATCHES, _raise, error)

    def _join(self, arguments: tuple[Any, ...], loss: torch.Tensor) -> None:
        """Join the calls that are kept, and choose how many are kept from now on, after the last one."""
        meters, self._ended, self._waiting = [*self._ended, self.meter], [], 0
        if self._most == 1:
            self._version = loss._version  # this call returned just now: the loop cannot have changed its loss
        versions = set(map(_VERSION, join(meters)))
        self._are_changed = self._are_changed or versions != {self._version} or _is_changed(self._last)
        output, target = (*arguments, None, None)[:2]
        if self._first.passes < MAX_FIRST_STEPS:
            self._last = loss, loss._version
            self._first.add_loss(output, target, loss)
            return
        self._last = None
        are_small = all(map(_is_small, arguments))
        self._most = MAX_KEPT if are_small and not self._are_changed else 1
        self._keeps_graphs = self.batch_entries is not None and self.batch_entries * MAX_KEPT <= MAX_ENTRIES

    def add(self, loss: torch.Tensor, samples: int) -> None:
        """Add the mean loss of a batch of so many samples, where the loss cannot be observed."""
        self.meter.add(None, None, loss.detach(), samples)
        if not self._first.are_over:
            self._first.add_loss(None, None, loss)

    def end_record(self) -> Meter:
        """Return the meter of the record, and begin another one."""
        meter = self.meter
        self.meter = meter.next()
        if meter.calls:
            self._ended.append(meter)
        return meter


def _detached(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(each.detach() if isinstance(each, torch.Tensor) else each for each in arguments[:2])


def _is_small(answer: Any) -> bool:
    """True for few numbers, and for none; of a tuple or a table of tensors their number is not known."""
    return answer is None or (isinstance(answer, torch.Tensor) and answer.numel() <= MAX_KEPT_NUMBERS)


def _is_changed(last: tuple[torch.Tensor, int] | None) -> bool:
    return last is not None and last[0]._version != last[1]


def _raise(error: Exception) -> None:
    raise error
