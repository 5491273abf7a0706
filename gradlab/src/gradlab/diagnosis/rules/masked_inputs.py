"""Masks that remove everything."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.wired import wiring_of

# All entries, up to float32's rounding of a share. Padding alone removes less: each sequence keeps what it holds.
SHARE = 1 - 1e-6


def detect(run: Run) -> Sighting | None:
    """Find the layers whose mask removes all entries. Without masks there is none."""
    wiring = wiring_of(run)
    shares = {} if wiring is None else wiring.masked_share or {}
    layers = tuple(layer for layer, share in shares.items() if share >= SHARE)
    if not layers:
        return None
    masked = measure("masked_share", shares[layers[0]], ">", SHARE, "of the entries")
    return Sighting(layers, 0, (masked,))


RULE = Rule(
    name="masked_inputs",
    title="Masks remove everything",
    kind="risk",
    severity="critical",
    formula="masked entries/entries > share, for a layer",
    thresholds={"share": SHARE},
    source="By definition: a softmax over masked scores alone, or a mean over no step, does not depend on the input",
    explanation=(
        "The masks of {layers} remove {masked_share:%} of the entries: nothing of the input reaches the output, which "
        "is the same for every sample. Often the mask has the opposite meaning: `True` keeps an entry in Keras and in "
        "`scaled_dot_product_attention`, and removes it in the `key_padding_mask` of PyTorch. Or the number that "
        "stands for padding (0) is also that of ordinary tokens. Invert the mask, or give padding a number of its own."
    ),
    remedies=(),
    causes=(),
    detect=detect,
)
