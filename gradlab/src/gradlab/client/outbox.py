"""Outbox of an external training: epochs that wait to be sent, and the thread that sends them."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Thread
from uuid import UUID, uuid4

import numpy as np

from gradlab.client.client import Client
from gradlab.client.connection import AnotherProgram, Refused, Unreachable
from gradlab.client.parts import Boundary as Boundary
from gradlab.client.parts import Document as Document
from gradlab.client.parts import Ended as Ended
from gradlab.client.parts import Epoch as Epoch
from gradlab.client.parts import Part
from gradlab.client.parts import Resumed as Resumed
from gradlab.facts import Facts
from gradlab.schemas.status import Status
from gradlab.spec import ExternalSpec

# Epochs that end within this interval are sent together, because each request takes a little of the training's time.
SECONDS_BETWEEN = 0.5
# Interval of signs of life during long epochs. Their responses also show that the experiment was cancelled.
SIGN_OF_LIFE_SECONDS = 20.0
# Numbers in a request: about half of the megabyte that a service accepts by default.
MAX_NUMBERS = 30_000
# Pauses before a request is repeated, in seconds. They double from the minimum to the maximum.
MIN_PAUSE, MAX_PAUSE = 0.2, 10.0
# Status of a request that is too large, and the first status of server errors, after which a request is repeated.
TOO_LARGE, SERVER_ERROR = 413, 500


class Outbox:
    """Queue of epochs and ends of runs. A thread sends each of them once, in order, until the outbox is closed.

    Args:
        client: client of the service.
        most_bytes: capacity of the queue. Without room an epoch is dropped, and with it all later ones of its run.
        seconds_between: epochs that end within this interval are sent together.
        stop_when_cancelled: True to call `stop` if the experiment is cancelled.

    Attributes:
        experiment_id: id of the experiment; None before the service has created it.
        stop: function that ends the training.
        was_cancelled: True if the experiment was cancelled.
    """

    def __init__(self, client: Client, most_bytes: int, seconds_between: float, *, stop_when_cancelled: bool) -> None:
        self._client, self._max_waiting_numbers, self._between = client, most_bytes // 4, seconds_between
        self._stop_when_cancelled = stop_when_cancelled
        self.stop: Callable[[], None] = lambda: None
        self.experiment_id: UUID | None = None
        self.was_cancelled = False
        self._spec: ExternalSpec | None = None
        self._resumed: Resumed | None = None  # until the service has heard of it
        self._key = str(uuid4())
        self._parts: deque[Part] = deque()
        self._waiting_numbers, self._max_request_numbers = 0, MAX_NUMBERS
        self._next: tuple[int, int] | None = None  # the current run, and its next epoch
        self._dropped: dict[int, int] = {}  # seed -> first dropped epoch
        self._changed = Condition()
        self._away = self._closing = self._hurry = False
        self._over: str | None = None
        self._troubles: list[str] = []
        self._thread = Thread(target=self._work, name="gradlab-sender", daemon=True)

    def open(self, spec: ExternalSpec, resumed: Resumed | None = None) -> None:
        """Create the experiment as soon as the service is available, or let the one go on that is resumed."""
        with self._changed:
            self._spec, self._resumed = spec, resumed
            self.experiment_id = None if resumed is None else resumed.experiment_id
            self._thread.start()

    def put(self, part: Part, *, wait: bool = False) -> None:
        """Add an epoch or the end of a run. Without room an epoch is dropped; with `wait` this waits for room."""
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
            elif isinstance(part, Ended) and part.seed in self._dropped:
                reason = f"epochs from {self._dropped[part.seed]} on were not sent: the service was away for too long"
                part = Ended(part.seed, f"{part.error}; {reason}" if part.error else reason)
            if self._over is None:
                self._parts.append(part)
                self._changed.notify_all()

    def _has_room(self, numbers: int) -> bool:
        return not self._parts or self._waiting_numbers + numbers <= self._max_waiting_numbers

    def wait(self, patience: float, *, also_while_away: bool) -> None:
        """Wait until everything is sent, for `patience` seconds at most.

        Args:
            patience: maximum wait in seconds.
            also_while_away: False to return as soon as the service does not respond.
        """
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: not self._parts or not self._thread.is_alive() or (self._away and not also_while_away), patience
            )
            self._hurry = False

    def close(self, patience: float) -> None:
        """Send the rest, for `patience` seconds at most; then stop the thread."""
        self.wait(patience, also_while_away=True)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(5.0)
        if not self._thread.is_alive():
            self._client.close()

    def give_up(self, reason: str) -> None:
        """Stop sending, for a reason that `trouble` returns."""
        with self._changed:
            self._over = reason
            self._troubles.append(reason)
            self._parts.clear()
            self._waiting_numbers = 0
            self._changed.notify_all()

    def trouble(self) -> str | None:
        """Return the troubles since the last call; None if there were none."""
        with self._changed:
            text, self._troubles = "; ".join(self._troubles), []
        return text or None

    @property
    def unsent(self) -> int:
        """Number of epochs that wait to be sent."""
        with self._changed:
            return sum(isinstance(part, Epoch) for part in self._parts)

    # The methods below run in the thread.

    def _work(self) -> None:
        pause, sent_at = MIN_PAUSE, time.monotonic()
        while True:
            with self._changed:
                self._changed.wait_for(self._is_needed, SIGN_OF_LIFE_SECONDS)
                if self._closing or self._over is not None:
                    return
                batch = self._batch()
            try:
                if batch or self._is_new or time.monotonic() - sent_at >= SIGN_OF_LIFE_SECONDS:
                    self._send(batch)
                    sent_at = time.monotonic()
                pause = MIN_PAUSE
                with self._changed:
                    self._away = False
                    for part in batch:
                        self._parts.popleft()
                        self._waiting_numbers -= part.numbers if isinstance(part, Epoch) else 0
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._closing or self._hurry, self._between)
            except (Unreachable, Refused) as refusal:
                if isinstance(refusal, AnotherProgram) and refusal.status < SERVER_ERROR:
                    self.give_up(f"nothing more is sent: {refusal}")
                    continue
                if isinstance(refusal, Refused) and refusal.problem.status < SERVER_ERROR:
                    self._handle_refusal(refusal, len(batch))
                    continue
                with self._changed:
                    self._away = True
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._closing, pause)
                pause = min(2 * pause, MAX_PAUSE)
            except Exception as error:  # the training must go on after any error
                self.give_up(f"nothing more is sent: {type(error).__name__}: {error}")

    def _is_needed(self) -> bool:
        return self._closing or bool(self._parts) or self._is_new

    @property
    def _is_new(self) -> bool:
        """True until the service has created the experiment, or let it go on."""
        return self.experiment_id is None or self._resumed is not None

    def _batch(self) -> list[Part]:
        """Return the next request's parts: one end of a run, one document, or consecutive epochs of one run."""
        batch: list[Part] = []
        numbers = 0
        for part in self._parts:
            if not isinstance(part, Epoch):
                return batch or [part]
            numbers += part.numbers
            if batch and (batch[0].seed != part.seed or numbers > self._max_request_numbers):
                break
            batch.append(part)
        return batch

    def _send(self, batch: list[Part]) -> None:
        if self.experiment_id is None:
            assert self._spec
            self.experiment_id = self._client.submit(self._spec, idempotency_key=self._key).id
        if (resumed := self._resumed) is not None:
            self._client.resume_run(resumed.experiment_id, resumed.seed, after=resumed.after, epochs=resumed.epochs)
            self._resumed = None
        epochs = [part for part in batch if isinstance(part, Epoch)]
        if epochs:
            metrics = dict(zip(epochs[0].names, np.stack([part.metrics for part in epochs], axis=1), strict=True))
            series = self._by_kind(epochs)
            seed, first = epochs[0].seed, epochs[0].epoch
            response = self._client.send(self.experiment_id, seed, from_epoch=first, metrics=metrics, series=series)
            self._next = seed, response.next_epoch
        elif batch and isinstance(batch[0], Document):
            self._send_document(self.experiment_id, batch[0])
        elif batch:
            end = batch[0]
            assert isinstance(end, Ended)
            self._client.end_run(self.experiment_id, end.seed, error=end.error)
            self._next = None
        elif self._next:
            self._client.send(self.experiment_id, self._next[0], from_epoch=self._next[1])

    def _send_document(self, experiment_id: UUID, document: Document) -> None:
        """Send facts, wiring or a boundary. A service that does not take them gets everything else."""
        content, seed = document.content, document.seed
        try:
            if isinstance(content, Facts):
                self._client.send_facts(experiment_id, content)
            elif isinstance(content, Boundary):
                self._client.send_boundary(experiment_id, seed, content.epoch, content.plane)
            else:
                self._client.send_wiring(experiment_id, seed, content)
        except Refused as refusal:
            if refusal.problem.status >= SERVER_ERROR:
                raise
            with self._changed:
                name = type(content).__name__.lower()
                self._troubles.append(f"{name} {'are' if name == 'facts' else 'is'} not sent: {refusal}")

    def _by_kind(self, epochs: Sequence[Epoch]) -> dict[str, dict[str, np.ndarray]]:
        """Return kind -> column -> (epochs in which it is due, tensors)."""
        assert self._spec
        by_kind: dict[str, list[np.ndarray]] = {}
        for part in epochs:
            for kind, values in part.all_series.items():
                by_kind.setdefault(kind, []).append(values)
        stacked = {kind: np.stack(values) for kind, values in by_kind.items()}
        layout = self._spec.layout
        return {
            kind: dict(zip(layout[kind].columns, np.moveaxis(values, -1, 0), strict=False))
            for kind, values in stacked.items()
        }

    def _handle_refusal(self, refusal: Refused, parts: int) -> None:
        if refusal.problem.status == TOO_LARGE and parts > 1:
            self._max_request_numbers //= 2
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
        """Return the experiment's status; None if it was not created, or was deleted."""
        try:
            return self._client.get(self.experiment_id).status if self.experiment_id else None
        except Refused:
            return None
        except Unreachable:
            return Status.running
