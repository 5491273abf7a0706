"""A treatment's request, applied to the spec and checked against it."""

from collections.abc import Sequence

from gradlab.errors import Invalid, Problem
from gradlab.remedies import combine
from gradlab.remedies.rewriting.start import with_start
from gradlab.schemas.treatments import Names, TreatmentRequest
from gradlab.spec import ExperimentSpec


def as_begun(request: TreatmentRequest, spec: ExperimentSpec) -> ExperimentSpec:
    """Return the spec whose changes a treatment tries: with the experiment's initial weights, or drawn ones.

    Raises:
        Invalid: fresh weights are requested, and the experiment had no others.
    """
    if request.initial_weights == "kept":
        return spec
    if spec.training.initial_weights is None:
        expected = '"kept": the experiment draws its weights, and so do all trials'
        raise Invalid(Problem("initial_weights", expected, '"fresh"'))
    return with_start(spec, None)


def check_applicable(request: TreatmentRequest, spec: ExperimentSpec) -> None:
    """Check that all requested changes can be applied to `spec`.

    Raises:
        Invalid: a remedy does not apply, two exclude each other, or there are more changes than the budget allows.
    """
    changes: Sequence[Names] = request.remedies or ()
    if len(changes) > request.budget:
        needed = f"at least {len(changes)}, one trial for each of the remedies"
        raise Invalid(Problem("budget", needed, str(request.budget)))
    problems = []
    for place, names in enumerate(changes):
        try:
            combine(spec, names)
        except Invalid as refused:
            problems += [_at(place, problem) for problem in refused.problems]
    if problems:
        raise Invalid(*problems)


def _at(place: int, problem: Problem) -> Problem:
    """Turn a problem of a remedy into one of the request's field."""
    where = "" if problem.field == "remedies" else f" in {problem.field}"
    return Problem(f"remedies[{place}]", f"a change that applies: {problem.expected}{where}", problem.received)
