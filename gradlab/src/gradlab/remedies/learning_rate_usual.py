"""The optimiser's usual learning rate."""

from gradlab.errors import Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    optimizer = spec.training.optimizer
    usual = type(optimizer).model_fields["learning_rate"].default
    refusal = Problem("training.optimizer.learning_rate", f"another rate than the usual {usual:g}", f"{usual:g}")
    changed = optimizer.model_dump(mode="json") | {"learning_rate": usual}
    return treated(spec, REMEDY.name, refusal, training={"optimizer": changed})


REMEDY = Remedy(
    name="learning_rate_usual",
    title="The usual learning rate",
    order=240,
    changes="The learning rate, or the schedule of it, becomes the one that Keras gives the optimiser by default.",
    source=(
        "Keras's defaults: 0.01 for SGD, 0.001 for Adam, as in Kingma & Ba 2014. For rates that are off by more than "
        "a factor of ten."
    ),
    apply=_apply,
)
