"""A check that what a person asks for can be tried."""

from collections.abc import Sequence

from gradlab.errors import Invalid, Problem
from gradlab.remedies import combine
from gradlab.schemas.treatments import Names, TreatmentRequest
from gradlab.spec import ExperimentSpec


def check_applicable(request: TreatmentRequest, spec: ExperimentSpec) -> None:
    """Whether all remedies that are asked for can be tried on `spec`.

    Raises:
        Invalid: one does not apply, two exclude each other, or they are more than the budget allows.
    """
    asked: Sequence[Names] = request.remedies or ()
    if len(asked) > request.budget:
        needed = f"at least {len(asked)}, one trial for each of the remedies"
        raise Invalid(Problem("budget", needed, str(request.budget)))
    problems = []
    for place, names in enumerate(asked):
        try:
            combine(spec, names)
        except Invalid as refused:
            problems += [_at(place, problem) for problem in refused.problems]
    if problems:
        raise Invalid(*problems)


def _at(place: int, problem: Problem) -> Problem:
    """A remedy's refusal, said of the request."""
    where = "" if problem.field == "remedies" else f" in {problem.field}"
    return Problem(f"remedies[{place}]", f"a change that applies: {problem.expected}{where}", problem.received)
