"""Suggestions: the root cause's remedies, applied to a spec or told as code."""

from dataclasses import dataclass

from gradlab.diagnosis import Diagnosis
from gradlab.diagnosis.summary import root_of
from gradlab.errors import Invalid
from gradlab.remedies import Difference, Remedy, difference, remedy
from gradlab.spec import AnySpec, ExperimentSpec, ExternalSpec


@dataclass(frozen=True)
class Suggestion:
    """A remedy applied to a spec, or to what is known of a training elsewhere.

    Attributes:
        remedy: the remedy.
        changes: the fields that it changes; of a training elsewhere by the user's names, where they are known.
        spec: the treated spec, ready to be submitted; None for a training elsewhere.
        code: the changes as Keras or PyTorch code for a training elsewhere; None where none can be written.
    """

    remedy: Remedy
    changes: tuple[Difference, ...]
    spec: ExperimentSpec | None = None
    code: str | None = None


def suggestions(spec: AnySpec, diagnosis: Diagnosis) -> list[Suggestion]:
    """Return the root cause's remedies that apply to the spec, best first."""
    root = root_of(diagnosis)
    remedies = [remedy(name) for name in (root.remedies if root else ())]
    if isinstance(spec, ExternalSpec):
        from gradlab.translate import cures_of  # only trainings elsewhere need it

        return [Suggestion(each, cure.changes, code=cure.code) for each, cure in cures_of(spec, remedies)]
    applied = []
    for each in remedies:
        try:
            treated = each.apply(spec)
        except Invalid:
            continue
        applied.append(Suggestion(each, difference(spec, treated), treated))
    return applied
