"""Initial weights with a mean far from zero, which makes the units of a layer copies of one another."""

import math

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.one_sided import OUTLIER, STANDARD_ERRORS, one_sided
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules.symmetric_units import correlations

# |Correlation| of a layer's units at epoch 0 that shows copies. Tanh networks of 5 units with U(0, 1): with 2 hidden
# layers the median is 0.988 and all learn, with 3 it is 0.997 and 3 of 16 fail, with 5 it is 1.000 and 27 of 32 fail.
CORRELATION = 0.995
# Alternatively, predictions of theory that hold with the mean and not without it: signals that change more than
# tenfold, units that are practically saturated. Two tanh layers of 64 units with U(0, 1) have a correlation of only
# 0.991, but a mean slope of 0.05, and fail in 8 of 8 seeds.
SIGNAL_CHANGE, SLOPE = 10.0, 0.1
# Consecutive layers of this kind that make copies, where correlations were not recorded.
LAYERS = 3


def detect(run: Run) -> Sighting | None:
    """Compute the mean from the initialisers, or from given weights, and find the copies that it makes at epoch 0."""
    if run.view.pretrained:  # then the weights of epoch 0 are not the initial ones
        return None
    drawn = one_sided(run)
    if not drawn:
        return None
    seen = correlations(run)
    largest = max(seen.values(), default=math.nan)
    copies = largest > CORRELATION if seen else len(drawn) >= LAYERS
    if not copies and not _harmful(run):
        return None
    return Sighting(
        tuple(drawn),
        0,
        (
            measure("standard_errors", min(errors for errors, _ in drawn.values()), ">", STANDARD_ERRORS),
            measure("outlier", min(outlier for _, outlier in drawn.values()), ">", OUTLIER),
            measure("unit_correlation", largest, ">", CORRELATION if seen else None),
        ),
    )


def _harmful(run: Run) -> bool:
    """True if theory predicts harm for these weights, and none for the same variance around 0. Given ones show it."""
    if run.view.given:
        return False
    own, around = run.view.expected, run.view.expected_around_zero
    if own is None or around is None:
        return False
    changes = own.signal_change > SIGNAL_CHANGE >= around.signal_change
    return changes or own.relative_slope < SLOPE <= around.relative_slope


RULE = Rule(
    name="nonzero_mean_initialization",
    title="The initial weights' mean is not zero",
    kind="risk",
    severity="critical",
    formula=(
        "√n·|μ|/σ > standard_errors and √fan_in·|μ|/σ > outlier for a hidden kernel's n entries of mean μ and standard "
        "deviation σ, and at epoch 0 unit_correlation > correlation in some hidden layer (or, unrecorded, "
        "`layers` of them)"
    ),
    thresholds={
        "standard_errors": STANDARD_ERRORS,
        "outlier": OUTLIER,
        "correlation": CORRELATION,
        "layers": LAYERS,
        "signal_change": SIGNAL_CHANGE,
        "slope": SLOPE,
    },
    source="measured here; the eigenvalue that leaves the circle: Tao 2013, Outliers in the spectrum of iid matrices",
    explanation=(
        "The initial weights of {layers} are drawn around a mean that lies {standard_errors} standard errors from 0. "
        "Every unit then adds up its inputs with the same sign, and what all units of a layer have in common "
        "outweighs their differences {outlier} to 1; each further layer adds to it. Before the first update the units "
        "of a layer are copies of one another (correlation {unit_correlation}): the layer carries one number, however "
        "many units it has, and all of them get the same gradient. Draw the weights around 0, with a variance that "
        "fits the activation."
    ),
    remedies=("initializer_for_activation", "batch_normalization"),
    also=(
        "activation_relu",
        "activation_selu",
        "orthogonal_initializer",
        "layer_normalization",
    ),
    causes=(),
    detect=detect,
)
