"""A normalisation over a group of one value."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Severity, Sighting, measure
from gradlab.diagnosis.normalized import BATCH, groups
from gradlab.diagnosis.outcome import outcome
from gradlab.diagnosis.rule import Rule

# The mean of one value is the value itself, and its variance 0.
MIN_VALUES = 2


def detect(run: Run) -> Sighting | None:
    """Count the values over which each normalisation takes its mean and variance."""
    normalized = groups(run)
    single = [each for each in normalized if each.values < MIN_VALUES]
    if single:
        layers = tuple(each.layer for each in single)
        measures = (measure("values", single[0].values, "<", MIN_VALUES, "values"),)
        over_batch = any(each.kind == BATCH for each in single)
        if over_batch:
            return Sighting(layers, 0, measures)
        return Sighting(layers, 0, measures, explanation=ONE_UNIT, remedies=FOR_UNITS)
    last = [each for each in normalized if each.rest < MIN_VALUES]
    if not last:
        return None
    # This affects one batch among many: a network that learns in spite of it is not at risk.
    severity: Severity = "info" if outcome(run).verdict == "learns" else "warning"
    values = measure("values", last[0].rest, "<", MIN_VALUES, "values")
    full = measure("full_batch", last[0].values, ">", None, "values")
    layers = tuple(each.layer for each in last)
    return Sighting(layers, 0, (values, full), severity, explanation=LAST_BATCH, remedies=FOR_BATCHES)


FOR_BATCHES = ("batch_size_larger", "layer_for_batch_normalization")
FOR_UNITS = ("wider_layers",)
ONE_UNIT = (
    "{layers} takes its mean and variance over {values} value of each sample. That value is its own mean: what comes "
    "out is the offset, whatever comes in, and no gradient passes to the layers before. Give it more units to compare, "
    "or leave it out."
)
LAST_BATCH = (
    "The last batch of each epoch has one sample left, so that {layers} takes its mean and variance over {values} "
    "value there, over {full_batch} in the other batches. What comes out is the offset, whatever comes in: that update "
    "learns nothing but the offset and what stands behind it, and the running variance moves towards 0. A batch size "
    "that leaves no single sample, or layer normalisation, avoids it."
)

RULE = Rule(
    name="single_value_normalization",
    title="A normalisation sees one value",
    kind="risk",
    severity="critical",
    formula="#{values that a normalisation takes its mean over} < fewest_values, in all batches or the last",
    thresholds={"fewest_values": MIN_VALUES},
    source="Ioffe & Szegedy 2015, section 3; torch.nn.BatchNorm1d refuses to train on one value a channel",
    explanation=(
        "{layers} takes its mean and variance over {values} value. That value is its own mean: what comes out while "
        "training is the offset, whatever comes in, and no gradient passes to the layers before. Outside training the "
        "running mean and variance are used, so that the network answers differently than in training. A larger "
        "batch, or layer normalisation in its place, has more than one value to compare."
    ),
    remedies=FOR_BATCHES,
    causes=(),
    detect=detect,
)
