"""Session: what a Watch measures of one training of a Keras model, record by record."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradlab.facts.wiring import MAX_FIRST_STEPS
from gradlab.keras.arrays import array
from gradlab.keras.first_batches import FirstBatches
from gradlab.keras.guard import unnoticed
from gradlab.keras.initial import InitialState
from gradlab.keras.layer_taps import WHOLE_NUMBERS
from gradlab.keras.naming import named_variables, watched_layers
from gradlab.keras.probe import Loss, Probe, ProbedLayer
from gradlab.keras.samples import Samples
from gradlab.keras.tap import GradientTap
from gradlab.measurement.history import SeriesLayout
from gradlab.measurement.statistics import MEAN_GRADIENT_STATISTICS, UNION_GRADIENT_STATISTICS
from gradlab.spec.recording import PROBE_SAMPLES
from gradlab.watch.sampling import Sampling
from gradlab.watch.series import activation_series, histograms, signal_series, time_signal_series, weight_series
from gradlab.watch.untapped import not_recorded

# What may fail while the training goes on, in the words of the warning.
GRADIENTS = "the gradients are not recorded any more"
WEIGHTS = "the weights are not recorded any more"
PROBES = "activations and signals are not recorded any more"
BATCHES = "what the first batches hold is not recorded"
INITIAL = "the metrics and the gradient before the first update are not recorded"
Series = dict[str, np.ndarray]


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
        )
        self.probe: Probe | None = None
        self._variables: list[Any] = []
        self._earlier: list[np.ndarray] | None = None
        self._latest: list[np.ndarray] | None = None

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
        self._earlier = self.weights()

    def weights(self) -> list[np.ndarray]:
        """Return the present values of the trainable tensors."""
        return [np.array(variable.numpy(), np.float32) for variable in self._variables]

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

    def initial_series(self, layouts: Sequence[SeriesLayout], gradients: np.ndarray | None) -> Series:
        """Return the series of record 0."""
        series = self._state_series(layouts, 0)
        for layout in layouts:
            if layout.kind == "gradients" and gradients is not None:
                series["gradients"] = gradients
            if layout.kind == "gradient_histograms" and gradients is not None:
                rows = [np.full(1, np.nan) if row is None else row for row in self._initial_gradients]
                series["gradient_histograms"] = histograms(rows)
        return series

    def series(self, layouts: Sequence[SeriesLayout], record: int) -> Series:
        """Return the series that are due in a record, from 1 on, at its end."""
        series = self._state_series(layouts, record)
        sums = self.tap.sums
        for layout in layouts:
            if sums is None or record % layout.every:
                continue
            if layout.kind == "gradients":
                values = self._attempt(GRADIENTS, sums.statistics)
            elif layout.kind == "gradient_histograms":
                values = self._attempt(GRADIENTS, sums.histogram_counts)
            else:
                continue
            if values is not None:
                series[layout.kind] = values
        return series

    def _state_series(self, layouts: Sequence[SeriesLayout], record: int) -> Series:
        due = {layout.kind: layout for layout in layouts if record % layout.every == 0}
        series: Series = {}
        if "weights" in due or "weight_histograms" in due:
            series |= self._attempt(WEIGHTS, self._weight_series, due) or {}
        if self.probe is not None and due.keys() & {"activations", "signals", "time_signals"}:
            series |= self._attempt(PROBES, self._flow_series, due) or {}
        return series

    def _weight_series(self, due: Mapping[str, SeriesLayout]) -> Series:
        weights, series = self.weights(), {}
        self._latest = weights
        if "weights" in due:
            series["weights"] = weight_series(weights, self._earlier or weights)
        if "weight_histograms" in due:
            series["weight_histograms"] = histograms(weights)
        return series

    def _flow_series(self, due: Mapping[str, SeriesLayout]) -> Series:
        assert self.probe is not None
        with unnoticed():
            probed: Mapping[str, ProbedLayer] = self.probe.run()
        measured: dict[str, Callable[[list[str], SeriesLayout], np.ndarray]] = {
            "activations": lambda names, _: activation_series(names, probed),
            "signals": lambda names, _: signal_series(names, probed),
            "time_signals": lambda names, layout: time_signal_series(names, probed, len(layout.columns)),
        }
        return {
            kind: measured[kind]([tensor.layer for tensor in layout.tensors], layout)
            for kind, layout in due.items()
            if kind in measured
        }

    @property
    def gradients_every(self) -> int | None:
        """The gradients of one in so many batches of a record are measured; None if those of every batch are."""
        sums = self.tap.sums
        return None if sums is None or sums.sampling is None else sums.sampling.every

    def expect(self, batches: int) -> None:
        """Expect so many batches in the next record."""
        sums = self.tap.sums
        if sums is not None and sums.sampling is not None:
            sums.sampling = Sampling(batches)

    def last_layer(self) -> Any:
        """Return the layer that was created last among those that hold no others; None if there is none."""
        layers = watched_layers(self.model)
        return layers[-1][1] if layers else None

    def norms(self) -> dict[str, float]:
        """Return the mean norm of the gradients before and after clipping, and the share of clipped batches."""
        sums = self.tap.sums
        means = None if sums is None else self._attempt(GRADIENTS, sums.norm_means)
        if means is None:
            return {}
        before, after, clipped = means
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

    def begin_record(self, record: int) -> None:
        """Begin to add up the next record."""
        if self.tap.sums is not None:
            self._attempt(GRADIENTS, self.tap.clear, record)
        latest, self._latest = self._latest, None
        every = self._intervals["weights"]
        if every and record % every == 0:
            self._earlier = latest or self._attempt(WEIGHTS, self.weights) or self._earlier

    def first_steps(self) -> np.ndarray:
        """Return the gradient's norm and its number of non-finite entries in the first steps: (steps, 2)."""
        sums = self.tap.sums
        values = None if sums is None else self._attempt(GRADIENTS, sums.first_steps)
        return np.zeros((0, 2), np.float32) if values is None else values[:MAX_FIRST_STEPS]


def _limits(optimizer: Any) -> bool:
    return any(each is not None for each in (optimizer.clipnorm, optimizer.clipvalue, optimizer.global_clipnorm))


def _gradient_statistics(row: np.ndarray | None) -> list[float]:
    statistics = (*MEAN_GRADIENT_STATISTICS, *UNION_GRADIENT_STATISTICS)
    if row is None:
        return [float("nan")] * len(statistics)
    with np.errstate(all="ignore"):
        return [float(each.compute(row.reshape(-1), np)) for each in statistics]
