"""Early stopping by the validation loss."""

from gradlab.errors import Invalid, Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec
from gradlab.spec.training import EarlyStopping

# Patience: AutoTrainer waits a fifteenth of all epochs, at least three.
SHARE, MIN_PATIENCE = 15, 3


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    training = spec.training
    patience = max(MIN_PATIENCE, training.epochs // SHARE)
    if training.early_stopping:
        raise Invalid(Problem("training.early_stopping", "none", f"on {training.early_stopping.monitor}"))
    refusal = Problem("training.epochs", f"more than the {patience} epochs that are waited for", str(training.epochs))
    if training.epochs <= patience:
        raise Invalid(refusal)
    stopping = EarlyStopping(monitor="val_loss", patience=patience).model_dump(mode="json")
    return treated(spec, REMEDY.name, refusal, training={"early_stopping": stopping})


REMEDY = Remedy(
    name="early_stopping",
    title="Early stopping",
    order=310,
    changes=(
        f"A run ends when the validation loss has not improved for a {SHARE}th of its epochs, {MIN_PATIENCE} at least; "
        "the weights are those of its end."
    ),
    source="Prechelt 1998; patience as in AutoTrainer (Zhang et al. 2021).",
    apply=_apply,
)
