"""Adapter: a Watch inside a trainer of another library, made when the trainer has a model and its optimisers."""

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch.utils.data import DataLoader, IterableDataset

from gradlab.diagnosis import Diagnosis
from gradlab.errors import EndsTraining
from gradlab.torch.watch import Watch
from gradlab.watch import Recorder, Reporting, WatchWarning

Method = TypeVar("Method", bound=Callable[..., Any])
ONE_AT_A_TIME = "a Watch watches one model at a time: make another one for this model, which is not watched"
NOT_BEGUN = "this Watch has recorded nothing yet: its training has not begun"


class Adapter(Reporting):
    """Base class of the Watches of trainers.

    Attributes:
        watch: the Watch of the training; None before it begins.
        recorder: keeps what is measured.

    Raises:
        ValueError: `resume` names no experiment of `to` that may go on.
    """

    def __init__(
        self, *, to: str | None, resume: str | None, api_key: str | None, report_at_end: bool, **options: Any
    ) -> None:
        self.recorder = Recorder(to=to, resume=resume, api_key=api_key, report_at_end=report_at_end)
        self._options = options
        self.watch: Watch | None = None
        self._model: torch.nn.Module | None = None
        self._is_broken = False

    def diagnosis(self) -> Diagnosis:
        """Return the diagnosis of the training as far as it is recorded.

        Raises:
            RuntimeError: the training has not begun.
        """
        return self._begun().diagnosis()

    def check(self) -> None:
        """Raise `gradlab.watch.IllTraining` if the training is ill: for a job of continuous integration."""
        self._begun().check()

    def _begun(self) -> Watch:
        if self.watch is None:
            raise RuntimeError(NOT_BEGUN)
        return self.watch

    def _begin(
        self, model: torch.nn.Module, *, loader: Any, epochs: int | None, initial_epoch: int, **options: Any
    ) -> None:
        """Make the Watch. Without `data`, the samples are those of the trainer's loader.

        A model that another trainer trains with this callback at the same time is not watched. Where a trainer says
        nothing when it is broken off, as Transformers' does, the next one needs a Watch of its own, too.
        """
        if self.watch is not None and self.watch.is_active and model is not self._model:
            warnings.warn(ONE_AT_A_TIME, WatchWarning, stacklevel=3)
            return
        named = self._options | {name: value for name, value in options.items() if value is not None}
        if named.get("data") is None and _can_be_read(loader):
            named["data"] = loader
        if epochs is not None and epochs > 0:
            named["epochs"] = epochs
        self._model = model
        self.watch = Watch(model, initial_epoch=initial_epoch, recorder=self.recorder, **named)

    def _watch_of(self, model: torch.nn.Module) -> Watch | None:
        """Return the Watch of the model that a trainer trains; None if another model is watched."""
        watch = self._begun()
        return watch if model is self._model else None


def guarded(method: Method) -> Method:
    """Keep every fault of a method from the trainer that calls it; warn once, and do nothing from then on."""

    @functools.wraps(method)
    def guarded_method(self: Adapter, *arguments: Any, **named: Any) -> None:
        if self._is_broken:
            return
        try:
            method(self, *arguments, **named)
        except (EndsTraining, WatchWarning):  # a warning is raised only where the user has asked for it
            raise
        except Exception as error:
            self._is_broken = True
            text = " ".join(str(error).split())[:500]
            message = f"nothing is recorded of this training: {type(error).__name__}: {text}; it goes on unchanged"
            warnings.warn(message, WatchWarning, stacklevel=2)

    return guarded_method  # type: ignore[return-value]


def numbers(metrics: Any) -> dict[str, float]:
    """Return the metrics that are single numbers, as numbers."""
    kept = {}
    for name, value in dict(metrics).items():
        if isinstance(value, int | float) or (isinstance(value, torch.Tensor) and value.numel() == 1):
            kept[str(name)] = float(value)
    return kept


def _can_be_read(loader: Any) -> bool:
    """True for a loader whose samples can be read again by their numbers."""
    return isinstance(loader, DataLoader) and not isinstance(loader.dataset, IterableDataset)
