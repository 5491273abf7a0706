"""GradientStatistics: the gradient's statistics per epoch and tensor, in anybody's `model.fit`."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from gradlab.errors import EndsTraining
from gradlab.keras.described import batch_size_of, loss_of, none_if_raises
from gradlab.keras.naming import layers_of, tensors_of
from gradlab.keras.tap import GradientTap
from gradlab.measurement.history import Tensor
from gradlab.measurement.statistics import MEAN_GRADIENT_STATISTICS
from gradlab.spec.external import ExternalLayer, ExternalLoss

# What can be lost while the training goes on, as the warning names it.
GRADIENTS, LISTENER = "the gradients are not recorded any more", "the listener is not told any more"


class RecordingWarning(UserWarning):
    """Something is not recorded, or told to the listener, any more; the training goes on."""


class Listener(Protocol):
    """Somebody who is told of a training as it goes on, such as `gradlab.client.sender.Sender`.

    What it raises ends nothing but its own part: there is a warning, and it is not called again in this `fit`. Only
    `gradlab.errors.EndsTraining` passes.
    """

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
        """A training begins, of these layers, after one epoch and up to another; `stop` ends it after the epoch.

        It is told after the first batch: only then Keras has counted how many samples there are in one.
        """

    def epoch(self, epoch: int, metrics: Mapping[str, Any], gradients: np.ndarray | None) -> None:
        """An epoch, counted from 1, has ended: Keras's logs, and (tensors, statistics) of the gradients.

        The gradients are None where they could not be measured.
        """

    def end(self) -> None:
        """The training has ended, as Keras sees it: not where `fit` raised."""


class GradientStatistics(keras.callbacks.Callback):
    """Records how large the gradients are while a network trains.

        statistics = GradientStatistics()
        model.fit(x, y, epochs=100, callbacks=[statistics])
        statistics.of("mean_abs", layer="dense_1", parameter="kernel")      # (epochs,)

    Recorded is the gradient of each mini-batch's loss as the tape gives it, before any clipping, as the mean over the
    epoch's mini-batches. Keras shows gradients to nobody but its optimiser, so this callback stands in front of
    `optimizer.apply`, of each optimiser that the model holds, for as long as the training lasts. Training itself is
    not changed: what cannot be measured is given up with a `RecordingWarning`, once in a `fit`.
    `core.training.train` hands its measurements to the same callback.

    Args:
        listener: is told of every epoch, such as a `Sender`, which sends it to the service.

    Attributes:
        tensors: the model's trainable tensors, in the model's order; see `gradlab.keras.naming` for their names.
        statistics: the names on the shelf `gradlab.measurement.statistics`, of those that are means over the batches.
        epochs: the epochs recorded so far, counted from 1.
    """

    def __init__(self, *, listener: Listener | None = None) -> None:
        super().__init__()
        self._listener, self._has_begun, self._epoch = listener, False, 0
        self.statistics = tuple(each.name for each in MEAN_GRADIENT_STATISTICS)
        self.tensors: tuple[Tensor, ...] = ()
        self.epochs: list[int] = []
        self._rows: list[np.ndarray] = []
        self._tap: GradientTap | None = None
        self._lost: set[str] = set()
        self._ended_epoch: int | None = None

    @property
    def gradients(self) -> np.ndarray:
        """(epochs, tensors, statistics) float32."""
        shape = (len(self._rows), len(self.tensors), len(self.statistics))
        return np.array(self._rows, np.float32).reshape(shape)

    def of(self, statistic: str, *, layer: str, parameter: str) -> np.ndarray:
        """One series: (epochs,) float32.

        Raises:
            KeyError: there is no such statistic, layer or parameter.
        """
        places = [i for i, tensor in enumerate(self.tensors) if (tensor.layer, tensor.parameter) == (layer, parameter)]
        if not places or statistic not in self.statistics:
            raise KeyError(f"no {statistic} of {layer}/{parameter}; there are {self.statistics} of {self.tensors}")
        return self.gradients[:, places[0], self.statistics.index(statistic)]

    def record(self, epoch: int, gradients: np.ndarray) -> None:
        """Take in what was measured in one epoch (counted from 1): (tensors, statistics)."""
        self.epochs.append(epoch)
        self._rows.append(np.asarray(gradients, np.float32))

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._let_go()  # an earlier fit may have raised
        self._has_begun, self._lost, self._ended_epoch = False, set(), None
        self._attempt(GRADIENTS, self._begin_measuring)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch = epoch
        if self._tap is not None:
            self._attempt(GRADIENTS, self._tap.clear)

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if batch > 0 and self._listener is not None and not self._has_begun:
            # The first one has ended; its own end would make Keras wait for each batch's metrics.
            self._attempt(LISTENER, self._tell_begin, self._epoch, batch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if epoch == self._ended_epoch:
            return  # the callback is twice in the list
        self._ended_epoch = epoch
        if self._tap is not None:
            self._attempt(GRADIENTS, self._take_in, epoch)
        if self._listener is not None:
            self._attempt(LISTENER, self._tell_epoch, epoch, logs or {})

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        if self._let_go():
            self.model.train_function = None
        if self._listener is not None and self._has_begun:
            self._has_begun = False
            self._attempt(LISTENER, self._listener.end)

    def _attempt(self, part: str, action: Callable[..., None], *arguments: Any) -> None:
        """Act unless the part is lost already; it is lost, with a warning, where the action raises."""
        if part in self._lost:
            return
        try:
            action(*arguments)
        except EndsTraining:
            raise
        except Exception as error:
            self._lose(part, f"{type(error).__name__}: {error}")

    def _lose(self, part: str, why: str) -> None:
        if part not in self._lost:
            self._lost.add(part)
            message = f"{part}: {' '.join(why.split())[:500]}; the training goes on unchanged"
            warnings.warn(message, RecordingWarning, stacklevel=4)

    def _begin_measuring(self) -> None:
        if self.model.built:
            self.tensors = tuple(tensors_of(self.model))
        tap = GradientTap(self.model, self.params, lose=lambda why: self._lose(GRADIENTS, why))
        if not tap.optimizers:
            return  # another loop trains the model, and hands its measurements to `record`
        self._tap = tap
        tap.open()
        # A step that was traced in an earlier fit would go past us.
        self.model.make_train_function(force=True)

    def _take_in(self, epoch: int) -> None:
        assert self._tap is not None
        measured = self._tap.means()
        if measured is None:
            raise RuntimeError("no gradient of the model's variables came to an optimiser of the model in this epoch")
        self.tensors = self._tap.tensors
        self.record(epoch + 1, measured)

    def _let_go(self) -> bool:
        """Leave the optimisers as they were; True if they were not."""
        tap, self._tap = self._tap, None
        if tap is None:
            return False
        try:
            tap.close()
        except Exception as error:
            self._lose(GRADIENTS, f"{type(error).__name__}: {error}")
        return True

    def _tell_begin(self, epoch: int, batches: int) -> None:
        """Tell of the training, once, after some batches of its first epoch."""
        assert self._listener is not None
        if self._has_begun:
            return
        model, versions = self.model, {"keras": keras.__version__, "tensorflow": tf.__version__}
        self._listener.begin(
            layers_of(model),
            initial_epoch=epoch,
            epochs=(self.params or {}).get("epochs") or epoch + 1,
            versions=versions,
            stop=lambda: setattr(model, "stop_training", True),
            loss=none_if_raises(loss_of, model),
            batch_size=none_if_raises(batch_size_of, model, batches),
            steps_per_epoch=(self.params or {}).get("steps"),
        )
        self._has_begun = True

    def _tell_epoch(self, epoch: int, logs: Mapping[str, Any]) -> None:
        assert self._listener is not None
        self._tell_begin(epoch, (self.params or {}).get("steps") or 1)
        measured = self._rows[-1] if self.epochs and self.epochs[-1] == epoch + 1 else None
        self._listener.epoch(epoch + 1, logs, measured)
