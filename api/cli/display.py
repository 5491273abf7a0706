"""What the terminal shows of an experiment: final metrics, and the gradients layer by layer."""

from dataclasses import dataclass
from uuid import UUID

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from api.client import Client

BARS = " ▁▂▃▄▅▆▇█"
WIDTH = 36


@dataclass(frozen=True)
class Measured:
    """What is shown.

    Attributes:
        seeds: one per run.
        metric_names: along the last axis of `metrics`.
        metrics: (seeds, epochs, metrics) float32, NaN after a run's last epoch.
        layers: one per kernel, input side first.
        gradients: (seeds, epochs, layers) float32, the mean absolute gradient of each kernel; likewise.
        lengths: (seeds,) epochs of each run.
    """

    seeds: tuple[int, ...]
    metric_names: tuple[str, ...]
    metrics: np.ndarray
    layers: tuple[str, ...]
    gradients: np.ndarray
    lengths: np.ndarray

    @classmethod
    def by(cls, client: Client, experiment_id: UUID | str) -> "Measured":
        """What a service has measured of an experiment so far."""
        history, gradients = client.history(experiment_id), client.gradients(experiment_id)
        return cls(
            seeds=tuple(history["seeds"].tolist()),
            metric_names=tuple(history["metrics"].tolist()),
            metrics=history["values"],
            layers=tuple(gradients["layers"].tolist()),
            gradients=gradients["values"],
            lengths=history["lengths"],
        )


def final(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Each run's last row: (seeds, epochs, n) to (seeds with any epoch, n)."""
    rows = [of_run[length - 1] for of_run, length in zip(values, lengths, strict=True) if length]
    return np.array(rows).reshape(len(rows), values.shape[-1])


def picture(measured: Measured) -> Group:
    """Everything, ready to be printed."""
    if not measured.lengths.any():
        return Group(Text("Nothing is measured yet."))
    return Group(metrics_table(measured), gradients_table(measured))


def metrics_table(measured: Measured) -> Table:
    """The last epoch's metrics, a line a seed."""
    table = Table(title="After the last epoch", title_justify="left")
    table.add_column("seed", justify="right")
    table.add_column("epochs", justify="right")
    for name in measured.metric_names:
        table.add_column(name, justify="right")
    for seed, epochs, values in zip(measured.seeds, measured.lengths, measured.metrics, strict=True):
        row = values[epochs - 1] if epochs else ()
        table.add_row(str(seed), str(epochs), *(f"{value:.4f}" for value in row))
    if len(measured.seeds) > 1:
        table.add_section()
        medians = np.median(final(measured.metrics, measured.lengths), axis=0)
        table.add_row("median", "", *(f"{value:.4f}" for value in medians))
    return table


def gradients_table(measured: Measured) -> Table:
    """Mean |gradient| of each layer's kernel: first and last epoch, and the way between on one logarithmic scale."""
    middle = _median_of_runs(measured.gradients, measured.lengths)
    first = np.median(measured.gradients[measured.lengths > 0, 0], axis=0)
    last = np.median(final(measured.gradients, measured.lengths), axis=0)
    low, high = _scale(middle)
    of_seeds = "" if len(measured.seeds) == 1 else f", median of {len(measured.seeds)} seeds"
    caption = f"first and last epoch; bars on a logarithmic scale from {low:.0e} to {high:.0e}"
    table = Table(title=f"Mean |gradient| of each layer's kernel{of_seeds}", title_justify="left", caption=caption)
    table.add_column("layer", no_wrap=True)
    table.add_column("first", justify="right", no_wrap=True)
    table.add_column("last", justify="right", no_wrap=True)
    table.add_column("over the epochs", min_width=WIDTH, no_wrap=True)
    for i, layer in enumerate(measured.layers):
        table.add_row(layer, f"{first[i]:.2e}", f"{last[i]:.2e}", bars(middle[:, i], low, high))
    return table


def _median_of_runs(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """(seeds, epochs, n) to (epochs, n): over the runs that have come that far. What is not finite is not left out."""
    with np.errstate(invalid="ignore"):  # the middle of two infinities
        rows = [np.median(values[lengths > epoch, epoch], axis=0) for epoch in range(lengths.max())]
    return np.array(rows)


def bars(values: np.ndarray, low: float, high: float, width: int = WIDTH) -> str:
    """A series as a row of bars: `!` where it is not finite, a blank where it is 0 or far below the scale."""
    parts = np.array_split(values, min(width, len(values)))
    return "".join(_bar(part, low, high) for part in parts)


def _bar(part: np.ndarray, low: float, high: float) -> str:
    if not np.isfinite(part).all():
        return "!"
    size = float(np.mean(part))
    if size <= 0:
        return BARS[0]
    share = (np.log10(size) - np.log10(low)) / max(np.log10(high) - np.log10(low), 1e-9)
    return BARS[1 + int(np.clip(share, 0, 0.999) * (len(BARS) - 1))]


def _scale(values: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest size on the scale: of what is finite and not 0, six decades at most."""
    sizes = values[np.isfinite(values) & (values > 0)]
    if not len(sizes):
        return 1e-6, 1.0
    high = float(sizes.max())
    return max(float(sizes.min()), high * 1e-6), high
