"""Weights without gradient: the loss does not depend on them through anything that has a derivative."""

from collections.abc import Mapping, Sequence

from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.finding import Severity, Sighting, measure
from gradlab.diagnosis.modes import is_batch_normalization
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.wired import is_failing, layers_of, since_training
from gradlab.facts.wiring import TensorWiring
from gradlab.measurement.history import without_gradient


def detect(run: Run) -> Sighting | None:
    """Find the weight tensors that have no gradient, by the wiring where it was sent, else by the series."""
    tensors = run.wiring.tensors if isinstance(run, ExternalRun) and run.wiring is not None else None
    if isinstance(run, ExternalRun) and any(each.missing is not None for each in (tensors or {}).values()):
        return _by_wiring(run, tensors or {})
    run.need("gradients", "nonfinite")
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


def _by_wiring(run: ExternalRun, tensors: Mapping[str, TensorWiring]) -> Sighting | None:
    """Tensors whose gradient was missing in every batch; where there is none, those that the user has frozen."""
    scale = run.wiring.loss_scale if run.wiring is not None else None
    # Batches whose update was skipped show no gradient. Where only some batches are measured, those are not among them.
    skipped = scale.skipped if scale is not None and run.external.gradients_every is None else 0
    trained = {path: each for path, each in tensors.items() if not each.frozen}
    missing = [path for path, each in trained.items() if (each.batches or 0) > skipped and each.missing == each.batches]
    frozen = [path for path, each in tensors.items() if each.frozen]
    if not missing and not _is_worth_naming(run, frozen):
        return None
    measures = (
        measure("untrained_tensors", len(missing or frozen), ">", 0, "weight tensors"),
        measure("all_tensors", len(tensors), ">", None, "weight tensors"),
    )
    layers, since = layers_of(run, missing or frozen), since_training(run)
    if len({*missing, *frozen}) == len(tensors):
        return Sighting(layers, since, measures, "critical", "failure", DETACHED if missing else FROZEN)
    if missing:
        return Sighting(layers, since, measures, explanation=DETACHED)
    severity: Severity = "warning" if is_failing(run) else "info"
    return Sighting(layers, since, measures, severity, explanation=FROZEN)


def _is_worth_naming(run: ExternalRun, frozen: Sequence[str]) -> bool:
    """True if tensors are frozen other than those of batch normalisations, for which there is a rule of its own."""
    layers = {layer.name: layer for layer in run.external.layers}
    return any(name not in layers or not is_batch_normalization(layers[name]) for name in layers_of(run, frozen))


DETACHED = (
    "Of {all_tensors:weight tensor|weight tensors} {untrained_tensors:has|have} no gradient, in {layers}: not a small "
    "one, and not zero, but none, in every batch. The loss does not depend on them through anything that has a "
    "derivative, so they stay as they were drawn. Either the forward pass does not use them, or what they compute is "
    "cut off on its way to the loss: by `detach()`, `item()`, `numpy()`, `torch.no_grad()` or `stop_gradient`, by "
    "`argmax` or rounding, or by making a new tensor from numbers. Leave the cut out, or the layers that nothing uses."
)
FROZEN = (
    "Of {all_tensors:weight tensor|weight tensors} {untrained_tensors:is|are} frozen, in {layers}: they were set to "
    "need no gradient, and keep their values. That is right for a base that was trained before. Layers that were "
    "never trained compute a random function of the input, which the others cannot undo: let them be trained."
)

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
