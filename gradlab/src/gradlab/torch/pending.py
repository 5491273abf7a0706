"""Pending records: what is kept of a record at its end, and the measurements of several records at once.

A record's end reads what changes afterwards: weights, and what a probe sees. The statistics of all pending records
are computed together, which takes little longer than those of one, and are fetched from the device with one copy.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from gradlab.torch import measure
from gradlab.torch.flows import LayerFlow, measure_flows, stacked
from gradlab.torch.gradient_rows import GradientRows
from gradlab.torch.later_probes import Snapshot
from gradlab.torch.meter import Meter, results_of
from gradlab.torch.sums import RecordCounts, Sums, counts_of
from gradlab.torch.wiring import CountsOfRecords
from gradlab.watch.pending import FLOWS, GRADIENTS, PROBES, WEIGHTS, KeptRecord

# What may fail while the training goes on, in the words of the warning.
BATCHES = "what the loss gets is not recorded any more"
Tensors = dict[str, torch.Tensor]
# The means over a record's steps of the gradients' norms, before and after clipping, and of clipped steps.
NORMS = ("gradient_norm", "clipped_gradient_norm", "clipped_fraction")


@dataclass(eq=False)
class Kept(KeptRecord):
    """The parts of a record of a PyTorch training that are kept at its end.

    Attributes:
        given: metrics that are numbers already, and learning rates.
        metrics: metrics that are on the device.
        series: series that are measured already.
        meter: the losses and answers of its batches; None without any.
        weights, earlier: the weights at its end and at its beginning, (size,); None if they could not be read.
        flows: what the probe read.
        snapshot: what a probe needs that runs later; None for one that has run, and for none.
        counts: what was counted of its steps.
    """

    counts: RecordCounts
    given: dict[str, float] = field(default_factory=dict)
    metrics: Tensors = field(default_factory=dict)
    series: Tensors = field(default_factory=dict)
    meter: Meter | None = None
    weights: torch.Tensor | None = None
    earlier: torch.Tensor | None = None
    flows: Sequence[LayerFlow] = ()
    snapshot: Snapshot | None = None

    def add_rates(self, rates: Mapping[str, float | torch.Tensor]) -> None:
        """Add the present learning rates, by their names."""
        for name, rate in rates.items():
            if isinstance(rate, torch.Tensor):
                self.metrics[name] = rate.detach().clone()
            else:
                self.given.setdefault(name, float(rate))

    @property
    def entries(self) -> int:
        """The numbers that it holds on the device, about."""
        of_weights = 0 if self.weights is None else self.weights.numel()
        of_answers = 0 if self.meter is None else self.meter.entries
        of_snapshot = 0 if self.snapshot is None else self.snapshot.entries
        return of_weights + of_answers + of_snapshot + sum(each.entries for each in self.flows)


@dataclass(eq=False)
class Result:
    """The measurements of one record.

    Attributes:
        kept: what they are made from.
        metrics: name -> number.
        series: kind -> (tensors, columns).
    """

    kept: Kept
    metrics: dict[str, float]
    series: dict[str, np.ndarray]


class Measurements:
    """The measurements of several records, on the device until `results`.

    Args:
        kept: the records.
        rows: the gradients of their steps.
        attempt: runs a function of a part; if it raises, warns once and returns None from then on.

    Attributes:
        tensors: what is to be fetched.
    """

    def __init__(self, kept: Sequence[Kept], rows: GradientRows, attempt: Callable[..., Any]) -> None:
        self._kept, self._rows = kept, rows
        self.tensors: Tensors = {}
        self._places: dict[str, list[int]] = {}
        self._flows: list[tuple[int, LayerFlow]] = []
        for place, each in enumerate(kept):
            for name, value in each.metrics.items():
                self._one(f"metric/{name}", place, value)
            for kind, values in each.series.items():
                self._one(f"series/{kind}", place, values)
        attempt(BATCHES, self._measure_batches)
        attempt(GRADIENTS, self._measure_gradients)
        attempt(WEIGHTS, self._measure_weights)
        attempt(PROBES, self._measure_flows)

    def _one(self, name: str, place: int, value: torch.Tensor) -> None:
        self._several(f"{name}@{place}", [place], value[None])

    def _several(self, name: str, places: Sequence[int], values: torch.Tensor) -> None:
        """Note the values of a name in some records: (records, ...)."""
        self.tensors[name], self._places[name] = values, list(places)

    def _due(self, kind: str) -> list[int]:
        return [place for place, each in enumerate(self._kept) if kind in each.due and kind not in each.series]

    def _measure_batches(self) -> None:
        meters = {place: each.meter for place, each in enumerate(self._kept) if each.meter is not None}
        own = list(meters)
        for name, (places, values) in results_of(list(meters.values())).items():
            self._several(f"metric/{name}", [own[place] for place in places], values)

    def _measure_gradients(self) -> None:
        sums = {
            place: own for place, each in enumerate(self._kept) if (own := self._rows.sums(each.number)) is not None
        }
        if not sums:
            return
        together = Sums.stacked(list(sums.values()))
        self._several("zeros", list(sums), together.zeros)
        self._several("norms", list(sums), together.norms)
        if due := [place for place in self._due("gradients") if place in sums]:
            means = self._rows.means(together)
            rows = list(sums)
            self._several("series/gradients", due, means[[rows.index(place) for place in due]])
        for place in self._due("gradient_histograms"):
            if place in sums and (bins := sums[place].bins) is not None:
                self._one("series/gradient_histograms", place, bins)

    def _measure_weights(self) -> None:
        layout = self._rows.layout
        places = [place for place, each in enumerate(self._kept) if each.weights is not None]
        if not places:
            return
        now, before = (
            stacked([getattr(self._kept[place], name) for place in places]) for name in ("weights", "earlier")
        )
        self._several("moved", places, layout.by_tensor(lambda w, v: (w != v).any(dim=-1), now, before))
        rows = {place: row for row, place in enumerate(places)}
        if due := [place for place in self._due("weights") if place in rows]:
            chosen = [rows[place] for place in due]
            self._several("series/weights", due, measure.weights(_rows(now, chosen), _rows(before, chosen), layout))
        if due := [place for place in self._due("weight_histograms") if place in rows]:
            of_each = torch.arange(len(due), device=now.device)
            counts = measure.histograms(_rows(now, [rows[place] for place in due]), layout, of_each, len(due))
            self._several("series/weight_histograms", due, counts)

    def _measure_flows(self) -> None:
        self._flows = [(place, flow) for place, each in enumerate(self._kept) for flow in each.flows]
        for number, group in enumerate(measure_flows([flow for _, flow in self._flows])):
            for kind in FLOWS:
                values = getattr(group, kind)
                if values is not None:
                    self._several(f"flow/{kind}@{number}", group.places, values)

    def results(self, fetched: Mapping[str, np.ndarray]) -> list[Result]:
        """Return the measurements of each record, from what was fetched."""
        dtype = np.result_type(np.float32, *(each.dtype for each in fetched.values()))
        results = [Result(each, dict(each.given), {}) for each in self._kept]
        for each in results:
            empty = [kind for kind in each.kept.due if kind in FLOWS and each.kept.flows]
            each.series = {kind: np.full(each.kept.due[kind].shape, np.nan, dtype) for kind in empty}
        for name, places in self._places.items():
            part, _, rest = name.partition("@")[0].partition("/")
            for place, values in zip(places, _read(part, fetched[name]), strict=True):
                self._put(results, part, rest, place, values)
        return results

    def counts(self, fetched: Mapping[str, np.ndarray]) -> CountsOfRecords:
        """Return what was counted of the tensors in each record, from what was fetched."""
        shape = len(self._kept), len(self._rows.layout)
        steps, missing = counts_of([each.counts for each in self._kept], shape[1])
        zero, moved, sees_moves = np.zeros(shape, int), np.zeros(shape, bool), np.zeros(shape[0], bool)
        if "zeros" in fetched:
            zero[self._places["zeros"]] = fetched["zeros"]
        if "moved" in fetched:
            moved[self._places["moved"]], sees_moves[self._places["moved"]] = fetched["moved"] > 0, True
        return CountsOfRecords(steps, missing, zero, moved, sees_moves)

    def _put(self, results: Sequence[Result], part: str, name: str, place: int, values: Any) -> None:
        if part == "flow":
            record, flow = self._flows[place]
            self._put_flow(results[record], name, flow.name, values)
        elif part == "metric":
            results[place].metrics.setdefault(name, values)
        elif part == "series":
            results[place].series[name] = values
        elif part == "norms":
            results[place].metrics |= zip(NORMS, values, strict=True)

    @staticmethod
    def _put_flow(result: Result, kind: str, layer: str, values: np.ndarray) -> None:
        layout = result.kept.due.get(kind)
        for row, tensor in enumerate(() if layout is None else layout.tensors):
            if tensor.layer == layer:
                columns = result.series[kind].shape[1]
                result.series[kind][row, : len(values)] = values[:columns]


def _read(part: str, values: np.ndarray) -> Any:
    """Return what was fetched of some records, one after another: numbers where it is a number of each."""
    if part == "metric":
        return values.reshape(len(values)).tolist()
    if part == "norms":  # the means over a record's steps, from their sums and the number of steps
        with np.errstate(all="ignore"):
            return (values[:, :3] / values[:, 3:]).tolist()
    return values


def _rows(rows: torch.Tensor, places: Sequence[int]) -> torch.Tensor:
    """Return some rows; all of them without a copy."""
    return rows if len(places) == len(rows) else rows[places]


def fetch(tensors: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Return tensors as arrays of float32, with one wait for the device."""
    if not tensors:
        return {}
    device = next(iter(tensors.values())).device
    flat = torch.cat([each.detach().reshape(-1).to(device, torch.float32) for each in tensors.values()]).cpu().numpy()
    ends = np.cumsum([each.numel() for each in tensors.values()])
    parts = np.split(flat, ends[:-1])
    return {name: part.reshape(each.shape) for (name, each), part in zip(tensors.items(), parts, strict=True)}
