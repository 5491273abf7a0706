"""Searches of a study: which points of its axes are trained, and in which order."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from gradlab.frozen import Frozen, one_of


class Grid(Frozen):
    """Every combination of the axes' values; the last axis changes fastest."""

    kind: Literal["grid"] = "grid"


class Random(Frozen):
    """Points that are drawn independently of one another. The same seed draws the same points."""

    kind: Literal["random"] = "random"
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """The seed of the draws."""


class Tpe(Frozen):
    """Points proposed by a tree-structured Parzen estimator (Bergstra et al. 2011), as Optuna implements it.

    Each proposal rests on the cells that have finished by then. Trainings are not pruned: each runs to its end.
    """

    kind: Literal["tpe"] = "tpe"
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """The seed of the proposals. They also depend on which cells had finished when each was made."""
    startup: int = Field(default=10, ge=1, le=1_000)
    """The number of cells that are drawn at random before the estimator proposes."""


SEARCHES: tuple[type[Frozen], ...] = (Grid, Random, Tpe)

if TYPE_CHECKING:
    Search = Grid | Random | Tpe
else:
    Search = one_of(SEARCHES)
