"""One statistic of some tensors, prepared for drawing: its names, and the scale of its axis."""

from dataclasses import dataclass

import numpy as np

from api.charts.ensemble import Ensemble
from gradlab.diagnosis.rule import listed
from gradlab.measurement.kinds import BY_NAME
from gradlab.measurement.statistics import Scale, Statistic
from gradlab.series.statistics import TensorStatistic


@dataclass(frozen=True, eq=False)
class Layered:
    """One statistic of some tensors over the epochs, seed by seed.

    Attributes:
        experiment: name of the experiment.
        kind: name of the kind of series.
        statistic: the statistic.
        layers: names of the tensors, input side first.
        measured: the values, with a column for each tensor.
        without: names of tensors without a gradient, which are not drawn.
    """

    experiment: str
    kind: str
    statistic: Statistic
    layers: tuple[str, ...]
    measured: Ensemble
    without: tuple[str, ...] = ()

    @classmethod
    def of(cls, experiment: str, kind: str, series: TensorStatistic) -> "Layered":
        """Prepare a series for drawing.

        Tensors without the statistic are left out: those without a gradient, or the correlation of a single unit.
        """
        statistic = BY_NAME[kind].statistic(series.statistic)
        alike = len({tensor.parameter for tensor in series.tensors}) == 1
        names = tuple(tensor.layer if alike else f"{tensor.layer} {tensor.parameter}" for tensor in series.tensors)
        arrays = series.arrays()
        seeds = tuple(arrays["seeds"].tolist())
        measured = Ensemble(seeds, arrays["epochs"], arrays["values"], arrays["lengths"])
        none = tuple(name for name, missing in zip(names, series.missing, strict=True) if missing)
        present = [index for index, missing in enumerate(series.missing) if not missing]
        if statistic.may_be_missing:
            present = np.flatnonzero(~np.isnan(measured.values).all(axis=(0, 1))).tolist()
        if len(present) < len(names):
            names, measured = tuple(names[index] for index in present), measured.only(present)
        return cls(experiment, kind, statistic, names, measured, none)

    @property
    def scale(self) -> Scale:
        """Scale of the axis: logarithmic for sizes, [0, 1] for shares, linear for signed values and counts."""
        return self.statistic.scale

    @property
    def title(self) -> str:
        """Title of the chart."""
        return f"{BY_NAME[self.kind].title}: {self.statistic.name} of each layer"

    @property
    def axis(self) -> str:
        """Label of the axis: the statistic and its unit."""
        return f"{self.statistic.name} ({self.statistic.unit})"

    @property
    def lost_label(self) -> str:
        """Label of values that are not finite."""
        return "cannot be said" if self.statistic.may_be_missing else "NaN or infinite"

    def caption(self, drawn: str) -> tuple[str, ...]:
        """Return the caption: experiment, formula, and the seeds; `drawn` names their aggregate."""
        of_seeds = drawn if len(self.measured.seeds) > 1 else ""
        formula = f"{self.statistic.name} = {self.statistic.formula}"
        seeds = f"{of_seeds} of {self.measured}" if of_seeds else str(self.measured)
        none = (f"no gradient in {listed(self.without)}",) if self.without else ()
        return (self.experiment, formula, seeds, *none)
