"""Sender of an external training: it sends epochs to the service while the training goes on."""

import atexit
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self
from uuid import UUID

import numpy as np
from pydantic import ValidationError

from gradlab.client.client import Client
from gradlab.client.outbox import SECONDS_BETWEEN, Ended, Epoch, Outbox
from gradlab.errors import EndsTraining
from gradlab.spec import ExternalSpec
from gradlab.spec.external import ExternalLayer, ExternalLoss

BROKEN_OFF = "its training was broken off"
NOT_BEGUN = "its training was not begun"


class SenderWarning(UserWarning):
    """Something is not sent. The training goes on."""


class Unsent(EndsTraining):
    """Something is not sent, and the sender is strict. The training ends."""


class Sender:
    """Listener of a `GradientStatistics` that creates an experiment for a training, and sends its epochs.

        with Sender("http://127.0.0.1:8000", name="my fit", seeds=[0, 1]) as sender:
            for seed in (0, 1):
                keras.utils.set_random_seed(seed)
                a_model().fit(x, y, epochs=20, callbacks=[GradientStatistics(listener=sender)])

    Each `fit` is the run of the next seed. A thread sends the epochs, several of them in one request.

    While the service is unavailable, epochs are kept and requests are repeated. If the epochs exceed `most_bytes`,
    later ones are dropped, and the run ends as failed; its error names the first dropped epoch.

    An exception that leaves the `with` block ends the run as failed. Without the block Keras does not report that `fit`
    raised: the run ends as failed at the next `fit`, at `close`, or at the end of the process. Runs that did not begin
    end as failed too. At its end a `fit` waits until its epochs are sent, unless the service is unavailable.

    Args:
        url: address of the service.
        name: name of the experiment.
        seeds: the seed of each run, in the order of training.
        api_key: the service's API key, if it has one.
        metrics: names in Keras's logs that are sent; by default those of the first epoch. With names, the experiment is
            created after the first batch. Names are needed if a metric is not computed in every epoch. Nested logs are
            named by their path: ``heads/left``.
        stop_when_cancelled: True to end the training after the current epoch if the experiment is cancelled, by Keras's
            `stop_training`.
        strict: True to wait for room in place of dropping epochs, and to raise an error if the service refuses epochs.
        patience: seconds that `close` waits for an unavailable service; so does the end of a `fit` if strict.
        most_bytes: maximum size of the epochs that wait to be sent.
        seconds_between: epochs that end within this interval are sent together.

    Attributes:
        experiment_id: id of the experiment; None before the service has created it.

    A `fit` without a seed left, or with other tensors than the `fit` before, is not sent; a warning says so.

    Raises:
        ValueError: there are no seeds, or a seed is repeated.
        Unsent: epochs are not sent, and the sender is strict.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        name: str = "untitled",
        seeds: Sequence[int] = (0,),
        api_key: str | None = None,
        metrics: Sequence[str] | None = None,
        stop_when_cancelled: bool = True,
        strict: bool = False,
        patience: float = 60.0,
        most_bytes: int = 64_000_000,
        seconds_between: float = SECONDS_BETWEEN,
    ) -> None:
        if not seeds or len(set(seeds)) < len(seeds):
            raise ValueError(f"seeds: expected at least one, each once; received {list(seeds)}")
        self._about: dict[str, Any] = {"source": "external", "name": name, "seeds": tuple(seeds)}
        self._waiting, self._seed = list(seeds), None
        self._metrics = None if metrics is None else tuple(dict.fromkeys(("loss", *metrics)))
        self._unsent: set[str] = set()
        # If metrics are named, the experiment is created before the first gradient is known.
        self._has_gradients = metrics is not None
        self._strict, self._patience, self._stop_when_cancelled = strict, patience, stop_when_cancelled
        self._tensors: list[list[tuple[str, tuple[int, ...]]]] | None = None
        self._closed = False
        client = Client(url, api_key)
        self._outbox = Outbox(client, most_bytes, seconds_between, stop_when_cancelled=stop_when_cancelled)
        atexit.register(self.close)

    _seed: int | None

    @property
    def experiment_id(self) -> UUID | None:
        """Id of the experiment; None before the service has created it."""
        return self._outbox.experiment_id

    # Methods for the callback.

    def begin(
        self,
        layers: Sequence[ExternalLayer],
        *,
        initial_epoch: int,
        epochs: int,
        versions: Mapping[str, str],
        stop: Callable[[], None],
        loss: ExternalLoss | None = None,
        batch_size: int | None = None,
        steps_per_epoch: int | None = None,
    ) -> None:
        """Begin a training, as the run of the next seed."""
        self._end(BROKEN_OFF)
        shapes = [[(tensor.name, tensor.shape) for tensor in layer.parameters] for layer in layers if layer.parameters]
        if obstacle := self._obstacle(shapes):
            self._complain(f"this fit is not sent: {obstacle}")
            return
        self._seed = self._waiting.pop(0)
        self._outbox.stop = stop
        if self._outbox.was_cancelled and self._stop_when_cancelled:
            stop()
        if self._tensors is None:
            self._tensors = shapes
            self._about |= {"layers": tuple(layers), "initial_epoch": initial_epoch, "epochs": epochs}
            self._about |= {"versions": dict(versions), "loss": loss}
            self._about |= {"batch_size": batch_size, "steps_per_epoch": steps_per_epoch}
            if self._metrics is not None:
                self._open(self._metrics)

    def _obstacle(self, shapes: list[list[tuple[str, tuple[int, ...]]]]) -> str | None:
        """Return the reason why a training with these tensors cannot be the next run; None if it can."""
        if self._closed:
            return "this sender is closed: make another one"
        if not self._waiting:
            return f"each fit is a run of its own, and all seeds, {list(self._about['seeds'])}, are used"
        if self._tensors not in (None, shapes):
            return "this model has other tensors than that of the seed before: it needs another Sender"
        return None

    def epoch(self, epoch: int, metrics: Mapping[str, Any], gradients: np.ndarray | None) -> None:
        """Put a completed epoch into the outbox."""
        if self._seed is None:
            return
        numbers, others = _numbers(metrics)
        if "loss" not in numbers or (gradients is None and self._has_gradients):
            missing = "loss" if "loss" not in numbers else "gradients"
            self._end(f"epoch {epoch} has no {missing}: the epochs from {epoch} on were not sent")
            self._complain(f"the epochs from {epoch} on are not sent: epoch {epoch} has no {missing}")
            return
        if self._metrics is None:
            self._metrics = tuple(dict.fromkeys(("loss", *numbers)))
            self._has_gradients = gradients is not None
            self._open(self._metrics)
        self._warn_unsent(numbers.keys() - {*self._metrics}, "not there in the first epoch, see `metrics`")
        self._warn_unsent(others, "not one number")
        values = np.array([numbers.get(name, np.nan) for name in self._metrics], np.float32)
        sent = np.array(gradients, np.float32) if gradients is not None and self._has_gradients else None
        self._outbox.put(Epoch(self._seed, epoch, self._metrics, values, sent), wait=self._strict)
        self._check()

    def _warn_unsent(self, names: Iterable[str], reason: str) -> None:
        """Warn about names that are not sent, once for each."""
        if unsent := sorted({*names} - self._unsent):
            self._unsent.update(unsent)
            self._warn(f"{', '.join(unsent)} {'is' if len(unsent) == 1 else 'are'} not sent: {reason}")

    def end(self) -> None:
        """End the current run as completed, and wait until its epochs are sent."""
        self._end(None)
        self._outbox.wait(self._patience, also_while_away=self._strict)
        self._check(strictly=True)

    # Methods for the user.

    def close(self, error: str | None = None) -> None:
        """Send the rest, for `patience` seconds at most. Runs that have not ended end as failed."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._end(error or BROKEN_OFF)
        for seed in self._waiting:
            self._outbox.put(Ended(seed, error or NOT_BEGUN))
        self._outbox.close(self._patience)
        self._check(strictly=error is None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self.close(None if kind is None else f"{kind.__name__}: {error}"[:2000])

    def _end(self, error: str | None) -> None:
        if self._seed is not None:
            if self._tensors is not None and self._metrics is None and error:  # before its first epoch
                self._metrics = ("loss",)
                self._open(self._metrics)
            self._outbox.put(Ended(self._seed, error))
        self._seed = None

    def _open(self, metrics: tuple[str, ...]) -> None:
        about = self._about | {"metrics": metrics, "record": {"gradients": int(self._has_gradients)}}
        try:
            self._outbox.open(ExternalSpec.model_validate(about))
        except ValidationError as error:
            problems = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
            self._outbox.give_up(f"nothing is sent, the training cannot be described: {'; '.join(problems[:3])}")

    def _check(self, *, strictly: bool = False) -> None:
        """Report new troubles, in the thread that trains."""
        trouble = self._outbox.trouble()
        if strictly and trouble is None and (left := self._outbox.unsent):
            trouble = f"{left} epochs are not sent yet: the service does not answer"
        if trouble is not None:
            self._complain(trouble)

    def _complain(self, trouble: str) -> None:
        if self._strict and not self._outbox.was_cancelled:
            raise Unsent(trouble)
        self._warn(trouble)

    def _warn(self, message: str) -> None:
        warnings.warn(message, SenderWarning, stacklevel=3)


def _numbers(metrics: Mapping[str, Any], path: str = "") -> tuple[dict[str, float], list[str]]:
    """Split metrics into those that are one number, nested ones by their path, and the names of the others."""
    numbers: dict[str, float] = {}
    others: list[str] = []
    for key, value in metrics.items():
        name = f"{path}{key}"
        if isinstance(value, Mapping):
            inner, left = _numbers(value, f"{name}/")
            numbers |= inner
            others += left
            continue
        try:
            numbers[name] = float(np.asarray(value).reshape(()))
        except (TypeError, ValueError):
            others.append(name)
    return numbers, others
