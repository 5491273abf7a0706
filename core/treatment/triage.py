"""Triage: the diagnosis of a spec's networks before they are trained, from an experiment of zero epochs."""

from gradlab.measurement.kinds import KINDS, RECORD_FIELDS
from gradlab.spec import ExperimentSpec
from gradlab.spec.recording import RecordSpec

READ_FIELDS = {kind.record for kind in KINDS if kind.read_by_rules}
RECORDED_FOR_RULES = RecordSpec.model_validate({field.name: 0 for field in RECORD_FIELDS if field not in READ_FIELDS})


def recorded_for_rules(spec: ExperimentSpec) -> ExperimentSpec:
    """Return the spec that a triage diagnoses: `spec`, recording exactly the kinds of series that rules read."""
    return ExperimentSpec.model_validate(spec.model_dump(mode="json") | {"record": RECORDED_FOR_RULES.model_dump()})


def triage_spec(spec: ExperimentSpec) -> ExperimentSpec:
    """Return the spec of the triage's experiment: a worker builds the networks of `spec` and measures epoch 0."""
    fields = recorded_for_rules(spec).model_dump(mode="json")
    nothing = {"epochs": 0, "early_stopping": None, "pretraining": None}
    return ExperimentSpec.model_validate(fields | {"training": fields["training"] | nothing})
