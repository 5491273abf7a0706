"""A layer whose kernels have a gradient of exactly zero in every batch."""

from gradlab.diagnosis.elsewhere import zero_gradients
from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.groups import SATURATIONS
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules.dead_units import AGAINST_DEATH, CAUSES_OF_DEATH
from gradlab.diagnosis.wired import layers_of, since_training

# All entries of a layer's kernels, in all batches: a smaller share may be due to the data.
SHARE = 1.0


def detect(run: Run) -> Sighting | None:
    """Find layers without any gradient in their kernels over whole epochs, up to the last one."""
    dead = zero_gradients(run)
    if dead is None:
        wiring = run.wiring if isinstance(run, ExternalRun) else None
        if wiring is None or not wiring.tensors:
            run.need("gradients", "zero_fraction")
        return _by_wiring(run)
    since = dead.by_layer(dead.persists, dead.values == 1)
    if not since:
        return None
    epochs = run.history.last_epoch - min(since.values()) + 1
    measures = (
        measure("epochs", epochs, ">", 0, "epochs"),
        measure("zero_share", SHARE, "==", SHARE, "of the gradient's entries"),
    )
    return Sighting(tuple(since), min(since.values()), measures)


def _by_wiring(run: Run) -> Sighting | None:
    """Layers whose kernels had a gradient of exactly 0 in every batch, where gradients are not among the series."""
    wiring = run.wiring if isinstance(run, ExternalRun) else None
    if not isinstance(run, ExternalRun) or wiring is None or not wiring.tensors or "gradients" in run.history.series:
        return None
    paths = {f"{tensor.layer}/{tensor.parameter}": tensor for layer in run.external.layers for tensor in layer.tensors}
    read = {path: each for path, each in wiring.tensors.items() if path in paths and len(paths[path].shape) > 1}
    zero = {path for path, each in read.items() if each.batches and each.zero == each.batches}
    layers = tuple(layer for layer in layers_of(run, zero) if zero >= {p for p in read if paths[p].layer == layer})
    share = measure("zero_share", SHARE, "==", SHARE, "of the gradient's entries")
    return Sighting(layers, since_training(run), (share,)) if layers else None


RULE = Rule(
    name="zero_gradient",
    title="A layer's gradient is exactly zero",
    kind="symptom",
    severity="critical",
    formula="#{entries that are exactly 0}/#entries = share for each kernel of a layer, in every batch, until now",
    thresholds={"share": SHARE},
    source="Amazon SageMaker Debugger, AllZero",
    explanation=(
        "The whole gradient of {layers} is exactly 0 in every batch, [[for {epochs:epoch|epochs} in a row ]]until now. "
        "These weights do not move, whatever the learning rate. Behind them units are off for every sample, or "
        "saturated so far that nothing is left of their slope, or weights are 0; or the loss does not depend on these "
        "layers."
    ),
    remedies=AGAINST_DEATH,
    also=(
        "fewer_layers",
        "activation_selu",
        "activation_tanh",
        "residual_connections",
    ),
    causes=(*CAUSES_OF_DEATH, *SATURATIONS, "predicted_vanishing", "dead_units", "dead_layer", "dead_network"),
    detect=detect,
    always=True,
)
