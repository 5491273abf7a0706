"""Transmission of a Watch's records to a service, while the training goes on."""

import atexit
from collections.abc import Callable, Mapping
from uuid import UUID

import numpy as np

from gradlab.client.client import Client
from gradlab.client.outbox import SECONDS_BETWEEN, Boundary, Document, Ended, Epoch, Outbox, Resumed
from gradlab.client.sender import BROKEN_OFF as BROKEN_OFF
from gradlab.facts import Facts, Wiring
from gradlab.spec import ExternalSpec
from gradlab.watch.resumption import Continued, renamed

# Seconds that the end of the process waits for a service that does not answer.
PATIENCE = 60.0
# Bytes of records that wait for a service that is away.
MAX_BYTES = 64_000_000


class Transmission:
    """Sends one training to a service. Nothing here waits for the service, except the end while it answers.

    The experiment is created with the second record, whose metrics are those of all later ones.

    Args:
        to: the address of the service.
        api_key: its API key, if it has one.
        seed: the seed that names the run.
        continued: the experiment that the training continues; None for a new one.
        warn: warns the user.
        before_closing: is called before the end of the process ends a training that was broken off.
    """

    def __init__(
        self,
        to: str,
        *,
        api_key: str | None,
        seed: int,
        continued: Continued | None,
        warn: Callable[[str], None],
        before_closing: Callable[[], object] = lambda: None,
    ) -> None:
        self._before_closing = before_closing
        self._outbox = Outbox(Client(to, api_key), MAX_BYTES, SECONDS_BETWEEN, stop_when_cancelled=False)
        self._seed, self._continued, self._warn = seed, continued, warn
        self._spec: ExternalSpec | None = None
        self._waiting: list[tuple[int, Mapping[str, float], Mapping[str, np.ndarray]]] = []
        self._documents: list[Facts | Wiring] = []
        self._unsent: set[str] = set()
        self._is_over = False
        atexit.register(self.close)
        if continued is not None and continued.spec is not None:
            self._open(continued.spec)

    @property
    def experiment_id(self) -> UUID | None:
        """Id of the experiment; None before the service has created it."""
        return self._outbox.experiment_id

    def record(
        self, spec: ExternalSpec, number: int, metrics: Mapping[str, float], series: Mapping[str, np.ndarray]
    ) -> None:
        """Send a record; keep the first one until the second one shows which metrics there are."""
        self._waiting.append((number, metrics, series))
        if self._spec is None and len(self._waiting) > 1:
            self._open(spec)
        if self._spec is not None:
            self._flush()
        self._report()

    def document(self, content: Facts | Wiring) -> None:
        """Send facts or wiring. An experiment that goes on keeps the facts that it has."""
        if self._continued is not None:
            if isinstance(content, Wiring):
                content = renamed(content, self._continued.layers)
            elif self._continued.has_facts:
                return
        if self._spec is None:
            self._documents = [each for each in self._documents if type(each) is not type(content)] + [content]
        else:
            self._outbox.put(Document(self._seed, content))

    def end(self, spec: ExternalSpec, error: str | None, boundary: Boundary | None = None) -> None:
        """End the run, and wait until its records are sent unless the service does not answer.

        Args:
            spec: the training's description.
            error: why it failed; None if it did not.
            boundary: its network's outputs over the plane of its two inputs; None for other networks.
        """
        if self._is_over:
            return
        if self._spec is None and self._waiting:
            self._open(spec)
            self._flush()
        self._is_over = True
        if self._spec is not None:
            if boundary is not None:
                self._outbox.put(Document(self._seed, boundary))
            self._outbox.put(Ended(self._seed, error))
            self._outbox.wait(PATIENCE, also_while_away=False)
        self._report()
        if not self._outbox.unsent:
            self.close()  # else the end of the process sends the rest

    def close(self) -> None:
        """Send the rest at the end of the process. A run that has not ended was broken off."""
        atexit.unregister(self.close)
        if not self._is_over:
            self._before_closing()
        if self._spec is not None and not self._is_over:
            self._outbox.put(Ended(self._seed, BROKEN_OFF))
        self._is_over = True
        if self._spec is not None:
            self._outbox.close(PATIENCE)

    def _open(self, spec: ExternalSpec) -> None:
        self._spec = spec
        resumed = None
        if (each := self._continued) is not None:
            resumed = Resumed(each.id, self._seed, each.after, each.epochs)
        self._outbox.open(spec, resumed)
        for content in self._documents:
            self._outbox.put(Document(self._seed, content))
        self._documents = []

    def _flush(self) -> None:
        assert self._spec is not None
        names = self._spec.metrics
        for number, metrics, series in self._waiting:
            values = np.array([metrics.get(name, np.nan) for name in names], np.float32)
            self._outbox.put(Epoch(self._seed, number, names, values, None, dict(series)))
            if unsent := sorted(metrics.keys() - {*names} - self._unsent):
                self._unsent.update(unsent)
                self._warn(f"{', '.join(unsent)} {'is' if len(unsent) == 1 else 'are'} not sent: new since the first")
        self._waiting = []

    def _report(self) -> None:
        if (trouble := self._outbox.trouble()) is not None:
            self._warn(trouble)
