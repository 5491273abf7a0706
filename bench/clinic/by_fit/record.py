"""The record of one fit of a case by a Watch, as it is kept, and the fits of several seeds as one experiment."""

from collections.abc import Sequence
from dataclasses import dataclass

from gradlab.diagnosis import Diagnosis, ExternalRun, diagnose
from gradlab.facts import Facts, Wiring
from gradlab.measurement.history import History, StoppedBy
from gradlab.spec import ExternalSpec


@dataclass(frozen=True)
class Recorded:
    """One seed's fit.

    Attributes:
        spec: the description that the Watch made.
        seed: the seed of its first weights.
        history: its records.
        stopped_by: why it ended before its last epoch; None if it did not.
        facts: of its data.
        wiring: of its training.
        warnings: what the Watch warned of.
        seconds: duration of the fit.
    """

    spec: ExternalSpec
    seed: int
    history: History
    stopped_by: StoppedBy | None
    facts: Facts | None
    wiring: Wiring | None
    warnings: tuple[str, ...]
    seconds: float


class NotByFit(Exception):
    """A plain `fit` cannot do what a spec says.

    Attributes:
        reason: what it cannot do.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def diagnosis_of(fits: Sequence[Recorded]) -> Diagnosis:
    """Diagnose the fits of a case together: one experiment elsewhere, with a run for each seed."""
    together = fits[0].spec.model_copy(update={"seeds": tuple(each.seed for each in fits)})
    runs = [ExternalRun(together, each.seed, each.history, each.stopped_by, each.facts, each.wiring) for each in fits]
    return diagnose(together, runs)
