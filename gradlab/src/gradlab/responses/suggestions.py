"""Suggestions: the root cause's remedies, applied to a spec."""

from dataclasses import dataclass

from gradlab.diagnosis import Diagnosis
from gradlab.errors import Invalid
from gradlab.remedies import Difference, Remedy, difference, remedy
from gradlab.spec import AnySpec, ExperimentSpec, ExternalSpec


@dataclass(frozen=True)
class Suggestion:
    """A remedy applied to a spec.

    Attributes:
        remedy: the remedy.
        changes: the fields of the spec that it changes.
        spec: the treated spec, ready to be submitted.
    """

    remedy: Remedy
    changes: tuple[Difference, ...]
    spec: ExperimentSpec


def suggestions(spec: AnySpec, diagnosis: Diagnosis) -> list[Suggestion]:
    """Return the root cause's remedies that apply to the spec, best first; [] for a training elsewhere."""
    if isinstance(spec, ExternalSpec):
        return []
    root = next((each for each in diagnosis.findings if each.rule == diagnosis.root_cause), None)
    applied = []
    for name in root.remedies if root else ():
        chosen = remedy(name)
        try:
            treated = chosen.apply(spec)
        except Invalid:
            continue
        applied.append(Suggestion(chosen, difference(spec, treated), treated))
    return applied
