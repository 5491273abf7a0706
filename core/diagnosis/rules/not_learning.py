"""The network does not learn what there is to learn."""

import numpy as np

from core.diagnosis.evidence import Run
from core.diagnosis.finding import Measure, Sighting, measure
from core.diagnosis.groups import GROWTHS
from core.diagnosis.outcome import LEAST_GAIN, LEAST_SHARE, decided_epoch, learnt_shares, outcome
from core.diagnosis.rule import Rule
from core.diagnosis.rules.plateau import RULE as PLATEAU


def look(run: Run) -> Sighting | None:
    """Ask what became of the run."""
    became, shares = outcome(run), learnt_shares(run)  # of a training elsewhere neither can be said
    if became.verdict != "fails":
        return None
    since = min(decided_epoch(run), run.history.last_epoch)
    (good,) = np.nonzero(shares >= became.least_learnt)
    if len(good):  # it had learnt, and has forgotten
        since = max(since, int(run.epochs[good[-1]]) + 1)
    measures = (
        _below("gain", became.gain, became.least_gain, "of the avoidable loss"),
        _below("learnt", became.learnt, became.least_learnt, "of the avoidable errors"),
    )
    return Sighting((), since, measures, explanation=COMPARED if np.isfinite(became.least_learnt) else None)


def _below(name: str, value: float, least: float, unit: str) -> Measure:
    """A measure that counts where it is below what is demanded: one of the two is enough."""
    return measure(name, value, "<", least if value < least else None, unit)


COMPARED = (
    "The network avoids {learnt} of the errors that always giving the same answer makes on the training samples, and "
    "{gain} of its loss. Asking the nearest samples, without training anything, avoids twice what is demanded here: "
    "there is something to be learnt, and the network does not learn it."
)


RULE = Rule(
    name="not_learning",
    title="The network does not learn",
    kind="failure",
    severity="critical",
    formula=(
        "after a tenth of the epochs, 20 at least: gain = (L₀ − L)/(L₀ − L*) < least_gain; at the end: share of "
        "avoidable errors avoided < share·what the nearest neighbours avoid; medians over the last 5 epochs"
    ),
    thresholds={**{f"least_gain_{kind}": gain for kind, gain in LEAST_GAIN.items()}, "share": LEAST_SHARE},
    source="`core.diagnosis.outcome`; nearest neighbours: Cover & Hart 1967",
    explanation=(
        "The network avoids {gain} of the loss that always giving the same answer makes on the training samples, and "
        "{learnt} of its errors: it has found out next to nothing that the commonest answer does not know."
    ),
    remedies=("initializer_for_activation", "optimizer_adam", "learning_rate_higher", "activation_relu"),
    causes=(*PLATEAU.causes, *GROWTHS, "initial_loss", "plateau"),
    look=look,
)
