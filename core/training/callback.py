"""GradientStatistics: the gradient's statistics per epoch and tensor, in anybody's `model.fit`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from core.history import Tensor
from core.spec.external import ExternalLayer, ExternalLoss, ExternalParameter
from core.statistics import GRADIENT_STATISTIC_NAMES
from core.training import measure
from core.training.described import activation_of, batch_size_of, loss_of


class Listener(Protocol):
    """Somebody who is told of a training as it goes on, such as `api.sender.Sender`."""

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

    def epoch(self, epoch: int, metrics: Mapping[str, Any], gradients: np.ndarray) -> None:
        """An epoch, counted from 1, has ended: Keras's logs, and (tensors, statistics) of the gradients."""

    def end(self) -> None:
        """The training has ended, as Keras sees it: not where `fit` raised."""


class GradientStatistics(keras.callbacks.Callback):
    """Records how large the gradients are while a network trains.

        statistics = GradientStatistics()
        model.fit(x, y, epochs=100, callbacks=[statistics])
        statistics.of("mean_abs", layer="dense_1", parameter="kernel")      # (epochs,)

    Recorded is the gradient of each mini-batch's loss as the tape gives it, before any clipping, as the mean over the
    epoch's mini-batches. Keras shows gradients to nobody but its optimiser, so this callback stands in front of
    `optimizer.apply` for as long as the training lasts. Training itself is not changed. `core.training.train` hands its
    measurements to the same callback.

    Args:
        listener: is told of every epoch, such as a `Sender`, which sends it to the service.

    Attributes:
        tensors: the model's trainable tensors, in the model's order.
        statistics: the names on the shelf `core.statistics`.
        epochs: the epochs recorded so far, counted from 1.
    """

    def __init__(self, *, listener: Listener | None = None) -> None:
        super().__init__()
        self._listener, self._told, self._epoch = listener, False, 0
        self.statistics = GRADIENT_STATISTIC_NAMES
        self.tensors: tuple[Tensor, ...] = ()
        self.epochs: list[int] = []
        self._rows: list[np.ndarray] = []
        self._optimizer: Any = None
        self._sums: Any = None

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
        self._let_go()  # an earlier fit may have raised
        self._told = False
        if self.model.built:
            self.tensors = tuple(tensors_of(self.model))
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is None:
            return  # another loop trains the model, and hands its measurements to `record`
        if self.model.built:
            self._prepare()
        self._optimizer, apply = optimizer, optimizer.apply

        def measure_and_apply(gradients, trainable_variables=None):
            if self._sums is None:
                # A Sequential without an input shape is built by its first batch, while the step is being traced.
                with tf.init_scope():
                    self._prepare()
            self._sums.assign_add(
                measure.gradients([None if each is None else each[None] for each in map(measure.dense, gradients)])[0]
            )
            self._batches.assign_add(1.0)
            return apply(gradients, trainable_variables)

        optimizer.apply = measure_and_apply
        # A step that was traced in an earlier fit would go past us.
        self.model.make_train_function(force=True)

    def _prepare(self) -> None:
        """Make room for the sums over an epoch's batches, once the model's tensors are there."""
        self.tensors = tuple(tensors_of(self.model))
        self._sums = keras.Variable(np.zeros((len(self.tensors), len(self.statistics)), np.float32), trainable=False)
        self._batches = keras.Variable(0.0, trainable=False)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch = epoch
        if self._sums is not None:
            self._sums.assign(np.zeros(self._sums.shape, np.float32))
            self._batches.assign(0.0)

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if batch > 0:  # the first one has ended; its own end would make Keras wait for each batch's metrics
            self._tell_begin(self._epoch, batch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self._optimizer is not None:
            self.record(epoch + 1, self._sums.numpy() / self._batches.numpy())
        if self._listener is not None and self._rows:
            self._tell_begin(epoch, (self.params or {}).get("steps") or 1)
            self._listener.epoch(epoch + 1, logs or {}, self._rows[-1])

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        if self._let_go():
            self.model.train_function = None
        if self._listener is not None and self._told:
            self._listener.end()

    def _let_go(self) -> bool:
        """Leave the optimiser as it was; says whether it was not."""
        held, self._optimizer, self._sums = self._optimizer, None, None
        if held is not None:
            del held.apply  # the class's own method shows again
        return held is not None

    def _tell_begin(self, epoch: int, batches: int) -> None:
        """Tell of the training, once, after some batches of its first epoch."""
        if self._listener is None or self._told:
            return
        self._told = True
        model, versions = self.model, {"keras": keras.__version__, "tensorflow": tf.__version__}
        self._listener.begin(
            layers_of(model),
            initial_epoch=epoch,
            epochs=(self.params or {}).get("epochs") or epoch + 1,
            versions=versions,
            stop=lambda: setattr(model, "stop_training", True),
            loss=loss_of(model),
            batch_size=batch_size_of(model, batches),
            steps_per_epoch=(self.params or {}).get("steps"),
        )


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


def layers_of(model: Any) -> list[ExternalLayer]:
    """The layers of a built Keras model in its order, as an `ExternalSpec` names them; inputs are none."""
    parameters: dict[str, list[ExternalParameter]] = {}
    for tensor in tensors_of(model):
        parameters.setdefault(tensor.layer, []).append(ExternalParameter(name=tensor.parameter, shape=tensor.shape))
    return [
        ExternalLayer(
            name=layer.name,
            class_name=type(layer).__name__,
            output_shape=_output_shape(layer),
            activation=activation_of(layer),
            parameters=tuple(parameters.get(layer.name, ())),
        )
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]


def _output_shape(layer: Any) -> tuple[int | None, ...] | None:
    """Without the batch axis; None where Keras cannot say, or where there are several outputs."""
    try:
        shape = layer.output.shape
    except (AttributeError, ValueError, RuntimeError):
        return None
    return tuple(shape[1:])


def _names(layer: Any) -> list[str]:
    variables = layer.trainable_variables
    names = [variable.name for variable in variables]
    if len(set(names)) == len(names):
        return names
    inner = [variable.path.split("/")[-3 if "cell" in variable.path.split("/")[-2] else -2] for variable in variables]
    ways = [next((way for way in ("forward", "backward") if way in each), each) for each in inner]
    return [f"{way}_{name}" for way, name in zip(ways, names, strict=True)]
