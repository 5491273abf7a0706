"""Common parts of all figures: size, colours, title, caption, axes, and encoding.

Colours: Okabe & Ito 2008 without yellow, which is hard to see on a light background; cividis (Nuñez et al. 2018) for
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
# Colours of values that are not finite, and of zeros on a logarithmic scale. Neither is in viridis or cividis.
LOST, ZERO = VERMILION, "#e8e8e8"

WIDTH, HEIGHT = 8.0, 4.4  # inches
DPI = 110
CAPTION_COLUMNS = 140

# Names may contain dollars, which would begin a formula.
matplotlib.rcParams["text.parse_math"] = False
# A fixed salt for element names makes the bytes reproducible; `render` writes no date.
SETTINGS: Any = {"svg.hashsalt": "gradient-lab", "svg.fonttype": "none"}
# Digits beyond a hundredth of a point, which no screen resolves.
SPARE_DIGITS = re.compile(rb"(?<=[ ML])(-?\d+\.\d\d)\d+(?=[ \n\"])")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Matplotlib's caches and layout are not safe in threads: figures are encoded one at a time.
_drawing = threading.Lock()


def blank(title: str, caption: Sequence[str], *, panels: int = 1, rows: int = 1, height: float = HEIGHT) -> Figure:
    """Create a figure with empty panels, side by side or in rows.

    Args:
        title: title of the figure.
        caption: experiment, statistic, seeds and so on; joined by dots.
        panels: number of panels.
        rows: number of rows.
        height: height in inches.
    """
    figure = Figure(figsize=(WIDTH, height), facecolor=GROUND, layout="constrained")
    figure.suptitle(printable(title), x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)
    text = textwrap.fill(" · ".join(printable(part) for part in caption if part), CAPTION_COLUMNS)
    figure.supxlabel(text, x=0.01, ha="left", fontsize=8, color="#555555")
    columns = -(-panels // rows)
    for index in range(panels):
        _style(figure.add_subplot(rows, columns, index + 1))
    return figure


def _style(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#888888")
    axes.tick_params(labelsize=8, colors=INK)
    axes.xaxis.label.set_fontsize(9)
    axes.yaxis.label.set_fontsize(9)


def nothing(figure: Figure, reason: str = "Nothing is measured yet.") -> Figure:
    """Write the reason for an empty chart into its first panel."""
    for axes in figure.axes:
        axes.set_axis_off()
    figure.axes[0].text(0.5, 0.5, reason, ha="center", va="center", color=INK, transform=figure.axes[0].transAxes)
    return figure


def colours(count: int) -> tuple[str, ...]:
    """Return a colour for each line; a scale of cividis if there are more than LINES."""
    if count <= len(LINES):
        return LINES[:count]
    ramp = matplotlib.colormaps["cividis"](np.linspace(0, 0.92, count))
    return tuple(to_hex(colour) for colour in ramp)


def over_epochs(axes: Axes, epochs: np.ndarray) -> None:
    """Set up the horizontal axis for epochs."""
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    if len(epochs) > 1:
        axes.set_xlim(epochs[0], epochs[-1])


def decades(axis: Any, low: float, high: float) -> None:
    """Set up ticks of a logarithmic axis at powers of ten; also at 2 and 5 times these below two decades."""
    near = np.log10(high / low) < 2
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if near else (1.0,), numticks=9))
    axis.set_major_formatter(FuncFormatter(lambda value, _: power(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def power(value: float) -> str:
    """Format a positive number as a multiple of a power of ten, in plain characters: 10⁻⁶, 2·10³, 0.05, 20."""
    exponent = int(np.floor(np.log10(value) + 1e-9))
    if -2 <= exponent <= 2:
        return f"{value:g}"
    factor, raised = round(value / 10.0**exponent, 2), f"10{str(exponent).translate(RAISED)}"
    return raised if factor == 1 else f"{factor:g}·{raised}"


def legend(axes: Axes, handles: Sequence[Any] | None = None, **more: Any) -> None:
    """Add a legend; to the right of the panel by default."""
    handles = axes.get_legend_handles_labels()[0] if handles is None else handles
    if handles:
        style: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5), "fontsize": 8, "frameon": False}
        axes.legend(handles=list(handles), **style | more)


def printable(text: str) -> str:
    """Replace characters that cannot be printed by blanks. Names may contain any."""
    return "".join(character if character.isprintable() else " " for character in text)


def render(figure: Figure, form: Format) -> bytes:
    """Encode the figure. Equal figures give equal bytes."""
    metadata = {"Date": None, "Creator": "Gradient Lab"} if form == "svg" else {"Software": None}
    file = io.BytesIO()
    with _drawing, matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # names may contain characters that the font lacks; the reader's font may have them
        figure.savefig(file, format=form, dpi=DPI, metadata=metadata)
    return SPARE_DIGITS.sub(rb"\1", file.getvalue()) if form == "svg" else file.getvalue()
