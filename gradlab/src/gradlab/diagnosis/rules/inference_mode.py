"""Layers that run in inference mode while the network is trained."""

from gradlab.diagnosis.evidence import ExternalRun, Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.modes import frozen_layers, moded_layers, training_shares
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.wired import since_training, wiring_of

# Share of the training batches that ran in training mode. It is 1 in a right loop. One that leaves the inference mode
# on after its first validation has 1/E after E epochs; 0.9 leaves room for a batch that is run for another reason.
SHARE = 0.9


def detect(run: Run) -> Sighting | None:
    """Read the mode of dropout, noise and batch normalisation in the training batches.

    Batch normalisations that are frozen, or alone in inference mode beside other layers, are another rule's.
    """
    if wiring_of(run) is None or not isinstance(run, ExternalRun):
        return None
    shares, frozen = training_shares(run), frozen_layers(run)
    layers = [each.name for each in moded_layers(run) if shares.get(each.name, 1.0) < SHARE and each.name not in frozen]
    random = {layer.name for layer in moded_layers(run, normalizations=False)}
    if not layers or (random and not random & {*layers}) or (not random and _trains_others(run)):
        return None
    share = measure("training_share", max(shares[layer] for layer in layers), "<", SHARE, "of the training batches")
    return Sighting(tuple(layers), since_training(run), (share,))


def _trains_others(run: ExternalRun) -> bool:
    """True if some layer ran in training mode."""
    mode = None if run.wiring is None else run.wiring.training_mode
    return isinstance(mode, dict) and any(share >= SHARE for share in mode.values())


RULE = Rule(
    name="inference_mode",
    title="The network is trained in inference mode",
    kind="risk",
    severity="critical",
    formula="training batches in training mode/training batches < share, for dropout, noise or batch normalisation",
    thresholds={"share": SHARE},
    source="torch.nn.Module.train and eval; Keras: the argument training of Layer.__call__",
    explanation=(
        "While training, {layers} ran in training mode in {training_share:%} of the batches. In inference mode dropout "
        "drops nothing, so nothing holds back overfitting, and batch normalisation uses the mean and variance that it "
        "has kept, which then stay as they began and normalise nothing. Call `model.train()` before each epoch of "
        "training, also after each validation (`model.eval()`); in a loop of your own with Keras, call the model with "
        "`training=True`."
    ),
    remedies=(),
    causes=(),
    detect=detect,
)
