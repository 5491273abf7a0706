"""Searches of a study: which points of its axes are trained, and in which order."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from gradlab.frozen import Frozen, added, one_of


class Grid(Frozen):
    """Every combination of the axes' values; the last axis changes fastest."""

    kind: Literal["grid"] = "grid"


class Random(Frozen):
    """Points that are drawn independently of one another. The same seed draws the same points."""

    kind: Literal["random"] = "random"
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """The seed of the draws."""


class PrunerFields(Frozen):
    """Fields of every pruner. While a cell trains, it is compared with the completed ones by the study's metric.

    Its value at an epoch is the median of what the metric would be if its seeds ended there. Where seeds train one
    after another, it is that of the seeds that have begun. The trainings of a pruned cell stop, and it has no result. A
    cell that another study shares is trained to its end.
    """

    startup_trials: int = Field(default=5, ge=1, le=10_000)
    """The number of completed cells before any is pruned (Optuna's `n_startup_trials`)."""
    warmup_epochs: int = Field(default=0, ge=0, le=10_000_000)
    """The number of epochs before a cell may be pruned (Optuna's `n_warmup_steps`)."""
    interval: int = Field(default=1, ge=1, le=10_000_000)
    """The number of epochs between two values that are compared (Optuna's `interval_steps`)."""
    min_trials: int = Field(default=1, ge=1, le=10_000)
    """The number of completed cells with a value at the same epoch, at least (Optuna's `n_min_trials`)."""

    def epochs(self, until: int) -> range:
        """Return the epochs at which values are compared, those above `until` left out. Epoch 0 is none of them."""
        return range(self.warmup_epochs or self.interval, until + 1, self.interval)


class MedianPruner(PrunerFields):
    """Prunes a cell whose best value so far is worse than the median of completed cells at the epoch (Optuna's)."""

    kind: Literal["median"] = "median"


class PercentilePruner(PrunerFields):
    """Prunes a cell whose best value so far is not among the best share of completed cells at the epoch (Optuna's)."""

    kind: Literal["percentile"] = "percentile"
    percentile: float = Field(default=25.0, ge=0, le=100)
    """The share of completed cells that are as good, in per cent: 25 keeps what is as good as the best quarter."""


PRUNERS: tuple[type[PrunerFields], ...] = (MedianPruner, PercentilePruner)

if TYPE_CHECKING:
    Pruner = MedianPruner | PercentilePruner
else:
    Pruner = one_of(PRUNERS)


class Tpe(Frozen):
    """Points proposed by a tree-structured Parzen estimator (Bergstra et al. 2011), as Optuna implements it.

    Each proposal rests on the cells that have finished or were pruned by then.
    """

    kind: Literal["tpe"] = "tpe"
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """The seed of the proposals. They also depend on which cells had finished when each was made."""
    startup: int = Field(default=10, ge=1, le=1_000)
    """The number of cells that are drawn at random before the estimator proposes."""
    pruner: Pruner | None = added(None)
    """The pruner that ends the trainings of cells that are worse than others: an object, or a kind's name; by default
    each runs to its end."""


SEARCHES: tuple[type[Frozen], ...] = (Grid, Random, Tpe)

if TYPE_CHECKING:
    Search = Grid | Random | Tpe
else:
    Search = one_of(SEARCHES)
