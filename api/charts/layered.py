"""One statistic of some tensors, ready to be drawn: what it is called, and on which kind of axis it belongs."""

from dataclasses import dataclass

import numpy as np

from api.charts.ensemble import Ensemble
from api.series.statistics import TensorStatistic
from gradlab.diagnosis.rule import listed
from gradlab.measurement.kinds import BY_NAME
from gradlab.measurement.statistics import Scale, Statistic


@dataclass(frozen=True, eq=False)
class Layered:
    """One statistic of some tensors over the epochs, seed by seed.

    Attributes:
        experiment: its name.
        kind: the name of a kind of series that has statistics.
        statistic: what was measured.
        layers: the tensors' names, input side first.
        measured: a column for each of them.
        without: the names of tensors that have no gradient, which are not drawn.
    """

    experiment: str
    kind: str
    statistic: Statistic
    layers: tuple[str, ...]
    measured: Ensemble
    without: tuple[str, ...] = ()

    @classmethod
    def of(cls, experiment: str, kind: str, found: TensorStatistic) -> "Layered":
        """What was chosen from an experiment's series.

        A statistic that some layers do not have, the correlation of a single unit, is drawn for the others; so are
        gradients.
        """
        statistic = BY_NAME[kind].statistic(found.statistic)
        alike = len({tensor.parameter for tensor in found.tensors}) == 1
        names = tuple(tensor.layer if alike else f"{tensor.layer} {tensor.parameter}" for tensor in found.tensors)
        arrays = found.arrays()
        seeds = tuple(arrays["seeds"].tolist())
        measured = Ensemble(seeds, arrays["epochs"], arrays["values"], arrays["lengths"])
        none = tuple(name for name, missing in zip(names, found.missing, strict=True) if missing)
        there = [place for place, missing in enumerate(found.missing) if not missing]
        if statistic.may_be_missing:
            there = np.flatnonzero(~np.isnan(measured.values).all(axis=(0, 1))).tolist()
        if len(there) < len(names):
            names, measured = tuple(names[place] for place in there), measured.only(there)
        return cls(experiment, kind, statistic, names, measured, none)

    @property
    def scale(self) -> Scale:
        """Sizes belong on a logarithmic axis, shares between 0 and 1, what has a sign or a count on a linear one."""
        return self.statistic.scale

    @property
    def title(self) -> str:
        """What is seen."""
        return f"{BY_NAME[self.kind].title}: {self.statistic.name} of each layer"

    @property
    def axis(self) -> str:
        """The statistic and its unit."""
        return f"{self.statistic.name} ({self.statistic.unit})"

    @property
    def lost_label(self) -> str:
        """What a value is that is not finite."""
        return "cannot be said" if self.statistic.may_be_missing else "NaN or infinite"

    def caption(self, drawn: str) -> tuple[str, ...]:
        """Experiment, statistic, and what is drawn of which seeds."""
        of_seeds = drawn if len(self.measured.seeds) > 1 else ""
        formula = f"{self.statistic.name} = {self.statistic.formula}"
        seeds = f"{of_seeds} of {self.measured}" if of_seeds else str(self.measured)
        none = (f"no gradient in {listed(self.without)}",) if self.without else ()
        return (self.experiment, formula, seeds, *none)
