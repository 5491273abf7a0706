"""Positions of event streams, and event ids, which encode them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby

# Last epoch sent of each run, in the spec's order; NOTHING before epoch 0.
Reached = tuple[int, ...]
NOTHING = -1
# Numbers with more digits do not fit into the database's integers, and would make arithmetic slow.
MAX_DIGITS = 12


class Stage(IntEnum):
    """Stages of the events of one revision of an experiment, in the order of sending."""

    status = 0
    epochs = 1
    earlier_findings = 2
    findings = 3
    done = 4


@dataclass(frozen=True)
class Position:
    """Position of a stream: the event that was sent last. Any process can resume the stream from it.

    Attributes:
        revision: the experiment's revision.
        reached: the last epoch sent of each run.
        stage: the stage of the last event.
    """

    revision: int
    reached: Reached
    stage: Stage

    @property
    def order(self) -> tuple[int, int, int]:
        """Return a key that rises from event to event: revision, number of epochs sent of all runs, stage."""
        return self.revision, sum(self.reached) + len(self.reached), int(self.stage)

    def is_at_or_after(self, other: "Position") -> bool:
        """True if a stream at this position has sent all events up to the other position."""
        return self.order >= other.order and furthest(self.reached, other.reached) == self.reached

    def __str__(self) -> str:
        """Encode as `revision.epochs.stage~runs`: in ``17.1608.1~8x201`` eight runs have 201 epochs, 0 included."""
        runs = ",".join(f"{len(list(same))}x{epochs + 1}" for epochs, same in groupby(self.reached))
        return f"{'.'.join(map(str, self.order))}~{runs}"


def read_position(event_id: str | None, runs: int) -> Position | None:
    """Decode an event id; None if it is invalid, or not of an experiment with `runs` runs."""
    number = rf"\d{{1,{MAX_DIGITS}}}"
    match = re.fullmatch(rf"({number})\.{number}\.([0-4])~((?:{number}x{number},?)+)", event_id or "", re.ASCII)
    if not match:
        return None
    reached: list[int] = []
    for part in match[3].rstrip(",").split(","):
        count, epochs = map(int, part.split("x"))
        if count > runs:
            return None
        reached += [epochs - 1] * count
    return Position(int(match[1]), tuple(reached), Stage(int(match[2]))) if len(reached) == runs else None


def furthest(one: Reached, other: Sequence[int]) -> Reached:
    """Return the later epoch of each run. Epochs are not sent again after a run is set back to its checkpoint."""
    return tuple(map(max, one, other))
