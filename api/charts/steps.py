"""Chart of the back-propagated signal at each time step of recurrent layers."""

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from api.charts.ensemble import Ensemble
from api.charts.figure import INK, blank, nothing
from api.charts.lines import line, scaled
from gradlab.series.vectors import Steps

MAX_PANELS, MAX_LINES = 3, 9


def draw(experiment: str, series: Steps) -> Figure:
    """Draw a panel for each recurrent layer, and in it a line for each of some epochs: the median over the seeds."""
    arrays = series.arrays()
    seeds, epochs = tuple(arrays["seeds"].tolist()), arrays["epochs"]
    whole = Ensemble(seeds, epochs, arrays["values"].reshape(len(seeds), len(epochs), -1), arrays["lengths"])
    panels = series.tensors[:MAX_PANELS]
    seeds_shown = f"{'median of ' if len(seeds) > 1 else ''}{whole}"
    left_out = f"the first {len(panels)} of {len(series.tensors)} layers" if len(panels) < len(series.tensors) else ""
    figure = blank(
        "Back-propagated signal at each time step", (experiment, "rms = √(mean of δ²)", seeds_shown, left_out),
        panels=max(1, len(panels)), height=3.8,
    )  # fmt: skip
    if whole.is_empty:
        return nothing(figure)
    chosen = np.unique(np.linspace(0, len(epochs) - 1, min(len(epochs), MAX_LINES)).round().astype(int))
    shades = matplotlib.colormaps["viridis"](np.linspace(0, 0.9, len(chosen)))
    for index, (axes, tensor) in enumerate(zip(figure.axes, panels, strict=False)):
        steps = arrays["step"][: series.lengths[index]]
        # (seeds, steps, epochs): the steps are the horizontal axis, each epoch is a column
        values = arrays["values"][:, :, index, : len(steps)][:, chosen].swapaxes(1, 2)
        lengths = np.full(len(seeds), len(steps))
        part = Ensemble(seeds, steps, np.where(np.isnan(values), np.nan, values), lengths)
        scaled(axes, "log", part)
        for column, shade in enumerate(shades):
            line(axes, part, column, matplotlib.colors.to_hex(shade), "", "log", banded=False)
        axes.set_xlabel("time step")
        axes.set_title(tensor.layer, fontsize=9, color=INK)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    figure.axes[0].set_ylabel("rms δ (loss per unit of pre-activation)")
    ramp = ScalarMappable(Normalize(epochs[0], max(epochs[-1], epochs[0] + 1) / 0.9), matplotlib.colormaps["viridis"])
    bar = figure.colorbar(ramp, ax=figure.axes[: len(panels)], pad=0.015, aspect=25)
    bar.set_label("epoch", size=9)
    bar.ax.set_ylim(epochs[0], max(epochs[-1], epochs[0] + 1))
    bar.ax.tick_params(labelsize=8)
    return figure
