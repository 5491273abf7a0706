"""A batch normalisation that is frozen while the layers before it are trained."""

from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.modes import is_batch_normalization, training_shares
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.rules import inference_mode
from gradlab.diagnosis.wired import layers_of, since_training, tensors_of, wiring_of

# Share of the training batches in training mode: 0 for a frozen one, 1 for all others.
SHARE = 0.5


def detect(run: Run) -> Sighting | None:
    """Find batch normalisations in inference mode whose inputs come from layers that are trained."""
    if wiring_of(run) is None or not isinstance(run, ExternalRun) or inference_mode.detect(run) is not None:
        return None
    shares, tensors = training_shares(run), tensors_of(run)
    trained = {*layers_of(run, (path for path, each in tensors.items() if not each.frozen))}
    layers, is_fed = [], False
    for layer in run.external.layers:
        if not is_batch_normalization(layer):
            is_fed = is_fed or layer.name in trained
        elif is_fed and shares.get(layer.name, 1.0) < SHARE:
            layers.append(layer.name)
    if not layers:
        return None
    share = max(shares[layer] for layer in layers)
    measures = (
        measure("training_share", share, "<", SHARE, "of the training batches"),
        measure("frozen_layers", len(layers), ">", None, "layers"),
    )
    return Sighting(tuple(layers), since_training(run), measures)


RULE = Rule(
    name="frozen_normalization",
    title="A batch normalisation is frozen",
    kind="risk",
    severity="warning",
    formula="batches in training mode/training batches < share, for a batch normalisation behind trained layers",
    thresholds={"share": SHARE},
    source="Ioffe & Szegedy 2015, section 3; Keras: BatchNormalization with trainable = False runs in inference mode",
    explanation=(
        "While training, {layers} normalised by a batch's own mean and variance in {training_share:%} of the batches, "
        "in the others by those that it has kept. Layers before it are trained, so what it normalises changes while "
        "these numbers stay: those of another data set, or 0 and 1 if it has never been trained, with which it "
        "normalises nothing. Freeze it together with the layers before it, as one does with a base that was trained "
        "elsewhere, or train it with them."
    ),
    remedies=(),
    causes=(),
    detect=detect,
)
