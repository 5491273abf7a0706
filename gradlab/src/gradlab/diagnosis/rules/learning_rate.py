"""A learning rate whose updates are too large, or too small for the training to get anywhere."""

import numpy as np

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Kind, Measure, Sighting, measure
from gradlab.diagnosis.groups import DATA, DRAW, GROWTHS
from gradlab.diagnosis.outcome import decided_epoch, outcome
from gradlab.diagnosis.recorded import largest, middle
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.steps import relative_steps, updates

# Steps are ‖one update‖/‖weights‖. DeepDiagnosis allows learning_rate·‖g‖/‖w‖ up to 1e-1. The largest step of healthy
# runs on the circles was 0.009 to 0.056 over all epochs, with a hundredfold learning rate 0.26 to 1.4.
LARGE = 0.1
# At epoch 0 a step is not yet representative: the first gradient is often the largest, and momentum has not gathered.
# The first step of healthy experiments was up to 0.35, with rates at least a hundred times as large 0.17 to 4,000.
LARGE_AT_FIRST = 0.5
# Steps of this size killed relu layers that were alive at first: 0.03 to 0.14 with a tenfold learning rate, where 7 of
# 8 runs died. In networks that die of their narrowness steps stay below 0.018.
DEADLY = 0.02
# Relative move of the weights if all updates of the training had one direction: 0.001 to 0.08 where no seed learnt
# for a rate of 1e-6 to 1e-4, at least 0.5 where all did.
REACH = 0.1
# With fewer epochs the median update is unreliable.
MIN_EPOCHS = 5


def detect(run: Run) -> Sighting | None:
    """Compare the relative lengths of the updates with the bounds for too large and too small."""
    steps = relative_steps(run)
    if steps is None or not len(steps):
        return None
    return _too_large(run, steps) or _too_small(run, steps)


def _too_large(run: Run, steps: np.ndarray) -> Sighting | None:
    (large,) = np.nonzero(steps > np.where(run.epochs == 0, LARGE_AT_FIRST, LARGE))
    died = _died(run)
    if len(large) and not (run.epochs[large[0]] == 0 and _refuted(run, steps)):
        since = int(run.epochs[large[0]])
        bound = LARGE_AT_FIRST if since == 0 else LARGE
        measures = _measures(run, measure("step", largest(steps), ">", bound, "of the weights"))
        kind: Kind = "risk" if since == 0 else "symptom"
        return Sighting((), since, measures, kind=kind, explanation=TOO_LARGE, remedies=LOWER)
    if died is None:
        return None
    before = steps[run.epochs <= died[1]]
    if not (before > DEADLY).any():
        return None
    since = int(run.epochs[np.nonzero(before > DEADLY)[0][0]])
    measures = _measures(run, measure("step", largest(before), ">", DEADLY, "of the weights"))
    return Sighting(died[0], since, measures, kind="symptom", explanation=DEADLY_STEPS, remedies=LOWER)


def _refuted(run: Run, steps: np.ndarray) -> bool:
    """True if the forecast of epoch 0 proved wrong: the run learns, and its median step is not too large.

    The first gradients are long where the output begins far off. In a convolution that learns steps fall from 0.54 to
    a median of 0.01.
    """
    return outcome(run).verdict == "learns" and middle(steps[run.epochs > 0]) <= LARGE


