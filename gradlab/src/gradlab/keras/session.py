"""Session: what a Watch measures of one training of a Keras model, record by record."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradlab.facts.wiring import MAX_FIRST_STEPS
from gradlab.keras.arrays import array
from gradlab.keras.backends import backend
from gradlab.keras.first_batches import FirstBatches
from gradlab.keras.guard import unnoticed
from gradlab.keras.initial import InitialState
from gradlab.keras.layer_taps import WHOLE_NUMBERS
from gradlab.keras.naming import named_variables, watched_layers
from gradlab.keras.pending import Kept, Measured, measured
from gradlab.keras.probe import Loss, Probe
from gradlab.keras.readings import Readings
from gradlab.keras.samples import Samples
from gradlab.keras.tap import GradientTap
from gradlab.measurement.history import SeriesLayout
from gradlab.measurement.statistics import MEAN_GRADIENT_STATISTICS, UNION_GRADIENT_STATISTICS
from gradlab.spec.recording import PROBE_SAMPLES
from gradlab.watch.pending import GRADIENTS, PROBES, WEIGHTS
from gradlab.watch.sampling import Sampling
from gradlab.watch.series import histograms
from gradlab.watch.untapped import not_recorded

# What may fail while the training goes on, in the words of the warning.
BATCHES = "what the first batches hold is not recorded"
INITIAL = "the metrics and the gradient before the first update are not recorded"


class Session:
    """The measurements of one training.

    Args:
        model: the Keras model.
        intervals: field of `record` -> its interval in records; 0 for never.
        attempt: runs an action of a part; if it raises, warns once and returns None from then on.
        lose: warns that a part is not recorded any more, and why.
        optimizers: the optimisers that update it; None for those that are its attributes.
        fit: identifies the training. Taps of other ones, which have raised, are closed.
        compares: True to compare each of the first gradients with the one before.
        sampling: the batches of a record whose gradients are measured; None for all of them.
        batches_of_record: the number of batches in a record; None if it is unknown.

    Attributes:
        observes_moves: False while it is known of every tensor with a gradient that its values change.
    """

    def __init__(
        self,
        model: Any,
        *,
        intervals: Mapping[str, int],
        attempt: Callable[..., Any],
        lose: Callable[[str, str], None],
        optimizers: Sequence[Any] | None = None,
        fit: object = None,
        compares: bool = False,
        sampling: Sampling | None = None,
        batches_of_record: int | None = None,
    ) -> None:
        self.model, self._intervals, self._attempt = model, intervals, attempt
        self.batches = FirstBatches(model, fit, compares=compares, lose=lambda why: lose(BATCHES, why))
        self.tap = GradientTap(
            model,
            fit,
            lose=lambda why: lose(GRADIENTS, why),
            full=True,
            histograms_every=intervals["histograms"],
            optimizers=optimizers,
            batches=self.batches,
            sampling=sampling,
            batches_of_record=batches_of_record,
        )
        self.probe: Probe | None = None
        self.observes_moves = True
        self._variables: list[Any] = []
        self._earlier: Any = None

    def open(self) -> None:
        """Begin to measure: from now on each step of the optimisers counts."""
        self._attempt(GRADIENTS, self.tap.open)
        self._attempt(BATCHES, self.batches.open)

    def close(self) -> None:
        """Put back what was there."""
        self._attempt(GRADIENTS, self.tap.close)
        self._attempt(BATCHES, self.batches.close)

    def retrace(self) -> None:
        """Let Keras trace its step anew: one that was traced before calls `apply` without the tap."""
        self.model.make_train_function(force=True)
        self._attempt(BATCHES, self.batches.see_next)

    def prepare(self) -> None:
        """Prepare for a model whose variables all exist."""
        self._attempt(WEIGHTS, self._keep_weights)

    def _keep_weights(self) -> None:
        self._variables = [variable for _, variable in named_variables(self.model)]
        self._sizes = [int(np.prod(each.shape, dtype=np.int64)) for each in self._variables]
        self._earlier = self.weights()

    def weights(self) -> Any:
        """Return the present values of the trainable tensors as one row, (size,) float32 on their device."""
        return backend.flat_values(self._variables)

    def moved(self, now: Any, before: Any) -> np.ndarray:
        """Return (tensors,) True for those whose values differ in two rows of weights."""
        rows = (np.split(array(each), np.cumsum(self._sizes)[:-1]) for each in (now, before))
        return np.array([not np.array_equal(a, b, equal_nan=True) for a, b in zip(*rows, strict=True)], bool)

    def prepare_probe(self, samples: Samples, loss: Loss | None, factor_of: Callable[[int], float]) -> None:
        """Prepare the probe batch: the first samples of the training data."""
        few = samples.first(PROBE_SAMPLES)
        factor = factor_of(min(PROBE_SAMPLES, len(samples)))
        with unnoticed():
            self.probe = Probe(self.model, watched_layers(self.model), loss, few, factor)

    def probe_problems(self) -> list[str]:
        """Return what the probe does not observe, and why."""
        if self.probe is None:
            return []
        untapped = {name: reason for name, reason in self.probe.untapped.items() if reason != WHOLE_NUMBERS}
        lossless = self.probe.lossless
        problems = [not_recorded(untapped)] if untapped else []
        return problems + ([f"back-propagated signals are not recorded: {lossless}"] if lossless else [])

    def initially(
        self, samples: Samples, validation: Samples | None, loss: Loss, *, has_metrics: bool
    ) -> tuple[dict[str, float], np.ndarray]:
        """Return the metrics before the first update, and the statistics of the gradient: (tensors, statistics)."""
        with unnoticed():
            state = InitialState(self.model, loss, has_metrics=has_metrics)
            metrics, gradients = state.measure(samples)
            if validation is not None:
                metrics |= {f"val_{name}": value for name, value in state.measure(validation)[0].items()}
        place = {id(variable): row for row, variable in enumerate(self.model.trainable_variables)}
        rows = [gradients[place[id(variable)]] for variable in self._variables]
        self._initial_gradients = rows
        norm = float(np.sqrt(sum(float(np.square(row, dtype=np.float64).sum()) for row in rows if row is not None)))
        metrics |= {"gradient_norm": norm, "clipped_gradient_norm": norm, "clipped_fraction": 0.0}
        return metrics, np.array([_gradient_statistics(row) for row in rows], np.float32)

    def initial(self, layouts: Sequence[SeriesLayout], number: int, gradients: np.ndarray | None) -> Kept:
        """Return what the record of the state before the first update is made from.

        Args:
            layouts: the series that are recorded.
            number: the record's number.
            gradients: the statistics of the gradient over the samples; None if it was not measured.
        """
        kept = self._kept(layouts, number)
        kept.earlier = kept.weights
        if gradients is not None and "gradients" in kept.due:
            kept.series["gradients"] = gradients
        if gradients is not None and "gradient_histograms" in kept.due:
            rows = [np.full(1, np.nan) if row is None else row for row in self._initial_gradients]
            (kept.series["gradient_histograms"],) = histograms([row.reshape(1, -1) for row in rows])
        return kept

    def keep(self, layouts: Sequence[SeriesLayout], number: int, expected: int | None) -> Kept:
        """Return what a record from 1 on is made from, at its end, and begin to measure the next one's gradients.

        Args:
            layouts: the series that are recorded.
            number: the record's number.
            expected: batches that the next record is expected to have; None for as many as this one.
        """
        kept = self._kept(layouts, number)
        if self.tap.sums is not None:
            kept.gradients = self._attempt(GRADIENTS, self.tap.sums.take, number + 1, expected)
            kept.entries += getattr(kept.gradients, "entries", 0)
        return kept

    def _kept(self, layouts: Sequence[SeriesLayout], number: int) -> Kept:
        due = {each.kind: each for each in layouts if number % each.every == 0}
        kept = Kept(number, due, earlier=self._earlier)
        if self.observes_moves or "weights" in due or "weight_histograms" in due:
            kept.weights = self._attempt(WEIGHTS, self.weights)
            kept.entries += sum(self._sizes)
        if self.probe is not None and kept.has_flows:
            kept.outputs = self._attempt(PROBES, self.probe.run)
            kept.entries += self.probe.entries
        return kept

    def measured(self, kept: Sequence[Kept]) -> list[Measured]:
        """Return the measurements of records, in their order."""
        results = measured(kept, sizes=self._sizes, readings_of=self._readings, probe=self.probe, attempt=self._attempt)
        for each in results:
            if each.readings is not None:
                each.metrics |= self._attempt(GRADIENTS, self._norms, each.readings) or {}
        return results

    def _readings(self, taken: Sequence[Any]) -> Sequence[Readings]:
        assert self.tap.sums is not None
        return self.tap.sums.measured(taken)

    @property
    def gradients_every(self) -> int | None:
        """The gradients of one in so many batches of a record are measured; None if those of every batch are."""
        sums = self.tap.sums
        return None if sums is None or sums.sampling is None else sums.sampling.every

    def last_layer(self) -> Any:
        """Return the layer that was created last among those that hold no others; None if there is none."""
        layers = watched_layers(self.model)
        return layers[-1][1] if layers else None

    def _norms(self, readings: Readings) -> dict[str, float]:
        """Return the mean norm of the gradients before and after clipping, and the share of clipped batches."""
        before, after, clipped = readings.norm_means()
        accumulates = any(each.gradient_accumulation_steps and _limits(each) for each in self.tap.optimizers)
        # With accumulation the sum over several batches is clipped, which is not measured.
        more = {} if accumulates else {"clipped_gradient_norm": after, "clipped_fraction": clipped}
        return {"gradient_norm": before, **more}

    def learning_rates(self) -> dict[str, float]:
        """Return the present learning rate of each optimiser: ``learning_rate``, ``learning_rate_2`` ..."""
        rates = [float(array(each.learning_rate)) for each in self.tap.optimizers]
        return {
            "learning_rate" if not place else f"learning_rate_{place + 1}": rate for place, rate in enumerate(rates)
        }

    def begin_record(self, record: int, before: Kept | None = None) -> None:
        """Begin a record, after what was kept of the one before; None if there is none."""
        if before is None or before.gradients is None:
            self._attempt(GRADIENTS, self.tap.clear, record)
        every = self._intervals["weights"]
        if every and record % every == 0:
            latest = None if before is None else before.weights
            self._earlier = self._attempt(WEIGHTS, self.weights) if latest is None else latest

    def first_steps(self) -> np.ndarray:
        """Return the gradient's norm and its number of non-finite entries in the first steps: (steps, 2)."""
        sums = self.tap.sums
        return np.zeros((0, 2), np.float32) if sums is None else sums.first_steps[:MAX_FIRST_STEPS]


def _limits(optimizer: Any) -> bool:
    return any(each is not None for each in (optimizer.clipnorm, optimizer.clipvalue, optimizer.global_clipnorm))


def _gradient_statistics(row: np.ndarray | None) -> list[float]:
    statistics = (*MEAN_GRADIENT_STATISTICS, *UNION_GRADIENT_STATISTICS)
    if row is None:
        return [float("nan")] * len(statistics)
    with np.errstate(all="ignore"):
        return [float(each.compute(row.reshape(-1), np)) for each in statistics]
