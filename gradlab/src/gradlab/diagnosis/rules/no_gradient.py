"""Weights without gradient: the loss does not depend on them through anything that has a derivative."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.measurement.history import without_gradient


def detect(run: Run) -> Sighting | None:
    """Find the weight tensors that have no gradient."""
    if not run.unreached:
        return None
    history = run.history
    layout = history.layout["gradients"]
    missing = without_gradient(layout, history.series["gradients"])
    layers = tuple(dict.fromkeys(tensor.layer for tensor in layout.tensors if tensor.layer in run.unreached))
    measures = (
        measure("untrained_tensors", float(missing.sum()), ">", 0, "weight tensors"),
        measure("all_tensors", float(len(missing)), ">", None, "weight tensors"),
    )
    return Sighting(layers, history.first_epoch, measures)


RULE = Rule(
    name="no_gradient",
    title="Weights have no gradient at all",
    kind="risk",
    severity="warning",
    formula="#{weight tensors of which the loss has no derivative} > 0",
    thresholds={"tensors": 0.0},
    source="tf.GradientTape: the gradient of what is not connected to the loss is None",
    explanation=(
        "Of {all_tensors:weight tensor|weight tensors} {untrained_tensors:has|have} no gradient, in {layers}: not a "
        "small one, and not zero, but none. The loss has no derivative by them, so they stay as they were drawn. What "
        "an embedding looks up is the number of a row, a whole number, and through a whole number no derivative "
        "passes: layers before an embedding cannot be trained. Put the embedding first, or leave those layers out."
    ),
    remedies=(),
    causes=(),
    detect=detect,
)
