"""Gradients that grow from batch to batch because nobody zeroes them."""

import numpy as np

from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.unknown import Unknown
from gradlab.diagnosis.wired import BY_WATCH, since_training, wiring_of

# Share of the updates after which the gradients were kept: more than half. A loop that accumulates over several
# batches on purpose makes one update of them, and zeroes after it.
KEPT = 0.5
# Where only norms and cosines are known. A sum of t equal gradients is t times as long and has the direction of the sum
# before it: its norm grows by t/(t − 1), over 20 steps 1.05 to 1.1 at the median; by noise alone the cosine of
# consecutive sums is √((t − 1)/t), 0.95 at the median.
# Measured on 1,080 small loops (`python -m bench.unzeroed`): with all three bounds none of those with zeroed gradients,
# and 54 % of those without.
RATIO, COSINE = 1.02, 0.9
# Growth of the norm, as a share of linear growth.
LINEAR_SHARE = 1 / 3
MIN_STEPS = 10


def detect(run: Run) -> Sighting | None:
    """Read whether gradients are kept over an update, else compare consecutive gradients."""
    wiring = wiring_of(run)
    if wiring is None or not isinstance(run, ExternalRun):
        return None
    since = since_training(run)
    if wiring.kept_gradients is not None:
        kept = measure("kept_share", wiring.kept_gradients, ">", KEPT, "of the updates")
        return Sighting((), since, (kept,)) if wiring.kept_gradients > KEPT else None
    growth, steps = wiring.gradient_growth, wiring.first_steps
    if growth is None or steps is None:
        if run.external.framework == "keras":  # each batch's gradients are computed anew
            return None
        raise Unknown("how its gradients change from one batch to the next is not known", BY_WATCH)
    grown, linear = _growth(np.array(steps.gradient_norm, np.float64))
    if not (growth.ratio > RATIO and growth.cosine > COSINE and grown > LINEAR_SHARE * linear):
        return None
    measures = (
        measure("growth", grown, ">", LINEAR_SHARE * linear),
        measure("ratio", growth.ratio, ">", RATIO),
        measure("cosine", growth.cosine, ">", COSINE),
    )
    return Sighting((), since, measures, explanation=GROWING)


def _growth(norms: np.ndarray) -> tuple[float, float]:
    """The growth of the norm from the first two steps to the last five, and that of 1, 2, 3, ...; NaN if too short."""
    if len(norms) < MIN_STEPS:
        return float("nan"), float("nan")
    linear = np.arange(1, len(norms) + 1)
    first, last = ([float(np.median(each[part])) for each in (norms, linear)] for part in (slice(2), slice(-5, None)))
    return last[0] / first[0] if first[0] > 0 else float("nan"), last[1] / first[1]


GROWING = (
    "Over the first updates the gradient grows {growth} times, from each batch to the next {ratio} times at the "
    "median, and its direction hardly changes (cosine {cosine}). So does a sum to which every batch adds its gradient: "
    "the gradients are not zeroed between updates. Call `optimizer.zero_grad()` before each `loss.backward()`."
)

RULE = Rule(
    name="unzeroed_gradients",
    title="Gradients are not zeroed between updates",
    kind="risk",
    severity="critical",
    formula=(
        "updates whose gradients were kept > kept of all; where that is not recorded: median ‖gₜ‖/‖gₜ₋₁‖ > ratio, "
        "median cos(gₜ, gₜ₋₁) > cosine, and ‖g‖ grows by more than linear_share of what t grows over the first updates"
    ),
    thresholds={"kept": KEPT, "ratio": RATIO, "cosine": COSINE, "linear_share": LINEAR_SHARE},
    source="torch.Tensor.backward: gradients are accumulated in the leaves; growth of sums derived and measured here",
    explanation=(
        "After {kept_share:%} of the updates the gradients were kept, and the next batch added its own to them. Each "
        "update then follows the sum of all batches so far: it grows with every batch, and runs past every minimum. "
        "Call `optimizer.zero_grad()` before each `loss.backward()`."
    ),
    remedies=(),
    causes=("unchanged_weights",),  # an optimiser zeroes the gradients of what it holds alone
    detect=detect,
)
