"""What waits to be sent of a training elsewhere, and the thread that sends it."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread
from uuid import UUID, uuid4

import numpy as np

from gradlab.client.client import Client
from gradlab.client.connection import Refused, Unreachable
from gradlab.measurement.kinds import GRADIENTS
from gradlab.schemas.status import Status
from gradlab.spec import ExternalSpec

# Epochs that end within so many seconds are sent together: each request takes a little of the training's time.
SECONDS_BETWEEN = 0.5
# While nothing is measured the service is told so often that the training lives; it is also how cancelling is seen.
SIGN_OF_LIFE = 20.0
# Numbers in a request: about half of the megabyte that a service reads by default.
MAX_NUMBERS = 30_000
# The pause before a service that is away is asked again doubles from the first to the last.
FIRST_PAUSE, LAST_PAUSE = 0.2, 10.0
# What a service answers to too much at once, and from where on the fault is its own: then it is asked again.
TOO_LARGE, BROKEN = 413, 500


@dataclass(frozen=True, eq=False)
class Epoch:
    """One epoch of a run.

    Attributes:
        metrics: (metrics,) float32, in the order of `names`.
        gradients: (tensors, statistics) float32; None where none are sent of the whole experiment.
    """

    seed: int
    epoch: int
    names: tuple[str, ...]
    metrics: np.ndarray
    gradients: np.ndarray | None

    @property
    def numbers(self) -> int:
        """How many numbers it has."""
        return int(self.metrics.size + (0 if self.gradients is None else self.gradients.size))


@dataclass(frozen=True)
class Ended:
    """The end of a run; with an error it failed."""

    seed: int
    error: str | None


class Outbox:
    """Sends what is put into it, in order and each once, by a thread that lives as long as it is open.

    Args:
        client: of the service.
        most_bytes: how much may wait; epochs for which there is no room are dropped, and with them all of their run
            that follow.
        seconds_between: epochs that end within so many seconds are sent together.
        stop_when_cancelled: whether to call `stop` where the experiment is cancelled.

    Attributes:
        experiment_id: the experiment, once the service has made it.
        stop: ends the training.
        was_cancelled: whether the experiment was.
    """

    def __init__(self, client: Client, most_bytes: int, seconds_between: float, *, stop_when_cancelled: bool) -> None:
        self._client, self._most_numbers, self._between = client, most_bytes // 4, seconds_between
        self._stop_when_cancelled = stop_when_cancelled
        self.stop: Callable[[], None] = lambda: None
        self.experiment_id: UUID | None = None
        self.was_cancelled = False
        self._spec: ExternalSpec | None = None
        self._key = str(uuid4())
        self._parts: deque[Epoch | Ended] = deque()
        self._waiting_numbers, self._together = 0, MAX_NUMBERS
        self._next: tuple[int, int] | None = None  # the run that is under way, and its next epoch
        self._dropped: dict[int, int] = {}  # seed -> from which epoch on
        self._changed = Condition()
        self._away = self._closing = self._hurry = False
        self._over: str | None = None
        self._troubles: list[str] = []
        self._thread = Thread(target=self._work, name="gradlab-sender", daemon=True)

    def open(self, spec: ExternalSpec) -> None:
        """Make the experiment, when the service can."""
        with self._changed:
            self._spec = spec
            self._thread.start()

    def put(self, part: Epoch | Ended, *, wait: bool = False) -> None:
        """Add what is to be sent; with `wait` until there is room for it, else it is dropped where there is none."""
        with self._changed:
            if isinstance(part, Epoch):
                if wait:
                    size = part.numbers
                    self._changed.wait_for(lambda: self._has_room(size) or self._over is not None)
                if not self._has_room(part.numbers) and part.seed not in self._dropped:
                    self._dropped[part.seed] = part.epoch
                    self._troubles.append(
                        f"epochs of seed {part.seed} from {part.epoch} on are dropped: the service is away"
                    )
                if part.seed in self._dropped:
                    return
                self._waiting_numbers += part.numbers
            elif part.seed in self._dropped:
                away = f"epochs from {self._dropped[part.seed]} on were not sent: the service was away for too long"
                part = Ended(part.seed, f"{part.error}; {away}" if part.error else away)
            if self._over is None:
                self._parts.append(part)
                self._changed.notify_all()

    def _has_room(self, numbers: int) -> bool:
        return not self._parts or self._waiting_numbers + numbers <= self._most_numbers

    def wait(self, patience: float, *, also_while_away: bool) -> None:
        """Wait until all is sent, for so many seconds at most."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: not self._parts or not self._thread.is_alive() or (self._away and not also_while_away), patience
            )
            self._hurry = False

    def close(self, patience: float) -> None:
        """Send the rest, for so many seconds at most, then stop."""
        self.wait(patience, also_while_away=True)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(5.0)
        if not self._thread.is_alive():
            self._client.close()

    def give_up(self, why: str) -> None:
        """Send nothing any more."""
        with self._changed:
            self._over = why
            self._troubles.append(why)
            self._parts.clear()
            self._waiting_numbers = 0
            self._changed.notify_all()

    def trouble(self) -> str | None:
        """What went wrong since this was asked last."""
        with self._changed:
            found, self._troubles = "; ".join(self._troubles), []
        return found or None

    @property
    def unsent(self) -> int:
        """How many epochs wait."""
        with self._changed:
            return sum(isinstance(part, Epoch) for part in self._parts)

    # In the thread.

    def _work(self) -> None:
        pause, heard = FIRST_PAUSE, time.monotonic()
        while True:
            with self._changed:
                self._changed.wait_for(self._is_needed, SIGN_OF_LIFE)
                if self._closing or self._over is not None:
                    return
                batch = self._batch()
            try:
                if batch or self.experiment_id is None or time.monotonic() - heard >= SIGN_OF_LIFE:
                    self._send(batch)
                    heard = time.monotonic()
                pause = FIRST_PAUSE
                with self._changed:
                    self._away = False
                    for part in batch:
                        self._parts.popleft()
                        self._waiting_numbers -= part.numbers if isinstance(part, Epoch) else 0
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._closing or self._hurry, self._between)
            except (Unreachable, Refused) as refusal:
                if isinstance(refusal, Refused) and refusal.problem.status < BROKEN:
                    self._refused(refusal, len(batch))
                    continue
                with self._changed:
                    self._away = True
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._closing, pause)
                pause = min(2 * pause, LAST_PAUSE)
            except Exception as broken:  # whatever it is, the training goes on, and says so
                self.give_up(f"nothing more is sent: {type(broken).__name__}: {broken}")

    def _is_needed(self) -> bool:
        return self._closing or bool(self._parts) or self.experiment_id is None

    def _batch(self) -> list[Epoch | Ended]:
        """What is sent next: an end, or the epochs of one run that follow on one another."""
        found: list[Epoch | Ended] = []
        numbers = 0
        for part in self._parts:
            if isinstance(part, Ended):
                return found or [part]
            numbers += part.numbers
            if found and (found[0].seed != part.seed or numbers > self._together):
                break
            found.append(part)
        return found

    def _send(self, batch: list[Epoch | Ended]) -> None:
        if self.experiment_id is None:
            assert self._spec
            self.experiment_id = self._client.submit(self._spec, idempotency_key=self._key).id
        epochs = [part for part in batch if isinstance(part, Epoch)]
        if epochs:
            metrics = dict(zip(epochs[0].names, np.stack([part.metrics for part in epochs], axis=1), strict=True))
            gradients = [part.gradients for part in epochs if part.gradients is not None]
            series = {GRADIENTS.name: self._by_column(np.stack(gradients))} if gradients else {}
            seed, first = epochs[0].seed, epochs[0].epoch
            answer = self._client.send(self.experiment_id, seed, from_epoch=first, metrics=metrics, series=series)
            self._next = seed, answer.next_epoch
        elif batch:
            end = batch[0]
            assert isinstance(end, Ended)
            self._client.end_run(self.experiment_id, end.seed, error=end.error)
            self._next = None
        elif self._next:
            self._client.send(self.experiment_id, self._next[0], from_epoch=self._next[1])

    def _by_column(self, gradients: np.ndarray) -> dict[str, np.ndarray]:
        """(epochs, tensors, statistics) as column -> (epochs, tensors)."""
        assert self._spec
        columns = self._spec.layout[GRADIENTS.name].columns
        return {name: gradients[:, :, place] for place, name in enumerate(columns)}

    def _refused(self, refusal: Refused, parts: int) -> None:
        if refusal.problem.status == TOO_LARGE and parts > 1:
            self._together //= 2
            return
        status = self._status()
        if status is Status.cancelled:
            self.was_cancelled = True
            self.give_up("the experiment was cancelled: nothing more is sent")
            if self._stop_when_cancelled:
                self.stop()
        elif self.experiment_id is not None and status is None:
            self.give_up("the experiment was deleted: nothing more is sent")
        else:
            self.give_up(f"nothing more is sent: {refusal}")

    def _status(self) -> Status | None:
        """The experiment's; None where there is none, or no more."""
        try:
            return self._client.get(self.experiment_id).status if self.experiment_id else None
        except Refused:
            return None
        except Unreachable:
            return Status.running
