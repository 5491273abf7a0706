"""GradientTap: measures the gradients that a model's optimisers receive, without changing them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from gradlab.keras import measure
from gradlab.keras.backends import backend
from gradlab.keras.first_batches import FirstBatches
from gradlab.keras.naming import named_variables
from gradlab.keras.rows import GradientRows, keeps_rows
from gradlab.keras.sums import Clip, GradientSums
from gradlab.measurement.history import Tensor
from gradlab.watch.sampling import Sampling

# An embedding's gradient has only the rows that were looked up. Measuring it needs the dense tensor, of four bytes an
# entry. Above 200 MB it is not measured, to leave the memory to the training.
MAX_DENSE_ENTRIES = 50_000_000


@dataclass
class _Tapped:
    """An optimiser, the `apply` that measures, and the instance's own `apply` before it, or None."""

    optimizer: Any
    ours: Any
    before: Any


class GradientTap:
    """A wrapper around `apply` of every optimiser of a model, from `open` to `close`.

    A variable's statistics are summed over all calls in which an optimiser received its gradient. An error while
    measuring does not reach the training's step: `lose` gets its text, and the gradients are applied.

    Args:
        model: the model that is trained. Its first batch may build it.
        fit: identifies the call of `fit`. Open taps of other calls, which have raised, are closed.
        lose: gets the reason when the measuring ends early.
        full: True to measure all that `GradientSums` adds up, not only means.
        histograms_every: records from one with histograms to the next; 0 for no histograms.
        optimizers: the optimisers; None for those that are attributes of the model.
        batches: measures the first batches with their gradients; None for no such measurement.
        sampling: the batches of a record that are measured; None for all of them. With several optimisers all are.
        batches_of_record: the number of batches in a record; None if it is unknown.

    Attributes:
        optimizers: the optimisers that are attributes of the model, each once, unless others were given. For a
            loss-scaling optimiser it is the inner one, which receives unscaled gradients.
        tensors: the measured tensors, in the model's order; empty before the model is built.
        sums: what is kept or added up of their gradients; None before the model is built.
    """

    def __init__(
        self,
        model: Any,
        fit: object,
        *,
        lose: Callable[[str], None],
        full: bool = False,
        histograms_every: int = 0,
        optimizers: Sequence[Any] | None = None,
        batches: FirstBatches | None = None,
        sampling: Sampling | None = None,
        batches_of_record: int | None = None,
    ) -> None:
        self._batches, self._batches_of_record = batches, batches_of_record
        self._attached: list[Any] = []
        self._model, self._fit, self._lose = model, fit, lose
        self._full, self._histograms_every = full, histograms_every
        self.optimizers = _optimizers_of(model) if optimizers is None else [_inside(each) for each in optimizers]
        self._sampling = sampling if len(self.optimizers) == 1 else None
        self.tensors: tuple[Tensor, ...] = ()
        self.sums: GradientSums | GradientRows | None = None
        self._places: dict[int, int] = {}
        self._is_open = False
        self._taps: dict[int, _Tapped] = {}

    def open(self) -> None:
        """Begin to measure."""
        self._is_open = True
        for optimizer in self.optimizers:
            self._close_stale(optimizer)
            tapped = _Tapped(optimizer, self._measuring_apply(optimizer), vars(optimizer).get("apply"))
            optimizer.apply = tapped.ours
            self._taps[id(optimizer)] = tapped
        if self._model.built:
            self._prepare()

    def close(self) -> None:
        """Restore the optimisers' `apply`. Below a later wrapper of other code, ours stays and passes gradients on."""
        self._is_open = False
        for tapped in self._taps.values():
            self._take_out(tapped)
            if self.sums is not None:
                backend.detach(tapped.optimizer, self._attached)
        self._taps = {}

    def _take_out(self, tapped: _Tapped) -> None:
        """Restore the `apply` that this tap replaced, in the optimiser or in a later tap that wraps this one."""
        in_front, apply = None, vars(tapped.optimizer).get("apply")
        while apply is not tapped.ours:
            tap = getattr(apply, "tap", None)
            in_front = tap._taps.get(id(tapped.optimizer)) if isinstance(tap, GradientTap) else None
            if in_front is None:
                return
            apply = in_front.before
        if in_front is not None:
            in_front.before = tapped.before
        elif tapped.before is None:
            del tapped.optimizer.apply  # the class's method is used again
        else:
            tapped.optimizer.apply = tapped.before

    def _close_stale(self, optimizer: Any) -> None:
        while (apply := vars(optimizer).get("apply")) is not None:
            tap = getattr(apply, "tap", None)
            if not isinstance(tap, GradientTap) or tap._fit is self._fit:
                return
            tap.close()
            if vars(optimizer).get("apply") is apply:
                return  # a foreign wrapper that has copied our attributes

    def clear(self, record: int = 0) -> None:
        """Begin a record, and drop what was measured before."""
        if self.sums is not None:
            self.sums.take(record)

    def means(self) -> np.ndarray | None:
        """Return the means since the record began, (tensors, statistics); None if no batch was measured.

        A tensor without a gradient has NaN.
        """
        return None if self.sums is None else self.sums.readings().mean_statistics()

    def _measuring_apply(self, optimizer: Any) -> Any:
        apply, observe = optimizer.apply, backend.unconverted(self._measure)

        def measure_and_apply(*arguments: Any, **named: Any) -> Any:
            if self._is_open:
                arguments, named = _as_lists(arguments), dict(zip(named, _as_lists(tuple(named.values())), strict=True))
                try:
                    observe(optimizer, *arguments, **named)
                except Exception as error:
                    self._is_open = False
                    self._lose(f"{type(error).__name__}: {error}")
            return apply(*arguments, **named)

        measure_and_apply.tap = self  # type: ignore[attr-defined]
        return measure_and_apply

    def _prepare(self) -> None:
        """Create the sums over a record's batches, once the model's variables exist."""
        pairs = named_variables(self._model)
        self.tensors = tuple(tensor for tensor, _ in pairs)
        self._places = {id(variable): place for place, (_, variable) in enumerate(pairs)}
        sums = self._collector()
        self._attached = list(sums.variables)
        if self._batches is not None:
            self._attached += self._batches.prepare(sum(int(np.prod(each.shape)) for each in self.tensors))
        for optimizer in self.optimizers:
            backend.attach(optimizer, self._attached)
        self.sums = sums

    def _collector(self) -> GradientSums | GradientRows:
        batches = self._batches_of_record if len(self.optimizers) == 1 else None
        if keeps_rows(self.tensors, batches):
            every, sampling = self._histograms_every, self._sampling
            return GradientRows(self.tensors, batches or 0, histograms_every=every, sampling=sampling)
        return GradientSums(
            self.tensors, full=self._full, histograms_every=self._histograms_every, sampling=self._sampling
        )

    def _measure(self, optimizer: Any, grads: Any, trainable_variables: Any = None, **_: Any) -> None:
        if (replicas := backend.replicas()) > 1:
            raise NotImplementedError(
                f"the training runs on {replicas} replicas, each with the gradient of its own share"
            )
        if self.sums is None:
            # The first batch builds a Sequential without an input shape, while the step is traced.
            with backend.outside_of_step():
                self._prepare()
        assert self.sums is not None
        if not self.sums.next():
            return
        variables = optimizer._trainable_variables if trainable_variables is None else trainable_variables
        rows: list[Any] = [None] * len(self.tensors)
        for gradient, variable in zip(grads, variables, strict=True):
            place = self._places.get(id(variable))
            if place is not None and gradient is not None and not _is_too_large(gradient, self.tensors[place]):
                rows[place] = _as_row(gradient, self.tensors[place], optimizer.loss_scale_factor)
        if any(row is not None for row in rows):
            self.sums.add(rows, _clip_of(optimizer, rows) if self._full else None)
            if self._batches is not None:
                self._batches.add(rows, [each.shape for each in self.tensors])


