"""What all figures share: size, colours, title and caption, and how one becomes bytes.

Colours: Okabe & Ito 2008, without the yellow that a light ground swallows; cividis (Nuñez et al. 2018) where there are
more lines than these.
"""

import io
import re
import textwrap
import threading
import warnings
from collections.abc import Sequence
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

Format = Literal["svg", "png"]
MEDIA_TYPES: dict[str, str] = {"svg": "image/svg+xml", "png": "image/png"}

INK, FAINT, GROUND = "#222222", "#d9d9d9", "#ffffff"
BLUE, VERMILION, GREEN = "#0072B2", "#D55E00", "#009E73"
LINES = (BLUE, "#E69F00", GREEN, "#CC79A7", "#56B4E9", VERMILION, "#000000")
# Where a value is not finite, and where it is exactly 0 on a logarithmic scale: neither is in viridis or cividis.
LOST, ZERO = VERMILION, "#e8e8e8"

WIDTH, HEIGHT = 8.0, 4.4  # inches
DPI = 110
CAPTION_COLUMNS = 140

# The same data give the same bytes: element names are hashed with this, and no date is written.
SETTINGS: Any = {"svg.hashsalt": "gradient-lab", "svg.fonttype": "none"}
# A hundredth of a point is finer than any screen.
SPARE_DIGITS = re.compile(rb"(?<=[ ML])(-?\d+\.\d\d)\d+(?=[ \n\"])")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# matplotlib's caches and layout are not made for threads: one figure at a time becomes bytes.
_drawing = threading.Lock()


def blank(title: str, caption: Sequence[str], *, panels: int = 1, rows: int = 1, height: float = HEIGHT) -> Figure:
    """A figure with so many empty panels, side by side or in rows.

    Args:
        title: what is seen.
        caption: experiment, statistic, seeds ... joined by dots.
        panels: how many there are in all.
        rows: in so many rows.
        height: in inches.
    """
    figure = Figure(figsize=(WIDTH, height), facecolor=GROUND, layout="constrained")
    figure.suptitle(printable(title), x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK, parse_math=False)
    told = textwrap.fill(" · ".join(printable(each) for each in caption if each), CAPTION_COLUMNS)
    figure.supxlabel(told, x=0.01, ha="left", fontsize=8, color="#555555", parse_math=False)
    columns = -(-panels // rows)
    for place in range(panels):
        _plain(figure.add_subplot(rows, columns, place + 1))
    return figure


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#888888")
    axes.tick_params(labelsize=8, colors=INK)
    axes.xaxis.label.set_fontsize(9)
    axes.yaxis.label.set_fontsize(9)


def nothing(figure: Figure, why: str = "Nothing is measured yet.") -> Figure:
    """The figure with a word in place of what cannot be drawn."""
    for axes in figure.axes:
        axes.set_axis_off()
    figure.axes[0].text(0.5, 0.5, why, ha="center", va="center", color=INK, transform=figure.axes[0].transAxes)
    return figure


def colours(count: int) -> tuple[str, ...]:
    """A colour for each line, first to last; in order of cividis where they are many."""
    if count <= len(LINES):
        return LINES[:count]
    ramp = matplotlib.colormaps["cividis"](np.linspace(0, 0.92, count))
    return tuple(to_hex(each) for each in ramp)


def over_epochs(axes: Axes, epochs: np.ndarray) -> None:
    """Make the horizontal axis that of the epochs."""
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    if len(epochs) > 1:
        axes.set_xlim(epochs[0], epochs[-1])


def decades(axis: Any, least: float, most: float) -> None:
    """Write the powers of ten of a logarithmic axis, and what lies between them where there are fewer than two."""
    near = np.log10(most / least) < 2
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if near else (1.0,), numticks=9))
    axis.set_major_formatter(FuncFormatter(lambda value, _: power(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def power(value: float) -> str:
    """A positive number as a multiple of a power of ten, in plain letters: 10⁻⁶, 2·10³, 0.05, 20."""
    exponent = int(np.floor(np.log10(value) + 1e-9))
    if -2 <= exponent <= 2:
        return f"{value:g}"
    factor, raised = round(value / 10.0**exponent, 2), f"10{str(exponent).translate(RAISED)}"
    return raised if factor == 1 else f"{factor:g}·{raised}"


def legend(axes: Axes, handles: Sequence[Any] | None = None, **more: Any) -> None:
    """A plain legend; beside the panel unless told where."""
    handles = axes.get_legend_handles_labels()[0] if handles is None else handles
    if handles:
        style: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5), "fontsize": 8, "frameon": False}
        axes.legend(handles=list(handles), **style | more)


def printable(text: str) -> str:
    """Names come from anybody: what cannot be printed becomes a blank."""
    return "".join(each if each.isprintable() else " " for each in text)


def render(figure: Figure, form: Format) -> bytes:
    """The figure as a file's bytes: equal for equal figures."""
    told = {"Date": None, "Creator": "Gradient Lab"} if form == "svg" else {"Software": None}
    written = io.BytesIO()
    with _drawing, matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name may hold letters that our font does not: a reader's may
        figure.savefig(written, format=form, dpi=DPI, metadata=told)
    return SPARE_DIGITS.sub(rb"\1", written.getvalue()) if form == "svg" else written.getvalue()
