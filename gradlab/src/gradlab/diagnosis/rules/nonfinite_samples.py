"""NaN or infinities among the samples."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Severity, Sighting, measure
from gradlab.diagnosis.outcome import outcome
from gradlab.diagnosis.rule import Rule

# One such number is enough: the sums of its batch are NaN, and with them every weight that they update.
MIN_SHARE = 0.0


def detect(run: Run) -> Sighting | None:
    """Read the shares of samples whose inputs or targets are not finite."""
    faults = run.view.faults
    inputs, targets = faults.nonfinite_inputs or 0.0, faults.nonfinite_targets or 0.0
    if not (inputs > MIN_SHARE or targets > MIN_SHARE):
        return None
    by_inputs = measure("inputs", inputs, ">", MIN_SHARE if inputs > MIN_SHARE else None, "of the training samples")
    by_targets = measure("targets", targets, ">", MIN_SHARE if targets > MIN_SHARE else None, "of the training samples")
    measures = (by_inputs, by_targets) if inputs > MIN_SHARE else (by_targets, by_inputs)
    # A mask, or a loss that leaves missing targets out, lives with them.
    severity: Severity | None = "info" if outcome(run).verdict == "learns" else None
    return Sighting((), 0, measures, severity)


RULE = Rule(
    name="nonfinite_samples",
    title="Some samples hold NaN or infinities",
    kind="risk",
    severity="critical",
    formula="share of the training samples with an input or a target that is NaN or infinite > share",
    thresholds={"share": MIN_SHARE},
    source="IEEE 754: a sum with a NaN is NaN, and so is each weight that it updates",
    explanation=(
        "Inputs that are NaN or infinite occur in {inputs:!%} of the training samples. Targets that are NaN or "
        "infinite occur in {targets:!%} of the training samples. The first batch with one of them makes the loss NaN, "
        "its update makes the weights NaN, and nothing is learnt any more. Leave these samples out, or fill the gaps: "
        "with the mean, the median or the commonest value of the feature (the step `impute` of an uploaded dataset)."
    ),
    remedies=(),
    causes=(),
    detect=detect,
)
