"""GradientStatistics: a Keras callback that records the gradients' statistics per epoch and tensor."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import keras
import numpy as np

from gradlab.errors import EndsTraining
from gradlab.keras.backends import backend
from gradlab.keras.described import batch_size_of, loss_of, none_if_raises
from gradlab.keras.naming import layers_of, tensors_of
from gradlab.keras.tap import GradientTap
from gradlab.measurement.history import Tensor
from gradlab.measurement.statistics import MEAN_GRADIENT_STATISTICS
from gradlab.spec.external import ExternalLayer, ExternalLoss
from gradlab.watch.pending import GRADIENTS

# What may fail beside the gradients while the training goes on, in the words of the warning.
LISTENER = "the listener is not called any more"


class RecordingWarning(UserWarning):
    """Gradients are not recorded any more, or the listener is not called any more. The training goes on."""


class Listener(Protocol):
    """A receiver of a training's epochs while it runs, such as `gradlab.client.sender.Sender`.

    If it raises, there is a warning, and it is not called again in this `fit`. The training goes on. Only
    `gradlab.errors.EndsTraining` is passed on to `fit`.
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
        """Handle the beginning of a training.

        It is called after the first batch, because Keras has counted a batch's samples only then.

        Args:
            layers: the model's layers, in its order.
            initial_epoch: the epoch after which the training begins.
            epochs: the last planned epoch, counted from 1.
            versions: versions of the training software.
            stop: ends the training after the present epoch.
            loss: the loss; None if it has none, several, or an unknown one.
            batch_size: samples in a batch; None if unknown.
            steps_per_epoch: updates in an epoch; None if unknown.
        """

    def epoch(self, epoch: int, metrics: Mapping[str, Any], gradients: np.ndarray | None) -> None:
        """Handle the end of an epoch, counted from 1.

        Args:
            epoch: the epoch's number.
            metrics: Keras's logs.
            gradients: (tensors, statistics); None if they could not be measured.
        """

    def end(self) -> None:
        """Handle the end of the training. It is not called if `fit` raises."""


class GradientStatistics(keras.callbacks.Callback):
    """A Keras callback that records statistics of the gradients while a network trains.

        statistics = GradientStatistics()
        model.fit(x, y, epochs=100, callbacks=[statistics])
        statistics.of("mean_abs", layer="dense_1", parameter="kernel")      # (epochs,)

    Each value is a statistic of the gradient of a mini-batch's loss before clipping, averaged over the epoch's
    mini-batches. Keras gives gradients only to its optimisers. This callback therefore wraps `apply` of each optimiser
    of the model while the training lasts. It does not change the training: if a gradient cannot be measured, it warns
    once in a `fit` with a `RecordingWarning`. `core.training.train` passes its measurements to the same callback.

    Args:
        listener: is called with every epoch, such as a `Sender`, which sends it to the service.

    Attributes:
        tensors: the model's trainable tensors, in the model's order; see `gradlab.keras.naming` for their names.
        statistics: names of those statistics in `gradlab.measurement.statistics` that are means over the batches.
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
        """All recorded statistics: (epochs, tensors, statistics) float32."""
        shape = (len(self._rows), len(self.tensors), len(self.statistics))
        return np.array(self._rows, np.float32).reshape(shape)

    def of(self, statistic: str, *, layer: str, parameter: str) -> np.ndarray:
        """Return one series: (epochs,) float32.

        Raises:
            KeyError: there is no such statistic, layer or parameter.
        """
        places = [i for i, tensor in enumerate(self.tensors) if (tensor.layer, tensor.parameter) == (layer, parameter)]
        if not places or statistic not in self.statistics:
            raise KeyError(f"no {statistic} of {layer}/{parameter}; there are {self.statistics} of {self.tensors}")
        return self.gradients[:, places[0], self.statistics.index(statistic)]

    def record(self, epoch: int, gradients: np.ndarray) -> None:
        """Append the measurements of one epoch, counted from 1: (tensors, statistics)."""
        self.epochs.append(epoch)
        self._rows.append(np.asarray(gradients, np.float32))

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._close_tap()  # an earlier fit may have raised
        self._has_begun, self._lost, self._ended_epoch = False, set(), None
        self._attempt(GRADIENTS, self._begin_measuring)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch = epoch
        if self._tap is not None:
            self._attempt(GRADIENTS, self._tap.clear)

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if batch > 0 and self._listener is not None and not self._has_begun:
            # The first batch has ended. `on_train_batch_end` would make Keras wait for every batch's metrics.
            self._attempt(LISTENER, self._call_begin, self._epoch, batch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if epoch == self._ended_epoch:
            return  # the list of callbacks has this one twice
        self._ended_epoch = epoch
        if self._tap is not None:
            self._attempt(GRADIENTS, self._record_means, epoch)
        if self._listener is not None:
            self._attempt(LISTENER, self._call_epoch, epoch, logs or {})

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        if self._close_tap():
            self.model.train_function = None
        if self._listener is not None and self._has_begun:
            self._has_begun = False
            self._attempt(LISTENER, self._listener.end)

    def _attempt(self, part: str, action: Callable[..., None], *arguments: Any) -> None:
        """Run an action unless its part has failed before. If the action raises, warn and mark the part as failed."""
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
            return  # another loop trains the model, and passes its measurements to `record`
        self._tap = tap
        tap.open()
        # A step that was traced in an earlier fit calls `apply` without the tap.
        self.model.make_train_function(force=True)

    def _record_means(self, epoch: int) -> None:
        assert self._tap is not None
        measured = self._tap.means()
        if measured is None:
            raise RuntimeError("no gradient of the model's variables came to an optimiser of the model in this epoch")
        self.tensors = self._tap.tensors
        self.record(epoch + 1, measured)

    def _close_tap(self) -> bool:
        """Restore the optimisers; return True if a tap was open."""
        tap, self._tap = self._tap, None
        if tap is None:
            return False
        try:
            tap.close()
        except Exception as error:
            self._lose(GRADIENTS, f"{type(error).__name__}: {error}")
        return True

    def _call_begin(self, epoch: int, batches: int) -> None:
        """Call the listener's `begin` once, after `batches` batches of the first epoch."""
        assert self._listener is not None
        if self._has_begun:
            return
        model, versions = self.model, {"keras": keras.__version__, **backend.VERSIONS}
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

    def _call_epoch(self, epoch: int, logs: Mapping[str, Any]) -> None:
        assert self._listener is not None
        self._call_begin(epoch, (self.params or {}).get("steps") or 1)
        measured = self._rows[-1] if self.epochs and self.epochs[-1] == epoch + 1 else None
        self._listener.epoch(epoch + 1, logs, measured)
