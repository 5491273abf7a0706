"""Course: how far a training is, in batches, steps, epochs and records, and the losses of its batches."""

from dataclasses import dataclass, field

from gradlab.facts.wiring import MAX_FIRST_STEPS


@dataclass(eq=False)
class Course:
    """Progress of a training.

    Attributes:
        every: steps of the optimiser in a record; None for an epoch.
        accumulation: batches in a step of the optimiser.
        first_losses: the mean loss of each of the first batches.
        record: the number of the record that is being filled.
        batches: batches of all epochs.
        in_epoch: batches of this epoch.
    """

    every: int | None
    accumulation: int
    record: int = 1
    batches: int = 0
    first_losses: list[float] = field(default_factory=list)
    in_epoch: int = 0
    _recorded_batches: int = 0
    _seen: tuple[float, float] = (0.0, 0.0)  # sum and number of the samples' losses in this epoch, as far as read
    _sum: tuple[float, float] = (0.0, 0.0)  # the same since the record began

    @property
    def reads_losses(self) -> bool:
        """True if the loss of the next batch is needed by itself."""
        return len(self.first_losses) < MAX_FIRST_STEPS

    @property
    def is_due(self) -> bool:
        """True if the record has all of its steps."""
        return self.every is not None and self.unrecorded // self.accumulation >= self.every

    @property
    def unrecorded(self) -> int:
        """Batches since the record began."""
        return self.batches - self._recorded_batches

    def advance(self, in_epoch: int) -> int:
        """Set how many batches of this epoch are done, and return how many of them are new."""
        new = max(0, in_epoch - self.in_epoch)
        self.batches += new
        self.in_epoch = max(in_epoch, self.in_epoch)
        return new

    def read(self, total: float, count: float, new: int) -> None:
        """Take the sum and the number of the samples' losses in this epoch, after `new` further batches."""
        samples = count - self._seen[1]
        if samples <= 0:
            return
        loss = (total - self._seen[0]) / samples
        if new and self.reads_losses:
            self.first_losses += [loss] * min(new, MAX_FIRST_STEPS - len(self.first_losses))
        self._sum = (self._sum[0] + total - self._seen[0], self._sum[1] + samples)
        self._seen = (total, count)

    def add(self, loss: float | None) -> None:
        """Count a batch of a loop of the user's own, with its mean loss; None if it is unknown."""
        self.batches += 1
        self.in_epoch += 1
        if loss is not None:
            if self.reads_losses:
                self.first_losses.append(loss)
            self._sum = (self._sum[0] + loss, self._sum[1] + 1)

    @property
    def mean_loss(self) -> float | None:
        """The mean loss since the record began, as far as it was read; None if it was not."""
        return self._sum[0] / self._sum[1] if self._sum[1] else None

    def end_epoch(self) -> int:
        """End an epoch, and return the number of its batches."""
        batches, self.in_epoch, self._seen = self.in_epoch, 0, (0.0, 0.0)
        return batches

    def end_record(self) -> None:
        """Begin the next record."""
        self.record += 1
        self._recorded_batches, self._sum = self.batches, (0.0, 0.0)
