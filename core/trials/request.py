"""What is asked for when an experiment is to be treated."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from core.errors import Invalid, Problem
from core.frozen import Frozen
from core.spec import ExperimentSpec
from core.spec.problems import at_most, impossible
from core.treatment import combine, remedy


def _one_or_several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = tuple[str, ...]

# So many remedies that a person chooses, in all: each takes 0.05 s to be applied to a network of 200 layers. There are
# half as many. The bounds on numbers keep requests of earlier versions, which had none, readable; how many seeds are
# allowed is a setting.
MAX_REMEDIES = 60
MAX_SEEDS, MAX_BUDGET = 10_000, 10_000
Name = Annotated[str, Field(max_length=200)]
Change = Annotated[
    tuple[Name, ...],
    Field(strict=False, min_length=1, max_length=MAX_REMEDIES),
    at_most(MAX_REMEDIES),
    BeforeValidator(_one_or_several),
]


class TreatmentSpec(Frozen):
    """Which remedies are to be tried, on how many seeds, and for how long."""

    remedies: (
        Annotated[tuple[Change, ...], Field(strict=False, min_length=1, max_length=MAX_REMEDIES), at_most(MAX_REMEDIES)]
        | None
    ) = None
    """Each a remedy's name, or a list of names that are applied together; null: those that the diagnosis names."""
    seeds: int = Field(default=8, ge=5, le=MAX_SEEDS)
    """On how many seeds each change is trained. Fewer than five cannot tell a cure from luck among a dozen trials."""
    budget: int = Field(default=12, ge=1, le=MAX_BUDGET)
    """At most so many treated specs are trained."""

    @field_validator("remedies")
    @classmethod
    def _known(cls, remedies: tuple[Names, ...] | None) -> tuple[Names, ...] | None:
        if (count := sum(map(len, remedies or ()))) > MAX_REMEDIES:
            raise impossible("", f"at most {MAX_REMEDIES} remedies in all", f"{count} remedies")
        for name in (name for names in remedies or () for name in names):
            try:
                remedy(name)
            except Invalid as unknown:
                raise impossible("", unknown.problems[0].expected, repr(name)) from unknown
        counts = Counter(tuple(sorted(names)) for names in remedies or ())
        if twice := next((names for names, count in counts.items() if count > 1), None):
            raise impossible("", "each change once", f"{' with '.join(twice)} twice")
        return remedies


def check_applicable(request: TreatmentSpec, spec: ExperimentSpec) -> None:
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