def _too_small(run: Run, steps: np.ndarray) -> Sighting | None:
    gradients, first = run.kernels("gradients", "l2"), run.history.first_epoch == run.view.first_epoch
    if gradients is not None and any(not middle(column) > 0 for column in gradients.values.T):
        return None  # no gradient arrives: the cause is not the learning rate
    reach = float(steps[0]) * updates(run)
    if first and reach < REACH:
        measures = _measures(run, measure("reach", reach, "<", REACH, "of the weights"))
        return Sighting((), 0, measures, kind="risk", explanation=TOO_SMALL, remedies=HIGHER)
    moved = run.kernels("weights", "update_ratio")
    if moved is None or run.history.last_epoch < max(MIN_EPOCHS, decided_epoch(run)):
        return None
    by_layer = [middle(column) for column in moved.values[moved.epochs > 0].T]
    reach = max(by_layer, default=np.nan) * (run.view.epochs - run.view.first_epoch)
    if not 0 < reach < REACH:
        return None
    measures = _measures(run, measure("reach", reach, "<", REACH, "of the weights"))
    return Sighting(
        (), int(moved.epochs[moved.epochs > 0][0]), measures, kind="symptom", explanation=TOO_SMALL, remedies=HIGHER
    )


def _died(run: Run) -> tuple[tuple[str, ...], int] | None:
    """The hidden relu layers that were alive at epoch 0 and are dead now, and the epoch since which one is."""
    recorded = run.hidden("activations", "dead_fraction", lambda layer: layer.is_relu)
    if recorded is None or recorded.initially is None:
        return None
    since = {
        layer: epoch
        for place, layer in enumerate(recorded.layers)
        if recorded.initially[place] < 1 and (epoch := recorded.persists(recorded.values[:, place] >= 1)) is not None
    }
    return (tuple(since), min(since.values())) if since else None


def _measures(run: Run, decisive: Measure) -> tuple[Measure, ...]:
    rate = run.metric("learning_rate")
    return (decisive, measure("learning_rate", np.nan if rate is None else float(rate[0]), "==", None))


TOO_LARGE = (
    "One update moves the weights by {step:%} of their length[[, with a learning rate of {learning_rate}]]. The "
    "gradient only says where it goes downhill close by: steps that long overshoot, the loss jumps, activations "
    "saturate or die, and what was learnt is lost. Lower the learning rate by a factor of ten, or limit the gradient's "
    "norm."
)
DEADLY_STEPS = (
    "{layers} had living units before the first update and have none since. Updates of up to {step:%} of the weights' "
    "length[[, with a learning rate of {learning_rate},]] have carried the units to where no sample turns them on, and "
    "there no gradient brings them back. Lower the learning rate by a factor of ten, or take an activation with a "
    "slope below zero."
)
TOO_SMALL = (
    "All updates of the training together can move the weights by no more than {reach:%} of their length[[, with a "
    "learning rate of {learning_rate}]]: at the end they are practically what they were at the beginning. Raise the "
    "learning rate by a factor of ten or more, or take an optimiser such as Adam whose steps do not depend on the "
    "gradient's size."
)
LOWER = (
    "learning_rate_lower",
    "learning_rate_usual",
    "clip_by_global_norm",
    "optimizer_adam",
    "activation_leaky_relu",
    "batch_normalization",
)
HIGHER = ("learning_rate_higher", "learning_rate_usual", "optimizer_adam")

RULE = Rule(
    name="learning_rate",
    title="The learning rate does not suit the network",
    kind="risk",
    severity="critical",
    formula=(
        "s = ‖update‖/‖w‖, for SGD learning_rate·‖g‖/((1 − momentum)·‖w‖), for Adam and its like learning_rate·√n/‖w‖: "
        "s > large, at epoch 0 s > large_at_first unless the run learns and s ≤ large in most epochs; or s > deadly "
        "before a relu layer that was alive dies; or s·(number of updates) < reach, at epoch 0 or as measured"
    ),
    thresholds={"large": LARGE, "large_at_first": LARGE_AT_FIRST, "deadly": DEADLY, "reach": REACH},
    source="lr·‖g‖/‖w‖: DeepDiagnosis (Wardat et al. 2022); thresholds measured here",
    explanation="The learning rate[[ of {learning_rate}]] does not suit the network.",
    remedies=LOWER,
    also=(
        "target_scaling",
        "learning_rate_higher",
    ),
    causes=(*DATA, *DRAW, *GROWTHS, "initial_loss"),
    detect=detect,
)
