"""Labels that the labels of similar samples contradict."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Severity, Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules.overfitting import detect as overfits
from gradlab.diagnosis.unknown import Unknown

# Share of the samples whose neighbours agree on another class. Of the clinic's 134 datasets those without wrong labels
# have at most 0.09, where classes overlap. Those with a fifth of the labels drawn anew, half of them wrong, have 0.07
# to 0.11.
SHARE = 0.1
# A share of so many samples has a standard error of at most 4 % at 0.1.
MIN_SAMPLES = 50


def detect(run: Run) -> Sighting | None:
    """Compare the share of contradicted samples with its bound."""
    faults = run.view.faults
    share, compared = faults.contradicted, faults.compared
    if share is None or compared is None or compared < MIN_SAMPLES or not share >= SHARE:
        return None
    measures = (
        measure("contradicted_share", share, ">", SHARE, "of the compared samples"),
        measure("compared", compared, ">", None, "samples"),
    )
    # Classes that overlap contradict each other as well. It is a cause where the labels are learnt by heart.
    severity: Severity | None = None if _overfits(run) else "info"
    return Sighting((), 0, measures, severity)


def _overfits(run: Run) -> bool:
    try:
        return overfits(run) is not None
    except Unknown:
        return False


RULE = Rule(
    name="label_noise",
    title="Similar samples have different labels",
    kind="risk",
    severity="warning",
    formula=(
        "of the samples of which 12 of 15 nearest neighbours agree on a class, those of another class > share, as the "
        "lower median over the classes"
    ),
    thresholds={"share": SHARE, "fewest": MIN_SAMPLES},
    source="Brodley & Friedl 1999 (filters by nearest neighbours); Zhang et al. 2017 (networks fit random labels)",
    explanation=(
        "Of the samples whose nearest neighbours agree on a class {contradicted_share:%} have another one "
        "({compared:sample was|samples were} compared). Either labels are wrong, or the classes overlap in these "
        "features. A network that is large enough learns such samples by heart, and gets worse on others. Read some "
        "of them; correct the labels or add features that separate the classes. Until then stop early, or make it "
        "harder to remember."
    ),
    remedies=("early_stopping", "l2_regularization", "dropout"),
    causes=(),
    detect=detect,
    of_output=True,
)
