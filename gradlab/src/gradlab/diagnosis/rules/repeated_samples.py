"""Validation samples that were trained on."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Severity, Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.unknown import Unknown

# Share of the validation samples: the standard error of an accuracy of 0.5 over 100 samples.
SHARE = 0.05
# Samples that repeat by nature do so among the training samples, too: of n draws of which two are equal with a chance
# q, n·q/2 repeat among themselves and n·q among the others, twice as many. Four times as many is no chance.
BY_NATURE = 4.0
# A pair that is equal by nature occurs in real data: iris has one.
MIN_SAMPLES = 3


def detect(run: Run) -> Sighting | None:
    """Compare the share of validation samples among the training samples with what repeats by nature."""
    faults, count = run.view.faults, run.view.facts.val_count if run.view.facts is not None else None
    share = faults.repeated
    if share is None:
        if count is None and "val_loss" in run.history.layout.metrics:
            raise Unknown("which samples it is validated on is not known", "`validation_data=` of a Watch")
        return None
    natural = BY_NATURE * (faults.repeated_in_training or 0.0) if faults.discrete else 0.0
    if not share > max(SHARE, natural) or (count is not None and share * count < MIN_SAMPLES):
        return None
    # Four points of a plane are validated on themselves on purpose.
    severity: Severity | None = "info" if share >= 1 and not (faults.repeated_in_training or 0.0) > SHARE else None
    measures = (
        measure("repeated_share", share, ">", max(SHARE, natural), "of the validation samples"),
        measure("in_training", faults.repeated_in_training or 0.0, ">", None, "of the training samples"),
    )
    return Sighting((), 0, measures, severity)


RULE = Rule(
    name="repeated_samples",
    title="Validation samples are training samples, too",
    kind="risk",
    severity="warning",
    formula=(
        "share of the validation samples whose inputs a training sample has > share; where no feature has more than 20 "
        "values, > nature·(share of the training samples that an earlier one repeats), too"
    ),
    thresholds={"share": SHARE, "nature": BY_NATURE, "fewest": MIN_SAMPLES},
    source="Barz & Denzler 2020, Do we train on test data?; the birthday problem",
    explanation=(
        "Of the validation samples {repeated_share:%} have the same inputs as a training sample. The network remembers "
        "them: its validation scores are too good, and do not fall when it begins to learn by heart. Often rows were "
        "repeated, for a rare class or by a join, before the samples were divided. Remove repeated rows first, then "
        "divide, then repeat within the training part."
    ),
    remedies=(),
    causes=(),
    detect=detect,
)
