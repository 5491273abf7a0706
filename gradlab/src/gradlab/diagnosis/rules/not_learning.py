"""A network that does not learn: the outcome of its run is ``fails``."""

import numpy as np

from gradlab.diagnosis.elsewhere import constant_loss, explained
from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import AVOIDABLE_ERRORS, AVOIDABLE_LOSS, Measure, Sighting, measure
from gradlab.diagnosis.groups import GROWTHS
from gradlab.diagnosis.outcome import MIN_GAIN, MIN_SHARE, RECENT, Outcome, decided_epoch, learnt_shares, outcome
from gradlab.diagnosis.recorded import middle
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules.plateau import RULE as PLATEAU
from gradlab.diagnosis.unknown import FACTS, Unknown


def detect(run: Run) -> Sighting | None:
    """Read the outcome of the run."""
    became = outcome(run)
    if not became.by_facts:
        return _by_metrics(run, became)
    shares = learnt_shares(run)
    if became.verdict != "fails":
        return None
    since = min(decided_epoch(run), run.history.last_epoch)
    (good,) = np.nonzero(shares >= became.min_learnt)
    if len(good):  # the run had learnt, and lost it again
        since = min(max(since, int(run.epochs[good[-1]]) + 1), run.history.last_epoch)
    measures = (
        _below("gain", became.gain, became.min_gain, AVOIDABLE_LOSS),
        _below("learnt", became.learnt, became.min_learnt, AVOIDABLE_ERRORS),
    )
    return Sighting((), since, measures, explanation=COMPARED if np.isfinite(became.min_learnt) else None)


def _by_metrics(run: Run, became: Outcome) -> Sighting | None:
    """The sighting in a training without facts.

    Raises:
        Unknown: neither the loss of a constant answer nor R² is known.
    """
    loss, constant = run.metric("loss"), constant_loss(run)
    if became.verdict != "fails" or loss is None:
        if loss is None or np.isfinite(became.gain):
            return None
        raise Unknown("neither the loss of a constant answer nor R² is known", FACTS)
    since, level = min(decided_epoch(run), run.history.last_epoch), measure("loss", middle(loss[-RECENT:]), ">", None)
    if not became.gain < became.min_gain:
        return Sighting((), since, (level,), explanation=STUCK)
    if np.isfinite(constant):
        measures = (
            _below("gain", became.gain, became.min_gain),
            level,
            measure("constant_loss", constant, "<", None),
        )
        return Sighting((), since, measures, explanation=AT_CONSTANT)
    return Sighting((), since, (_below("r2", explained(run), became.min_gain), level), explanation=UNEXPLAINED)


def _below(name: str, value: float, bound: float, unit: str = "") -> Measure:
    """A measure that has a threshold only where it is below it: one of gain and learnt is enough."""
    return measure(name, value, "<", bound if value < bound else None, unit)


AT_CONSTANT = (
    "The training loss stands at {loss}. Always giving the same answer, whatever comes in, loses no more than "
    "{constant_loss}: the network has learnt next to nothing beyond the commonest answer, and the loss no longer falls."
)
UNEXPLAINED = (
    "R² of the training samples is {r2}, that of always predicting the mean is 0: the network has learnt next to "
    "nothing, and its loss stands at {loss} and no longer falls."
)
STUCK = (
    "No hidden layer's kernel gets a gradient any more: each is exactly 0 in every batch. What the network answers "
    "cannot come to depend on its inputs, and the training loss stays at about {loss}."
)
COMPARED = (
    "The network avoids {learnt:%} of the errors that always giving the same answer makes on the training samples. Of "
    "its loss it avoids {gain:%}. Answering like the nearest samples, without training anything, avoids twice what is "
    "demanded here: there is something to be learnt, and the network does not learn it."
)


RULE = Rule(
    name="not_learning",
    title="The network does not learn",
    kind="failure",
    severity="critical",
    formula=(
        "after a tenth of the epochs, 20 at least: gain = (L₀ − L)/(L₀ − L*) < least_gain; at the end: share of "
        "avoidable errors avoided < share·what the nearest neighbours avoid; medians over the last 5 epochs; of a "
        "training elsewhere, once its loss no longer falls: gain, with the loss of a constant answer as L₀ and L* = "
        "0, or R² < least_gain"
    ),
    thresholds={**{f"least_gain_{kind}": gain for kind, gain in MIN_GAIN.items()}, "share": MIN_SHARE},
    source="`gradlab.diagnosis.outcome`; nearest neighbours: Cover & Hart 1967",
    explanation=(
        "The network avoids {gain:%} of the loss that always giving the same answer makes on the training samples. Of "
        "the errors of that answer it avoids {learnt:%}. It has learnt next to nothing beyond the commonest answer."
    ),
    remedies=("initializer_for_activation", "optimizer_adam", "learning_rate_higher", "activation_relu"),
    also=(
        "target_scaling",
        "output_matched_to_task",
        "lstm_for_simple_rnn",
        "gru_for_simple_rnn",
        "learning_rate_usual",
        "learning_rate_tripled",
    ),
    causes=(
        "unsuited_loss",
        "linear_network",
        *PLATEAU.causes,
        *GROWTHS,
        "few_updates",
        "still_falling",
        "initial_loss",
        "plateau",
    ),
    detect=detect,
    of_output=True,
)
