"""The look at a spec's networks before they are trained, as an experiment of no epochs."""

from gradlab.measurement.kinds import KINDS, RECORD_FIELDS
from gradlab.spec import ExperimentSpec
from gradlab.spec.recording import RecordSpec

READ_FIELDS = {kind.record for kind in KINDS if kind.read_by_rules}
LOOKED_AT = RecordSpec.model_validate({field.name: 0 for field in RECORD_FIELDS if field not in READ_FIELDS})


def asked_about(spec: ExperimentSpec) -> ExperimentSpec:
    """`spec` with everything recorded that rules read: what the answer is about."""
    return ExperimentSpec.model_validate(spec.model_dump(mode="json") | {"record": LOOKED_AT.model_dump()})


def look_at(spec: ExperimentSpec) -> ExperimentSpec:
    """The experiment in which a worker builds the networks of `spec` and looks at them, without training."""
    fields = asked_about(spec).model_dump(mode="json")
    nothing = {"epochs": 0, "early_stopping": None, "pretraining": None}
    return ExperimentSpec.model_validate(fields | {"training": fields["training"] | nothing})
