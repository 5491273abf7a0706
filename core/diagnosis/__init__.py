"""What is wrong with an experiment, on what evidence: rules that read its runs, and theory that says what to expect.

`diagnose` asks every rule of `RULES` about every seed, keeps risks, symptoms and failures apart, puts what was found in
causal order and names one root cause. Everything here is a pure function of specs and histories.
"""

from collections.abc import Sequence

from core.diagnosis.conclusion import Diagnosis, SeedOutcome, Unjudged, conclude
from core.diagnosis.evidence import ExternalRun, Run
from core.diagnosis.finding import Finding, Measure, Sighting
from core.diagnosis.outcome import Outcome, outcome
from core.diagnosis.rule import Rule
from core.diagnosis.rules import (
    born_dead_risk,
    class_imbalance,
    contradicting_accuracy,
    dead_layer,
    dead_network,
    dead_units,
    exploding_gradient,
    exploding_growth,
    exploding_through_time,
    few_updates,
    finite_width,
    frozen_accuracy,
    gradient_floor,
    gradient_spike,
    initial_loss,
    initial_variance,
    input_range,
    late_rise,
    learning_rate,
    linear_network,
    loss_blow_up,
    negative_crossentropy,
    no_gradient,
    nonfinite,
    nonzero_mean_initialization,
    not_learning,
    oscillation,
    output_mismatch,
    overfitting,
    plateau,
    predicted_exploding,
    predicted_vanishing,
    saturation,
    saturation_range,
    single_class,
    single_value_normalization,
    still_falling,
    symmetric_units,
    target_range,
    unsuited_loss,
    update_ratio,
    vanishing_gradient,
    vanishing_signal,
    vanishing_through_time,
    zero_gradient,
)
from core.spec import ExperimentSpec, ExternalSpec

# In causal order: what can cause comes before what it can cause.
RULES: tuple[Rule, ...] = (
    # The data and the spec.
    output_mismatch.RULE, negative_crossentropy.RULE, contradicting_accuracy.RULE, frozen_accuracy.RULE,
    unsuited_loss.RULE, linear_network.RULE, class_imbalance.RULE, input_range.RULE, target_range.RULE,
    single_value_normalization.RULE,
    no_gradient.RULE, nonzero_mean_initialization.RULE, initial_variance.RULE, finite_width.RULE, symmetric_units.RULE,
    born_dead_risk.RULE, predicted_exploding.RULE, exploding_through_time.RULE,
    initial_loss.RULE, learning_rate.RULE,
    # What grows.
    exploding_gradient.RULE, exploding_growth.RULE, gradient_spike.RULE, loss_blow_up.RULE, nonfinite.RULE,
    # What stands in the way of the signal.
    saturation.RULE, saturation_range.RULE, predicted_vanishing.RULE,
    dead_units.RULE, dead_layer.RULE, dead_network.RULE, zero_gradient.RULE,
    vanishing_through_time.RULE, vanishing_signal.RULE, vanishing_gradient.RULE, gradient_floor.RULE,
    # What the loss shows.
    few_updates.RULE, still_falling.RULE, update_ratio.RULE, oscillation.RULE, late_rise.RULE, single_class.RULE,
    plateau.RULE, not_learning.RULE, overfitting.RULE,
)  # fmt: skip


def diagnose(spec: ExperimentSpec | ExternalSpec, runs: Sequence[Run]) -> Diagnosis:
    """What is wrong with an experiment, from what is recorded of its runs so far.

    Args:
        spec: the experiment.
        runs: its seeds' runs; a seed that is missing, or has no epoch yet, is undecided.
    """
    return conclude(spec, runs, RULES)


__all__ = [
    "RULES",
    "Diagnosis",
    "ExternalRun",
    "Finding",
    "Measure",
    "Outcome",
    "Rule",
    "Run",
    "SeedOutcome",
    "Sighting",
    "Unjudged",
    "diagnose",
    "outcome",
]
