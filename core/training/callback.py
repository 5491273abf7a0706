"""GradientStatistics: the gradient's statistics per epoch and tensor, in anybody's `model.fit`."""

from typing import Any

import keras
import numpy as np

from core.history import Tensor
from core.statistics import GRADIENT_STATISTIC_NAMES
from core.training import measure


class GradientStatistics(keras.callbacks.Callback):
    """Records how large the gradients are while a network trains.

        statistics = GradientStatistics()
        model.fit(x, y, epochs=100, callbacks=[statistics])
        statistics.of("mean_abs", layer="dense_1", parameter="kernel")      # (epochs,)

    Recorded is the gradient of each mini-batch's loss as the tape gives it, before any clipping, as the mean over the
    epoch's mini-batches. Keras shows gradients to nobody but its optimiser, so this callback stands in front of
    `optimizer.apply` for as long as the training lasts. Training itself is not changed. `core.training.train` hands its
    measurements to the same callback.

    Attributes:
        tensors: the model's trainable tensors, in the model's order.
        statistics: the names on the shelf `core.statistics`.
        epochs: the epochs recorded so far, counted from 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.statistics = GRADIENT_STATISTIC_NAMES
        self.tensors: tuple[Tensor, ...] = ()
        self.epochs: list[int] = []
        self._rows: list[np.ndarray] = []
        self._optimizer: Any = None

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
        found = [i for i, tensor in enumerate(self.tensors) if (tensor.layer, tensor.parameter) == (layer, parameter)]
        if not found or statistic not in self.statistics:
            raise KeyError(f"no {statistic} of {layer}/{parameter}; there are {self.statistics} of {self.tensors}")
        return self.gradients[:, found[0], self.statistics.index(statistic)]

    def record(self, epoch: int, gradients: np.ndarray) -> None:
        """Take in what was measured in one epoch (counted from 1): (tensors, statistics)."""
        self.epochs.append(epoch)
        self._rows.append(np.asarray(gradients, np.float32))

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.tensors = tuple(tensors_of(self.model))
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is None:
            return  # another loop trains the model, and hands its measurements to `record`
        self._sums = keras.Variable(np.zeros((len(self.tensors), len(self.statistics)), np.float32), trainable=False)
        self._batches = keras.Variable(0.0, trainable=False)
        self._optimizer, apply = optimizer, optimizer.apply

        def measure_and_apply(gradients, trainable_variables=None):
            self._sums.assign_add(
                measure.gradients([None if each is None else each[None] for each in map(measure.dense, gradients)])[0]
            )
            self._batches.assign_add(1.0)
            return apply(gradients, trainable_variables)

        optimizer.apply = measure_and_apply
        # A step that was traced in an earlier fit would go past us.
        self.model.make_train_function(force=True)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._optimizer is not None:
            self._sums.assign(np.zeros(self._sums.shape, np.float32))
            self._batches.assign(0.0)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._optimizer is not None:
            self.record(epoch + 1, self._sums.numpy() / self._batches.numpy())

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        if self._optimizer is not None:
            del self._optimizer.apply  # the class's own method shows again
            self._optimizer = None
            self.model.train_function = None


def tensors_of(model: Any) -> list[Tensor]:
    """The trainable tensors of a built Keras model, named by layer and parameter.

    Where a layer holds others, as a bidirectional one does, theirs have the inner layer's name in front:
    ``forward_kernel``, ``query_bias``.
    """
    return [
        Tensor(layer.name, name, tuple(variable.shape))
        for layer in model.layers
        for name, variable in zip(_names(layer), layer.trainable_variables, strict=True)
    ]


def _names(layer: Any) -> list[str]:
    variables = layer.trainable_variables
    names = [variable.name for variable in variables]
    if len(set(names)) == len(names):
        return names
    inner = [variable.path.split("/")[-3 if "cell" in variable.path.split("/")[-2] else -2] for variable in variables]
    ways = [next((way for way in ("forward", "backward") if way in each), each) for each in inner]
    return [f"{way}_{name}" for way, name in zip(ways, names, strict=True)]
