"""The look at a spec's networks before they are trained, as an experiment of no epochs."""

from core.spec import ExperimentSpec
from core.spec.recording import RecordSpec

LOOKED_AT = RecordSpec(histograms=0, boundary=0)


def asked_about(spec: ExperimentSpec) -> ExperimentSpec:
    """`spec` with everything recorded that rules read: what the answer is about."""
    return ExperimentSpec.model_validate(spec.model_dump(mode="json") | {"record": LOOKED_AT.model_dump()})


def look_at(spec: ExperimentSpec) -> ExperimentSpec:
    """The experiment in which a worker builds the networks of `spec` and looks at them, without training."""
    fields = asked_about(spec).model_dump(mode="json")
    nothing = {"epochs": 0, "early_stopping": None, "pretraining": None}
    return ExperimentSpec.model_validate(fields | {"training": fields["training"] | nothing})
