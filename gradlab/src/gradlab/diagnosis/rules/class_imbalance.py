"""One class is far more common than another."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule

# SageMaker Debugger's ClassImbalance, and the usual advice: beyond ten to one the accuracy hardly depends on the rare
# class.
RATIO = 10.0


def detect(run: Run) -> Sighting | None:
    """Compare the shares of the classes, or of yes and no for each label, in the training samples."""
    target, shares = run.view.target, run.view.class_shares
    if not shares or target.steps:  # in a sequence most steps have the same class by design
        return None
    if target.kind == "labels":
        shares = tuple(each for share in shares for each in (share, 1 - share))
        pairs = [(max(a, b), min(a, b)) for a, b in zip(shares[::2], shares[1::2], strict=True)]
        most, least = max(pairs, key=lambda pair: pair[0])
    else:
        most, least = max(shares), min(shares)
    if not most > RATIO * least:
        return None
    ratio = most / least if least else float("inf")
    return Sighting(
        (),
        0,
        (
            measure("ratio", ratio, ">", RATIO, "samples of the commonest per sample of the rarest"),
            measure("commonest_share", most, ">", None, "share of the training samples"),
        ),
    )


RULE = Rule(
    name="class_imbalance",
    title="One class is far more common than another",
    kind="risk",
    severity="warning",
    formula="samples of the commonest class > ratio·samples of the rarest",
    thresholds={"ratio": RATIO},
    source="Amazon SageMaker Debugger, ClassImbalance",
    explanation=(
        "The commonest answer makes up {commonest_share:%} of the training samples[[, {ratio} times as many as the "
        "rarest]]. A network that never gives the rare answer then has a low loss and a high accuracy without having "
        "learnt anything. Do not judge it by its accuracy: look at precision, recall or f1_score."
    ),
    remedies=(),
    causes=(),
    detect=detect,
    of_output=True,
)
