"""The weights of a layer are drawn around a mean that is not zero: its units become copies of one another."""

import math

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.expectation import expected, expected_around_zero, least_slope, signal_change
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.one_sided import OUTLIER, STANDARD_ERRORS, one_sided
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules.symmetric_units import correlations

# Copies are seen by this |correlation| of a layer's units at epoch 0. Of tanh networks of 5 units with U(0, 1) those
# with 2 hidden layers have a median of 0.988 and all learn, with 3 of 0.997 and 3 of 16 fail, with 5 of 1.000 and 27 of
# 32 fail.
CORRELATION = 0.995
# Or by what theory expects with the mean and not without it: signals that change more than tenfold, units as good as
# switched. Two tanh layers of 64 units with U(0, 1) have a correlation of 0.991 only, but a mean slope of 0.05, and
# fail in 8 of 8 seeds.
SIGNAL_CHANGE, SLOPE = 10.0, 0.1
# Where correlations were not recorded: so many such layers, one behind the other, make copies.
LAYERS = 3


def detect(run: Run) -> Sighting | None:
    """Ask the initialisers for the mean, and epoch 0 for the copies that it makes."""
    if run.spec.training.pretraining:  # epoch 0 is then not what was drawn
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
    """Whether theory expects that the mean does what the same variance around 0 would not."""
    own, around = expected(run.spec), expected_around_zero(run.spec)
    if own is None or around is None:
        return False
    changes = signal_change(own) > SIGNAL_CHANGE >= signal_change(around)
    return changes or least_slope(run.spec, own) < SLOPE <= least_slope(run.spec, around)


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
        "Every unit then adds up its inputs with the same sign, and what all units of a layer have in common outweighs "
        "what tells them apart {outlier} to 1; each further layer adds to it. Before the first update the units of a "
        "layer are copies of one another (correlation {unit_correlation}): the layer says one thing, however many "
        "units it has, and all of them get the same gradient. Draw the weights around 0, with a variance that fits the "
        "activation."
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
