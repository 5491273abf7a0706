"""Checks of a treatment's request against the spec."""

from collections.abc import Sequence

from gradlab.errors import Invalid, Problem
from gradlab.remedies import combine
from gradlab.schemas.treatments import Names, TreatmentRequest
from gradlab.spec import ExperimentSpec


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
