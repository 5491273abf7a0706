"""Before the first update the network is surer of itself than it can be."""

from core.diagnosis.evidence import Run
from core.diagnosis.finding import Sighting, measure
from core.diagnosis.groups import DATA, DRAW, GROWTHS
from core.diagnosis.rule import Rule

# A network that knows nothing should lose what a constant does; twice as much is a sign of outputs that are far off
# (TheDeepChecker: |loss₀ − ln C| ≥ ln C).
RATIO = 2.0


def look(run: Run) -> Sighting | None:
    """Compare the loss at epoch 0 with that of the best constant."""
    loss, constant = run.metric("loss"), run.facts.constant_loss
    if loss is None or run.history.first_epoch > 0 or not constant > 0 or not loss[0] >= RATIO * constant:
        return None
    measures = (
        measure("ratio", loss[0] / constant, ">", RATIO),
        measure("initial_loss", loss[0], ">", RATIO * constant),
        measure("constant_loss", constant, ">", None),
    )
    return Sighting((), 0, measures)


RULE = Rule(
    name="initial_loss",
    title="The loss begins far above that of a constant",
    kind="risk",
    severity="info",
    formula="loss at epoch 0 ≥ ratio·L₀, the loss of the best constant prediction (for cross-entropy H(y))",
    thresholds={"ratio": RATIO},
    source=(
        "TheDeepChecker (Ben Braiek & Khomh 2022); Karpathy 2019, A recipe for training neural networks (verify loss @ "
        "init)"
    ),
    explanation=(
        "Before the first update the loss is {initial_loss}; always giving the same best answer would cost "
        "{constant_loss}. The network begins with outputs that are far off, and must first unlearn them: weights that "
        "are too large, targets that are not scaled, or an output that does not fit the loss."
    ),
    remedies=("initializer_for_activation", "input_scaling", "output_matched_to_task"),
    causes=(*DATA, *DRAW, *GROWTHS),
    look=look,
)
