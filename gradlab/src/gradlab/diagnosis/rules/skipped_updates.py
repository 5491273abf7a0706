"""A loss scaler that skips most updates."""

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.rule import Rule
from gradlab.diagnosis.wired import since_training, wiring_of

# Most: more than half of the updates.
SHARE = 0.5
# A scaler begins at 2¹⁶ (torch.amp.GradScaler; Keras: 2¹⁵) and halves its scale with each skip: after 16 the scale is
# 1, and what is still not finite then is so without any scale.
MAX_HALVINGS = 16


def detect(run: Run) -> Sighting | None:
    """Compare the updates that the scaler skipped with all."""
    wiring = wiring_of(run)
    scale = None if wiring is None else wiring.loss_scale
    if scale is None or scale.skipped <= MAX_HALVINGS or not scale.skipped > SHARE * scale.steps:
        return None
    share = scale.skipped / max(scale.steps, scale.skipped)
    measures = (
        measure("skipped_share", share, ">", SHARE, "of the updates"),
        measure("skipped", scale.skipped, ">", MAX_HALVINGS, "updates"),
        measure("updates", scale.steps, ">", None, "updates"),
    )
    everything = scale.skipped >= scale.steps
    return Sighting((), since_training(run), measures, kind="failure" if everything else None)


RULE = Rule(
    name="skipped_updates",
    title="The loss scaler skips most updates",
    kind="risk",
    severity="critical",
    formula="skipped/updates > share, and skipped > halvings",
    thresholds={"share": SHARE, "halvings": MAX_HALVINGS},
    source="Micikevicius et al. 2018, section 3.2; torch.amp.GradScaler: init_scale = 2¹⁶, backoff_factor = 0.5",
    explanation=(
        "Of {updates:update|updates} the loss scaler skipped {skipped_share:%}, because gradients were not finite. At "
        "the beginning it skips a few until its scale fits float16; here the scale has come down to 1, and the "
        "gradients are still not finite. The reason lies in the network or in its data: inputs with values that are "
        "no numbers, a logarithm or a division by 0, or activations above 65,504, the largest float16. Train some "
        "batches in float32 to see where it begins, use bfloat16, or keep the loss and normalisations in float32."
    ),
    remedies=(),
    causes=(),
    detect=detect,
)
