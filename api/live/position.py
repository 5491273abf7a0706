"""How far a stream has come, and the ids that say so."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby

# For each run, in the spec's order, the last epoch that was told; NOTHING before epoch 0.
Reached = tuple[int, ...]
NOTHING = -1
# More than a database's integers hold makes no position; it would only make arithmetic slow.
MAX_DIGITS = 12


class Stage(IntEnum):
    """What is told of one revision of an experiment, in this order."""

    status = 0
    epochs = 1
    known_findings = 2
    findings = 3
    done = 4


@dataclass(frozen=True)
class Position:
    """After which event a stream stands. It says all that is needed to go on, to whichever process is asked.

    Attributes:
        revision: of the experiment.
        reached: up to which epoch each run was told.
        stage: what was told last.
    """

    revision: int
    reached: Reached
    stage: Stage

    @property
    def order(self) -> tuple[int, int, int]:
        """Rises from event to event: the revision, the epochs told of all runs, the stage."""
        return self.revision, sum(self.reached) + len(self.reached), int(self.stage)

    def is_at_or_after(self, other: "Position") -> bool:
        """Whether all that was told at the other position is told at this one, of every run."""
        return self.order >= other.order and furthest(self.reached, other.reached) == self.reached

    def __str__(self) -> str:
        """`revision.epochs.stage~runs`, as in ``17.1608.1~8x201``: eight runs, 201 epochs of each, epoch 0 included."""
        runs = ",".join(f"{len(list(same))}x{epochs + 1}" for epochs, same in groupby(self.reached))
        return f"{'.'.join(map(str, self.order))}~{runs}"


def read_position(written: str | None, runs: int) -> Position | None:
    """The position that an id says; None for what is none, or not one of an experiment with so many runs."""
    number = rf"\d{{1,{MAX_DIGITS}}}"
    found = re.fullmatch(rf"({number})\.{number}\.([0-4])~((?:{number}x{number},?)+)", written or "", re.ASCII)
    if not found:
        return None
    reached: list[int] = []
    for part in found[3].rstrip(",").split(","):
        count, epochs = map(int, part.split("x"))
        if count > runs:
            return None
        reached += [epochs - 1] * count
    return Position(int(found[1]), tuple(reached), Stage(int(found[2]))) if len(reached) == runs else None


def furthest(one: Reached, other: Sequence[int]) -> Reached:
    """The further of two in each run: what was told is not told again where a run was set back to its checkpoint."""
    return tuple(map(max, one, other))
