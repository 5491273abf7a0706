"""Pending records of a Keras training: what is kept of each at its end, and the series of several at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradlab.keras.arrays import array
from gradlab.keras.probe import Probe, ProbedLayer
from gradlab.keras.readings import Readings
from gradlab.watch.pending import FLOWS, GRADIENTS, PROBES, WEIGHTS, KeptRecord
from gradlab.watch.series import activation_series, histograms, signal_series, time_signal_series, weight_series

Series = dict[str, np.ndarray]


@dataclass(eq=False)
class Kept(KeptRecord):
    """The parts of a record of a Keras training that are kept at its end.

    Attributes:
        metrics: name -> number.
        batches: batches of the training so far.
        gradients: what was kept of its batches; None if there is nothing.
        weights, earlier: the weights at its end and at its beginning, (size,); None if they are not needed.
        outputs: what the probe returned; None if nothing of it is due.
        entries: the numbers that it holds, about.
        series: series that are measured already.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    batches: int = 0
    gradients: Any = None
    weights: Any = None
    earlier: Any = None
    outputs: Any = None
    entries: int = 0
    series: Series = field(default_factory=dict)


@dataclass(eq=False)
class Measured:
    """The measurements of one record.

    Attributes:
        kept: what they are made from.
        metrics: name -> number.
        series: kind -> (tensors, columns).
        readings: the sums of its gradients; None if there are none.
    """

    kept: Kept
    metrics: dict[str, float]
    series: Series
    readings: Readings | None = None


def measured(
    kept: Sequence[Kept],
    *,
    sizes: Sequence[int],
    readings_of: Callable[[Sequence[Any]], Sequence[Readings]],
    probe: Probe | None,
    attempt: Callable[..., Any],
) -> list[Measured]:
    """Measure records together.

    Args:
        kept: the records.
        sizes: the numbers of the trainable tensors' entries.
        readings_of: returns the readings of what was kept of several records' gradients.
        probe: the probe; None without one.
        attempt: runs an action of a part; if it raises, warns once and returns None from then on.
    """
    records = [Measured(each, dict(each.metrics), dict(each.series)) for each in kept]
    attempt(GRADIENTS, _measure_gradients, records, readings_of)
    attempt(WEIGHTS, _measure_weights, records, sizes)
    if probe is not None:
        attempt(PROBES, _measure_flows, records, probe)
    return records


def _measure_gradients(records: Sequence[Measured], readings_of: Callable[..., Sequence[Readings]]) -> None:
    own = [each for each in records if each.kept.gradients is not None]
    if not own:
        return
    for each, readings in zip(own, readings_of([each.kept.gradients for each in own]), strict=True):
        each.readings = readings
        values = {"gradients": readings.statistics(), "gradient_histograms": readings.histograms}
        for kind, value in values.items():
            if kind in each.kept.due and value is not None:
                each.series[kind] = value


def _measure_weights(records: Sequence[Measured], sizes: Sequence[int]) -> None:
    ends = np.cumsum(sizes)[:-1]

    def tensors(own: Sequence[Measured], name: str) -> list[np.ndarray]:
        return np.split(np.stack([array(getattr(each.kept, name)) for each in own]), ends, axis=1)

    with_weights = [each for each in records if each.kept.weights is not None]
    if own := [each for each in with_weights if "weights" in each.kept.due and each.kept.earlier is not None]:
        _put(own, "weights", weight_series(tensors(own, "weights"), tensors(own, "earlier")))
    if own := [each for each in with_weights if "weight_histograms" in each.kept.due]:
        _put(own, "weight_histograms", histograms(tensors(own, "weights")))


def _measure_flows(records: Sequence[Measured], probe: Probe) -> None:
    measures: dict[str, Callable[[Sequence[str], Mapping[str, ProbedLayer], int, int], np.ndarray]] = {
        "activations": lambda names, probed, count, _: activation_series(names, probed, count),
        "signals": lambda names, probed, count, _: signal_series(names, probed, count),
        "time_signals": time_signal_series,
    }
    # Records with the same kinds: all but few, where intervals differ.
    groups: dict[tuple[str, ...], list[Measured]] = {}
    for each in records:
        if each.kept.outputs is not None:
            groups.setdefault(tuple(kind for kind in FLOWS if kind in each.kept.due), []).append(each)
    for kinds, own in groups.items():
        probed = probe.read([each.kept.outputs for each in own])
        for kind in kinds:
            layout = own[0].kept.due[kind]
            names = [tensor.layer for tensor in layout.tensors]
            _put(own, kind, measures[kind](names, probed, len(own), len(layout.columns)))


def _put(records: Sequence[Measured], kind: str, values: np.ndarray) -> None:
    for each, own in zip(records, values, strict=True):
        each.series[kind] = own
