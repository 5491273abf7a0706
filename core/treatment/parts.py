"""The contribution of each remedy of a change, by comparison with the change without it."""

from collections import Counter
from collections.abc import Iterator

from core.treatment.comparison import fisher, higher_values, improvement, rate
from core.treatment.judgement import MEDIAN_POINTS, SIGNIFICANT
from core.treatment.result import criterion
from core.treatment.trial import Result, Treatment, Trial
from gradlab.errors import Invalid
from gradlab.remedies import EITHER_OR, combine, remedy
from gradlab.schemas.trials import Part
from gradlab.spec import ExperimentSpec


def parts_of(trial: Trial, treatment: Treatment) -> tuple[Part, ...]:
    """Return the contribution of each remedy of a finished trial; () if it has only one."""
    if len(trial.remedies) < 2 or trial.result is None:
        return ()
    parts = []
    for name in dict.fromkeys(trial.remedies):
        others = trained(treatment, without(trial.remedies, name))
        if others is None:
            parts.append(Part(name, None, None, None))
            continue
        p = does_no_better(trial.result, others, higher=criterion(treatment.base)[1])
        parts.append(Part(name, rate(others.ill, len(others.seeds)), p, p < SIGNIFICANT))
    return tuple(parts)


def without(remedies: tuple[str, ...], remedy: str) -> tuple[str, ...]:
    """Return the remedies without the first occurrence of one of them."""
    place = remedies.index(remedy)
    return remedies[:place] + remedies[place + 1 :]


def swapped(remedies: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the remedies with one replaced by an alternative to it, or by the next step where alternatives are a scale.

    The last remedy, which changes the training, is replaced first.
    """
    for place, name in reversed(list(enumerate(remedies))):
        for alike in (names for names in EITHER_OR if name in names):
            own = alike.index(name)
            others = [each for each in alike if each not in remedies]
            if remedy(name).steps:
                others = [each for each in others if abs(alike.index(each) - own) == 1]
            yield from ((*remedies[:place], other, *remedies[place + 1 :]) for other in others)


def trained(treatment: Treatment, remedies: tuple[str, ...]) -> Result | None:
    """Return the result of a change, or of other remedies that make the same spec; None if none was trained.

    A result on the treatment's own seeds takes precedence over one on the control's.
    """
    alike = [trial for trial in treatment.of_role("treated") if Counter(trial.remedies) == Counter(remedies)]
    if not any(trial.result for trial in alike) and (spec := made(treatment.base, remedies)):
        alike = [trial for trial in treatment.trials if trains_the_same(trial.spec, spec)]
    ordered = sorted(alike, key=lambda trial: trial.spec.seeds != treatment.base.seeds)
    return next((trial.result for trial in ordered if trial.result), None)


def made(base: ExperimentSpec, remedies: tuple[str, ...]) -> ExperimentSpec | None:
    """Return the spec that remedies make; None if one of them does not apply, or two exclude each other."""
    try:
        return combine(base, remedies)
    except Invalid:
        return None


def trains_the_same(one: ExperimentSpec, other: ExperimentSpec) -> bool:
    """Return True if two specs are equal except for name and seeds."""
    return one == other.model_copy(update={"name": one.name, "seeds": one.seeds})


def does_no_better(result: Result, other: Result, *, higher: bool) -> float:
    """p-value of the null hypothesis that a result is no better: same share of ill seeds, test metric no better.

    Seeds that both results have are compared in pairs. If they share none, the metrics are compared as two samples.
    """
    fewer = fisher(result.ill, len(result.seeds), other.ill, len(other.seeds))
    if result.ill * len(other.seeds) > other.ill * len(result.seeds):
        return 1.0  # more seeds are ill: a better metric of the others does not count
    before = {seed.seed: seed.test for seed in other.seeds}
    pairs = [(before[seed.seed], seed.test) for seed in result.seeds if seed.seed in before]
    if pairs:
        old, new = [was for was, _ in pairs], [now for _, now in pairs]
        better = improvement(old, new, 0.0) if higher else improvement(new, old, 0.0)
    else:
        old, new = [seed.test for seed in other.seeds], [seed.test for seed in result.seeds]
        better = higher_values(old, new) if higher else higher_values(new, old)
    return min(1.0, 2 * min(fewer, better))


def is_clearly_better(result: Result, other: Result, *, higher: bool) -> bool:
    """Return True if a result is significantly better: fewer ill seeds, or a test metric better by over 1.5 points.

    Metrics that are not shares, such as a loss, are not compared: a remedy may change their scale.
    """
    fewer = result.ill * len(other.seeds) < other.ill * len(result.seeds)
    if fewer and 2 * fisher(result.ill, len(result.seeds), other.ill, len(other.seeds)) < SIGNIFICANT:
        return True
    if not higher or result.test is None or other.test is None or result.test <= other.test + MEDIAN_POINTS:
        return False
    return does_no_better(result, other, higher=True) < SIGNIFICANT
