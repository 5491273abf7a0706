"""Axes of a study on the axes of a chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.ticker import NullFormatter, NullLocator

from api.charts.figure import decades
from gradlab.schemas.studies import AxisResponse
from gradlab.spec.study.axes import written
from gradlab.spec.study.placing import shown

MAX_TICKS = 20
MAX_LABEL = 40  # characters of a value beside an axis


@dataclass(frozen=True)
class ChartAxis:
    """Axis of a study as an axis of a chart.

    Attributes:
        axis: the study's axis.
        in_steps: True if its values stand at equal steps, whatever they are; else numbers stand where they are.
    """

    axis: AxisResponse
    in_steps: bool = True

    @classmethod
    def of(cls, axis: AxisResponse, *, in_steps: bool) -> "ChartAxis":
        """Place an axis; names stand at equal steps, and numbers of a distribution where they are."""
        return cls(axis, axis.values is not None and (in_steps or axis.scale == "names"))

    @property
    def listed(self) -> Sequence[Any]:
        """All values in order; empty for a distribution."""
        return self.axis.values or ()

    def at(self, value: Any) -> float:
        """Return the place of a value: its number, or its index where values stand at equal steps."""
        if not self.in_steps:
            return float(value)
        return float(self._steps[written(value)])

    @cached_property
    def _steps(self) -> dict[str, int]:
        return {written(each): step for step, each in enumerate(self.listed)}

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest number of a distribution, or of a list of numbers."""
        numbers = [float(value) for value in self.listed] or [self.axis.low or 0.0, self.axis.high or 0.0]
        return min(numbers), max(numbers)

    def between(self, numbers: np.ndarray) -> np.ndarray:
        """Return the places of any numbers within the range of a numeric axis; NaN outside."""
        if not self.in_steps:
            return numbers
        order = np.argsort(np.array(self.listed, float))
        listed = np.array(self.listed, float)[order]
        if self.axis.scale == "log":
            numbers, listed = np.log(np.maximum(numbers, listed.min() / 1e9)), np.log(listed)
        return np.asarray(np.interp(numbers, listed, order.astype(float), left=np.nan, right=np.nan))

    def dress(self, axis: Any) -> None:
        """Set name, scale and ticks of an axis of Matplotlib."""
        axis.set_label_text(self.axis.name)
        if self.in_steps:
            step = -(-len(self.listed) // MAX_TICKS)
            places = range(0, len(self.listed), step)
            axis.set_ticks(list(places), [label(self.listed[place]) for place in places])
        elif self.axis.scale == "log":
            axis.axes.set(**{f"{axis.axis_name}scale": "log"})
            decades(axis, *self.ends)
        if not self.in_steps and 0 < len(self.listed) <= MAX_TICKS:
            axis.set_ticks([float(value) for value in self.listed], [label(value) for value in self.listed])
            axis.set_minor_locator(NullLocator())
            axis.set_minor_formatter(NullFormatter())


def label(value: Any) -> str:
    """Return a value in a few characters."""
    text = shown(value)
    return text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…"
