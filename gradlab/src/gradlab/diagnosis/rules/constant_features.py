"""Features that have the same value in every sample."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Severity, Sighting, measure
from gradlab.diagnosis.rule import Rule

# Share of the features. Fewer are usual: 5 % of the pixels of `digits` are black in all images, and 9 % of MNIST's.
SHARE = 0.1


def detect(run: Run) -> Sighting | None:
    """Compare the number of constant features with that of all, of several inputs together."""
    constant, features = _counted(run)
    if not features:
        return None
    share = constant / features
    if not share > SHARE:
        return None
    severity: Severity = "critical" if share >= 1 else "info"
    measures = (
        measure("constant_share", share, ">", SHARE, "of the features"),
        measure("features", features, ">", None),
    )
    return Sighting((), 0, measures, severity, explanation=ALL if share >= 1 else None)


def _counted(run: Run) -> tuple[int, int]:
    """The number of constant features and of all, without numbers of rows for an embedding."""
    several = [inputs for name, inputs in run.view.input_sizes.items() if name]
    if several:
        return sum(each.constant.count for each in several), sum(each.features for each in several)
    inputs = run.view.inputs
    return (0, 0) if run.view.layers[0].kind == "embedding" else (inputs.constant.count, inputs.features)


ALL = (
    "Of the features {constant_share:%} have one value in all training samples: no sample differs from another, and "
    "the best answer is the same for each. Often something before the training has removed the differences: a "
    "division of integers, a cast to integers after scaling, or one sample that is repeated. Look at the inputs as "
    "they reach the network."
)

RULE = Rule(
    name="constant_features",
    title="Features have one value in all samples",
    kind="risk",
    severity="critical",
    formula="features with one value/features > share; critical if all have one",
    thresholds={"share": SHARE},
    source="By definition; share: what images have in common, digits 5 % and MNIST 9 % of their pixels",
    explanation=(
        "Of {features:feature|features} {constant_share:%} have one value in all training samples. Nothing can be "
        "learnt from them, and their weights act as further biases. Leave them out. If they should differ, something "
        "before the training has made them equal, such as a division of integers."
    ),
    remedies=(),
    causes=(),
    detect=detect,
)
