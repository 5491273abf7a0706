"""Series of an experiment in the terminal: final metrics, gradients and state of each layer, non-finite values."""

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from gradlab.cli.measured import MISSING, Layered, Measured
from gradlab.measurement.history import Culprit
from gradlab.spec.experiment import GRADIENT_NORMS

BARS = " ▁▂▃▄▅▆▇█"
WIDTH = 36
DASH = "–"  # in place of a number that a layer does not have
# Metrics of updates, not of samples.
OF_UPDATES = ("learning_rate", *GRADIENT_NORMS)


def final(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Select the last row of each run: (seeds, epochs, n) to (seeds with any epoch, n)."""
    rows = [of_run[length - 1] for of_run, length in zip(values, lengths, strict=True) if length]
    return np.array(rows).reshape(len(rows), values.shape[-1])


def picture(measured: Measured) -> Group:
    """Render all tables of an experiment."""
    if not measured.lengths.any():
        return Group(Text("Nothing is measured yet."))
    parts: list[Table | Text] = [metrics_table(measured)]
    if measured.gradients is not None and measured.gradients.lengths.any():
        parts.append(gradients_table(measured.gradients))
    states = {heading: layered for heading, layered in measured.states.items() if layered.lengths.any()}
    if states:
        parts.append(states_table(states))
    parts += [Text(f"seed {seed}: {in_words(culprit)}") for seed, culprit in measured.culprits.items()]
    return Group(*parts)


def in_words(culprit: Culprit) -> str:
    """Describe the first value that was not finite."""
    when = f"batch {culprit.batch}" if culprit.batch else "the validation"
    tensor = ", ".join(name for name in (culprit.layer, culprit.parameter) if name)
    place = f"{culprit.where} of {tensor}" if tensor else culprit.where
    values = f"{culprit.count} × {culprit.kind}"
    return f"first left the finite numbers in {when} of epoch {culprit.epoch}: {values} in the {place}"


def metrics_table(measured: Measured) -> Table:
    """Render the metrics of the last epoch, one line per seed: those of training and of validation samples.

    Where nothing is measured on validation samples, the title says so.
    """
    names = measured.metric_names
    both = [name for name in names if f"val_{name}" in names or name.startswith("val_")]
    without = "" if both else "; validation is not measured"
    both = both or [name for name in names if name not in OF_UPDATES]
    shown = [names.index(name) for name in both]
    table = Table(title=f"After the last epoch{without}", title_justify="left")
    table.add_column("seed", justify="right")
    table.add_column("epochs", justify="right")
    for name in both:
        table.add_column(name, justify="right")
    for seed, epochs, values in zip(measured.seeds, measured.lengths, measured.metrics, strict=True):
        row = values[epochs - 1, shown] if epochs else ()
        table.add_row(str(seed), str(epochs), *(f"{value:.4f}" for value in row))
    if len(measured.seeds) > 1:
        table.add_section()
        medians = _median(final(measured.metrics, measured.lengths))[shown]
        table.add_row("median", "", *(f"{value:.4f}" for value in medians))
    return table


def gradients_table(gradients: Layered) -> Table:
    """Render mean |gradient| of each layer's kernel: first and last epoch, and bars on a logarithmic scale."""
    values, lengths = gradients.values, gradients.lengths
    middle = _median_of_runs(values, lengths)
    first = _median(values[lengths > 0, 0])
    last = _median(final(values, lengths))
    low, high = _scale(middle)
    caption = f"first and last epoch; bars on a logarithmic scale from {low:.0e} to {high:.0e}"
    title = f"Mean |gradient| of each layer's kernel{_of_seeds(lengths)}"
    table = Table(title=title, title_justify="left", caption=caption)
    table.add_column("layer", no_wrap=True)
    table.add_column("first", justify="right", no_wrap=True)
    table.add_column("last", justify="right", no_wrap=True)
    table.add_column("over the epochs", min_width=WIDTH, no_wrap=True)
    for i, layer in enumerate(gradients.layers):
        table.add_row(layer, f"{first[i]:.2e}", f"{last[i]:.2e}", bars(middle[:, i], low, high))
    return table


def states_table(states: dict[str, Layered]) -> Table:
    """Render the state of each layer after the last recorded epoch, on the probe batch."""
    first = next(iter(states.values()))
    title = f"Each layer after the last epoch, on the probe batch{_of_seeds(first.lengths)}"
    table = Table(title=title, title_justify="left")
    table.add_column("layer", no_wrap=True)
    columns = []
    for heading, layered in states.items():
        table.add_column(heading, justify="right")
        medians = _median(final(layered.values, layered.lengths))
        values = dict(zip(layered.layers, medians, strict=True))
        columns.append([_state(heading, values.get(layer)) for layer in first.layers])
    for row in zip(first.layers, *columns, strict=True):
        table.add_row(*row)
    lacking = [heading for heading, column in zip(states, columns, strict=True) if DASH in column]
    table.caption = "; ".join(f"{DASH}: no {heading} {MISSING[heading]}" for heading in lacking) or None
    return table


def _state(heading: str, value: float | None) -> str:
    """A cell: empty for a layer that is not measured, a dash for a number that its layer does not have."""
    if value is None:
        return ""
    return DASH if np.isnan(value) and MISSING.get(heading) else f"{value:.3g}"


def _of_seeds(lengths: np.ndarray) -> str:
    return "" if len(lengths) == 1 else f", median of {len(lengths)} seeds"


def _median_of_runs(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Median over the runs that have reached an epoch: (seeds, epochs, n) to (epochs, n)."""
    return np.array([_median(values[lengths > epoch, epoch]) for epoch in range(lengths.max())])


def _median(values: np.ndarray) -> np.ndarray:
    """Median over the first axis. Values that are not finite are included."""
    with np.errstate(invalid="ignore"):  # the mean of two infinities
        median: np.ndarray = np.median(values, axis=0)
    return median


def bars(values: np.ndarray, low: float, high: float, width: int = WIDTH) -> str:
    """Render a series as a row of bars: `!` for values that are not finite, a blank for 0 and below the scale."""
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
    """Return the limits of the scale of finite values above 0; at most six decades."""
    sizes = values[np.isfinite(values) & (values > 0)]
    if not len(sizes):
        return 1e-6, 1.0
    high = float(sizes.max())
    return max(float(sizes.min()), high * 1e-6), high