def clips(optimizer: Any) -> bool:
    """True if an optimiser clips the gradient of each batch. With accumulation it clips sums over several batches."""
    limits = (optimizer.clipnorm, optimizer.clipvalue, optimizer.global_clipnorm)
    return any(limit is not None for limit in limits) and not optimizer.gradient_accumulation_steps


def _clip_of(optimizer: Any, rows: Sequence[Any]) -> Clip | None:
    """Return a function that returns the gradients as the optimiser clips them; None if it does not."""
    if not clips(optimizer):
        return None
    return lambda: optimizer._clip_gradients([row for row in rows if row is not None])


def _optimizers_of(model: Any) -> list[Any]:
    candidates = [getattr(model, "optimizer", None)]
    for value in vars(model).values():
        candidates += value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    inner = [_inside(each) for each in candidates if isinstance(each, keras.optimizers.Optimizer)]
    return list({id(each): each for each in inner}.values())


def _inside(optimizer: Any) -> Any:
    """Return a loss-scaling optimiser's inner one, which gets unscaled gradients in steps where they are finite."""
    while isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    return optimizer


def _as_lists(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Turn iterators into lists, because the optimiser reads them again."""
    return tuple(list(each) if hasattr(each, "__next__") else each for each in arguments)


def _is_too_large(gradient: Any, tensor: Tensor) -> bool:
    return backend.is_sparse(gradient) and int(np.prod(tensor.shape, dtype=np.int64)) > MAX_DENSE_ENTRIES


def _as_row(gradient: Any, tensor: Tensor, scale: Any) -> Any:
    """Return a gradient of any precision, unscaled, as (1, *shape) float32."""
    row = backend.as_row(measure.dense(gradient), tensor.shape)
    return row if scale is None else row / scale
